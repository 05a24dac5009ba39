//! What a cost is to a network: a value in two parts, and the partial derivatives that each of its arguments
//! has.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign};

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, ArrayViewMut1, ArrayViewMut2};

use crate::error::Error;
use crate::kernel::scalar::Scalar;
use crate::model::weighted;

/// The value of a cost, its two parts kept apart, because people ask which of the two a number is.
///
/// ```
/// use gradsmith_runtime::CostValue;
///
/// let cost = CostValue { data: 0.3510, penalty: 0.0123 };
/// assert_eq!(cost.to_string(), "0.3510 data + 0.0123 penalty = 0.3633");
/// assert_eq!(format!("{cost:.2}"), "0.35 data + 0.01 penalty = 0.36");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CostValue<T> {
    /// The mean over the batch of every term that mentions the activations or the targets, and the terms that
    /// mention no tensor.
    pub data: T,
    /// The terms that mention weights or biases, summed over them; counted once, whatever the batch.
    pub penalty: T,
}

#[cfg(feature = "serde")]
const _: () = {
    use crate::number::Number;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    /// What is written of a cost, which may be NaN.
    #[derive(Serialize, Deserialize)]
    #[serde(rename = "CostValue")]
    struct Written {
        data: Number,
        penalty: Number,
    }

    impl<T: Scalar> Serialize for CostValue<T> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let (data, penalty) = (Number(self.data.to_f64()), Number(self.penalty.to_f64()));
            Written { data, penalty }.serialize(serializer)
        }
    }

    impl<'de, T: Scalar> Deserialize<'de> for CostValue<T> {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let Written { data, penalty } = Written::deserialize(deserializer)?;
            Ok(Self { data: T::from_f64(data.0), penalty: T::from_f64(penalty.0) })
        }
    }
};

impl<T: Scalar> CostValue<T> {
    /// Nothing lost and nothing penalised.
    pub const ZERO: Self = Self { data: T::ZERO, penalty: T::ZERO };

    /// The cost itself: `data + penalty`, the number whose gradient the optimiser follows.
    #[must_use]
    pub fn total(self) -> T {
        self.data + self.penalty
    }

    /// Both parts times `factor`.
    #[must_use]
    pub fn scale(self, factor: T) -> Self {
        Self { data: self.data * factor, penalty: self.penalty * factor }
    }

    /// Both parts in double precision, which is how histories keep them.
    #[must_use]
    pub fn to_f64(self) -> CostValue<f64> {
        CostValue { data: self.data.to_f64(), penalty: self.penalty.to_f64() }
    }
}

impl<T: Scalar> Add for CostValue<T> {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { data: self.data + other.data, penalty: self.penalty + other.penalty }
    }
}

impl<T: Scalar> AddAssign for CostValue<T> {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl<T: Scalar> Sum for CostValue<T> {
    fn sum<I: Iterator<Item = Self>>(values: I) -> Self {
        values.fold(Self::ZERO, Add::add)
    }
}

impl<T: Scalar> fmt::Display for CostValue<T> {
    /// Four decimals unless the format string asks for others.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = f.precision().unwrap_or(4);
        let total = self.total();
        write!(f, "{:.digits$} data + {:.digits$} penalty = {:.digits$}", self.data, self.penalty, total)
    }
}

