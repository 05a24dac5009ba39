//! Subscripts, reducers and builders over indices, blocks: what is read as what, and what is refused.

use super::*;
use crate::syntax::ast::{DeclaredExtent, DeclaredShape, SubscriptKind};

#[test]
fn all_forms_are_read() {
    for (text, canonical) in [
        ("x[ 0 ]", "x[0]"),
        ("X[1,:]", "X[1, :]"),
        ("X[..,i]", "X[:, i]"),
        ("T[i+1, 2*i + k, n - 1-i]", "T[i + 1, 2 * i + k, n - 1 - i]"),
        ("x[0..n]", "x[0..n]"),
        ("x[ 1 .. ]", "x[1..]"),
        ("x[..len(x)-1]", "x[..len(x) - 1]"),
        ("x[a..=b]", "x[a..=b]"),
        ("x[..=2*(n-1)]", "x[..=2 * (n - 1)]"),
        ("x[-(i)..]", "x[-i..]"),
        ("w[p[k]]", "w[p[k]]"),
        ("U[E[k, 0], :]", "U[E[k, 0], :]"),
        ("x[1..][i]", "x[1..][i]"),
        ("X'[i, j]", "X'[i, j]"),
        ("Xᵀ [i, j]'", "X'[i, j]'"),
        ("(A*x)[1]", "(A * x)[1]"),
        ("f(x)[0]", "f(x)[0]"),
        ("-x[0]^2", "-x[0]^2"),
        ("-(x[0]^2)", "-x[0]^2"),
        ("2^x[1]", "2^x[1]"),
        ("x[0].^y[1]", "x[0].^y[1]"),
        ("sum[0]^2", "sum[0]^2"),
        ("sum[i]", "sum[i]"),
        ("(sum)[i]*(x)", "sum[i] * x"),
        ("sum[i](x[i])", "sum[i](x[i])"),
        ("sum [i] (sum[i])", "sum[i](sum[i])"),
        ("sum[i,j in 0..3](X[i,j])", "sum[i, j in 0..3](X[i, j])"),
        ("Σ[α in 1..=n](α)", "Sigma[alpha in 1..=n](alpha)"),
        ("sum[in in 0..3](in)", "sum[in in 0..3](in)"),
        ("x[in]", "x[in]"),
        ("dot[i](x[i])", "dot[i](x[i])"),
        ("vector[i](x[i])[2]'", "vector[i](x[i])[2]'"),
        ("sum[i](x)^2", "sum[i](x)^2"),
        ("[a;b ; c]", "[a; b; c]"),
        ("[a,b;c',d]", "[a, b; c', d]"),
        ("[1, -1][0, 1]", "[1, -1][0, 1]"),
        ("[[a, b]; x']", "[[a, b]; x']"),
        ("f([1; 2], k = [3])", "f([1; 2], k = [3])"),
        ("where(i < 2, x[i], 0)", "where(i < 2, x[i], 0)"),
    ] {
        assert_eq!(parsed(text).to_string(), canonical, "{text}");
        assert_eq!(parsed(canonical).to_string(), canonical);
    }
}

#[test]
fn a_parenthesis_behind_the_brackets_of_a_name_makes_a_binder() {
    let kind = |text| parsed(text).result.kind;
    let ExprKind::Binder(binder) = kind(" sum [i, j in 1 ..n] ( x[i] )") else { panic!("a binder") };
    assert_eq!((binder.function.name.as_str(), binder.function.span), ("sum", Span::new(1, 4)));
    assert_eq!(binder.brackets, Span::new(5, 20));
    let [i, j] = binder.indices.as_slice() else { panic!("two indices") };
    assert_eq!((i.name.name.as_str(), i.name.span, &i.range), ("i", Span::new(6, 7), &None));
    let range = j.range.as_ref().expect("a range");
    assert_eq!((j.name.span, range.span, range.inclusive), (Span::new(9, 10), Span::new(14, 19), false));
    assert_eq!(binder.body.span, Span::new(23, 27));
    // Of anything but a name, brackets are subscripts, whatever follows.
    for text in ["sum[i]", "(sum)[i]", "f(x)[i]", "x[i][j]", "[x; y][i]"] {
        assert!(matches!(kind(text), ExprKind::Subscripted(_)), "{text}");
    }
    for text in ["(sum)[i](x)", "x[i][j](y)", "[x; y][i](x)", "sum[i](x)(y)"] {
        program(text, SourceId::Expression).expect_err(text);
    }
}

