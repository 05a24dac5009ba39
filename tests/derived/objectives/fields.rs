//! Kinds of fields: numbers of both precisions, owned, borrowed, generic.

use crate::checks::{close, consistent, matrix, vector};
use gradsmith::{Objective, Scalar};
use ndarray::{ArcArray1, Array1, Array2, ArrayView1, ArrayView2, CowArray, Ix1, Ix2, arr1, arr2, s};

/// f = ½‖Xw − y‖² + λ/2 ‖w‖², by hand, with its gradient.
fn ridge(X: &Array2<f64>, y: &Array1<f64>, lambda: f64, w: &Array1<f64>) -> (f64, Array1<f64>) {
    let r = X.dot(w) - y;
    (0.5 * r.dot(&r) + 0.5 * lambda * w.dot(w), X.t().dot(&r) + lambda * w)
}

macro_rules! ridge {
    ($name:ident [$($generics:tt)*], $scalar:ty: $X:ty, $y:ty, $lambda:ty) => {
        #[derive(gradsmith::Objective)]
        #[objective("norm2(X*w - y)^2/2 + lambda/2 * norm2(w)^2", wrt(w: vector))]
        pub(super) struct $name $($generics)* {
            pub(super) X: $X,
            pub(super) y: $y,
            pub(super) lambda: $lambda,
        }
    };
}

