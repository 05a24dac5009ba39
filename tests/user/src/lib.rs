//! A crate as a user has it, with a renamed dependency and lints as strict as they come: it compiles,
//! `cargo clippy` and `cargo doc` find nothing to say, and `tests/results.rs` checks that what it computes is
//! right.
#![deny(rustdoc::all)]

use gs::{Cost, Network, Objective};

/// Nothing but losses.
#[derive(Clone, Copy, Debug, Cost)]
#[gradsmith(crate = gs)]
#[cost(mse + mae)]
pub struct Unit;

/// A cost in single precision.
#[derive(Clone, Copy, Debug, Cost)]
#[gradsmith(crate = ::gs)]
#[cost(cross_entropy + l2(lambda / n) + l1(0.001, b))]
pub struct Single {
    /// λ
    pub lambda: f32,
    /// The number of training examples.
    pub n: f32,
}

/// A cost in any precision, with parameters of its own.
#[derive(Clone, Copy, Debug, Cost)]
#[gradsmith(crate = gs)]
#[cost(huber(delta) + elastic_net(lambda, 0.3) + group_lasso(0.1))]
pub struct Generic<'a, T, M: ?Sized + core::fmt::Debug, const N: usize>
where
    T: Copy,
{
    /// δ
    pub delta: T,
    /// λ
    pub lambda: T,
    /// Something that no formula speaks of.
    pub note: &'a M,
    /// Something else.
    pub counts: [usize; N],
}

/// Hyper-parameters that are called what the generated code calls its own, or what Rust reserves.
#[derive(Clone, Copy, Debug, Cost)]
#[gradsmith(crate = gs)]
#[define("awkward = (m + m_*2 + k*3 + rows*4 + cols*5 + units*6 + out*7 + data*8 + math*9 + xs*10 + total*11 + rest*12
    + gradient*13 + λ*14 + type*15 + fn*16 + one_over_m*17 + s1*18 + t1*19 + v1*20 + a_row*21 + y_value*22 + sum_s1*23
    + count_k*24 + step_1_s1*25 + i*26 + j*27 + l*28 + start*29 + lane*30 + width*31 + value*32 + penalty*33 + cost*34
    + d_activation*35 + w_row*36 + d_w*37 + type_*38 + n*39 + constant*40 + zs*41 + chunk*42 + a_row_chunks*43
    + a_row_rest*44 + w_row_chunks*45)")]
#[cost(awkward * quadratic + awkward * sum(tanh(a)) + awkward / 2 * sum(w.^2) + awkward * sum(exp(w)) + l2(awkward, b) + awkward)]
pub struct Awkward {
    /// m
    pub m: f64,
    /// `m_`
    pub m_: f64,
    /// k
    pub k: f64,
    /// rows
    pub rows: f64,
    /// cols
    pub cols: f64,
    /// units
    pub units: f64,
    /// out
    pub out: f64,
    /// data
    pub data: f64,
    /// math
    pub math: f64,
    /// xs
    pub xs: f64,
    /// total
    pub total: f64,
    /// rest
    pub rest: f64,
    /// gradient
    pub gradient: f64,
    /// λ
    pub λ: f64,
    /// type
    pub r#type: f64,
    /// fn
    pub r#fn: f64,
    /// `one_over_m`
    pub one_over_m: f64,
    /// s1
    pub s1: f64,
    /// t1
    pub t1: f64,
    /// v1
    pub v1: f64,
    /// `a_row`
    pub a_row: f64,
    /// `y_value`
    pub y_value: f64,
    /// `sum_s1`
    pub sum_s1: f64,
    /// `count_k`
    pub count_k: f64,
    /// `step_1_s1`
    pub step_1_s1: f64,
    /// i
    pub i: f64,
    /// j
    pub j: f64,
    /// l
    pub l: f64,
    /// start
    pub start: f64,
    /// lane
    pub lane: f64,
    /// width
    pub width: f64,
    /// value
    pub value: f64,
    /// penalty
    pub penalty: f64,
    /// cost
    pub cost: f64,
    /// `d_activation`
    pub d_activation: f64,
    /// `w_row`
    pub w_row: f64,
    /// `d_w`
    pub d_w: f64,
    /// `type_`
    pub type_: f64,
    /// n
    pub n: f64,
    /// constant
    pub constant: f64,
    /// zs
    pub zs: f64,
    /// chunk
    pub chunk: f64,
    /// `a_row_chunks`
    pub a_row_chunks: f64,
    /// `a_row_rest`
    pub a_row_rest: f64,
    /// `w_row_chunks`
    pub w_row_chunks: f64,
}

/// A network with such hyper-parameters.
#[derive(Clone, Copy, Debug, Network)]
#[gradsmith(crate = gs)]
#[network(3 -> 4 tanh -> 2 softmax)]
#[cost(sum_of * quadratic + m * l2(k) + parameters * l1(workspace, b) + data * activity_l2(y_row))]
#[define(
    "sum_of = rest + x2*v1*(delta2 + d_a1 + grad_w1 + z1 + a1) + s1 + t1 + count_m + numbers + buffer + capacity"
)]
pub struct AwkwardNetwork {
    /// m
    pub m: f64,
    /// k
    pub k: f64,
    /// parameters
    pub parameters: f64,
    /// workspace
    pub workspace: f64,
    /// data
    pub data: f64,
    /// `y_row`
    pub y_row: f64,
    /// rest
    pub rest: f64,
    /// x2
    pub x2: f64,
    /// v1
    pub v1: f64,
    /// delta2
    pub delta2: f64,
    /// `d_a1`
    pub d_a1: f64,
    /// `grad_w1`
    pub grad_w1: f64,
    /// z1
    pub z1: f64,
    /// a1
    pub a1: f64,
    /// s1
    pub s1: f64,
    /// t1
    pub t1: f64,
    /// `count_m`
    pub count_m: f64,
    /// numbers
    pub numbers: f64,
    /// buffer
    pub buffer: f64,
    /// capacity
    pub capacity: f64,
}

