//! What people do, start to end, with the real client code against the real server. The same journeys run
//! in a browser in `tests/browser/`.

mod accounts;
mod mail;
mod strangers;
