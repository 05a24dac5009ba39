//! A step of 6-64-8-4 by candle.

use candle_core::{DType, Device, Result, Tensor, Var};

fn main() -> Result<()> {
    let cpu = Device::Cpu;
    let weights: Vec<Var> = [(6, 64), (64, 8), (8, 4)]
        .into_iter()
        .map(|shape| Var::randn(0f32, 0.3, shape, &cpu))
        .collect::<Result<_>>()?;
    let (x, y) = (Tensor::ones((32, 6), DType::F32, &cpu)?, Tensor::ones((32, 4), DType::F32, &cpu)?);
    let a = x.matmul(&weights[0])?.relu()?.matmul(&weights[1])?.relu()?.matmul(&weights[2])?;
    let cost = ((a - y)?.sqr()?.sum_all()? * (0.5 / 32.0))?;
    let gradients = cost.backward()?;
    for w in &weights {
        if let Some(slope) = gradients.get(w) {
            w.set(&(w.as_tensor() - (slope * 0.01)?)?)?;
        }
    }
    println!("{}", cost.to_scalar::<f32>()?);
    Ok(())
}
