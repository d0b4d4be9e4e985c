//! The edges: where other protocols than ours meet the rooms. An edge parses, keeps a session, and calls
//! a room's `service`; it stores nothing by itself and holds no keys of people.

pub(crate) mod fields;
mod names;
pub mod sealing;
pub mod smtp_in;
pub mod smtp_out;
