//! Reading: values stay in their source text until somebody asks what they stand for.

use super::plain_length;

/// The fields of a JSON object, each value still in its source text.
pub struct Object<'a>(Vec<(String, &'a str)>);

impl<'a> Object<'a> {
    /// None: not JSON, not an object, a name stands twice (which of two would count is anybody's guess, so neither
    /// does), or there are more than `max_fields`.
    pub fn parse(text: &'a str, max_fields: usize) -> Option<Self> {
        let mut reader = Reader { text, at: 0 };
        reader.skip_space();
        let fields = reader.object(max_fields)?;
        reader.skip_space();
        (reader.at == text.len()).then_some(Self(fields))
    }

    /// The source text of a value.
    pub fn get(&self, name: &str) -> Option<&'a str> {
        let (_, value) = self.0.iter().find(|(known, _)| known == name)?;
        Some(value)
    }
}

/// A value that is a string. None too for one that is not valid Unicode: a half of a surrogate pair.
pub fn text(value: &str) -> Option<String> {
    unescape(value.strip_prefix('"')?.strip_suffix('"')?)
}

/// The source texts of an array's elements.
pub fn elements(value: &str) -> Option<Vec<&str>> {
    let mut reader = Reader { text: value, at: 0 };
    let mut elements = Vec::new();
    reader.sequence(b'[', b']', |reader| {
        elements.push(reader.value()?);
        Some(())
    })?;
    (reader.at == value.len()).then_some(elements)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.rest().first().copied()
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    /// Passes the bytes for which it holds; how many they are.
    fn skip_while(&mut self, holds: fn(u8) -> bool) -> usize {
        let rest = self.rest();
        let count = rest.iter().position(|byte| !holds(*byte));
        let count = count.unwrap_or(rest.len());
        self.at += count;
        count
    }

    fn skip_space(&mut self) {
        self.skip_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
    }

    fn object(&mut self, max_fields: usize) -> Option<Vec<(String, &'a str)>> {
        let mut fields: Vec<(String, &str)> = Vec::new();
        self.sequence(b'{', b'}', |reader| {
            let name = text(reader.string()?)?;
            if fields.len() == max_fields || fields.iter().any(|(known, _)| *known == name) {
                return None;
            }
            reader.colon()?;
            fields.push((name, reader.value()?));
            Some(())
        })?;
        Some(fields)
    }

    /// What stands between two brackets, separated by commas.
    fn sequence(
        &mut self,
        open: u8,
        close: u8,
        mut element: impl FnMut(&mut Self) -> Option<()>,
    ) -> Option<()> {
        self.take(open)?;
        self.skip_space();
        if self.take(close).is_some() {
            return Some(());
        }
        loop {
            self.skip_space();
            element(self)?;
            self.skip_space();
            if self.take(close).is_some() {
                return Some(());
            }
            self.take(b',')?;
        }
    }

    fn colon(&mut self) -> Option<()> {
        self.skip_space();
        self.take(b':')?;
        self.skip_space();
        Some(())
    }

    /// Any value. Without recursion: how deep it is nested costs memory, never the stack.
    fn value(&mut self) -> Option<&'a str> {
        let start = self.at;
        let mut open: Vec<u8> = Vec::new();
        loop {
            // A value, or the beginning of one.
            match self.peek()? {
                bracket @ (b'{' | b'[') => {
                    self.at += 1;
                    self.skip_space();
                    let close = if bracket == b'{' { b'}' } else { b']' };
                    if self.take(close).is_none() {
                        open.push(close);
                        self.name_of(close)?;
                        continue;
                    }
                }
                b'"' => {
                    self.string()?;
                }
                b't' => self.word("true")?,
                b'f' => self.word("false")?,
                b'n' => self.word("null")?,
                _ => self.number()?,
            }
            // Behind a value: the ends of what it is in, or the next one.
            loop {
                let Some(&close) = open.last() else {
                    return self.text.get(start..self.at);
                };
                self.skip_space();
                if self.take(close).is_some() {
                    open.pop();
                    continue;
                }
                self.take(b',')?;
                self.skip_space();
                self.name_of(close)?;
                break;
            }
        }
    }

    /// The name before a value, if it is in an object.
    fn name_of(&mut self, close: u8) -> Option<()> {
        if close == b']' {
            return Some(());
        }
        self.string()?;
        self.colon()
    }

    fn word(&mut self, word: &str) -> Option<()> {
        self.rest()
            .starts_with(word.as_bytes())
            .then(|| self.at += word.len())
    }

    fn number(&mut self) -> Option<()> {
        let digits = |reader: &mut Self| {
            let count = reader.skip_while(|byte| byte.is_ascii_digit());
            (count > 0).then_some(())
        };
        let _ = self.take(b'-');
        if self.take(b'0').is_none() {
            digits(self)?;
        }
        if self.take(b'.').is_some() {
            digits(self)?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            digits(self)?;
        }
        Some(())
    }

    /// A string, with its quotes.
    fn string(&mut self) -> Option<&'a str> {
        let start = self.at;
        self.take(b'"')?;
        loop {
            self.at += plain_length(self.rest());
            match self.peek()? {
                b'"' => {
                    self.at += 1;
                    return self.text.get(start..self.at);
                }
                b'\\' => {
                    let length = match self.rest().get(1)? {
                        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => 2,
                        b'u' => {
                            let digits = self.rest().get(2..6)?;
                            digits.iter().all(u8::is_ascii_hexdigit).then_some(6)?
                        }
                        _ => return None,
                    };
                    self.at += length;
                }
                _ => return None, // A control character.
            }
        }
    }
}

/// The text that a string's inside stands for; its escapes are known to be well-formed.
fn unescape(inside: &str) -> Option<String> {
    let mut text = String::with_capacity(inside.len());
    let mut rest = inside;
    while let Some((plain, escape)) = rest.split_once('\\') {
        text.push_str(plain);
        let mut length = 1;
        text.push(match escape.bytes().next()? {
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                length = 5;
                let unit = code_unit(escape)?;
                match unit {
                    0xd800..0xdc00 => {
                        length = 11;
                        let low = code_unit(escape.get(5..)?.strip_prefix('\\')?)?;
                        let low = low.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
                        char::from_u32(0x1_0000 + ((unit - 0xd800) << 10 | low))?
                    }
                    _ => char::from_u32(unit)?,
                }
            }
            itself => char::from(itself),
        });
        rest = escape.get(length..)?;
    }
    text.push_str(rest);
    Some(text)
}

/// Of `uXXXX`.
fn code_unit(escape: &str) -> Option<u32> {
    u32::from_str_radix(escape.strip_prefix('u')?.get(..4)?, 16).ok()
}
