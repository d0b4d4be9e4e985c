//! The lying server against the real client. Each file is a group of rules; each test is named after the
//! attack and says its rule. Every one checks that the client refuses with the named error, and that
//! nothing that depends on a secret is requested afterwards.

mod directory;
mod envelopes;
mod login;
mod messages;
mod objects;
mod phrase;
mod sending;
mod smtp;
mod theft;
