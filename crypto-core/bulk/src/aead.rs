//! Messages in authenticated chunks: SEIPDv2 (RFC 9580 section 5.13.2) and GnuPG's packet 20
//! (draft-ietf-openpgp-rfc4880bis-10 section 5.16).

use hkdf::Hkdf;
use pgp::crypto::aead::AeadAlgorithm;
use pgp::crypto::sym::SymmetricKeyAlgorithm;
use sha2::Sha256;
use zeroize::{Zeroize as _, Zeroizing};

use super::cipher::key_length;
use super::mode::Mode;
use super::{Tampered, Unsupported};
use crate::limits;

/// Octets of a tag, in all modes.
pub const TAG: usize = 16;

/// Packet type and version in the encoding that the associated data begins with.
const SEIPD2: [u8; 2] = [0xD2, 2];
const GNUPG: [u8; 2] = [0xD4, 1];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// The index is the tail of the nonce.
    Seipd2,
    /// The index is mixed into the nonce and stands in the associated data.
    GnuPg,
}

/// How the chunks of one message are sealed: everything a host needs to do some of them itself.
pub struct Params {
    form: Form,
    cipher: SymmetricKeyAlgorithm,
    mode: AeadAlgorithm,
    chunk_octet: u8,
    message_key: Zeroizing<Vec<u8>>,
    iv: Zeroizing<Vec<u8>>,
}

impl Params {
    /// The parameters of a SEIPDv2 packet: message key and starting vector are derived from session key and salt.
    ///
    /// # Errors
    /// When cipher, mode or chunk size are not supported, or the session key does not fit the cipher.
    pub fn derive(
        cipher: SymmetricKeyAlgorithm,
        mode: AeadAlgorithm,
        chunk_octet: u8,
        session_key: &[u8],
        salt: &[u8; 32],
    ) -> Result<Params, Unsupported> {
        let nonce = check(cipher, mode, chunk_octet, session_key)?;
        let [packet, version] = SEIPD2;
        let info = [packet, version, cipher.into(), mode.into(), chunk_octet];
        let mut derived = Zeroizing::new(vec![0; session_key.len() + nonce - 8]);
        Hkdf::<Sha256>::new(Some(salt), session_key)
            .expand(&info, &mut derived)
            .map_err(|_| Unsupported::KeyLength)?;
        let (message_key, iv) = derived.split_at_checked(session_key.len()).ok_or(Unsupported::KeyLength)?;
        Ok(Params {
            form: Form::Seipd2,
            cipher,
            mode,
            chunk_octet,
            message_key: Zeroizing::new(message_key.to_vec()),
            iv: Zeroizing::new(iv.to_vec()),
        })
    }

    /// The parameters of GnuPG's packet 20, which uses the session key as it is.
    ///
    /// # Errors
    /// When cipher, mode or chunk size are not supported, or key or starting vector do not fit.
    pub fn gnupg(
        cipher: SymmetricKeyAlgorithm,
        mode: AeadAlgorithm,
        chunk_octet: u8,
        session_key: &[u8],
        iv: &[u8],
    ) -> Result<Params, Unsupported> {
        if check(cipher, mode, chunk_octet, session_key)? != iv.len() {
            return Err(Unsupported::StartingVector);
        }
        Ok(Params {
            form: Form::GnuPg,
            cipher,
            mode,
            chunk_octet,
            message_key: Zeroizing::new(session_key.to_vec()),
            iv: Zeroizing::new(iv.to_vec()),
        })
    }

    /// The cipher.
    pub fn cipher(&self) -> SymmetricKeyAlgorithm {
        self.cipher
    }

    /// The mode.
    pub fn mode(&self) -> AeadAlgorithm {
        self.mode
    }

    /// The chunk size as the packet writes it.
    pub fn chunk_octet(&self) -> u8 {
        self.chunk_octet
    }

    /// Octets of content in every chunk but the last.
    pub fn chunk_bytes(&self) -> usize {
        // `check` has capped the octet at 16.
        64 << self.chunk_octet
    }

    /// The key of all chunks.
    pub fn message_key(&self) -> &[u8] {
        &self.message_key
    }

    /// The nonce of the chunk with this index; the final tag has the index after the last chunk's.
    pub fn nonce(&self, index: u64) -> Vec<u8> {
        let mut nonce = self.iv.to_vec();
        match self.form {
            Form::Seipd2 => nonce.extend_from_slice(&index.to_be_bytes()),
            Form::GnuPg => {
                let tail = nonce.iter_mut().rev().zip(index.to_le_bytes());
                tail.for_each(|(octet, index)| *octet ^= index);
            }
        }
        nonce
    }