ridge!(Owned [], f64: Array2<f64>, Array1<f64>, f64);
ridge!(Views [<'a>], f64: ArrayView2<'a, f64>, ArrayView1<'a, f64>, f64);
ridge!(Cows [<'a>], f64: CowArray<'a, f64, Ix2>, CowArray<'a, f64, Ix1>, f64);
ridge!(Lists [], f64: Array2<f64>, Vec<f64>, f64);
ridge!(Fixed [], f64: Array2<f64>, [f64; 4], f64);
ridge!(Counted [<const N: usize>], f64: Array2<f64>, [f64; N], f64);
ridge!(References [<'a>], f64: &'a Array2<f64>, &'a Array1<f64>, &'a f64);
ridge!(Slices [<'a>], f64: &'a ArrayView2<'a, f64>, &'a [f64], f64);
ridge!(ListReferences [<'a>], f64: &'a Array2<f64>, &'a Vec<f64>, f64);
ridge!(Single [<'a>], f32: ArrayView2<'a, f32>, ArrayView1<'a, f32>, f32);
ridge!(Generic [<'a, T: Scalar>], T: ArrayView2<'a, T>, ArrayView1<'a, T>, T);
ridge!(Shared [], f64: Array2<f64>, ArcArray1<f64>, f64);

#[allow(unused_qualifications, reason = "paths are what is tested")]
mod qualified {
    ridge!(Qualified [<'a>], f64: ndarray::ArrayView2<'a, f64>, std::vec::Vec<f64>, f64);
}
use qualified::Qualified;

#[test]
fn every_kind_of_field_gives_the_same() -> Result<(), gradsmith::Error> {
    let (X, y, lambda, w) = (matrix(4, 3, 1), vector(4, 2), 0.3, vector(3, 3));
    let (value, gradient) = ridge(&X, &y, lambda, &w);
    let x = w.to_vec();
    let (view, list) = (X.view(), y.to_vec());
    let fixed = [y[0], y[1], y[2], y[3]];
    macro_rules! same {
        ($($problem:expr),* $(,)?) => {$(
            let mut problem = $problem.prepare()?;
            consistent(&mut problem, &x);
            let (v, g) = problem.value_and_gradient(&x)?;
            close([&v], [&value], 1e-14);
            close(&g, &gradient, 1e-14);
            assert_eq!(problem.w(&x)?.to_vec(), x);
        )*};
    }
    same!(
        Owned { X: X.clone(), y: y.clone(), lambda },
        Views { X: X.view(), y: y.view(), lambda },
        Cows { X: X.view().into(), y: y.clone().into(), lambda },
        Lists { X: X.clone(), y: y.to_vec(), lambda },
        Fixed { X: X.clone(), y: fixed, lambda },
        Counted { X: X.clone(), y: fixed, lambda },
        References { X: &X, y: &y, lambda: &lambda },
        Slices { X: &view, y: y.as_slice().unwrap_or_default(), lambda },
        ListReferences { X: &X, y: &list, lambda },
        Generic { X: X.view(), y: y.view(), lambda },
        Qualified { X: X.view(), y: y.to_vec(), lambda },
        Shared { X: X.clone(), y: y.to_shared(), lambda },
    );
    Ok(())
}

#[test]
fn views_in_any_layout_are_read_by_index() -> Result<(), gradsmith::Error> {
    let (X, y, w) = (matrix(4, 3, 1), vector(4, 2), vector(3, 3));
    let (value, _) = ridge(&X, &y, 0.0, &w);
    // The transpose of a row-major array, every second entry of another, and one backwards.
    let turned = X.t().as_standard_layout().into_owned();
    let mut wide = Array1::zeros(8);
    wide.slice_mut(s![..;2]).assign(&y);
    let mut problem = Views { X: turned.t(), y: wide.slice(s![..;2]), lambda: 0.0 }.prepare()?;
    close([&problem.value(&w.to_vec())?], [&value], 1e-14);
    let backwards: Array1<f64> = y.iter().rev().copied().collect();
    let mut problem = Views { X: X.view(), y: backwards.slice(s![..;-1]), lambda: 0.0 }.prepare()?;
    close([&problem.value(&w.to_vec())?], [&value], 1e-14);
    Ok(())
}

#[test]
fn single_precision_is_computed_in_it() -> Result<(), gradsmith::Error> {
    let (X, y) = (arr2(&[[1.0_f32, 2.0], [3.0, 4.0], [5.0, 7.0]]), arr1(&[1.0_f32, -1.0, 0.5]));
    let x = [0.5_f32, -0.25];
    let mut single = Single { X: X.view(), y: y.view(), lambda: 0.5 }.prepare()?;
    let mut generic = Generic { X: X.view(), y: y.view(), lambda: 0.5 }.prepare()?;
    // r = (-1, 1.5, 0.25): ½(1 + 2.25 + 0.0625) + ¼(0.25 + 0.0625); X'r + w/2
    let (value, gradient) = single.value_and_gradient(&x)?;
    assert_eq!(value, 1.656_25 + 0.078_125);
    assert_eq!(gradient.to_vec(), [4.75 + 0.25, 5.75 - 0.125]);
    assert_eq!(generic.value_and_gradient(&x)?, (value, gradient));
    assert_eq!(single.hessian(&x)?, arr2(&[[35.5, 49.0], [49.0, 69.5]]));
    assert!(single.check_gradient(&x, gradsmith::check::CheckOptions::default())?.passed());
    Ok(())
}

#[derive(gradsmith::Objective)]
#[objective(exp(t) - c * t, wrt(t: scalar))]
struct OnlyNumbers {
    c: f64,
}

#[derive(gradsmith::Objective)]
#[objective("sum(x.^4)", wrt(x: vector))]
struct NoField;

#[derive(gradsmith::Objective)]
#[objective("λ * sum(exp(ξ))", wrt(ξ: vector[3]))]
struct Greek {
    λ: f64,
}

#[derive(gradsmith::Objective)]
#[objective("dot(type, w) + match + sum(out.^2) + i*k*sum(w) + norm2(self_)", wrt(w: vector))]
struct Words<'a> {
    r#type: ArrayView1<'a, f64>,
    r#match: f64,
    out: ArrayView1<'a, f64>,
    self_: ArrayView1<'a, f64>,
    i: f64,
    k: f64,
}

#[derive(gradsmith::Objective)]
#[objective("dot(m, m) + value^2 + norm2(extent_n)^2", wrt(m: vector[n], value: scalar, extent_n: vector[k]))]
struct Accessors;

/// Extents that are called as a method's argument, and as a local variable.
#[derive(gradsmith::Objective)]
#[objective("norm2(u)^2 + sum(v)", wrt(u: vector[x], v: vector[n]))]
struct Lengths;

/// The sum that a nest of loops finds goes by such a name on the way.
#[derive(gradsmith::Objective)]
#[objective("sum((A + A' + value_total).^2)", wrt(A: matrix[2, 2]))]
struct Totals {
    value_total: f64,
}

#[derive(gradsmith::Objective)]
#[objective("sum(x.*v) + n*sum(gradient.*workspace.*x) + rest*sum(x)", wrt(x: vector))]
struct Inner<'a> {
    v: ArrayView1<'a, f64>,
    gradient: &'a Array1<f64>,
    workspace: [f64; 2],
    n: f64,
    rest: f64,
}

#[test]
fn structs_of_numbers_and_of_nothing() -> Result<(), gradsmith::Error> {
    let mut problem = OnlyNumbers { c: 2.0 }.prepare()?;
    consistent(&mut problem, &[0.3]);
    assert_eq!(problem.t(&[0.3])?, 0.3);
    close(&problem.gradient(&[0.3])?, &[0.3_f64.exp() - 2.0], 1e-15);
    // Nothing tells how long x is, so `prepare` is told.
    let mut problem = NoField.prepare(2)?;
    consistent(&mut problem, &[0.5, -2.0]);
    assert_eq!(problem.hessian(&[0.5, -2.0])?, arr2(&[[3.0, 0.0], [0.0, 48.0]]));
    let mut problem = Greek { λ: 0.5 }.prepare()?;
    assert_eq!(problem.gradient(&[0.0; 3])?.to_vec(), [0.5; 3]);
    Ok(())
}

#[test]
fn names_of_rust_and_of_the_generated_code_may_be_fields() -> Result<(), gradsmith::Error> {
    let (a, b) = (vector(3, 1), vector(3, 2));
    let words = Words { r#type: a.view(), r#match: 2.0, out: b.view(), self_: b.view(), i: 3.0, k: 0.5 };
    let mut problem = words.prepare()?;
    consistent(&mut problem, &[0.1, 0.2, 0.3]);
    close(&problem.gradient(&[0.0; 3])?, &(a + 1.5), 1e-15);
    // Variables are read by their own names, but for those of the methods.
    let mut problem = Accessors.prepare(2, 1)?;
    let x = [1.0, 2.0, 3.0, 4.0];
    consistent(&mut problem, &x);
    assert_eq!(problem.m(&x)?.to_vec(), [1.0, 2.0]);
    assert_eq!((problem.value_(&x)?, problem.value(&x)?), (3.0, 30.0));
    assert_eq!(problem.extent_n(&x)?.to_vec(), [4.0]);
    let (v, g) = (arr1(&[1.0, 2.0]), arr1(&[3.0, 4.0]));
    let inner = Inner { v: v.view(), gradient: &g, workspace: [5.0, 6.0], n: 10.0, rest: 0.25 };
    let mut problem = inner.prepare()?;
    assert_eq!(problem.gradient(&[0.0; 2])?.to_vec(), [1.0 + 150.0 + 0.25, 2.0 + 240.0 + 0.25]);
    let mut problem = Lengths.prepare(2, 1)?;
    consistent(&mut problem, &[1.0, 2.0, 3.0]);
    assert_eq!((problem.u(&[1.0, 2.0, 3.0])?.len(), problem.v(&[1.0, 2.0, 3.0])?[0]), (2, 3.0));
    let mut problem = Totals { value_total: 1.0 }.prepare()?;
    consistent(&mut problem, &[1.0, 2.0, 3.0, 4.0]);
    assert_eq!(problem.value(&[1.0, 2.0, 3.0, 4.0])?, 9.0 + 36.0 + 36.0 + 81.0);
    Ok(())
}

/// A problem borrows what its struct has borrowed, and keeps what it has owned.
#[test]
fn a_problem_outlives_the_struct_and_can_be_cloned() -> Result<(), gradsmith::Error> {
    fn owned() -> Result<OwnedProblem<'static>, gradsmith::Error> {
        Owned { X: matrix(4, 3, 1), y: vector(4, 2), lambda: 0.1 }.prepare()
    }
    fn borrowed<'a>(X: &'a Array2<f64>, y: &'a Array1<f64>) -> Result<ViewsProblem<'a>, gradsmith::Error> {
        Views { X: X.view(), y: y.view(), lambda: 0.1 }.prepare()
    }
    let (X, y) = (matrix(4, 3, 1), vector(4, 2));
    let (mut one, mut other) = (owned()?, borrowed(&X, &y)?);
    let mut copy = one.clone();
    let _ = one.value(&[0.0; 3])?;
    assert_eq!(copy.value(&[0.5; 3])?, other.value(&[0.5; 3])?);
    Ok(())
}

#[derive(gradsmith::Objective)]
#[objective("dot(x, v) + dot(x, w)", wrt(x: vector))]
struct TwoLifetimes<'p, 'q> {
    v: ArrayView1<'p, f64>,
    w: ArrayView1<'q, f64>,
}

#[test]
fn lifetimes_may_have_any_name() -> Result<(), gradsmith::Error> {
    let v = arr1(&[1.0, 2.0]);
    let mut problem = {
        let w = &v;
        TwoLifetimes { v: v.view(), w: w.view() }.prepare()?
    };
    assert_eq!(problem.gradient(&[0.0; 2])?.to_vec(), [2.0, 4.0]);
    Ok(())
}

#[test]
fn the_derivation_is_a_constant() {
    assert!(Owned::DERIVATION.contains("t1 = X * w - y\n"), "{}", Owned::DERIVATION);
    assert!(Owned::DERIVATION.contains("∂f/∂w = X' * t1 + lambda * w"), "{}", Owned::DERIVATION);
    assert!(Owned::DERIVATION_LATEX.contains("X^{\\top}"));
}
