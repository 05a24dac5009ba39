//! Nothing is allocated per call, counted by the allocator itself. A program of its own: elsewhere a test may
//! set the number of threads meanwhile.

mod allocations {
    mod growth;
    mod networks_and_costs;
    mod problems;
}
mod checks;

use gradsmith_test_support::counting::Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;
