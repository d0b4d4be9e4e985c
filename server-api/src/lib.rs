//! The Hedgerow server: stores ciphertext and wrapped keys, and nothing it could read.
//!
//! A room is a module with `routes` (HTTP), `service` (its only door) and a private `store`. [`vault`]
//! is the kernel they all store with. [`serve()`] runs the server in this process.

pub mod accounts;
pub mod app;
pub mod auth;
pub mod config;
pub mod edges;
pub mod errors;
pub mod headers;
pub mod inventory;
pub mod keys;
pub mod limits;
pub mod logging;
pub mod mail;
pub mod openapi;
mod serve;
pub mod site;
pub mod tls;
pub mod vault;

pub use serve::{Serving, serve};
