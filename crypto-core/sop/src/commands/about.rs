//! `version` and `list-profiles`.

use crate::arguments::Version;
use crate::failure::{Code, Failure};
use crate::outputs;

/// The draft this program follows.
const DRAFT: &str = "draft-dkg-openpgp-stateless-cli-15";
/// The version of the draft's verification-only subset.
const SOPV: &str = "1.0";

/// `sop version`
pub(crate) fn version(asked: &Version) -> Result<(), Failure> {
    let this = concat!("hedgerow-sop ", env!("CARGO_PKG_VERSION"));
    let backend = concat!("hedgerow-crypto ", env!("CARGO_PKG_VERSION"));
    let text = if asked.backend {
        backend.to_owned()
    } else if asked.extended {
        format!("{this}\n{backend}\n{DRAFT}\nsopv {SOPV}")
    } else if asked.sop_spec {
        DRAFT.to_owned()
    } else if asked.sopv {
        SOPV.to_owned()
    } else {
        this.to_owned()
    };
    outputs::to_stdout(format!("{text}\n").as_bytes())
}

/// A profile: its name, its aliases, and what it means.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Profile<T: 'static> {
    pub(crate) name: &'static str,
    aliases: &'static [&'static str],
    about: &'static str,
    /// What the profile stands for in our crates.
    pub(crate) stands_for: T,
}

/// What `generate-key` makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyKind {
    Compatible,
    Modern,
    PostQuantum,
    Rsa3072,
    Rsa4096,
}

/// How `encrypt` decides the form of the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MessageKind {
    /// The newest that every recipient announces.
    ByRecipients,
    /// SEIPDv1 whatever they announce.
    Compatible,
}

/// The profiles of `generate-key`, the default first.
pub(crate) const KEY_PROFILES: &[Profile<KeyKind>] = &[
    Profile {
        name: "compatible",
        aliases: &["default", "rfc4880", "draft-koch-eddsa-for-openpgp-00", "compatibility"],
        about: "v4, Ed25519 and Curve25519, readable by every current program",
        stands_for: KeyKind::Compatible,
    },
    Profile {
        name: "modern",
        aliases: &["rfc9580", "security", "performance"],
        about: "v6 of RFC 9580, Ed25519 and X25519",
        stands_for: KeyKind::Modern,
    },
    Profile {
        name: "post-quantum",
        aliases: &["rfc9980", "draft-ietf-openpgp-pqc"],
        about: "v6 of RFC 9980, ML-DSA-65+Ed25519 and ML-KEM-768+X25519",
        stands_for: KeyKind::PostQuantum,
    },
    Profile {
        name: "rsa3072",
        aliases: &["rfc4880-rsa"],
        about: "v4, RSA of 3072 bits",
        stands_for: KeyKind::Rsa3072,
    },
    Profile { name: "rsa4096", aliases: &[], about: "v4, RSA of 4096 bits", stands_for: KeyKind::Rsa4096 },
];

/// The profiles of `encrypt`, the default first.
pub(crate) const MESSAGE_PROFILES: &[Profile<MessageKind>] = &[
    Profile {
        name: "rfc9580",
        aliases: &["default", "modern", "security", "performance"],
        about: "SEIPDv2 where every recipient announces it, else SEIPDv1",
        stands_for: MessageKind::ByRecipients,
    },
    Profile {
        name: "rfc4880",
        aliases: &["compatible", "compatibility"],
        about: "SEIPDv1, iterated and salted passwords",
        stands_for: MessageKind::Compatible,
    },
];

/// The profile of that name or alias, or the first.
pub(crate) fn profile<T>(
    of: &'static [Profile<T>],
    asked: Option<&str>,
) -> Result<&'static Profile<T>, Failure> {
    let found = match asked {
        None => of.first(),
        Some(name) => of.iter().find(|profile| profile.name == name || profile.aliases.contains(&name)),
    };
    found.ok_or_else(|| {
        Failure::new(
            Code::UnsupportedProfile,
            format!("the profile {:?} is unknown; see `list-profiles`", asked.unwrap_or_default()),
        )
    })
}

/// `sop list-profiles`
pub(crate) fn list_profiles(subcommand: &str) -> Result<(), Failure> {
    let lines = match subcommand {
        "generate-key" => lines(KEY_PROFILES),
        "encrypt" => lines(MESSAGE_PROFILES),
        _ => return Err(Failure::new(Code::UnsupportedProfile, format!("{subcommand:?} has no profiles"))),
    };
    outputs::to_stdout(lines.as_bytes())
}

fn lines<T>(profiles: &[Profile<T>]) -> String {
    profiles
        .iter()
        .map(|profile| {
            let aliases = if profile.aliases.is_empty() {
                String::new()
            } else {
                format!(" (aliases: {})", profile.aliases.join(", "))
            };
            format!("{}: {}{aliases}\n", profile.name, profile.about)
        })
        .collect()
}
