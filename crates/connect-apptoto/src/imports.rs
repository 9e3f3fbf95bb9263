//! The calls that import files.

use std::borrow::Cow;

use connect_core::{
    Error,
    types::{Body, ResponseBody, Safety},
};

use super::{Id, When, answer::answer, endpoint::endpoint, open::open_enum};

/// Starts the import of a file (`POST /v1/import`). [`GetImport`] returns the state of the import. Needs
/// [`Scope::ImportsWrite`](super::Scope).
///
/// **Never retried**: Apptoto may send messages about imported events. See [calls that are never
/// retried](super#calls-that-are-never-retried).
///
/// The file is sent as a form field. The documentation mentions, but does not name, an option to update
/// existing items. If you know the name, set the option with [`parameter`](Self::parameter).
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a call does nothing until it is sent"]
pub struct StartImport(Vec<(&'static str, String)>);

impl StartImport {
    /// Imports a file's text with the settings of an earlier import.
    ///
    /// The earlier import can also be an import that a user set up on Apptoto's website.
    pub fn based_on(import: impl Into<Id>, file: impl Into<String>) -> Self {
        Self(vec![("file", file.into()), ("based_on_import_id", import.into().to_string())])
    }

    /// Imports a file's text with a specification of the file's columns.
    ///
    /// Apptoto does not document the format of the specification.
    pub fn with_spec(spec: impl Into<String>, file: impl Into<String>) -> Self {
        Self(vec![("file", file.into()), ("spec", spec.into())])
    }

    /// Sets the kind of items in the file. The default is events.
    pub fn import_type(self, what: impl Into<ImportType>) -> Self {
        self.parameter("type", what.into().as_str())
    }

    /// Sets the time range in which the import deletes events that the file does not contain.
    pub fn delete_between(self, start: impl Into<When>, end: impl Into<When>) -> Self {
        self.parameter("support_delete", "true")
            .parameter("start_time", start.into().as_str())
            .parameter("end_time", end.into().as_str())
    }

    /// Sets any form field, even if this type has no method for it.
    pub fn parameter(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.0.retain(|(known, _)| *known != name);
        self.0.push((name, value.into()));
        self
    }
}

endpoint!(StartImport: POST "/v1/import" -> Imported, ImportsWrite {
    fn body(&self) -> Result<Body, Error> {
        Ok(Body::Form(self.0.clone()))
    }

    fn safety(&self) -> Safety {
        Safety::Never
    }
});

open_enum!(
    /// The kind of items in a file.
    ImportType {
        /// Events.
        Events = "events",
        /// Contacts.
        Contacts = "contacts",
    }
);

/// Reads the state of an import (`GET /v1/import`). Needs [`Scope::ImportsRead`](super::Scope).
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a call does nothing until it is sent"]
pub struct GetImport(Id);

impl GetImport {
    /// Creates the call for the import with this id.
    pub fn new(id: impl Into<Id>) -> Self {
        Self(id.into())
    }
}

endpoint!(GetImport: GET "/v1/import" -> Imported, ImportsRead {
    fn query(&self) -> Result<Vec<(Cow<'_, str>, String)>, Error> {
        Ok(vec![("id".into(), self.0.to_string())])
    }
});

answer!(
    /// A response with an import.
    Imported {
        /// The import.
        import: Option<Import>,
    }
);

answer!(
    /// An import of a file.
    Import {
        /// The id of the import.
        id: Option<Id>,
        /// The state of the import.
        state: Option<ImportState>,
    }
);

open_enum!(
    /// The state of an import.
    ImportState {
        /// The import is waiting to run.
        Launching = "launching",
        /// The import is running.
        Running = "running",
        /// The file could not be imported.
        Invalid = "invalid",
        /// The import has finished.
        Finished = "finished",
        /// The import was aborted.
        Aborted = "aborted",
    }
);

impl ResponseBody for Imported {}
