//! ZKS1, the account state: the signed table of contents of an account. It is what makes a lying server
//! visible: an object swapped, dropped, planted or rolled back no longer matches it (R3, R4, R11, R24).
//!
//! ```text
//! "ZKS1" 4 · account id 16 · epoch 8 · previous digest 32 · account-key generation 4 · suite floor 1
//! · factor flags 1 · directory size 8 · directory root 32
//! · count 2 · (kind 1, object id 16, version 8, SHA-256 of the envelope 32) each
//! · count 2 · (secret-key object id 16, key version 1, fingerprint 32, v4 ones filled up with zeros) each
//! · HMAC-SHA-256 32, keyed by the account key
//! ```
//! Numbers are big-endian. Entries are sorted. The directory fields are zero until there is a
//! transparency log. The whole is sealed as an envelope of kind 8 whose version is the epoch.

use super::slots::AccountKey;
use crate::envelope::{self, Context, EnvelopeError, Kind};
use hkdf::hmac::{Hmac, Mac};
use model::accounts::SeenState;
use model::error::{CoreError, CoreErrorCode};
use rand::{CryptoRng, RngCore};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use wire::accounts::{ObjectKind, SealedObject};
use wire::ids::{AccountId, ObjectId};
use wire::sealed::SealedEnvelope;

const MAGIC: &[u8; 4] = b"ZKS1";
const MAC_BYTES: usize = 32;
/// More entries than any account has; bounds what is read.
const MAX_ENTRIES: u16 = 4096;

/// SHA-256 of an envelope.
pub type Digest = [u8; 32];

/// SHA-256.
pub(crate) fn digest(bytes: &[u8]) -> Digest {
    Sha256::digest(bytes).into()
}

/// What the state says of one object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Its version.
    pub version: u64,
    /// SHA-256 of its envelope.
    pub digest: Digest,
}

/// The fingerprint of a secret key, as the state keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyPrint {
    /// OpenPGP key version, 4 or 6.
    pub key_version: u8,
    /// 20 bytes and zeros (v4), or 32 bytes (v6).
    pub fingerprint: [u8; 32],
}

impl KeyPrint {
    /// From the bytes of a fingerprint: 20 (v4) or 32 (v6).
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let key_version = match bytes.len() {
            20 => 4,
            32 => 6,
            _ => return None,
        };
        let mut fingerprint = [0u8; 32];
        fingerprint.get_mut(..bytes.len())?.copy_from_slice(bytes);
        Some(Self { key_version, fingerprint })
    }

    /// The bytes of the fingerprint.
    pub fn as_bytes(&self) -> &[u8] {
        let len = if self.key_version == 4 { 20 } else { 32 };
        self.fingerprint.get(..len).unwrap_or_default()
    }
}

/// The account state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// Whose.
    pub account_id: AccountId,
    /// Rises by one at each change; 1 at registration.
    pub epoch: u64,
    /// SHA-256 of the envelope of the state before; zero in the first.
    pub previous: Digest,
    /// Generation of the account key.
    pub generation: u32,
    /// The lowest OPAQUE suite this account accepts (R7).
    pub suite_floor: u8,
    /// Enrolled factors (R30); bit set to be defined with the first factor.
    pub factors: u8,
    /// Every object but the state itself.
    pub objects: BTreeMap<(ObjectKind, ObjectId), Entry>,
    /// The fingerprint in each secret-key object (R4).
    pub keys: BTreeMap<ObjectId, KeyPrint>,
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], EnvelopeError> {
        let (first, rest) = self.0.split_first_chunk::<N>().ok_or(EnvelopeError::Malformed)?;
        self.0 = rest;
        Ok(*first)
    }

    fn count(&mut self) -> Result<u16, EnvelopeError> {
        let count = u16::from_be_bytes(self.take()?);
        if count > MAX_ENTRIES { Err(EnvelopeError::Malformed) } else { Ok(count) }
    }
}

impl State {
    fn encode(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        out.extend_from_slice(self.account_id.as_bytes());
        out.extend_from_slice(&self.epoch.to_be_bytes());
        out.extend_from_slice(&self.previous);
        out.extend_from_slice(&self.generation.to_be_bytes());
        out.push(self.suite_floor);
        out.push(self.factors);
        out.extend_from_slice(&[0; 40]);
        out.extend_from_slice(&u16::try_from(self.objects.len()).unwrap_or(u16::MAX).to_be_bytes());
        for ((kind, object_id), entry) in &self.objects {
            out.push(kind.octet());
            out.extend_from_slice(object_id.as_bytes());
            out.extend_from_slice(&entry.version.to_be_bytes());
            out.extend_from_slice(&entry.digest);
        }
        out.extend_from_slice(&u16::try_from(self.keys.len()).unwrap_or(u16::MAX).to_be_bytes());
        for (object_id, print) in &self.keys {
            out.extend_from_slice(object_id.as_bytes());
            out.push(print.key_version);
            out.extend_from_slice(&print.fingerprint);
        }
        out
    }

