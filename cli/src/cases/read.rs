//! Files of reference cases: JSON to [`Case`]s.

use super::compare::Tolerance;
use super::{Body, Case, Context, Cost, Fault, Named, Network, Objective, Product, Reject, Tensor};
use gradsmith_compiler::syntax::ast::{DeclaredExtent, DeclaredShape};
use gradsmith_compiler::syntax::parse::canonical_name;
use serde_json::{Map, Value};
use std::fmt;

/// Why a file is no file of cases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed(String);

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Malformed {}

type Read<T> = Result<T, Malformed>;

/// The cases of a file's text.
///
/// # Errors
/// Where it is not JSON, or a case lacks a field or has one of the wrong type.
pub fn cases(json: &str) -> Read<Vec<Case>> {
    let value: Value = serde_json::from_str(json).map_err(|e| Malformed(e.to_string()))?;
    let Value::Array(list) = value else {
        return Err(Malformed("a file of cases is an array of objects".to_owned()));
    };
    list.iter().enumerate().map(|(k, value)| case(value, k)).collect()
}

fn case(value: &Value, k: usize) -> Read<Case> {
    let Value::Object(map) = value else {
        return Err(Malformed(format!("case {k} is not an object")));
    };
    let named = map.get("name").and_then(Value::as_str).map(str::to_owned);
    let name = named.unwrap_or_else(|| format!("case {k}"));
    let fields = Fields { map, of: &name };
    let extreme = matches!(fields.text_or("form", "")?.as_str(), "objective" | "cost" | "network");
    let body = if fields.has("context") {
        Body::Reject(reject(&fields)?)
    } else if fields.has("network") {
        Body::Network(network(&fields)?)
    } else if fields.has("a") && fields.has("y") {
        Body::Cost(cost(&fields)?)
    } else if fields.has("vars") {
        Body::Objective(objective(&fields)?)
    } else {
        return Err(fields.wrong("no kind of case has these fields"));
    };
    let within = match body {
        Body::Reject(_) => 0.0,
        _ => fields.number("tolerance")?,
    };
    let tolerance = if extreme {
        Tolerance::Entries { within, floor: fields.number_or("gradient_floor", 0.0)? }
    } else {
        Tolerance::Arrays { within }
    };
    let required = fields.map.get("required").and_then(Value::as_bool).unwrap_or(true);
    Ok(Case { name, tolerance, required, body })
}

fn objective(f: &Fields<'_>) -> Read<Objective> {
    let hessian = f.named_or_none("hessian", numbers)?;
    let block = |name: String| name.split(',').next().unwrap_or_default().to_owned();
    Ok(Objective {
        expr: f.text("expr")?,
        vars: f.named("vars", tensor)?,
        wrt: f.names("wrt")?,
        value: f.number("value")?,
        gradient: f.named("gradient", numbers)?,
        hessian: hessian.into_iter().map(|(name, block_of)| (block(name), block_of)).collect(),
        products: f.named_or_none("hvp", |v| {
            let pair = v.get("v").and_then(numbers).zip(v.get("result").and_then(numbers));
            pair.map(|(direction, result)| Product { direction, result })
        })?,
    })
}

fn cost(f: &Fields<'_>) -> Read<Cost> {
    Ok(Cost {
        expr: f.text("expr")?,
        defines: f.texts("defines")?,
        hyper: f.named_or_none("hyper", Value::as_f64)?,
        a: f.tensor("a")?,
        y: f.tensor("y")?,
        weights: f.named_or_none("weights", tensor)?,
        biases: f.named_or_none("biases", tensor)?,
        value: f.number("value")?,
        d_activation: f.map.get("d_activation").and_then(numbers).ok_or_else(|| f.lacks("d_activation"))?,
        d_weight: f.named_or_none("d_weight", numbers)?,
        d_bias: f.named_or_none("d_bias", numbers)?,
    })
}

