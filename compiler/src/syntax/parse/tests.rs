//! Refusals by (class, span), a table each; what is accepted, by how it prints; and the limits.
//!
//! In the tables `«` and `»` enclose the span that the error must have; `""` asks for no way out in
//! particular.

mod indices;

use super::*;
use crate::syntax::ast::{Expr, ExprKind};

/// The text without its marks, and what they enclose.
fn unmark(marked: &str) -> (String, Span) {
    let start = marked.find('«').expect("a start");
    let end = marked.find('»').expect("an end") - '«'.len_utf8();
    (marked.replace(['«', '»'], ""), Span::new(start, end))
}

type Row<'a> = (&'a str, ErrorKind, &'a str);

fn refuses<T: std::fmt::Debug>(parser: fn(&str, SourceId) -> Result<T, Diagnostic>, rows: &[Row<'_>]) {
    for (marked, kind, way_out) in rows {
        let (text, span) = unmark(marked);
        let error = parser(&text, SourceId::Define(7)).expect_err(&text);
        assert_eq!((error.kind, error.place.span), (*kind, span), "`{text}`: {error}");
        assert_eq!(error.place.source, SourceId::Define(7));
        assert!(error.text().contains(way_out), "`{text}`: {error}");
        let first = error.message.chars().next();
        assert!(!error.message.ends_with('.') && !first.is_some_and(char::is_uppercase), "{error}");
    }
}

fn parsed(text: &str) -> Program {
    program(text, SourceId::Expression).unwrap_or_else(|error| panic!("`{text}`: {error}"))
}

#[test]
fn incomplete_programs_are_refused_where_they_end() {
    use ErrorKind::{Empty, MissingResult, UnbalancedParenthesis, UnexpectedEnd, UnexpectedToken};
    refuses(
        program,
        &[
            ("«»", Empty, ""),
            ("« \n\t»", Empty, ""),
            ("exp«(»u", UnbalancedParenthesis, "add a `)`"),
            ("u * «(»u + (v)", UnbalancedParenthesis, "add a `)`"),
            ("f(u, «(»v", UnbalancedParenthesis, ""),
            ("mean(u)«)»", UnbalancedParenthesis, ""),
            ("u + «)»", UnbalancedParenthesis, ""),
            ("u - «»", UnexpectedEnd, "an expression"),
            ("u ./«»", UnexpectedEnd, ""),
            ("exp(«»", UnexpectedEnd, ""),
            ("p =«»", UnexpectedEnd, ""),
            ("p = u«»", MissingResult, "`; p`"),
            ("p = 2*u;«»", MissingResult, ""),
            ("p = u; q = v;  «»", MissingResult, "`; q`"),
            ("p = «;» u", UnexpectedToken, "an expression"),
            ("p = u;«;» p", UnexpectedToken, ""),
            ("u«;»", UnexpectedToken, "takes no `;`"),
            ("u«;» v", UnexpectedToken, "only the last"),
        ],
    );
}

#[test]
fn misplaced_tokens_are_refused_where_they_stand() {
    use ErrorKind::UnexpectedToken;
    refuses(
        program,
        &[
            ("«/» u", UnexpectedToken, "expected an expression, found `/`"),
            ("u - «*» u", UnexpectedToken, ""),
            ("exp(u -«)»", UnexpectedToken, ""),
            ("u * («)»", UnexpectedToken, ""),
            ("max(u,«,» v)", UnexpectedToken, ""),
            ("max(«,» u)", UnexpectedToken, ""),
            ("max(u,«)»", UnexpectedToken, ""),
            ("max(u«;» v)", UnexpectedToken, ""),
            ("u«,» v", UnexpectedToken, "separates arguments"),
            ("u - v «=» 1", UnexpectedToken, "`==`"),
            ("u = «=» v", UnexpectedToken, ""),
            ("u «->» v", UnexpectedToken, ""),
            ("«'»u", UnexpectedToken, "after what it transposes"),
            ("u«.'»", UnexpectedToken, "write `'`"),
            ("u «.+» v", UnexpectedToken, "write `+`"),
            ("u «**» 3", UnexpectedToken, "write `u^3` for numbers, `u.^3` entry by entry"),
            ("(u + 1)«**»2", UnexpectedToken, "write `^` for a number, `.^` entry by entry"),
            ("w«.»T*x", UnexpectedToken, "the transpose of `w` is `w'` in a string, `t(w)` anywhere"),
            ("(A*B) «.» T", UnexpectedToken, "the transpose of `A` is `A'` in a string, `t(A)` anywhere"),
            ("np«.»exp(x)", UnexpectedToken, "leave `np.` out: write `exp(...)`"),
            (
                "sum(np «.» power(x, 2))",
                UnexpectedToken,
                "leave `np.` out: write `x^y` for numbers, `x.^y` entry by entry",
            ),
            ("np«.»linalg.norm(x)", UnexpectedToken, "leave `np.` out: write `norm2(...)`"),
            ("np«.»cummax(x)", UnexpectedToken, "leave `np.` out: there is no `cummax` here"),
            ("math«.»pi*x", UnexpectedToken, "leave `math.` out: write `pi`"),
            ("x«.»sum()", UnexpectedToken, "functions stand before what they are of: write `sum(x)`"),
            ("x«.»dot(y)", UnexpectedToken, "functions stand before what they are of: write `dot(x, ...)`"),
            ("self«.»lambda*x", UnexpectedToken, "write `lambda`: fields are known by their names"),
            ("X*w «=» y", UnexpectedToken, "how far `u` is from `v` is `u - v`"),
            ("u«.» v", UnexpectedToken, ""),
        ],
    );
}

#[test]
fn a_forgotten_operator_is_offered() {
    use ErrorKind::UnexpectedToken;
    refuses(
        program,
        &[
            ("1«..»2", UnexpectedToken, "`x[0..3]`"),
            ("3«u»", UnexpectedToken, "write `3 * u`"),
            ("u «v»", UnexpectedToken, "write `u * v`"),
            ("u «7»", UnexpectedToken, "write `u * 7`"),
            ("2 «pi»", UnexpectedToken, "write `2 * pi`"),
            ("(u)«(»v)", UnexpectedToken, "write `*`"),
            ("exp(u) «v»", UnexpectedToken, "write `*`"),
            ("exp(u «v»)", UnexpectedToken, "write `u * v`"),
            ("p = u + 2 «p»", UnexpectedToken, "end the definition with `;`"),
            ("p = 1 «q» = 2; p", UnexpectedToken, "`;`"),
        ],
    );
}

#[test]
fn foreign_characters_are_refused_with_the_spelling_here() {
    use ErrorKind::UnexpectedCharacter;
    refuses(
        program,
        &[
            ("u «@» v", UnexpectedCharacter, "`*`"),
            ("u «#» v", UnexpectedCharacter, ""),
            ("M «\\» u", UnexpectedCharacter, "solve"),
            ("u «%» 3", UnexpectedCharacter, ""),
            ("«{»u}", UnexpectedCharacter, "`(`"),
            ("u - «\"»w\"", UnexpectedCharacter, ""),
            ("where(u «!=» v, 0, 1)", UnexpectedCharacter, "=="),
            ("where(u > 0 «&&» v > 0, 0, 1)", UnexpectedCharacter, "where"),
            ("where(u > 0 «||» v > 0, 0, 1)", UnexpectedCharacter, "where"),
            ("«|»u|", UnexpectedCharacter, "abs"),
            ("u «?» v : u", UnexpectedCharacter, "where"),
            ("u «−» v", UnexpectedCharacter, "`-`"),
            ("u «×» v", UnexpectedCharacter, "`*`"),
            ("u «·» v", UnexpectedCharacter, "`*`"),
            ("u «÷» v", UnexpectedCharacter, "`/`"),
            ("u«’»*v", UnexpectedCharacter, "`'`"),
            ("u«³»", UnexpectedCharacter, "`^3`"),
            ("U«⁻¹»", UnexpectedCharacter, "`^-1`"),
            ("u «≤» v", UnexpectedCharacter, "`<=`"),
            ("u «－» v", UnexpectedCharacter, "`-`"),
            ("«ｕ»", UnexpectedCharacter, "`u`"),
            ("exp(«\u{443}»)", UnexpectedCharacter, "`y`"),
            ("u«\u{435}»", UnexpectedCharacter, "`e`"),
            ("u«\u{200b}»", UnexpectedCharacter, "U+200B"),
            ("«\u{feff}»u", UnexpectedCharacter, "invisible"),
            ("p = u«\u{37e}» p", UnexpectedCharacter, "`;`"),
            ("«é»", UnexpectedCharacter, "Greek"),
            ("u «→» v", UnexpectedCharacter, "`->`"),
        ],
    );
}

#[test]
fn bad_numbers_are_refused_whole() {
    use ErrorKind::{BadNumber, NumberOutOfRange};
    refuses(
        program,
        &[
            ("u + «3.1.4»", BadNumber, ""),
            ("u + «2e-»", BadNumber, "digits"),
            ("«10_000»", BadNumber, "`_`"),
            ("«2e308» * u", NumberOutOfRange, "large"),
            ("«1e-400»", NumberOutOfRange, "small"),
        ],
    );
    for digits in ["7".repeat(400), "1".repeat(300_000), format!("0.{}1", "0".repeat(2_000))] {
        let error = program(&format!("{digits}*u"), SourceId::Expression).expect_err("too many digits");
        assert_eq!((error.kind, error.place.span), (NumberOutOfRange, Span::new(0, digits.len())));
        assert!(error.message.len() < 100, "{error}");
    }
}

#[test]
fn conditions_and_arguments_are_refused_out_of_place() {
    use ErrorKind::{
        ConditionExpected, ConditionOutsideWhere, DuplicateArgument, PositionalAfterNamed, UnexpectedToken,
    };
    refuses(
        program,
        &[
            ("exp(«u > v»)", ConditionOutsideWhere, "where"),
            ("«u == v»", ConditionOutsideWhere, ""),
            ("1 + («u < v»)", ConditionOutsideWhere, ""),
            ("p = «u < v»; where(p, 0, 1)", ConditionOutsideWhere, ""),
            ("where(u < v, «u < v», 1)", ConditionOutsideWhere, ""),
            ("where(«u», 0, 1)", ConditionExpected, "compare"),
            ("where(u < v «<» 1, 0, 1)", UnexpectedToken, "where"),
            ("clip(u, hi = 1, «hi» = 2)", DuplicateArgument, "first"),
            ("clip(lo = 0, «-u», hi = 1)", PositionalAfterNamed, "name it"),
        ],
    );
}

#[test]
fn definitions_are_refused() {
    use ErrorKind::{DefinitionExpected, Empty, MissingResult, UnexpectedEnd, UnexpectedToken};
    refuses(
        definition,
        &[
            ("«»", Empty, ""),
            (" «mean(a)»  ", DefinitionExpected, "name = expression"),
            ("«a == y»", DefinitionExpected, ""),
            ("«2*a»", DefinitionExpected, ""),
            ("«2» = a", UnexpectedToken, "a name"),
            ("foo(m) =«»", UnexpectedEnd, ""),
            ("foo(«3») = a", UnexpectedToken, "parameter"),
            ("foo(m «n») = a", UnexpectedToken, ""),
            ("foo(m,«)» = a", UnexpectedToken, ""),
            ("foo(m = 1) = r = a;«»", MissingResult, ""),
        ],
    );
}

#[test]
fn networks_are_refused() {
    use ErrorKind::{BadExtent, Empty, MissingOutput, UnexpectedCharacter, UnexpectedEnd, UnexpectedToken};
    refuses(
        network,
        &[
            ("« »", Empty, ""),
            ("8«»", UnexpectedEnd, "`->`"),
            ("8 ->«»", UnexpectedEnd, "units"),
            ("8 -> 5«»", UnexpectedEnd, "linear"),
            ("8 -> 5 tanh -> «»", UnexpectedEnd, ""),
            ("8 -> «tanh»", UnexpectedToken, "`-> 10 tanh`"),
            ("«->» 5 tanh", UnexpectedToken, "inputs"),
            ("«x» -> 5 tanh", UnexpectedToken, "inputs"),
            ("8 -> 5 tanh «relu»", UnexpectedToken, ""),
            ("8 -> 5 «->» 2 tanh", UnexpectedToken, "linear"),
            ("8 «→» 5 tanh", UnexpectedCharacter, "`->`"),
            ("«0» -> 5 tanh", BadExtent, ""),
            ("8 -> «0» tanh", BadExtent, ""),
            ("8 -> «5.5» tanh", BadExtent, "whole number"),
            ("8 -> «-5» tanh", BadExtent, ""),
            ("8 -> «99999999999999999999999» tanh", BadExtent, ""),
            ("«W*x»", MissingOutput, "`a = ...`"),
            ("h = W*x; «V*h»", MissingOutput, "`a`"),
            ("h = W*x «a» = h", UnexpectedToken, "`;`"),
        ],
    );
}

#[test]
fn declarations_are_refused() {
    use ErrorKind::{BadExtent, UnexpectedEnd, UnexpectedToken};
    refuses(
        declarations,
        &[
            ("«w»", UnexpectedToken, "`w: vector`"),
            ("u: 3, «w», v: 2", UnexpectedToken, "shape"),
            ("w:«»", UnexpectedEnd, "a shape"),
            ("w: «n»", UnexpectedToken, "vector[n]"),
            ("w: symmetric «vector»", UnexpectedToken, "matrix"),
            ("w: «0»", BadExtent, ""),
            ("w: 3 x «1.5»", BadExtent, ""),
            ("w: matrix[3«]»", UnexpectedToken, "`,`"),
            ("w: vector[3«,» 4]", UnexpectedToken, "`]`"),
            ("w: vector[3«»", UnexpectedEnd, "`]`"),
            ("w: 3 «v»: 4", UnexpectedToken, "`,`"),
            ("w: 3,«,» v: 4", UnexpectedToken, "a name"),
            ("w «=» 3", UnexpectedToken, "`:`"),
        ],
    );
}

#[test]
fn precedence_is_that_of_the_language() {
    for (text, explicit) in [
        ("-x.^2", "-(x.^2)"),
        ("-x*y", "(-x)*y"),
        ("x*-y", "x*(-y)"),
        ("--x", "-(-x)"),
        ("2^-x^2", "2^(-(x^2))"),
        ("x^y^z", "x^(y^z)"),
        ("x.^y'", "x.^(y')"),
        ("x - y - z", "(x - y) - z"),
        ("x/y*z", "(x/y)*z"),
        ("x*y + z./w", "(x*y) + (z./w)"),
        ("x''", "(x')'"),
        ("xᵀ*y", "x'*y"),
        ("x ⊙ y ⊘ z", "x .* y ./ z"),
        ("1./x", "1 ./ x"),
        ("2.^x", "2 .^ x"),
        ("3.*x", "3 .* x"),
        ("1.5.*x", "1.5 .* x"),
        ("where((x < y), 1, 2)", "where(x < y, 1, 2)"),
        ("f (x)", "f(x)"),
    ] {
        assert_eq!(parsed(text).to_string(), parsed(explicit).to_string(), "{text}");
    }
    for (text, other) in [("x - (y - z)", "x - y - z"), ("(x^y)^z", "x^y^z"), ("(-x)^2", "-x^2")] {
        assert_ne!(parsed(text).to_string(), parsed(other).to_string(), "{text}");
    }
}

#[test]
fn greek_letters_are_their_names() {
    for (text, name) in [
        ("λ", "lambda"),
        ("λ_1", "lambda_1"),
        ("σ2", "sigma2"),
        ("dα", "dalpha"),
        ("π", "pi"),
        ("ς", "sigma"),
        ("Σ", "Sigma"),
        ("Λ", "Lambda"),
        ("Ω0", "Omega0"),
        ("ϵ", "epsilon"),
        ("\u{b5}", "mu"),
        ("\u{2126}", "Omega"),
        ("_x9", "_x9"),
    ] {
        assert_eq!(parsed(text).result.kind, ExprKind::Name(name.to_owned()), "{text}");
    }
    let letters = ('α'..='ω').filter_map(greek_name).chain(('Α'..='Ω').filter_map(greek_name));
    assert_eq!(letters.count(), 25 + 24);
}

#[test]
fn numbers_have_one_spelling() {
    for (text, number) in [
        ("0", "0"),
        ("1.0", "1"),
        ("5.", "5"),
        (".5", "0.5"),
        ("00.10", "0.1"),
        ("1E-03", "1e-3"),
        ("2.50e+04", "2.5e4"),
        ("7e0", "7"),
        ("0e999999999999", "0"),
        ("3.141592653589793238462643383279", "3.141592653589793238462643383279"),
    ] {
        assert_eq!(parsed(text).result.kind, ExprKind::Number(number.to_owned()), "{text}");
    }
}

#[test]
fn spans_cover_what_was_written() {
    let spans = |text: &str, pick: fn(&Expr) -> Span| {
        let span = pick(&parsed(text).result);
        text[span.start..span.end].to_owned()
    };
    assert_eq!(spans("  (u + v)*w ", |e| e.span), "(u + v)*w");
    assert_eq!(spans(" ((u + v)) ", |e| e.span), "u + v");
    assert_eq!(spans("-(u)^2", |e| e.span), "-(u)^2");
    assert_eq!(spans("(u)' ", |e| e.span), "(u)'");
    assert_eq!(spans("f(u, k = (2) ) ", |e| e.span), "f(u, k = (2) )");
    let operator = |e: &Expr| match &e.kind {
        ExprKind::Chain(_, links) => links[0].op_span,
        ExprKind::Power(power) => power.op_span,
        _ => e.span,
    };
    assert_eq!(spans("λ ⊙ v", operator), "⊙");
    assert_eq!(spans("u .^ v", operator), ".^");
    let declared = declarations("S: symmetric matrix[n, n]", SourceId::Declarations).expect("a declaration");
    assert_eq!(declared[0].shape_span, Span::new(3, 25));
}

#[test]
fn nesting_is_limited_not_the_stack() {
    for (open, close) in [
        ("(", ")"),
        ("sin(", ")"),
        ("-", ""),
        ("u^", ""),
        ("u^-", ""),
        ("", "'"),
        ("where(u < 1, u, ", ")"),
        ("1 + 2*-(", ")'"),
    ] {
        let nested = |levels: usize| format!("{}u{}", open.repeat(levels), close.repeat(levels));
        parsed(&nested(20));
        for levels in [MAX_DEPTH + 1, 10_000] {
            let error = program(&nested(levels), SourceId::Expression).expect_err("too deep");
            assert_eq!(error.kind, ErrorKind::TooDeep, "{open}: {error}");
        }
    }
    parsed(&format!("{}u{}", "(".repeat(MAX_DEPTH), ")".repeat(MAX_DEPTH)));
    // A missing parenthesis is the plainer reason.
    let error = program(&format!("{}u", "(".repeat(100_000)), SourceId::Expression).expect_err("not closed");
    assert_eq!(error.kind, ErrorKind::UnbalancedParenthesis);
    // Each atom is shallow; together they are not.
    let shallow = format!("{}u{}", "(".repeat(100), ")''''''''".repeat(100));
    assert_eq!(program(&shallow, SourceId::Expression).map_err(|e| e.kind), Err(ErrorKind::TooDeep));
}

#[test]
fn length_is_limited() {
    let too_long = [
        program(&format!("{}u", "u + ".repeat(250_000)), SourceId::Expression).err(),
        program(&format!("{}q", "q = q; ".repeat(100_000)), SourceId::Expression).err(),
        program(&format!("f({}u)", "u, ".repeat(100_000)), SourceId::Expression).err(),
        definition(&format!("f({}u) = u", "u, ".repeat(100_000)), SourceId::Define(0)).err(),
        network(&format!("1{}", " -> 1 tanh".repeat(100_000)), SourceId::Network).err(),
        declarations(&"x: 3, ".repeat(100_000), SourceId::Declarations).err(),
    ];
    for error in too_long {
        assert_eq!(error.map(|e| e.kind), Some(ErrorKind::TooLong));
    }
}

#[test]
fn a_megabyte_of_anything_is_read_once() {
    let start = std::time::Instant::now();
    for piece in [
        "§",
        "'",
        ")",
        ",",
        "^",
        ".",
        " ",
        "* ",
        "s ",
        "f(,",
        "1e1",
        "\u{200b}",
        "[",
        "]",
        "x[",
        "x[0]",
        "[0",
        "..",
        ":",
        "x[:",
        "sum[i](",
        "sum[i] x ",
        "[1 ",
        "x[i in 0..",
        "x_{",
    ] {
        let text = piece.repeat(1_000_000 / piece.len());
        assert!(program(&text, SourceId::Expression).is_err(), "{piece}");
        assert!(definition(&text, SourceId::Define(0)).is_err(), "{piece}");
        assert!(network(&text, SourceId::Network).is_err(), "{piece}");
    }
    // Generous: what is quadratic takes minutes.
    assert!(start.elapsed().as_secs() < 20);
}