#[test]
fn subscripts_know_where_they_stand() {
    let text = "2*(A*x)[ (i) + 1, 1 ..= n, : ]";
    let ExprKind::Chain(_, links) = parsed(text).result.kind else { panic!("a chain") };
    let operand = &links[0].operand;
    let ExprKind::Subscripted(x) = &operand.kind else { panic!("subscripts") };
    let written = |span: Span| &text[span.start..span.end];
    assert_eq!(written(operand.span), "(A*x)[ (i) + 1, 1 ..= n, : ]");
    assert_eq!((written(x.base.span), written(x.brackets)), ("A*x", "[ (i) + 1, 1 ..= n, : ]"));
    let spans: Vec<&str> = x.subscripts.iter().map(|s| written(s.span)).collect();
    assert_eq!(spans, ["(i) + 1", "1 ..= n", ":"]);
    let SubscriptKind::Part(part) = &x.subscripts[1].kind else { panic!("a part") };
    assert_eq!((written(part.span), part.inclusive), ("1 ..= n", true));
    let SubscriptKind::Part(part) = &x.subscripts[2].kind else { panic!("a part") };
    assert!(part.start.is_none() && part.end.is_none() && !part.inclusive);
}

#[test]
fn brackets_are_refused_unbalanced() {
    use ErrorKind::{UnbalancedBracket, UnbalancedParenthesis, UnexpectedEnd};
    refuses(
        program,
        &[
            ("x«[»0", UnbalancedBracket, "add a `]`"),
            ("sum(x«[»1..", UnbalancedBracket, "add a `]`"),
            ("«[»u, v", UnbalancedBracket, "the text ends here"),
            ("sum(«[»u, 2)", UnbalancedBracket, "this `)` does not close it"),
            ("x«[»i)", UnbalancedBracket, ""),
            ("[sum«(»u]", UnbalancedParenthesis, "add a `)`"),
            ("x[0]«]»", UnbalancedBracket, "no `[` is open"),
            ("u + «]»", UnbalancedBracket, ""),
            ("sum(u«]»", UnbalancedBracket, ""),
            ("sum[i]«(»x[i]", UnbalancedParenthesis, "add a `)`"),
            ("x[«»", UnexpectedEnd, "a subscript"),
            ("[u;«»", UnexpectedEnd, ""),
            ("sum[i in 0..3]«»", UnexpectedEnd, "`sum[i in 0..n](x[i])`"),
        ],
    );
}

#[test]
fn subscripts_are_refused() {
    use ErrorKind::{NotWhole, UnexpectedCharacter, UnexpectedToken};
    refuses(
        program,
        &[
            ("x[«]»", UnexpectedToken, "expected a subscript"),
            ("X[0,«]»", UnexpectedToken, "expected a subscript"),
            ("X[«,» 0]", UnexpectedToken, ""),
            ("x[0 «1»]", UnexpectedToken, ""),
            ("x[«/»2]", UnexpectedToken, ""),
            ("x[«1.0»]", NotWhole, "`1`"),
            ("x[i + «0.5»]", NotWhole, "whole"),
            ("x[2*(«1e3» - i)]", NotWhole, "digits"),
            ("x[..-«2.»]", NotWhole, ""),
            ("sum[i in 0..«2.5»](u)", NotWhole, ""),
            ("x[0..=«]»", UnexpectedToken, "`x[0..]`"),
            ("x[0..1«..»2]", UnexpectedToken, "no step"),
            ("x[0«...»3]", UnexpectedToken, "write `..`"),
            ("x[0«…»3]", UnexpectedCharacter, "write `..`"),
            ("x[i «<» 2]", UnexpectedToken, "where"),
            ("X[0«;» 1]", UnexpectedToken, "`,`"),
            ("x[«_»]", UnexpectedToken, "no name"),
            ("u + «_»", UnexpectedToken, "an extent to be found"),
            ("«_» = 2; u", UnexpectedToken, ""),
        ],
    );
}

