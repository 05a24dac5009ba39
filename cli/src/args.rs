//! The command line.

#[cfg(feature = "serve")]
use crate::commands::serve;
use crate::commands::{catalog, check, expand, explain, export};
use crate::{Failure, request::Request};
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use gradsmith_compiler::derivation::{Shown, Steps};
use gradsmith_compiler::{emit, export as engines};
use std::io::Write;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  cargo gradsmith explain 'quadratic + l2(lambda / n)'
  cargo gradsmith explain cross_entropy --network '784 -> 100 sigmoid -> 10 sigmoid'
  cargo gradsmith explain 'norm2(X*w - y)^2 / 2' --var 'X:matrix[n,d]' --var 'y:vector[n]' --wrt w:vector
  cargo gradsmith expand 'categorical_cross_entropy + l2(lambda)' --network '4 -> 8 relu -> 3 softmax'
  cargo gradsmith export 'quadratic + l2(lambda)' --network '784 -> 30 sigmoid -> 10 sigmoid' --to jax -o net.py
  cargo gradsmith explain 'quadratic + l2(lambda)' --format html > page.html
  cargo gradsmith serve
  cargo gradsmith catalog huber
  cargo gradsmith check cases.json";

const KINDS: &str = "\
What EXPR is:
  a cost of activations `a` and targets `y`, written for one example (the cost of a batch is the mean);
  with --network, the cost of that network;
  with --var or --wrt, an objective: any scalar expression over the variables declared.

In a cost, names that nothing declares are hyper-parameters, unless --hyper lists them; the weights are `w`
and the biases `b`, unless --declare names them.";

/// What the command line may be.
pub(crate) fn command() -> Command {
    Command::new("cargo gradsmith")
        .bin_name("cargo gradsmith")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Derivatives of cost functions: explained, expanded to Rust, checked")
        .after_help(EXAMPLES)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(
            subject(Command::new("explain"))
                .about("Shows a cost or objective, its derivatives and the steps to them")
                .arg(
                    Arg::new("format")
                        .long("format")
                        .value_name("FORMAT")
                        .help("How it is written: formulas by themselves, a page (html), or the picture of it (svg)")
                        .value_parser(emit::ALL.iter().map(|t| t.name).chain(["html", "svg"]).collect::<Vec<_>>())
                        .default_value("text"),
                )
                .arg(
                    Arg::new("steps")
                        .long("steps")
                        .value_name("WHICH")
                        .help("How much of the way is shown: all of it, the key steps, or what comes out alone")
                        .value_parser(Steps::NAMED.map(|(name, _)| name))
                        .default_value("all"),
                )
                .arg(
                    Arg::new("entries")
                        .long("entries")
                        .help("Writes out a Hessian that is J'*J + sum[k] r[k]*∂²r[k], block by block")
                        .action(ArgAction::SetTrue),
                ),
        )
        .subcommand(
            subject(Command::new("expand")).about("Prints the Rust that the derive macro makes of it, formatted"),
        )
        .subcommand(exported(subject(Command::new("export"))))
        .subcommand(
            Command::new("serve")
                .about("Shows the page of `explain --format html` live, at an address of this machine alone")
                .long_about(
                    "Shows the page of `explain --format html` live, at http://127.0.0.1:PORT/, as a formula is typed, with \
                     a field for each option of `explain` but `--format`; the address holds what is typed. \
                     Nobody but this machine can reach it, and it needs no network. It takes the feature `serve`. An answer takes a second at most, \
                     or it says that it would take longer.",
                )
                .arg(
                    Arg::new("port")
                        .long("port")
                        .value_name("PORT")
                        .help("At which port; 0 for one that is free")
                        .value_parser(value_parser!(u16))
                        .default_value("8642"),
                ),
        )
        // What `serve` runs for each question, so that it can be ended.
        .subcommand(Command::new("answer").hide(true))
        .subcommand(
            Command::new("catalog")
                .about("Lists losses, penalties, activations and functions, or says more of one")
                .arg(Arg::new("name").value_name("NAME").help("One entry: its definition, domain and kinks")),
        )
        .subcommand(
            Command::new("check")
                .about("Runs files of reference cases through the compiler and its interpreter")
                .long_about(
                    "Runs files of reference cases through the compiler and its interpreter, writes every \
                     disagreement with the figure wanted and the figure got, and last how many cases passed and \
                     failed. Exit code 1 if any failed.",
                )
                .arg(
                    Arg::new("files")
                        .value_name("FILE.json")
                        .help("Objectives, costs, networks, extreme cases, rejects; told apart by their fields")
                        .required(true)
                        .action(ArgAction::Append)
                        .num_args(1..)
                        .value_parser(value_parser!(PathBuf)),
                ),
        )
}