    fn decode(bytes: &[u8]) -> Result<Self, EnvelopeError> {
        let mut reader = Reader(bytes);
        if &reader.take::<4>()? != MAGIC {
            return Err(EnvelopeError::Malformed);
        }
        let mut state = Self {
            account_id: AccountId(reader.take()?),
            epoch: u64::from_be_bytes(reader.take()?),
            previous: reader.take()?,
            generation: u32::from_be_bytes(reader.take()?),
            suite_floor: u8::from_be_bytes(reader.take()?),
            factors: u8::from_be_bytes(reader.take()?),
            objects: BTreeMap::new(),
            keys: BTreeMap::new(),
        };
        reader.take::<40>()?;
        for _ in 0..reader.count()? {
            let kind =
                ObjectKind::from_octet(u8::from_be_bytes(reader.take()?)).ok_or(EnvelopeError::Malformed)?;
            let name = (kind, ObjectId(reader.take()?));
            let entry = Entry { version: u64::from_be_bytes(reader.take()?), digest: reader.take()? };
            if state.objects.insert(name, entry).is_some() {
                return Err(EnvelopeError::Malformed);
            }
        }
        for _ in 0..reader.count()? {
            let object_id = ObjectId(reader.take()?);
            let print =
                KeyPrint { key_version: u8::from_be_bytes(reader.take()?), fingerprint: reader.take()? };
            if state.keys.insert(object_id, print).is_some() {
                return Err(EnvelopeError::Malformed);
            }
        }
        if reader.0.is_empty() { Ok(state) } else { Err(EnvelopeError::Malformed) }
    }

    fn mac(ak: &AccountKey, body: &[u8]) -> Result<Hmac<Sha256>, EnvelopeError> {
        let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(ak.state_mac().expose())
            .map_err(|_| EnvelopeError::Malformed)?;
        mac.update(body);
        Ok(mac)
    }

    fn context(account_id: AccountId, epoch: u64) -> Context {
        Context::new(account_id, Kind::State, ObjectId::default(), epoch)
    }

    /// Names an object in the table.
    pub fn record(&mut self, object: &SealedObject) {
        let entry = Entry { version: object.version, digest: digest(object.envelope.as_bytes()) };
        self.objects.insert((object.kind, object.object_id), entry);
    }

    /// Seals the state; gives the object and the digest of its envelope.
    ///
    /// # Errors
    /// Never: a state fits an envelope.
    pub fn seal(
        &self,
        ak: &AccountKey,
        rng: &mut (impl CryptoRng + RngCore),
    ) -> Result<(SealedObject, Digest), EnvelopeError> {
        let mut body = self.encode();
        let mac = Self::mac(ak, &body)?.finalize().into_bytes();
        body.extend_from_slice(&mac);
        let context = Self::context(self.account_id, self.epoch);
        let envelope = envelope::seal(&ak.state_seal(), &context, &body, rng)?;
        let digest = digest(&envelope);
        let object = SealedObject {
            kind: ObjectKind::State,
            object_id: ObjectId::default(),
            version: self.epoch,
            envelope: SealedEnvelope(envelope),
        };
        Ok((object, digest))
    }

    /// Opens a state; gives it and the digest of its envelope.
    ///
    /// # Errors
    /// As [`envelope::open`]; `WrongContext` also if it says itself that it is another account's or epoch's.
    pub fn open(
        ak: &AccountKey,
        account_id: AccountId,
        object: &SealedObject,
    ) -> Result<(Self, Digest), EnvelopeError> {
        let context = Self::context(account_id, object.version);
        let opened = envelope::open(&ak.state_seal(), &context, object.envelope.as_bytes())?;
        let at = opened.len().checked_sub(MAC_BYTES).ok_or(EnvelopeError::Malformed)?;
        let (body, mac) = opened.split_at_checked(at).ok_or(EnvelopeError::Malformed)?;
        Self::mac(ak, body)?.verify_slice(mac).map_err(|_| EnvelopeError::Tampered)?;
        let state = Self::decode(body)?;
        if state.account_id != account_id || state.epoch != object.version {
            return Err(EnvelopeError::WrongContext);
        }
        Ok((state, digest(object.envelope.as_bytes())))
    }

    /// The state that follows this one, whose envelope has the digest `own`.
    pub fn next(&self, own: Digest) -> Self {
        Self { epoch: self.epoch.saturating_add(1), previous: own, ..self.clone() }
    }

    /// Refuses a state older than, or beside, the one this device has seen (R11).
    ///
    /// # Errors
    /// `RolledBack` with both epochs.
    pub fn check_not_rolled_back(&self, own: Digest, seen: &SeenState) -> Result<(), CoreError> {
        let fine = if self.epoch == seen.epoch {
            hex::encode(own) == seen.digest
        } else if self.epoch == seen.epoch.saturating_add(1) {
            hex::encode(self.previous) == seen.digest
        } else {
            self.epoch > seen.epoch
        };
        if fine {
            return Ok(());
        }
        let detail = format!("epoch {} offered, epoch {} seen before", self.epoch, seen.epoch);
        Err(CoreError::with(CoreErrorCode::RolledBack, detail))
    }

    /// Checks that the objects are exactly those of the table: none missing, none more, none changed (R24).
    ///
    /// # Errors
    /// `Tampered`.
    pub fn check_objects(&self, objects: &[SealedObject]) -> Result<(), CoreError> {
        let mut found = BTreeSet::new();
        for object in objects.iter().filter(|object| object.kind != ObjectKind::State) {
            let entry = self.objects.get(&(object.kind, object.object_id));
            let entry = entry.ok_or(CoreErrorCode::Tampered)?;
            if entry.version != object.version || entry.digest != digest(object.envelope.as_bytes()) {
                return Err(CoreErrorCode::Tampered.into());
            }
            if !found.insert((object.kind, object.object_id)) {
                return Err(CoreErrorCode::Tampered.into());
            }
        }
        if found.len() == self.objects.len() { Ok(()) } else { Err(CoreErrorCode::Tampered.into()) }
    }
}