#[test]
fn parts_of_other_languages_are_told_how_to_be_written() {
    use ErrorKind::{UnexpectedCharacter, UnexpectedToken};
    refuses(
        program,
        &[
            ("y[2«:»4]", UnexpectedToken, "write `2..4`, the end left out, or `2..=4` with its end"),
            ("X[:, 2«:»4]", UnexpectedToken, "`2..4`"),
            ("y[2«:»]", UnexpectedToken, "write `2..`"),
            ("y[2«:»end]", UnexpectedToken, "write `2..`"),
            ("y[:«4»]", UnexpectedToken, "`..4`"),
            ("y[:«-»2]", UnexpectedToken, "`..len(y) - 2`"),
            ("y[1«:»-2]", UnexpectedToken, "`1..len(y) - 2`"),
            ("y[-2«:»]", UnexpectedToken, "`len(y) - 2..`"),
            ("y[:«:»2]", UnexpectedToken, "no step"),
            ("y[0«:»9:2]", UnexpectedToken, "no step"),
            ("M(«:», 1)", UnexpectedToken, "`M[:, 0]`"),
            ("sum(u«:»v)", UnexpectedToken, "a part is `x[0..3]`"),
            ("sum(0«..»3)", UnexpectedToken, "`x[0..3]`"),
            ("u«..»v", UnexpectedToken, ""),
            ("y«{»1}", UnexpectedCharacter, "`y[1]`"),
            ("y_«{»i + 1}", UnexpectedCharacter, "`y[i + 1]`"),
            ("y«₂»", UnexpectedCharacter, "write `[2]` for an entry"),
            ("y«ᵢ»", UnexpectedCharacter, "`[i]`"),
        ],
    );
}

