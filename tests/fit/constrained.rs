//! Constraints: values, derivatives and patterns against differences; what a search says where there is no minimum.

use gradsmith::fit::{Ended, FitError, Minimise, Minimiser};
use gradsmith::{Constrained, Error, Objective, Relation};
use ndarray::{Array1, Array2, ArrayView2, array};

#[derive(Objective)]
#[objective(
    "r = X*w; sum(exp(-r)) + sum(S.^2)",
    wrt(w: vector[d], s: scalar, S: symmetric matrix[2, 2]),
    bounds(0 <= w <= u, s <= 2*k, w[1] >= k, -1 <= S <= T),
    st("r.^2 <= s*y", "sum(w) == k", S >= w[0], "1 <= s + w[0]*w[2] <= 3")
)]
#[allow(non_snake_case, reason = "as in the formula")]
struct Mixed<'a> {
    X: ArrayView2<'a, f64>,
    y: &'a [f64],
    u: &'a [f64],
    T: ArrayView2<'a, f64>,
    k: f64,
}

/// The largest distance between entries.
fn difference(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

fn matrix(rows: usize, cols: usize, seed: f64) -> Array2<f64> {
    Array2::from_shape_fn((rows, cols), |(i, j)| ((i * cols + j + 1) as f64 * seed).sin())
}

#[test]
fn derivatives_are_those_of_differences() -> Result<(), Error> {
    let (x, t) = (matrix(4, 3, 1.3), array![[2.0, 1.0], [1.0, 3.0]]);
    let (y, u) = ([1.0, 2.0, 0.5, 1.5], [1.0, 2.0, 3.0]);
    let mut p = Mixed { X: x.view(), y: &y, u: &u, T: t.view(), k: 0.5 }.prepare()?;
    let rows = 4 + 1 + 4 + 2;
    assert_eq!(p.constraints(), rows);
    let mut expected = vec![Relation::AtMost; rows];
    expected[4] = Relation::Equal;
    assert_eq!(p.relations(), expected);
    let [lower, upper] = p.bounds()?;
    let infinity = f64::INFINITY;
    assert_eq!(lower.to_vec(), [0.0, 0.5, 0.0, -infinity, -1.0, -1.0, -1.0, -1.0]);
    assert_eq!(upper.to_vec(), [1.0, 2.0, 3.0, 1.0, 2.0, 1.0, 1.0, 3.0]);

    let at: Vec<f64> = vec![0.3, -0.4, 0.7, 1.2, 0.5, -0.2, -0.2, 0.8];
    let (w, s) = (array![0.3, -0.4, 0.7], 1.2);
    let r = x.dot(&w);
    let mut values: Vec<f64> = r.iter().zip(y).map(|(r, y)| r * r - s * y).collect();
    values.push(w.sum() - 0.5);
    values.extend(at[4..].iter().map(|entry| 0.3 - entry));
    values.extend([1.0 - (s + 0.3 * 0.7), s + 0.3 * 0.7 - 3.0]);
    let found = p.constraint_values(&at)?;
    assert!(found.iter().zip(&values).all(|(a, b)| (a - b).abs() < 1e-14), "{found} {values:?}");

    // By differences; of the symmetric matrix both halves move.
    let n = p.len();
    let h = 1e-6;
    let moved = |k: usize, h: f64| {
        let mut x = at.clone();
        match k {
            5 | 6 => [5, 6].map(|k| x[k] += h / 2.0),
            _ => [k, k].map(|k| x[k] += h / 2.0),
        };
        x
    };
    let jacobian = p.constraint_jacobian(&at)?;
    for k in 0..n {
        let [after, before] = [h, -h].map(|h| p.constraint_values(&moved(k, h)));
        let slope = (after? - before?) / (2.0 * h);
        let off = (&slope - &jacobian.column(k)).mapv(f64::abs).sum();
        assert!(off < 1e-8, "column {k}: {slope} {}", jacobian.column(k));
    }
    let (mut row, mut square) = (vec![f64::NAN; rows], Array2::from_elem((rows, n), f64::NAN));
    p.constraints_into(&at, &mut row)?;
    p.constraint_jacobian_into(&at, square.view_mut())?;
    assert!(row == found.to_vec() && square == jacobian);
    let (mut least, mut most) = (vec![f64::NAN; n], vec![f64::NAN; n]);
    p.bounds_into(&mut least, &mut most)?;
    assert!(least == lower.to_vec() && most == upper.to_vec());
    assert!(p.has_constraints() && p.limits()? == Some([lower.clone(), upper.clone()]));
    let multipliers: Vec<f64> = (0..rows).map(|k| ((k + 1) as f64 * 0.7).cos()).collect();
    let direction: Vec<f64> = (0..n).map(|k| ((k + 1) as f64 * 1.9).sin()).collect();
    let mut jv = vec![f64::NAN; rows];
    p.constraint_product_into(&at, &direction, &mut jv)?;
    let expected = jacobian.dot(&Array1::from(direction.clone()));
    assert!(difference(&jv, &expected.to_vec()) < 1e-13);
    let mut transposed = vec![f64::NAN; n];
    p.constraint_transposed_product_into(&at, &multipliers, &mut transposed)?;
    let expected = jacobian.t().dot(&Array1::from(multipliers.clone()));
    assert!(difference(&transposed, &expected.to_vec()) < 1e-13);

    let hessian = p.lagrangian_hessian(&at, &multipliers)?;
    let mut square = Array2::from_elem((n, n), f64::NAN);
    p.lagrangian_hessian_into(&at, &multipliers, square.view_mut())?;
    assert_eq!(square, hessian);
    for k in 0..n {
        let mut slope = |h: f64| -> Result<Array1<f64>, Error> {
            let x = moved(k, h);
            let rows = p.constraint_jacobian(&x)?.t().dot(&Array1::from(multipliers.clone()));
            Ok(p.gradient(&x)? + rows)
        };
        let column = (slope(h)? - slope(-h)?) / (2.0 * h);
        let off = (&column - &hessian.column(k)).mapv(f64::abs).sum();
        assert!(off < 1e-7, "column {k}: {column} {}", hessian.column(k));
    }
    let mut product = vec![f64::NAN; n];
    p.lagrangian_hessian_vector_product_into(&at, &multipliers, &direction, &mut product)?;
    assert!(difference(&product, &hessian.dot(&Array1::from(direction)).to_vec()) < 1e-12);
    Ok(())
}

/// A chain: each constraint speaks of two neighbours.
#[derive(Objective)]
#[objective(
    "sum[i]((x[i + 1] - x[i])^2)",
    wrt(x: vector[n], v: vector[m]),
    bounds(v >= 0),
    st("vector[i](x[i + 1]^2 - x[i])  <= 1", "v == vector[k](x[p[k]])")
)]
struct Chain<'a> {
    p: &'a [usize],
}

