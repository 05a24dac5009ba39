//! Reference cases: JSON arrays that say what an expression of the cost language is worth, and what its
//! derivatives are; or that it must be refused.
//!
//! [`read`] makes [`Case`]s of a file; [`interpret`] and [`reject`] run them; [`compare`] says what
//! disagrees. A case's kind is told from its fields. Names are canonical here: a Greek letter is its ASCII
//! name.

pub mod compare;
pub mod interpret;
pub mod read;
pub mod reject;

use compare::Tolerance;
use gradsmith_compiler::front::{CostText, NetworkText, ObjectiveText, declaration};
use gradsmith_compiler::lower::{Role, objective};
use gradsmith_compiler::syntax::ast::{Declaration, DeclaredExtent, DeclaredShape};
use read::{blocks, joined, named_entries, names};
use serde::Deserialize;

/// Something by name, in the order of the file.
pub type Named<T> = Vec<(String, T)>;

/// The entry of this name.
#[must_use]
pub fn named<'a, T>(list: &'a Named<T>, name: &str) -> Option<&'a T> {
    list.iter().find(|(n, _)| n == name).map(|(_, value)| value)
}

/// A scalar, vector or matrix of numbers.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "read::WrittenTensor<usize>")]
pub struct Tensor {
    /// Its extents: none, one or more.
    pub shape: Vec<usize>,
    /// Its entries, row-major.
    pub data: Vec<f64>,
    /// Whether they are whole numbers that name entries of others.
    pub whole: bool,
    /// How its extents must be declared, where that matters.
    pub extents: Option<Vec<DeclaredExtent>>,
}

impl Tensor {
    /// Numbers, of extents that nobody names.
    #[must_use]
    pub fn new(shape: Vec<usize>, data: Vec<f64>) -> Self {
        Self { shape, data, whole: false, extents: None }
    }

    /// The declaration of a variable with these extents, or with those that the case asks for.
    #[must_use]
    pub fn declared(&self, name: &str) -> Declaration {
        let constants = || self.shape.iter().map(|&n| DeclaredExtent::Constant(n)).collect();
        self.declared_with(name, self.extents.clone().unwrap_or_else(constants))
    }

    /// The declaration of a variable that leaves its extents to the data.
    #[must_use]
    pub fn declared_free(&self, name: &str) -> Declaration {
        self.declared_with(name, vec![DeclaredExtent::Free; self.shape.len()])
    }

    fn declared_with(&self, name: &str, extents: Vec<DeclaredExtent>) -> Declaration {
        Declaration { whole: self.whole, ..declaration(name, declared_shape(extents)) }
    }
}

/// The shape with these extents.
pub(crate) fn declared_shape(extents: Vec<DeclaredExtent>) -> DeclaredShape {
    match <[DeclaredExtent; 2]>::try_from(extents) {
        Ok([rows, columns]) => DeclaredShape::Matrix(Some((rows, columns))),
        Err(mut extents) if extents.len() < 2 => match extents.pop() {
            None => DeclaredShape::Scalar,
            length => DeclaredShape::Vector(length),
        },
        Err(extents) => DeclaredShape::Tensor(extents),
    }
}

/// A case.
#[derive(Clone, Debug)]
pub struct Case {
    /// Unique in its file.
    pub name: String,
    /// How far from the figures wanted is near enough.
    pub tolerance: Tolerance,
    /// Whether the language promises it; otherwise it is desirable.
    pub required: bool,
    /// What it holds.
    pub body: Body,
}

/// What a case holds.
#[derive(Clone, Debug)]
pub enum Body {
    /// An expression over declared variables.
    Objective(Objective),
    /// A cost over a batch of activations and targets.
    Cost(Cost),
    /// A network and a cost over a batch.
    Network(Network),
    /// What must be refused.
    Reject(Reject),
}

/// A Hessian-vector product.
#[derive(Clone, Debug, Deserialize)]
pub struct HessianProduct {
    /// The direction.
    #[serde(rename = "v")]
    pub direction: Vec<f64>,
    /// The Hessian applied to it.
    pub result: Vec<f64>,
}

/// An expression over declared variables.
#[derive(Clone, Debug, Deserialize)]
pub struct Objective {
    /// The text.
    pub expr: String,
    /// The variables.
    #[serde(deserialize_with = "named_entries")]
    pub vars: Named<Tensor>,
    /// Those to differentiate by.
    #[serde(default, deserialize_with = "names")]
    pub wrt: Vec<String>,
    /// The value wanted.
    pub value: f64,
    /// The gradients wanted.
    #[serde(deserialize_with = "named_entries")]
    pub gradient: Named<Vec<f64>>,
    /// The Hessian blocks wanted, each of a variable with itself.
    #[serde(default, deserialize_with = "blocks")]
    pub hessian: Named<Vec<f64>>,
    /// The products wanted, each of a variable's own block.
    #[serde(default, rename = "hvp", deserialize_with = "named_entries")]
    pub products: Named<HessianProduct>,
}

