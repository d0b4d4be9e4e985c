//! The account: how it is registered, unlocked, changed and recovered, and whom it trusts.
//!
//! | Module | What it holds |
//! |---|---|
//! | [`opaque`] | the client's half of OPAQUE |
//! | [`slots`] | the account key, its sealed copies, and what is derived from it |
//! | [`phrase`] | the recovery phrase |
//! | [`state`] | ZKS1, the table of contents that makes a lying server visible |
//! | [`books`] | pins and settings |
//! | [`account`] | the unlocked account and its changes |
//! | [`recipients`] | the verdict on certificates the server gives out |
//! | [`strength`] | how hard a passphrase is to guess |
//! | [`local`] | a secret key locked by a passphrase without any server, for integrators |

pub mod account;
pub mod books;
pub mod local;
pub mod opaque;
pub mod phrase;
pub mod recipients;
pub mod slots;
pub mod state;
pub mod strength;
