//! The functions that all emitters share.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use super::model::{Field, Ty};

const WIDTH: usize = 100;

/// Returns the lint exceptions of a generated file.
pub(crate) fn allowed() -> TokenStream {
    quote! {
        #![allow(
            unused_imports,
            clippy::clone_on_copy,
            clippy::doc_lazy_continuation,
            clippy::enum_variant_names,
            clippy::new_without_default,
            clippy::should_implement_trait,
            clippy::too_many_arguments,
            clippy::wrong_self_convention,
            reason = "names, types, docs and imports follow the schema"
        )]
    }
}

/// Returns the identifier of a field, as a raw identifier if its name is a keyword.
pub(crate) fn ident(field: &Field) -> Ident {
    syn::parse_str(&field.name).unwrap_or_else(|_| format_ident!("r#{}", field.name))
}

/// Returns a text as wrapped doc comments. Line breaks are kept.
pub(crate) fn docs(text: &str) -> TokenStream {
    let lines = text.split('\n').flat_map(wrap).map(|line| {
        let line = if line.is_empty() { line } else { format!(" {line}") };
        quote!(#[doc = #line])
    });
    quote!(#(#lines)*)
}

/// Returns the Rust code of a type. `moment` names the type of a date-time.
pub(crate) fn ty(ty: &Ty, moment: &str) -> TokenStream {
    match ty {
        Ty::Text => quote!(String),
        Ty::Bool => quote!(bool),
        Ty::U32 => quote!(u32),
        Ty::U64 => quote!(u64),
        Ty::Raw => quote!(Raw),
        Ty::Instant => {
            let name = format_ident!("{moment}");
            quote!(#name)
        }
        Ty::Named(name) => {
            let name = format_ident!("{name}");
            quote!(#name)
        }
        Ty::List(item) => {
            let item = self::ty(item, moment);
            quote!(Vec<#item>)
        }
        Ty::Map(key, value) => {
            let (key, value) = (format_ident!("{key}"), self::ty(value, moment));
            quote!(BTreeMap<#key, #value>)
        }
    }
}

/// Returns the type of an argument, and the expression that converts the argument to the field's value.
pub(crate) fn argument(of: &Ty, name: &proc_macro2::Ident, moment: &str) -> (TokenStream, TokenStream) {
    let plain = ty(of, moment);
    match of {
        Ty::Text | Ty::Named(_) | Ty::Instant => (quote!(impl Into<#plain>), quote!(#name.into())),
        _ => (plain, quote!(#name)),
    }
}

fn wrap(paragraph: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in paragraph.split(' ') {
        let line = lines.last_mut().map_or(0, |line| line.len());
        if line > 0 && line + 1 + word.len() > WIDTH {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}
