//! The element-wise functions that an engine of arrays may lack, as definitions in the cost language: made of
//! [`PRIMITIVES`], `where`, arithmetic, powers with whole exponents, and sums and products over constant ranges,
//! which are to be unrolled. Names besides the parameters and the locals are `pi`, `inf`, `nan`, and `least`, the
//! least finite number of the precision at hand.
//!
//! Both values of a `where` may be computed: the one not taken may be infinite or no number, and nothing comes of
//! it. A definition calls only what stands before it, so that [`all`] in order is an order to write them in.
//!
//! Never: a loop, a function known to Rust code by its name but for those whose first argument is an order.

use crate::ops::ElementFn;
use crate::source::SourceId;
use crate::syntax::ast::Definition;
use crate::syntax::parse;
use std::collections::HashMap;
use std::sync::LazyLock;

const TEXT: &str = include_str!("functions.cost");

/// What every engine is to have: the name, and how many arguments it takes. `sign` is −1, 0 or 1; `max` and `min` are
/// no number if either argument is; `raw_atan2` and `pow` are those of IEEE 754.
pub const PRIMITIVES: [(&str, usize); 18] = [
    ("exp", 1),
    ("log", 1),
    ("log1p", 1),
    ("expm1", 1),
    ("sin", 1),
    ("cos", 1),
    ("tan", 1),
    ("tanh", 1),
    ("sqrt", 1),
    ("cbrt", 1),
    ("abs", 1),
    ("sign", 1),
    ("floor", 1),
    ("pow", 2),
    ("raw_atan2", 2),
    ("max", 2),
    ("min", 2),
    ("where", 3),
];

// A block that does not parse is left out; the tests see that none is.
static DEFINITIONS: LazyLock<Vec<Definition>> =
    LazyLock::new(|| texts().filter_map(|text| parse::definition(&text, SourceId::Catalog).ok()).collect());

/// The definitions of the file: of each block, the lines that are no comment.
fn texts() -> impl Iterator<Item = String> {
    TEXT.split("\n\n").filter_map(|block| {
        let lines: Vec<&str> = block.lines().filter(|line| !line.starts_with('#')).collect();
        let text = lines.join("\n");
        (!text.trim().is_empty()).then_some(text)
    })
}

/// Every definition, each after those that it calls. A name that begins with `_` is no function of the cost language.
#[must_use]
pub fn all() -> &'static [Definition] {
    &DEFINITIONS
}

/// The definition of `name`: none of a primitive, nor of a function for which [`for_order`] has one for each order.
#[must_use]
pub fn definition(name: &str) -> Option<&'static Definition> {
    static BY_NAME: LazyLock<HashMap<&str, &Definition>> = LazyLock::new(|| {
        all().iter().map(|definition| (definition.name.name.as_str(), definition)).collect()
    });
    BY_NAME.get(name).copied()
}

/// The definition of the function `name` of the other arguments, where the first is `order`: of `polygamma` and
/// `sinc_derivative`, up to 6. Where [`definition`] has a function whose first argument is an order, that is a number
/// like any other.
#[must_use]
pub fn for_order(name: &str, order: u32) -> Option<&'static Definition> {
    match (name, order) {
        ("sinc_derivative", 0) => definition("sinc"),
        _ => definition(&format!("{name}_{order}")),
    }
}

/// The definition of `function` for its order, which is its first argument, where each order has one of its own, of the other
/// arguments.
#[must_use]
pub fn of_order(function: ElementFn, order: Option<i64>) -> Option<&'static Definition> {
    let order = u32::try_from(order?).ok().filter(|_| function.spec().takes_order())?;
    for_order(function.name(), order)
}

/// Whether every engine is to have it.
#[must_use]
pub fn is_primitive(name: &str) -> bool {
    PRIMITIVES.iter().any(|(primitive, _)| *primitive == name)
}

#[cfg(test)]
mod tests;
