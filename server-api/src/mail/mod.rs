//! Mail: folders, messages, drafts, sending between accounts of this server and to others.
//!
//! [`service`] is the only door; what is in the database is behind the private `store`.

mod arrivals;
mod cursor;
pub mod outgoing;
mod routes;
pub mod service;
mod store;
mod submission;

#[cfg(test)]
mod tests;

pub use routes::routes;
