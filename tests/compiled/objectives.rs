//! Objectives of reference cases, as `#[derive(Objective)]` expands them: value, gradient, Hessian and
//! product.

use super::Module;
use super::cases::{Subject, field, gradient_of, messages};
use super::plans::{number, slice};
use cargo_gradsmith::cases::compare::Array;
use cargo_gradsmith::cases::{Objective, Tensor, named};
use gradsmith_compiler::derive::derive_objective;
use proc_macro2::{Literal, TokenStream};
use quote::quote;

/// The case by the derive; none where it asks for extents that no field can declare: a matrix of one row,
/// whose product with a vector is a number.
pub(crate) fn subject(o: &Objective) -> Result<Option<Subject>, String> {
    let data: Vec<&(String, Tensor)> = o.vars.iter().filter(|(n, _)| !o.wrt.contains(n)).collect();
    let names: Vec<_> = data.iter().map(|(name, _)| field(name)).collect();
    let types: Vec<TokenStream> = data
        .iter()
        .map(|(_, t)| match t.shape.len() {
            0 => quote!(f64),
            1 => quote!(&'a [f64]),
            _ => quote!(::gradsmith::__private::ArrayView2<'a, f64>),
        })
        .collect();
    let values = data.iter().map(|(_, t)| match *t.shape.as_slice() {
        [] => number(t.data.first().copied().unwrap_or(f64::NAN)),
        [rows, cols] => {
            let (data, rows, cols) =
                (slice(&t.data), Literal::usize_unsuffixed(rows), Literal::usize_unsuffixed(cols));
            quote!(::gradsmith::__private::matrix(#data, #rows, #cols))
        }
        _ => slice(&t.data),
    });
    let lifetime = data.iter().any(|(_, t)| !t.shape.is_empty()).then(|| quote!(<'a>));
    let fields = quote!(pub struct Subject #lifetime { #(pub #names: #types),* });

    let mut variables: Vec<(&str, &Tensor)> = Vec::new();
    for name in &o.wrt {
        let tensor = named(&o.vars, name).ok_or_else(|| format!("the case has no `{name}`"))?;
        variables.push((name, tensor));
    }
    let wrt = variables.iter().map(|(name, t)| {
        let name = field(name);
        let extents = t.shape.iter().map(|&n| Literal::usize_unsuffixed(n));
        match t.shape.len() {
            0 => quote!(#name: scalar),
            1 => quote!(#name: vector[#(#extents),*]),
            _ => quote!(#name: matrix[#(#extents),*]),
        }
    });
    let text = Literal::string(&o.expr);
    let expansion = derive_objective(quote!(#[objective(#text, wrt(#(#wrt),*))] #fields));
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
    let n = x.len();
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
        }
        if let Some(product) = named(&o.products, name) {
            // Along one variable: the others stay.
            let mut direction = vec![0.0; n];
            direction[from..to].copy_from_slice(&product.direction);
            let direction = slice(&direction);
            wanted.push((Array::HessianProduct(format!("hvp[{name}]")), product.result.clone()));
            results.push(quote!(problem.hessian_vector_product(x, #direction)?.to_vec()[#block].to_vec()));
        }
        from = to;
    }
    let (x, n) = (slice(&x), Literal::usize_unsuffixed(n));
    let body = quote! {
        use ::gradsmith::Objective as _;
        let mut problem = Subject { #(#names: #values),* }.prepare()?;
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
