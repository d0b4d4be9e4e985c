//! Fuzz targets: one function for every parser of foreign bytes. A target takes any bytes and returns; a panic,
//! a hang or unbounded memory is a finding. Where something must hold whatever the bytes are (what is written is
//! read again; pieces of any size give the same; nothing changed is released), the target asserts it.
//!
//! ```
//! for (_, target) in crypto_core_fuzz::TARGETS {
//!     target(b"-----BEGIN PGP MESSAGE-----\n\nwg==\n-----END PGP MESSAGE-----\n");
//! }
//! ```
//!
//! `tests/seeds.rs` runs every file below `seeds/`; `cargo xtask fuzz` runs libFuzzer over the same functions.
#![warn(missing_docs)]

mod accounts;
mod certificates;
mod ciphers;
pub mod fixture;
mod mail;
mod messages;
mod packets;
mod secrets;
pub mod seeds;
mod texts;
mod wires;
mod writing;

pub use accounts::{envelope, opaque};
pub use certificates::{certificate, signatures};
pub use ciphers::ciphers;
pub use mail::{mail, summary};
pub use messages::{message, sealed};
pub use packets::packets;
pub use secrets::secret_key;
pub use texts::{armor, cleartext};
pub use wires::wire;
pub use writing::written;

/// A target: takes any bytes.
pub type Target = fn(&[u8]);

/// Every target by its name: that of its program, and of its folder of seeds.
pub const TARGETS: &[(&str, Target)] = &[
    ("armor", armor),
    ("certificate", certificate),
    ("ciphers", ciphers),
    ("cleartext", cleartext),
    ("envelope", envelope),
    ("mail", mail),
    ("message", message),
    ("opaque", opaque),
    ("packets", packets),
    ("sealed", sealed),
    ("secret_key", secret_key),
    ("signatures", signatures),
    ("summary", summary),
    ("wire", wire),
    ("written", written),
];
