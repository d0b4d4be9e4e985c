//! SMTP to other servers: what people write to addresses outside leaves from the queue, signed by the domain.
//!
//! ```text
//! mail::outgoing (queue) → worker → route (MX) → client (one conversation) → worker: taken, later, never
//!                                                                          → notice (RFC 3464), sealed
//! ```
//!
//! | File | What it holds |
//! |---|---|
//! | `worker` | what is due is taken, tried, and its fate written down |
//! | `route` | the servers of a domain, and the addresses that mail may go to |
//! | `client` | the conversation with one of them |
//! | `dkim` | the domain's signatures |
//! | `notice` | what the sender is told |

mod client;
mod dkim;
mod notice;
mod records;
mod route;
#[cfg(test)]
mod tests;
mod worker;

pub use records::records;
pub(crate) use worker::Worker;
