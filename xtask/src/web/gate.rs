//! The byte gate: what travels before a person can type, and before they see their mail.

use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};

use crate::say;

/// Sign-in page usable: at most this many bytes.
const PAGE_LIMIT: u64 = 300 * 1024;
/// Inbox decrypted: at most this many bytes.
const INBOX_LIMIT: u64 = 1000 * 1024;
/// The crypto module, which is also that of the npm package: at most this many bytes.
const MODULE_LIMIT: u64 = 600 * 1024;
/// Its name among the sizes.
const MODULE: &str = "crypto_wasm";

/// Brotli sizes of what a new visitor loads.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Sizes {
    page: Vec<(String, u64)>,
    worker: Vec<(String, u64)>,
    later: Vec<(String, u64)>,
}

impl Sizes {
    /// Something the sign-in page needs.
    pub(crate) fn page(&mut self, name: &str, bytes: u64) {
        self.page.push((name.to_owned(), bytes));
    }

    /// Something that loads while the person types.
    pub(crate) fn worker(&mut self, name: &str, bytes: u64) {
        self.worker.push((name.to_owned(), bytes));
    }

    /// Something that loads once the inbox is there.
    pub(crate) fn later(&mut self, name: &str, bytes: u64) {
        self.later.push((name.to_owned(), bytes));
    }
}

/// Prints the sizes and holds them to the limits.
///
/// # Errors
/// When one is above its limit.
pub(crate) fn check(sizes: &Sizes) -> Result<()> {
    for (name, bytes) in sizes.page.iter().chain(&sizes.worker).chain(&sizes.later) {
        say::line(format!("        {name:<28}{:>9}", shown(*bytes)));
    }
    let page: u64 = sizes.page.iter().map(|(_, bytes)| bytes).sum();
    let inbox: u64 = page + sizes.worker.iter().map(|(_, bytes)| bytes).sum::<u64>();
    say::step(format!(
        "Sign-in page {} of {}, inbox {} of {} (brotli)",
        shown(page),
        shown(PAGE_LIMIT),
        shown(inbox),
        shown(INBOX_LIMIT)
    ));
    if page > PAGE_LIMIT || inbox > INBOX_LIMIT {
        bail!("the page has become too large to send");
    }
    let module = sizes.worker.iter().find(|(name, _)| name == MODULE);
    match module {
        None => bail!("no size of {MODULE} is known"),
        Some((_, bytes)) if *bytes > MODULE_LIMIT => {
            bail!("{MODULE} has {}; the package promises at most {}", shown(*bytes), shown(MODULE_LIMIT))
        }
        Some(_) => Ok(()),
    }
}

#[expect(clippy::cast_precision_loss, reason = "sizes for people, in KiB")]
fn shown(bytes: u64) -> String {
    format!("{:.1} KiB", bytes as f64 / 1024.0)
}
