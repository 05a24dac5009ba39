//! The compiler called as a library: its rules, its functions, the pages that describe it.

mod all {
    mod code;
    mod docs;
    mod functions;
    mod neighbours;
    mod programs;
    mod rules;
    mod untaken;
    mod variants;
}
