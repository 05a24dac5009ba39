//! The fields of a struct: numbers, arrays of numbers, and whole numbers that name entries.

use super::attr::{Model, canonical, combine};
use crate::codegen::Float;
use proc_macro2::Ident;
use quote::quote;
use std::fmt;
use syn::{Data, Fields, GenericArgument, PathArguments, Type};

/// A field that the text may speak of.
#[derive(Clone)]
pub struct Field {
    /// The name in the text: Greek letters by their ASCII names.
    pub name: String,
    /// The field's own identifier.
    pub ident: Ident,
    /// Its type.
    pub ty: Type,
}

/// A field that is data of an objective.
#[derive(Clone, Debug)]
pub struct DataField {
    /// The name in the text.
    pub name: String,
    /// The field's own identifier.
    pub ident: Ident,
    /// How many axes it has in the text: 0 for a number, 1 for a vector, 2 for a matrix.
    pub rank: usize,
    /// How many entries it has, where the type says so: `[f64; 3]`.
    pub length: Option<usize>,
    /// Whether it is a reference to that.
    pub reference: bool,
    /// Whether it is a list, `Vec<f64>` or `&[f64]`: a vector, or an array of any rank row by row.
    pub list: bool,
    /// The type of its entries, where they are whole numbers, which name entries of others.
    pub whole: Option<Ident>,
}

impl DataField {
    /// Whether it is an array that lies row by row in a list.
    pub(super) fn is_laid_out(&self) -> bool {
        self.list && self.rank > 1
    }
}

// By their names: syn's types print only with a feature of its own.
impl fmt::Debug for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Field").field(&self.name).finish()
    }
}

