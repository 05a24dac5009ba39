//! A step of 6-64-8-4 by burn.

use burn::tensor::activation::relu;
use burn::tensor::{Device, Distribution, Tensor};

fn main() {
    let device = Device::flex().autodiff();
    let mut weights: Vec<Tensor<2>> = [[6, 64], [64, 8], [8, 4]]
        .map(|shape| Tensor::random(shape, Distribution::Normal(0.0, 0.3), &device).require_grad())
        .into();
    let (x, y) = (Tensor::<2>::ones([32, 6], &device), Tensor::<2>::ones([32, 4], &device));
    let [first, second, third] = [0, 1, 2].map(|k: usize| weights[k].clone());
    let a = relu(relu(x.matmul(first)).matmul(second)).matmul(third);
    let cost = (a - y).square().sum() * (0.5 / 32.0);
    let mut gradients = cost.backward();
    for w in &mut weights {
        if let Some(slope) = w.grad_remove(&mut gradients) {
            *w = Tensor::from_inner(w.clone().inner() - slope * 0.01).require_grad();
        }
    }
    println!("{}", cost.into_scalar::<f32>());
}
