//! A hundred steps of gradient descent in Rust, and the same network as programs for other engines: what `steps.py`
//! repeats there.
//!
//! `engine_steps OUT` writes, for each precision, a folder with the modules, the data and the parameters before and
//! after.

use gradsmith::optim::{Optimizer, Sgd};
use gradsmith::{Init, Network, Parameters, Rng};
use gradsmith_compiler::export::{self, Options, Precision, Shard, program};
use gradsmith_compiler::front::NetworkText;
use ndarray::Array2;
use serde_json::{Map, Value, json};
use std::error::Error;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::{env, fs};

const NETWORK: &str = "784 -> 30 sigmoid -> 10 softmax";
const COST: &str = "categorical_cross_entropy + l2(lambda)";
const ROWS: usize = 128;
const STEPS: usize = 100;
const RATE: f64 = 0.5;
const LAMBDA: f64 = 1e-3;

/// The book's network of chapter 6, in both precisions.
#[derive(Network)]
#[network(784 -> 30 sigmoid -> 10 softmax)]
#[cost(categorical_cross_entropy + l2(lambda))]
struct Digits<T> {
    lambda: T,
    precision: PhantomData<T>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let out = env::args().nth(1).map(PathBuf::from).ok_or("engine_steps OUT")?;
    let (x, y) = data();
    write::<Digits<f64>>(
        &out.join("f64"),
        &Digits { lambda: LAMBDA, precision: PhantomData },
        Precision::F64,
        (&x, &y),
        |v| v,
    )?;
    write::<Digits<f32>>(
        &out.join("f32"),
        &Digits { lambda: LAMBDA as f32, precision: PhantomData },
        Precision::F32,
        (&x, &y),
        |v| v as f32,
    )
}

/// Images by chance, with labels.
fn data() -> (Array2<f64>, Array2<f64>) {
    let mut rng = Rng::new(7);
    let x = Array2::from_shape_simple_fn((ROWS, 784), || rng.uniform().max(0.5) - 0.5);
    let y = Array2::from_shape_fn((ROWS, 10), |(row, class)| f64::from(u8::from(row * 7 % 10 == class)));
    (x, y)
}

fn write<N: Network>(
    folder: &Path,
    network: &N,
    precision: Precision,
    (x, y): (&Array2<f64>, &Array2<f64>),
    number: impl Fn(f64) -> N::Scalar,
) -> Result<(), Box<dyn Error>>
where
    N::Scalar: Into<f64>,
{
    fs::create_dir_all(folder)?;
    let (inputs, targets) = (x.mapv(&number), y.mapv(&number));
    let mut parameters = N::init(Init::FanIn, 3);
    let before = written(&parameters);
    let mut workspace = network.workspace(ROWS);
    let mut gradient = N::Parameters::zeros();
    let mut sgd = Sgd::new(RATE)?;
    let mut costs = Vec::new();
    for _ in 0..STEPS {
        let cost = network.value_and_gradient(
            &parameters,
            inputs.view(),
            targets.view(),
            &mut workspace,
            &mut gradient,
        )?;
        costs.push(cost.total().into());
        sgd.step(parameters.as_mut_slice(), gradient.as_slice())?;
    }
    let costs: Vec<f64> = costs;
    let text = NetworkText {
        network: NETWORK.to_owned(),
        cost: COST.to_owned(),
        hyper: vec!["lambda".to_owned()],
        ..NetworkText::default()
    };
    let program = program::network(&text).map_err(|e| e.to_string())?;
    let options = Options { extents: [("m".to_owned(), ROWS)].into(), precision, ..Options::default() };
    for target in export::ALL {
        let file = if target.name == "stablehlo" {
            "module.mlir".to_owned()
        } else {
            format!("on_{}.py", target.name)
        };
        fs::write(folder.join(file), (target.write)(&program, &options)?)?;
    }
    let shard = Some(Shard { extent: "m".to_owned(), axis: "data".to_owned(), devices: 2 });
    let sharded = export::target("stablehlo").ok_or("no such target")?;
    fs::write(folder.join("sharded.mlir"), (sharded.write)(&program, &Options { shard, ..options })?)?;
    let case = json!({
        "before": before, "after": written(&parameters), "costs": costs, "steps": STEPS,
        "x": x.iter().collect::<Vec<_>>(), "y": y.iter().collect::<Vec<_>>(), "rows": ROWS,
        "lambda": LAMBDA, "rate": RATE,
    });
    fs::write(folder.join("case.json"), case.to_string())?;
    Ok(())
}

/// Parameters by name.
fn written<P: Parameters>(parameters: &P) -> Value
where
    P::Scalar: Into<f64>,
{
    let mut all = Map::new();
    for tensor in P::TENSORS {
        let length: usize = tensor.shape.iter().product();
        let numbers: Vec<f64> =
            parameters.as_slice()[tensor.offset..][..length].iter().map(|&x| x.into()).collect();
        all.insert(tensor.name.to_owned(), json!({"shape": tensor.shape, "data": numbers}));
    }
    Value::Object(all)
}
