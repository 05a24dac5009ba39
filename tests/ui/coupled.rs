//! What a cost alone cannot keep apart.

use gradsmith::Cost;

#[derive(Cost)]
#[cost(quadratic * sum(w.^2))]
struct ActivationsAndWeights;

#[derive(Cost)]
#[cost(quadratic + norm2(w) * norm2(b))]
struct WeightsAndBiases;

#[derive(Cost)]
#[cost(quadratic + sum(z.^2))]
struct PreActivations;

fn main() {}
