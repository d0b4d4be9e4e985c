//! The log as bytes: which frames are whole, what can be put back, what is lost.

/// Bytes of the log's header.
const HEADER: usize = 32;
/// Bytes of a frame's header: page, size after commit, salts, checksum.
const FRAME_HEADER: usize = 24;
/// The header's first word; the last bit says in which order checksums read their words.
const MAGIC: u32 = 0x377f_0682;

/// What was found.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Report {
    /// Bytes to put back: offset in the file, value.
    pub(super) repairs: Vec<(u64, u8)>,
    /// Bytes up to the end of the last transaction that can be read.
    pub(super) readable: u64,
    /// Commits of this log's present use that lie behind damage.
    pub(super) lost: u64,
    /// Whether a torn write cannot explain the damage.
    certain: bool,
}

impl Report {
    /// Whether acknowledged transactions would be lost. Each commit waits for the disk before the next one
    /// begins, so a power cut tears one at most.
    pub(super) fn refused(&self) -> bool {
        self.lost > 1 || (self.lost == 1 && self.certain)
    }
}

/// The order of bytes in the words that a checksum adds up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Little,
    Big,
}

/// SQLite's running checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Sum(u32, u32);

impl Sum {
    /// This sum continued over words, of which there is an even number.
    fn over(self, words: impl IntoIterator<Item = u32>) -> Self {
        let (mut first, mut second) = (self.0, self.1);
        let mut words = words.into_iter();
        while let (Some(even), Some(odd)) = (words.next(), words.next()) {
            first = first.wrapping_add(even).wrapping_add(second);
            second = second.wrapping_add(odd).wrapping_add(first);
        }
        Self(first, second)
    }

    /// Whether one byte of a stored sum explains the difference.
    fn near(self, other: Self) -> bool {
        (self.0 == other.0 && one_byte(self.1, other.1)) || (self.1 == other.1 && one_byte(self.0, other.0))
    }
}

/// Whether two words differ in exactly one of their bytes.
fn one_byte(one: u32, other: u32) -> bool {
    (one ^ other).to_be_bytes().iter().filter(|byte| **byte != 0).count() == 1
}

fn big(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |word| u32::from_be_bytes(*word))
}