fn network(f: &Fields<'_>) -> Read<Network> {
    let product = match f.map.get("hvp") {
        None => None,
        Some(Value::Object(map)) => {
            let inner = Fields { map, of: f.of };
            let results = inner.named("result", numbers)?;
            let mut product = Vec::new();
            for (name, direction) in inner.named("v", numbers)? {
                let result = super::named(&results, &name).cloned();
                let result =
                    result.ok_or_else(|| f.wrong(&format!("its `hvp` has no result for `{name}`")))?;
                product.push((name, Product { direction, result }));
            }
            Some(product)
        }
        Some(_) => return Err(f.lacks("hvp")),
    };
    Ok(Network {
        network: f.text("network")?,
        declarations: f.text_or("declarations", "")?,
        cost: f.text("cost")?,
        defines: f.texts("defines")?,
        hyper: f.named_or_none("hyper", Value::as_f64)?,
        inputs: f.named("inputs", tensor)?,
        y: f.tensor("y")?,
        params: f.named("params", tensor)?,
        weights: f.names("weights")?,
        biases: f.names("biases")?,
        value: f.number("value")?,
        gradient: f.named("gradient", numbers)?,
        product,
    })
}

fn reject(f: &Fields<'_>) -> Read<Reject> {
    let context = match f.text("context")?.as_str() {
        "objective" => Context::Objective,
        "cost" => Context::Cost,
        "network" => Context::Network,
        other => return Err(f.wrong(&format!("`{other}` is no context"))),
    };
    let expr = match f.map.get("generator") {
        Some(parts) => generated(parts).ok_or_else(|| f.lacks("generator"))?,
        None => f.text("expr")?,
    };
    let span_in = f.text_or("span_in", "expr")?;
    let define = span_in.strip_prefix("defines[").and_then(|n| n.strip_suffix(']')?.parse().ok());
    let fault = match (span_in.as_str(), define) {
        ("expr", _) => Fault::Expr,
        ("cost", _) => Fault::Cost,
        (_, Some(n)) => Fault::Define(n),
        _ => return Err(f.wrong(&format!("`{span_in}` is no text of a case"))),
    };
    let mut spans = Vec::new();
    if let Some(span) = f.map.get("span").filter(|s| !s.is_null()) {
        spans.push(range(span).ok_or_else(|| f.lacks("span"))?);
        for other in f.list("also")? {
            spans.push(range(other).ok_or_else(|| f.lacks("also"))?);
        }
    }
    Ok(Reject {
        context,
        expr,
        cost: f.text_or("cost", "")?,
        declarations: f.text_or("declarations", "")?,
        defines: f.texts("defines")?,
        vars: f.named_or_none("vars", declared)?,
        wrt: f.names("wrt")?,
        hyper: f.names("hyper")?,
        weights: f.names("weights")?,
        biases: f.names("biases")?,
        fault,
        spans,
        suggestion: f.map.get("suggestion").and_then(Value::as_str).map(str::to_owned),
        may_accept: f.map.get("may_accept").and_then(Value::as_bool).unwrap_or(false),
    })
}

/// The object of a case, and the name to blame.
struct Fields<'a> {
    map: &'a Map<String, Value>,
    of: &'a str,
}

impl<'a> Fields<'a> {
    fn wrong(&self, what: &str) -> Malformed {
        Malformed(format!("`{}`: {what}", self.of))
    }

    fn lacks(&self, field: &str) -> Malformed {
        self.wrong(&format!("`{field}` is missing or not what it should be"))
    }

    fn has(&self, field: &str) -> bool {
        self.map.contains_key(field)
    }

    fn text(&self, field: &str) -> Read<String> {
        self.map.get(field).and_then(Value::as_str).map(str::to_owned).ok_or_else(|| self.lacks(field))
    }

    fn text_or(&self, field: &str, default: &str) -> Read<String> {
        if self.has(field) { self.text(field) } else { Ok(default.to_owned()) }
    }

