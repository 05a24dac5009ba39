//! Fits: certified regressions, what a fit refuses, what its table says.

mod fit {
    mod constrained;
    #[cfg(feature = "argmin")]
    mod exact_zeros;
    mod hock_schittkowski;
    mod least_squares;
    mod nist;
}
