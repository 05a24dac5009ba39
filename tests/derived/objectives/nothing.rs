//! Data without rows or columns: a sum of nothing is 0 and a norm too; what has no value of nothing is refused
//! before anything is computed.

use gradsmith::{Cost, Error, Objective, Residual};
use ndarray::{Array1, Array2};

/// Structs of the same data, each with a formula, and what each of them says of data of this shape.
macro_rules! of_data {
    ($shape:expr, $($name:ident: $text:literal;)*) => {[$({
        #[derive(gradsmith::Objective)]
        #[objective($text, wrt(w: vector))]
        #[allow(dead_code, reason = "some formulas have no use for y")]
        struct $name {
            X: Array2<f64>,
            y: Array1<f64>,
        }

        let (n, d): (usize, usize) = $shape;
        let data = $name { X: Array2::from_elem((n, d), 0.5), y: Array1::from_elem(n, -1.0) };
        ($text, data.prepare().map(|mut problem| {
            let x = vec![0.25; problem.len()];
            let value = problem.value(&x).expect($text);
            let (again, gradient) = problem.value_and_gradient(&x).expect($text);
            let alone = problem.gradient(&x).expect($text);
            let hessian = problem.hessian(&x).expect($text);
            let product = problem.hessian_vector_product(&x, &x).expect($text);
            assert_eq!((value, &gradient), (again, &alone), "{}", $text);
            assert!(hessian.iter().chain(&product).chain(&gradient).all(|h| h.is_finite()), "{}", $text);
            value
        }))
    }),*]};
}

#[test]
fn sums_and_norms_of_nothing_are_0() {
    for shape in [(0, 3), (0, 0), (4, 0)] {
        let found = of_data!(
            shape,
            LeastSquares: "sum((X*w - y).^2)/2 + sum(w.^2) - sum(w.^2) + 0*sum(y)";
            Norm: "norm2(X*w - y)";
            Squared: "norm2(X*w - y)^2 + norm2(w)^2 - w'*w";
            Absolute: "norm1(X*w - y)";
            Greatest: "norm_inf(X*w - y)";
            GreatestSquare: "norm_inf(X*w - y)^2 + 3*norm_inf(exp(y))";
            Logistic: "sum(log(1 + exp(-y .* (X*w))))";
            Chosen: "sum(where(X*w > 0, X*w, y))";
            Rows: "sum(rowsum(X .* (vector(1)*w'))) + y'*y";
            Columns: "dot(colsum(X)', w') + sum(sqrt(y.^2))";
            Traced: "tr((X*w - y)*(X*w - y)')";
            Products: "w'*X'*X*w + y'*X*w";
        );
        for (text, value) in found {
            let value = value.unwrap_or_else(|e| panic!("{text} of {shape:?}: {e}"));
            assert!(shape.0 > 0 || value == 0.0, "{text} of {shape:?}: {value}");
        }
    }
}

/// What is refused at 0 rows, with the part that has no value.
#[test]
fn what_has_no_value_of_nothing_is_refused_by_its_name() {
    let found = of_data!(
        (0, 3),
        Mean: "mean((X*w - y).^2) + sum(w.^2)";
        MeanOfData: "sum((X*w).^2) + mean(y)";
        MeanOfAll: "sum(X*w)*mean(X)";
        Largest: "max(X*w - y)";
        Least: "min(X*w - y)";
        LogSumExp: "logsumexp(X*w)";
        Softmax: "softmax(X*w)'*y";
        LogSoftmax: "log_softmax(X*w)'*y";
        Within: "log(1 + exp(mean(X*w)))";
        Root: "sqrt(mean((X*w - y).^2))";
        Pieces: "r = X*w - y; sum(r.^2)/2 + max(r)";
    );
    let parts = [
        "mean((X*w - y).^2)",
        "mean(y)",
        "mean(X)",
        "max(X*w - y)",
        "min(X*w - y)",
        "logsumexp(X*w)",
        "softmax(X*w)",
        "log_softmax(X*w)",
        "mean(X*w)",
        "mean((X*w - y).^2)",
        "max(r)",
    ];
    for ((text, result), part) in found.into_iter().zip(parts) {
        let Err(Error::Empty { tensor, axis: 0, expression }) = &result else { panic!("{text}: {result:?}") };
        let named = if part == "mean(y)" { "y" } else { "X" };
        assert_eq!((tensor.as_ref(), expression.as_ref()), (named, part), "{text}");
    }
    let found = of_data!((4, 0), Rows: "sum(rowmax(X)) + sum(X*w)"; Variable: "sum(y) + max(w) + sum(X*w)";);
    for ((text, result), part) in found.into_iter().zip(["rowmax(X)", "max(w)"]) {
        let Err(Error::Empty { tensor, axis: 1, expression }) = &result else { panic!("{text}: {result:?}") };
        assert_eq!((tensor.as_ref(), expression.as_ref()), ("X", part), "{text}");
    }
    let found = of_data!((4, 0), Softmax: "softmax(X*w)'*y"; Mean: "mean((X*w - y).^2)";);
    for (text, result) in found {
        assert!(result.is_ok(), "{text} of four rows: {result:?}");
    }
}

