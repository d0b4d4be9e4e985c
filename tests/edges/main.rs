//! The edges: other protocols than ours, spoken by their own programs and by hand.

mod peers;
mod plaintext;
mod receiving;
mod senders;
mod sending;
