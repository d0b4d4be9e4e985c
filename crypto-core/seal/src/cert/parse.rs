//! From packets to certificates. What is not understood is kept as bytes and never fatal, as long as the
//! packets can be told apart.

use pgp::crypto::public_key::PublicKeyAlgorithm;
use pgp::packet::{PacketHeader, PublicKey, PublicSubkey, SignatureType};
use pgp::ser::Serialize as _;
use pgp::types::{KeyDetails, KeyVersion, PacketHeaderVersion, PacketLength, PublicParams, Tag, Timestamp};

use super::framing::{self, Framed};
use super::{Bundle, Cert, Fingerprint, Held, KeyBody, OtherBody, UserBody};
use crate::signature::SignaturePacket;
use crate::{SealError, profile};

const SIGNATURE: u8 = 2;
const SECRET_KEY: u8 = 5;
const PUBLIC_KEY: u8 = 6;
const SECRET_SUBKEY: u8 = 7;
const MARKER: u8 = 10;
const TRUST: u8 = 12;
pub(super) const USER_ID: u8 = 13;
const PUBLIC_SUBKEY: u8 = 14;
pub(super) const USER_ATTRIBUTE: u8 = 17;
const PADDING: u8 = 21;

/// Whether a packet must be understood, and belongs to no specification this program knows. Type 16 held comments
/// in GnuPG 1.0, and is passed over as ever.
fn is_critical_and_unknown(tag: u8) -> bool {
    matches!(tag, 0 | 15 | 22..=39)
}

/// What one piece of a keyring came to.
pub(super) struct Found {
    pub(super) cert: Result<Cert, SealError>,
}

/// Binary form of certificates that may be armored.
pub(crate) fn binary(bytes: &[u8]) -> Result<std::borrow::Cow<'_, [u8]>, SealError> {
    if bytes.first().is_some_and(|octet| octet & 0x80 != 0) {
        return Ok(bytes.into());
    }
    super::armoring::blocks(bytes).map(Into::into)
}

/// Every certificate in a row of packets.
pub(super) fn all(bytes: &[u8], most: usize) -> Result<Vec<Found>, SealError> {
    let mut rest = bytes;
    let mut found: Vec<Found> = Vec::new();
    let mut building: Option<Builder> = None;
    let mut packets = 0usize;
    while let Some(packet) = framing::next(&mut rest)? {
        packets += 1;
        if packets > profile::MAX_KEYRING_PACKETS {
            return Err(SealError::CertificateTooLarge("too many packets"));
        }
        if matches!(packet.tag, PUBLIC_KEY | SECRET_KEY) {
            found.extend(building.take().map(|done| Found { cert: done.finish() }));
            if found.len() >= most {
                return Err(SealError::CertificateTooLarge("too many certificates"));
            }
            building = Some(Builder::begin(packet));
        } else if let Some(current) = &mut building {
            current.add(packet)?;
        } else if !matches!(packet.tag, MARKER | PADDING | TRUST) {
            return Err(SealError::MalformedCertificate("it does not begin with a key"));
        }
    }
    found.extend(building.take().map(|done| Found { cert: done.finish() }));
    Ok(found)
}

/// Where the signatures that follow belong.
enum Current {
    Primary,
    User(usize),
    Subkey(usize),
    Other(usize),
}

enum Builder {
    /// The primary key is not one this program reads; its packets are passed over.
    Unread(SealError),
    Reading {
        cert: Box<Cert>,
        current: Current,
        strays: Vec<SignaturePacket>,
    },
}

impl Builder {
    fn begin(packet: Framed<'_>) -> Self {
        let secret = packet.tag == SECRET_KEY;
        match primary(packet.body, secret) {
            Ok(primary) => Self::Reading {
                cert: Box::new(Cert::around(primary, secret)),
                current: Current::Primary,
                strays: Vec::new(),
            },
            Err(error) => Self::Unread(error),
        }
    }

