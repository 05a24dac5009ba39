//! What a fit does with weights, bounds and fixed parameters, and what it refuses.

use gradsmith::fit::{FitError, LeastSquares, Solve, Stopped, covariance};
use gradsmith::{Error, Objective, Residual};

#[derive(Objective)]
#[residual("a + b*t - y", wrt(a: scalar, b: scalar))]
struct Line<'a> {
    t: &'a [f64],
    y: &'a [f64],
}

const T: [f64; 6] = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0];
const Y: [f64; 6] = [0.9, 3.2, 4.8, 7.1, 9.2, 10.8];

fn line() -> Result<impl Residual<Scalar = f64>, Error> {
    Line { t: &T, y: &Y }.prepare()
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-10 * b.abs().max(1.0)
}

/// Slope and intercept by the normal equations of a line, with the variances that they have for residuals of variance 1.
fn by_hand(weights: &[f64]) -> [f64; 4] {
    let all = || T.iter().zip(Y).zip(weights).map(|((&t, y), &w)| (t, y, w * w));
    let sum = |f: &dyn Fn(f64, f64) -> f64| all().map(|(t, y, w)| w * f(t, y)).sum::<f64>();
    let (w, t, y) = (sum(&|_, _| 1.0), sum(&|t, _| t), sum(&|_, y| y));
    let (tt, ty) = (sum(&|t, _| t * t), sum(&|t, y| t * y));
    let det = w * tt - t * t;
    [(tt * y - t * ty) / det, (w * ty - t * y) / det, tt / det, w / det]
}

#[test]
fn a_line_is_the_one_of_the_normal_equations() -> Result<(), FitError> {
    let weights = [1.0, 0.5, 2.0, 1.0, 0.0, 1.5];
    for (weights, count) in [(None, 6.0), (Some(&weights), 5.0)] {
        let [a, b, of_a, of_b] = by_hand(weights.unwrap_or(&[1.0; 6]));
        let fit = |options: LeastSquares| {
            let options = weights.map_or(options.clone(), |w| options.weights(w));
            options.response(&Y).solve(&mut line()?, &[0.0, 0.0])
        };
        let estimate = fit(LeastSquares::new())?;
        assert_eq!(estimate.stopped, Stopped::Converged);
        assert!(near(estimate.parameters[0].value, a) && near(estimate.parameters[1].value, b));
        assert_eq!(estimate.degrees_of_freedom as f64, count - 2.0);
        let variance = estimate.rss / (count - 2.0);
        let errors = [0, 1].map(|k| estimate.parameters[k].standard_error);
        assert!(near(errors[0], (of_a * variance).sqrt()) && near(errors[1], (of_b * variance).sqrt()));
        assert_eq!(estimate.observations as f64, count);
        // Known deviations are not estimated from what is left.
        let known = fit(LeastSquares::new().known_deviations())?;
        assert!(near(known.parameters[1].standard_error, of_b.sqrt()));
        let r_squared = estimate.r_squared.expect("the response is known");
        assert!((0.99..1.0).contains(&r_squared));
        // t of four, or three, degrees of freedom.
        let t = if weights.is_none() { 2.776_445_105_2 } else { 3.182_446_305_3 };
        // At t = 0 the curve is the intercept, and so is its band.
        let mut at_zero = Line { t: &[0.0], y: &[0.0] }.prepare()?;
        let curve = estimate.curve(&mut at_zero, 0.95)?;
        let [least, most] = estimate.intervals(0.95)?[0];
        assert!(near(curve.values[0], a) && near(curve.lower[0], least) && near(curve.upper[0], most));
        let [lower, upper] = estimate.intervals(0.95)?[1];
        assert!((upper - lower - 2.0 * t * errors[1]).abs() < 1e-7);
    }
    Ok(())
}

