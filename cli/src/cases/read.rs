//! Files of reference cases: JSON to [`Case`]s. Fields that a file writes in another form than a case has
//! are converted here.

use super::compare::Tolerance;
use super::{Body, Case, Context, Fault, HessianProduct, Named, Reject, Tensor, declared_shape, named};
use gradsmith_compiler::front::declaration;
use gradsmith_compiler::syntax::ast::{Declaration, DeclaredExtent, DeclaredShape};
use gradsmith_compiler::syntax::parse::canonical_name;
use serde::de::{DeserializeOwned, Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use std::fmt;
use std::marker::PhantomData;

/// Why a file is no file of cases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed(String);

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Malformed {}

/// The cases of a file's text.
///
/// # Errors
/// Where it is not JSON, or a case lacks a field or has one of the wrong type.
pub fn cases(json: &str) -> Result<Vec<Case>, Malformed> {
    let value: Value = serde_json::from_str(json).map_err(|e| Malformed(e.to_string()))?;
    let Value::Array(list) = value else {
        return Err(Malformed("a file of cases is an array of objects".to_owned()));
    };
    list.iter().enumerate().map(|(k, value)| case(value, k)).collect()
}

/// What all kinds of cases have.
#[derive(Deserialize)]
struct Head {
    form: Option<String>,
    tolerance: Option<f64>,
    #[serde(default)]
    gradient_floor: f64,
    #[serde(default = "yes")]
    required: bool,
}

fn yes() -> bool {
    true
}

fn case(value: &Value, k: usize) -> Result<Case, Malformed> {
    let Value::Object(fields) = value else {
        return Err(Malformed(format!("case {k} is not an object")));
    };
    let name = fields.get("name").and_then(Value::as_str).map_or_else(|| format!("case {k}"), str::to_owned);
    let has = |field: &str| fields.contains_key(field);
    let head: Head = body(value, &name)?;
    let body = if has("context") {
        Body::Reject(body(value, &name)?)
    } else if has("network") {
        Body::Network(body(value, &name)?)
    } else if has("a") && has("y") {
        Body::Cost(body(value, &name)?)
    } else if has("vars") {
        Body::Objective(body(value, &name)?)
    } else {
        return Err(Malformed(format!("`{name}`: no kind of case has these fields")));
    };
    let within = match (&body, head.tolerance) {
        (Body::Reject(_), _) => 0.0,
        (_, Some(within)) => within,
        (_, None) => return Err(lacks(&name, "tolerance", "")),
    };
    let tolerance = match head.form.as_deref() {
        Some("objective" | "cost" | "network") => Tolerance::Entries { within, floor: head.gradient_floor },
        _ => Tolerance::Arrays { within },
    };
    Ok(Case { name, tolerance, required: head.required, body })
}

/// The fields of the case `name` that a type asks for.
fn body<T: DeserializeOwned>(value: &Value, name: &str) -> Result<T, Malformed> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let (path, why) = (error.path().to_string(), error.inner().to_string());
        // The path to a field that is missing ends before it.
        let missing = why.strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
        match (path.as_str(), missing) {
            (".", Some(field)) => lacks(name, field, ""),
            (".", None) => Malformed(format!("`{name}`: {why}")),
            (path, Some(field)) => lacks(name, &format!("{path}.{field}"), ""),
            (path, None) => lacks(name, path, &format!(": {why}")),
        }
    })
}

fn lacks(name: &str, field: &str, why: &str) -> Malformed {
    Malformed(format!("`{name}`: `{field}` is missing or not what it should be{why}"))
}

/// The entries of an object, in the order of the file, by canonical names.
pub(super) fn named_entries<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    d: D,
) -> Result<Named<T>, D::Error> {
    struct Entries<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for Entries<T> {
        type Value = Named<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Named<T>, A::Error> {
            let mut entries = Vec::new();
            while let Some((name, value)) = map.next_entry::<String, T>()? {
                entries.push((canonical_name(&name), value));
            }
            Ok(entries)
        }
    }

    d.deserialize_map(Entries(PhantomData))
}

/// Canonical names.
pub(super) fn names<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<String>, D::Error> {
    Ok(Vec::<String>::deserialize(d)?.iter().map(|name| canonical_name(name)).collect())
}

/// Hessian blocks, each of a variable with itself: `x,x`.
pub(super) fn blocks<'de, D: Deserializer<'de>>(d: D) -> Result<Named<Vec<f64>>, D::Error> {
    let variable = |pair: String| pair.split(',').next().unwrap_or_default().to_owned();
    let blocks: Named<Vec<f64>> = named_entries(d)?;
    Ok(blocks.into_iter().map(|(pair, block)| (variable(pair), block)).collect())
}

/// The product of the full Hessian with a direction, by parameter.
pub(super) fn joined<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Named<HessianProduct>>, D::Error> {
    #[derive(Deserialize)]
    #[serde(expecting = "`v` and `result`")]
    struct Written {
        #[serde(deserialize_with = "named_entries")]
        v: Named<Vec<f64>>,
        #[serde(deserialize_with = "named_entries")]
        result: Named<Vec<f64>>,
    }
    let Written { v, result } = Written::deserialize(d)?;
    let product = |(name, direction): (String, Vec<f64>)| match named(&result, &name).cloned() {
        Some(result) => Ok((name, HessianProduct { direction, result })),
        None => Err(Error::custom(format!("no result for `{name}`"))),
    };
    v.into_iter().map(product).collect::<Result<_, _>>().map(Some)
}

