//! A mistake in the attribute is one message: what uses the derived traits gets none of its own.

use gradsmith::{Cost, CostValue, Init, Network};
use ndarray::{Array2, array};

#[derive(Cost)]
#[cost(quadratc + l2(lambda))]
struct C {
    lambda: f64,
}

#[derive(Network)]
#[network(2 -> 1 sigmod)]
#[cost(quadratic)]
struct Net;

#[derive(Network)]
#[network(2 -> 1 sigmoid)]
#[cost(quadratic + l2(lamda))]
struct Generic<T> {
    lambda: T,
}

#[derive(Cost)]
#[cost = "quadratic"]
struct Form<T> {
    lambda: T,
}

fn needs_cost<C: Cost>(_: &C) {}

fn main() {
    let c = C { lambda: 0.1 };
    let a = array![[0.2, 0.7]];
    needs_cost(&c);
    needs_cost(&Form { lambda: 0.1 });
    let d: Array2<f64> = c.d_activation(a.view(), a.view()).unwrap();
    println!("{} {d}", C::DERIVATION);

    let mut p: NetParameters = Net::init(Init::FanIn, 1);
    let mut ws: NetWorkspace = Net.workspace(1);
    let mut g = NetParameters::zeros();
    let v: CostValue<f64> = Net.value_and_gradient(&p, a.view(), a.view(), &mut ws, &mut g).unwrap();
    p.as_mut_slice()[0] += v.total() + p.w1()[[0, 0]];
    println!("{}", Net::DERIVATION);

    let generic = Generic { lambda: 1.0_f64 };
    let p = Generic::<f64>::init(Init::FanIn, 1);
    let mut ws = generic.workspace(1);
    generic.value(&p, a.view(), a.view(), &mut ws).unwrap();
}
