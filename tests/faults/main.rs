//! What happens when things break: the process, the disk, single bits, the database's log, one of two servers.

mod arrivals;
mod bits;
mod clients;
mod columns;
mod disk;
mod ledger;
mod log;
mod pair;
mod sending;
