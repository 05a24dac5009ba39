//! Fits: certified regressions, what a fit refuses, what its table says.

mod fit {
    mod nist;
}
