//! JSON, as far as the Worker needs it: reading the fields of an object, writing one.
//!
//! Why not serde's derives: code for every body and answer came to a fifth of the Worker, and serde_json's reader
//! alone, whose error messages bring the formatting of floating point numbers, to a tenth. So it is read with hifijson's
//! lexer, whose every verdict the tests hold against serde_json's, and written field by field.

mod read;
mod write;

pub use read::{Object, elements, text};
pub use write::{Writer, array, push_quoted, quoted};

#[cfg(test)]
mod tests;
