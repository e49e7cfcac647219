//! JSON, as far as the Worker needs it: reading the fields of an object, writing one.
//!
//! Why not serde: its error messages alone bring the formatting of floating point numbers, and derived code for every
//! body and answer came to a fifth of the Worker. The tests hold this reader and writer against `serde_json`.

mod read;
mod write;

pub use read::{Object, elements, text};
pub use write::{Writer, array, quoted};

/// How many bytes mean themselves in a string: up to a quote, a backslash, or a control character.
fn plain_length(bytes: &[u8]) -> usize {
    const EACH: u64 = 0x0101_0101_0101_0101;
    const TOP: u64 = 0x8080_8080_8080_8080;
    // Eight at a time, for shares are long. A byte below `limit` borrows, and so sets its top bit.
    let any_below = |word: u64, limit: u64| word.wrapping_sub(EACH * limit) & !word & TOP != 0;
    let special = |chunk: &[u8; 8]| {
        let word = u64::from_ne_bytes(*chunk);
        any_below(word, 0x20)
            || any_below(word ^ (EACH * u64::from(b'"')), 1)
            || any_below(word ^ (EACH * u64::from(b'\\')), 1)
    };
    let (chunks, _) = bytes.as_chunks();
    let plain = 8 * chunks.iter().take_while(|chunk| !special(chunk)).count();
    let rest = bytes.get(plain..).unwrap_or_default();
    let end = rest
        .iter()
        .position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20));
    plain + end.unwrap_or(rest.len())
}

#[cfg(test)]
mod tests;
