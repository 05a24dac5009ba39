//! Objectives of reference cases, as `#[derive(Objective)]` expands them: value, gradient, Hessian and
//! product.

use super::Module;
use super::cases::{Subject, field, gradient_of, messages};
use super::plans::{number, slice};
use cargo_gradsmith::cases::compare::Array;
use cargo_gradsmith::cases::{Objective, Tensor, named};
use gradsmith_compiler::codegen;
use gradsmith_compiler::derive::derive_objective;
use gradsmith_compiler::syntax::ast::{DeclaredExtent, DeclaredShape};
use proc_macro2::{Delimiter, Literal, TokenStream, TokenTree};
use quote::{format_ident, quote};

/// The case by the derive; none where it asks for extents that no field can declare: a matrix of one row,
/// whose product with a vector is a number.
pub(crate) fn subject(o: &Objective) -> Result<Option<Subject>, String> {
    let data: Vec<&(String, Tensor)> = o.vars.iter().filter(|(n, _)| !o.wrt.contains(n)).collect();
    let names: Vec<_> = data.iter().map(|(name, _)| field(name)).collect();
    let types: Vec<TokenStream> = data
        .iter()
        .map(|(_, t)| match t.shape.len() {
            _ if t.whole => quote!(&'a [usize]),
            0 => quote!(f64),
            1 => quote!(&'a [f64]),
            n => {
                let view = format_ident!("ArrayView{n}");
                quote!(::gradsmith::__private::#view<'a, f64>)
            }
        })
        .collect();
    let values = data.iter().map(|(_, t)| {
        let extents = t.shape.iter().map(|&n| Literal::usize_unsuffixed(n));
        match *t.shape.as_slice() {
            _ if t.whole => {
                let numbers = t.data.iter().map(|&n| Literal::usize_unsuffixed(n as usize));
                quote!(&[#(#numbers),*])
            }
            [] => number(t.data.first().copied().unwrap_or(f64::NAN)),
            [_] => slice(&t.data),
            [rows, cols] => {
                let (data, rows, cols) =
                    (slice(&t.data), Literal::usize_unsuffixed(rows), Literal::usize_unsuffixed(cols));
                quote!(::gradsmith::__private::matrix(#data, #rows, #cols))
            }
            _ => {
                let data = slice(&t.data);
                quote!(::gradsmith::__private::tensor(#data, [#(#extents),*]))
            }
        }
    });
    // What a type does not say: extents that a case asks for, and those of a list.
    let says_more = |t: &Tensor| t.extents.is_some() || (t.whole && t.shape.len() > 1);
    let said: Vec<TokenStream> = data
        .iter()
        .filter(|(_, t)| says_more(t))
        .map(|(name, t)| t.declared(name).to_string().parse().map_err(|e| format!("{e}")))
        .collect::<Result<_, String>>()?;
    let said = (!said.is_empty()).then(|| quote!(, data(#(#said),*)));
    let lifetime = data.iter().any(|(_, t)| !t.shape.is_empty()).then(|| quote!(<'a>));
    let fields = quote!(pub struct Subject #lifetime { #(pub #names: #types),* });

    let mut variables: Vec<(&str, &Tensor)> = Vec::new();
    for name in &o.wrt {
        let tensor = named(&o.vars, name).ok_or_else(|| format!("the case has no `{name}`"))?;
        variables.push((name, tensor));
    }
    let wrt: Vec<TokenStream> = variables
        .iter()
        .map(|(name, t)| t.declared(name).to_string().parse().map_err(|e| format!("{e}")))
        .collect::<Result<_, String>>()?;
    let text = Literal::string(&o.expr);
    let expansion = derive_objective(quote!(#[objective(#text, wrt(#(#wrt),*) #said)] #fields));
    let refusal = expansion.to_string();
    if refusal.contains("compile_error") {
        let of_shapes = o.vars.iter().any(|(_, t)| t.shape.contains(&1));
        return if of_shapes {
            Ok(None)
        } else {
            Err(format!("derive(Objective) refuses: {}", messages(&refusal)))
        };
    }

    let x: Vec<f64> = variables.iter().flat_map(|(_, t)| t.data.iter().copied()).collect();
    let n = Literal::usize_unsuffixed(x.len());
    let mut wanted = vec![(Array::Value, vec![o.value]); 2];
    let mut results = Vec::new();
    let mut from = 0;
    for (name, tensor) in &variables {
        let to = from + tensor.data.len();
        let block = {
            let (from, to) = (Literal::usize_unsuffixed(from), Literal::usize_unsuffixed(to));
            quote!(#from..#to)
        };
        // The gradient alone, and with the value.
        for array in [quote!(gradient), quote!(beside)] {
            wanted.push(gradient_of(name, &o.gradient, format!("gradient[{name}]"))?);
            results.push(quote!(#array[#block].to_vec()));
        }
        if let Some(hessian) = named(&o.hessian, name) {
            wanted.push((Array::Hessian(format!("hessian[{name},{name}]")), hessian.clone()));
            results.push(quote!({
                let hessian = problem.hessian(x)?;
                (#block).flat_map(|i| (#block).map(move |j| (i, j))).map(|at| hessian[at]).collect()
            }));
            // The same of the entries that may be other than 0, and with 0 everywhere else.
            wanted.push((Array::Hessian(format!("hessian_values[{name},{name}]")), hessian.clone()));
            results.push(quote!({
                let mut hessian = vec![vec![0.0; #n]; #n];
                let pattern = problem.hessian_pattern();
                for ((row, column), value) in pattern.iter().zip(problem.hessian_values(x)?) {
                    hessian[row][column] = value;
                    hessian[column][row] = value;
                }
                hessian[#block].iter().flat_map(|row| row[#block].to_vec()).collect()
            }));
        }
        if let Some(product) = named(&o.products, name) {
            // Along one variable: the others stay.
            let mut direction = vec![0.0; x.len()];
            direction[from..to].copy_from_slice(&product.direction);
            let direction = slice(&direction);
            wanted.push((Array::HessianProduct(format!("hvp[{name}]")), product.result.clone()));
            results.push(quote!(problem.hessian_vector_product(x, #direction)?.to_vec()[#block].to_vec()));
        }
        from = to;
    }
    let x = slice(&x);
    let given = told(&expansion, &variables)?;
    let body = quote! {
        use ::gradsmith::Objective as _;
        let mut problem = Subject { #(#names: #values),* }.prepare(#(#given),*)?;
        let x: &[f64] = #x;
        assert_eq!(problem.len(), #n);
        let value = problem.value(x)?;
        let (mut gradient, mut beside) = (vec![f64::NAN; #n], vec![f64::NAN; #n]);
        problem.gradient_into(x, &mut gradient)?;
        let again = problem.value_and_gradient_into(x, &mut beside)?;
        Ok(vec![vec![value], vec![again], #(#results),*])
    };
    let module = Module { items: quote!(#fields #expansion), body };
    Ok(Some(Subject::new(module, "derive(Objective)", wanted)))
}

/// The arguments of `prepare`: extents of variables that no field tells.
fn told(expansion: &TokenStream, variables: &[(&str, &Tensor)]) -> Result<Vec<Literal>, String> {
    let mut known: Vec<(String, usize)> = Vec::new();
    for (name, t) in variables {
        let declared = t.declared(name).shape;
        let symbols = t.extents.iter().flatten().zip(&t.shape).filter_map(|(e, &n)| match e {
            DeclaredExtent::Symbol(symbol) => Some((symbol.clone(), n)),
            DeclaredExtent::Constant(_) | DeclaredExtent::Free => None,
        });
        known.extend(symbols);
        let axis = |k: usize| match (&declared, k) {
            (DeclaredShape::Vector(_), _) => "len".to_owned(),
            (DeclaredShape::Matrix(_), 0) => "rows".to_owned(),
            (DeclaredShape::Matrix(_), _) => "cols".to_owned(),
            (_, k) => format!("axis{k}"),
        };
        known.extend(t.shape.iter().enumerate().map(|(k, &n)| (format!("{name}_{}", axis(k)), n)));
    }
    let mut given = Vec::new();
    for parameter in parameters_of_prepare(expansion.clone()).unwrap_or_default() {
        let is = |(name, _): &&(String, usize)| codegen::identifier(name) == parameter;
        let (_, n) = known.iter().find(is).ok_or_else(|| format!("`prepare` asks for `{parameter}`"))?;
        given.push(Literal::usize_unsuffixed(*n));
    }
    Ok(given)
}

/// The names of its parameters, `self` aside.
fn parameters_of_prepare(code: TokenStream) -> Option<Vec<String>> {
    let tokens: Vec<TokenTree> = code.into_iter().collect();
    for (k, token) in tokens.iter().enumerate() {
        if let TokenTree::Ident(name) = token
            && name == "prepare"
        {
            let list = tokens[k..].iter().find_map(|t| match t {
                TokenTree::Group(g) if g.delimiter() == Delimiter::Parenthesis => Some(g.stream()),
                _ => None,
            })?;
            let all: Vec<TokenTree> = list.into_iter().collect();
            let parts = all.split(|t| matches!(t, TokenTree::Punct(p) if p.as_char() == ','));
            let first = parts.filter_map(|part| part.first()).map(ToString::to_string);
            return Some(first.filter(|name| name != "self").collect());
        }
        if let TokenTree::Group(group) = token
            && let Some(found) = parameters_of_prepare(group.stream())
        {
            return Some(found);
        }
    }
    None
}
