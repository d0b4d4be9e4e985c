//! The small accessible parts every room is built of. `/dev/kit` shows each in every state.

mod button;
mod dialog;
mod field;
mod menu;
mod notice;
mod toast;

#[cfg(feature = "kit")]
pub(crate) mod kit;

pub(crate) use button::{Button, Icon, IconButton, Kind};
pub(crate) use dialog::Dialog;
pub(crate) use field::{Checkbox, Field, PassphraseField, Select, TextArea};
pub(crate) use menu::{Menu, MenuItem};
pub(crate) use notice::{Banner, EmptyState, FaultNote, ProgressLine, Spinner, Tone};
pub(crate) use toast::{ToastRegion, Toasts};

use std::sync::atomic::{AtomicU32, Ordering};

/// An id no other element of the page has.
pub(crate) fn fresh_id(stem: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("{stem}-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

#[cfg(test)]
mod contrast_tests;