    fn add(&mut self, packet: Framed<'_>) -> Result<(), SealError> {
        let Self::Reading { cert, current, strays } = self else { return Ok(()) };
        match packet.tag {
            MARKER | PADDING | TRUST => {}
            SIGNATURE => match SignaturePacket::parse(packet.body) {
                Ok(signature) => place(cert, current, strays, signature),
                Err(_) => cert.unread_mut(current).push(packet.body.to_vec()),
            },
            USER_ID | USER_ATTRIBUTE => {
                if cert.users.len() >= profile::MAX_KEPT_COMPONENTS {
                    return Err(SealError::CertificateTooLarge("too many user ids"));
                }
                let body = UserBody { attribute: packet.tag == USER_ATTRIBUTE, bytes: packet.body.to_vec() };
                *current = Current::User(cert.user_index(body));
            }
            PUBLIC_SUBKEY | SECRET_SUBKEY => {
                if cert.subkeys.len() >= profile::MAX_KEPT_COMPONENTS {
                    return Err(SealError::CertificateTooLarge("too many subkeys"));
                }
                cert.has_secrets |= packet.tag == SECRET_SUBKEY;
                match subkey(packet.body, packet.tag == SECRET_SUBKEY) {
                    // Version 6 keys and older ones do not mix (RFC 9580 section 10.1.1).
                    Ok(body) if (body.version() == 6) == (cert.primary.body.version() == 6) => {
                        *current = Current::Subkey(cert.subkey_index(body));
                    }
                    // Secret parts that cannot be told from the public ones are not kept.
                    _ if packet.tag == SECRET_SUBKEY => *current = cert.other(PUBLIC_SUBKEY, &[]),
                    _ => *current = cert.other(packet.tag, packet.body),
                }
            }
            // What must be understood and is not makes the whole sequence void (RFC 9580 section 4.3).
            tag if is_critical_and_unknown(tag) => {
                *self = Self::Unread(SealError::MalformedCertificate("a critical packet in it is not known"));
            }
            tag => {
                if cert.others.len() >= profile::MAX_KEPT_COMPONENTS {
                    return Err(SealError::CertificateTooLarge("too many packets"));
                }
                *current = cert.other(tag, packet.body);
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<Cert, SealError> {
        match self {
            Self::Unread(error) => Err(error),
            Self::Reading { mut cert, strays, .. } => {
                for stray in strays.into_iter().take(profile::MAX_SIGNATURES) {
                    cert.adopt(stray);
                }
                cert.others.retain(|other| !other.body.bytes.is_empty());
                Ok(*cert)
            }
        }
    }
}

/// Puts a signature where it stands if it can belong there, else with the strays.
fn place(cert: &mut Cert, current: &Current, strays: &mut Vec<SignaturePacket>, signature: SignaturePacket) {
    use SignatureType as T;
    let kind = signature.kind();
    let held = |signature| Held::new(signature);
    match (kind, current) {
        (T::Key | T::KeyRevocation, _) => cert.primary.signatures.push(held(signature)),
        (T::SubkeyBinding | T::SubkeyRevocation, Current::Subkey(index)) => {
            if let Some(subkey) = cert.subkeys.get_mut(*index) {
                subkey.signatures.push(held(signature));
            }
        }
        (T::SubkeyBinding | T::SubkeyRevocation, Current::Primary | Current::User(_)) => {
            strays.push(signature)
        }
        (_, Current::User(index)) => {
            if let Some(user) = cert.users.get_mut(*index) {
                user.signatures.push(held(signature));
            }
        }
        (_, Current::Other(index)) => {
            if let Some(other) = cert.others.get_mut(*index) {
                other.signatures.push(held(signature));
            }
        }
        _ => strays.push(signature),
    }
}

impl Cert {
    pub(super) fn around(primary: KeyBody<PublicKey>, has_secrets: bool) -> Self {
        Self {
            primary: Bundle::new(primary),
            users: Vec::new(),
            subkeys: Vec::new(),
            others: Vec::new(),
            has_secrets,
        }
    }

    fn unread_mut(&mut self, current: &Current) -> &mut Vec<Vec<u8>> {
        let here = match current {
            Current::Primary => None,
            Current::User(index) => self.users.get_mut(*index).map(|it| &mut it.unread),
            Current::Subkey(index) => self.subkeys.get_mut(*index).map(|it| &mut it.unread),
            Current::Other(index) => self.others.get_mut(*index).map(|it| &mut it.unread),
        };
        here.unwrap_or(&mut self.primary.unread)
    }

    /// Where this user id is; it is added if it is not there yet.
    pub(super) fn user_index(&mut self, body: UserBody) -> usize {
        self.users.iter().position(|user| user.body == body).unwrap_or_else(|| {
            self.users.push(Bundle::new(body));
            self.users.len() - 1
        })
    }

    pub(super) fn subkey_index(&mut self, body: KeyBody<PublicSubkey>) -> usize {
        self.subkeys.iter().position(|subkey| subkey.body.bytes == body.bytes).unwrap_or_else(|| {
            self.subkeys.push(Bundle::new(body));
            self.subkeys.len() - 1
        })
    }

    fn other(&mut self, tag: u8, bytes: &[u8]) -> Current {
        self.others.push(Bundle::new(OtherBody { tag, bytes: bytes.to_vec() }));
        Current::Other(self.others.len() - 1)
    }

    /// Gives a signature that stood in the wrong place to the part it was made over, if there is one.
    pub(super) fn adopt(&mut self, signature: SignaturePacket) {
        // What was found out in one place is no answer for the next: every try is with a fresh one.
        let fresh = || Held::new(signature.clone());
        let subkey = self.subkeys.iter().position(|subkey| self.proven_over_subkey(&fresh(), &subkey.body));
        let user = self.users.iter().position(|user| self.proven_over_user(&fresh(), &user.body));
        if let Some(subkey) = subkey.and_then(|index| self.subkeys.get_mut(index)) {
            subkey.signatures.push(Held::new(signature));
        } else if let Some(user) = user.and_then(|index| self.users.get_mut(index)) {
            user.signatures.push(Held::new(signature));
        } else {
            self.primary.signatures.push(Held::new(signature));
        }
    }
}

/// A public key whose numbers are not read.
struct Unread {
    head: (KeyVersion, PublicKeyAlgorithm, Timestamp),
    material: PublicParams,
}

/// Takes the numbers of a public key of version 4 or 6 as they are.
fn unread(body: &[u8]) -> Option<Unread> {
    let (version, rest) = body.split_first()?;
    let (created, rest) = rest.split_first_chunk::<4>()?;
    let (algorithm, rest) = rest.split_first()?;
    let material = match version {
        4 => rest,
        _ => {
            let (length, rest) = rest.split_first_chunk::<4>()?;
            (usize::try_from(u32::from_be_bytes(*length)).ok()? == rest.len()).then_some(rest)?
        }
    };
    // A number that stands for no algorithm.
    let kept = PublicKeyAlgorithm::from(u8::MAX);
    let material = PublicParams::try_from_reader(kept, Some(material.len()), &mut &*material).ok()?;
    let created = Timestamp::from_secs(u32::from_be_bytes(*created));
    Some(Unread { head: (KeyVersion::from(*version), (*algorithm).into(), created), material })
}

/// Reads the public part of a key packet. The octets after it are returned for secret keys and are an error
/// for public ones.
macro_rules! reader {
    ($name:ident, $packet:ty, $tag:expr) => {
        fn $name(body: &[u8], secret: bool) -> Result<KeyBody<$packet>, SealError> {
            let malformed = |()| SealError::MalformedCertificate("a key in it cannot be read");
            match body.first() {
                Some(4 | 6) => {}
                _ => return Err(SealError::MalformedCertificate("only keys of version 4 and 6 are read")),
            }
            if body.len() > profile::MAX_KEY_PACKET_BYTES {
                return Err(SealError::CertificateTooLarge("a key packet over 64 KiB"));
            }
            let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
            let header = |length| {
                PacketHeader::from_parts(PacketHeaderVersion::New, $tag, PacketLength::Fixed(length))
            };
            let mut rest = body;
            let read = <$packet>::try_from_reader(header(length).map_err(|_| malformed(()))?, &mut rest);
            let packet = match read {
                Ok(packet) => packet,
                // The numbers of a public key may be of a size that nobody computes with. What else is in its
                // certificate can be told, shown and kept all the same.
                Err(_) if !secret => {
                    rest = &[];
                    let params = unread(body).ok_or_else(|| malformed(()))?;
                    let header = header(length).map_err(|_| malformed(()))?;
                    let (version, algorithm, created) = params.head;
                    <$packet>::new_with_header(header, version, algorithm, created, None, params.material)
                        .map_err(|_| malformed(()))?
                }
                Err(_) => return Err(malformed(())),
            };
            if !secret && !rest.is_empty() {
                return Err(SealError::MalformedCertificate("a key in it has something after its end"));
            }
            let public = body.get(..body.len() - rest.len()).unwrap_or_default();
            // Fingerprints and hashes are over what came; what rPGP would write has to be the same.
            if packet.to_bytes().map_err(|_| malformed(()))? != public {
                return Err(SealError::MalformedCertificate("a key in it is not in its one form"));
            }
            let fingerprint = Fingerprint::from_pgp(&packet.fingerprint());
            Ok(KeyBody { bytes: public.to_vec(), fingerprint, packet })
        }
    };
}

reader!(primary, PublicKey, Tag::PublicKey);
reader!(subkey, PublicSubkey, Tag::PublicSubkey);
