//! The rules of ARCHITECTURE.md, held over the sources, the dependency graph and the API.
#![expect(clippy::indexing_slicing, reason = "JSON of cargo and of the API; a test may panic")]

mod api;
mod dependencies;
mod documents;
mod languages;
mod layout;
mod rfc;
