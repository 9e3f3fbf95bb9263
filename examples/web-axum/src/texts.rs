//! The languages of the pages. The sources contain the English texts.

use std::{collections::HashMap, sync::LazyLock};

use jiff::civil::{Date, Weekday};

/// The Arabic texts by their English texts. A test checks that none is missing.
static ARABIC: LazyLock<HashMap<&str, &str>> =
    LazyLock::new(|| serde_json::from_str(include_str!("arabic.json")).unwrap_or_default());

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    English,
    Arabic,
}

impl Language {
    pub(crate) fn of(code: Option<&str>) -> Self {
        if code == Some("ar") { Self::Arabic } else { Self::English }
    }

    pub(crate) fn code(self) -> &'static str {
        if self == Self::Arabic { "ar" } else { "en" }
    }

    pub(crate) fn name(self) -> &'static str {
        if self == Self::Arabic { "العربية" } else { "English" }
    }

    pub(crate) fn direction(self) -> &'static str {
        if self == Self::Arabic { "rtl" } else { "ltr" }
    }
}

/// Returns a text in a language, or in English if the translation is missing.
pub(crate) fn tr(language: Language, text: &'static str) -> &'static str {
    if language == Language::English {
        return text;
    }
    ARABIC.get(text).map_or(text, |arabic| arabic)
}

const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
#[rustfmt::skip]
const MONTHS: [&str; 12] = [
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
];

pub(crate) fn day_name(language: Language, day: Weekday) -> &'static str {
    tr(
        language,
        DAYS.get(usize::from(day.to_monday_zero_offset().unsigned_abs())).copied().unwrap_or_default(),
    )
}

pub(crate) fn month_name(language: Language, month: i8) -> &'static str {
    tr(language, MONTHS.get(usize::from(month.unsigned_abs()) - 1).copied().unwrap_or_default())
}

pub(crate) fn long_date(language: Language, date: Date) -> String {
    format!("{} {} {}", date.day(), month_name(language, date.month()), date.year())
}
