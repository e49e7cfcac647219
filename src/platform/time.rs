//! The clock, and times as text.

use wasm_bindgen::JsValue;

/// Milliseconds since 1970. In a deployed Worker the clock moves only with I/O.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a time after 1970 in whole milliseconds"
)]
pub fn now_ms() -> u64 {
    js_sys::Date::now() as u64
}

/// Milliseconds since 1970 of an ISO 8601 date or time in UTC; 0 for an earlier one.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked: a time after 1970"
)]
pub fn parse_date(text: &str) -> Option<u64> {
    // `Date.parse` alone takes much more: "1", "May", "0.5".
    let shape: String = text
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    let shapes = [
        "0000-00-00",
        "0000-00-00T00:00:00Z",
        "0000-00-00T00:00:00.000Z",
    ];
    let ms = js_sys::Date::parse(text);
    (shapes.contains(&shape.as_str()) && ms.is_finite()).then_some(ms.max(0.0) as u64)
}

/// ISO 8601 of milliseconds since 1970.
#[expect(
    clippy::cast_precision_loss,
    reason = "a time in milliseconds is far below 2^53"
)]
pub fn format_date(unix_ms: u64) -> String {
    js_sys::Date::new(&JsValue::from_f64(unix_ms as f64))
        .to_iso_string()
        .into()
}
