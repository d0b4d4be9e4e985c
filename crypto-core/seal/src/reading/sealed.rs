//! The sealed packets: what their first octets say, and the machines that open them. Nothing leaves these
//! machines before its integrity is known.

use pgp::crypto::aead::AeadAlgorithm;
use pgp::crypto::sym::SymmetricKeyAlgorithm;

use super::error::ReadError;
use super::host::{Host, HostChunks, HostCiphers, HostFeedback};
use super::limits::Limits;
use crate::packets::{Feed, tag};
use crate::{SessionKey, profile};
use bulk::aead::Params;
use bulk::{self, Tampered};

/// The format of sealed content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// CFB with a modification detection code: whole or not at all.
    SeipdV1,
    /// AEAD in chunks (RFC 9580).
    SeipdV2,
    /// GnuPG's own AEAD packet.
    GnuPgAead,
}

/// How content was sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SealedAs {
    /// The format.
    pub format: Format,
    /// The cipher. With SEIPDv1 the session key names it, so that it is not known while locked.
    pub cipher: Option<SymmetricKeyAlgorithm>,
    /// The AEAD mode, if it is one of the AEAD formats.
    pub mode: Option<AeadAlgorithm>,
}

/// What stands before the sealed bytes in the packet.
#[derive(Debug, Clone)]
pub(super) enum Header {
    SeipdV1,
    SeipdV2 { cipher: SymmetricKeyAlgorithm, mode: AeadAlgorithm, chunk: u8, salt: [u8; 32] },
    GnuPgAead { cipher: SymmetricKeyAlgorithm, mode: AeadAlgorithm, chunk: u8, iv: Vec<u8> },
}

impl Header {
    /// How many octets it has, as far as its first ones say.
    ///
    /// # Errors
    /// When version, cipher or mode are not opened here.
    pub(super) fn wanted(packet: u8, octets: &[u8]) -> Result<usize, ReadError> {
        match (packet, octets) {
            (_, []) => Ok(1),
            (tag::SEIPD, [1, ..]) => Ok(1),
            (tag::SEIPD, [2, ..]) => Ok(36),
            (tag::GNUPG_AEAD, [1]) => Ok(3),
            (tag::GNUPG_AEAD, [1, _]) => Ok(3),
            (tag::GNUPG_AEAD, [1, _, mode, ..]) => Ok(4 + known_mode(*mode)?.1),
            _ => Err(ReadError::Unsupported("the version of the sealed packet")),
        }
    }

    pub(super) fn parse(packet: u8, octets: &[u8]) -> Result<Self, ReadError> {
        const SHORT: ReadError = ReadError::Malformed("a sealed packet is too short");
        match (packet, octets) {
            (tag::SEIPD, [1]) => Ok(Self::SeipdV1),
            (tag::SEIPD, [2, cipher, mode, chunk, salt @ ..]) => Ok(Self::SeipdV2 {
                cipher: known_cipher(*cipher)?,
                mode: known_mode(*mode)?.0,
                chunk: *chunk,
                salt: salt.try_into().map_err(|_| SHORT)?,
            }),
            (tag::GNUPG_AEAD, [1, cipher, mode, chunk, iv @ ..]) => Ok(Self::GnuPgAead {
                cipher: known_cipher(*cipher)?,
                mode: known_mode(*mode)?.0,
                chunk: *chunk,
                iv: iv.to_vec(),
            }),
            _ => Err(SHORT),
        }
    }

    pub(super) fn sealed_as(&self) -> SealedAs {
        match self {
            Self::SeipdV1 => SealedAs { format: Format::SeipdV1, cipher: None, mode: None },
            Self::SeipdV2 { cipher, mode, .. } => {
                SealedAs { format: Format::SeipdV2, cipher: Some(*cipher), mode: Some(*mode) }
            }
            Self::GnuPgAead { cipher, mode, .. } => {
                SealedAs { format: Format::GnuPgAead, cipher: Some(*cipher), mode: Some(*mode) }
            }
        }
    }

    fn params(&self, key: &SessionKey) -> Result<Params, ReadError> {
        if let (Some(said), Some(cipher)) = (key.cipher(), self.sealed_as().cipher)
            && said != cipher
        {
            return Err(ReadError::NoKey);
        }
        match self {
            Self::SeipdV2 { cipher, mode, chunk, salt } => {
                Ok(Params::derive(*cipher, *mode, *chunk, key.bytes(), salt)?)
            }
            Self::GnuPgAead { cipher, mode, chunk, iv } => {
                Ok(Params::gnupg(*cipher, *mode, *chunk, key.bytes(), iv)?)
            }
            Self::SeipdV1 => Err(ReadError::Unsupported("the sealed packet")),
        }
    }
}

