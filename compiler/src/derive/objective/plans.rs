//! What each method has to compute.

use super::*;

impl Items<'_> {
    pub(super) fn plan(&self, outputs: &[(String, NodeId)]) -> Plan {
        let outputs: Vec<Output> =
            outputs.iter().map(|(name, node)| Output { name: name.clone(), node: *node }).collect();
        schedule(self.graph(), &outputs, Policy::Store)
    }

    pub(super) fn value_plan(&self) -> Plan {
        self.plan(&[("value".to_owned(), self.program.value)])
    }

    pub(super) fn by_variable(&self, prefix: &str, nodes: &[NodeId]) -> Vec<(String, NodeId)> {
        self.program.wrt.iter().zip(nodes).map(|((n, _), node)| (format!("{prefix}{n}"), *node)).collect()
    }

    pub(super) fn gradient_plan(&self) -> Plan {
        self.plan(&self.by_variable("d_", &self.program.gradient))
    }

    pub(super) fn both_plan(&self) -> Plan {
        let mut outputs = vec![("value".to_owned(), self.program.value)];
        outputs.extend(self.by_variable("d_", &self.program.gradient));
        self.plan(&outputs)
    }

    pub(super) fn product_plan(&self) -> Plan {
        self.plan(&self.by_variable("h_", &self.program.product))
    }

    pub(super) fn hessian_plan(&self) -> Plan {
        let mut outputs = Vec::new();
        for (i, row) in self.program.hessian.iter().enumerate() {
            for (j, node) in row.iter().enumerate() {
                outputs.push((format!("h_{}_{}", self.program.wrt[i].0, self.program.wrt[j].0), *node));
            }
        }
        self.plan(&outputs)
    }

    pub(super) fn residual_plans(&self) -> Vec<Plan> {
        match &self.program.residual {
            Some(r) => vec![
                self.plan(&[("residual".to_owned(), r.residual)]),
                self.plan(&self.by_variable("j_", &r.jacobian)),
                self.plan(&self.by_variable("g_", &r.product)),
            ],
            None => Vec::new(),
        }
    }

    pub(super) fn plans(&self) -> Vec<Plan> {
        let mut plans = vec![
            self.value_plan(),
            self.gradient_plan(),
            self.both_plan(),
            self.product_plan(),
            self.hessian_plan(),
        ];
        plans.extend(self.residual_plans());
        plans
    }
}