    fn number(&self, field: &str) -> Read<f64> {
        self.map.get(field).and_then(Value::as_f64).ok_or_else(|| self.lacks(field))
    }

    fn number_or(&self, field: &str, default: f64) -> Read<f64> {
        if self.has(field) { self.number(field) } else { Ok(default) }
    }

    fn list(&self, field: &str) -> Read<&'a [Value]> {
        match self.map.get(field) {
            None => Ok(&[]),
            Some(Value::Array(list)) => Ok(list),
            Some(_) => Err(self.lacks(field)),
        }
    }

    fn texts(&self, field: &str) -> Read<Vec<String>> {
        let texts = self.list(field)?.iter().map(|v| v.as_str().map(str::to_owned));
        texts.collect::<Option<_>>().ok_or_else(|| self.lacks(field))
    }

    fn names(&self, field: &str) -> Read<Vec<String>> {
        Ok(self.texts(field)?.iter().map(|n| canonical_name(n)).collect())
    }

    fn tensor(&self, field: &str) -> Read<Tensor> {
        self.map.get(field).and_then(tensor).ok_or_else(|| self.lacks(field))
    }

    fn named<T>(&self, field: &str, read: impl Fn(&Value) -> Option<T>) -> Read<Named<T>> {
        let Some(Value::Object(map)) = self.map.get(field) else { return Err(self.lacks(field)) };
        let entries = map.iter().map(|(name, v)| {
            let at = || self.lacks(&format!("{field}.{name}"));
            read(v).map(|value| (canonical_name(name), value)).ok_or_else(at)
        });
        entries.collect()
    }

    fn named_or_none<T>(&self, field: &str, read: impl Fn(&Value) -> Option<T>) -> Read<Named<T>> {
        if self.has(field) { self.named(field, read) } else { Ok(Vec::new()) }
    }
}

fn numbers(value: &Value) -> Option<Vec<f64>> {
    value.as_array()?.iter().map(Value::as_f64).collect()
}

/// Nothing but a tensor whose kind, shape and number of entries agree.
fn tensor(value: &Value) -> Option<Tensor> {
    let shape: Vec<usize> = value
        .get("shape")?
        .as_array()?
        .iter()
        .map(|n| n.as_u64().map(|n| n as usize))
        .collect::<Option<_>>()?;
    let rank = match value.get("kind")?.as_str()? {
        "scalar" => 0,
        "vector" => 1,
        "matrix" => 2,
        _ => return None,
    };
    let data = numbers(value.get("data")?)?;
    (shape.len() == rank && data.len() == shape.iter().product::<usize>()).then_some(Tensor { shape, data })
}

fn declared(value: &Value) -> Option<DeclaredShape> {
    let extent = |v: &Value| match v {
        Value::Number(n) => n.as_u64().map(|n| DeclaredExtent::Constant(n as usize)),
        Value::String(name) => Some(DeclaredExtent::Symbol(canonical_name(name))),
        _ => None,
    };
    let mut extents: Vec<DeclaredExtent> =
        value.get("shape")?.as_array()?.iter().map(extent).collect::<Option<_>>()?;
    match (value.get("kind")?.as_str()?, extents.len()) {
        ("scalar", 0) => Some(DeclaredShape::Scalar),
        ("vector", 1) => Some(DeclaredShape::Vector(extents.pop())),
        ("matrix", 2) => {
            let columns = extents.pop()?;
            Some(DeclaredShape::Matrix(extents.pop().map(|rows| (rows, columns))))
        }
        _ => None,
    }
}

fn range(value: &Value) -> Option<(usize, usize)> {
    match value.as_array()?.as_slice() {
        [from, to] => Some((from.as_u64()? as usize, to.as_u64()? as usize)),
        _ => None,
    }
}

fn generated(parts: &Value) -> Option<String> {
    let mut text = String::new();
    for part in parts.as_array()? {
        text.push_str(&part.get("text")?.as_str()?.repeat(part.get("times")?.as_u64()? as usize));
    }
    Some(text)
}
