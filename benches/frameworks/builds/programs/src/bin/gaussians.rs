//! Eight scalars: three Gaussians of one width over a background, fitted to a spectrum.

use gradsmith::Objective;
use ndarray::Array1;

#[derive(Objective)]
#[define("peak(height, centre, width) = height * exp(-((t - centre)/width).^2 / 2)")]
#[objective(
    "sum((background + peak(h1, c1, w) + peak(h2, c2, w) + peak(h3, c3, w) - y).^2)",
    wrt(background: scalar, w: scalar, h1: scalar, c1: scalar, h2: scalar, c2: scalar, h3: scalar, c3: scalar)
)]
struct Spectrum {
    t: Array1<f64>,
    y: Array1<f64>,
}

fn main() -> Result<(), gradsmith::Error> {
    let spectrum = Spectrum { t: Array1::range(0.0, 10.0, 0.1), y: Array1::ones(100) };
    programs::evaluate(&mut spectrum.prepare()?, &[0.1, 1.2, 1.0, 2.0, 2.0, 5.0, 0.5, 8.0])
}
