//! SEIPDv1 (RFC 9580 section 5.13.1): OpenPGP's CFB mode without resynchronisation, over a random prefix, the
//! content and a SHA-1 of both, the modification detection code.

use pgp::crypto::sym::SymmetricKeyAlgorithm;
use sha1::{Digest as _, Sha1};
use subtle::ConstantTimeEq as _;
use zeroize::{Zeroize as _, Zeroizing};

use super::cipher::Keyed;
use super::hash::{self, Hasher};
use super::mode::{self, BATCH, mix_part};
use super::{Block, Tampered, Unsupported};

/// Octets before the content: a block, and its last two octets again.
pub(super) const PREFIX: usize = 18;
/// Octets of the modification detection code packet: header and SHA-1.
pub const MDC: usize = 22;
/// The header of that packet, which the SHA-1 covers too.
pub const MDC_HEADER: [u8; 2] = [0xD3, 0x14];

/// Octets that `content` octets become.
pub fn sealed_length(content: u64) -> u64 {
    content.saturating_add((PREFIX + MDC) as u64)
}

/// The modification detection code of what a host enciphers.
pub struct Mdc(Hasher);

impl core::fmt::Debug for Mdc {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Mdc")
    }
}

impl Default for Mdc {
    fn default() -> Self {
        Self(hash::sha1())
    }
}

impl Mdc {
    /// Takes the next octets of prefix and content.
    pub fn update(&mut self, octets: &[u8]) {
        self.0.update(octets);
    }

    /// The packet that ends the message.
    pub fn packet(&mut self) -> [u8; MDC] {
        self.0.update(&MDC_HEADER);
        let mut packet = [0; MDC];
        let (header, digest) = packet.split_at_mut(MDC_HEADER.len());
        header.copy_from_slice(&MDC_HEADER);
        digest.copy_from_slice(&self.0.finalize_reset());
        packet
    }
}

