//! The vault kernel: what every room stores with. Blobs, collections, items, the change feed, quota.

pub mod blob_store;
pub mod blobs;
pub mod db;
pub mod digests;
pub mod events;
pub mod feed;
pub mod folders;
pub mod items;
pub mod migrations;
pub mod quota;
mod routes;
pub mod sealed_shape;
pub mod secrets;
mod stream;
pub mod wal;

pub use routes::routes;
