//! `connect agenda`: lists the events of the next days.

use clap::Args;
use connect_hyper::types::Provider;
use jiff::{SignedDuration, Timestamp, ToSpan as _};

use super::{SERVICES, listing::Listing, read::Query};
use crate::{
    calendars,
    context::{Command, Context, Effect},
    failure::Failure,
    provider,
    via::Via,
    when::{self, When},
};

/// The arguments of `connect agenda`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Show this many days.
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..=3660))]
    days: u16,
    /// Start on this date or at this time [default: today].
    #[arg(long, value_name = "WHEN", allow_hyphen_values = true)]
    from: Option<String>,
    /// Show only this calendar, by key, id or title; may be given more than once.
    #[arg(long = "calendar", value_name = "CALENDAR")]
    calendars: Vec<String>,
    /// Show only events of this provider: google, microsoft, apple or caldav.
    #[arg(long, value_name = "PROVIDER", value_parser = provider::known)]
    provider: Option<Provider>,
}

impl Command for Arguments {
    const SERVICES: &[Via] = SERVICES;

    fn effect(&self) -> Effect {
        Effect::Reads
    }

    async fn run(&self, context: &Context) -> Result<(), Failure> {
        super::note_unknown_zone(context);
        let zone = &context.out.zone;
        let today = || When::Day(Timestamp::now().to_zoned_datetime(zone.clone()).date());
        let from =
            self.from.as_deref().map_or_else(|| Ok(today()), |from| When::parse("--from", from, zone))?;
        let start = from.start(zone)?;
        let first = start.to_zoned_datetime(zone.clone());
        let end = first.checked_add(i64::from(self.days).days()).and_then(|end| end.start_of_day());
        let end = end.map_err(when::out_of_range)?.timestamp();
        // An event that begins exactly at the end might be listed.
        let end = end.saturating_sub(SignedDuration::from_millis(1)).unwrap_or(end);
        let only = calendars::find(context, &self.calendars, self.provider.as_ref()).await?;
        let query = Query { calendars: &only, start, end, masters: false };
        let listing = Listing { query, provider: self.provider.as_ref(), limit: usize::MAX, has_keys: false };
        listing.print(context).await
    }
}