impl Model {
    pub(super) fn read_fields(&mut self) -> syn::Result<()> {
        let Data::Struct(data) = &self.input.data else {
            let message = "expected a struct: its fields are the hyper-parameters";
            return Err(syn::Error::new_spanned(&self.input.ident, message));
        };
        let fields = match &data.fields {
            Fields::Named(named) => named.named.iter().collect::<Vec<_>>(),
            Fields::Unit => Vec::new(),
            Fields::Unnamed(_) => {
                let message = "expected named fields: the formula speaks of the hyper-parameters by name";
                return Err(syn::Error::new_spanned(&data.fields, message));
            }
        };
        let mut found: Vec<(Ident, Type, ArrayType)> = fields
            .into_iter()
            .filter_map(|f| Some((f.ident.clone()?, f.ty.clone(), self.array_of(&f.ty)?)))
            .collect();
        // Beside `f64`, a type parameter is something else.
        let generic =
            |(_, _, array): &(_, _, ArrayType)| matches!(array.entry, Entry::Float(Float::Generic(_)));
        let float = |found: &(_, _, ArrayType)| matches!(found.2.entry, Entry::Float(_)) && !generic(found);
        if found.iter().any(float) {
            found.retain(|found| !generic(found));
        }
        let mut float: Option<(Float, String)> = None;
        let mut wrong: Option<syn::Error> = None;
        for (ident, ty, array) in found {
            let ArrayType { rank, length, entry, number, reference, list } = array;
            let name = canonical(&ident.to_string());
            let kind = match entry {
                Entry::Float(kind) => kind,
                Entry::Whole(number) => {
                    let whole = Some(number);
                    self.data.push(DataField { name, ident, rank, length, reference, list, whole });
                    continue;
                }
            };
            if rank == 0 && !reference {
                self.fields.push(Field { name: name.clone(), ident: ident.clone(), ty: ty.clone() });
            }
            self.data.push(DataField { name, ident, rank, length, reference, list, whole: None });
            match &float {
                // A reference to a type parameter may be to anything.
                _ if rank == 0 && reference => {}
                Some((_, known)) if *known != number => {
                    let message =
                        format!("fields of one number type are expected, here are `{known}` and `{number}`");
                    combine(&mut wrong, syn::Error::new_spanned(ty, message));
                }
                _ => float = Some((kind, number)),
            }
        }
        if let Some(scalar) = self.scalar.clone() {
            let ty: Type = syn::parse2(quote!(#scalar))?;
            let Some(chosen) = self.float_of(&ty) else {
                return Err(syn::Error::new_spanned(scalar, "expected `f32`, `f64` or a type parameter"));
            };
            if let Some((_, known)) = &float
                && scalar != known
            {
                let message = format!("the fields are of type `{known}`, not `{scalar}`");
                return Err(syn::Error::new_spanned(scalar, message));
            }
            self.float = chosen;
        } else if let Some((float, _)) = float {
            self.float = float;
        } else if let Some(parameter) = self.input.generics.type_params().next() {
            self.float = Float::Generic(parameter.ident.clone());
        }
        wrong.map_or(Ok(()), Err)
    }

    /// The fields of a cost that are vectors of numbers, and that its texts speak of.
    pub(super) fn vectors(&self) -> impl Iterator<Item = &DataField> {
        let is_vector = |f: &&DataField| f.rank == 1 && f.whole.is_none() && self.speaks_of(&f.name);
        self.data.iter().filter(is_vector)
    }

    /// The type of a field that is no number, so that the text cannot speak of it.
    pub(super) fn other_field(&self, name: &str) -> Option<String> {
        let Data::Struct(data) = &self.input.data else { return None };
        let named = |f: &syn::Field| f.ident.as_ref().is_some_and(|i| canonical(&i.to_string()) == name);
        let field = data.fields.iter().find(|f| named(f))?;
        let ty = &field.ty;
        let text = quote!(#ty).to_string();
        // As people write it: `Option<T>`, `&'a str`.
        Some(
            text.replace(" < ", "<")
                .replace(" >", ">")
                .replace(" ::", "::")
                .replace(":: ", "::")
                .replace("& ", "&"),
        )
    }

    /// A number or array of the number type, an array of whole numbers, or a reference to one.
    fn array_of(&self, ty: &Type) -> Option<ArrayType> {
        let entry = |ty: &Type| {
            let ty = ungrouped(ty);
            let float = self.float_of(ty).map(Entry::Float);
            Some((float.or_else(|| whole(ty).map(Entry::Whole))?, quote!(#ty).to_string()))
        };
        let made = |rank, (entry, number), list| ArrayType {
            rank,
            length: None,
            entry,
            number,
            reference: false,
            list,
        };
        match ungrouped(ty) {
            Type::Reference(r) => self.array_of(&r.elem).map(|a| ArrayType { reference: true, ..a }),
            Type::Array(a) => entry(&a.elem)
                .map(|n| ArrayType { length: literal(&a.len).filter(|n| *n > 0), ..made(1, n, true) }),
            Type::Slice(a) => entry(&a.elem).map(|n| made(1, n, true)),
            Type::Path(path) => {
                if let Some(n) = entry(ty) {
                    // One whole number is no subscript.
                    return matches!(n.0, Entry::Float(_)).then(|| made(0, n, false));
                }
                let last = path.path.segments.last()?;
                let PathArguments::AngleBracketed(args) = &last.arguments else { return None };
                let types: Vec<&Type> = args
                    .args
                    .iter()
                    .filter_map(|a| if let GenericArgument::Type(t) = a { Some(t) } else { None })
                    .collect();
                let n = types.iter().find_map(|t| entry(t))?;
                let name = last.ident.to_string();
                if name == "Vec" {
                    return Some(made(1, n, true));
                }
                let dimension = |k: usize| {
                    types.iter().any(|t| {
                        matches!(t, Type::Path(p) if p.path.segments.last().is_some_and(|s| s.ident == format!("Ix{k}")))
                    })
                };
                // ndarray has names for as many axes.
                let rank = (1..=6).find(|&k| {
                    name.ends_with(&format!("Array{k}"))
                        || name.ends_with(&format!("View{k}"))
                        || dimension(k)
                })?;
                Some(made(rank, n, false))
            }
            _ => None,
        }
    }

    fn float_of(&self, ty: &Type) -> Option<Float> {
        let Type::Path(path) = ungrouped(ty) else { return None };
        let ident = path.path.get_ident()?;
        if ident == "f32" {
            return Some(Float::F32);
        }
        if ident == "f64" {
            return Some(Float::F64);
        }
        self.input.generics.type_params().find(|p| p.ident == *ident).map(|p| Float::Generic(p.ident.clone()))
    }
}

/// The type without the invisible brackets that it has as an argument of somebody's `macro_rules!`.
fn ungrouped(mut ty: &Type) -> &Type {
    while let Type::Group(syn::TypeGroup { elem, .. }) | Type::Paren(syn::TypeParen { elem, .. }) = ty {
        ty = elem;
    }
    ty
}

/// The number that an expression is: not the value of a constant, which nobody knows yet.
fn literal(expr: &syn::Expr) -> Option<usize> {
    match expr {
        syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Int(n), .. }) => n.base10_parse().ok(),
        syn::Expr::Group(group) => literal(&group.expr),
        _ => None,
    }
}

/// The type of whole numbers that this is.
fn whole(ty: &Type) -> Option<Ident> {
    let Type::Path(path) = ty else { return None };
    let ident = path.path.get_ident()?;
    WHOLE.iter().any(|name| ident == name).then(|| ident.clone())
}

/// Whether a type is one of a whole number, or a reference to one.
pub(super) fn is_whole(ty: &str) -> bool {
    WHOLE.contains(&ty.rsplit(['&', ' ']).next().unwrap_or(ty))
}

/// Types of whole numbers.
const WHOLE: [&str; 10] = ["usize", "u8", "u16", "u32", "u64", "isize", "i8", "i16", "i32", "i64"];

/// What a field's type says.
struct ArrayType {
    rank: usize,
    length: Option<usize>,
    entry: Entry,
    /// The type of the entries, as it is written.
    number: String,
    reference: bool,
    list: bool,
}

/// What an array is of.
enum Entry {
    Float(Float),
    Whole(Ident),
}