/// How a program for another engine is written.
fn exported(command: Command) -> Command {
    let engines: Vec<&str> = engines::ALL.iter().map(|t| t.name).collect();
    let each: Vec<String> = engines::ALL.iter().map(|t| format!("  {}: {}", t.name, t.says)).collect();
    command
        .about("Writes the same derivative for another engine: NumPy, JAX, XLA by StableHLO")
        .long_about(format!(
            "Writes value, gradient and second derivatives as a program for another engine.\n\n{}",
            each.join("\n")
        ))
        .arg(
            Arg::new("to")
                .long("to")
                .value_name("ENGINE")
                .help("For which engine")
                .required(true)
                .value_parser(engines),
        )
        .arg(
            Arg::new("extents")
                .long("extents")
                .value_name("SIZES")
                .help("How many values indices take, `m=1000,d=20`; of an axis without a name `X_rows=5`, `x_len=3`")
                .action(ArgAction::Append)
                .value_delimiter(','),
        )
        .arg(
            Arg::new("dtype")
                .long("dtype")
                .value_name("TYPE")
                .help("What numbers are")
                .value_parser(["f64", "f32"])
                .default_value("f64"),
        )
        .arg(
            Arg::new("shard")
                .long("shard")
                .value_name("EXTENT=AXIS")
                .help("Divides what has this extent along an axis of a mesh of devices, `m=data` (stablehlo)"),
        )
        .arg(
            Arg::new("devices")
                .long("devices")
                .value_name("COUNT")
                .help("How many devices that axis has")
                .value_parser(value_parser!(usize))
                .default_value("2")
                .requires("shard"),
        )
        .arg(
            Arg::new("output")
                .short('o')
                .long("output")
                .value_name("FILE")
                .help("Where it is written, instead of standard output")
                .value_parser(value_parser!(PathBuf)),
        )
}

/// The arguments that say what is asked about.
fn subject(command: Command) -> Command {
    let option = |id: &'static str, value: &'static str, help: &'static str| {
        Arg::new(id).long(id).value_name(value).help(help).allow_hyphen_values(true)
    };
    command
        .after_help(KINDS)
        .arg(
            Arg::new("expr")
                .value_name("EXPR")
                .help("A cost or an objective, in the cost language")
                .required(true)
                .allow_hyphen_values(true),
        )
        .arg(option(
            "network",
            "NETWORK",
            "`784 -> 100 sigmoid -> 10 softmax`, or definitions that end in `a = ...`",
        ))
        .arg(option(
            "declare",
            "DECLS",
            "Tensors: `x: 784, W: 10 x 784, b: 10` (a network's long form, or a cost's)",
        ))
        .arg(
            option("inputs", "NAMES", "Which declared tensors the data supplies [default: x, x1, x2, ...]")
                .requires("network")
                .action(ArgAction::Append),
        )
        .arg(
            option(
                "hyper",
                "NAMES",
                "Hyper-parameters: `lambda,n`, and `c: vector` with an entry for each output",
            )
            .action(ArgAction::Append),
        )
        .arg(
            option("define", "DEFINITION", "A definition of your own: `name(p = 1) = ...`; may be repeated")
                .action(ArgAction::Append),
        )
        .arg(
            option(
                "var",
                "NAME:SHAPE",
                "A variable of an objective: `X:matrix[n,d]`, `s:scalar`; may be repeated",
            )
            .action(ArgAction::Append)
            .conflicts_with_all(["network", "declare", "hyper"]),
        )
        .arg(
            option("wrt", "NAME[:SHAPE]", "A variable to differentiate by: `w:vector`; may be repeated")
                .action(ArgAction::Append)
                .conflicts_with_all(["network", "declare", "hyper"]),
        )
        .arg(
            option("bounds", "LIMITS", "Limits of an objective's variables: `w >= 0, l <= s <= u`")
                .requires("wrt"),
        )
        .arg(
            option("st", "CONSTRAINT", "What is to hold besides: `sum(w) == 1`, `A*w <= b`; may be repeated")
                .action(ArgAction::Append)
                .requires("wrt"),
        )
        .arg(
            Arg::new("residual")
                .long("residual")
                .help("The expression is a vector r, and stands for sum(r.^2)/2")
                .action(ArgAction::SetTrue)
                .requires("wrt"),
        )
}

/// Runs the command asked for; whether all is well.
pub(crate) fn dispatch(matches: &ArgMatches, out: &mut dyn Write) -> Result<bool, Failure> {
    match matches.subcommand() {
        Some(("explain", m)) => {
            let format = m.get_one::<String>("format").map_or("text", String::as_str);
            let steps = m.get_one::<String>("steps").and_then(|name| Steps::named(name)).unwrap_or_default();
            let shown = Shown { steps, entries: m.get_flag("entries") };
            explain::run(&Request::from_matches(m)?, format, shown, out)
        }
        Some(("expand", m)) => expand::run(&Request::from_matches(m)?, out),
        Some(("export", m)) => {
            let one = |id: &str| m.get_one::<String>(id).map(String::as_str);
            let extents: Vec<String> = m.get_many("extents").into_iter().flatten().cloned().collect();
            let devices = m.get_one::<usize>("devices").copied().unwrap_or(1);
            let options = export::options(&extents, one("dtype").unwrap_or("f64"), one("shard"), devices)?;
            let file = m.get_one::<PathBuf>("output").map(PathBuf::as_path);
            export::run(&Request::from_matches(m)?, one("to").unwrap_or_default(), &options, file, out)
        }
        Some(("serve", m)) => served(m, out),
        #[cfg(feature = "serve")]
        Some(("answer", _)) => serve::answer(out),
        Some(("catalog", m)) => catalog::run(m.get_one::<String>("name").map(String::as_str), out),
        Some(("check", m)) => {
            let files: Vec<PathBuf> = m.get_many("files").into_iter().flatten().cloned().collect();
            check::run(&files, out)
        }
        _ => Ok(true),
    }
}

#[cfg(feature = "serve")]
fn served(matches: &ArgMatches, out: &mut dyn Write) -> Result<bool, Failure> {
    serve::run(matches.get_one::<u16>("port").copied().unwrap_or_default(), out)
}

#[cfg(not(feature = "serve"))]
fn served(_: &ArgMatches, _: &mut dyn Write) -> Result<bool, Failure> {
    Err(Failure::Input(
        "error: this `cargo gradsmith` was built without its server\nhelp: `cargo install cargo-gradsmith --features serve`"
            .to_owned(),
    ))
}
