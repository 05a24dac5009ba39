//! The benchmark workloads W1 to W8, written as a user of gradsmith writes them.

pub mod clock;
pub mod hand;
pub mod inputs;
pub mod networks;
pub mod objectives;
pub mod rosenbrock;
