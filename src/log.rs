//! The log: JSON lines on the console, where Workers Logs reads them. The only module that writes there.
//!
//! Never in a log: shares, secrets, keys, bodies, query strings, tokens.

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::platform::console_line;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Level {
    Info,
    Warn,
    Error,
}

impl Level {
    const fn as_str(self) -> &'static str {
        match self {
            Level::Info => "info",
            Level::Warn => "warn",
            Level::Error => "error",
        }
    }

    /// The console's method of the same meaning.
    const fn console(self) -> &'static str {
        match self {
            Level::Info => "log",
            Level::Warn => "warn",
            Level::Error => "error",
        }
    }
}

/// A value in a line of the log.
pub enum Field<'a> {
    Text(&'a str),
    Number(u64),
    Texts(&'a [String]),
}

impl Serialize for Field<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Field::Text(text) => serializer.serialize_str(text),
            Field::Number(number) => serializer.serialize_u64(*number),
            Field::Texts(texts) => texts.serialize(serializer),
        }
    }
}

/// The one line that every request leaves.
pub struct RequestLine<'a> {
    pub method: &'a str,
    /// The route's pattern, never the path: paths hold ids.
    pub route: &'a str,
    pub status: u16,
    pub code: Option<&'static str>,
    pub cause: Option<&'a str>,
    pub ms: u64,
    pub ray: &'a str,
}

pub fn request(line: &RequestLine) {
    let level = if line.status >= 500 {
        Level::Error
    } else {
        Level::Info
    };
    let mut fields = vec![
        ("method", Field::Text(line.method)),
        ("route", Field::Text(line.route)),
        ("status", Field::Number(line.status.into())),
        ("ms", Field::Number(line.ms)),
        ("ray", Field::Text(line.ray)),
    ];
    fields.extend(line.code.map(|code| ("code", Field::Text(code))));
    fields.extend(line.cause.map(|cause| ("cause", Field::Text(cause))));
    event(level, "request", &fields);
}

/// A line of the log.
pub fn event(level: Level, message: &str, fields: &[(&str, Field)]) {
    struct Line<'a>(Level, &'a str, &'a [(&'a str, Field<'a>)]);
    impl Serialize for Line<'_> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let mut line = serializer.serialize_map(None)?;
            line.serialize_entry("level", self.0.as_str())?;
            line.serialize_entry("message", self.1)?;
            for (name, value) in self.2 {
                line.serialize_entry(name, value)?;
            }
            line.end()
        }
    }
    let line = serde_json::to_string(&Line(level, message, fields)).unwrap_or_default();
    console_line(level.console(), &line);
}