#[derive(gradsmith::Objective)]
#[objective("max(v) + sum(v)", wrt(v: vector))]
struct Alone;

#[derive(gradsmith::Objective)]
#[residual("r - mean(A*v)*vector(1)", wrt(v: vector))]
struct Centred {
    r: Array1<f64>,
    A: Array2<f64>,
}

#[test]
fn a_variable_and_a_residual_are_refused_too() {
    let error = Alone.prepare(0).map(drop).expect_err("no entries");
    assert_eq!(error, Error::Empty { tensor: "v".into(), axis: 0, expression: "max(v)".into() });
    assert_eq!(error.to_string(), "`v` has no rows (axis 0), and `max(v)` of nothing has no value");
    let error = Centred { r: Array1::zeros(3), A: Array2::zeros((0, 2)) }.prepare().map(drop);
    assert_eq!(error, Err(Error::Empty { tensor: "A".into(), axis: 0, expression: "mean(A*v)".into() }));
    let mut none = Centred { r: Array1::zeros(0), A: Array2::ones((2, 2)) }.prepare().expect("two rows");
    assert_eq!((none.value(&[1.0, 2.0]), none.residuals()), (Ok(0.0), 0));
    assert!(none.gradient(&[1.0, 2.0]).is_ok() && none.jacobian(&[1.0, 2.0]).is_ok());
}

#[derive(gradsmith::Cost)]
#[cost(mean((a - y).^2) + lambda*mean(w.^2) + max(abs(b)) + 0.1*sum(w.^2))]
struct Penalised {
    lambda: f64,
}

#[test]
fn a_cost_refuses_tensors_of_nothing() {
    let cost = Penalised { lambda: 0.5 };
    let (w, b) = (Array2::<f64>::zeros((0, 3)), Array1::<f64>::zeros(0));
    let no_rows = Error::Empty { tensor: "w".into(), axis: 0, expression: "mean(w.^2)".into() };
    assert_eq!(cost.weight_penalty(w.view()), Err(no_rows.clone()));
    assert_eq!(cost.d_weight(w.view()).map(drop), Err(no_rows));
    let no_columns = Error::Empty { tensor: "w".into(), axis: 1, expression: "mean(w.^2)".into() };
    assert_eq!(cost.weight_penalty(Array2::zeros((3, 0)).view()), Err(no_columns));
    let no_units = Error::Empty { tensor: "b".into(), axis: 0, expression: "max(abs(b))".into() };
    assert_eq!(cost.bias_penalty(b.view()), Err(no_units.clone()));
    assert_eq!(cost.d_bias(b.view()).map(drop), Err(no_units));
    let none = Array2::zeros((0, 2));
    assert_eq!(cost.data(none.view(), none.view()), Err(Error::EmptyBatch));
    let none = Array2::zeros((2, 0));
    assert_eq!(cost.data(none.view(), none.view()), Err(Error::shape("a", 1, 1, 0)));
}