/// A tensor, or the shape of one.
#[derive(Deserialize)]
pub(super) struct WrittenTensor<E> {
    kind: Rank,
    shape: Vec<E>,
    data: Option<Vec<f64>>,
    extents: Option<Vec<WrittenExtent>>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Rank {
    Scalar,
    Vector,
    Matrix,
    Tensor,
    Indices,
}

impl Rank {
    /// Whether it may have so many axes.
    fn admits(self, axes: usize) -> bool {
        match self {
            Self::Scalar => axes == 0,
            Self::Vector => axes == 1,
            Self::Matrix => axes == 2,
            Self::Tensor => axes >= 3,
            Self::Indices => axes == 1 || axes == 2,
        }
    }
}

impl TryFrom<WrittenTensor<usize>> for Tensor {
    type Error = &'static str;

    fn try_from(written: WrittenTensor<usize>) -> Result<Self, Self::Error> {
        let WrittenTensor { kind, shape, data, extents } = written;
        let data = data.ok_or("a tensor without `data`")?;
        if !kind.admits(shape.len()) {
            return Err("kind and shape disagree");
        }
        if data.len() != shape.iter().product::<usize>() {
            return Err("shape and number of entries disagree");
        }
        let extents: Option<Vec<DeclaredExtent>> =
            extents.map(|all| all.into_iter().map(DeclaredExtent::from).collect());
        if extents.as_ref().is_some_and(|all| all.len() != shape.len()) {
            return Err("shape and extents disagree");
        }
        Ok(Self { shape, data, whole: matches!(kind, Rank::Indices), extents })
    }
}

/// An extent, or its name.
#[derive(Deserialize)]
#[serde(untagged)]
enum WrittenExtent {
    Constant(usize),
    Symbol(String),
}

impl From<WrittenExtent> for DeclaredExtent {
    fn from(extent: WrittenExtent) -> Self {
        match extent {
            WrittenExtent::Constant(n) => Self::Constant(n),
            WrittenExtent::Symbol(name) if name == "_" => Self::Free,
            WrittenExtent::Symbol(name) => Self::Symbol(canonical_name(&name)),
        }
    }
}

/// A shape that is declared.
#[derive(Deserialize)]
#[serde(try_from = "WrittenTensor<WrittenExtent>")]
struct WrittenShape {
    shape: DeclaredShape,
    whole: bool,
}

impl TryFrom<WrittenTensor<WrittenExtent>> for WrittenShape {
    type Error = &'static str;

    fn try_from(written: WrittenTensor<WrittenExtent>) -> Result<Self, Self::Error> {
        if !written.kind.admits(written.shape.len()) {
            return Err("kind and shape disagree");
        }
        let extents = written.shape.into_iter().map(DeclaredExtent::from).collect();
        Ok(Self { shape: declared_shape(extents), whole: matches!(written.kind, Rank::Indices) })
    }
}

/// What must be refused, as a file has it.
#[derive(Deserialize)]
pub(super) struct WrittenReject {
    context: Context,
    expr: Option<String>,
    /// In place of `expr`: texts, each so many times.
    generator: Option<Vec<Repeated>>,
    #[serde(default)]
    cost: String,
    #[serde(default)]
    declarations: String,
    #[serde(default)]
    defines: Vec<String>,
    #[serde(default, deserialize_with = "named_entries")]
    vars: Named<WrittenShape>,
    #[serde(default, deserialize_with = "names")]
    wrt: Vec<String>,
    #[serde(default, deserialize_with = "names")]
    hyper: Vec<String>,
    #[serde(default, deserialize_with = "names")]
    weights: Vec<String>,
    #[serde(default, deserialize_with = "names")]
    biases: Vec<String>,
    span_in: Option<String>,
    span: Option<(usize, usize)>,
    #[serde(default)]
    also: Vec<(usize, usize)>,
    suggestion: Option<String>,
    #[serde(default)]
    may_accept: bool,
}

#[derive(Deserialize)]
struct Repeated {
    text: String,
    times: usize,
}

impl TryFrom<WrittenReject> for Reject {
    type Error = String;

    fn try_from(written: WrittenReject) -> Result<Self, Self::Error> {
        let generated =
            |parts: &Vec<Repeated>| parts.iter().map(|p| p.text.repeat(p.times)).collect::<String>();
        let expr =
            written.generator.as_ref().map(generated).or(written.expr).ok_or("missing field `expr`")?;
        let span_in = written.span_in.as_deref().unwrap_or("expr");
        let define = span_in.strip_prefix("defines[").and_then(|n| n.strip_suffix(']')?.parse().ok());
        let fault = match (span_in, define) {
            ("expr", _) => Fault::Expr,
            ("cost", _) => Fault::Cost,
            (_, Some(n)) => Fault::Define(n),
            _ => return Err(format!("`{span_in}` is no text of a case")),
        };
        Ok(Self {
            context: written.context,
            expr,
            cost: written.cost,
            declarations: written.declarations,
            defines: written.defines,
            vars: (written.vars.into_iter())
                .map(|(name, v)| {
                    let declared = Declaration { whole: v.whole, ..declaration(&name, v.shape) };
                    (name, declared)
                })
                .collect(),
            wrt: written.wrt,
            hyper: written.hyper,
            weights: written.weights,
            biases: written.biases,
            fault,
            spans: written.span.map_or_else(Vec::new, |span| [vec![span], written.also].concat()),
            suggestion: written.suggestion,
            may_accept: written.may_accept,
        })
    }
}
