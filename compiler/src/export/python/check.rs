//! The end of a module: a check of the gradient by differences, on arguments by chance.

use super::super::program::{Argument, Program};
use super::Module;
use super::names::name_of;
use crate::ir::{Extent, Form, Op};
use std::collections::BTreeMap;

const OFF: &str = r#"
def _off(exact, point, value, step):
    """How far a derivative is from differences, as a part of the largest of these."""
    point = np.array(point, dtype=float)
    slope = np.zeros_like(point)
    for at in np.ndindex(*point.shape):
        sides = []
        for sign in (1, -1):
            moved = point.copy()
            moved[at] += sign * step
            sides.append(float(value(moved)))
        slope[at] = (sides[0] - sides[1]) / (2 * step)
    largest = max(1.0, np.max(np.abs(slope), initial=0))
    return float(np.max(np.abs(np.asarray(exact) - slope), initial=0) / largest)
"#;

/// `ALL` stands for the arguments, `MOVED` for these with one of them moved.
const GRADIENT: &str = r#"
def check_gradient(ALL, step=1e-6):
    """How far `value_and_gradient` is from differences of `value`: the worst of all parameters."""
    _, gradient = value_and_gradient(ALL)
    return max(
        _off(gradient[name], point, lambda moved, name=name: value(MOVED), step)
        for name, point in params.items()
    )
"#;

const ACTIVATION: &str = r#"
def check_gradient(ALL, step=1e-6):
    """How far `d_activation` is from differences of `value` by the activations."""
    return _off(d_activation(ALL), a, lambda moved: value(MOVED), step)
"#;

const MAIN: &str = r#"
if __name__ == "__main__":
    GIVEN = random_arguments()
    print("value", value(ALL))
    print("off by", check_gradient(ALL))
"#;

impl Module<'_> {
    /// A check by differences, and what runs it.
    pub(super) fn tail(&self) -> Vec<String> {
        let (all, _) = self.arguments_line();
        let has_gradient = self.program.functions.iter().any(|f| f.name == "value_and_gradient");
        let check = if has_gradient { GRADIENT } else { ACTIVATION };
        // The argument that moves, each time it stands alone.
        let moved: Vec<&str> = all
            .split(", ")
            .map(|name| match name {
                "params" if has_gradient => "{**params, name: moved}",
                "a" if !has_gradient => "moved",
                other => other,
            })
            .collect();
        let given = if all.contains(", ") { all.clone() } else { format!("{all},") };
        let text = |template: &str| {
            template.replace("GIVEN", &given).replace("MOVED", &moved.join(", ")).replace("ALL", &all)
        };
        let mut lines = Vec::new();
        for part in [OFF.to_owned(), text(check)] {
            lines.extend([String::new(), String::new()]);
            lines.extend(part.trim_matches('\n').lines().map(str::to_owned));
        }
        lines.extend(self.random());
        lines.extend([String::new(), String::new()]);
        lines.extend(text(MAIN).trim_matches('\n').lines().map(str::to_owned));
        lines
    }

    /// Small extents that the formula has a meaning for, those of the options where they say.
    fn small_sizes(&self) -> Vec<(Extent, usize)> {
        const SMALL: [usize; 4] = [4, 6, 5, 7];
        let g = self.g();
        let given = |e| self.options.size(g, e);
        let known = self.extents().into_iter().enumerate();
        let mut sizes: Vec<(Extent, usize)> =
            known.map(|(k, e)| (e, given(e).unwrap_or(SMALL[k % SMALL.len()]))).collect();
        let needs = g.extents.needs().into_iter().map(|(e, _)| g.extents.form(e).shifted(-1));
        let bounds: Vec<Form> =
            g.extents.bounds().iter().map(|b| g.extents.resolved(&b.form)).chain(needs).collect();
        // What is too small grows, one by one; a bound that cannot be met by that is left to the check.
        for _ in 0..100 {
            let size = |e: Extent| sizes.iter().find(|(x, _)| *x == e).map_or(0, |(_, n)| *n);
            let open = bounds.iter().find(|form| form.value(size) < 0);
            let Some(open) = open else { break };
            let grows = |e: Extent| open.terms.iter().any(|&(x, n)| x == e && n > 0) && given(e).is_none();
            let Some((_, size)) = sizes.iter_mut().find(|(e, _)| grows(*e)) else { break };
            *size += 1;
        }
        sizes
    }

    /// Random arguments of small extents.
    fn random(&self) -> Vec<String> {
        let g = self.g();
        let mut lines = vec![String::new(), String::new(), "def random_arguments(seed=0):".to_owned()];
        lines.push("    \"\"\"Parameters and data by chance, between 0.1 and 0.9.\"\"\"".to_owned());
        lines.push("    rng = np.random.default_rng(seed)".to_owned());
        for (e, size) in self.small_sizes() {
            lines.push(format!("    {} = {size}", self.names.extent(&name_of(g, e))));
        }
        let places = places(self.program);
        let drawn = |a: &Argument| {
            let shape = self.shape(a);
            if a.whole {
                let last = places.get(&a.name).map_or_else(
                    || "1".to_owned(),
                    |all| {
                        let all: Vec<String> = all.iter().map(|&e| self.form(e)).collect();
                        if all.len() == 1 { all.concat() } else { format!("min({})", all.join(", ")) }
                    },
                );
                format!("rng.integers({last}, size={shape})")
            } else {
                format!("rng.uniform(0.1, 0.9, size={shape})")
            }
        };
        let mut made = Vec::new();
        if !self.program.parameters.is_empty() {
            lines.push("    params = {".to_owned());
            for a in &self.program.parameters {
                lines.push(format!("        \"{}\": {},", a.name, drawn(a)));
            }
            lines.push("    }".to_owned());
            made.push("params".to_owned());
        }
        for a in &self.program.data {
            let name = self.names.argument(&a.name);
            lines.push(format!("    {name} = {}", drawn(a)));
            made.push(name);
        }
        let made = if made.len() == 1 { format!("{},", made[0]) } else { made.join(", ") };
        lines.push(format!("    return {made}"));
        lines
    }
}

/// Of each argument of whole numbers, the extents of the axes that it has places of.
fn places(program: &Program) -> BTreeMap<String, Vec<Extent>> {
    let mut found: BTreeMap<String, Vec<Extent>> = BTreeMap::new();
    for function in &program.functions {
        let g = &function.graph;
        for id in g.reachable(&function.results.nodes()) {
            let Op::Named(data) = g.op(id) else { continue };
            let e = g.extents.find(g.shape(id)[0]);
            for input in g.reachable(&[*data]) {
                if let Op::Input(input) = g.op(input) {
                    let known = found.entry(g.input_of(*input).name.clone()).or_default();
                    if !known.contains(&e) {
                        known.push(e);
                    }
                }
            }
        }
    }
    found
}