/// Adds a key stream to octets, as far as both go.
pub fn mix(octets: &mut [u8], stream: &[u8]) {
    octets.iter_mut().zip(stream).for_each(|(octet, key)| *octet ^= *key);
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
            mode::mix(block, &self.state);
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

/// What of opened octets is content, and whether it was changed. Whoever deciphered them, here they are judged.
struct Check {
    hash: Hasher,
    /// Opened octets that may turn out to be the modification detection code.
    tail: Zeroizing<Vec<u8>>,
    prefix: Zeroizing<Vec<u8>>,
}

impl Check {
    fn new() -> Self {
        Self { hash: hash::sha1(), tail: Zeroizing::default(), prefix: Zeroizing::default() }
    }

    /// Puts back what was held: more follows it.
    fn begin(&mut self, out: &mut Vec<u8>) -> usize {
        let start = out.len();
        out.append(&mut self.tail);
        start
    }

    /// Hashes what was opened since `start`, takes the prefix away, and holds the end back.
    fn take(&mut self, start: usize, out: &mut Vec<u8>) {
        let end = out.len().saturating_sub(MDC).max(start);
        self.tail.extend(out.drain(end..));
        let fresh = out.get(start..).unwrap_or_default();
        self.hash.update(fresh);
        let taken = PREFIX.saturating_sub(self.prefix.len()).min(fresh.len());
        if taken > 0 {
            self.prefix.extend(out.drain(start..start + taken));
        }
    }

    fn plausible(&self) -> Option<bool> {
        let prefix: &[u8; PREFIX] = self.prefix.first_chunk()?;
        let [.., a, b, c, d] = prefix;
        Some(bool::from([*a, *b].ct_eq(&[*c, *d])))
    }

    fn finish(mut self) -> Result<(), Tampered> {
        let mdc: &[u8; MDC] = self.tail.first_chunk().ok_or(Tampered)?;
        let (header, digest) = mdc.split_at_checked(MDC_HEADER.len()).ok_or(Tampered)?;
        self.hash.update(header);
        let computed = self.hash.finalize();
        let whole = self.prefix.len() == PREFIX;
        let same = header.ct_eq(&MDC_HEADER) & computed.ct_eq(digest);
        if whole && bool::from(same) { Ok(()) } else { Err(Tampered) }
    }
}

/// Opens a message, eight blocks at a time. Whether it was changed is known at its end only: the caller holds
/// back what comes out until then.
pub struct Opener {
    keyed: Keyed,
    /// The last whole block of ciphertext.
    before: Block,
    /// Ciphertext that is not a whole block yet.
    pending: Vec<u8>,
    check: Check,
}

impl Opener {
    /// Begins a message.
    ///
    /// # Errors
    /// When the cipher is not supported or the key does not fit it.
    pub fn new(cipher: SymmetricKeyAlgorithm, session_key: &[u8]) -> Result<Opener, Unsupported> {
        Ok(Opener {
            keyed: Keyed::new(cipher, session_key)?,
            before: [0; 16],
            pending: Vec::with_capacity(16),
            check: Check::new(),
        })
    }

    /// Takes sealed bytes and appends opened, **not yet proven** content to `out`. The last 22 octets are held
    /// back, as they may be the modification detection code.
    pub fn push(&mut self, mut sealed: &[u8], out: &mut Vec<u8>) {
        out.reserve(MDC + self.pending.len() + sealed.len());
        let start = self.check.begin(out);
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
        self.check.take(start, out);
    }

    /// Whether the beginning of the message looks as if this key were the right one; `None` before the first
    /// 18 octets. One of 65,536 wrong keys looks right. Meant for choosing among passwords; never tell a sender.
    pub fn plausible(&self) -> Option<bool> {
        self.check.plausible()
    }

    /// Ends the message and checks the modification detection code.
    ///
    /// # Errors
    /// When the message is not what was sealed: all that came out must be thrown away.
    pub fn finish(mut self, out: &mut Vec<u8>) -> Result<(), Tampered> {
        let start = self.check.begin(out);
        let mut last = Zeroizing::new(self.pending.clone());
        mix_part(&mut last, &self.keyed.encrypt_one(self.before));
        out.extend_from_slice(&last);
        self.check.take(start, out);
        self.check.finish()
    }

    fn decrypt(&mut self, blocks: &[Block], out: &mut Vec<u8>) {
        for batch in blocks.chunks(BATCH) {
            let mut stream = [[0; 16]; BATCH];
            let (used, _) = stream.split_at_mut_checked(batch.len()).unwrap_or_default();
            let inputs = core::iter::once(&self.before).chain(batch);
            used.iter_mut().zip(inputs).for_each(|(to, from)| *to = *from);
            self.before = batch.last().copied().unwrap_or(self.before);
            self.keyed.encrypt(used);
            used.iter_mut().zip(batch).for_each(|(stream, block)| mode::mix(stream, block));
            out.extend_from_slice(used.as_flattened());
        }
    }
}

/// As [`Opener`], for a host that deciphers: it gets stretches of ciphertext with the block before each, and gives
/// back what AES in CFB mode (128 bits of feedback) makes of them, in order.
pub struct HostOpener {
    key: Zeroizing<Vec<u8>>,
    before: Block,
    pending: Vec<u8>,
    check: Check,
}

impl HostOpener {
    /// Octets handed out at once.
    const STRETCH: usize = 1 << 20;

    /// Begins a message.
    pub fn new(session_key: &[u8]) -> Self {
        Self {
            key: Zeroizing::new(session_key.to_vec()),
            before: [0; 16],
            pending: Vec::new(),
            check: Check::new(),
        }
    }

    /// The key for the host.
    pub fn key(&self) -> &[u8] {
        &self.key
    }

    /// Takes sealed bytes; gives the next stretch and the block before it, if there is enough for one or nothing
    /// follows. Ask again until there is none.
    pub fn push(&mut self, sealed: &[u8], ended: bool) -> Option<(Block, Vec<u8>)> {
        self.pending.extend_from_slice(sealed);
        if self.pending.is_empty() || self.pending.len() < Self::STRETCH && !ended {
            return None;
        }
        let later = self.pending.split_off(self.pending.len().min(Self::STRETCH));
        let stretch = core::mem::replace(&mut self.pending, later);
        let before = self.before;
        self.before = stretch.last_chunk::<16>().copied().unwrap_or_default();
        Some((before, stretch))
    }

    /// Takes what the host made of the next stretch, and appends **not yet proven** content to `out`.
    pub fn give(&mut self, opened: &[u8], out: &mut Vec<u8>) {
        out.reserve(MDC + opened.len());
        let start = self.check.begin(out);
        out.extend_from_slice(opened);
        self.check.take(start, out);
    }

    /// Ends the message and checks the modification detection code.
    ///
    /// # Errors
    /// As [`Opener::finish`].
    pub fn finish(self) -> Result<(), Tampered> {
        self.check.finish()
    }
}

impl core::fmt::Debug for HostOpener {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("HostOpener")
    }
}

impl core::fmt::Debug for Opener {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Opener")
    }
}