#[test]
fn patterns_have_the_entries_that_are_not_zero() -> Result<(), Error> {
    let mut p = Chain { p: &[3, 0] }.prepare(5)?;
    let x: Vec<f64> = (0..7).map(|k| 0.3 + 0.1 * f64::from(k)).collect();
    let multipliers = [1.0, -2.0, 0.5, 3.0, 1.5, -0.5];
    let (dense, hessian) = (p.constraint_jacobian(&x)?, p.lagrangian_hessian(&x, &multipliers)?);
    let pattern = p.constraint_jacobian_pattern();
    assert_eq!(pattern.len(), 4 * 2 + 2 * 2);
    let mut values = vec![f64::NAN; pattern.len()];
    p.constraint_jacobian_values_into(&x, &mut values)?;
    let mut filled = Array2::<f64>::zeros(dense.raw_dim());
    for ((&row, &column), value) in pattern.rows().iter().zip(pattern.columns()).zip(&values) {
        filled[[row, column]] += value;
    }
    assert_eq!(filled, dense);
    let pattern = p.lagrangian_hessian_pattern();
    assert!(pattern.len() < 15, "{pattern:?}");
    let mut values = vec![f64::NAN; pattern.len()];
    p.lagrangian_hessian_values_into(&x, &multipliers, &mut values)?;
    let mut filled = Array2::<f64>::zeros(hessian.raw_dim());
    for ((&row, &column), value) in pattern.rows().iter().zip(pattern.columns()).zip(&values) {
        filled[[row, column]] += value;
        if row != column {
            filled[[column, row]] += value;
        }
    }
    assert!((filled - hessian).iter().all(|x: &f64| x.abs() < 1e-14));
    Ok(())
}

/// The rotation that is nearest to a matrix: the equations of a symmetric matrix, each of which is there twice.
#[derive(Objective)]
#[objective("sum((R - M).^2)", wrt(R: matrix[2, 2]), st("R'*R == eye"))]
#[allow(non_snake_case, reason = "as in the formula")]
struct Nearest<'a> {
    M: ArrayView2<'a, f64>,
}

#[test]
fn equations_that_are_there_twice_do_no_harm() -> Result<(), FitError> {
    let m = array![[1.0, -0.4], [0.7, 0.9]];
    let minimum = Nearest { M: m.view() }.prepare()?.minimise(&[1.0, 0.0, 0.0, 1.0])?;
    // In two dimensions: the angle is that of (m00 + m11, m10 - m01).
    let angle = f64::atan2(0.7 + 0.4, 1.0 + 0.9);
    let expected = [angle.cos(), -angle.sin(), angle.sin(), angle.cos()];
    assert!(difference(&minimum.x.to_vec(), &expected) < 1e-9, "{minimum}");
    assert_eq!(minimum.ended, Ended::Converged);
    Ok(())
}

