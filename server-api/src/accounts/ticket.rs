//! Notes the server writes to itself: registration tickets that travel through the client, and the
//! state of a handshake between its two halves. Sealed with AES-256-GCM by a key of the server, so they
//! are neither read nor changed on the way.

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use hkdf::Hkdf;
use rand::RngCore;
use rand::rngs::OsRng;
use serde::{Deserialize, Serialize};
use sha2::Sha512;
use wire::Millis;
use wire::error::ErrorCode;
use wire::ids::AccountId;
use wire::plaintext::{Address, Invitation};

const NONCE: usize = 12;

/// The keys of the accounts room, derived from the server's root secret.
pub(crate) struct NoteKeys {
    aead: Aes256Gcm,
    decoy: [u8; 32],
}

/// Keys print as nothing.
impl std::fmt::Debug for NoteKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NoteKeys(…)")
    }
}

/// What a note is for; one never stands for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// A registration ticket.
    Registration,
    /// The state of a handshake.
    Handshake,
}

impl Purpose {
    fn label(self) -> &'static [u8] {
        match self {
            Self::Registration => b"hedgerow/v1/note/registration",
            Self::Handshake => b"hedgerow/v1/note/handshake",
        }
    }
}

impl NoteKeys {
    /// Derives the keys.
    pub(crate) fn derive(root: &[u8]) -> Result<Self, ErrorCode> {
        let hkdf = Hkdf::<Sha512>::new(None, root);
        let (mut note, mut decoy) = ([0u8; 32], [0u8; 32]);
        hkdf.expand(b"hedgerow/v1/note", &mut note).map_err(|_| ErrorCode::Internal)?;
        hkdf.expand(b"hedgerow/v1/decoy-account", &mut decoy).map_err(|_| ErrorCode::Internal)?;
        Ok(Self { aead: Aes256Gcm::new(&note.into()), decoy })
    }

    /// The account id an unknown address seems to have: always the same, and as random as a real one.
    pub(crate) fn decoy_account(&self, address: &Address) -> Result<AccountId, ErrorCode> {
        let mut id = [0u8; 16];
        Hkdf::<Sha512>::new(Some(&self.decoy), address.as_str().as_bytes())
            .expand(b"account", &mut id)
            .map_err(|_| ErrorCode::Internal)?;
        Ok(AccountId(id))
    }

    /// Seals a note: nonce, then ciphertext.
    pub(crate) fn seal(&self, purpose: Purpose, plain: &[u8]) -> Result<Vec<u8>, ErrorCode> {
        let mut nonce = [0u8; NONCE];
        OsRng.fill_bytes(&mut nonce);
        let sealed = self
            .aead
            .encrypt(&Nonce::from(nonce), Payload { msg: plain, aad: purpose.label() })
            .map_err(|_| ErrorCode::Internal)?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// Opens a note.
    pub(crate) fn open(&self, purpose: Purpose, note: &[u8]) -> Result<Vec<u8>, ErrorCode> {
        let (nonce, sealed) = note.split_at_checked(NONCE).ok_or(ErrorCode::Malformed)?;
        let nonce: [u8; NONCE] = nonce.try_into().map_err(|_| ErrorCode::Malformed)?;
        self.aead
            .decrypt(&Nonce::from(nonce), Payload { msg: sealed, aad: purpose.label() })
            .map_err(|_| ErrorCode::Malformed)
    }
}

/// What a registration under way is bound to.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Registration {
    pub(crate) address: Address,
    pub(crate) account: AccountId,
    pub(crate) invitation: Option<Invitation>,
    pub(crate) expires_at: Millis,
}

impl Registration {
    /// The ticket for the client.
    pub(crate) fn issue(&self, keys: &NoteKeys) -> Result<Vec<u8>, ErrorCode> {
        let plain = serde_json::to_vec(self).map_err(|_| ErrorCode::Internal)?;
        keys.seal(Purpose::Registration, &plain)
    }

    /// The registration a ticket stands for: `malformed` unless this server made it, `handshake_expired`
    /// when it is too old.
    pub(crate) fn redeem(keys: &NoteKeys, ticket: &[u8], now: Millis) -> Result<Self, ErrorCode> {
        let plain = keys.open(Purpose::Registration, ticket)?;
        let registration: Self = serde_json::from_slice(&plain).map_err(|_| ErrorCode::Malformed)?;
        if registration.expires_at < now { Err(ErrorCode::HandshakeExpired) } else { Ok(registration) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> NoteKeys {
        NoteKeys::derive(&[7; 32]).unwrap()
    }

    #[test]
    fn a_ticket_is_redeemed_untouched_and_in_time_only() {
        let registration = Registration {
            address: "alice@hedgerow.test".parse().unwrap(),
            account: AccountId([1; 16]),
            invitation: None,
            expires_at: 1_000,
        };
        let ticket = registration.issue(&keys()).unwrap();
        assert_eq!(Registration::redeem(&keys(), &ticket, 1_000).unwrap().account, AccountId([1; 16]));
        assert_eq!(Registration::redeem(&keys(), &ticket, 1_001).unwrap_err(), ErrorCode::HandshakeExpired);
        for at in 0..ticket.len() {
            let mut changed = ticket.clone();
            changed[at] ^= 1;
            assert_eq!(Registration::redeem(&keys(), &changed, 0).unwrap_err(), ErrorCode::Malformed);
        }
        let other = NoteKeys::derive(&[8; 32]).unwrap();
        assert!(Registration::redeem(&other, &ticket, 0).is_err());
        assert!(keys().open(Purpose::Handshake, &ticket).is_err(), "one purpose never stands for another");
    }

    #[test]
    fn decoys_are_stable_and_differ() {
        let id = |text: &str| keys().decoy_account(&text.parse().unwrap()).unwrap();
        assert_eq!(id("a@x.test"), id("A@x.test"));
        assert_ne!(id("a@x.test"), id("b@x.test"));
    }
}