/// What a checksum covers, as words: parts whose lengths are multiples of four.
fn words<'a>(order: Order, parts: &[&'a [u8]]) -> Vec<u32> {
    let word = |bytes: &[u8; 4]| match order {
        Order::Little => u32::from_le_bytes(*bytes),
        Order::Big => u32::from_be_bytes(*bytes),
    };
    parts.iter().flat_map(|part: &&'a [u8]| part.as_chunks::<4>().0).map(word).collect()
}

/// The words that, changed in one byte, lead from `from` over `words` to `to`: their places and values.
///
/// The sum has 64 bits and about 2^20 changes are thinkable, so for most damage there is one. But it adds up
/// like Fibonacci numbers, whose last bits recur soon: a change in the high bits of a word looks the same at
/// many places.
fn changed_words(words: &[u32], from: Sum, to: Sum) -> Vec<(usize, u32)> {
    let computed = from.over(words.iter().copied());
    let wanted = (to.0.wrapping_sub(computed.0), to.1.wrapping_sub(computed.1));
    let mut found = Vec::new();
    // How a change of the even and of the odd word of a pair reaches the end of the sum.
    let (mut even, mut odd) = ((1u32, 1u32), (0u32, 1u32));
    let onward = |(first, second): (u32, u32)| {
        let first = first.wrapping_add(second);
        (first, second.wrapping_add(first))
    };
    for pair in (0..words.len() / 2).rev() {
        for (index, reach) in [(2 * pair, even), (2 * pair + 1, odd)] {
            // Neighbours in a Fibonacci sequence are never both even: one of the two can be inverted.
            let change = if reach.0 % 2 == 1 {
                wanted.0.wrapping_mul(inverse(reach.0))
            } else {
                wanted.1.wrapping_mul(inverse(reach.1))
            };
            let fits = (change.wrapping_mul(reach.0), change.wrapping_mul(reach.1)) == wanted;
            let before = words.get(index).copied().unwrap_or_default();
            let after = before.wrapping_add(change);
            if fits && one_byte(before, after) {
                found.push((index, after));
            }
        }
        (even, odd) = (onward(even), onward(odd));
    }
    found
}

/// The inverse of an odd number modulo 2^32, by Newton's method.
fn inverse(odd: u32) -> u32 {
    (0..5).fold(odd, |guess, _| guess.wrapping_mul(2u32.wrapping_sub(odd.wrapping_mul(guess))))
}

/// What the header says.
#[derive(Debug, Clone, Copy)]
struct Head {
    order: Order,
    frame: usize,
    salts: [u8; 8],
    sum: Sum,
}

impl Head {
    fn read(bytes: &[u8]) -> Option<Self> {
        let order = match big(bytes, 0) ^ MAGIC {
            0 => Order::Little,
            1 => Order::Big,
            _ => return None,
        };
        let page = usize::try_from(big(bytes, 8)).ok()?;
        let sum = Sum(big(bytes, 24), big(bytes, 28));
        let whole = page.is_power_of_two()
            && (512..=1 << 16).contains(&page)
            && Sum::default().over(words(order, &[bytes.get(..24)?])) == sum;
        let salts = *bytes.get(16..)?.first_chunk()?;
        whole.then_some(Self { order, frame: FRAME_HEADER + page, salts, sum })
    }

    /// The header with one byte put back.
    fn mended(bytes: &[u8]) -> Option<(usize, u8)> {
        let header = bytes.get(..HEADER)?;
        for order in [Order::Little, Order::Big] {
            let covered = words(order, &[header.get(..24)?]);
            let stored = Sum(big(header, 24), big(header, 28));
            let computed = Sum::default().over(covered.iter().copied());
            let mut candidates = Vec::new();
            for (index, word) in changed_words(&covered, Sum::default(), stored) {
                candidates.extend(difference(header, 4 * index, &stored_word(order, word)));
            }
            if computed.near(stored) {
                candidates.extend(difference(header, 24, &computed.0.to_be_bytes()));
                candidates.extend(difference(header, 28, &computed.1.to_be_bytes()));
            }
            let mut fitting = candidates.into_iter().filter(|(offset, byte)| {
                let mut tried = header.to_vec();
                if let Some(place) = tried.get_mut(*offset) {
                    *place = *byte;
                }
                // The first frame repeats the salts: it tells a changed salt from a changed sum.
                Self::read(&tried).is_some_and(|head| bytes.get(40..48) == Some(head.salts.as_slice()))
            });
            if let (Some(only), None) = (fitting.next(), fitting.next()) {
                return Some(only);
            }
        }
        None
    }
}

fn stored_word(order: Order, word: u32) -> [u8; 4] {
    match order {
        Order::Little => word.to_le_bytes(),
        Order::Big => word.to_be_bytes(),
    }
}

/// The first byte of `wanted` that differs from what is stored at `at`.
fn difference(bytes: &[u8], at: usize, wanted: &[u8]) -> Option<(usize, u8)> {
    let stored = bytes.get(at..at + wanted.len())?;
    stored.iter().zip(wanted).position(|(one, other)| one != other).and_then(|index| {
        let byte = wanted.get(index)?;
        Some((at + index, *byte))
    })
}

/// Reads a log; puts back in `bytes` what can be put back.
pub(super) fn examine(bytes: &mut [u8]) -> Report {
    let mut report = Report::default();
    if bytes.len() < HEADER + FRAME_HEADER {
        report.readable = bytes.len() as u64;
        return report;
    }
    let head = Head::read(bytes).or_else(|| {
        put_back(bytes, &mut report, Head::mended(bytes)?);
        Head::read(bytes)
    });
    let Some(head) = head else {
        // The header is on the disk before any frame counts.
        report.certain = true;
        let page = usize::try_from(big(bytes, 8)).ok().filter(|page| page.is_power_of_two());
        let page = page.filter(|page| (512..=1 << 16).contains(page)).unwrap_or(4096);
        let salts = bytes.get(HEADER + 8..).and_then(<[u8]>::first_chunk).copied().unwrap_or_default();
        report.lost = commits(bytes.get(HEADER..).unwrap_or_default(), FRAME_HEADER + page, salts);
        return report;
    };
    let (mut at, mut sum) = (HEADER, head.sum);
    report.readable = HEADER as u64;
    while let Some(frame) = bytes.get(at..at + head.frame) {
        if whole(&head, frame, sum) {
            sum = Sum(big(frame, 16), big(frame, 20));
            at += head.frame;
            if big(frame, 4) != 0 {
                report.readable = at as u64;
            }
            continue;
        }
        let next = bytes.get(at + head.frame..at + 2 * head.frame);
        match mended(&head, frame, next, sum) {
            Mended::Byte(offset, byte) => put_back(bytes, &mut report, (at + offset, byte)),
            Mended::Undecided => {
                report.certain = true;
                break;
            }
            Mended::No => break,
        }
    }
    report.lost = commits(bytes.get(at..).unwrap_or_default(), head.frame, head.salts);
    report
}

fn put_back(bytes: &mut [u8], report: &mut Report, (offset, byte): (usize, u8)) {
    if let Some(place) = bytes.get_mut(offset) {
        *place = byte;
        report.repairs.push((offset as u64, byte));
    }
}

/// What the checksum of a frame covers.
fn covered(head: &Head, frame: &[u8]) -> Vec<u32> {
    let parts = [frame.get(..8).unwrap_or_default(), frame.get(FRAME_HEADER..).unwrap_or_default()];
    words(head.order, &parts)
}

/// Whether SQLite would take the frame.
fn whole(head: &Head, frame: &[u8], sum: Sum) -> bool {
    frame.get(8..16) == Some(head.salts.as_slice())
        && big(frame, 0) != 0
        && sum.over(covered(head, frame)) == Sum(big(frame, 16), big(frame, 20))
}

enum Mended {
    Byte(usize, u8),
    /// One byte of several, and nothing to tell which.
    Undecided,
    No,
}

fn mended(head: &Head, frame: &[u8], next: Option<&[u8]>, sum: Sum) -> Mended {
    let words = covered(head, frame);
    let stored = Sum(big(frame, 16), big(frame, 20));
    let computed = sum.over(words.iter().copied());
    let salts = frame.get(8..16).unwrap_or_default();
    let off = salts.iter().zip(head.salts).filter(|(one, other)| *one != other).count();
    if off > 0 {
        // Frames of earlier uses of the file have other salts altogether.
        return match difference(frame, 8, &head.salts).filter(|_| off == 1 && computed == stored) {
            Some((offset, byte)) => Mended::Byte(offset, byte),
            None => Mended::No,
        };
    }
    let contents: Vec<(usize, u8)> = changed_words(&words, sum, stored)
        .into_iter()
        .filter_map(|(index, word)| {
            let offset = if index < 2 { 4 * index } else { FRAME_HEADER + 4 * (index - 2) };
            difference(frame, offset, &stored_word(head.order, word))
        })
        .collect();
    let checksum = computed.near(stored).then(|| {
        difference(frame, 16, &computed.0.to_be_bytes())
            .or_else(|| difference(frame, 20, &computed.1.to_be_bytes()))
    });
    let checksum = checksum.flatten();
    match (contents.as_slice(), checksum) {
        ([], None) => Mended::No,
        ([], Some((offset, byte))) => Mended::Byte(offset, byte),
        (contents, checksum) => {
            // The next frame goes on from the sum that was meant: it tells a change in the page from one in
            // the sum itself.
            let goes_on = |from| next.is_some_and(|next| whole(head, next, from));
            match (contents, checksum) {
                (_, Some((offset, byte))) if goes_on(computed) => Mended::Byte(offset, byte),
                ([(offset, byte)], None) => Mended::Byte(*offset, *byte),
                ([(offset, byte)], Some(_)) if goes_on(stored) => Mended::Byte(*offset, *byte),
                _ => Mended::Undecided,
            }
        }
    }
}

/// Commits among frames of these salts.
fn commits(frames: &[u8], frame: usize, salts: [u8; 8]) -> u64 {
    let same = frames.chunks_exact(frame).filter(|frame| frame.get(8..16) == Some(salts.as_slice()));
    same.filter(|frame| big(frame, 0) != 0 && big(frame, 4) != 0).count() as u64
}

#[cfg(test)]
#[path = "frames_tests.rs"]
mod tests;
