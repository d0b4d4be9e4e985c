//! The account key and its slots.
//!
//! ```text
//! export_key (OPAQUE) --HKDF "hedgerow/v1/kek/pass"-----> seals the account key in slot 1
//! phrase (256 bits)   --HKDF "hedgerow/v1/kek/recovery"-> seals the account key in slot 2
//!                     --HKDF "hedgerow/v1/sign/recovery"> Ed25519 key that proves possession of the phrase
//! account key         --HKDF "hedgerow/v1/wrap/tsk"-----> seals OpenPGP secret keys
//!                     --HKDF "hedgerow/v1/wrap/coll"----> seals collection keys
//!                     --HKDF "hedgerow/v1/state/seal"---> seals the account state
//!                     --HKDF "hedgerow/v1/state/mac"----> authenticates it
//! ```

use super::opaque;
use crate::envelope::{self, Context, EnvelopeError, Kind};
use crate::secret::SealingKey;
use rand::{CryptoRng, RngCore};
use wire::accounts::{ObjectKind, SealedObject};
use wire::ids::{AccountId, ObjectId};
use wire::sealed::SealedEnvelope;
use zeroize::Zeroize;

/// The root of an account's keys: 32 random bytes.
#[derive(Debug, Clone)]
pub struct AccountKey(SealingKey);

/// Which slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slot {
    /// Opened by the passphrase.
    Passphrase,
    /// Opened by the recovery phrase.
    Recovery,
}

impl Slot {
    /// Its kind on the wire.
    pub fn kind(self) -> ObjectKind {
        match self {
            Self::Passphrase => ObjectKind::SlotPassphrase,
            Self::Recovery => ObjectKind::SlotRecovery,
        }
    }

    fn context(self, account_id: AccountId, version: u64) -> Context {
        let kind = Kind::from(self.kind());
        // The schema of the passphrase slot is the suite that stretched the passphrase.
        let schema = match self {
            Self::Passphrase => u16::from(opaque::SUITE),
            Self::Recovery => 1,
        };
        Context { schema, ..Context::new(account_id, kind, ObjectId::default(), version) }
    }
}

impl AccountKey {
    /// Makes a new account key.
    pub fn make(rng: &mut (impl CryptoRng + RngCore)) -> Self {
        let mut bytes = [0u8; 32];
        rng.fill_bytes(&mut bytes);
        let key = Self(SealingKey::from_bytes(bytes));
        bytes.zeroize();
        key
    }

    /// Seals a copy into a slot.
    ///
    /// # Errors
    /// Never: 32 bytes fit an envelope.
    pub fn seal(
        &self,
        slot: Slot,
        kek: &SealingKey,
        account_id: AccountId,
        version: u64,
        rng: &mut (impl CryptoRng + RngCore),
    ) -> Result<SealedObject, EnvelopeError> {
        let envelope = envelope::seal(kek, &slot.context(account_id, version), self.0.expose(), rng)?;
        Ok(SealedObject {
            kind: slot.kind(),
            object_id: ObjectId::default(),
            version,
            envelope: SealedEnvelope(envelope),
        })
    }

    /// Opens a slot. The version is the server's word; the account state confirms it afterwards.
    ///
    /// # Errors
    /// As [`envelope::open`]; `WrongKey` is a wrong passphrase or phrase.
    pub fn open(
        slot: Slot,
        kek: &SealingKey,
        account_id: AccountId,
        sealed: &SealedObject,
    ) -> Result<Self, EnvelopeError> {
        let context = slot.context(account_id, sealed.version);
        envelope::open_key(kek, &context, sealed.envelope.as_bytes()).map(Self)
    }

    pub(super) fn wrap_tsk(&self) -> SealingKey {
        SealingKey::derive(self.0.expose(), b"hedgerow/v1/wrap/tsk")
    }

    pub(super) fn wrap_coll(&self) -> SealingKey {
        SealingKey::derive(self.0.expose(), b"hedgerow/v1/wrap/coll")
    }

    pub(super) fn state_seal(&self) -> SealingKey {
        SealingKey::derive(self.0.expose(), b"hedgerow/v1/state/seal")
    }

    pub(super) fn state_mac(&self) -> SealingKey {
        SealingKey::derive(self.0.expose(), b"hedgerow/v1/state/mac")
    }
}
