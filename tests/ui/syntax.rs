//! Texts that do not parse.

use gradsmith::Cost;

#[derive(Cost)]
#[cost("sum((a - y).^2 / 2")]
struct Unbalanced;

#[derive(Cost)]
#[cost("sum(a - y)) / 2")]
struct UnbalancedClose;

#[derive(Cost)]
#[cost("quadratic + l2(lamda)")]
struct NameInAString {
    lambda: f64,
}

#[derive(Cost)]
#[cost(quadratic + 2s)]
struct Suffix {
    s: f64,
}

#[derive(Cost)]
#[cost("quadratic + 2s")]
struct SuffixInAString {
    s: f64,
}

#[derive(Cost)]
#[cost(quadratic +)]
struct End;

#[derive(Cost)]
#[cost(quadratic + * 2)]
struct TwoOperators;

#[derive(Cost)]
#[cost()]
struct Empty;

#[derive(Cost)]
#[cost("")]
struct EmptyString;

#[derive(Cost)]
#[cost(quadratic l2(0.1))]
struct NoOperator;

#[derive(Cost)]
#[cost(quadratic @ 2)]
struct Character;

#[derive(Cost)]
#[cost(r = a - y; r2 = r.^2;)]
struct NoResult;

#[derive(Cost)]
#[cost(sum[i] a[i])]
struct NoParentheses;

#[derive(Cost)]
#[cost(sum[i = 0..3](a[i]))]
struct NoIn;

#[derive(Cost)]
#[cost("sum(a[1:3])")]
struct Colons;

#[derive(Cost)]
#[cost(quadratic + 1e400)]
struct TooLarge;

#[derive(Cost)]
#[cost(sum(abs(a)**2))]
struct Stars;

#[derive(Cost)]
#[cost("quadratic + a'y")]
struct QuoteWithoutOperator;

#[derive(Cost)]
#[cost(sum((a - y)'y))]
struct QuoteOfALifetime;

fn main() {}
