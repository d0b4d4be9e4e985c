//! HTML as the text that is shown in its place. The parser's own conversion would bring a table of every
//! entity there is, a thirtieth of the page's module; these are the ones that mail is written with.

/// Names of U+00A0 to U+00FF, in their order.
const LATIN: &str = "nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn \
    sup2 sup3 acute micro para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc \
    Atilde Auml Aring AElig Ccedil Egrave Eacute Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute \
    Ocirc Otilde Ouml times Oslash Ugrave Uacute Ucirc Uuml Yacute THORN szlig agrave aacute acirc atilde auml \
    aring aelig ccedil egrave eacute ecirc euml igrave iacute icirc iuml eth ntilde ograve oacute ocirc otilde \
    ouml divide oslash ugrave uacute ucirc uuml yacute thorn yuml";
/// Other names, each followed by what it stands for.
const OTHERS: &str = "amp & lt < gt > quot \" apos ' euro € hellip … ndash – mdash — lsquo ‘ rsquo ’ sbquo ‚ \
    ldquo “ rdquo ” bdquo „ lsaquo ‹ rsaquo › bull • trade ™ larr ← uarr ↑ rarr → darr ↓ OElig Œ oelig œ \
    Scaron Š scaron š dagger † permil ‰ minus − ensp \u{2002} emsp \u{2003} thinsp \u{2009} zwnj \u{200c}";
/// Longest entity, with its `&` and `;`.
const MAX_ENTITY: usize = 12;
/// Elements whose content is not text.
const UNSEEN: [&str; 5] = ["script", "style", "template", "title", "noframes"];
/// Elements that stand on lines of their own.
const BLOCKS: [&str; 23] = [
    "address",
    "article",
    "blockquote",
    "br",
    "dd",
    "div",
    "dl",
    "dt",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "li",
    "ol",
    "p",
    "pre",
    "section",
    "table",
    "tr",
    "ul",
];

/// The text of a page: no element, comment, script or style, runs of white space as one space.
pub fn to_text(html: &str) -> String {
    let mut out = Text { text: String::with_capacity(html.len() / 2), gap: false };
    let mut rest = html;
    while let Some((before, tag)) = rest.split_once('<') {
        out.push(before);
        rest = if let Some(comment) = tag.strip_prefix("!--") {
            comment.split_once("-->").map_or("", |(_, after)| after)
        } else if tag.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?')) {
            element(tag, &mut out)
        } else {
            out.push("<");
            tag
        };
    }
    out.push(rest);
    out.text.truncate(out.text.trim_end().len());
    out.text
}

/// What follows an element whose `<` was read. Gaps are noted in `out`.
fn element<'a>(tag: &'a str, out: &mut Text) -> &'a str {
    let closes = tag.starts_with('/');
    let named = tag.trim_start_matches('/');
    let end = named.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(named.len());
    let (name, attributes) = named.split_at_checked(end).unwrap_or((named, ""));
    let mut quote = None;
    let close = attributes.find(|c: char| match quote {
        Some(open) => {
            if c == open {
                quote = None;
            }
            false
        }
        None => {
            if matches!(c, '"' | '\'') {
                quote = Some(c);
            }
            c == '>'
        }
    });
    // A quotation that never ends closes at the first `>`: half of a text is better than none.
    let Some(close) = close.or_else(|| attributes.find('>')) else { return "" };
    let after = attributes.get(close + 1..).unwrap_or("");
    let is = |list: &[&str]| list.iter().any(|known| known.eq_ignore_ascii_case(name));
    if is(&BLOCKS) {
        let line_break = name.eq_ignore_ascii_case("br");
        if line_break || !(out.text.is_empty() || out.text.ends_with('\n')) {
            out.text.push('\n');
        }
        out.gap = false;
    } else if is(&["td", "th"]) {
        out.gap = true;
    } else if !closes && is(&UNSEEN) {
        return skip(after, name);
    }
    after
}

