//! Random programs of a given depth: each step works on the one before, so that `depth` functions stand one
//! inside another, with vectors becoming matrices and scalars and back.

use crate::expression::{BOUNDED, Rng, expression};
use std::fmt::Write;

/// `h1 = ...; h2 = ...; ...` and a scalar of the last; each step is used once or twice by the next.
pub fn deep(rng: &mut Rng, depth: usize) -> String {
    let mut text = String::new();
    let (mut last, mut shape) = ("x".to_owned(), vec![3]);
    for k in 1..=depth {
        let (value, after) = step(rng, &last, &shape);
        let name = format!("h{k}");
        let _ = write!(text, "{name} = {value}; ");
        (last, shape) = (name, after);
    }
    match shape.as_slice() {
        [] => text + &last,
        _ => text + &format!("sum(tanh({last}))"),
    }
}

/// A function of `h`, and its shape. What could grow is held down.
fn step(rng: &mut Rng, h: &str, shape: &[usize]) -> (String, Vec<usize>) {
    let same = shape.to_vec();
    let times = if shape.is_empty() { "*" } else { ".*" };
    // Half of the steps: element by element.
    match rng.below(8) {
        0 | 1 => return (rng.pick(&BOUNDED).replace('@', h), same),
        2 => {
            let other = expression(rng, shape, 1);
            return (format!("0.5*{h} + tanh({other}) {times} {h}"), same);
        }
        3 => {
            let other = expression(rng, shape, 1);
            return (format!("where({h} < 0.2, sin({h}), {h} - 0.2 + sin(0.2)) - tanh({other})"), same);
        }
        _ => {}
    }
    let n = [2, 3][rng.below(2)];
    let mut of = |shape: &[usize]| format!("tanh({})", expression(rng, shape, 1));
    match *shape {
        [] => match n {
            2 => (format!("{h} * {} + {}", of(&[3]), of(&[3])), vec![3]),
            _ => (format!("{h} * {}", of(&[2, 3])), vec![2, 3]),
        },
        [m] => {
            let (vector, matrix, square) = (of(&[m]), of(&[n, m]), of(&[m, m]));
            match rng.below(9) {
                0 => (format!("softmax(2*{h})"), same),
                1 => (format!("{matrix} * {h}"), vec![n]),
                2 => (format!("{h} / (1 + norm2({h}))"), same),
                3 => (format!("solve({square} + 4*eye, {h})"), same),
                4 => (format!("{h} * {h}' / 2"), vec![m, m]),
                5 => (format!("diag({h}) * {matrix}'"), vec![m, n]),
                6 => (format!("log_softmax({h}) / 2"), same),
                7 => (format!("logsumexp({h}) - {h}' * {vector}"), vec![]),
                _ => (format!("{h} - ({vector}' * {h}) * {vector}"), same),
            }
        }
        [m, k] => {
            let (right, vector) = (of(&[k, n]), of(&[k]));
            let next = rng.below(10);
            match next {
                0 => (format!("{h} * {right} / 2"), vec![m, n]),
                1 => (format!("{h}'"), vec![k, m]),
                2 => (format!("{h} * {vector} / 2"), vec![m]),
                3 => (format!("tanh({h} * {h}')"), vec![m, m]),
                4 => (format!("rowsum({h}) / 3"), vec![m]),
                5 => (format!("logdet({h} * {h}' + eye)"), vec![]),
                6 => (format!("norm2({h})^2 / 4"), vec![]),
                7 if m == k => (format!("inv(tanh({h}) + 4*eye)"), same),
                8 if m == k => (format!("diag({h})"), vec![m]),
                9 if m == k => (format!("tr({h} * {right} * {right}') / 4"), vec![]),
                _ => (format!("colsum({h}) / 2"), vec![k]),
            }
        }
        _ => (h.to_owned(), same),
    }
}
