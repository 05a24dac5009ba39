//! The compiler called as a library: its rules, its functions, the pages that describe it.

mod all {
    mod code;
    mod densities;
    mod docs;
    mod exported;
    mod functions;
    mod habits;
    mod neighbours;
    mod programs;
    mod rules;
    mod steps;
    mod sweeps;
    mod untaken;
    mod variants;
}
