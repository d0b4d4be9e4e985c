//! What the receiving server found out about the domain a mail says it is from, as it wrote it down above the mail
//! (`Authentication-Results`, RFC 8601; DMARC, RFC 9989). It is the server's word and speaks of a domain, not of a person.

use serde::{Deserialize, Serialize};

/// Longest part of a mail looked at, in bytes: the server's own fields.
const MAX_TRACE: usize = 64 * 1024;

/// What the domain of the author says of a mail, by the word of the receiving server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DomainWord {
    /// The mail comes from where this domain sends its mail from, or carries its signature.
    Confirmed {
        /// The domain.
        domain: String,
    },
    /// The mail does neither, though the domain says that its mail does: probably forged.
    Denied {
        /// The domain.
        domain: String,
    },
}

/// The server's finding about `author`, the address a mail says it is from; nothing if there is none. Only what stands
/// above the topmost `Received` field is the receiving server's: below it, anybody may have written anything.
pub fn domain_word(mail: &[u8], author: &str) -> Option<DomainWord> {
    let head = mail.get(..mail.len().min(MAX_TRACE)).unwrap_or_default();
    let text = String::from_utf8_lossy(head).replace("\r\n", "\n").replace("\n ", " ").replace("\n\t", " ");
    let value = text
        .lines()
        .take_while(|line| !line.is_empty())
        .map(|line| line.split_once(':').unwrap_or_default())
        .take_while(|(name, _)| !name.trim().eq_ignore_ascii_case("received"))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("authentication-results"))
        .map(|(_, value)| value)?;
    // DMARC is what the server writes first, so that nothing a sender brings stands before it.
    let mut words = value.split(';').nth(1)?.split_whitespace();
    let verdict = words.next()?.strip_prefix("dmarc=")?;
    let domain = words.find_map(|word| word.strip_prefix("header.from="))?.to_ascii_lowercase();
    let (_, of) = author.rsplit_once('@')?;
    let of = of.to_ascii_lowercase();
    let same = of == domain || of.strip_suffix(&domain).is_some_and(|sub| sub.ends_with('.'));
    match verdict {
        "pass" if same => Some(DomainWord::Confirmed { domain }),
        "fail" => Some(DomainWord::Denied { domain }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(fields: &str) -> Option<DomainWord> {
        domain_word(
            format!("{fields}Received: from x\r\nFrom: a@x.test\r\n\r\nbody").as_bytes(),
            "a@Mail.X.test",
        )
    }

    #[test]
    fn a_verdict_is_read_where_only_the_server_writes() {
        let domain = || "x.test".to_owned();
        let pass =
            "Authentication-Results: mx.test;\r\n\tdmarc=pass header.from=x.test policy.dmarc=none\r\n";
        assert_eq!(word(pass), Some(DomainWord::Confirmed { domain: domain() }));
        assert_eq!(word(&pass.replace("pass", "fail")), Some(DomainWord::Denied { domain: domain() }));
        for silent in ["none", "temperror", "permerror", "passed"] {
            assert_eq!(word(&pass.replace("pass", silent)), None, "{silent}");
        }
        assert_eq!(word(""), None);
        assert_eq!(word("Authentication-Results: mx.test; none\r\n"), None);
    }

    #[test]
    fn a_forged_verdict_is_not_read() {
        let forged = "Authentication-Results: mx.test; dmarc=pass header.from=x.test\r\n";
        assert_eq!(word(&format!("Received: from y\r\n{forged}")), None, "below the trace");
        assert_eq!(word(&format!("\r\n{forged}")), None, "in the body");
        assert_eq!(word(&format!("Authentication-Results: mx.test; dmarc=none\r\n{forged}")), None, "second");
        assert_eq!(word(&forged.replace("dmarc", "spf=pass (x; dmarc")), None, "inside another result");
        assert_eq!(word(&forged.replace("=x.test", "=other.test")), None, "for another domain");
        assert_eq!(word(&forged.replace("=x.test", "=test.")), None);
        assert_eq!(word(&forged.replace("=x.test", "=.test")), None);
    }
}
