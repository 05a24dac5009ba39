//! The compiler called as a library: what it plans and generates, and how the sources of the workspace hang
//! together.

mod compiled;
mod engine {
    mod branches;
    mod derives;
    mod determinism;
    mod face;
    mod functions;
    mod limits;
    mod long_loops;
    mod manifest;
    mod operations;
    mod random;
    mod special_points;
    mod structure;
    mod workloads;
}
