//! Hashing content by a host: node:crypto does it in hardware, and at once.

use core::cell::RefCell;

use digest::{DynDigest, InvalidBufferSize};
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// The host's hashes, each known by a number.
    #[derive(Debug)]
    pub type HostHashes;

    /// A new hash, or none if the host has no hash of this name.
    #[wasm_bindgen(method)]
    fn make(this: &HostHashes, name: &str) -> Option<u32>;
    #[wasm_bindgen(method)]
    fn copy(this: &HostHashes, hash: u32) -> u32;
    #[wasm_bindgen(method)]
    fn update(this: &HostHashes, hash: u32, octets: &[u8]);
    /// The digest; a hash gives it once.
    #[wasm_bindgen(method)]
    fn digest(this: &HostHashes, hash: u32) -> Vec<u8>;
    #[wasm_bindgen(method)]
    fn forget(this: &HostHashes, hash: u32);
}

thread_local! {
    static HASHES: RefCell<Option<HostHashes>> = const { RefCell::new(None) };
}

fn with<T>(work: impl FnOnce(&HostHashes) -> T) -> Option<T> {
    HASHES.with_borrow(|hashes| hashes.as_ref().map(work))
}

/// Lets the host hash content from now on.
#[wasm_bindgen(js_name = useHashes)]
pub fn use_hashes(hashes: HostHashes) {
    HASHES.set(Some(hashes));
    bulk::hash::use_host(|name| {
        let id = with(|hashes| hashes.make(name))??;
        Some(Box::new(HostHash { name, id }))
    });
}

/// One of the host's hashes under way.
struct HostHash {
    name: &'static str,
    id: u32,
}

impl Drop for HostHash {
    fn drop(&mut self) {
        with(|hashes| hashes.forget(self.id));
    }
}

impl DynDigest for HostHash {
    fn update(&mut self, octets: &[u8]) {
        with(|hashes| hashes.update(self.id, octets));
    }

    fn finalize_into(self, buffer: &mut [u8]) -> Result<(), InvalidBufferSize> {
        let digest = with(|hashes| hashes.digest(self.id)).unwrap_or_default();
        if digest.len() != buffer.len() {
            return Err(InvalidBufferSize);
        }
        buffer.copy_from_slice(&digest);
        Ok(())
    }

    fn finalize_into_reset(&mut self, buffer: &mut [u8]) -> Result<(), InvalidBufferSize> {
        let fresh = with(|hashes| hashes.make(self.name)).flatten().ok_or(InvalidBufferSize)?;
        let done = Self { name: self.name, id: core::mem::replace(&mut self.id, fresh) };
        done.finalize_into(buffer)
    }

    fn reset(&mut self) {
        if let Some(fresh) = with(|hashes| hashes.make(self.name)).flatten() {
            drop(Self { name: self.name, id: core::mem::replace(&mut self.id, fresh) });
        }
    }

    fn output_size(&self) -> usize {
        match self.name {
            "SHA-1" => 20,
            "SHA-224" => 28,
            "SHA-384" => 48,
            "SHA-512" | "SHA3-512" => 64,
            _ => 32,
        }
    }

    fn box_clone(&self) -> Box<dyn DynDigest> {
        let id = with(|hashes| hashes.copy(self.id)).unwrap_or(self.id);
        Box::new(Self { name: self.name, id })
    }
}