    /// The associated data of the chunk with this index.
    pub fn associated(&self, index: u64) -> Vec<u8> {
        let [packet, version] = match self.form {
            Form::Seipd2 => SEIPD2,
            Form::GnuPg => GNUPG,
        };
        let mut data = vec![packet, version, self.cipher.into(), self.mode.into(), self.chunk_octet];
        if self.form == Form::GnuPg {
            data.extend_from_slice(&index.to_be_bytes());
        }
        data
    }

    /// The associated data of the final tag, over `total` octets of content.
    pub fn final_associated(&self, total: u64) -> Vec<u8> {
        // Octets fill chunks one after the other, so that their number gives that of the chunks.
        let chunks = total.div_ceil(self.chunk_bytes() as u64);
        let mut data = self.associated(chunks);
        data.extend_from_slice(&total.to_be_bytes());
        data
    }

    /// Octets that `content` octets become: chunks, their tags and the final tag.
    pub fn sealed_length(&self, content: u64) -> u64 {
        let chunks = content.div_ceil(self.chunk_bytes() as u64);
        content.saturating_add((chunks + 1).saturating_mul(TAG as u64))
    }
}

impl core::fmt::Debug for Params {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Params").field("form", &self.form).field("chunk_octet", &self.chunk_octet).finish()
    }
}

/// Checks what a packet asks for; gives the length of a nonce.
fn check(
    cipher: SymmetricKeyAlgorithm,
    mode: AeadAlgorithm,
    chunk_octet: u8,
    session_key: &[u8],
) -> Result<usize, Unsupported> {
    let nonce = Mode::nonce_octets(mode).ok_or(Unsupported::Mode)?;
    if chunk_octet > limits::MAX_CHUNK_OCTET {
        return Err(Unsupported::ChunkSize);
    }
    if key_length(cipher)? != session_key.len() {
        return Err(Unsupported::KeyLength);
    }
    Ok(nonce)
}

/// Where in the message a machine is.
#[derive(Debug)]
struct Place {
    params: Params,
    mode: Mode,
    index: u64,
    total: u64,
}

impl Place {
    fn new(params: Params) -> Result<Place, Unsupported> {
        let mode = Mode::new(params.cipher, params.mode, &params.message_key)?;
        Ok(Place { params, mode, index: 0, total: 0 })
    }

    /// Seals one chunk of content onto the end of `out`.
    fn seal(&mut self, content: &[u8], out: &mut Vec<u8>) {
        let start = out.len();
        out.reserve(content.len() + TAG);
        out.extend_from_slice(content);
        let nonce = self.params.nonce(self.index);
        let associated = self.params.associated(self.index);
        let body = out.get_mut(start..).unwrap_or_default();
        let tag = self.mode.seal(&nonce, &associated, body);
        out.extend_from_slice(&tag);
        self.index += 1;
        self.total += content.len() as u64;
    }

    /// Opens one chunk (content and tag) onto the end of `out`, or leaves `out` as it was.
    fn open(&mut self, sealed: &[u8], out: &mut Vec<u8>) -> Result<(), Tampered> {
        let (body, tag) = sealed.split_last_chunk::<TAG>().ok_or(Tampered)?;
        let start = out.len();
        out.extend_from_slice(body);
        let nonce = self.params.nonce(self.index);
        let associated = self.params.associated(self.index);
        let content = out.get_mut(start..).unwrap_or_default();
        if self.mode.open(&nonce, &associated, content, tag).is_err() {
            // What came out is nobody's content; it must not lie in memory as if it were.
            content.zeroize();
            out.truncate(start);
            return Err(Tampered);
        }
        self.index += 1;
        self.total += body.len() as u64;
        Ok(())
    }

    fn final_nonce_and_data(&self) -> (Vec<u8>, Vec<u8>) {
        let mut associated = self.params.associated(self.index);
        associated.extend_from_slice(&self.total.to_be_bytes());
        (self.params.nonce(self.index), associated)
    }

    fn final_tag(&self) -> [u8; TAG] {
        let (nonce, associated) = self.final_nonce_and_data();
        self.mode.seal(&nonce, &associated, &mut [])
    }

    fn check_final_tag(&self, tag: &[u8; TAG]) -> Result<(), Tampered> {
        let (nonce, associated) = self.final_nonce_and_data();
        self.mode.open(&nonce, &associated, &mut [], tag)
    }
}

/// Seals content of any length, a chunk at a time.
#[derive(Debug)]
pub struct Sealer {
    place: Place,
    /// Less than a chunk of content.
    kept: Zeroizing<Vec<u8>>,
}

impl Sealer {
    /// Begins a message.
    ///
    /// # Errors
    /// When the cipher can't run in this mode.
    pub fn new(params: Params) -> Result<Sealer, Unsupported> {
        Ok(Sealer { place: Place::new(params)?, kept: Zeroizing::default() })
    }

