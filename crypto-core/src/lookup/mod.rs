//! Finding certificates outside. The core says what to fetch, the host fetches, the core judges what came: whom
//! a certificate names, whether it may be used, and whether it is still the one that is pinned (R15, R41).
//!
//! | File | What it holds |
//! |---|---|
//! | `request` | what to fetch: WKD (draft-koch-openpgp-webkey-service), HKP, VKS, DANE (RFC 7929) |
//! | `search` | WKD step by step: which of the two methods comes next |
//! | `judging` | what came, judged; and several sources against each other |

mod judging;
mod request;
mod search;

#[cfg(test)]
mod tests;

pub use judging::{Asked, Found, Refused, judge, settle};
pub use request::{
    Request, Source, dane_owner, hkp_by_address, hkp_by_fingerprint, vks_by_address, vks_by_fingerprint,
    wkd_policies, wkd_urls,
};
pub use search::{Answer, WkdSearch};
