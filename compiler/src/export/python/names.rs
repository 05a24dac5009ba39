//! Names of a formula as Python has them, each once.

use crate::ir::{Extent, ExtentKind, Graph};
use std::collections::BTreeMap;

/// Words that mean something in Python or in the module that is written.
const TAKEN: &[&str] = &[
    "False",
    "None",
    "True",
    "and",
    "as",
    "assert",
    "async",
    "await",
    "break",
    "class",
    "continue",
    "def",
    "del",
    "elif",
    "else",
    "except",
    "finally",
    "for",
    "from",
    "global",
    "if",
    "import",
    "in",
    "is",
    "lambda",
    "nonlocal",
    "not",
    "or",
    "pass",
    "raise",
    "return",
    "try",
    "while",
    "with",
    "yield",
    "np",
    "jnp",
    "jax",
    "special",
    "params",
    "direction",
    "DTYPE",
    "range",
    "sum",
    "math",
    "float",
    "int",
    "tuple",
    "len",
    "isinstance",
    "ValueError",
    "value",
    "value_and_gradient",
    "hessian",
    "hessian_vector_product",
    "residual",
    "jacobian",
    "predict",
    "gradient_step",
    "d_activation",
    "d_parameters",
    "constraints",
    "constraint_jacobian",
    "check_gradient",
    "random_arguments",
];

/// The names of a module: those of arguments and extents hold everywhere, those of values in one function.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    arguments: BTreeMap<String, String>,
    extents: BTreeMap<String, String>,
    used: Vec<String>,
}

impl Names {
    fn fresh(&mut self, name: &str) -> String {
        // The language's names are ASCII; what a pass has made up may have other characters.
        let mut own: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        if own.starts_with(|c: char| c.is_ascii_digit()) || own.is_empty() {
            own.insert(0, 'x');
        }
        while TAKEN.contains(&own.as_str()) || self.used.contains(&own) || own.starts_with('_') {
            if own.starts_with('_') {
                own.insert(0, 'x');
            } else {
                own.push('_');
            }
        }
        self.used.push(own.clone());
        own
    }

    /// Declares an argument.
    pub(super) fn declare(&mut self, name: &str) {
        if !self.arguments.contains_key(name) {
            let own = self.fresh(name);
            self.arguments.insert(name.to_owned(), own);
        }
    }

    /// Declares an extent.
    pub(super) fn declare_extent(&mut self, name: &str) {
        if !self.extents.contains_key(name) {
            let own = self.fresh(name);
            self.extents.insert(name.to_owned(), own);
        }
    }

    /// What an argument is called.
    pub(super) fn argument(&self, name: &str) -> String {
        self.arguments.get(name).cloned().unwrap_or_else(|| name.to_owned())
    }

    /// What an extent is called; a number is itself.
    pub(super) fn extent(&self, name: &str) -> String {
        self.extents.get(name).cloned().unwrap_or_else(|| name.to_owned())
    }

    /// A new name for a value.
    pub(super) fn local(&mut self, name: &str) -> String {
        self.fresh(name)
    }
}

/// The name of an extent that is no form of others.
pub(super) fn name_of(g: &Graph, e: Extent) -> String {
    match g.extents.kind(e) {
        ExtentKind::Constant(n) => n.to_string(),
        ExtentKind::Symbol(name) => name.clone(),
        ExtentKind::Unknown => "n_unknown".to_owned(),
    }
}
