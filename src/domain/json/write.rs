//! Writing: compact text, escaped as little as JSON allows.

/// A JSON object, written field by field.
pub struct Writer(String);

impl Default for Writer {
    fn default() -> Self {
        Self(String::with_capacity(256)) // Nearly all are shorter: none of them has to move as it grows.
    }
}

impl Writer {
    pub fn text(self, name: &'static str, value: &str) -> Self {
        let mut written = self.name(name);
        push_quoted(&mut written.0, value);
        written
    }

    /// `null`, if there is none.
    pub fn optional(self, name: &'static str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.text(name, value),
            None => self.raw(name, "null"),
        }
    }

    /// Left out, if there is none.
    pub fn given(self, name: &'static str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.text(name, value),
            None => self,
        }
    }

    /// As [`given`](Self::given), of a value that is JSON already.
    pub fn given_raw(self, name: &'static str, json: Option<String>) -> Self {
        match json {
            Some(json) => self.raw(name, &json),
            None => self,
        }
    }

    pub fn flag(self, name: &'static str, value: bool) -> Self {
        self.raw(name, if value { "true" } else { "false" })
    }

    pub fn optional_number(self, name: &'static str, value: Option<u64>) -> Self {
        match value {
            Some(value) => self.number(name, value),
            None => self.raw(name, "null"),
        }
    }

    pub fn number(self, name: &'static str, value: u64) -> Self {
        self.raw(name, &value.to_string())
    }

    /// A value that is JSON already.
    pub fn raw(self, name: &'static str, json: &str) -> Self {
        let mut written = self.name(name);
        written.0.push_str(json);
        written
    }

    pub fn end(mut self) -> String {
        self.0.push_str(if self.0.is_empty() { "{}" } else { "}" });
        self.0
    }

    /// Names are constants that have nothing to escape.
    fn name(mut self, name: &'static str) -> Self {
        self.0
            .push_str(if self.0.is_empty() { "{\"" } else { ",\"" });
        self.0.push_str(name);
        self.0.push_str("\":");
        self
    }
}

/// An array of values that are JSON already.
pub fn array(elements: impl IntoIterator<Item = String>) -> String {
    let mut elements = elements.into_iter();
    joined(&mut || elements.next())
}

/// An array of strings.
pub fn texts<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    array(texts.into_iter().map(quoted))
}

/// Compiled once, not for each kind of list.
#[inline(never)]
fn joined(next: &mut dyn FnMut() -> Option<String>) -> String {
    let mut json = String::from("[");
    while let Some(element) = next() {
        if json.len() > 1 {
            json.push_str(",");
        }
        json.push_str(&element);
    }
    json.push_str("]");
    json
}

/// A string as JSON.
pub fn quoted(text: &str) -> String {
    let mut json = String::with_capacity(text.len() + 2);
    push_quoted(&mut json, text);
    json
}

/// Writes a string as JSON. Most have nothing to escape, and a request writes some fifty of them.
pub fn push_quoted(json: &mut String, text: &str) {
    if text
        .bytes()
        .any(|byte| byte < b' ' || byte == b'"' || byte == b'\\')
    {
        json.push_str(&serde_json::to_string(text).unwrap_or_default()); // Only maps and a failing writer can fail.
    } else {
        json.push_str("\"");
        json.push_str(text);
        json.push_str("\"");
    }
}
