//! Reading, on hifijson's lexer: values stay in their source text until somebody asks what they stand for.

use std::borrow::Cow;

use hifijson::escape::{Lex as _, Lit};
use hifijson::num::Lex as _;
use hifijson::token::Lex;
use hifijson::{Error, Expect, Read as _, SliceLexer};

/// How deep a value may nest, as deep as serde_json allows. Whoever wants more is after the stack.
pub const MAX_DEPTH: usize = 128;

/// The fields of a JSON object, each value still in its source text.
pub struct Object<'a>(Vec<(Cow<'a, str>, &'a str)>);

impl<'a> Object<'a> {
    /// None: not JSON, not an object, a name stands twice (which of two would count is anybody's guess, so neither
    /// does), or there are more than `max_fields`.
    pub fn parse(text: &'a str, max_fields: usize) -> Option<Self> {
        let mut fields: Vec<(Cow<str>, &str)> = Vec::new();
        sequence(text, b'{', b'}', |next, lexer| {
            lexer.expect(|_| Some(next), b'"').ok_or(Expect::String)?;
            let name = string(text, lexer, 0).ok_or(Expect::String)?;
            if fields.len() == max_fields || fields.iter().any(|(known, _)| *known == name) {
                return Err(Expect::Eof.into());
            }
            lexer
                .expect(SliceLexer::ws_peek, b':')
                .ok_or(Expect::Colon)?;
            fields.push((name, source(text, lexer)?));
            Ok(())
        })?;
        Some(Self(fields))
    }

    /// The names of the fields, as they came.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_ref())
    }

    /// The source text of a value that is not null.
    pub fn given(&self, name: &str) -> Option<&'a str> {
        self.get(name).filter(|value| *value != "null")
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
    // Never longer than its source, so it does not grow, which would leave copies of a secret behind.
    let text = string(value, &mut lexer, value.len())?;
    lexer.as_slice().is_empty().then(|| text.into_owned())
}

/// What the rest of a string, behind its first quote, stands for. One with escapes in it becomes a text with room for so
/// many bytes.
fn string<'a>(text: &'a str, lexer: &mut SliceLexer<'a>, room: usize) -> Option<Cow<'a, str>> {
    let run = plain_run(text, lexer)?;
    if lexer.expect(SliceLexer::peek_next, b'"').is_some() {
        return Some(Cow::Borrowed(run));
    }
    let mut string = String::with_capacity(room);
    string.push_str(run);
    loop {
        match lexer.take_next()? {
            b'"' => return Some(Cow::Owned(string)),
            b'\\' => {
                let escape = lexer.take_next()?;
                string.push(lexer.escape(escape).ok()?);
            }
            _ => return None,
        }
        string.push_str(plain_run(text, lexer)?);
    }
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
    skip(text, next, lexer, MAX_DEPTH)?;
    let end = text.len() - lexer.as_slice().len();
    text.get(start..end).ok_or(Expect::Value.into())
}

/// As `hifijson::ignore::parse`, which goes to any depth.
fn skip<'a>(
    text: &'a str,
    next: u8,
    lexer: &mut SliceLexer<'a>,
    depth: usize,
) -> Result<(), Error> {
    let deeper = depth.checked_sub(1).ok_or(Error::Depth)?;
    match next {
        b'a'..=b'z' => lexer.null_or_bool().map(drop).ok_or(Expect::Value)?,
        b'0'..=b'9' | b'-' => lexer.num_ignore().validate().map(drop)?,
        b'"' => skip_string(text, lexer.discarded())?,
        b'[' => lexer
            .discarded()
            .seq(b']', SliceLexer::ws_peek, |next, lexer| {
                skip(text, next, lexer, deeper)
            })?,
        b'{' => lexer
            .discarded()
            .seq(b'}', SliceLexer::ws_peek, |next, lexer| {
                lexer.expect(|_| Some(next), b'"').ok_or(Expect::String)?;
                skip_string(text, lexer)?;
                lexer
                    .expect(SliceLexer::ws_peek, b':')
                    .ok_or(Expect::Colon)?;
                let next = lexer.ws_peek().ok_or(Expect::Value)?;
                skip(text, next, lexer, deeper)
            })?,
        _ => return Err(Expect::Value.into()),
    }
    Ok(())
}

/// The rest of a string, behind its first quote.
fn skip_string<'a>(text: &'a str, lexer: &mut SliceLexer<'a>) -> Result<(), Error> {
    loop {
        plain_run(text, lexer);
        match lexer.take_next().ok_or(Expect::String)? {
            b'"' => return Ok(()),
            b'\\' => {
                let escape = lexer.take_next().ok_or(Expect::String)?;
                let holds = match escape {
                    b'u' => lexer.hex::<u16>().is_ok(),
                    other => Lit::try_from(other).is_some(),
                };
                if !holds {
                    return Err(Expect::String.into());
                }
            }
            _ => return Err(Expect::String.into()),
        }
    }
}

/// What means itself in a string: everything up to a quote, a backslash or a control character. hifijson looks at one
/// byte after another; shares are long, so here it is eight at a time.
fn plain_run<'a>(text: &'a str, lexer: &mut SliceLexer<'a>) -> Option<&'a str> {
    const EACH: u64 = 0x0101_0101_0101_0101;
    const TOP: u64 = 0x8080_8080_8080_8080;
    // A byte below `limit` borrows, and so sets its top bit.
    let any_below = |word: u64, limit: u64| word.wrapping_sub(EACH * limit) & !word & TOP != 0;
    let special = |chunk: &[u8; 8]| {
        let word = u64::from_ne_bytes(*chunk);
        any_below(word, 0x20)
            || any_below(word ^ (EACH * u64::from(b'"')), 1)
            || any_below(word ^ (EACH * u64::from(b'\\')), 1)
    };
    let bytes = lexer.as_slice();
    let (chunks, _) = bytes.as_chunks();
    let plain = 8 * chunks.iter().take_while(|chunk| !special(chunk)).count();
    let rest = bytes.get(plain..)?;
    let end = rest
        .iter()
        .position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20));
    let rest = rest.get(end.unwrap_or(rest.len())..)?;
    *lexer = SliceLexer::new(rest);
    text.get(text.len() - bytes.len()..text.len() - rest.len())
}
