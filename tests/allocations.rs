//! Nothing is allocated per call, counted by the allocator itself. A program of its own: elsewhere a test may
//! set the number of threads meanwhile.

mod allocations {
    mod growth;
    // Elsewhere `ndarray` multiplies matrices, and allocates what it packs.
    #[cfg(target_arch = "x86_64")]
    mod networks_and_costs;
    #[cfg(target_arch = "x86_64")]
    mod problems;
}
mod checks;

use gradsmith_test_support::counting::Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;
