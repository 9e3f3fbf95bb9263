//! What the emitters share.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::model::Ty;

const WIDTH: usize = 100;

/// Doc comments of a text, wrapped; paragraphs are kept.
pub(crate) fn docs(text: &str) -> TokenStream {
    let lines = text.split('\n').flat_map(wrap).map(|line| {
        let line = if line.is_empty() { line } else { format!(" {line}") };
        quote!(#[doc = #line])
    });
    quote!(#(#lines)*)
}

/// The Rust type; `moment` is what a date-time is.
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

/// The type of an argument, and the expression that makes the field's value of it.
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
