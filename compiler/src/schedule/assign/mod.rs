//! The plan written down: which arrays there are, and the steps, level after level.

mod arrays;
mod by_cases;
mod calls;
mod loops;
mod narrow;
mod stages;
mod steps;

pub(crate) use arrays::Assigned;
