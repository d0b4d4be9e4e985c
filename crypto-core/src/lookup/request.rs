//! What to fetch. Addresses and hosts come from outside: nothing in them may become more of a URL than it is.

use model::error::{CoreError, CoreErrorCode};
use seal::cert::Fingerprint;
use sha1::{Digest as _, Sha1};
use sha2::Sha256;
use wire::plaintext::Address;

/// Where a certificate came from. Ordered by how much its word for an address is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// A key server that takes anything from anybody.
    Hkp,
    /// A mail by somebody else, or by whoever used the address.
    Autocrypt,
    /// A key server that has written to the address.
    Vks,
    /// The name servers of the domain, with DNSSEC.
    Dane,
    /// The web server of the domain.
    Wkd,
}

impl Source {
    /// Whether it has asked the address, or belongs to whoever gives the addresses out.
    pub fn knows_the_address(self) -> bool {
        self >= Self::Vks
    }
}

/// A fetch by `GET`, over TLS only, without credentials and with at most `profile::MAX_LOOKUP_BYTES` taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Where.
    pub url: String,
    /// Whose word the answer is.
    pub source: Source,
}

/// An address as it is written, taken apart. Unlike [`Address`] it keeps its case, which WKD and DANE need.
struct Parts<'a> {
    local: &'a str,
    domain: String,
}

/// # Errors
/// `MalformedAddress`; so is a domain that is not yet in its ASCII form.
fn parts(address: &str) -> Result<Parts<'_>, CoreError> {
    let malformed = || CoreError::new(CoreErrorCode::MalformedAddress);
    let (local, domain) = address.trim().rsplit_once('@').ok_or_else(malformed)?;
    let bad = |c: char| c.is_control() || c.is_whitespace() || matches!(c, '<' | '>' | '"');
    if local.is_empty() || local.len() > 64 || local.contains(bad) {
        return Err(malformed());
    }
    Ok(Parts { local, domain: host(domain).ok_or_else(malformed)? })
}

/// A host name in lower case: labels of letters, digits and hyphens, more than one, the last no number.
fn host(name: &str) -> Option<String> {
    let host = format!("x@{name}").parse::<Address>().ok()?.domain().to_owned();
    let last = host.rsplit_once('.')?.1;
    (!last.bytes().all(|byte| byte.is_ascii_digit())).then_some(host)
}

/// z-base-32 (Zooko Wilcox-O'Hearn), without padding.
pub(super) fn z_base_32(bytes: &[u8]) -> String {
    const LETTERS: [char; 32] = [
        'y', 'b', 'n', 'd', 'r', 'f', 'g', '8', 'e', 'j', 'k', 'm', 'c', 'p', 'q', 'x', 'o', 't', '1', 'u',
        'w', 'i', 's', 'z', 'a', '3', '4', '5', 'h', '7', '6', '9',
    ];
    let (mut held, mut bits, mut out) = (0u32, 0u32, String::with_capacity(bytes.len() * 8 / 5 + 1));
    let mut letter = |five: u32| out.extend(usize::try_from(five & 31).ok().and_then(|i| LETTERS.get(i)));
    for byte in bytes {
        held = ((held << 8) | u32::from(*byte)) & 0xffff;
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            letter(held >> bits);
        }
    }
    if bits > 0 {
        letter(held << (5 - bits));
    }
    out
}

/// As RFC 3986 section 2.1 asks: unreserved characters stay.
fn percent(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut out, byte| {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
        out
    })
}

/// The two places of the Web Key Directory (draft-koch-openpgp-webkey-service section 3.1): the advanced method,
/// and the direct one for domains without the host `openpgpkey`.
///
/// # Errors
/// `MalformedAddress`.
pub fn wkd_urls(address: &str) -> Result<[Request; 2], CoreError> {
    let Parts { local, domain } = parts(address)?;
    let hash = z_base_32(&Sha1::digest(local.to_ascii_lowercase()));
    let tail = format!("hu/{hash}?l={}", percent(local));
    let [advanced, direct] = wkd_roots(&domain);
    let request = |root: String| Request { url: format!("{root}{tail}"), source: Source::Wkd };
    Ok([request(advanced), request(direct)])
}

/// Where the policies of a domain's directory are (section 4.5), in the same order. A file that is there, even
/// empty, says that there is a directory.
///
/// # Errors
/// `MalformedAddress` if it is no domain.
pub fn wkd_policies(domain: &str) -> Result<[String; 2], CoreError> {
    let domain = host(domain).ok_or(CoreErrorCode::MalformedAddress)?;
    Ok(wkd_roots(&domain).map(|root| format!("{root}policy")))
}

fn wkd_roots(domain: &str) -> [String; 2] {
    [
        format!("https://openpgpkey.{domain}/.well-known/openpgpkey/{domain}/"),
        format!("https://{domain}/.well-known/openpgpkey/"),
    ]
}

/// `server` is a host name.
fn at(server: &str, path: String, source: Source) -> Result<Request, CoreError> {
    let server = host(server).ok_or(CoreErrorCode::MalformedAddress)?;
    Ok(Request { url: format!("https://{server}{path}"), source })
}

/// A key server asked for an address (draft-gallagher-openpgp-hkp). Anybody may have put the answer there.
///
/// # Errors
/// `MalformedAddress`, also for the server.
pub fn hkp_by_address(server: &str, address: &str) -> Result<Request, CoreError> {
    let Parts { local, domain } = parts(address)?;
    let search = percent(&format!("{local}@{domain}"));
    at(server, format!("/pks/lookup?op=get&options=mr&exact=on&search={search}"), Source::Hkp)
}

/// The same for a fingerprint, whole: key ids are guessable (R18).
///
/// # Errors
/// `MalformedAddress` for the server.
pub fn hkp_by_fingerprint(server: &str, fingerprint: &Fingerprint) -> Result<Request, CoreError> {
    let search = fingerprint.to_string().to_uppercase();
    at(server, format!("/pks/lookup?op=get&options=mr&search=0x{search}"), Source::Hkp)
}

/// A verifying key server (keys.openpgp.org) asked for an address.
///
/// # Errors
/// As [`hkp_by_address`].
pub fn vks_by_address(server: &str, address: &str) -> Result<Request, CoreError> {
    let Parts { local, domain } = parts(address)?;
    at(server, format!("/vks/v1/by-email/{}", percent(&format!("{local}@{domain}"))), Source::Vks)
}

/// The same for a fingerprint. What comes may have no user id.
///
/// # Errors
/// `MalformedAddress` for the server.
pub fn vks_by_fingerprint(server: &str, fingerprint: &Fingerprint) -> Result<Request, CoreError> {
    let fingerprint = fingerprint.to_string().to_uppercase();
    at(server, format!("/vks/v1/by-fingerprint/{fingerprint}"), Source::Vks)
}

/// The owner name of an OPENPGPKEY record (RFC 7929 section 3). Its data is a certificate as it is; data that
/// DNSSEC does not prove must be thrown away.
///
/// # Errors
/// `MalformedAddress`.
pub fn dane_owner(address: &str) -> Result<String, CoreError> {
    let Parts { local, domain } = parts(address)?;
    let digest = Sha256::digest(local);
    let half = digest.get(..28).map(hex::encode).unwrap_or_default();
    Ok(format!("{half}._openpgpkey.{domain}"))
}
