//! SEIPDv1 (RFC 9580 section 5.13.1): OpenPGP's CFB mode without resynchronisation, over a random prefix, the
//! content and a SHA-1 of both, the modification detection code.

use pgp::crypto::sym::SymmetricKeyAlgorithm;
use sha1::{Digest as _, Sha1};
use subtle::ConstantTimeEq as _;
use zeroize::{Zeroize as _, Zeroizing};

use super::cipher::Keyed;
use super::mode::{BATCH, mix, mix_part};
use super::{Block, Tampered, Unsupported};

/// Octets before the content: a block, and its last two octets again.
pub(super) const PREFIX: usize = 18;
/// Octets of the modification detection code packet: header and SHA-1.
pub(super) const MDC: usize = 22;
/// The header of that packet, which the SHA-1 covers too.
pub(super) const MDC_HEADER: [u8; 2] = [0xD3, 0x14];

/// Octets that `content` octets become.
pub fn sealed_length(content: u64) -> u64 {
    content.saturating_add((PREFIX + MDC) as u64)
}

/// The random block with its last two octets repeated.
pub(super) fn prefix_octets(random: &Block) -> [u8; PREFIX] {
    let mut prefix = [0; PREFIX];
    let [.., last, end] = random;
    prefix.iter_mut().zip(random.iter().chain([last, end])).for_each(|(to, from)| *to = *from);
    prefix
}

/// Seals content of any length. CFB encrypts one block after the other by its nature.
pub struct Sealer {
    keyed: Keyed,
    hash: Sha1,
    /// The last whole block of ciphertext, or that of it which is there; then the keystream for the rest.
    state: Block,
    used: usize,
    /// The random prefix, until it has been sealed.
    prefix: Option<Block>,
}

impl Sealer {
    /// Begins a message with 16 random octets, which go out with the first octets of content.
    ///
    /// # Errors
    /// When the cipher is not supported or the key does not fit it.
    pub fn new(
        cipher: SymmetricKeyAlgorithm,
        session_key: &[u8],
        random: &Block,
    ) -> Result<Sealer, Unsupported> {
        let keyed = Keyed::new(cipher, session_key)?;
        let state = keyed.encrypt_one([0; 16]);
        Ok(Sealer { keyed, hash: Sha1::new(), state, used: 0, prefix: Some(*random) })
    }

    /// Takes content and appends as many sealed octets to `out`.
    pub fn push(&mut self, content: &[u8], out: &mut Vec<u8>) {
        if let Some(random) = self.prefix.take() {
            let prefix = prefix_octets(&random);
            self.hash.update(prefix);
            self.encrypt(&prefix, out);
        }
        self.hash.update(content);
        self.encrypt(content, out);
    }

    /// Ends the message with the modification detection code.
    pub fn finish(mut self, out: &mut Vec<u8>) {
        self.push(&MDC_HEADER, out);
        let digest = core::mem::take(&mut self.hash).finalize();
        self.encrypt(&digest, out);
    }

    fn encrypt(&mut self, content: &[u8], out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(content);
        let mut rest = out.get_mut(start..).unwrap_or_default();
        if self.used != 0 {
            let split = rest.len().min(16 - self.used);
            let (now, later) = rest.split_at_mut_checked(split).unwrap_or_default();
            self.encrypt_part(now);
            rest = later;
        }
        let (blocks, tail) = rest.as_chunks_mut::<16>();
        for block in blocks {
            mix(block, &self.state);
            self.state = self.keyed.encrypt_one(*block);
        }
        self.encrypt_part(tail);
    }

    /// Encrypts at most what is left of the current block of keystream.
    fn encrypt_part(&mut self, part: &mut [u8]) {
        let stream = self.state.get_mut(self.used..).unwrap_or_default();
        for (octet, state) in part.iter_mut().zip(stream) {
            *octet ^= *state;
            *state = *octet;
        }
        self.used += part.len();
        if self.used == 16 {
            self.state = self.keyed.encrypt_one(self.state);
            self.used = 0;
        }
    }
}

impl Drop for Sealer {
    fn drop(&mut self) {
        self.state.zeroize();
    }
}

impl core::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Sealer")
    }
}

/// Opens a message, eight blocks at a time. Whether it was changed is known at its end only: the caller holds
/// back what comes out until then.
pub struct Opener {
    keyed: Keyed,
    hash: Sha1,
    /// The last whole block of ciphertext.
    before: Block,
    /// Ciphertext that is not a whole block yet.
    pending: Vec<u8>,
    /// Opened octets that may turn out to be the modification detection code.
    tail: Zeroizing<Vec<u8>>,
    /// What of the prefix has not been seen yet.
    prefix_left: usize,
    prefix: Zeroizing<Vec<u8>>,
}

