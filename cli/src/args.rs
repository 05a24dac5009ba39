//! The command line.

use crate::{Failure, commands};
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use std::io::Write;
use std::path::PathBuf;

/// What the command line may be.
pub(crate) fn command() -> Command {
    Command::new("cargo gradsmith")
        .bin_name("cargo gradsmith")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Derivatives of cost functions: explained, expanded to Rust, checked")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(
            Command::new("check").about("Runs reference cases through the compiler and its interpreter").arg(
                Arg::new("files")
                    .value_name("FILE.json")
                    .help("Files of reference cases")
                    .required(true)
                    .action(ArgAction::Append)
                    .num_args(1..)
                    .value_parser(value_parser!(PathBuf)),
            ),
        )
}

/// Runs the command asked for; whether all is well.
pub(crate) fn dispatch(matches: &ArgMatches, out: &mut dyn Write) -> Result<bool, Failure> {
    match matches.subcommand() {
        Some(("check", m)) => {
            let files: Vec<PathBuf> = m.get_many("files").into_iter().flatten().cloned().collect();
            commands::check::run(&files, out)
        }
        _ => Ok(true),
    }
}
