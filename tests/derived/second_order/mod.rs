//! Second order: gradient and diagonal of the Hessian of every loss, and the products of a network's Hessian
//! and of its Gauss-Newton part with a direction.

mod losses;
mod networks;

use gradsmith::Error;
use ndarray::{Array2, ArrayView2};

/// What the derive gives.
type Derived = fn(ArrayView2<'_, f64>, ArrayView2<'_, f64>) -> Result<(Array2<f64>, Array2<f64>), Error>;
