//! How a user pins a derivative of his own: the derivation is text, and insta compares it with the text that
//! was reviewed last. Change the attribute, and the test shows what became of the gradient; `cargo insta
//! review` takes the new one over.

use gradsmith::Cost;
use insta::assert_snapshot;

#[derive(Cost)]
#[cost(quartic + l2(lambda))]
#[define("quartic = sum((a - y).^4) / 4")]
struct MyCost {
    lambda: f64,
}

#[test]
fn my_cost_is_derived_as_reviewed() {
    assert_snapshot!(MyCost::DERIVATION, @r"
    C = quartic + l2(lambda)
      quartic:    sum((a - y).^4)/4    (of one example; the batch's cost is the mean over its m examples)
      l2(lambda): lambda/2 * sum(w.^2)    (a penalty: the same for every example, so the mean leaves it as it is)

    ∂C/∂a, of one example
      quartic:    (a - y).^3
      l2(lambda): 0, because lambda/2 * sum(w.^2) does not mention a
      ∂C/∂a      = (a - y).^3    (times 1/m in the mean over the batch)

    ∂C/∂w, direct
      quartic:    0, because sum((a - y).^4)/4 does not mention w
      l2(lambda): lambda * w
      ∂C/∂w      = lambda * w

    ∂C/∂b, direct
      quartic:    0, because sum((a - y).^4)/4 does not mention b
      l2(lambda): 0, because lambda/2 * sum(w.^2) does not mention b
      ∂C/∂b      = 0

    total derivative by a weight
      dC/dw = δ * a_prev' + ∂C/∂w    (back-propagation adds δ * a_prev' to the direct part)
    ");
}

#[test]
fn and_computes_what_it_says() -> Result<(), gradsmith::Error> {
    let cost = MyCost { lambda: 0.5 };
    let (a, y, w) = (ndarray::array![[3.0, 1.0]], ndarray::array![[1.0, 2.0]], ndarray::array![[4.0]]);
    assert_eq!(cost.d_activation(a.view(), y.view())?, ndarray::array![[8.0, -1.0]]);
    assert_eq!(cost.d_weight(w.view())?, ndarray::array![[2.0]]);
    Ok(())
}
