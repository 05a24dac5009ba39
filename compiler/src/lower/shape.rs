//! Declared shapes.

use crate::ir::{Extent, Graph};
use crate::syntax::ast::{Declaration, DeclaredExtent, DeclaredShape};

/// A declared shape with its extents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A number.
    Scalar,
    /// A column vector.
    Vector(Extent),
    /// A matrix: rows, columns.
    Matrix(Extent, Extent),
    /// A tensor of three axes or more.
    Tensor(Vec<Extent>),
}

impl Shape {
    /// The extents, rows first.
    #[must_use]
    pub fn extents(&self) -> Vec<Extent> {
        match self {
            Self::Scalar => Vec::new(),
            Self::Vector(n) => vec![*n],
            Self::Matrix(r, c) => vec![*r, *c],
            Self::Tensor(all) => all.clone(),
        }
    }

    /// From a declaration; extents that it leaves open are named after the variable (`X_rows`).
    pub fn declared(graph: &mut Graph, declaration: &Declaration) -> Self {
        let name = &declaration.name.name;
        let mut extent = |declared: Option<&DeclaredExtent>, suffix: &str| match declared {
            Some(DeclaredExtent::Constant(n)) => graph.extents.constant(*n),
            Some(DeclaredExtent::Symbol(s)) => graph.extents.symbol(s),
            Some(DeclaredExtent::Free) | None => graph.extents.symbol(&format!("{name}_{suffix}")),
        };
        match &declaration.shape {
            DeclaredShape::Scalar => Self::Scalar,
            DeclaredShape::Vector(n) => Self::Vector(extent(n.as_ref(), "len")),
            DeclaredShape::Matrix(pair) => Self::Matrix(
                extent(pair.as_ref().map(|p| &p.0), "rows"),
                extent(pair.as_ref().map(|p| &p.1), "cols"),
            ),
            DeclaredShape::Tensor(all) => Self::Tensor(
                all.iter().enumerate().map(|(k, e)| extent(Some(e), &format!("axis{k}"))).collect(),
            ),
        }
    }
}
