//! Random objectives and residuals, by the derive.

use super::{Derived, Drawn};
use crate::compiled::cases::{field, messages};
use crate::compiled::plans::{self, slice};
use crate::compiled::{Module, Outcome};
use cargo_gradsmith::cases::{Named, Tensor};
use gradsmith_compiler::codegen;
use gradsmith_compiler::derive::derive_objective;
use gradsmith_compiler::front::{ObjectiveText, declaration};
use gradsmith_compiler::ir::NodeId;
use gradsmith_compiler::pipeline::ObjectiveProgram;
use gradsmith_compiler::syntax::ast::{Declaration, DeclaredExtent, DeclaredShape};
use gradsmith_test_support::expression::Rng;
use gradsmith_test_support::formula::{Declared, Formula};
use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};

/// The precision of a struct, and of what is computed with it.
#[derive(Clone, Copy, PartialEq)]
enum Precision {
    Double,
    Single,
    /// A type parameter, in either.
    Generic(bool),
}

impl Precision {
    fn single(self) -> bool {
        matches!(self, Self::Single | Self::Generic(true))
    }

    fn field(self) -> TokenStream {
        match self {
            Self::Double => quote!(f64),
            Self::Single => quote!(f32),
            Self::Generic(_) => quote!(T),
        }
    }

    fn number(self) -> TokenStream {
        if self.single() { quote!(f32) } else { quote!(f64) }
    }

    /// What is lost anyway: (relative to the largest entry, relative to each number given).
    fn within(self) -> (f64, f64) {
        if self.single() { (1e-4, 2e-6) } else { (1e-9, 1e-14) }
    }
}

/// A field of the struct.
struct Field {
    declared: Declaration,
    ty: TokenStream,
    value: TokenStream,
    borrows: bool,
}

