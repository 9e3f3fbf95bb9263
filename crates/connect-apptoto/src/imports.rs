//! Imports of files.

use std::borrow::Cow;

use connect_core::{
    Error,
    types::{Answer, Body, Safety},
};

use super::{Id, When, answer::answer, endpoint::endpoint, open::open_enum};

/// Starts the import of a file (`POST /v1/import`); [`GetImport`] says what became of it. Needs
/// [`Scope::ImportsWrite`](super::Scope).
///
/// **Once only**: what it makes are events that messages may go out about. It is [never tried
/// again](super#calls-that-reach-people).
///
/// The file is sent as a field of a form. The documentation has a switch for changing what is there already whose name it does
/// not show: [`parameter`](Self::parameter) sets it.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a call does nothing until it is sent"]
pub struct StartImport(Vec<(&'static str, String)>);

impl StartImport {
    /// Imports the text of this file with the settings of an earlier import, one that was set up in Apptoto's pages.
    pub fn based_on(import: impl Into<Id>, file: impl Into<String>) -> Self {
        Self(vec![("file", file.into()), ("based_on_import_id", import.into().to_string())])
    }

    /// Imports the text of this file by a specification of its columns.
    pub fn with_spec(spec: impl Into<String>, file: impl Into<String>) -> Self {
        Self(vec![("file", file.into()), ("spec", spec.into())])
    }

    /// What is in the file. Events unless set.
    pub fn import_type(self, what: impl Into<ImportType>) -> Self {
        self.parameter("type", what.into().as_str())
    }

    /// Deletes the events of this time that are not in the file.
    pub fn delete_between(self, start: impl Into<When>, end: impl Into<When>) -> Self {
        self.parameter("support_delete", "true")
            .parameter("start_time", start.into().as_str())
            .parameter("end_time", end.into().as_str())
    }

    /// Sets a field of the form that has no method here.
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
    /// What is in a file.
    ImportType {
        /// Events.
        Events = "events",
        /// Contacts.
        Contacts = "contacts",
    }
);

/// How an import stands (`GET /v1/import`). Needs [`Scope::ImportsRead`](super::Scope).
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a call does nothing until it is sent"]
pub struct GetImport(Id);

impl GetImport {
    /// The import with this id.
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
    /// An answer with an import.
    Imported {
        /// The import.
        import: Option<Import>,
    }
);

answer!(
    /// An import.
    Import {
        /// Its id.
        id: Option<Id>,
        /// How it stands.
        state: Option<ImportState>,
    }
);

open_enum!(
    /// How an import stands.
    ImportState {
        /// It is about to run.
        Launching = "launching",
        /// It runs.
        Running = "running",
        /// The file could not be imported.
        Invalid = "invalid",
        /// It is done.
        Finished = "finished",
        /// It was given up.
        Aborted = "aborted",
    }
);

impl Answer for Imported {}
