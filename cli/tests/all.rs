//! The library and the program.

mod all {
    mod check;
    mod commands;
    mod derivations;
    mod licences;
    mod mutations;
    mod pages;
    mod printed;
    mod random;
    #[cfg(feature = "serve")]
    mod served;
}