    /// Takes content and appends the chunks that are full to `out`.
    pub fn push(&mut self, mut content: &[u8], out: &mut Vec<u8>) {
        let size = self.place.params.chunk_bytes();
        if !self.kept.is_empty() {
            let missing = size - self.kept.len();
            let (now, later) = content.split_at_checked(missing).unwrap_or((content, &[]));
            keep(&mut self.kept, now, size);
            content = later;
            if self.kept.len() < size {
                return;
            }
            self.place.seal(&self.kept, out);
            self.kept.clear();
        }
        while let Some((chunk, later)) = content.split_at_checked(size) {
            self.place.seal(chunk, out);
            content = later;
        }
        if !content.is_empty() {
            keep(&mut self.kept, content, size);
        }
    }

    /// Ends the message: the last chunk, if there is one, and the final tag.
    pub fn finish(mut self, out: &mut Vec<u8>) {
        if !self.kept.is_empty() {
            self.place.seal(&self.kept, out);
        }
        out.extend_from_slice(&self.place.final_tag());
    }
}

/// Opens chunks; gives out only what its tag proves.
#[derive(Debug)]
pub struct Opener {
    place: Place,
    /// Less than a chunk, its tag and the final tag.
    kept: Vec<u8>,
}

impl Opener {
    /// Begins a message.
    ///
    /// # Errors
    /// When the cipher can't run in this mode.
    pub fn new(params: Params) -> Result<Opener, Unsupported> {
        Ok(Opener { place: Place::new(params)?, kept: Vec::new() })
    }

    /// Takes sealed bytes and appends the content of whole chunks to `out`.
    ///
    /// # Errors
    /// When a chunk is not what was sealed. `out` then ends with the chunk before it.
    pub fn push(&mut self, mut sealed: &[u8], out: &mut Vec<u8>) -> Result<(), Tampered> {
        let chunk = self.place.params.chunk_bytes() + TAG;
        // A chunk is known to be whole, and not the end, when a tag's worth of bytes follows it.
        let enough = chunk + TAG;
        while !self.kept.is_empty() {
            let missing = enough - self.kept.len();
            let (now, later) = sealed.split_at_checked(missing).unwrap_or((sealed, &[]));
            grow(&mut self.kept, now.len(), enough);
            self.kept.extend_from_slice(now);
            if self.kept.len() < enough {
                return Ok(());
            }
            let (first, _) = self.kept.split_at_checked(chunk).ok_or(Tampered)?;
            self.place.open(first, out)?;
            // A tag's worth is left. If all of it came just now, the next chunks are read where they lie.
            match now.len().checked_sub(TAG) {
                Some(used) => {
                    self.kept.clear();
                    sealed = sealed.get(used..).unwrap_or_default();
                    break;
                }
                None => {
                    self.kept.drain(..chunk);
                    sealed = later;
                }
            }
        }
        while sealed.len() >= enough {
            let (first, later) = sealed.split_at_checked(chunk).ok_or(Tampered)?;
            self.place.open(first, out)?;
            sealed = later;
        }
        grow(&mut self.kept, sealed.len(), enough);
        self.kept.extend_from_slice(sealed);
        Ok(())
    }

    /// Ends the message: opens the last chunk and checks the final tag.
    ///
    /// # Errors
    /// When the last chunk or the final tag is not what was sealed: the message was cut, or chunks are missing.
    pub fn finish(mut self, out: &mut Vec<u8>) -> Result<(), Tampered> {
        let kept = core::mem::take(&mut self.kept);
        let (chunk, tag) = kept.split_last_chunk::<TAG>().ok_or(Tampered)?;
        let start = out.len();
        if !chunk.is_empty() {
            self.place.open(chunk, out)?;
        }
        self.place.check_final_tag(tag).inspect_err(|_| {
            if let Some(content) = out.get_mut(start..) {
                content.zeroize();
            }
            out.truncate(start);
        })
    }
}

/// Makes room in a buffer that grows to `most` at most: by doubling, so that a large chunk size in a header
/// reserves nothing for bytes that never come.
fn grow(kept: &mut Vec<u8>, more: usize, most: usize) {
    let needed = kept.len() + more;
    if kept.capacity() < needed {
        kept.reserve_exact(needed.max(2 * kept.len()).min(most) - kept.len());
    }
}

/// Appends to a buffer of secrets, without leaving copies where it lay before.
fn keep(kept: &mut Zeroizing<Vec<u8>>, more: &[u8], most: usize) {
    if kept.capacity() < kept.len() + more.len() {
        let mut larger = Vec::with_capacity((kept.len() + more.len()).max(2 * kept.len()).min(most));
        larger.extend_from_slice(kept);
        *kept = Zeroizing::new(larger);
    }
    kept.extend_from_slice(more);
}
