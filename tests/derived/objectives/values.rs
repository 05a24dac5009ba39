//! Values that a formula gives names, at a point: by hand, of every shape, for a model prepared over other data.

use crate::checks::{close, matrix, vector};
use gradsmith::{Error, Objective, Residual};
use ndarray::{Array1, Array2, Array3, ArrayD, ArrayView1, array};

#[derive(Objective)]
#[objective(
    "K = matrix[i, j](exp(-sum[c]((X[i, c] - X[j, c])^2)/(2*l^2))) + diag(s^2*vector[i](y[i] - y[i] + 1));
     k = matrix[t, i](exp(-sum[c]((Z[t, c] - X[i, c])^2)/(2*l^2)));
     mean = k*solve(K, y);
     y'*solve(K, y)/2 + logdet(K)/2",
    wrt(l: scalar, s: scalar)
)]
struct Process {
    X: Array2<f64>,
    y: Array1<f64>,
    Z: Array2<f64>,
}

/// What the value does not speak of is there, too: where a Gaussian process predicts.
#[test]
fn a_gaussian_process_predicts() -> Result<(), Error> {
    let (X, y) = (matrix(5, 2, 1), vector(5, 2));
    let (l, s) = (0.7, 1e-4);
    let kernel = |a: ArrayView1<'_, f64>, b: ArrayView1<'_, f64>| {
        let d = &a - &b;
        (-d.dot(&d) / (2.0 * l * l)).exp()
    };
    let mut problem = Process { X: X.clone(), y: y.clone(), Z: X.clone() }.prepare()?;
    let K: Array2<f64> = problem.K(&[l, s])?;
    let by_hand =
        Array2::from_shape_fn((5, 5), |(i, j)| kernel(X.row(i), X.row(j)) + if i == j { s * s } else { 0.0 });
    close(&K, &by_hand, 1e-15);
    let mean: Array1<f64> = problem.mean(&[l, s])?;
    close(&mean, &y, 1e-5);
    let Z = matrix(5, 2, 3);
    problem.set_Z(&Z)?;
    let by_hand = Array2::from_shape_fn((5, 5), |(t, i)| kernel(Z.row(t), X.row(i)));
    close(&problem.k(&[l, s])?, &by_hand, 1e-15);
    assert_eq!(
        problem.K(&[l]).map_err(|e| e.to_string()),
        Err("the buffer has 1 entry, the parameters have 2".to_owned())
    );
    Ok(())
}

#[derive(Objective)]
#[residual("curve = height*exp(-rate*t); curve - y", wrt(height: scalar, rate: scalar))]
struct Decay<'a> {
    t: ArrayView1<'a, f64>,
    y: ArrayView1<'a, f64>,
}

#[test]
fn a_fit_is_evaluated_on_other_data() -> Result<(), Error> {
    let (t, y) = (array![0.0, 1.0], array![1.0, 0.5]);
    let mut problem = Decay { t: t.view(), y: y.view() }.prepare()?;
    let x = [2.0, 0.5];
    assert_eq!(problem.curve(&x)? - &y, problem.residual(&x)?);
    let finer = Array1::linspace(0.0, 1.0, 11);
    let mut curve = Decay { t: finer.view(), y: finer.view() }.prepare()?;
    close(&curve.curve(&x)?, &finer.mapv(|t| 2.0 * (-0.5 * t).exp()), 1e-15);
    Ok(())
}

#[derive(Objective)]
#[objective(
    "two = 2; s = two*u; same = y; again = w; row = w'; weighted = where(u > 0, y, -y);
     outer = w*y'; T = tensor[i, j, k](w[i]*y[j]*y[k]); value = sum(T); x = row*w;
     deep = tensor[a, b, c, d, e, f, g](w[a]*w[b]*w[c]*w[d]*w[e]*w[f]*w[g]);
     norm2(w)^2 + u*sum(outer)",
    wrt(w: vector[2], u: scalar)
)]
struct Shapes {
    y: Array1<f32>,
}