/// A long form whose tensors and layers are called what the generated code calls its own.
#[derive(Clone, Copy, Debug, Network)]
#[gradsmith(crate = gs)]
#[network("rest = tanh(out*x + m); total = sigmoid(data*rest + v1); a = zeros*total + W*rest + w*x + as_slice",
    x: 3, out: 4 x 3, m: 4, data: 4 x 4, v1: 4, zeros: 2 x 4, W: 2 x 4, w: 2 x 3, as_slice: 2)]
#[cost(quadratic + l2(rest) + l1(y_row, b))]
pub struct AwkwardTensors {
    /// rest
    pub rest: f64,
    /// `y_row`
    pub y_row: f64,
}

/// A network in any precision.
#[derive(Clone, Copy, Debug, Network)]
#[gradsmith(crate = gs)]
#[network(3 -> 5 gelu -> 4 leaky_relu(0.2) -> 2 sigmoid)]
#[cost(cross_entropy + l2(lambda / n) + elastic_net(0.01, 0.5, w2))]
pub struct Precision<T: gs::Scalar> {
    /// λ
    pub lambda: T,
    /// The number of training examples.
    pub n: T,
}

/// A network in single precision.
#[derive(Clone, Copy, Debug, Network)]
#[gradsmith(crate = gs)]
#[network(3 -> 2 softplus)]
#[cost(quadratic)]
pub struct SinglePrecision {
    /// A number to say which precision.
    pub unused: f32,
}

/// A network that is a cost as well.
#[derive(Clone, Copy, Debug, Cost, Network)]
#[gradsmith(crate = gs)]
#[network(3 -> 2 sigmoid)]
#[cost(quadratic + l2(lambda))]
pub struct Both {
    /// λ
    pub lambda: f64,
}

/// A network of two inputs.
#[derive(Clone, Copy, Debug, Network)]
#[gradsmith(crate = gs)]
#[network("a = sigmoid(W*x + V*u + b)", inputs(x, u), x: 3, u: 2, W: 2 x 3, V: 2 x 2, b: 2)]
#[cost(cross_entropy)]
pub struct TwoInputs;

/// Least squares.
#[allow(non_snake_case, reason = "X is what the formula calls it")]
#[derive(Clone, Debug, Objective)]
#[gradsmith(crate = gs)]
#[objective("norm2(X*w - y)^2 / 2 + mu/2 * w'*w", wrt(w: vector))]
pub struct Ridge {
    /// The examples, a row each.
    pub X: ndarray::Array2<f64>,
    /// The targets.
    pub y: ndarray::Array1<f64>,
    /// μ
    pub mu: f64,
}

mod private {
    use super::gs_again as g;

    /// Private, and through a path.
    #[derive(Debug, g::Cost)]
    #[gradsmith(crate = super::gs_again)]
    #[cost(quadratic + l2(lambda))]
    struct Hidden {
        lambda: f64,
    }

    #[derive(Debug, g::Network)]
    #[gradsmith(crate = crate::gs_again)]
    #[network(2 -> 1 linear)]
    #[cost(mse)]
    pub(super) struct Inner;

    /// The value of a private cost.
    #[must_use]
    pub(super) fn value(a: &ndarray::Array2<f64>) -> Option<f64> {
        let view = a.view();
        g::Cost::value(&Hidden { lambda: 2.0 }, view, view, &[view], &[]).ok().map(gs::CostValue::total)
    }
}

mod gs_again {
    pub(crate) use gs::*;
}

/// Derives inside a function, twice of one name.
#[inline]
#[must_use]
pub fn inside_a_function(a: &ndarray::Array2<f64>) -> Option<f64> {
    #[derive(Debug, Cost)]
    #[gradsmith(crate = gs)]
    #[cost(quadratic + l2(lambda))]
    struct Local {
        lambda: f64,
    }
    #[derive(Debug, Network)]
    #[gradsmith(crate = gs)]
    #[network(2 -> 1 linear)]
    #[cost(mse)]
    struct Inner {
        /// Of a term that has been taken out: nothing reads it, and rustc would say so.
        #[allow(dead_code, reason = "the cost does not mention it")]
        lambda: f64,
    }

    let parameters: <private::Inner as Network>::Parameters = private::Inner::init(gs::Init::FanIn, 1);
    let again: InnerParameters = Inner::init(gs::Init::FanIn, 1);
    if parameters.as_slice() != again.as_slice() {
        return None;
    }
    if (Inner { lambda: 2.0 }).workspace(1).capacity() != 1 {
        return None;
    }
    let value = Local { lambda: 2.0 }.value(a.view(), a.view(), &[a.view()], &[]).ok()?;
    let here = value.total();
    private::value(a).filter(|there| there.to_bits() == here.to_bits())
}