impl Opener {
    /// Begins a message.
    ///
    /// # Errors
    /// When the cipher is not supported or the key does not fit it.
    pub fn new(cipher: SymmetricKeyAlgorithm, session_key: &[u8]) -> Result<Opener, Unsupported> {
        Ok(Opener {
            keyed: Keyed::new(cipher, session_key)?,
            hash: Sha1::new(),
            before: [0; 16],
            pending: Vec::with_capacity(16),
            tail: Zeroizing::default(),
            prefix_left: PREFIX,
            prefix: Zeroizing::default(),
        })
    }

    /// Takes sealed bytes and appends opened, **not yet proven** content to `out`. The last 22 octets are held
    /// back, as they may be the modification detection code.
    pub fn push(&mut self, mut sealed: &[u8], out: &mut Vec<u8>) {
        let start = out.len();
        out.append(&mut self.tail);
        out.reserve(self.pending.len() + sealed.len());
        if !self.pending.is_empty() {
            let (now, later) = sealed.split_at_checked(16 - self.pending.len()).unwrap_or((sealed, &[]));
            self.pending.extend_from_slice(now);
            sealed = later;
            if let Some(block) = self.pending.first_chunk::<16>().copied() {
                self.pending.clear();
                self.decrypt(&[block], out);
            }
        }
        let (blocks, rest) = sealed.as_chunks::<16>();
        self.decrypt(blocks, out);
        self.pending.extend_from_slice(rest);
        self.release(start, out);
    }

    /// Whether the beginning of the message looks as if this key were the right one; `None` before the first
    /// 18 octets. One of 65,536 wrong keys looks right. Meant for choosing among passwords; never tell a sender.
    pub fn plausible(&self) -> Option<bool> {
        let prefix: &[u8; PREFIX] = self.prefix.first_chunk()?;
        let [.., a, b, c, d] = prefix;
        Some(bool::from([*a, *b].ct_eq(&[*c, *d])))
    }

    /// Ends the message and checks the modification detection code.
    ///
    /// # Errors
    /// When the message is not what was sealed: all that came out must be thrown away.
    pub fn finish(mut self, out: &mut Vec<u8>) -> Result<(), Tampered> {
        let start = out.len();
        out.append(&mut self.tail);
        let mut last = Zeroizing::new(self.pending.clone());
        mix_part(&mut last, &self.keyed.encrypt_one(self.before));
        out.extend_from_slice(&last);
        self.release(start, out);
        let mdc: &[u8; MDC] = self.tail.first_chunk().ok_or(Tampered)?;
        let (header, digest) = mdc.split_at_checked(MDC_HEADER.len()).ok_or(Tampered)?;
        self.hash.update(header);
        let computed = self.hash.finalize();
        if self.prefix_left == 0 && bool::from(header.ct_eq(&MDC_HEADER) & computed.ct_eq(digest)) {
            Ok(())
        } else {
            Err(Tampered)
        }
    }

    fn decrypt(&mut self, blocks: &[Block], out: &mut Vec<u8>) {
        for batch in blocks.chunks(BATCH) {
            let mut stream = [[0; 16]; BATCH];
            let (used, _) = stream.split_at_mut_checked(batch.len()).unwrap_or_default();
            let inputs = core::iter::once(&self.before).chain(batch);
            used.iter_mut().zip(inputs).for_each(|(to, from)| *to = *from);
            self.before = batch.last().copied().unwrap_or(self.before);
            self.keyed.encrypt(used);
            used.iter_mut().zip(batch).for_each(|(stream, block)| mix(stream, block));
            out.extend_from_slice(used.as_flattened());
        }
    }

    /// Hashes what was opened since `start`, takes the prefix away, and holds the end back.
    fn release(&mut self, start: usize, out: &mut Vec<u8>) {
        let end = out.len().saturating_sub(MDC).max(start);
        self.tail.extend(out.drain(end..));
        let fresh = out.get(start..).unwrap_or_default();
        self.hash.update(fresh);
        if self.prefix_left > 0 {
            let taken = self.prefix_left.min(fresh.len());
            self.prefix_left -= taken;
            self.prefix.extend(out.drain(start..start + taken));
        }
    }
}

impl core::fmt::Debug for Opener {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Opener")
    }
}