fn data_field(rng: &mut Rng, of: &Declared, tensor: &Tensor, precision: Precision) -> Field {
    let (t, number) = (precision.field(), precision.number());
    let data = slice(&tensor.data);
    let constant = DeclaredExtent::Constant;
    let (shape, ty, value, borrows) = match *of.shape.as_slice() {
        [] if rng.below(4) == 0 => {
            let value = plans::number(tensor.data[0]);
            (DeclaredShape::Scalar, quote!(&'a #t), quote!(&#value), true)
        }
        [] => (DeclaredShape::Scalar, t, plans::number(tensor.data[0]), false),
        [n] => {
            let length = Literal::usize_unsuffixed(n);
            match rng.below(4) {
                0 => (DeclaredShape::Vector(None), quote!(Vec<#t>), quote!((#data).to_vec()), false),
                1 => {
                    let view = quote!(::gradsmith::__private::ArrayView1);
                    (
                        DeclaredShape::Vector(None),
                        quote!(#view<'a, #t>),
                        quote!(#view::from(::core::convert::identity::<&[#number]>(#data))),
                        true,
                    )
                }
                2 => (DeclaredShape::Vector(Some(constant(n))), quote!([#t; #length]), quote!(*#data), false),
                _ => (DeclaredShape::Vector(None), quote!(&'a [#t]), data, true),
            }
        }
        [rows, cols, ..] => {
            let (rows, cols) = (Literal::usize_unsuffixed(rows), Literal::usize_unsuffixed(cols));
            let view = quote!(::gradsmith::__private::matrix(#data, #rows, #cols));
            let rt = quote!(::gradsmith::__private);
            match rng.below(3) {
                0 => (DeclaredShape::Matrix(None), quote!(#rt::Array2<#t>), quote!(#view.to_owned()), false),
                1 => {
                    // Stored column by column.
                    let value = quote!({
                        let mut columns = #view.to_owned().reversed_axes().as_standard_layout().to_owned();
                        columns.swap_axes(0, 1);
                        columns
                    });
                    (DeclaredShape::Matrix(None), quote!(#rt::Array2<#t>), value, false)
                }
                _ => (DeclaredShape::Matrix(None), quote!(#rt::ArrayView2<'a, #t>), view, true),
            }
        }
    };
    Field { declared: declaration(&of.name, shape), ty, value, borrows }
}

/// `w: vector`, with or without its extents, which are `d` and `e` where symbols.
fn variable(of: &Declared, extents: usize) -> TokenStream {
    let name = field(&of.name);
    let written = of.shape.iter().map(|&n| match extents {
        0 => {
            let n = Literal::usize_unsuffixed(n);
            quote!(#n)
        }
        _ => {
            let symbol = format_ident!("d{n}");
            quote!(#symbol)
        }
    });
    let written = if extents > 1 { quote!() } else { quote!([#(#written),*]) };
    match (of.shape.len(), of.symmetric) {
        (0, _) => quote!(#name: scalar),
        (1, _) => quote!(#name: vector #written),
        (_, false) => quote!(#name: matrix #written),
        (_, true) => quote!(#name: symmetric matrix #written),
    }
}

fn tensor(rng: &mut Rng, of: &Declared, single: bool) -> Tensor {
    let n: usize = of.shape.iter().product();
    let mut data: Vec<f64> = (0..n).map(|_| rng.number()).collect();
    if let ([n, _], true) = (of.shape.as_slice(), of.symmetric) {
        for (i, j) in (0..*n).flat_map(|i| (0..i).map(move |j| (i, j))) {
            data[i * n + j] = data[j * n + i];
        }
    }
    if single {
        data.iter_mut().for_each(|v| *v = f64::from(*v as f32));
    }
    Tensor::new(of.shape.clone(), data)
}

pub(super) fn draw(rng: &mut Rng, residual: bool) -> Drawn {
    let depth = 2 + rng.below(4);
    let mut formula = Formula::random(rng, depth, residual);
    // What the formula speaks of is to differentiate by; now and then what it does not, by which all is 0.
    if rng.below(8) != 0 {
        let spoken: Vec<bool> = formula.declared.iter().map(|d| formula.speaks_of(&d.name)).collect();
        let mut spoken = spoken.into_iter();
        formula.declared.retain(|_| spoken.next() == Some(true));
    }
    let wrt = (1 + rng.below(3)).min(formula.declared.len());
    let (data, variables) = formula.declared.split_at(formula.declared.len() - wrt);
    // What a formula does not speak of is no field: rustc would say that nobody reads it.
    let data: Vec<&Declared> = data.iter().filter(|d| formula.speaks_of(&d.name)).collect();
    let precision = match rng.below(6) {
        0 => Precision::Single,
        // Of a type parameter that no field has rustc says that it is never used.
        1 | 2 if data.is_empty() => Precision::Single,
        1 => Precision::Generic(false),
        2 => Precision::Generic(true),
        _ => Precision::Double,
    };
    let single = precision.single();
    let values: Named<Tensor> =
        formula.declared.iter().map(|d| (d.name.clone(), tensor(rng, d, single))).collect();
    let value_of = |name: &str| &values.iter().find(|(n, _)| n == name).expect("each has data").1;
    let fields: Vec<Field> = data.iter().map(|d| data_field(rng, d, value_of(&d.name), precision)).collect();
    let extents = rng.below(3);
    let by: Vec<TokenStream> = variables.iter().map(|v| variable(v, extents)).collect();
    let by = quote!(#(#by),*);

    // The struct and its derive.
    let lifetime = fields.iter().any(|f| f.borrows).then(|| quote!('a,));
    let parameter = matches!(precision, Precision::Generic(_)).then(|| quote!(T));
    let names: Vec<_> = data.iter().map(|d| field(&d.name)).collect();
    let types = fields.iter().map(|f| &f.ty);
    // Borrowed numbers of a type parameter, as rustc wants to be told.
    let bound = (parameter.is_some() && lifetime.is_some()).then(|| quote!(where T: 'a));
    let item = quote!(pub struct Subject<#lifetime #parameter> #bound { #(pub #names: #types),* });
    let scalar = (fields.is_empty() || precision != Precision::Double).then(|| {
        let t = precision.field();
        quote!(#[gradsmith(scalar = #t)])
    });
    let text = Literal::string(&formula.text);
    let defines: Vec<_> = formula.defines.iter().map(|d| Literal::string(d)).collect();
    let kind = if residual { format_ident!("residual") } else { format_ident!("objective") };
    let asked = quote!(#[#kind(#text, wrt(#by))] #(#[define(#defines)])* #scalar #item);
    let shown = asked.to_string();
    let expansion = derive_objective(asked);
    let refusal = expansion.to_string();
    if refusal.contains("compile_error") {
        return Drawn::Refused { why: messages(&refusal), text: shown };
    }

    // The same, interpreted.
    let of = ObjectiveText {
        expr: formula.text.clone(),
        defines: formula.defines.clone(),
        variables: fields.iter().map(|f| f.declared.clone()).collect(),
        declarations: by.to_string().replace("r#", ""),
        residual,
        ..ObjectiveText::default()
    };
    let program = match of.program() {
        Ok(program) => program,
        Err(error) => panic!("the derive takes what the front end refuses: {shown}: {error}"),
    };
    let n: usize = variables.iter().map(|v| v.shape.iter().product::<usize>()).sum();
    let mut given: Named<Tensor> = values.clone();
    let mut direction = Vec::new();
    for (variable, node) in variables.iter().zip(&program.directions) {
        let name = program.graph.inputs().iter().find(|i| i.node == *node).map(|i| i.name.clone());
        let along = tensor(rng, variable, single);
        direction.extend(along.data.clone());
        given.push((name.expect("a direction is an input"), along));
    }
    let want = arrays(&program, &given);
    let (within, share) = precision.within();
    if want.iter().flat_map(|(_, a)| a).any(|v| !v.is_finite() || v.abs() > 1e6) {
        return Drawn::Immoderate;
    }
    // As far as results move with the last digits of what is given, they may be off.
    let mut nearby = given.clone();
    for v in nearby.iter_mut().flat_map(|(_, t)| &mut t.data) {
        *v *= 1.0 + share * rng.number();
    }
    let moved = arrays(&program, &nearby);
    let unsimplified = of.lower().expect("it was lowered before");
    let borrowed: Named<&Tensor> = given.iter().map(|(n, t)| (n.clone(), t)).collect();
    let as_written = &plans::interpreted(&unsimplified.graph, &[unsimplified.value], &borrowed)[0];
    let as_written = if residual { as_written.iter().map(|r| r * r / 2.0).sum() } else { as_written[0] };
    let off = (as_written - want[0].1[0]).abs();
    assert!(off < 1e-9 * as_written.abs().max(1.0), "{shown}: {} as written {as_written}", want[0].1[0]);

    let expected: Vec<(&'static str, Vec<f64>, f64)> = (want.into_iter().zip(moved))
        .map(|((name, want), (_, moved))| {
            let largest = want.iter().fold(1.0_f64, |m, v| m.max(v.abs()));
            let most = want.iter().zip(&moved).fold(0.0_f64, |m, (a, b)| m.max((a - b).abs()));
            (name, want, within * largest + 50.0 * most)
        })
        .collect();

    // The program around it.
    let sizes = plans::sizes(&program.graph, &borrowed);
    let arguments = prepare_arguments(&expansion).into_iter().map(|name| {
        let plain = name.strip_prefix("extent_").unwrap_or(&name).to_owned();
        let size = sizes
            .iter()
            .find(|(symbol, _)| codegen::identifier(symbol) == plain || codegen::identifier(symbol) == name);
        let size = *size.unwrap_or_else(|| panic!("{shown}: no size for the extent {name}")).1;
        Literal::usize_unsuffixed(size)
    });
    let x: Vec<f64> = variables.iter().flat_map(|v| value_of(&v.name).data.clone()).collect();
    let (x, v, n) = (slice(&x), slice(&direction), Literal::usize_unsuffixed(n));
    let t = precision.number();
    let values = fields.iter().map(|f| &f.value);
    let of_residual = residual.then(|| {
        quote! {
            use ::gradsmith::Residual as _;
            results.push(list(&problem.residual(x)?.to_vec()));
            results.push(list(&problem.jacobian(x)?.iter().copied().collect::<Vec<_>>()));
            results.push(list(&problem.gauss_newton_product(x, v)?.to_vec()));
        }
    });
    let body = quote! {
        use ::gradsmith::Objective as _;
        fn list(numbers: &[#t]) -> Vec<f64> {
            numbers.iter().map(|&n| f64::from(n)).collect()
        }
        let mut problem = derived::Subject { #(#names: #values),* }.prepare(#(#arguments),*)?;
        let (x, v): (&[#t], &[#t]) = (#x, #v);
        assert_eq!(problem.len(), #n);
        let value = problem.value(x)?;
        let (mut gradient, mut beside): ([#t; #n], [#t; #n]) = ([#t::NAN; #n], [#t::NAN; #n]);
        problem.gradient_into(x, &mut gradient)?;
        let again = problem.value_and_gradient_into(x, &mut beside)?;
        let mut results = vec![list(&[value]), list(&[again]), list(&gradient), list(&beside)];
        results.push(list(&problem.hessian_vector_product(x, v)?.to_vec()));
        results.push(list(&problem.hessian(x)?.iter().copied().collect::<Vec<_>>()));
        #of_residual
        Ok(results)
    };
    // With the lints that a user has who wants no warning. (What is never used rustc does not look for in what
    // a macro writes.)
    let items = quote! {
        mod derived {
            #![deny(
                warnings, unused_qualifications, trivial_casts, trivial_numeric_casts,
                elided_lifetimes_in_paths, let_underscore_drop, missing_debug_implementations, unsafe_code
            )]
            #![allow(dead_code)]
            #[derive(Debug)]
            #[allow(non_snake_case)]
            #item
            #expansion
        }
    };
    let check = move |outcome: &Outcome| disagreements(outcome, &expected);
    Drawn::Ready(Derived { text: shown, module: Module { items, body }, check: Box::new(check) })
}

fn disagreements(outcome: &Outcome, expected: &[(&'static str, Vec<f64>, f64)]) -> Vec<String> {
    let got = match outcome {
        Ok(got) => got,
        Err(why) => return vec![why.clone()],
    };
    if got.len() != expected.len() {
        return vec![format!("{} arrays came back, not {}", got.len(), expected.len())];
    }
    let mut found = Vec::new();
    for ((name, want, most), got) in expected.iter().zip(got) {
        if want.len() != got.len() {
            found.push(format!("{name}: {} entries, not {}", got.len(), want.len()));
            continue;
        }
        let off = |(_, (g, w)): &(usize, (&f64, &f64))| (*g - *w).abs().is_nan() || (*g - *w).abs() > *most;
        let first = got.iter().zip(want).enumerate().find(off);
        found.extend(first.map(|(k, (g, w))| format!("{name}: entry {k} is {g}, not {w} (within {most:e})")));
    }
    found
}

/// What the interpreter says, in the order in which the program around the derive gives it.
fn arrays(program: &ObjectiveProgram, data: &Named<Tensor>) -> Vec<(&'static str, Vec<f64>)> {
    let data: Named<&Tensor> = data.iter().map(|(n, t)| (n.clone(), t)).collect();
    let of = |nodes: &[NodeId]| plans::interpreted(&program.graph, nodes, &data);
    let value = of(&[program.value])[0].clone();
    let gradient = of(&program.gradient).concat();
    let mut arrays = vec![
        ("value", value.clone()),
        ("value beside the gradient", value),
        ("gradient", gradient.clone()),
        ("gradient beside the value", gradient.clone()),
        ("Hessian's product", of(&program.hessian_product).concat()),
    ];
    // The blocks on and below the diagonal; those above are their transposes.
    let lengths: Vec<usize> = of(&program.gradient).iter().map(Vec::len).collect();
    let n: usize = lengths.iter().sum();
    let starts: Vec<usize> = (0..lengths.len()).map(|k| lengths[..k].iter().sum()).collect();
    let mut hessian = vec![f64::NAN; n * n];
    for (i, row) in program.hessian.iter().enumerate() {
        for (j, block) in of(row).iter().enumerate() {
            for (at, v) in block.iter().enumerate() {
                let (r, c) = (starts[i] + at / lengths[j], starts[j] + at % lengths[j]);
                hessian[r * n + c] = *v;
                hessian[c * n + r] = *v;
            }
        }
    }
    arrays.push(("Hessian", hessian));
    if let Some(r) = &program.residual {
        let residual = of(&[r.residual])[0].clone();
        let blocks = of(&r.jacobian);
        let rows = (0..residual.len()).flat_map(|i| {
            let row = |(b, &len): (&Vec<f64>, &usize)| b[i * len..(i + 1) * len].to_vec();
            blocks.iter().zip(&lengths).flat_map(row).collect::<Vec<f64>>()
        });
        let jacobian = rows.collect();
        arrays.extend([("residual", residual), ("Jacobian", jacobian)]);
        arrays.push(("Gauss-Newton product", of(&r.gauss_newton_product).concat()));
    }
    arrays
}

/// The parameters of `prepare`: extents that no field tells.
fn prepare_arguments(expansion: &TokenStream) -> Vec<String> {
    let file: syn::File = syn::parse2(expansion.clone()).expect("an expansion is Rust");
    let methods = items(&file.items).into_iter().filter_map(|item| match item {
        syn::Item::Impl(of) => Some(of.items.iter().filter_map(|i| match i {
            syn::ImplItem::Fn(f) if f.sig.ident == "prepare" => Some(&f.sig),
            _ => None,
        })),
        _ => None,
    });
    let prepare = methods.flatten().next().expect("`prepare` is generated");
    let names = prepare.inputs.iter().filter_map(|input| match input {
        syn::FnArg::Typed(of) => match &*of.pat {
            syn::Pat::Ident(name) => Some(name.ident.to_string()),
            _ => None,
        },
        syn::FnArg::Receiver(_) => None,
    });
    names.collect()
}

/// All items, those in blocks of constants too: the derives hide theirs in one.
fn items(of: &[syn::Item]) -> Vec<&syn::Item> {
    let mut all = Vec::new();
    for item in of {
        all.push(item);
        if let syn::Item::Const(constant) = item
            && let syn::Expr::Block(block) = &*constant.expr
        {
            all.extend(block.block.stmts.iter().filter_map(|s| match s {
                syn::Stmt::Item(item) => Some(item),
                _ => None,
            }));
        }
    }
    all
}
