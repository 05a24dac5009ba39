//! Derives compiled into this program: what their methods give, against formulas by hand, differences, and
//! each other.

mod checks;
mod derived {
    mod branches;
    mod descent;
    mod divided;
    mod gauss_newton;
    mod indices;
    mod linear;
    mod long_sums;
    mod methods;
    mod mnist_files;
    mod names;
    mod objectives;
    mod own_network;
    mod pinned_derivation;
    mod second_order;
    mod vectors;
    mod weighted;
}
