//! Limits of what is read here. `seal::profile` has all the others, and gives these out with them.

/// Largest octet of a chunk size that is opened: chunks of 4 MiB (RFC 9580 section 5.13.2).
pub const MAX_CHUNK_OCTET: u8 = 16;
/// Longest line of armor outside its base64 that is read, in bytes.
pub const MAX_ARMOR_LINE_BYTES: usize = 16 * 1024;
/// Longest line of base64 in armor, in bytes.
pub const MAX_ARMOR_BODY_LINE_BYTES: usize = 16 * 1024 * 1024;
/// Most bytes of header lines of armor.
pub const MAX_ARMOR_HEADER_BYTES: usize = 64 * 1024;
/// Most bytes of text before armor.
pub const MAX_ARMOR_PREAMBLE_BYTES: usize = 1024 * 1024;
