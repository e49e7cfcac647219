//! A statement on its way to D1.

use wasm_bindgen::JsValue;

use crate::domain::json::push_quoted;
use crate::platform;
use crate::vault::Sealed;

/// A statement, as `d1Batch` in `platform/glue.js` takes it. One pointer, for it is handed from call to call.
#[derive(Clone)]
pub struct Statement(Box<Parts>);

#[derive(Clone)]
pub(super) struct Parts {
    /// JSON: the place of its SQL and its parameters, between commas.
    pub json: String,
    /// The parameters that are in JavaScript, in whose place `{}` stands.
    pub values: Vec<JsValue>,
}

impl Statement {
    pub fn new(sql: &'static str) -> Self {
        let mut json = String::with_capacity(256); // more than most have
        json.push_str(&platform::sql(sql).to_string());
        Self(Box::new(Parts {
            json,
            values: Vec::new(),
        }))
    }

    pub(super) fn parts(&self) -> &Parts {
        &self.0
    }

    /// A parameter that is JSON already.
    pub(super) fn raw(mut self, json: &str) -> Self {
        self.0.json.push_str(",");
        self.0.json.push_str(json);
        self
    }

    pub fn text(mut self, value: &str) -> Self {
        self.0.json.push_str(",");
        push_quoted(&mut self.0.json, value);
        self
    }

    pub fn optional(self, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.text(value),
            None => self.raw("null"),
        }
    }

    /// Integers up to 2^53 arrive exactly.
    pub fn number(self, value: u64) -> Self {
        self.raw(&value.to_string())
    }

    pub fn js(mut self, value: &JsValue) -> Self {
        self.0.values.push(value.clone());
        self.raw("{}")
    }

    /// Key id, digest and envelope: in this order in every statement.
    pub fn sealed(self, sealed: &Sealed) -> Self {
        self.text(&sealed.key_id)
            .text(sealed.digest())
            .js(&sealed.envelope)
    }
}
