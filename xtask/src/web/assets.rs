//! Names with hashes, integrity hashes, and the tokens that stand for them in templates.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256, Sha384};

/// What a `{{token}}` stands for.
pub(crate) type Tokens = BTreeMap<String, String>;

/// A site being written to a folder.
#[derive(Debug)]
pub(crate) struct Site {
    folder: PathBuf,
    tokens: Tokens,
}

impl Site {
    /// Starts an empty site.
    ///
    /// # Errors
    /// When the folder can't be made.
    pub(crate) fn new(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder.join("assets"))?;
        Ok(Self { folder: folder.to_path_buf(), tokens: Tokens::new() })
    }

    /// Writes `/assets/NAME-HASH.ENDING` and defines `{{NAME}}` (its URL) and `{{NAME_sri}}`
    /// (its integrity hash). Returns the URL.
    ///
    /// # Errors
    /// When the file can't be written.
    pub(crate) fn add(&mut self, name: &str, ending: &str, bytes: &[u8]) -> Result<String> {
        let hash = hex(&Sha256::digest(bytes));
        let short = hash.get(..16).unwrap_or(&hash);
        let shown =
            name.strip_suffix("_js").or_else(|| name.strip_suffix("_wasm")).unwrap_or(name).replace('_', "-");
        let url = format!("/assets/{shown}-{short}.{ending}");
        fs::write(self.folder.join(url.trim_start_matches('/')), bytes)?;
        let integrity = format!("sha384-{}", STANDARD.encode(Sha384::digest(bytes)));
        self.define(name, &url);
        self.define(&format!("{name}_sri"), &integrity);
        Ok(url)
    }

    /// Writes a file whose name must not change.
    ///
    /// # Errors
    /// When the file can't be written.
    pub(crate) fn add_fixed(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        let file = self.folder.join(name);
        if let Some(parent) = file.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(&file, bytes).with_context(|| format!("could not write {name}"))
    }

    /// Defines a token.
    pub(crate) fn define(&mut self, name: &str, value: &str) {
        self.tokens.insert(name.to_owned(), value.to_owned());
    }

    /// Gives an asset a second token, for a template that knows it by another name.
    pub(crate) fn define_from(&mut self, name: &str, known: &str) {
        for ending in ["", "_sri"] {
            if let Some(value) = self.tokens.get(&format!("{known}{ending}")).cloned() {
                self.define(&format!("{name}{ending}"), &value);
            }
        }
    }

    /// The tokens defined so far.
    pub(crate) fn tokens(&self) -> &Tokens {
        &self.tokens
    }

    /// Bytes that travel for an asset.
    ///
    /// # Errors
    /// When there is no such asset, or it has no brotli sibling.
    pub(crate) fn compressed_size(&self, name: &str) -> Result<u64> {
        let url = self.tokens.get(name).with_context(|| format!("no asset is called {name}"))?;
        self.compressed_size_of(url.trim_start_matches('/'))
    }

    /// Bytes that travel for a file of the site.
    ///
    /// # Errors
    /// When it has no brotli sibling.
    pub(crate) fn compressed_size_of(&self, file: &str) -> Result<u64> {
        let path = self.folder.join(format!("{file}.br"));
        Ok(fs::metadata(&path).with_context(|| format!("{file} was not compressed"))?.len())
    }
}

/// Replaces every `{{token}}`; one that isn't defined is a mistake in the template.
///
/// # Errors
/// When a token is unknown.
pub(crate) fn fill(template: &str, tokens: &Tokens, name: &str) -> Result<String> {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before);
        let Some((token, behind)) = after.split_once("}}") else {
            out.push_str("{{");
            rest = after;
            continue;
        };
        let is_name = !token.is_empty()
            && token.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        if !is_name {
            out.push_str("{{");
            rest = after;
            continue;
        }
        match tokens.get(token) {
            Some(value) => out.push_str(value),
            None => bail!("{name} has the unknown token {{{{{token}}}}}"),
        }
        rest = behind;
    }
    out.push_str(rest);
    Ok(out)
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        use std::fmt::Write as _;
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_filled_and_other_braces_stay() {
        let tokens = Tokens::from([("css".to_owned(), "/assets/a.css".to_owned())]);
        let text = fill(r#"<a href="{{css}}">{{ x }} {{"#, &tokens, "t").unwrap();
        assert_eq!(text, r#"<a href="/assets/a.css">{{ x }} {{"#);
    }

    #[test]
    fn an_unknown_token_is_an_error() {
        let error = fill("{{nothing}}", &Tokens::new(), "t").unwrap_err();
        assert_eq!(error.to_string(), "t has the unknown token {{nothing}}");
    }
}
