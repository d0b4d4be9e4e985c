//! The certificate directory. [`service`] is the only door; the certificates are kept by the accounts
//! room, since each account has one.

mod routes;
pub mod service;

#[cfg(test)]
mod tests;

pub use routes::routes;
