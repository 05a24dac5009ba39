//! The runtime, called as users and generated code call it.

mod all {
    mod contractions;
    mod elementary;
    mod layouts;
    mod levels;
    mod long_sums;
    mod not_finite;
    mod ranks;
    mod runs;
    #[cfg(any(feature = "safetensors", feature = "serde"))]
    mod save;
    mod special_points;
    mod together;
    mod train;
}
mod common;