#[test]
fn parameters_are_held_and_kept_between_bounds() -> Result<(), FitError> {
    let held = LeastSquares::new().fix("a").solve(&mut line()?, &[1.0, 0.0])?;
    assert_eq!((held.parameters[0].value, held.parameters[0].standard_error), (1.0, 0.0));
    let slope =
        T.iter().zip(Y).map(|(t, y)| t * (y - 1.0)).sum::<f64>() / T.iter().map(|t| t * t).sum::<f64>();
    assert!(near(held.parameters[1].value, slope));
    assert_eq!(held.varied(), 1);
    let kept = LeastSquares::new().bounds("b", ..=1.5).solve(&mut line()?, &[0.0, 0.0])?;
    assert!((kept.parameters[1].value - 1.5).abs() < 1e-6 && kept.parameters[1].is_at_bound(), "{kept}");
    let all = LeastSquares::new().fix("a").fix("b").solve(&mut line()?, &[1.0, 2.0])?;
    assert_eq!((all.varied(), all.degrees_of_freedom, &all.stopped), (0, 6, &Stopped::Converged));
    Ok(())
}

/// The bound of the formula, and a unit in which the residuals are small.
#[derive(Objective)]
#[residual("1e-9*(a + b*t - y)", wrt(a: scalar, b: scalar), bounds(b <= 1.5))]
struct Kept<'a> {
    t: &'a [f64],
    y: &'a [f64],
}

#[derive(Objective)]
#[residual("a + b*t - y", wrt(a: scalar, b: scalar), st("a == b"))]
struct Tied<'a> {
    t: &'a [f64],
    y: &'a [f64],
}

#[test]
fn bounds_of_the_formula_are_those_of_the_fit() -> Result<(), FitError> {
    let kept = Kept { t: &T, y: &Y }.prepare()?.solve(&[0.0, 0.0])?;
    let mean = Y.iter().zip(T).map(|(y, t)| y - 1.5 * t).sum::<f64>() / 6.0;
    assert!((kept.parameters[1].value - 1.5).abs() < 1e-6, "{kept}");
    assert!((kept.parameters[0].value - mean).abs() < 1e-5, "{kept}");
    // One that is held stays where it is, whatever its bound.
    let held = LeastSquares::new().fix("b").solve(&mut Kept { t: &T, y: &Y }.prepare()?, &[0.0, 2.0])?;
    assert_eq!(held.parameters[1].value, 2.0);
    assert_eq!(
        Tied { t: &T, y: &Y }.prepare()?.solve(&[0.0; 2]).expect_err("constraints"),
        FitError::Constrained
    );
    let response =
        LeastSquares::new().response(&[1.0]).solve(&mut line()?, &[0.0; 2]).expect_err("too short");
    assert_eq!(response, FitError::Response { residuals: 6, entries: 1 });
    Ok(())
}

/// Bounds that are not met at the minimum.
#[derive(Objective)]
#[residual("(vmax*s./(km + s) - v)./sigma", wrt(vmax: scalar, km: scalar), bounds(vmax >= 0, km >= 0))]
struct Enzyme<'a> {
    s: &'a [f64],
    v: &'a [f64],
    sigma: f64,
}

#[test]
fn a_minimum_between_bounds_is_the_one_without() -> Result<(), FitError> {
    let (s, v) = ([0.5, 1.0, 2.0, 4.0, 8.0, 16.0], [0.9, 1.6, 2.4, 3.3, 4.1, 4.4]);
    for sigma in [1e-6, 0.1, 1e6] {
        let found = Enzyme { s: &s, v: &v, sigma }.prepare()?.solve(&[1.0, 1.0])?;
        assert_eq!(found.stopped, Stopped::Converged, "{found}");
        assert!((found.parameters[0].value - 5.095_548_8).abs() < 1e-6, "{found}");
        assert!((found.parameters[1].value - 2.199_266_3).abs() < 1e-6, "{found}");
    }
    Ok(())
}

#[test]
fn the_table_says_what_was_found() -> Result<(), FitError> {
    let text = line()?.solve(&[0.0, 0.0])?.to_string();
    for part in
        ["stopped                    converged", "degrees of freedom         4", "  a  ", " ± ", "a, b  -0.8"]
    {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    Ok(())
}

#[derive(Objective)]
#[residual("b[0]*exp(-b[1]*t) + b[2]*0 - log(y + b[0])", wrt(b: vector[3]))]
struct Idle<'a> {
    t: &'a [f64],
    y: &'a [f64],
}

