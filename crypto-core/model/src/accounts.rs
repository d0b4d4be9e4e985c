//! The account as its owner sees it.

use serde::{Deserialize, Serialize};
use wire::ids::AccountId;
use wire::plaintext::Address;

/// An unlocked account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Which.
    pub account_id: AccountId,
    /// Its address.
    pub address: Address,
    /// The fingerprint of its certificate, hexadecimal.
    pub fingerprint: String,
    /// What this device must remember to notice a rollback (R11).
    pub seen: SeenState,
    /// The person's settings.
    pub settings: Settings,
}

/// The newest account state a device has seen. Not secret; kept by the page in local storage, one per
/// account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenState {
    /// Its epoch.
    pub epoch: u64,
    /// SHA-256 of its envelope, hexadecimal.
    pub digest: String,
}

/// Settings that travel with the account, sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct Settings {
    /// Language tag, or empty for the browser's.
    pub language: String,
    /// `light`, `dark`, or empty for the system's.
    pub theme: String,
    /// Name shown beside the address in mail sent.
    pub display_name: String,
    /// Appended to new mail.
    pub signature: String,
}

/// How hard a passphrase is to guess, judged on this device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Strength {
    /// 0 (refused) to 4 (strong).
    pub score: u8,
    /// Estimated bits of guessing work.
    pub bits: u16,
    /// The one tip that helps most.
    pub advice: Advice,
}

/// A tip for a better passphrase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Advice {
    /// Twelve characters are the least.
    Longer,
    /// Repeats and runs (aaaa, 1234, qwerty) add nothing.
    FewerPatterns,
    /// A well-known password is in it.
    NotCommon,
    /// One more unrelated word makes it strong.
    AddWord,
    /// Good as it is.
    Fine,
}
