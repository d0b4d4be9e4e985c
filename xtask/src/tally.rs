//! Counting what the test runners of several languages say.

/// Tests that passed and failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Tests that passed.
    pub(crate) passed: u64,
    /// Tests that failed, timed out, or could not be started.
    pub(crate) failed: u64,
    /// Tests that were left out.
    pub(crate) skipped: u64,
}

impl Tally {
    /// Adds the counts of one runner.
    pub(crate) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }

    /// Adds one check that is no test of a runner.
    pub(crate) fn check(&mut self, passed: bool) {
        if passed {
            self.passed += 1;
        } else {
            self.failed += 1;
        }
    }

    /// Reads the closing lines of cargo-nextest, cargo test and node's test runner.
    pub(crate) fn read(lines: &[String]) -> Self {
        let mut tally = Self::default();
        for line in lines {
            let line = without_colours(line);
            let line = line.trim();
            if line.starts_with("Summary [") {
                let counts = line.rsplit_once("run:").map_or("", |(_, counts)| counts);
                tally.passed += before(counts, "passed");
                for word in ["failed", "timed out", "exec failed"] {
                    tally.failed += before(counts, word);
                }
                tally.skipped += before(counts, "skipped");
            } else if let Some(counts) = line.strip_prefix("test result:") {
                tally.passed += before(counts, "passed");
                tally.failed += before(counts, "failed");
                tally.skipped += before(counts, "ignored");
            } else if let Some((word, count)) = node_line(line) {
                match word {
                    "pass" => tally.passed += count,
                    "fail" | "cancelled" => tally.failed += count,
                    "skipped" | "todo" => tally.skipped += count,
                    _ => {}
                }
            }
        }
        tally
    }

    /// The closing line: `N passed, N failed`.
    pub(crate) fn line(self) -> String {
        format!("{} passed, {} failed", self.passed, self.failed)
    }
}

/// The number before a word: 12 in `12 passed, 1 failed`.
fn before(text: &str, word: &str) -> u64 {
    text.split([',', ';', '.'])
        .filter_map(|part| {
            let (number, rest) = part.trim().split_once(' ')?;
            let rest = rest.split('(').next()?.trim();
            (rest == word).then(|| number.parse::<u64>().ok())?
        })
        .sum()
}

/// `# pass 3` (TAP) or `ℹ pass 3` (spec).
fn node_line(line: &str) -> Option<(&str, u64)> {
    let rest = line.strip_prefix("# ").or_else(|| line.strip_prefix("ℹ "))?;
    let (word, count) = rest.split_once(' ')?;
    Some((word, count.parse().ok()?))
}

/// The text without terminal colours.
fn without_colours(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut characters = line.chars();
    while let Some(c) = characters.next() {
        if c == '\u{1b}' {
            for c in characters.by_ref() {
                if c.is_ascii_alphabetic() {
                    break;
                }
            }
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Tally {
        Tally::read(&text.lines().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn reads_nextest() {
        let tally = read(
            "\u{1b}[32m     Summary\u{1b}[0m [   1.2s] 12 tests run: 9 passed (1 slow), 2 failed, 1 timed out, 3 skipped",
        );
        assert_eq!(tally, Tally { passed: 9, failed: 3, skipped: 3 });
    }

    #[test]
    fn reads_cargo_test() {
        let tally = read("test result: ok. 7 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out");
        assert_eq!(tally, Tally { passed: 7, failed: 0, skipped: 1 });
    }

    #[test]
    fn reads_node() {
        let tally = read("ℹ tests 5\nℹ pass 4\nℹ fail 1\nℹ cancelled 0\nℹ skipped 2\nℹ todo 0");
        assert_eq!(tally.line(), "4 passed, 1 failed");
    }
}
