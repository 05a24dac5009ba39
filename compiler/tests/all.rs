//! The compiler called as a library: its rules, its functions, the pages that describe it.

mod all {
    mod densities;
    mod docs;
    mod functions;
    mod rules;
    mod variants;
}
