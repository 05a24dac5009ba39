//! Fits: certified regressions, what a fit refuses, what its table says.

mod fit {
    mod hock_schittkowski;
    mod nist;
}
