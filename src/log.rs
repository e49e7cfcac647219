//! The log: JSON lines on the console, where Workers Logs reads them. The only module that writes there.
//!
//! Never in a log: shares, secrets, keys, bodies, query strings, tokens.

use std::cell::RefCell;

use crate::alerts;
use crate::domain::json::{self, Writer};
use crate::error::Result;
use crate::platform::console;
use crate::release::VERSION;

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
    /// The operator's name, where it is an operator's request.
    pub operator: Option<&'a str>,
}

/// The alert of requests that the database did not answer.
pub const UNAVAILABLE: &str = "requests are answered unavailable";

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
    fields.extend(line.operator.map(|name| ("operator", Field::Text(name))));
    fields.extend(line.code.map(|code| ("code", Field::Text(code))));
    fields.extend(line.cause.map(|cause| ("cause", Field::Text(cause))));
    write(level, "request", &fields);
    alerts::raise(
        level,
        match line.code {
            Some("unavailable") => UNAVAILABLE,
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

/// A step of the work in the background that failed is told here, and keeps no other from being done.
pub fn step(step: &str, done: Result<()>) {
    if let Err(error) = done {
        let fields = [
            ("step", Field::Text(step)),
            ("cause", Field::Text(error.why())),
        ];
        event(Level::Error, "maintenance step failed", &fields);
    }
}

fn write(level: Level, message: &str, fields: &[(&'static str, Field)]) {
    let mut line = Writer::default()
        .text("level", level.as_str())
        .text("release", VERSION)
        .text("message", message);
    for (name, value) in fields {
        line = match value {
            Field::Text(text) => line.text(name, text),
            Field::Number(number) => line.number(name, *number),
            Field::Texts(texts) => line.raw(name, &json::texts(texts.iter().map(String::as_str))),
        };
    }
    if level == Level::Error {
        remember_alarm(message, fields);
    }
    let line = line.end();
    match level {
        Level::Info => console::log(&line),
        Level::Warn => console::warn(&line),
        Level::Error => console::error(&line),
    }
}

/// Alarms that an isolate remembers at most; of a further one only the log tells.
const ALARMS_REMEMBERED: usize = 32;

thread_local! {
    static ALARMS: RefCell<Vec<(String, u64)>> = const { RefCell::new(Vec::new()) };
}

/// An alarm is the message, with the step, or the code of the answer, that it is about: never a part that holds an id.
fn remember_alarm(message: &str, fields: &[(&'static str, Field)]) {
    let about = fields.iter().find_map(|(name, value)| match value {
        Field::Text(text) if matches!(*name, "step" | "code") => Some(*text),
        _ => None,
    });
    let alarm = match about {
        Some(about) => format!("{message}: {about}"),
        None => message.to_owned(),
    };
    add_alarms(vec![(alarm, 1)]);
}

/// What this isolate has logged as an error since it was asked last, and how often: for who keeps it.
pub fn take_alarms() -> Vec<(String, u64)> {
    ALARMS.take()
}

/// Remembers alarms, and how often each was raised: also those that could not be kept, and those of an instance that is gone.
pub fn add_alarms(added: Vec<(String, u64)>) {
    ALARMS.with_borrow_mut(|alarms| {
        for (alarm, times) in added {
            let is_room = alarms.len() < ALARMS_REMEMBERED;
            match alarms.iter_mut().find(|(known, _)| *known == alarm) {
                Some((_, count)) => *count += times,
                None if is_room => alarms.push((alarm, times)),
                None => {}
            }
        }
    });
}
