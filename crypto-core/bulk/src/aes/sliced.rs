//! AES bitsliced over eight blocks (Käsper and Schwabe, "Faster and timing-attack resistant AES-GCM", CHES 2009).
//!
//! Eight blocks become eight planes of 128 bits. Plane `p` holds bit `7 - p` of every byte; in it, byte
//! `4 * row + column` belongs to that place of the state, and its bit `b` to block `b`. So SubBytes is a circuit
//! over planes, ShiftRows turns rows of four bytes, and MixColumns needs only turns by whole rows.

use super::sbox::{Bits, substituted, unsubstituted};
use super::{Block, Unsupported};

/// 128 bits, side by side.
pub(crate) trait Wide: Bits {
    /// All zeros.
    const ZERO: Self;
    /// From bytes as they are.
    fn load(block: &Block) -> Self;
    /// To bytes as they are.
    fn store(self) -> Block;
    /// The state turned from columns, as the cipher's input has it, to rows.
    fn to_rows(self) -> Self;
    /// Exchanges the bits of `self << N` under `mask` (in every byte) with those of `other`.
    fn swapped<const N: u32>(self, other: Self, mask: u8) -> (Self, Self);
    /// ShiftRows, of all planes.
    fn shifted(planes: [Self; 8]) -> [Self; 8];
    /// ShiftRows backwards.
    fn unshifted(planes: [Self; 8]) -> [Self; 8];
    /// Each row replaced by the one below it.
    fn up1(self) -> Self;
    /// Each row replaced by the second below it.
    fn up2(self) -> Self;
}

type Planes<W> = [W; 8];

/// Rounds of AES-256, the most there are.
const MOST_ROUNDS: usize = 14;

/// A keyed AES.
pub(crate) struct Sliced<W: Wide> {
    first: Planes<W>,
    /// Keys of the rounds after the first key, with the S-box's constant mixed in.
    keys: [Planes<W>; MOST_ROUNDS],
    rounds: usize,
}

impl<W: Wide> Sliced<W> {
    pub(crate) fn new(key: &[u8]) -> Result<Sliced<W>, Unsupported> {
        let rounds = match key.len() {
            16 => 10,
            24 => 12,
            32 => 14,
            _ => return Err(Unsupported::KeyLength),
        };
        let mut words = expanded(key, rounds);
        let mut keys = [[W::ZERO; 8]; MOST_ROUNDS];
        let (round_keys, _) = words.as_chunks::<4>();
        let mut each = round_keys.iter().map(|words| words.map(u32::to_be_bytes));
        let first = spread(each.next().unwrap_or_default().as_flattened(), 0);
        for (to, from) in keys.iter_mut().take(rounds).zip(each) {
            *to = spread(from.as_flattened(), 0x63);
        }
        zeroize::Zeroize::zeroize(&mut words);
        Ok(Sliced { first, keys, rounds })
    }

    pub(crate) fn encrypt(&self, blocks: &mut [Block]) {
        by_eight(blocks, |eight| self.encrypt_eight(eight));
    }

    pub(crate) fn decrypt(&self, blocks: &mut [Block]) {
        by_eight(blocks, |eight| self.decrypt_eight(eight));
    }

    fn encrypt_eight(&self, blocks: &mut [Block; 8]) {
        let mut state = added(sliced(blocks), &self.first);
        let keys = self.keys.get(..self.rounds).unwrap_or_default();
        if let Some((last, inner)) = keys.split_last() {
            for key in inner {
                state = added(mixed(W::shifted(substituted(state))), key);
            }
            state = added(W::shifted(substituted(state)), last);
        }
        *blocks = unsliced(state);
    }

    fn decrypt_eight(&self, blocks: &mut [Block; 8]) {
        let mut state = sliced(blocks);
        let keys = self.keys.get(..self.rounds).unwrap_or_default();
        if let Some((last, inner)) = keys.split_last() {
            state = added(state, last);
            for key in inner.iter().rev() {
                state = unmixed(added(unsubstituted(W::unshifted(state)), key));
            }
            state = unsubstituted(W::unshifted(state));
        }
        *blocks = unsliced(added(state, &self.first));
    }
}

impl<W: Wide> Drop for Sliced<W> {
    fn drop(&mut self) {
        self.first = [W::ZERO; 8];
        self.keys = [[W::ZERO; 8]; MOST_ROUNDS];
        // So that the compiler takes the zeros for something that is read.
        core::hint::black_box(self);
    }
}

#[inline]
fn by_eight(blocks: &mut [Block], run: impl Fn(&mut [Block; 8])) {
    let (groups, rest) = blocks.as_chunks_mut::<8>();
    groups.iter_mut().for_each(&run);
    if !rest.is_empty() {
        let mut group = [[0; 16]; 8];
        group.iter_mut().zip(rest.iter()).for_each(|(to, from)| *to = *from);
        run(&mut group);
        rest.iter_mut().zip(&group).for_each(|(to, from)| *to = *from);
    }
}

/// Blocks to planes.
#[inline(always)]
fn sliced<W: Wide>(blocks: &[Block; 8]) -> Planes<W> {
    let [a, b, c, d, e, f, g, h] = transposed(blocks.each_ref().map(|block| W::load(block).to_rows()));
    [h, g, f, e, d, c, b, a]
}

