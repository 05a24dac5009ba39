//! The benchmark workloads W1 to W12 but W9, written as a user of gradsmith writes them.

pub mod clock;
pub mod hand;
pub mod indices;
pub mod inputs;
pub mod loops;
pub mod networks;
pub mod objectives;
pub mod rosenbrock;
