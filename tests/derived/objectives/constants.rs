//! Constants that are large, tiny, infinite: what folds out of range is not folded.

use crate::checks::close;
use gradsmith::Objective;

#[derive(gradsmith::Objective)]
#[objective("(s*1e200)^2", wrt(s: scalar))]
struct Huge;

#[derive(gradsmith::Objective)]
#[objective("(s*1e-200)^2", wrt(s: scalar))]
struct Tiny;

#[derive(gradsmith::Objective)]
#[objective("1e200*(1e200*s) + sum((1e200*(x + 1)).^2)", wrt(s: scalar, x: vector[2]))]
struct Several;

#[derive(gradsmith::Objective)]
#[objective("1e308*s + 1e308*s", wrt(s: scalar))]
struct LikeTerms;

#[derive(gradsmith::Objective)]
#[objective("sum(clip(x, -1/0, 2).^2) + sum(max(x, -1/0)) + sum(min(x, -log(0)))", wrt(x: vector))]
struct Unbounded;

#[derive(gradsmith::Objective)]
#[objective("top = 1/0; sum(clip(x, 0, top)) + min(top, t)", wrt(x: vector, t: scalar))]
struct UnboundedByName;

#[derive(gradsmith::Objective)]
#[objective("s + 0*log(0) + log(1 - 1)*0*s - 0*-log(0)/2 + sum(0*log(0)*x)", wrt(s: scalar, x: vector[2]))]
struct Nothing;

#[derive(gradsmith::Cost)]
#[cost(quadratic + 0*log(0) + -(0*log(0) + (1 - 0)*log(1 - 0)))]
struct EntropyOfNothing;

/// Constants of a derivative that are out of range together, not with the variable beside them.
#[derive(gradsmith::Objective)]
#[objective("(1e200*s)^2*t", wrt(s: scalar, t: scalar))]
struct Beside;

#[test]
fn what_derivatives_fold_out_of_range_is_not_folded_either() -> Result<(), gradsmith::Error> {
    let (s, t) = (1e-100, 1e-200);
    let mut beside = Beside.prepare()?;
    let (value, gradient) = beside.value_and_gradient(&[s, t])?;
    close([&value, &gradient[0], &gradient[1]], [&1.0, &2e100, &1e200], 1e-14);
    let hessian = beside.hessian(&[s, t])?;
    close([&hessian[[0, 0]], &hessian[[0, 1]]], [&2e200, &2e300], 1e-14);
    let product = beside.hessian_vector_product(&[s, t], &[1e-100, 0.0])?;
    close([&product[0], &product[1]], [&2e100, &2e200], 1e-14);
    Ok(())
}

#[test]
fn a_logarithm_of_0_times_0_is_0() -> Result<(), gradsmith::Error> {
    let mut nothing = Nothing.prepare()?;
    assert_eq!(nothing.value_and_gradient(&[3.0, 1.0, 2.0])?, (3.0, ndarray::array![1.0, 0.0, 0.0]));
    let (a, y) = (ndarray::array![[1.0, 2.0]], ndarray::array![[0.0, 4.0]]);
    assert_eq!(gradsmith::Cost::data(&EntropyOfNothing, a.view(), y.view())?, 2.5);
    Ok(())
}

#[test]
fn what_folds_out_of_range_is_not_folded() -> Result<(), gradsmith::Error> {
    let s = [1e-100];
    let mut huge = Huge.prepare()?;
    close([&huge.value(&s)?, &huge.gradient(&s)?[0]], [&1e200, &2e300], 1e-15);
    let s = [1e200];
    let mut tiny = Tiny.prepare()?;
    close([&tiny.value(&s)?, &tiny.gradient(&s)?[0]], [&1.0, &2e-200], 1e-15);
    let mut several = Several.prepare()?;
    let value = several.value(&[1e-300, -1.0, -1.0])?;
    close([&value], [&1e100], 1e-15);
    let mut like = LikeTerms.prepare()?;
    close([&like.value(&[0.5])?], [&1e308], 1e-15);
    Ok(())
}

#[test]
fn a_bound_may_be_infinite() -> Result<(), gradsmith::Error> {
    let x = [-3.0, 1.0, 5.0];
    let mut problem = Unbounded.prepare(3)?;
    close([&problem.value(&x)?], [&(9.0 + 1.0 + 4.0 + 3.0 + 3.0)], 1e-15);
    close(&problem.gradient(&x)?, &[-6.0 + 2.0, 2.0 + 2.0, 2.0], 1e-15);
    let mut problem = UnboundedByName.prepare(3)?;
    close([&problem.value(&[-3.0, 1.0, 5.0, 7.0])?], [&13.0], 1e-15);
    close(&problem.gradient(&[-3.0, 1.0, 5.0, 7.0])?, &[0.0, 1.0, 1.0, 1.0], 1e-15);
    Ok(())
}
