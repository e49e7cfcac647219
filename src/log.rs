//! The log: JSON lines on the console, where Workers Logs reads them. The only module that writes there.
//!
//! Never in a log: shares, secrets, keys, bodies, query strings, tokens.

use crate::alerts;
use crate::domain::json::{self, Writer, quoted};
use crate::platform::console;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Level {
    Info,
    Warn,
    Error,
}

impl Level {
    pub const fn as_str(self) -> &'static str {
        match self {
            Level::Info => "info",
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

/// The one line that every request leaves.
pub struct RequestLine<'a> {
    pub method: &'a str,
    /// The route's pattern, never the path: paths hold ids.
    pub route: &'a str,
    /// Of a path that has no route, the words that are no ids.
    pub shape: Option<&'a str>,
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
    fields.extend(line.shape.map(|shape| ("shape", Field::Text(shape))));
    fields.extend(line.code.map(|code| ("code", Field::Text(code))));
    fields.extend(line.cause.map(|cause| ("cause", Field::Text(cause))));
    write(level, "request", &fields);
    alerts::raise(
        level,
        match line.code {
            Some("unavailable") => "requests are answered unavailable",
            Some("misconfigured") => "requests are answered misconfigured",
            _ => "requests are answered internal",
        },
    );
}

/// A line of the log; above `info` also an alert. The message is a constant: what the event is about is in the fields.
pub fn event(level: Level, message: &'static str, fields: &[(&'static str, Field)]) {
    write(level, message, fields);
    alerts::raise(level, message);
}

fn write(level: Level, message: &str, fields: &[(&'static str, Field)]) {
    let mut line = Writer::default()
        .text("level", level.as_str())
        .text("message", message);
    for (name, value) in fields {
        line = match value {
            Field::Text(text) => line.text(name, text),
            Field::Number(number) => line.number(name, *number),
            Field::Texts(texts) => {
                line.raw(name, &json::array(texts.iter().map(|text| quoted(text))))
            }
        };
    }
    let line = line.end();
    match level {
        Level::Info => console::log(&line),
        Level::Warn => console::warn(&line),
        Level::Error => console::error(&line),
    }
}