/// A cost, as a network that someone wrote by hand asks it: values, and one partial derivative per argument.
///
/// `#[derive(Cost)]` implements it from one line of mathematics; a network generic over `C: Cost` then gains
/// or loses a penalty when that line changes, and nothing else does. Shapes throughout: activations `a` and
/// targets `y` are m × k, a row an example; a weight is units × inputs; a bias has one entry per unit. A
/// derivative has the shape of what it is taken by.
///
/// For a batch of m examples with activations `a` and targets `y` (both m × k, a row an example)
///
/// ```text
/// C = (1/m) Σᵢ c(aᵢ, yᵢ)  +  Σ_w p(w)  +  Σ_b q(b)
///     `----- data -----'     `---- penalty ----'
/// ```
///
/// The two parts answer two different questions. ∂C/∂a sees the data only, because p(w) does not mention `a`;
/// the DIRECT partial ∂C/∂w sees the penalty only, because c(a, y) does not mention `w`. Back-propagation
/// carries the first to the weights (δ aᵀ) and adds the second to it; what it hands to the optimiser is one
/// gradient. So an optimiser never knows that there is a penalty, and exchanging the cost exchanges the
/// penalty.
///
/// What is derived allocates nothing in the methods that write to the caller's array. Arrays are read and
/// written where they lie, if that is row by row; for others, and for what `group_lasso` and `orthogonal`
/// compute on the way, there is memory that the thread keeps, so that only its first call allocates.
///
/// Implementing it by hand takes the six methods without a body. The quadratic cost with an L2 penalty on the
/// weights, c(a, y) = ½ Σⱼ (aⱼ − yⱼ)² and p(w) = λ/2 Σ w²:
///
/// ```
/// use gradsmith_runtime::check::{check_batch, check_shape};
/// use gradsmith_runtime::{Cost, Error, Scalar};
/// use ndarray::{ArrayView1, ArrayView2, ArrayViewMut1, ArrayViewMut2, Zip, array};
///
/// struct QuadraticL2 {
///     lambda: f64,
/// }
///
/// impl Cost for QuadraticL2 {
///     type Scalar = f64;
///     const DERIVATION: &'static str = "C = 1/(2m) Σᵢⱼ (aᵢⱼ - yᵢⱼ)² + λ/2 Σ w²";
///     const DERIVATION_LATEX: &'static str = r"C = \frac1{2m} \sum (a - y)^2 + \frac\lambda2 \sum w^2";
///
///     fn data(&self, a: ArrayView2<'_, f64>, y: ArrayView2<'_, f64>) -> Result<f64, Error> {
///         check_batch(a.nrows())?;
///         check_shape("y", a.shape(), y.shape())?;
///         let sum = a.iter().zip(y).map(|(a, y)| (a - y) * (a - y)).sum::<f64>();
///         Ok(sum / (2.0 * a.nrows() as f64))
///     }
///     fn weight_penalty(&self, w: ArrayView2<'_, f64>) -> Result<f64, Error> {
///         Ok(self.lambda / 2.0 * w.iter().map(|w| w * w).sum::<f64>())
///     }
///     fn bias_penalty(&self, _b: ArrayView1<'_, f64>) -> Result<f64, Error> {
///         Ok(0.0)
///     }
///     fn d_activation_into(
///         &self,
///         a: ArrayView2<'_, f64>,
///         y: ArrayView2<'_, f64>,
///         out: ArrayViewMut2<'_, f64>,
///     ) -> Result<(), Error> {
///         check_batch(a.nrows())?;
///         check_shape("y", a.shape(), y.shape())?;
///         check_shape("out", a.shape(), out.shape())?;
///         let m = a.nrows() as f64;
///         Zip::from(out).and(a).and(y).for_each(|out, a, y| *out = (a - y) / m);
///         Ok(())
///     }
///     fn d_weight_into(&self, w: ArrayView2<'_, f64>, out: ArrayViewMut2<'_, f64>) -> Result<(), Error> {
///         check_shape("out", w.shape(), out.shape())?;
///         Zip::from(out).and(w).for_each(|out, w| *out = self.lambda * w);
///         Ok(())
///     }
///     fn d_bias_into(&self, b: ArrayView1<'_, f64>, mut out: ArrayViewMut1<'_, f64>) -> Result<(), Error> {
///         check_shape("out", b.shape(), out.shape())?;
///         out.fill(0.0);
///         Ok(())
///     }
/// }
///
/// let cost = QuadraticL2 { lambda: 0.1 };
/// let (a, y) = (array![[0.5, 1.0], [2.0, 0.0]], array![[0.0, 1.0], [1.0, 0.0]]);
/// let w = array![[3.0, 4.0]];
/// let value = cost.value(a.view(), y.view(), &[w.view()], &[])?;
/// assert_eq!(value.to_string(), "0.3125 data + 1.2500 penalty = 1.5625");
/// assert_eq!(cost.d_activation(a.view(), y.view())?, array![[0.25, 0.0], [0.5, 0.0]]);
/// # Ok::<(), Error>(())
/// ```
pub trait Cost {
    /// The precision: `f32` or `f64`.
    type Scalar: Scalar;

    /// What C is and how its derivatives come about, step by step, as text.
    const DERIVATION: &'static str;

    /// The same as LaTeX.
    const DERIVATION_LATEX: &'static str;

    /// The data part of the cost, (1/m) Σᵢ c(aᵢ, yᵢ), without [`constant`](Self::constant) terms.
    ///
    /// # Errors
    /// [`Error::EmptyBatch`] for m = 0, [`Error::ShapeMismatch`] if `a` and `y` differ in shape.
    fn data(
        &self,
        a: ArrayView2<'_, Self::Scalar>,
        y: ArrayView2<'_, Self::Scalar>,
    ) -> Result<Self::Scalar, Error>;

