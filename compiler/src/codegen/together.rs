//! Plans so small that their steps are compiled together.
//!
//! Where a step takes less time than its call and the choice of a processor's instructions, all of them
//! become one closure, called through `rt::step` once: loops are called directly, and products are part of the
//! function, their constant extents known while it is compiled. Scalars alone gain by it where they call
//! elementary functions, and then the method's flat vectors are what is handed over: see [`scalars`].

use super::step::Steps;
use super::{Context, Formula, Names};
use crate::ir::{Extent, Graph, NodeId, Op};
use crate::schedule::{BufferId, MatMul, Plan, Step, Storage};
use proc_macro2::{Ident, TokenStream};
use quote::quote;

/// Entries of the constant extents of a step, at most. The products of a 32×32 layer take 0.51 of the time
/// that calls take for a batch of 1, 0.84 for 10, 0.91 for 32; of 64×64 still 0.7, but 0.96 and 0.97, for as
/// much more to compile.
const ENTRIES: usize = 1024;
/// Loops and products, at most, and scalars: the time that a function takes to compile grows faster than its
/// length.
const STEPS: usize = 200;
const SCALARS: usize = 2000;
/// Scalars, at least, where no function is called. Rosenbrock's function of a hundred is 700.
const ARITHMETIC: usize = 100;
/// Calls of elementary functions, at most, in a function of scalars: some are compiled in place.
const CALLS: usize = 100;

/// Whether the steps of a plan are compiled together.
pub(super) fn suits(plan: &Plan) -> bool {
    plan.flat_steps().filter(|s| !matches!(s, Step::Scalar(_))).count() > 1 && is_short(plan)
}

/// Whether the steps of a plan may be part of one function.
pub(super) fn is_short(plan: &Plan) -> bool {
    let g = &plan.graph;
    let steps: Vec<&Step> = plan.flat_steps().collect();
    let (scalars, others): (Vec<&Step>, Vec<&Step>) =
        steps.iter().copied().partition(|s| matches!(s, Step::Scalar(_)));
    plan.blocks().is_none()
        && others.len() <= STEPS
        && scalars.len() <= SCALARS
        && steps.iter().all(|s| match s {
            Step::Scalar(_) => true,
            Step::Loop(l) => small(g, &l.space),
            Step::MatMul(m) => small(g, &extents(g, m)),
            Step::Axis(id) => {
                let Op::Axis { arg, .. } = g.op(*id) else { return false };
                small(g, g.shape(arg.node))
            }
            // It may fail, and is never short.
            Step::Factor(_) | Step::Solve(_) | Step::Linear(_) => false,
            Step::Blocks(_) | Step::When(_) | Step::Descend { .. } => false,
        })
}

/// Whether a plan of scalars alone is worth a function for the processor at hand: where it calls elementary
/// functions, of which some are compiled in place, or is long enough for the compiler to find vectors in it.
fn suits_scalars(plan: &Plan) -> bool {
    let g = &plan.graph;
    let calls = |id: NodeId| matches!(g.op(id), Op::Map { function, .. } if !function.is_cheap());
    let steps = plan.flat_steps().count();
    let scalars: Vec<NodeId> =
        plan.flat_steps().filter_map(|s| if let Step::Scalar(id) = s { Some(*id) } else { None }).collect();
    let roots: Vec<NodeId> = plan.outputs.iter().map(|o| o.node).collect();
    steps <= SCALARS
        && scalars.len() == steps
        && match scalars.iter().filter(|id| calls(**id)).count() {
            0 => steps >= ARITHMETIC,
            calls => calls <= CALLS,
        }
        && !g.reachable(&roots).iter().any(|id| matches!(g.op(*id), Op::Extent(_)))
}

/// The extents of a product's rows, columns and terms.
fn extents(g: &Graph, m: &MatMul) -> Vec<Extent> {
    let bound = match g.op(m.product) {
        Op::Product { bound, .. } => bound.as_slice(),
        _ => &[],
    };
    g.shape(m.product).iter().chain(bound).copied().collect()
}

/// At most one extent is not known, and the others make few entries.
fn small(g: &Graph, extents: &[Extent]) -> bool {
    let known: Vec<usize> = extents.iter().filter_map(|&e| g.extents.as_constant(e)).collect();
    known.len() + 1 >= extents.len() && known.iter().product::<usize>() <= ENTRIES
}

/// The statements of a plan of scalars, for a function that has `math`; `None` where such a function does not
/// pay.
pub(super) fn scalars(plan: &Plan, names: &Names, cx: &Context, formula: Formula<'_>) -> Option<TokenStream> {
    suits_scalars(plan).then(|| Steps::of(plan, names, cx, formula, true).0)
}

/// The steps in a closure that is called once; afterwards each scalar output is a variable.
pub(super) fn body(plan: &Plan, names: &Names, cx: &Context, formula: Formula<'_>) -> TokenStream {
    let rt = &cx.rt;
    let (code, math) = Steps::of(plan, names, cx, formula, true);
    let (mut arrays, mut given) = (Vec::new(), Vec::new());
    for (k, b) in plan.buffers.iter().enumerate() {
        let name = names.of(BufferId(k));
        match (b.storage, b.shape.is_empty()) {
            (Storage::Scalar, _) | (Storage::Input, true) => continue,
            (Storage::Input, false) => given.push(quote!(&*#name)),
            _ => given.push(quote!(&mut *#name)),
        }
        arrays.push(name.clone());
    }
    let mut results: Vec<Ident> = Vec::new();
    for &id in &plan.output_buffers {
        let name = names.of(id);
        if plan.buffers[id.0].storage == Storage::Scalar && !results.contains(name) {
            results.push(name.clone());
        }
    }
    let (value, binding) = match results.as_slice() {
        [] => (quote!(), quote!()),
        [one] => (quote!(#one), quote!(let #one =)),
        all => (quote!([#(#all),*]), quote!(let [#(#all),*] =)),
    };
    let math = if math { quote!(math) } else { quote!(_) };
    let doc = " All steps, compiled together for the processor at hand.";
    quote! {
        #[doc = #doc]
        #binding #rt::step((#(#given,)*), #[inline(always)] move |#math, (#(#arrays,)*)| {
            #code
            #value
        });
    }
}
