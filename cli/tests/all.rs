//! The library and the program.

mod all {
    mod check;
    mod commands;
    mod mutations;
    mod random;
}
