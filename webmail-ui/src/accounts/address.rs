//! The address as people type it.

use wire::plaintext::{Address, MalformedAddress};

/// Reads `alice` or `alice@hedgerow.test`; the server's domain is added where none was typed.
pub(crate) fn read(text: &str, domain: &str) -> Result<Address, MalformedAddress> {
    let text = text.trim();
    if text.contains('@') { text.parse() } else { format!("{text}@{domain}").parse() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_domain_is_added_where_none_was_typed() {
        assert_eq!(read(" Alice ", "h.test").unwrap().as_str(), "alice@h.test");
        assert_eq!(read("bob@other.test", "h.test").unwrap().as_str(), "bob@other.test");
        assert!(read("", "h.test").is_err());
        assert!(read("a b", "h.test").is_err());
    }
}
