//! The harness: the real server, people with the real crypto core, and a server that lies.
//!
//! - [`server::Server`] runs the binary `hedgerow-server` on a free port with a folder of its own;
//! - [`person::Person`] drives `crypto_core::session` as the page does, with requests over HTTP;
//! - [`evil::Evil`] edits what the server answers before the person sees it, and records everything;
//! - [`insider`] reads and writes the formats of `www/docs/formats.md` without the core, for attacks by
//!   someone who holds the account key, and as a second implementation of that page;
//! - [`smtp`] is a sending mail server, also one that does what none should;
//! - [`sink`] is a receiving one, and [`dns`] the name server both live under;
//! - [`search`] finds bytes in every form they might take;
//! - [`sources`] reads the repository, for the architecture tests.

pub mod dns;
pub mod evil;
pub mod insider;
pub mod person;
pub mod refusal;
pub mod search;
pub mod server;
pub mod sink;
pub mod smtp;
pub mod sources;
