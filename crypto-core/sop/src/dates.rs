//! The draft's DATE: an ISO 8601 time, `now`, or `-` for "no bound".

use std::time::{SystemTime, UNIX_EPOCH};

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime};

use crate::failure::{Code, Failure};

/// Seconds since 1970, as OpenPGP counts.
pub(crate) type Seconds = i64;

/// Which end of a day a bare date stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Edge {
    /// `--not-before=2026-11-24` begins with the day.
    Start,
    /// `--not-after=2026-11-24` takes the whole day in.
    End,
}

/// The machine's time.
pub(crate) fn now() -> Seconds {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|since| i64::try_from(since.as_secs()).ok())
        .unwrap_or_default()
}

/// The same in milliseconds, as our crates count.
pub(crate) fn now_millis() -> wire::Millis {
    now().saturating_mul(1000)
}

/// Reads a DATE; `None` is `-`, no bound.
pub(crate) fn parse(text: &str, edge: Edge) -> Result<Option<Seconds>, Failure> {
    match text {
        "-" => Ok(None),
        "now" => Ok(Some(now())),
        _ => instant(text, edge).map(Some).ok_or_else(|| {
            Failure::new(
                Code::UnsupportedOption,
                format!("{text:?} is no date: write it like 2026-11-24T10:00:00Z, or `now`, or `-`"),
            )
        }),
    }
}

fn instant(text: &str, edge: Edge) -> Option<Seconds> {
    const ZONED: [&str; 4] =
        ["%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M%#z", "%Y%m%dT%H%M%S%#z", "%Y%m%dT%H%M%#z"];
    const BARE: [&str; 4] = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y%m%dT%H%M%S", "%Y%m%dT%H%M"];
    const DAYS: [&str; 3] = ["%Y-%m-%d", "%Y%m%d", "%Y-%j"];
    let zoned =
        ZONED.iter().find_map(|form| DateTime::parse_from_str(text, form).ok()).map(|at| at.timestamp());
    let bare = || {
        BARE.iter()
            .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
            .map(|at| at.and_utc().timestamp())
    };
    let day = || {
        let day = DAYS.iter().find_map(|form| NaiveDate::parse_from_str(text, form).ok())?;
        let start = day.and_time(NaiveTime::MIN).and_utc().timestamp();
        Some(match edge {
            Edge::Start => start,
            Edge::End => start.saturating_add(86_399),
        })
    };
    zoned.or_else(bare).or_else(day)
}

/// Writes a time as the draft's VERIFICATIONS do.
pub(crate) fn shown(at: Seconds) -> String {
    DateTime::from_timestamp(at, 0)
        .map_or_else(|| "1970-01-01T00:00:00Z".into(), |at| at.format("%Y-%m-%dT%H:%M:%SZ").to_string())
}

#[cfg(test)]
#[path = "dates_tests.rs"]
mod tests;
