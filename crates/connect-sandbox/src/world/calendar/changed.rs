//! The events that a write changed, as a provider reports them.

use super::change::Mode;
use super::model::{Calendar, Instance, Target};
use crate::world::provider::Provider;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ChangeKind {
    Created,
    Updated,
    Deleted,
}

impl ChangeKind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Deleted => "deleted",
        }
    }
}

/// A changed event, with the fields that a report needs after the event is deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Changed {
    pub(crate) kind: ChangeKind,
    pub(crate) id: String,
    pub(crate) series: Option<String>,
    pub(crate) title: String,
    pub(crate) at: Timestamp,
}

/// The events of one calendar that a write changed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Changes {
    pub(crate) provider: Provider,
    pub(crate) calendar: String,
    pub(crate) changed: Vec<Changed>,
}

impl Changed {
    pub(crate) fn of(kind: ChangeKind, instance: &Instance<'_>, at: Timestamp) -> Self {
        Self {
            kind,
            id: instance.id(),
            series: instance.series_id().map(str::to_owned),
            title: instance.fields.title.clone(),
            at,
        }
    }
}

impl Changes {
    pub(crate) fn of(calendar: &Calendar, changed: impl IntoIterator<Item = Changed>) -> Self {
        Self {
            provider: calendar.provider,
            calendar: calendar.id.clone(),
            changed: changed.into_iter().collect(),
        }
    }
}

impl Calendar {
    /// Returns the changes after an update of `asked`. An update of the following occurrences is reported as
    /// an update of the old series and the creation of the new series `shown`.
    pub(crate) fn updated(&self, asked: &Target, shown: &Target, now: Timestamp) -> Changes {
        let changed = |target: &Target, kind| self.show(target, |one| Changed::of(kind, one, now));
        if asked.event == shown.event {
            return Changes::of(self, changed(shown, ChangeKind::Updated));
        }
        let old = Target { event: asked.event.clone(), occurrence: None };
        let created = changed(shown, ChangeKind::Created);
        Changes::of(self, changed(&old, ChangeKind::Updated).into_iter().chain(created))
    }

    /// Returns the change that removing `target` will make. Removing the following occurrences is an update
    /// of the series.
    pub(crate) fn removal(&self, target: &Target, mode: Option<Mode>, now: Timestamp) -> Option<Changed> {
        let resolved = self.events.get(&target.event)?.resolve_mode(target, mode);
        let (kind, occurrence) = match (resolved.mode, resolved.start) {
            (Mode::This, Some(start)) => (ChangeKind::Deleted, Some(start)),
            (Mode::Following, Some(_)) => (ChangeKind::Updated, None),
            _ => (ChangeKind::Deleted, None),
        };
        let target = Target { event: target.event.clone(), occurrence };
        self.show(&target, |one| Changed::of(kind, one, now))
    }
}