fn known_cipher(cipher: u8) -> Result<SymmetricKeyAlgorithm, ReadError> {
    let cipher = SymmetricKeyAlgorithm::from(cipher);
    if profile::cipher_counts(cipher) { Ok(cipher) } else { Err(ReadError::NoIntegrity("a weak cipher")) }
}

/// The mode, and the length of its starting vector.
fn known_mode(mode: u8) -> Result<(AeadAlgorithm, usize), ReadError> {
    let mode = AeadAlgorithm::from(mode);
    let nonce = profile::nonce_octets(mode).ok_or(ReadError::Unsupported("the AEAD mode"))?;
    Ok((mode, nonce))
}

/// SEIPDv1 under one cipher.
enum Cfb {
    Current(bulk::cfb::Opener),
    #[cfg(not(target_arch = "wasm32"))]
    Old(super::old::Opener),
}

impl Cfb {
    fn new(key: &SessionKey, old: bool) -> Result<Self, ReadError> {
        let cipher = key.cipher().ok_or(ReadError::NoKey)?;
        if profile::cipher_counts(cipher) {
            return Ok(Self::Current(bulk::cfb::Opener::new(cipher, key.bytes())?));
        }
        #[cfg(not(target_arch = "wasm32"))]
        if old && profile::old_cipher(cipher).is_some() {
            return Ok(Self::Old(super::old::Opener::new(cipher, key.bytes())?));
        }
        let _ = old;
        Err(ReadError::NoIntegrity("a weak cipher"))
    }

    fn push(&mut self, sealed: &[u8], out: &mut Vec<u8>) {
        match self {
            Self::Current(opener) => opener.push(sealed, out),
            #[cfg(not(target_arch = "wasm32"))]
            Self::Old(opener) => opener.push(sealed, out),
        }
    }

    fn plausible(&self) -> Option<bool> {
        match self {
            Self::Current(opener) => opener.plausible(),
            #[cfg(not(target_arch = "wasm32"))]
            Self::Old(opener) => opener.plausible(),
        }
    }

    fn finish(self, out: &mut Vec<u8>) -> Result<(), Tampered> {
        match self {
            Self::Current(opener) => opener.finish(out),
            #[cfg(not(target_arch = "wasm32"))]
            Self::Old(opener) => opener.finish(),
        }
    }
}

/// One key being tried on a SEIPDv1 packet.
pub(super) struct Guess {
    key: SessionKey,
    opener: Cfb,
    held: Feed,
}

/// Opens a sealed packet.
pub(super) enum Opening {
    /// Nothing is released before the end.
    Held {
        guesses: Vec<Guess>,
        single: bool,
        most: u64,
    },
    Chunks {
        guesses: Vec<(SessionKey, bulk::aead::Opener)>,
        guessed: bool,
        given: bool,
    },
    HostChunks {
        key: SessionKey,
        chunks: Box<HostChunks>,
    },
    HostFeedback {
        key: SessionKey,
        feedback: Box<HostFeedback>,
    },
}

impl core::fmt::Debug for Opening {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Opening")
    }
}

/// Octets that a message may keep waiting for each key tried, beyond the first.
const MOST_GUESSES: usize = 16;

impl Opening {
    /// Begins to open with these keys. If `guessed`, wrong ones among them show themselves early.
    pub(super) fn new(
        header: &Header,
        keys: Vec<SessionKey>,
        guessed: bool,
        host: HostCiphers,
        limits: &Limits,
    ) -> Result<Self, ReadError> {
        if keys.len() > MOST_GUESSES {
            return Err(ReadError::TooLarge("too many session keys to try"));
        }
        let mut why = ReadError::NoKey;
        if let Header::SeipdV1 = header {
            if host.cfb
                && !guessed
                && let [key] = keys.as_slice()
                && key
                    .cipher()
                    .is_some_and(|cipher| profile::is_aes(cipher) && cipher.key_size() == key.bytes().len())
            {
                let feedback = Box::new(HostFeedback::new(key, limits.held));
                return Ok(Self::HostFeedback { key: key.clone(), feedback });
            }
            let mut guesses = Vec::new();
            for key in keys {
                match Cfb::new(&key, limits.old_ciphers) {
                    Ok(opener) => guesses.push(Guess { key, opener, held: Feed::new() }),
                    Err(error) => why = error,
                }
            }
            let single = !guessed;
            return if guesses.is_empty() {
                Err(why)
            } else {
                Ok(Self::Held { guesses, single, most: limits.held })
            };
        }
        let mut guesses = Vec::new();
        for key in keys {
            match header.params(&key) {
                Ok(params) => guesses.push((key, params)),
                Err(error) => why = error,
            }
        }
        if host.gcm
            && guesses.len() == 1
            && header.sealed_as().mode.is_some_and(profile::is_gcm)
            && let Some((key, params)) = guesses.pop()
        {
            return Ok(Self::HostChunks { key, chunks: Box::new(HostChunks::new(params)) });
        }
        let mut openers = Vec::new();
        for (key, params) in guesses {
            match bulk::aead::Opener::new(params) {
                Ok(opener) => openers.push((key, opener)),
                Err(error) => why = error.into(),
            }
        }
        if openers.is_empty() {
            return Err(why);
        }
        Ok(Self::Chunks { guesses: openers, guessed, given: false })
    }

