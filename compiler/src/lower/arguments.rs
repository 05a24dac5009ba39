//! Matching arguments to parameters.

use super::errors::list;
use super::{Lowerer, Reported};
use crate::diag::{Diagnostic, ErrorKind};
use crate::source::Place;
use crate::suggest::did_you_mean;
use crate::syntax::ast::{Arg, Expr};

/// How many arguments, in words.
pub(super) fn counted(n: usize) -> String {
    match n {
        0 => "no argument".to_owned(),
        1 => "one argument".to_owned(),
        n => format!("{n} arguments"),
    }
}

impl<'a> Lowerer<'a> {
    /// The argument of each parameter, `None` where its default stands; every mistake of the call is
    /// reported.
    pub(super) fn bind_arguments(
        &mut self,
        function: &str,
        params: &[&str],
        defaults: &[bool],
        args: &'a [Arg],
        place: Place,
        frame: usize,
    ) -> Result<Vec<Option<&'a Expr>>, Reported> {
        let mut bound: Vec<Option<&'a Expr>> = vec![None; params.len()];
        let mut failed = None;
        for (k, arg) in args.iter().enumerate() {
            let slot = match &arg.name {
                None if k < params.len() => Some(k),
                None => {
                    let at = self.place(frame, arg.value.span);
                    let takes = counted(params.len());
                    let message = format!("`{function}` takes {takes}, not {}", args.len());
                    failed = Some(self.report(Diagnostic::new(ErrorKind::TooManyArguments, at, message)));
                    break;
                }
                Some(name) => match params.iter().position(|p| *p == name.name) {
                    Some(slot) => Some(slot),
                    None => {
                        let at = self.place(frame, name.span);
                        let message = format!("`{function}` has no argument called `{}`", name.name);
                        let help = match did_you_mean(&name.name, params.iter().copied()) {
                            Some(near) => format!("did you mean `{near}`?"),
                            None => {
                                let names: Vec<String> = params.iter().map(|p| (*p).to_owned()).collect();
                                format!("its arguments are {}", list(&names))
                            }
                        };
                        let d = Diagnostic::new(ErrorKind::UnknownArgument, at, message).with_help(help);
                        failed = Some(self.report(d));
                        None
                    }
                },
            };
            let Some(slot) = slot else { continue };
            if bound[slot].is_some() {
                let span = arg.name.as_ref().map_or(arg.value.span, |n| n.span);
                let at = self.place(frame, span);
                let message = format!("`{}` of `{function}` is given twice", params[slot]);
                failed = Some(self.report(Diagnostic::new(ErrorKind::DuplicateArgument, at, message)));
            }
            bound[slot] = Some(&arg.value);
        }
        if let Some(reported) = failed {
            return Err(reported);
        }
        let missing: Vec<String> = (0..params.len())
            .filter(|&k| bound[k].is_none() && !defaults[k])
            .map(|k| params[k].to_owned())
            .collect();
        if !missing.is_empty() {
            let message = format!("`{function}` needs {}", list(&missing));
            let help = format!("write `{function}({})`", params.join(", "));
            return Err(
                self.report(Diagnostic::new(ErrorKind::MissingArgument, place, message).with_help(help))
            );
        }
        Ok(bound)
    }
}
