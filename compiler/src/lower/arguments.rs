//! Matching arguments to parameters.

use super::binder::REDUCERS;
use super::errors::list;
use super::{Lowerer, Reported};
use crate::diag::{Diagnostic, ErrorKind};
use crate::source::Place;
use crate::suggest::did_you_mean;
use crate::syntax::ast::{Arg, Expr, ExprKind};

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
                    let mut d = Diagnostic::new(ErrorKind::TooManyArguments, at, message);
                    d.help = self.surplus_help(function, args, frame);
                    failed = Some(self.report(d));
                    break;
                }
                Some(name) => match params.iter().position(|p| *p == name.name) {
                    Some(slot) => Some(slot),
                    None => {
                        let at = self.place(frame, name.span);
                        let message = format!("`{function}` has no argument called `{}`", name.name);
                        let axis =
                            matches!(name.name.as_str(), "axis" | "dim" | "axes" | "keepdims" | "keepdim");
                        let along = if axis { self.along(function, args, &arg.value, frame) } else { None };
                        let near = did_you_mean(&name.name, params.iter().copied());
                        let help = match (along, near) {
                            (Some(along), _) => along,
                            (None, Some(near)) => format!("did you mean `{near}`?"),
                            (None, None) => {
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

    /// How a function along one axis of a matrix is written, where another tool's name for the axis was
    /// met: axis 0 runs down the columns, 1 (and −1, the last) along the rows.
    fn along(&self, function: &str, args: &[Arg], axis: &Expr, frame: usize) -> Option<String> {
        let place = self.place(frame, args.first()?.value.span);
        let (x, operand) = (self.text(place), self.operand_text(place));
        let rows = match &axis.kind {
            ExprKind::Number(n) if n == "0" => false,
            ExprKind::Number(n) if n == "1" => true,
            ExprKind::Negate(n) if n.kind == ExprKind::Number("1".to_owned()) => true,
            _ => return None,
        };
        let written = match (function, rows) {
            ("sum", true) => format!("`rowsum({x})` for the sum of each row"),
            ("sum", false) => format!("`colsum({x})` for the sum of each column"),
            ("mean", true) => format!("`rowsum({x})`, the sum of each row, over the number of columns"),
            ("mean", false) => format!("`colsum({x})`, the sum of each column, over the number of rows"),
            ("max", true) => format!("`rowmax({x})` for the greatest of each row"),
            ("max", false) => format!("`rowmax(t({x}))` for the greatest of each column"),
            ("min", true) => format!("`-rowmax(-{operand})` for the least of each row"),
            ("min", false) => format!("`-rowmax(-t({x}))` for the least of each column"),
            ("norm2", true) => format!("`sqrt(rowsum({operand}.^2))` for the norm of each row"),
            ("norm2", false) => format!("`sqrt(colsum({operand}.^2))` for the norm of each column"),
            ("logsumexp", true) => format!("`log(rowsum(exp({x})))` for each row"),
            ("softmax", true) => {
                format!("`exp({x}) ./ (rowsum(exp({x})) * vector(1)')` for one softmax a row")
            }
            _ => return None,
        };
        Some(format!("write {written}"))
    }

    /// What a number after the array means elsewhere: an axis, or the base of a logarithm.
    fn surplus_help(&self, function: &str, args: &[Arg], frame: usize) -> Option<String> {
        let [x, more] = args else { return None };
        if function == "log" {
            let [x, base] = [x, more].map(|arg| self.operand_text(self.place(frame, arg.value.span)));
            return Some(format!(
                "write `log({x})/log({base})` for another base; there are `log2` and `log10`"
            ));
        }
        if let ExprKind::Name(index) = &x.value.kind
            && REDUCERS.contains(&function)
            && !self.variables.contains_key(index.as_str())
        {
            let body = self.text(self.place(frame, more.value.span));
            return Some(format!("write `{function}[{index}]({body})`"));
        }
        if !matches!(more.value.kind, ExprKind::Number(_)) {
            return None;
        }
        // MATLAB counts axes from 1, NumPy from 0.
        match function {
            "sum" => Some("write `rowsum(X)` for the sum of each row, `colsum(X)` of each column".to_owned()),
            "mean" => {
                Some("`rowsum(X)` and `colsum(X)` are the sums of each row and of each column".to_owned())
            }
            "norm1" | "norm2" | "norm_inf" => {
                Some("there are `norm1(x)`, `norm2(x)` and `norm_inf(x)`".to_owned())
            }
            _ => None,
        }
    }
}