    /// What a host works on, if one does.
    pub(super) fn host(&mut self) -> Option<Host<'_>> {
        match self {
            Self::HostChunks { chunks, .. } => Some(Host::Chunks(chunks)),
            Self::HostFeedback { feedback, .. } => Some(Host::Feedback(feedback)),
            Self::Held { .. } | Self::Chunks { .. } => None,
        }
    }

    /// Takes sealed bytes; what is proven goes to `out`.
    pub(super) fn push(&mut self, sealed: &[u8], out: &mut Feed) -> Result<(), ReadError> {
        match self {
            Self::HostChunks { chunks, .. } => {
                chunks.push(sealed);
                chunks.release(out)?;
                Ok(())
            }
            Self::HostFeedback { feedback, .. } => {
                feedback.push(sealed);
                Ok(())
            }
            Self::Held { guesses, single, most } => {
                let mut total = 0u64;
                for guess in guesses.iter_mut() {
                    let mut piece = Vec::with_capacity(sealed.len() + 64);
                    guess.opener.push(sealed, &mut piece);
                    guess.held.push(piece);
                    total = total.saturating_add(u64::try_from(guess.held.len()).unwrap_or(u64::MAX));
                }
                if total > *most {
                    return Err(ReadError::TooLarge("too much to hold back until its integrity is known"));
                }
                if !*single {
                    guesses.retain(|guess| guess.opener.plausible() != Some(false));
                    if guesses.is_empty() {
                        return Err(ReadError::NoKey);
                    }
                }
                Ok(())
            }
            Self::Chunks { guesses, guessed, given } => {
                let mut released = None;
                guesses.retain_mut(|(_, opener)| {
                    let mut piece = Vec::with_capacity(sealed.len());
                    let good = opener.push(sealed, &mut piece).is_ok();
                    // Chunks before a broken one are proven and may go out when there is no doubt of the key.
                    if !piece.is_empty() {
                        released = Some(piece);
                    }
                    good
                });
                let broken = guesses.is_empty();
                if let Some(piece) = released {
                    *given = true;
                    out.push(piece);
                }
                match (broken, *guessed && !*given) {
                    (false, _) => Ok(()),
                    (true, false) => Err(ReadError::Tampered),
                    (true, true) => Err(ReadError::NoKey),
                }
            }
        }
    }

    /// Takes the end of the packet. Whether all is through: a host may still have chunks to give back.
    pub(super) fn finish(&mut self, out: &mut Feed) -> Result<Option<SessionKey>, ReadError> {
        match self {
            Self::HostChunks { key, chunks } => {
                chunks.end()?;
                Ok(chunks.release(out)?.then(|| key.clone()))
            }
            Self::HostFeedback { key, feedback } => {
                let Some(held) = feedback.finish()? else { return Ok(None) };
                *out = held;
                Ok(Some(key.clone()))
            }
            Self::Held { guesses, .. } => {
                for guess in core::mem::take(guesses) {
                    let Guess { key, opener, mut held } = guess;
                    let mut last = Vec::new();
                    if opener.finish(&mut last).is_ok() {
                        held.push(last);
                        *out = held;
                        return Ok(Some(key));
                    }
                }
                Err(ReadError::Tampered)
            }
            Self::Chunks { guesses, guessed, given } => {
                for (key, opener) in core::mem::take(guesses) {
                    let mut last = Vec::new();
                    if let Ok(()) = opener.finish(&mut last) {
                        out.push(last);
                        return Ok(Some(key));
                    }
                }
                Err(if *guessed && !*given { ReadError::NoKey } else { Tampered.into() })
            }
        }
    }
}
