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
    quartic = sum((a - y).^4) / 4
    C = quartic + l2(lambda)
      quartic:    sum((a - y).^4)/4
                  (of one example; its mean over the m examples of a batch is a part of C)
      l2(lambda): lambda/2 * sum(w.^2)
                  (a penalty: the same for every example, so the mean leaves it as it is)

    what the letters mean
      a, y:  of one example: the activations of the last layer, and the targets
      ∂C/∂w: the partial derivative: only where the letter w itself stands in the formula of C,
             all else held fixed
      dC/dw: the total derivative: also through everything that depends on w, as the activations
             a of a network do
      c:     the cost of one example: what mentions a or y (quartic); C, of a batch of m
             examples, is the mean of their c, whence 1/m, plus the penalties

    ∂c/∂a, by the activations of one example
      quartic:    (a - y).^3
      l2(lambda): 0, because lambda/2 * sum(w.^2) does not mention a
      ∂c/∂a      = (a - y).^3    (∂C/∂a, of a batch, is 1/m of it for each example)

    ∂C/∂w, direct
      quartic:    0, because sum((a - y).^4)/4 does not mention w
      l2(lambda): lambda * w
      ∂C/∂w      = lambda * w    (the direct part of dC/dw, which is put together below)

    ∂C/∂b, direct
      ∂C/∂b = 0    (no term mentions b)

    in a network, where back-propagation meets the direct part
      dC/dw  = ∂C/∂w + 1/m * Σ_examples δ * a_prev'
             = lambda * w + 1/m * Σ_examples δ * a_prev'
      dC/db  = ∂C/∂b + 1/m * Σ_examples δ    (∂C/∂b = 0)
             = 1/m * Σ_examples δ
      δ:      ∂c/∂z of a layer z = w * a_prev + b, for one example: c is written as a function
              of z, all that is computed from z put in, so that the letter z stands in its
              formula
      a_prev: what the layer reads: the activations before it, or the input

    where each term enters
      quartic:      enters through a alone: ∂c/∂a, so every δ, and by δ each dC/dw and dC/db
      l2(lambda):   enters dC/dw directly, as ∂C/∂w; it does not mention a, so ∂c/∂a and every δ
                    are what they are without it
      an optimiser: is handed dC/dw, the penalty's share included; it knows of no penalty, else
                    it would count it twice
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
