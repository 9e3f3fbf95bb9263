//! What requests say of an event that services of other forms are told as well.

use proc_macro2::TokenStream;
use quote::quote;

use super::emit::{docs, ident, ty};
use super::emit_requests::{Kind, kind};
use super::model::{Field, Model, Request, Ty};

/// Whether it is one of those requests.
pub(super) fn of_event(request: &Request) -> bool {
    request.beside && !request.body_fields().is_empty()
}

/// A field that all of those requests have.
pub(super) struct Shared<'a> {
    field: &'a Field,
    /// Whether one of them can clear it.
    patch: bool,
}

/// What all of those requests have, but for what each of them must have: that names the event. A field that only Connect has
/// is told by its name.
pub(super) fn shared(model: &Model) -> Result<Vec<Shared<'_>>, String> {
    let requests: Vec<_> = model.requests.iter().filter(|request| of_event(request)).collect();
    let Some(first) = requests.first() else { return Ok(Vec::new()) };
    let mut shared = Vec::new();
    for field in first.body_fields().iter().filter(|field| field.constant.is_none() && !field.connect_only) {
        let all: Vec<_> = requests.iter().filter_map(|of| own(of, &field.wire)).collect();
        if all.len() < requests.len() || all.iter().all(|field| field.required) {
            continue;
        }
        if all.iter().any(|other| other.ty != field.ty || other.name != field.name) {
            return Err(format!("{}: the event requests differ in its name or type", field.wire));
        }
        let patch = all.iter().any(|field| kind(field) == Kind::Patch);
        shared.push(Shared { field, patch });
    }
    Ok(shared)
}

pub(super) fn structure(shared: &[Shared<'_>]) -> TokenStream {
    let fields = shared.iter().map(|Shared { field, patch }| {
        let (name, doc) = (ident(field), docs(&field.doc));
        let ty = if is_boundary(field) { quote!(EventTime) } else { ty(&field.ty, "Moment") };
        let ty = match (patch, &field.ty) {
            (true, _) => quote!(Patch<#ty>),
            (false, Ty::List(_)) => ty,
            (false, _) => quote!(Option<#ty>),
        };
        quote!(#doc pub #name: #ty,)
    });
    quote! {
        #[doc = " What a request says about an event. In that of a [`NewEvent`] nothing is to be cleared."]
        #[doc = ""]
        #[doc = " Exhaustive on purpose: who sends it to another service takes it apart, so that no later field is dropped in silence."]
        #[derive(Debug, Clone, PartialEq, Default)]
        pub struct EventFields {
            #(#fields)*
            #[doc = " Which guests are to be told, where that was chosen."]
            pub notify: Option<Notify>,
            #[doc = " Fields of providers' own, JSON objects."]
            pub provider_fields: Vec<(Provider, Raw)>,
            #[doc = " The names of fields that are set and that only Mobiscroll Connect has."]
            pub connect_only: Vec<&'static str>,
            #[doc = " The zone that the start was given in: a series counts its days there, unless the call says otherwise."]
            pub start_zone: Option<jiff::tz::TimeZone>,
        }
    }
}

/// How one of the requests is read.
pub(super) fn reading(of: &Request, shared: &[Shared<'_>]) -> TokenStream {
    let values = shared.iter().filter_map(|Shared { field, patch }| {
        let field = own(of, &field.wire)?;
        let (name, kind) = (ident(field), kind(field));
        let value = match (kind, patch) {
            (Kind::Required, _) if is_boundary(field) => quote!(Some((&self.#name).into())),
            (_, _) if is_boundary(field) => quote!(self.#name.as_ref().map(Into::into)),
            (Kind::Required, true) => quote!(Patch::Set(self.#name.clone())),
            (Kind::Required, false) => quote!(Some(self.#name.clone())),
            (Kind::Optional, true) => quote!(Patch::of(self.#name.clone())),
            (Kind::List, true) => {
                quote!(Patch::of(Some(&self.#name).filter(|list| !list.is_empty()).cloned()))
            }
            (Kind::Optional | Kind::List, false) | (Kind::Patch, _) => quote!(self.#name.clone()),
        };
        Some(quote!(#name: #value,))
    });
    let connect_only = of.body_fields().iter().filter(|field| field.connect_only).map(|field| {
        let (name, wire) = (ident(field), &field.wire);
        let is_set = match kind(field) {
            Kind::Required => quote!(true),
            Kind::Optional => quote!(self.#name.is_some()),
            Kind::List => quote!(!self.#name.is_empty()),
            Kind::Patch => quote!(self.#name != Patch::Keep),
        };
        quote!((#is_set).then_some(#wire))
    });
    quote! {
        pub(crate) fn event_fields(&self) -> EventFields {
            let connect_only: &[Option<&'static str>] = &[#(#connect_only),*];
            EventFields {
                #(#values)*
                notify: self.beside.notify,
                provider_fields: self.beside.provider_fields.clone(),
                connect_only: connect_only.iter().copied().flatten().collect(),
                start_zone: None,
            }
        }
    }
}

fn own<'a>(of: &'a Request, wire: &str) -> Option<&'a Field> {
    of.body_fields().iter().find(|field| field.wire == wire)
}

/// A start or an end, which other services are told as a time or a day.
fn is_boundary(field: &Field) -> bool {
    field.ty == Ty::Named("Boundary".into())
}
