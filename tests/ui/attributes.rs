//! Attributes of a wrong form.

use gradsmith::{Cost, Network};

#[derive(Cost)]
struct NoCost;

#[derive(Network)]
#[cost(quadratic)]
struct NoNetwork;

#[derive(Network)]
#[network(3 -> 2 sigmoid)]
struct NetworkWithoutCost;

#[derive(Network)]
struct NeitherOfThem;

#[derive(Cost)]
#[cost]
struct NoParentheses;

#[derive(Cost)]
#[cost = "quadratic"]
struct NameValue;

#[derive(Cost)]
#[cost(quadratic)]
#[cost(l2(0.1))]
struct TwoCosts;

#[derive(Network)]
#[network(3 -> 2 sigmoid)]
#[network(2 -> 1 sigmoid)]
#[cost(quadratic)]
struct TwoNetworks;

#[derive(Cost)]
#[cost(quadratic)]
#[gradsmith(krate = ::gradsmith)]
struct Krate;

#[derive(Cost)]
#[cost(quadratic)]
#[gradsmith]
struct EmptyGradsmith;

#[derive(Cost)]
#[cost(quadratic)]
#[gradsmith(crate = "gradsmith")]
struct CrateInAString;

#[derive(Cost)]
#[cost(quadratic)]
#[define]
struct EmptyDefine;

#[derive(Cost)]
#[cost("quadratic", "l2(0.1)")]
struct TwoStrings;

#[derive(Cost)]
#[cost("quadratic" + l2(0.1))]
struct HalfAString;

#[derive(Cost)]
#[cost(quadratic)]
#[network(3 -> 2 sigmoid)]
struct NetworkOfACost;

#[derive(Cost)]
#[cost(quadratic)]
#[gradsmith(weighted)]
struct WeightedCost;

#[derive(Network)]
#[network("a = sigmoid(U*u + V*v)", inputs(u, v), u: 2, v: 3, U: 2 x 2, V: 2 x 3)]
#[cost(quadratic)]
#[gradsmith(weighted)]
#[allow(non_snake_case)]
struct WeightedInputs;

fn main() {}
