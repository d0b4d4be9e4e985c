//! The rules of ARCHITECTURE.md, held over the sources, the dependency graph and the API.

mod api;
mod dependencies;
mod documents;
mod languages;
mod layout;