/// What follows the closing tag of an element.
fn skip<'a>(html: &'a str, name: &str) -> &'a str {
    let mut rest = html;
    while let Some((_, tag)) = rest.split_once("</") {
        rest = tag;
        if tag.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name)) {
            return tag.split_once('>').map_or("", |(_, after)| after);
        }
    }
    ""
}

struct Text {
    text: String,
    /// Whether white space was read and not yet written.
    gap: bool,
}

impl Text {
    fn push(&mut self, html: &str) {
        let mut rest = html;
        while let Some(c) = rest.chars().next() {
            if c == '&'
                && let Some((c, after)) = entity(rest)
            {
                self.one(c);
                rest = after;
                continue;
            }
            rest = rest.get(c.len_utf8()..).unwrap_or("");
            if c.is_ascii_whitespace() {
                self.gap = true;
            } else {
                self.one(c);
            }
        }
    }

    fn one(&mut self, c: char) {
        if self.gap && !(self.text.is_empty() || self.text.ends_with('\n')) {
            self.text.push(' ');
        }
        self.gap = false;
        self.text.push(if c == '\u{a0}' { ' ' } else { c });
    }
}

/// The character an entity stands for, and what follows it.
fn entity(text: &str) -> Option<(char, &str)> {
    let end = text.bytes().take(MAX_ENTITY).position(|byte| byte == b';')?;
    let name = text.get(1..end)?;
    let found = if let Some(number) = name.strip_prefix('#') {
        let hex = number.strip_prefix(['x', 'X']);
        let code = hex.map_or_else(|| number.parse(), |hex| u32::from_str_radix(hex, 16)).ok()?;
        char::from_u32(code).filter(|c| *c != '\0').unwrap_or(char::REPLACEMENT_CHARACTER)
    } else if let Some(index) = LATIN.split_ascii_whitespace().position(|known| known == name) {
        char::from_u32(0xa0 + u32::try_from(index).ok()?)?
    } else {
        let mut words = OTHERS.split(' ').filter(|word| !word.is_empty());
        words.position(|known| known == name)?;
        words.next()?.chars().next()?
    };
    Some((found, text.get(end + 1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_becomes_its_text() {
        let cases = [
            ("<p>Hello <b>you</b></p><script>evil()</script>", "Hello you"),
            ("a<br>b<BR/>\r\n c <p>d</p><div>e</div>f", "a\nb\nc\nd\ne\nf"),
            ("<!-- <p>no</p> -->x<style>p { color: red }</STYLE >y", "xy"),
            ("<head><title>t</title></head>1 &lt; 2 &amp;&amp; 3 > 2", "1 < 2 && 3 > 2"),
            ("gr&uuml;&szlig;e &nbsp;&hellip; &#8364;&#x20ac;&euro;", "grüße  … €€€"),
            ("a &unknown; & b &#0;&#xd800;&;", "a &unknown; & b \u{fffd}\u{fffd}&;"),
            ("<a title='x > y' href=\"z\">link</a> 1 <2 x<y", "link 1 <2 x"),
            ("<table><tr><td>1</td><td>2</td></tr><tr><td>3</td></tr></table>", "1 2\n3"),
            ("<p class=\"never closed>text</p>", "text"),
            ("<", "<"),
            ("", ""),
        ];
        for (html, text) in cases {
            assert_eq!(to_text(html), text, "{html}");
        }
        assert_eq!(entity("&iquest;!"), Some(('¿', "!")));
        assert_eq!(entity("&yuml;"), Some(('ÿ', "")));
    }

    /// A page that never closes what it opens is read in one pass.
    #[test]
    fn unclosed_elements_take_no_time() {
        let begun = std::time::Instant::now();
        for piece in ["<", "<p", "<style>", "<!--", "&#", "<a \"", "</"] {
            to_text(&piece.repeat(300_000));
        }
        assert!(begun.elapsed().as_secs() < 5, "{:?}", begun.elapsed());
    }
}