#[test]
fn sums_over_indices_are_refused() {
    use ErrorKind::{IndexExpected, TooManyArguments, UnexpectedCharacter, UnexpectedToken};
    refuses(
        program,
        &[
            ("sum[«]»(u)", UnexpectedToken, "expected an index"),
            ("sum[k,«]»(u)", UnexpectedToken, "expected an index"),
            ("sum[«2»](u)", IndexExpected, "`sum[i in 0..n](...)`"),
            ("sum[k, «k - 1»](u)", IndexExpected, ""),
            ("sum[«(k)»](u)", IndexExpected, ""),
            ("sum[«0..4»](u)", IndexExpected, "`sum[i in 0..4](...)`"),
            ("y[«2»](u)", IndexExpected, "a product takes its `*`"),
            ("sum[k](«)»", UnexpectedToken, "an expression"),
            ("sum[k](u, «v»)", TooManyArguments, "`sum[i](x[i] * y[i])`"),
            ("dot[k](u[k], «v[k]»)", TooManyArguments, "write `sum[k](u[k] * v[k])`"),
            ("sum[k](u, axis = «0»)", TooManyArguments, ""),
            ("sum[k] «u»[k]", UnexpectedToken, "`sum[k](...)`"),
            ("max[k, l] «u»", UnexpectedToken, "`max[k, l](...)`"),
            ("sum[k in 0..2] «u»[k]", UnexpectedToken, "`sum[i in 0..n](x[i])`"),
            ("(y)[k «in» 0..2]", UnexpectedToken, "`sum[i in 0..n](...)`"),
            ("sum[k «0»..2](u)", UnexpectedToken, "write `k in 0..2`"),
            ("sum[k «from» 0..2](u)", UnexpectedToken, "write `k in 0..2`"),
            ("sum[k «=» 0..m](u)", UnexpectedToken, "write `k in 0..m`"),
            ("sum[k«=»1:m](u)", UnexpectedToken, "write `k in 0..m`: indices count from 0"),
            ("sum[k«:» 0..m](u)", UnexpectedToken, "write `k in 0..m`"),
            ("sum[k in 0«:»2](u)", UnexpectedToken, "`k in 0..2`"),
            ("sum[k in 4«]»(u)", UnexpectedToken, "`k in 0..4`"),
            ("sum[k in range(4)«]»(u)", UnexpectedToken, "write `k in 0..4`"),
            ("sum[k in u«]»(u)", UnexpectedToken, "`0..len(u)`"),
            ("sum[k in 1..«]»(u)", UnexpectedToken, "both its ends"),
            ("sum[k in «..»4](u)", UnexpectedToken, "both its ends"),
            ("sum[k in«]»(u)", UnexpectedToken, "both its ends"),
            ("sum[k «∈» 0..2](u)", UnexpectedCharacter, "write `in`"),
            ("sum[k «<» 2](u)", UnexpectedToken, "where"),
            ("sum[«_»](u)", UnexpectedToken, ""),
            ("max(u[k] «for» k in 0..2)", UnexpectedToken, "`max[k in 0..2](...)`"),
            ("[u[k] «for» k in range(2)]", UnexpectedToken, "`vector[k in 0..2](...)`"),
            ("for «k» in 0..2", UnexpectedToken, "`sum[k in 0..2](...)`"),
            ("Σ_k «u»[k]", UnexpectedToken, "`sum[k](...)`"),
            ("Σ(k) «u»[k]", UnexpectedToken, "`sum[k](...)`"),
            ("sum_«{»k=1}^m u", UnexpectedCharacter, "write `sum[k](...)`"),
            ("«∏»[k](u[k])", UnexpectedCharacter, "write `prod`"),
        ],
    );
}

#[test]
fn blocks_are_refused() {
    use ErrorKind::{ConditionOutsideWhere, UnexpectedToken};
    refuses(
        program,
        &[
            ("u + [«]»", UnexpectedToken, "an entry at least"),
            ("[u,«]»", UnexpectedToken, "between entries"),
            ("[u; v;«]»", UnexpectedToken, "between entries"),
            ("[«;» u]", UnexpectedToken, ""),
            ("[u «2»; v 3]", UnexpectedToken, "`,`"),
            ("[u, v\n«w», u]", UnexpectedToken, "rows by `;`"),
            ("[0«:»4]", UnexpectedToken, "`vector[i in 0..4](i)`"),
            ("[u, «v < 1»]", ConditionOutsideWhere, ""),
            ("sum[k](«u[k] < 1»)", ConditionOutsideWhere, ""),
            ("x[(«k < 1»)]", ConditionOutsideWhere, ""),
        ],
    );
}

