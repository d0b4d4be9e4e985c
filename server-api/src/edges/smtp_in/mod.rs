//! SMTP from other servers (RFC 5321): mail comes in clear or under TLS, is judged, sealed to its
//! recipients in memory, and answered with 250 once the sealed form is durable.
//!
//! ```text
//! listener → session: commands → recipients → body → message → accounts, mail::service::deliver
//! ```
//!
//! | File | What it holds |
//! |---|---|
//! | `listener` | connections: how many, from where, and the change to TLS |
//! | `input` | lines and chunks from the wire, with their limits and the guard against smuggling |
//! | `body` | the content of a message as it comes in, bounded over all connections |
//! | `session` | the state machine of commands and replies |
//! | `recipients` | who gets it, and what a stranger is told |
//! | `message` | trace fields on top, loops noticed |
//! | `senders` | SPF, DKIM, DMARC, ARC |
//! | `replies` | every reply, with its enhanced status code (RFC 3463) |
//!
//! The plaintext is in this process's memory between the last byte of the message and the reply to it, and
//! nowhere else.

mod body;
mod input;
mod listener;
mod message;
mod recipients;
mod replies;
mod senders;
mod session;

#[cfg(test)]
mod tests;

pub(crate) use listener::Listening;
