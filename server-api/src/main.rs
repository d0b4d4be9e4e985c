//! `hedgerow-server`: the command line.
fn main() {}
