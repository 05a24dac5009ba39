//! The compiler called as a library: its rules, its functions, the pages that describe it.

mod all {
    mod densities;
    mod docs;
    mod functions;
    mod habits;
    mod rules;
    mod variants;
}
