//! What happens when things break: the process, the disk, single bits, one of two servers.

mod arrivals;
mod bits;
mod disk;
mod ledger;
mod pair;
