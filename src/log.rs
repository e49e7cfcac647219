//! The log: JSON lines on the console, where Workers Logs reads them. The only module that writes there.
//!
//! Never in a log: shares, secrets, keys, bodies, query strings, tokens.

use serde::Serialize;
use serde_json::{Map, Value};

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

/// The one line that every request leaves.
#[derive(Serialize)]
pub struct RequestLine<'a> {
    pub message: &'static str,
    pub method: &'a str,
    /// The route's pattern, never the path: paths hold ids.
    pub route: &'a str,
    pub status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<&'a str>,
    pub ms: u64,
    pub ray: &'a str,
}

pub fn request(line: &RequestLine) {
    let level = match line.status {
        500.. => Level::Error,
        _ => Level::Info,
    };
    #[derive(Serialize)]
    struct Leveled<'a> {
        level: &'static str,
        #[serde(flatten)]
        line: &'a RequestLine<'a>,
    }
    write(
        level,
        &Leveled {
            level: level.as_str(),
            line,
        },
    );
}

/// Anything else worth a line. `fields` is an object.
pub fn event(level: Level, message: &str, fields: Value) {
    let mut line = Map::new();
    line.insert("level".into(), level.as_str().into());
    line.insert("message".into(), message.into());
    if let Value::Object(fields) = fields {
        line.extend(fields);
    }
    write(level, &line);
}

fn write(level: Level, line: &impl Serialize) {
    console_line(
        level.console(),
        &serde_json::to_string(line).unwrap_or_default(),
    );
}
