//! `connect events list`: lists events in a date range.

use clap::Args;
use connect_hyper::types::{CalendarRef, Provider};
use jiff::{Timestamp, ToSpan as _, tz::TimeZone};

use super::{listing::Listing, read::Query};
use crate::{
    calendars,
    context::{Command, Context, Effect},
    failure::Failure,
    provider,
    via::Via,
    when::{self, When},
};

/// The arguments of `connect events list`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// List events from this date or time [default: today].
    #[arg(long, value_name = "WHEN", allow_hyphen_values = true)]
    from: Option<String>,
    /// List events until this date (inclusive) or time [default: 30 days after --from].
    #[arg(long, value_name = "WHEN", allow_hyphen_values = true)]
    to: Option<String>,
    /// List only this calendar, by key, id or title; may be given more than once.
    #[arg(long = "calendar", value_name = "CALENDAR")]
    calendars: Vec<String>,
    /// List only events of this provider: google, microsoft, apple or caldav.
    #[arg(long, value_name = "PROVIDER", value_parser = provider::known)]
    provider: Option<Provider>,
    /// List each series once, instead of its occurrences.
    #[arg(long)]
    masters: bool,
    /// List this public Google calendar, by id; may be given more than once. Needs an API key and no sign-in.
    #[arg(long = "public-calendar", value_name = "ID", conflicts_with = "calendars")]
    public: Vec<String>,
    /// The Google API key for public calendars [env: MOBISCROLL_CONNECT_GOOGLE_API_KEY].
    #[arg(long, value_name = "KEY", requires = "public")]
    api_key: Option<String>,
    /// List at most this many events.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
}

impl Command for Arguments {
    fn is_public(&self) -> bool {
        !self.public.is_empty()
    }

    fn api_key(&self) -> Option<&str> {
        self.api_key.as_deref()
    }

    fn effect(&self) -> Effect {
        Effect::Reads
    }

    async fn run(&self, context: &Context) -> Result<(), Failure> {
        let given = [self.from.as_deref(), self.to.as_deref()];
        let (start, end) = range(given[0], given[1], &context.out.zone)?;
        if self.masters && context.settings.via != Via::Connect {
            return Err(Failure::usage("--masters is only supported with Mobiscroll Connect"));
        }
        calendars::check_provider(context, self.provider.as_ref())?;
        let only = if self.public.is_empty() {
            calendars::find(context, &self.calendars, self.provider.as_ref()).await?
        } else {
            self.public.iter().map(|id| CalendarRef::new(Provider::Google, id)).collect()
        };
        let limit = self.limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
        let query = Query { calendars: &only, start, end, masters: self.masters };
        when::note_range(&context.out, given, (start, end));
        Listing { query, provider: self.provider.as_ref(), limit, has_keys: true }.print(context).await
    }
}

/// Returns the range to list: `from` is today by default, `to` is 30 days after `from` by default.
pub(super) fn range(
    from: Option<&str>,
    to: Option<&str>,
    zone: &TimeZone,
) -> Result<(Timestamp, Timestamp), Failure> {
    let today = || When::Day(Timestamp::now().to_zoned_datetime(zone.clone()).date());
    let start = from.map_or_else(|| Ok(today()), |text| When::parse("--from", text, zone))?.start(zone)?;
    let end = match to {
        Some(text) => When::parse("--to", text, zone)?.end(zone)?,
        None => {
            let later = start.to_zoned_datetime(zone.clone()).checked_add(30.days());
            later.map_err(when::out_of_range)?.timestamp()
        }
    };
    if end <= start {
        return Err(Failure::usage("--to must be after --from"));
    }
    Ok((start, end))
}