/// Planes to blocks.
#[inline(always)]
fn unsliced<W: Wide>(planes: Planes<W>) -> [Block; 8] {
    let [h, g, f, e, d, c, b, a] = planes;
    // Turning a square of four by four twice gives what was there.
    transposed([a, b, c, d, e, f, g, h]).map(|rows| rows.to_rows().store())
}

/// Bit `i` of byte `j` of value `b` to bit `b` of byte `j` of value `i`: a square of eight by eight bits turned
/// about its diagonal, at each of 16 places.
#[inline(always)]
fn transposed<W: Wide>(values: [W; 8]) -> [W; 8] {
    let [a, b, c, d, e, f, g, h] = values;
    let (a, b) = a.swapped::<1>(b, 0x55);
    let (c, d) = c.swapped::<1>(d, 0x55);
    let (e, f) = e.swapped::<1>(f, 0x55);
    let (g, h) = g.swapped::<1>(h, 0x55);
    let (a, c) = a.swapped::<2>(c, 0x33);
    let (b, d) = b.swapped::<2>(d, 0x33);
    let (e, g) = e.swapped::<2>(g, 0x33);
    let (f, h) = f.swapped::<2>(h, 0x33);
    let (a, e) = a.swapped::<4>(e, 0x0F);
    let (b, f) = b.swapped::<4>(f, 0x0F);
    let (c, g) = c.swapped::<4>(g, 0x0F);
    let (d, h) = d.swapped::<4>(h, 0x0F);
    [a, b, c, d, e, f, g, h]
}

/// AddRoundKey.
#[inline(always)]
fn added<W: Wide>(state: Planes<W>, key: &Planes<W>) -> Planes<W> {
    let [a, b, c, d, e, f, g, h] = state;
    let [i, j, k, l, m, n, o, p] = key;
    [a.xor(*i), b.xor(*j), c.xor(*k), d.xor(*l), e.xor(*m), f.xor(*n), g.xor(*o), h.xor(*p)]
}

/// MixColumns: every byte becomes 2a + 3b + c + d of itself and the three below it in its column. With u = a + b
/// that is 2u, and b, and the u of two rows below.
#[inline(always)]
fn mixed<W: Wide>(state: Planes<W>) -> Planes<W> {
    let below = state.map(W::up1);
    let [u0, u1, u2, u3, u4, u5, u6, u7] = added(state, &below);
    let far = [u0, u1, u2, u3, u4, u5, u6, u7].map(W::up2);
    // Doubling in GF(2^8): each plane moves up, the highest returns as x^4 + x^3 + x + 1.
    let doubled = [u1, u2, u3, u4.xor(u0), u5.xor(u0), u6, u7.xor(u0), u0];
    added(added(below, &doubled), &far)
}

/// MixColumns backwards: 14a + 11b + 13c + 9d is MixColumns of a + 4(a + c).
#[inline(always)]
fn unmixed<W: Wide>(state: Planes<W>) -> Planes<W> {
    let [v7, v6, v5, v4, v3, v2, v1, v0] = added(state, &state.map(W::up2));
    let both = v7.xor(v6);
    let fourfold = [v5, v4, v3.xor(v7), v2.xor(both), v1.xor(v6), v0.xor(v7), both, v6];
    mixed(added(state, &fourfold))
}

/// A round key as planes: every byte of plane `p` is all ones where bit `7 - p` of the key is set.
fn spread<W: Wide>(key: &[u8], constant: u8) -> Planes<W> {
    core::array::from_fn(|plane| {
        let mut spread = [0; 16];
        for (to, from) in spread.iter_mut().zip(key) {
            *to = ((from ^ constant) >> (7 - plane) & 1).wrapping_neg();
        }
        W::load(&spread).to_rows()
    })
}

/// The key schedule (FIPS 197 section 5.2), with the S-box as a circuit too.
fn expanded(key: &[u8], rounds: usize) -> [u32; 4 * (MOST_ROUNDS + 1)] {
    let mut words = [0; 4 * (MOST_ROUNDS + 1)];
    let (given, _) = key.as_chunks::<4>();
    words.iter_mut().zip(given).for_each(|(to, from)| *to = u32::from_be_bytes(*from));
    let length = given.len();
    let mut constant: u8 = 1;
    for at in length..4 * (rounds + 1) {
        let mut word = words.get(at - 1).copied().unwrap_or_default();
        if at % length == 0 {
            word = substituted_word(word.rotate_left(8)) ^ (u32::from(constant) << 24);
            constant = (constant << 1) ^ ((constant >> 7) * 0x1B);
        } else if length > 6 && at % length == 4 {
            word = substituted_word(word);
        }
        word ^= words.get(at - length).copied().unwrap_or_default();
        if let Some(to) = words.get_mut(at) {
            *to = word;
        }
    }
    words
}

/// The S-box of four bytes.
fn substituted_word(word: u32) -> u32 {
    let bytes = word.to_be_bytes();
    let planes = core::array::from_fn(|plane| {
        bytes.iter().fold(0_u8, |bits, byte| bits << 1 | (byte >> (7 - plane) & 1))
    });
    let planes = substituted(planes);
    let bytes =
        [3, 2, 1, 0].map(|at| planes.iter().fold(0_u8, |byte, bits| byte << 1 | (bits >> at & 1)) ^ 0x63);
    u32::from_be_bytes(bytes)
}
