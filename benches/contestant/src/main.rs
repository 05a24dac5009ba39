//! `peers [W1 ... W12]`: times the workloads named, or all, and prints a line of JSON for each.

use gradsmith::{Error, parallel};
use peers::{clock, indices, networks, objectives};

/// Measures one workload and prints its lines.
type Workload = fn() -> Result<(), Error>;

fn main() -> Result<(), Error> {
    parallel::set_threads(clock::threads());
    let named: Vec<String> = std::env::args().skip(1).collect();
    let wanted = |name: &str| named.is_empty() || named.iter().any(|n| n == name);
    let workloads: [(&str, Workload); 11] = [
        ("W1", networks::w1),
        ("W2", networks::w2),
        ("W3", networks::w3),
        ("W4", networks::w4),
        ("W5", || objectives::w5::<f32>().and_then(|()| objectives::w5::<f64>())),
        ("W6", || objectives::w6::<f32>().and_then(|()| objectives::w6::<f64>())),
        ("W7", || objectives::w7::<f32>().and_then(|()| objectives::w7::<f64>())),
        ("W8", objectives::w8),
        ("W10", || indices::w10::<f32>().and_then(|()| indices::w10::<f64>())),
        ("W11", indices::w11),
        ("W12", || indices::w12::<f32>().and_then(|()| indices::w12::<f64>())),
    ];
    for (name, run) in workloads {
        if wanted(name) {
            run()?;
        }
    }
    Ok(())
}