#[test]
fn tensors_and_whole_numbers_are_declared() {
    use DeclaredExtent::{Constant, Free, Symbol};
    let declared = |text: &str| {
        let mut all = declarations(text, SourceId::Declarations).unwrap_or_else(|e| panic!("`{text}`: {e}"));
        all.pop().expect("a declaration")
    };
    let n = || Symbol("n".to_owned());
    for (text, shape, whole) in [
        ("T: tensor[n, _, 3]", DeclaredShape::Tensor(vec![n(), Free, Constant(3)]), false),
        ("T: 3 x 28 x 29", DeclaredShape::Tensor(vec![Constant(3), Constant(28), Constant(29)]), false),
        ("T: 3x28×29x1", DeclaredShape::Tensor([3, 28, 29, 1].map(Constant).to_vec()), false),
        ("X: 3 x _", DeclaredShape::Matrix(Some((Constant(3), Free))), false),
        ("X: matrix[_, n]", DeclaredShape::Matrix(Some((Free, n()))), false),
        ("x: vector[_]", DeclaredShape::Vector(Some(Free)), false),
        ("p: indices", DeclaredShape::Vector(None), true),
        ("p: indices[n]", DeclaredShape::Vector(Some(n())), true),
        ("E: indices[_, 2]", DeclaredShape::Matrix(Some((Free, Constant(2)))), true),
        ("indices: vector", DeclaredShape::Vector(None), false),
    ] {
        let declaration = declared(text);
        assert_eq!((&declaration.shape, declaration.whole), (&shape, whole), "{text}");
        assert_eq!(declared(&declaration.to_string()).shape, shape, "{declaration}");
    }
    use ErrorKind::{BadExtent, UnexpectedEnd, UnexpectedToken};
    refuses(
        declarations,
        &[
            ("T: «tensor»", UnexpectedToken, "`tensor[n, _, 3]`"),
            ("T: tensor[3, 4«]»", UnexpectedToken, "`,`"),
            ("T: tensor[3, 4, «0»]", BadExtent, ""),
            ("T: tensor[3, 4, 5«»", UnexpectedEnd, "`]`"),
            ("T: tensor[3, 4, «]»", UnexpectedToken, "a number or a name"),
            ("T: symmetric «tensor»[n, n, n]", UnexpectedToken, "matrix"),
            ("T: 3 x 4 «x»", UnexpectedToken, ""),
            ("p: indices[n, m«,» k]", UnexpectedToken, "`]`"),
            ("p: symmetric «indices»", UnexpectedToken, ""),
            ("«_»: vector", UnexpectedToken, "a name"),
            ("x: «index»[n]", UnexpectedToken, "whole numbers are `indices[n]`"),
        ],
    );
}

#[test]
fn brackets_nest_within_limits() {
    for (open, close) in [
        ("[", "]"),
        ("x[", "]"),
        ("", "[..]"),
        ("", "[0]'"),
        ("sum[k](", ")"),
        ("sum[k in 0..x[", "]](x)"),
        ("x[1, 2..", ", :]"),
        ("[1; ", ", 2]"),
    ] {
        let nested = |levels: usize| format!("{}u{}", open.repeat(levels), close.repeat(levels));
        parsed(&nested(20));
        for levels in [MAX_DEPTH + 1, 10_000] {
            let error = program(&nested(levels), SourceId::Expression).expect_err("too deep");
            assert_eq!(error.kind, ErrorKind::TooDeep, "{open}: {error}");
        }
    }
    parsed(&format!("u{}", "[..]".repeat(MAX_DEPTH)));
    // What a subscript holds counts, too.
    let shallow = format!("u[{}u]{}", "-".repeat(80), "[0]".repeat(60));
    let error = program(&shallow, SourceId::Expression).expect_err("too deep");
    assert_eq!(error.kind, ErrorKind::TooDeep);
    for open in ["[", "x[", "x[0, ", "sum[k in 0..x[", "([", "sum[k](x["] {
        let text = format!("{}0", open.repeat(100_000));
        let error = program(&text, SourceId::Expression).expect_err("not closed");
        assert_eq!(error.kind, ErrorKind::UnbalancedBracket, "{open}");
    }
}

#[test]
fn brackets_are_of_limited_length() {
    for text in [
        format!("x[{}0]", "0, ".repeat(100_000)),
        format!("x[{}:]", ":, ".repeat(100_000)),
        format!("x[{}..]", "..,".repeat(100_000)),
        format!("sum[{}k](x)", "k, ".repeat(100_000)),
        format!("[{}0]", "0; ".repeat(100_000)),
    ] {
        let error = program(&text, SourceId::Expression).expect_err("too long");
        assert_eq!(error.kind, ErrorKind::TooLong);
    }
    let declared = format!("T: tensor[{}n]", "n, ".repeat(100_000));
    let error = declarations(&declared, SourceId::Declarations).expect_err("too long");
    assert_eq!(error.kind, ErrorKind::TooLong);
}