#[test]
fn what_the_data_do_not_determine_is_said() -> Result<(), FitError> {
    // b[2] changes nothing; and where b[0] < -0.9 there is no logarithm: such a trial is stepped back from.
    let estimate = Idle { t: &T, y: &Y }.prepare()?.solve(&[1.0, -0.1, 4.0])?;
    assert_eq!(estimate.parameters[2].value, 4.0);
    assert!(estimate.parameters[2].standard_error.is_infinite());
    assert!(estimate.to_string().contains("not determined by the data"), "{estimate}");
    assert!(estimate.parameters[0].standard_error.is_finite());
    Ok(())
}

#[test]
fn mistakes_are_named() -> Result<(), FitError> {
    let refused = |options: LeastSquares, start: &[f64]| {
        options.solve(&mut line().expect("data that fit"), start).expect_err("a mistake").to_string()
    };
    let new = LeastSquares::new;
    assert_eq!(refused(new().fix("c"), &[0.0, 0.0]), "no parameter is called `c`; there are a, b");
    let message = refused(new().bounds("a", 2.0..=1.0), &[0.0, 0.0]);
    assert_eq!(message, "`a` cannot be between 2 and 1: the lower bound comes first");
    assert_eq!(
        refused(new().weights(&[1.0]), &[0.0, 0.0]),
        "there are 1 weights for 6 residuals; give one for each"
    );
    let message = refused(new().weights(&[1.0, 1.0, -1.0, 1.0, 1.0, 1.0]), &[0.0, 0.0]);
    assert!(message.starts_with("weight 2 is negative"), "{message}");
    assert!(refused(new(), &[0.0]).starts_with("the fit cannot begin at the start that was given"));
    assert!(refused(new(), &[f64::NAN, 0.0]).starts_with("the fit cannot begin"));
    let level = line()?.solve(&[0.0, 0.0])?.intervals(95.0).expect_err("no level");
    assert_eq!(level.to_string(), "95 is no level of confidence; it lies between 0 and 1, as 0.95 does");
    Ok(())
}

/// A negative log-likelihood: normal, with its deviation unknown.
#[derive(Objective)]
#[objective("sum((y - m).^2)/(2*exp(2*s)) + len(y)*s", wrt(m: scalar, s: scalar))]
struct Normal<'a> {
    y: &'a [f64],
}

#[test]
fn likelihoods_have_covariances_by_their_hessian() -> Result<(), FitError> {
    let mean = Y.iter().sum::<f64>() / 6.0;
    let variance = Y.iter().map(|y| (y - mean) * (y - mean)).sum::<f64>() / 6.0;
    let mut problem = Normal { y: &Y }.prepare()?;
    let found = covariance(&mut problem, &[mean, variance.sqrt().ln()])?;
    let errors = found.standard_errors();
    // σ/√m and 1/√(2m).
    assert!(near(errors[0], (variance / 6.0).sqrt()) && near(errors[1], 12.0_f64.sqrt().recip()));
    assert!(found.correlation()[[0, 1]].abs() < 1e-12);
    let refused = covariance(&mut problem, &[mean + 20.0, 10.0]).expect_err("no minimum");
    assert!(refused.to_string().contains("the Hessian at the estimate"), "{refused}");
    Ok(())
}

#[test]
fn a_start_is_made_of_the_problem_and_problems_are_lent() -> Result<(), FitError> {
    let mut fit: Box<dyn Residual<Scalar = f64>> = Box::new(line()?);
    let start = |fit: &mut Box<dyn Residual<Scalar = f64>>| {
        assert_eq!(fit.variables()[1].name, "b");
        vec![0.5; fit.len()]
    };
    let found = LeastSquares::new().solve_from(&mut fit, start)?;
    assert!(near(Solve::solve(&mut &mut fit, &[0.0, 0.0])?.rss, found.rss));
    Ok(())
}