#[test]
fn values_of_every_shape() -> Result<(), Error> {
    let y = array![1.0_f32, 2.0, 3.0];
    let mut problem = Shapes { y: y.clone() }.prepare()?;
    let at = [5.0, 7.0, -0.5];
    let w = array![5.0_f32, 7.0];
    let (two, s, x): (f32, f32, f32) = (problem.two(&at)?, problem.s(&at)?, problem.x(&at)?);
    assert_eq!((two, s, x), (2.0, -1.0, 74.0));
    assert_eq!(
        (problem.same(&at)?, problem.again(&at)?, problem.row(&at)?),
        (y.clone(), w.clone(), w.clone())
    );
    assert_eq!(problem.weighted(&at)?, -&y);
    assert_eq!(problem.outer(&at)?, array![[5.0, 10.0, 15.0], [7.0, 14.0, 21.0]]);
    let T: Array3<f32> = problem.T(&at)?;
    assert_eq!(T, Array3::from_shape_fn((2, 3, 3), |(i, j, k)| w[i] * y[j] * y[k]));
    // The method of the trait is still the objective.
    assert_eq!((problem.value_(&at)?, problem.value(&at)?), (T.sum(), 74.0 - 0.5 * 72.0));
    let deep: ArrayD<f32> = problem.deep(&at)?;
    assert_eq!((deep.ndim(), deep.len(), deep[[1, 1, 0, 0, 0, 0, 1].as_ref()]), (7, 128, 214_375.0));
    Ok(())
}

#[derive(Objective)]
#[objective("L = inv(A + u*matrix(1)); sum(L.^2)", wrt(u: scalar))]
struct Inverse {
    A: Array2<f64>,
}

#[test]
fn errors_are_those_of_the_value_and_numbers_are_given_as_they_are() -> Result<(), Error> {
    let mut problem = Inverse { A: array![[1.0, 2.0], [2.0, 4.0]] }.prepare()?;
    assert!(matches!(problem.L(&[0.0]), Err(Error::Singular { .. })));
    let (t, y) = (array![0.0, 1.0], array![0.0, 0.0]);
    let mut problem = Decay { t: t.view(), y: y.view() }.prepare()?;
    assert!(problem.value(&[1.0, -1e4]).is_err());
    assert_eq!(problem.curve(&[1.0, -1e4])?, array![1.0, f64::INFINITY]);
    Ok(())
}

#[derive(Objective)]
#[objective(
    "far = vector[k](w[p[k + 1]]); pair = vector[k](w[t[k, 0]]*w[t[k + 1, 1]]); ahead = vector[i](w[i + 1]*v[i]); norm2(w)^2",
    wrt(w: vector)
)]
struct Unread {
    p: Vec<u32>,
    t: Array2<i32>,
    v: Vec<f64>,
}

/// What the objective does not read is checked as all else is, once: methods have nothing to be afraid of.
#[test]
fn what_only_values_read_is_checked() -> Result<(), Error> {
    let prepared = |p: u32, t: i32, v: usize| {
        Unread { p: vec![70, 2, p], t: array![[0, -5], [1, t], [77, 2]], v: vec![1.0; v] }.prepare()
    };
    let mut problem = prepared(0, 2, 2)?;
    let x = [1.0, 2.0, 4.0];
    assert_eq!(problem.far(&x)?, array![4.0, 1.0]);
    assert_eq!((problem.pair(&x)?, problem.ahead(&x)?), (array![4.0, 8.0], array![2.0, 4.0]));
    assert!(matches!(prepared(9, 2, 2), Err(Error::OutOfRange { value: 9, .. })));
    assert!(matches!(prepared(0, 22, 2), Err(Error::OutOfRange { value: 22, .. })));
    assert!(matches!(problem.set_p(&[0, 0, 3]), Err(Error::OutOfRange { value: 3, .. })));
    Ok(())
}