/// A cost over a batch.
#[derive(Clone, Debug, Deserialize)]
pub struct Cost {
    /// The text.
    pub expr: String,
    /// The user's definitions.
    #[serde(default)]
    pub defines: Vec<String>,
    /// The hyper-parameters.
    #[serde(default, deserialize_with = "named_entries")]
    pub hyper: Named<f64>,
    /// Activations, one row per example.
    pub a: Tensor,
    /// Targets, one row per example.
    pub y: Tensor,
    /// The weight tensors.
    #[serde(default, deserialize_with = "named_entries")]
    pub weights: Named<Tensor>,
    /// The biases.
    #[serde(default, deserialize_with = "named_entries")]
    pub biases: Named<Tensor>,
    /// The value wanted.
    pub value: f64,
    /// The derivative by the activations wanted.
    pub d_activation: Vec<f64>,
    /// The direct derivatives by the weights wanted.
    #[serde(default, deserialize_with = "named_entries")]
    pub d_weight: Named<Vec<f64>>,
    /// The direct derivatives by the biases wanted.
    #[serde(default, deserialize_with = "named_entries")]
    pub d_bias: Named<Vec<f64>>,
}

/// A network and its cost.
#[derive(Clone, Debug, Deserialize)]
pub struct Network {
    /// The network's text, in either form.
    pub network: String,
    /// The declarations of the long form; empty for the arrow form.
    #[serde(default)]
    pub declarations: String,
    /// The cost's text.
    pub cost: String,
    /// The user's definitions.
    #[serde(default)]
    pub defines: Vec<String>,
    /// The hyper-parameters.
    #[serde(default, deserialize_with = "named_entries")]
    pub hyper: Named<f64>,
    /// What the data supplies, one row per example.
    #[serde(deserialize_with = "named_entries")]
    pub inputs: Named<Tensor>,
    /// Targets, one row per example.
    pub y: Tensor,
    /// The parameters.
    #[serde(deserialize_with = "named_entries")]
    pub params: Named<Tensor>,
    /// The parameters that are weights.
    #[serde(default, deserialize_with = "names")]
    pub weights: Vec<String>,
    /// The parameters that are biases.
    #[serde(default, deserialize_with = "names")]
    pub biases: Vec<String>,
    /// The value wanted.
    pub value: f64,
    /// The gradients wanted.
    #[serde(deserialize_with = "named_entries")]
    pub gradient: Named<Vec<f64>>,
    /// A direction in all parameters, and the full Hessian applied to it.
    #[serde(default, rename = "hvp", deserialize_with = "joined")]
    pub product: Option<Named<HessianProduct>>,
}

/// How a tensor of a case is declared, given its name.
pub type Declare<'a> = &'a dyn Fn(&str, &Tensor) -> Declaration;

/// The names of a list.
fn names_of<T>(list: &Named<T>) -> Vec<String> {
    list.iter().map(|(name, _)| name.clone()).collect()
}

/// Hyper-parameters as tensors.
#[must_use]
pub fn scalars(values: &Named<f64>) -> Named<Tensor> {
    values.iter().map(|(n, v)| (n.clone(), Tensor::new(Vec::new(), vec![*v]))).collect()
}

impl Objective {
    /// Its texts.
    #[must_use]
    pub fn text(&self, declare: Declare<'_>) -> ObjectiveText {
        ObjectiveText {
            expr: self.expr.clone(),
            variables: self.vars.iter().map(|(name, tensor)| declare(name, tensor)).collect(),
            wrt: self.wrt.iter().map(|name| (name.clone(), objective::whole(&self.expr))).collect(),
            ..ObjectiveText::default()
        }
    }
}

impl Cost {
    /// Its texts.
    #[must_use]
    pub fn text(&self, declare: Declare<'_>) -> CostText {
        let tensors = |list: &Named<Tensor>, role: Role| -> Vec<_> {
            list.iter().map(|(name, tensor)| (declare(name, tensor), role)).collect()
        };
        CostText {
            expr: self.expr.clone(),
            defines: self.defines.clone(),
            hyper: names_of(&self.hyper),
            tensors: [tensors(&self.weights, Role::Weight), tensors(&self.biases, Role::Bias)].concat(),
        }
    }
}

impl Network {
    /// Its texts.
    #[must_use]
    pub fn text(&self) -> NetworkText {
        NetworkText {
            network: self.network.clone(),
            declarations: self.declarations.clone(),
            inputs: names_of(&self.inputs),
            cost: self.cost.clone(),
            defines: self.defines.clone(),
            hyper: names_of(&self.hyper),
        }
    }
}

/// Where a text to be refused stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Context {
    /// An objective's expression.
    Objective,
    /// A cost.
    Cost,
    /// A network and its cost.
    Network,
}

/// The text at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The expression, or the network's text.
    Expr,
    /// The cost of a network.
    Cost,
    /// The n-th definition.
    Define(usize),
}

/// What must be refused.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "read::WrittenReject")]
pub struct Reject {
    /// What `expr` is.
    pub context: Context,
    /// The text: expression, cost or network.
    pub expr: String,
    /// The cost of a network.
    pub cost: String,
    /// The declarations of a network in the long form.
    pub declarations: String,
    /// The user's definitions.
    pub defines: Vec<String>,
    /// The variables of an objective.
    pub vars: Named<Declaration>,
    /// Those to differentiate by.
    pub wrt: Vec<String>,
    /// Names of the hyper-parameters.
    pub hyper: Vec<String>,
    /// Names of the weights.
    pub weights: Vec<String>,
    /// Names of the biases.
    pub biases: Vec<String>,
    /// Which text is at fault.
    pub fault: Fault,
    /// Byte ranges of it, any of which is right; none where no place is at fault.
    pub spans: Vec<(usize, usize)>,
    /// What the message offers.
    pub suggestion: Option<String>,
    /// Whether a right answer is as good as an error.
    pub may_accept: bool,
}
