//! What happens when things break: the process, the disk, single bits, one of two servers.

mod bits;
mod disk;
mod ledger;
mod pair;
