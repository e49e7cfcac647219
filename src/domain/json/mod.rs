//! JSON, as far as the Worker needs it: bodies as types with `#[derive(Deserialize)]`, answers.
//!
//! serde's derives read from hifijson's lexer (`de`), whose every verdict the tests hold against serde_json's: serde_json's own
//! reader is 31 KiB of the Worker.

pub mod de;
mod read;
mod write;

pub use read::{Object, elements, text};
pub use write::{Writer, array, push_quoted, quoted, texts};

#[cfg(test)]
mod tests;
