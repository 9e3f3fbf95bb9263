//! Emits `EventFields`: the fields that all event requests share, for services other than Connect.

use proc_macro2::TokenStream;
use quote::quote;

use super::emit::{docs, ident, ty};
use super::emit_requests::{Kind, kind};
use super::model::{Field, Model, Request, Ty};

/// Returns whether a request writes an event and can be sent to services other than Connect.
pub(super) fn is_event_request(request: &Request) -> bool {
    request.has_foreign_options && !request.body_fields().is_empty()
}

/// A field that all event requests have.
pub(super) struct SharedField<'a> {
    field: &'a Field,
    /// Whether one of the requests can clear the field.
    patch: bool,
}

/// Returns the fields that all event requests have.
///
/// Two kinds of fields are left out: fields that every request requires, because they identify the event, and
/// fields that only Connect supports.
pub(super) fn shared_fields(model: &Model) -> Result<Vec<SharedField<'_>>, String> {
    let requests: Vec<_> = model.requests.iter().filter(|request| is_event_request(request)).collect();
    let Some(first) = requests.first() else { return Ok(Vec::new()) };
    let mut shared = Vec::new();
    for field in first.body_fields().iter().filter(|field| field.constant.is_none() && !field.connect_only) {
        let all: Vec<_> = requests.iter().filter_map(|of| body_field(of, &field.wire)).collect();
        if all.len() < requests.len() || all.iter().all(|field| field.required) {
            continue;
        }
        if all.iter().any(|other| other.ty != field.ty || other.name != field.name) {
            return Err(format!(
                "{}: the event requests differ in the name or type of this field",
                field.wire
            ));
        }
        let patch = all.iter().any(|field| kind(field) == Kind::Patch);
        shared.push(SharedField { field, patch });
    }
    Ok(shared)
}

pub(super) fn event_fields_struct(shared: &[SharedField<'_>]) -> TokenStream {
    let fields = shared.iter().map(|SharedField { field, patch }| {
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
        #[doc = " The event fields of a request, independent of the service. If the request is a"]
        #[doc = " [`NewEvent`], no field is [`Patch::Clear`]."]
        #[doc = ""]
        #[doc = " The struct is exhaustive on purpose: when a field is added, code that destructures the"]
        #[doc = " struct stops compiling, so no field is silently dropped."]
        #[derive(Debug, Clone, PartialEq, Default)]
        pub struct EventFields {
            #(#fields)*
            #[doc = " Which guests are notified; `None` if the caller made no choice."]
            pub notify: Option<Notify>,
            #[doc = " Provider-specific fields, each a JSON object."]
            pub provider_fields: Vec<(Provider, Raw)>,
            #[doc = " The names of the fields that are set and that only Mobiscroll Connect supports."]
            pub connect_only: Vec<&'static str>,
            #[doc = " The time zone of the start. [`EventFields::series_start`] uses this time zone, unless"]
            #[doc = " the caller passes another time zone."]
            pub start_zone: Option<jiff::tz::TimeZone>,
        }
    }
}

/// Returns the method that converts a request to `EventFields`.
pub(super) fn event_fields_method(of: &Request, shared: &[SharedField<'_>]) -> TokenStream {
    let values = shared.iter().filter_map(|SharedField { field, patch }| {
        let field = body_field(of, &field.wire)?;
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
                notify: self.foreign_options.notify,
                provider_fields: self.foreign_options.provider_fields.clone(),
                connect_only: connect_only.iter().copied().flatten().collect(),
                start_zone: None,
            }
        }
    }
}

fn body_field<'a>(of: &'a Request, wire: &str) -> Option<&'a Field> {
    of.body_fields().iter().find(|field| field.wire == wire)
}

/// Returns whether a field is a start or an end. `EventFields` represents starts and ends as
/// `EventTime`.
fn is_boundary(field: &Field) -> bool {
    field.ty == Ty::Named("Boundary".into())
}
