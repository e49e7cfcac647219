//! Reading, on hifijson's lexer: values stay in their source text until somebody asks what they stand for.

use hifijson::num::Lex as _;
use hifijson::str::{Lex as _, LexAlloc as _};
use hifijson::token::Lex;
use hifijson::{Error, Expect, Read as _, SliceLexer};

/// How deep a value may nest, as deep as serde_json allows. Whoever wants more is after the stack.
pub const MAX_DEPTH: usize = 128;

/// The fields of a JSON object, each value still in its source text.
pub struct Object<'a>(Vec<(String, &'a str)>);

impl<'a> Object<'a> {
    /// None: not JSON, not an object, a name stands twice (which of two would count is anybody's guess, so neither
    /// does), or there are more than `max_fields`.
    pub fn parse(text: &'a str, max_fields: usize) -> Option<Self> {
        let mut fields: Vec<(String, &str)> = Vec::new();
        sequence(text, b'{', b'}', |next, lexer| {
            lexer.expect(|_| Some(next), b'"').ok_or(Expect::String)?;
            let name = lexer.str_string()?;
            if fields.len() == max_fields || fields.iter().any(|(known, _)| *known == name) {
                return Err(Expect::Eof.into());
            }
            lexer
                .expect(SliceLexer::ws_peek, b':')
                .ok_or(Expect::Colon)?;
            fields.push((name.into_owned(), source(text, lexer)?));
            Ok(())
        })?;
        Some(Self(fields))
    }

    /// The source text of a value.
    pub fn get(&self, name: &str) -> Option<&'a str> {
        let (_, value) = self.0.iter().find(|(known, _)| known == name)?;
        Some(value)
    }
}

/// A value that is a string. None too for one that is not valid Unicode: a half of a surrogate pair.
pub fn text(value: &str) -> Option<String> {
    let mut lexer = SliceLexer::new(value.as_bytes());
    lexer.expect(SliceLexer::peek_next, b'"')?;
    let text = lexer.str_string().ok()?;
    lexer.as_slice().is_empty().then(|| text.into_owned())
}

/// The source texts of an array's elements.
pub fn elements(value: &str) -> Option<Vec<&str>> {
    let mut elements = Vec::new();
    sequence(value, b'[', b']', |_, lexer| {
        elements.push(source(value, lexer)?);
        Ok(())
    })?;
    Some(elements)
}

/// What stands between two brackets, which are all that the text holds.
fn sequence<'a>(
    text: &'a str,
    open: u8,
    close: u8,
    element: impl FnMut(u8, &mut SliceLexer<'a>) -> Result<(), Error>,
) -> Option<()> {
    let mut lexer = SliceLexer::new(text.as_bytes());
    lexer.expect(SliceLexer::ws_peek, open)?;
    lexer.seq(close, SliceLexer::ws_peek, element).ok()?;
    lexer.ws_peek().is_none().then_some(())
}

/// The source text of the value that comes next.
fn source<'a>(text: &'a str, lexer: &mut SliceLexer<'a>) -> Result<&'a str, Error> {
    let next = lexer.ws_peek().ok_or(Expect::Value)?;
    let start = text.len() - lexer.as_slice().len();
    skip(next, lexer, MAX_DEPTH)?;
    let end = text.len() - lexer.as_slice().len();
    text.get(start..end).ok_or(Expect::Value.into())
}

/// As `hifijson::ignore::parse`, which goes to any depth.
fn skip(next: u8, lexer: &mut SliceLexer, depth: usize) -> Result<(), Error> {
    let deeper = depth.checked_sub(1).ok_or(Error::Depth)?;
    match next {
        b'a'..=b'z' => lexer.null_or_bool().map(drop).ok_or(Expect::Value)?,
        b'0'..=b'9' | b'-' => lexer.num_ignore().validate().map(drop)?,
        b'"' => lexer.discarded().str_ignore()?,
        b'[' => lexer
            .discarded()
            .seq(b']', SliceLexer::ws_peek, |next, lexer| {
                skip(next, lexer, deeper)
            })?,
        b'{' => lexer
            .discarded()
            .seq(b'}', SliceLexer::ws_peek, |next, lexer| {
                lexer.expect(|_| Some(next), b'"').ok_or(Expect::String)?;
                lexer.str_ignore()?;
                lexer
                    .expect(SliceLexer::ws_peek, b':')
                    .ok_or(Expect::Colon)?;
                skip(lexer.ws_peek().ok_or(Expect::Value)?, lexer, deeper)
            })?,
        _ => return Err(Expect::Value.into()),
    }
    Ok(())
}
