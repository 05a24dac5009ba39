//! Nothing is allocated per step, counted by the allocator itself. A program of its own: elsewhere a test may
//! set the number of threads meanwhile.

mod allocations {
    mod kernels;
    mod training;
}
mod common;

use gradsmith_test_support::counting::Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;