#[derive(Objective)]
#[objective("sum((x - y).^2)/2", wrt(x: vector), bounds(x >= 0), st("sum(x) == 1"))]
struct OntoSimplex<'a> {
    y: &'a [f64],
}

#[test]
fn a_point_is_projected_onto_the_simplex() -> Result<(), FitError> {
    let y = [0.5, 1.2, -0.3, 0.9, 0.1];
    let minimum = OntoSimplex { y: &y }.prepare()?.minimise(&[7.0; 5])?;
    // By sorting (J. Duchi et al. 2008): y - θ where that is positive, with θ such that the sum is 1.
    let theta = (0.5 + 1.2 + 0.9 - 1.0) / 3.0;
    let theta = if theta > 0.5 { (1.2 + 0.9 - 1.0) / 2.0 } else { theta };
    let expected: Vec<f64> = y.iter().map(|y| (y - theta).max(0.0)).collect();
    assert!(difference(&minimum.x.to_vec(), &expected) < 1e-9, "{minimum}");
    // Exactly 0, not nearly.
    assert_eq!(minimum.x.iter().filter(|x| **x == 0.0).count(), 3);
    assert!(minimum.residual() < 1e-9 && (minimum.multipliers[0] - theta).abs() < 1e-9);
    Ok(())
}

#[derive(Objective)]
#[objective("x[0] + x[1]", wrt(x: vector[2]), bounds(x[0] >= 0))]
struct Bottomless;

#[derive(Objective)]
#[objective("norm2(x)^2", wrt(x: vector[2]), st("sum(x) >= 3", "norm2(x)^2 <= 1"))]
struct Contradicted;

#[derive(Objective)]
#[objective("-x^2", wrt(x: scalar), bounds(x >= -1e30))]
struct Hill;

#[derive(Objective)]
#[objective("norm2(x)^2", wrt(x: vector[3]), st("sum(x) == 1", "2*sum(x) == 2"))]
struct Dependent;

#[derive(Objective)]
#[objective("norm2(x)^2/1e12", wrt(x: vector[2]), st("sum(x) == 1e12"))]
struct FarAway;

#[derive(Objective)]
#[objective("norm2(x)^2", wrt(x: vector[n]), bounds(l <= x <= u, x[4] >= 0))]
struct Boxed {
    l: f64,
    u: f64,
}

#[test]
fn no_minimum_is_said_to_be_none() -> Result<(), FitError> {
    assert_eq!(Bottomless.prepare()?.minimise(&[1.0, 1.0])?.ended, Ended::Unbounded);
    let minimum = Contradicted.prepare()?.minimise(&[1.0, 1.0])?;
    assert_eq!(minimum.ended, Ended::Inconsistent, "{minimum}");
    assert!(minimum.to_string().contains("no point fulfils the constraints"));
    let one = Minimiser::new().iterations(1).minimise(&mut Contradicted.prepare()?, &[9.0, 1.0])?;
    assert!(one.ended != Ended::Converged);
    // A hill: the top is a root of the slope, too.
    let hill = Hill.prepare()?.minimise(&[1.0])?;
    assert_eq!(hill.ended, Ended::Unbounded, "{hill}");
    let dependent = Dependent.prepare()?.minimise(&[0.2, 0.3, 0.5])?;
    assert_eq!(dependent.ended, Ended::Converged, "{dependent}");
    assert!(dependent.x.iter().all(|x| (x - 1.0 / 3.0).abs() < 1e-12));
    let far = FarAway.prepare()?.minimise(&[0.0, 0.0])?;
    assert_eq!(far.ended, Ended::Converged, "{far}");
    assert!(Boxed { l: 0.0, u: 1.0 }.prepare(0).is_err());
    let message = Boxed { l: 2.0, u: 1.0 }.prepare(5)?.minimise(&[0.0; 5]).expect_err("bounds").to_string();
    assert_eq!(message, "`x[0]` cannot be between 2 and 1: the lower bound comes first");
    // An entry that there is not.
    let refused = Boxed { l: 0.0, u: 1.0 }.prepare(3).map(|mut p| p.bounds());
    assert!(!matches!(refused, Ok(Ok(_))), "{refused:?}");
    let message = Minimiser::new().tolerance(f64::NAN).minimise(&mut Bottomless.prepare()?, &[1.0; 2]);
    assert!(message.is_err());
    let start = Bottomless.prepare()?.minimise(&[f64::NAN, 0.0]).expect_err("no start").to_string();
    assert!(start.contains("start[0]") || start.contains("start"), "{start}");
    Ok(())
}
