//! How a user pins a derivative of his own: the derivation is text, and insta compares it with the text that was
//! reviewed last. Change the attribute, and the test shows what became of the gradient.

use gradsmith::Cost;
use insta::assert_snapshot;

#[derive(Cost)]
#[cost(pseudo_huber(delta) + l2(lambda))]
#[define("pseudo_huber(d) = d^2 * sum(sqrt(1 + ((a - y)/d).^2) - 1)")]
#[expect(dead_code, reason = "the derivation is read, the fields are not")]
struct MyCost {
    delta: f64,
    lambda: f64,
}

#[test]
fn my_cost_is_derived_as_reviewed() {
    assert_snapshot!(MyCost::DERIVATION, @"");
}
