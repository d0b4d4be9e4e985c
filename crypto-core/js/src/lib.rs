//! The wasm-bindgen face of `crypto-core`: conversions only. Secrets stay behind handles.
//!
//! [`Vault`] is what the webmail's worker runs; the rest is for
//! integrators. `pkg/index.d.ts` describes both for people.
//!
//! What returns `Result` throws an `Error` in JavaScript: its `code` is stable ([`model::error::CoreErrorCode`] in snake
//! case), its message English. Times are milliseconds since 1970, as `Date.now()` gives them.
#![warn(missing_docs)]

mod asked;
mod certificate;
mod convert;
mod editing;
mod encryption;
mod hashes;
mod locking;
mod looking;
mod opening;
mod secret;
mod signing;
mod vault;

pub use asked::Asked;
pub use certificate::{Certificate, Keyring};
pub use encryption::{Encryption, SealingJob};
pub use hashes::{HostHashes, use_hashes};
pub use locking::Locking;
pub use looking::{dearmor, recipients};
pub use opening::{Opening, OpeningJob, Verification};
pub use secret::{LockedKey, SecretKey};
pub use signing::{Signing, armored};
pub use vault::Vault;

use wasm_bindgen::prelude::*;

/// Whatever held a secret is overwritten when it is given back: also the copies that libraries make, that growing
/// leaves behind, and that the glue passes in and out (`pkg/test/memory.test.mjs`).
#[cfg(target_arch = "wasm32")]
#[global_allocator]
static WIPING: zeroizing_alloc::ZeroAlloc<std::alloc::System> =
    zeroizing_alloc::ZeroAlloc(std::alloc::System);

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = console, js_name = error)]
    fn console_error(text: &str);
}

/// This instance's memory: large content goes from there straight to its place.
#[wasm_bindgen(js_name = moduleMemory)]
pub fn module_memory() -> JsValue {
    wasm_bindgen::memory()
}

/// Runs when the module is loaded: a fault is reported by its place in the source, never by its message,
/// which could hold content.
#[wasm_bindgen(start)]
pub fn start() {
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map_or_else(String::new, |at| format!(" at {}:{}", at.file(), at.line()));
        console_error(&format!("hedgerow: the crypto module broke{place}"));
    }));
}