    /// The penalty p(w) of ONE weight tensor, units × inputs.
    ///
    /// # Errors
    /// Those of its linear algebra, if it has any.
    fn weight_penalty(&self, w: ArrayView2<'_, Self::Scalar>) -> Result<Self::Scalar, Error>;

    /// The penalty q(b) of ONE bias, one entry per unit.
    ///
    /// # Errors
    /// Those of its linear algebra, if it has any.
    fn bias_penalty(&self, b: ArrayView1<'_, Self::Scalar>) -> Result<Self::Scalar, Error>;

    /// The sum of the terms that mention no tensor at all, such as the 3 of `quadratic + 3`: they have no
    /// derivative, and count once, as data.
    fn constant(&self) -> Self::Scalar {
        Self::Scalar::ZERO
    }

    /// The whole cost: [`data`](Self::data) + [`constant`](Self::constant), and the penalties summed over all
    /// weights and biases.
    ///
    /// # Errors
    /// Those of [`data`](Self::data).
    fn value(
        &self,
        a: ArrayView2<'_, Self::Scalar>,
        y: ArrayView2<'_, Self::Scalar>,
        weights: &[ArrayView2<'_, Self::Scalar>],
        biases: &[ArrayView1<'_, Self::Scalar>],
    ) -> Result<CostValue<Self::Scalar>, Error> {
        let data = self.data(a, y)? + self.constant();
        Ok(CostValue { data, penalty: self.penalty(weights, biases)? })
    }

    /// The penalties of all weights and biases.
    ///
    /// # Errors
    /// Those of [`weight_penalty`](Self::weight_penalty) and [`bias_penalty`](Self::bias_penalty).
    fn penalty(
        &self,
        weights: &[ArrayView2<'_, Self::Scalar>],
        biases: &[ArrayView1<'_, Self::Scalar>],
    ) -> Result<Self::Scalar, Error> {
        let mut penalty = Self::Scalar::ZERO;
        for w in weights {
            penalty += self.weight_penalty(w.view())?;
        }
        for b in biases {
            penalty += self.bias_penalty(b.view())?;
        }
        Ok(penalty)
    }

    /// Writes ∂C/∂a to `out`, m × k: row i is (1/m) ∂c(aᵢ, yᵢ)/∂aᵢ. Overwrites, allocates nothing.
    ///
    /// # Errors
    /// [`Error::EmptyBatch`] for m = 0, [`Error::ShapeMismatch`] if `y` or `out` has another shape than `a`.
    fn d_activation_into(
        &self,
        a: ArrayView2<'_, Self::Scalar>,
        y: ArrayView2<'_, Self::Scalar>,
        out: ArrayViewMut2<'_, Self::Scalar>,
    ) -> Result<(), Error>;

    /// ∂C/∂a, m × k, in a new array.
    ///
    /// # Errors
    /// Those of [`d_activation_into`](Self::d_activation_into).
    fn d_activation(
        &self,
        a: ArrayView2<'_, Self::Scalar>,
        y: ArrayView2<'_, Self::Scalar>,
    ) -> Result<Array2<Self::Scalar>, Error> {
        let mut out = Array2::from_elem(a.raw_dim(), Self::Scalar::ZERO);
        self.d_activation_into(a, y, out.view_mut())?;
        Ok(out)
    }

    /// The data part of the cost where examples have weights: Σᵢ ωᵢ c(aᵢ, yᵢ) / Σᵢ ωᵢ, `examples` being ω. So weights of 1
    /// give [`data`](Self::data), one of 2 counts an example twice, and a mask is weights of 0 and 1: of an example
    /// of weight 0 nothing is read, be it NaN. Rows of one weight that follow each other are computed together.
    ///
    /// # Errors
    /// Those of [`data`](Self::data); [`Error::ShapeMismatch`] if there are not m weights, [`Error::ExampleWeight`] for
    /// one that is negative, NaN or infinite, [`Error::NoWeight`] if all are 0.
    fn data_weighted(
        &self,
        a: ArrayView2<'_, Self::Scalar>,
        y: ArrayView2<'_, Self::Scalar>,
        examples: &[Self::Scalar],
    ) -> Result<Self::Scalar, Error> {
        weighted::data(self, a, y, examples)
    }

    /// The whole cost where examples have weights: [`data_weighted`](Self::data_weighted), and all else of
    /// [`value`](Self::value) as it is.
    ///
    /// # Errors
    /// Those of [`data_weighted`](Self::data_weighted).
    fn value_weighted(
        &self,
        a: ArrayView2<'_, Self::Scalar>,
        y: ArrayView2<'_, Self::Scalar>,
        examples: &[Self::Scalar],
        weights: &[ArrayView2<'_, Self::Scalar>],
        biases: &[ArrayView1<'_, Self::Scalar>],
    ) -> Result<CostValue<Self::Scalar>, Error> {
        let data = self.data_weighted(a, y, examples)? + self.constant();
        Ok(CostValue { data, penalty: self.penalty(weights, biases)? })
    }

    /// Writes ∂C/∂a where examples have weights to `out`, m × k: row i is ωᵢ/Σω ∂c(aᵢ, yᵢ)/∂aᵢ, and 0 where ωᵢ is,
    /// whatever stands in that row. Overwrites, allocates nothing.
    ///
    /// # Errors
    /// Those of [`d_activation_into`](Self::d_activation_into) and of [`data_weighted`](Self::data_weighted).
    fn d_activation_weighted_into(
        &self,
        a: ArrayView2<'_, Self::Scalar>,
        y: ArrayView2<'_, Self::Scalar>,
        examples: &[Self::Scalar],
        out: ArrayViewMut2<'_, Self::Scalar>,
    ) -> Result<(), Error> {
        weighted::d_activation_into(self, a, y, examples, out)
    }

    /// ∂C/∂a where examples have weights, m × k, in a new array.
    ///
    /// # Errors
    /// Those of [`d_activation_weighted_into`](Self::d_activation_weighted_into).
    fn d_activation_weighted(
        &self,
        a: ArrayView2<'_, Self::Scalar>,
        y: ArrayView2<'_, Self::Scalar>,
        examples: &[Self::Scalar],
    ) -> Result<Array2<Self::Scalar>, Error> {
        let mut out = Array2::from_elem(a.raw_dim(), Self::Scalar::ZERO);
        self.d_activation_weighted_into(a, y, examples, out.view_mut())?;
        Ok(out)
    }

    /// Writes the DIRECT partial ∂C/∂w of one weight tensor, dp(w)/dw, to `out`. Overwrites, allocates
    /// nothing. What reaches `w` by way of the activations is the network's to add.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if `out` has another shape than `w`.
    fn d_weight_into(
        &self,
        w: ArrayView2<'_, Self::Scalar>,
        out: ArrayViewMut2<'_, Self::Scalar>,
    ) -> Result<(), Error>;

    /// The DIRECT partial ∂C/∂w of one weight tensor, in a new array of its shape.
    ///
    /// # Errors
    /// Those of [`d_weight_into`](Self::d_weight_into).
    fn d_weight(&self, w: ArrayView2<'_, Self::Scalar>) -> Result<Array2<Self::Scalar>, Error> {
        let mut out = Array2::from_elem(w.raw_dim(), Self::Scalar::ZERO);
        self.d_weight_into(w, out.view_mut())?;
        Ok(out)
    }

    /// Writes the DIRECT partial ∂C/∂b of one bias, dq(b)/db, to `out`. Overwrites, allocates nothing.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if `out` has another length than `b`.
    fn d_bias_into(
        &self,
        b: ArrayView1<'_, Self::Scalar>,
        out: ArrayViewMut1<'_, Self::Scalar>,
    ) -> Result<(), Error>;

    /// The DIRECT partial ∂C/∂b of one bias, in a new array of its length.
    ///
    /// # Errors
    /// Those of [`d_bias_into`](Self::d_bias_into).
    fn d_bias(&self, b: ArrayView1<'_, Self::Scalar>) -> Result<Array1<Self::Scalar>, Error> {
        let mut out = Array1::from_elem(b.raw_dim(), Self::Scalar::ZERO);
        self.d_bias_into(b, out.view_mut())?;
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cost_value_adds_part_by_part() {
        let parts = [CostValue { data: 1.0, penalty: 0.5 }, CostValue { data: 2.0, penalty: 0.25 }];
        let sum: CostValue<f64> = parts.into_iter().sum();
        assert_eq!(sum, CostValue { data: 3.0, penalty: 0.75 });
        assert_eq!(sum.total(), 3.75);
        assert_eq!(sum.scale(2.0), CostValue { data: 6.0, penalty: 1.5 });
        assert_eq!(
            CostValue { data: 1.5_f32, penalty: 0.25 }.to_f64(),
            CostValue { data: 1.5, penalty: 0.25 }
        );
    }
}
