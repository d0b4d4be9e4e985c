//! CRC-24 (RFC 9580 section 6.1.1), eight bytes at a time.
//!
//! Only for readers that want it: a checksum that anyone can compute protects nothing, and RFC 9580 forbids to
//! reject anything for it, so it is never checked here.

/// x^24 + x^23 + x^18 + x^17 + x^14 + x^11 + x^10 + x^7 + x^6 + x^5 + x^4 + x^3 + x + 1, moved to the top of a word.
const GENERATOR: u32 = 0x864C_FB00;
const START: u32 = 0xB704_CE00;

/// A running CRC-24.
pub(super) struct Crc24 {
    /// The checksum in the upper 24 bits, so that bytes come in at the top.
    state: u32,
    /// Table `n` has what a byte becomes when `n` more bytes follow it. Made when needed: 8 KiB that do not
    /// compress would weigh more in the module than the microseconds in time.
    tables: Box<[[u32; 256]; 8]>,
}

impl Crc24 {
    pub(super) fn new() -> Crc24 {
        let mut tables = Box::new([[0; 256]; 8]);
        let single: [u32; 256] = core::array::from_fn(|byte| {
            (0..8).fold((byte as u32) << 24, |crc, _| (crc << 1) ^ ((crc >> 31) * GENERATOR))
        });
        let mut last = single;
        for table in tables.iter_mut() {
            *table = last;
            last = last.map(|crc| (crc << 8) ^ looked_up(&single, crc >> 24));
        }
        Crc24 { state: START, tables }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        let [t0, t1, t2, t3, t4, t5, t6, t7] = &*self.tables;
        let (groups, rest) = bytes.as_chunks::<8>();
        let mut state = self.state;
        for group in groups {
            let word = u64::from_be_bytes(*group) ^ (u64::from(state) << 32);
            let (high, low) = ((word >> 32) as u32, word as u32);
            state = looked_up(t7, high >> 24)
                ^ looked_up(t6, high >> 16)
                ^ looked_up(t5, high >> 8)
                ^ looked_up(t4, high)
                ^ looked_up(t3, low >> 24)
                ^ looked_up(t2, low >> 16)
                ^ looked_up(t1, low >> 8)
                ^ looked_up(t0, low);
        }
        for byte in rest {
            state = (state << 8) ^ looked_up(t0, (state >> 24) ^ u32::from(*byte));
        }
        self.state = state;
    }

    pub(super) fn value(&self) -> [u8; 3] {
        let [a, b, c, _] = self.state.to_be_bytes();
        [a, b, c]
    }
}

#[inline(always)]
fn looked_up(table: &[u32; 256], at: u32) -> u32 {
    // A byte is always inside; the compiler sees that and drops the check.
    table.get(usize::from(at as u8)).copied().unwrap_or_default()
}

impl core::fmt::Debug for Crc24 {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Crc24")
    }
}
