//! Autocrypt Level 1: certificates that travel with mail. What comes this way is used where nothing better is
//! known, and never raises trust or replaces a pin (R19).
//!
//! | File | What it holds |
//! |---|---|
//! | `header` | the fields `Autocrypt` and `Autocrypt-Gossip` |
//! | `peer` | what is remembered of an address, and what it recommends |
//! | `setup` | the Setup Message, which takes a secret key to another program |

mod header;
mod peer;
pub mod setup;

#[cfg(test)]
mod tests;

pub use header::{Field, Fields, Preference, gossip, of_author, parse, write};
pub use peer::{Peer, Recommendation, recommend_for_all};
