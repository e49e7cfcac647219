//! Reading with serde: a derived type gets its fields from an [`Object`], and an error names its field.
//!
//! Why not serde_json's reader: it is 31 KiB of the Worker, for its messages format floating point numbers. This one is 3.

use std::borrow::Cow;
use std::fmt::{self, Display};

use serde::de::value::StrDeserializer;
use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, Expected, MapAccess};
use serde::de::{Unexpected, Visitor};
use serde::forward_to_deserialize_any;

use super::{Object, text};

/// More than any body has; bounds the search for duplicates.
const MAX_FIELDS: usize = 64;

/// What is wrong with a body.
#[derive(Debug, PartialEq, Eq)]
pub enum Invalid {
    /// Not JSON, or not a JSON object.
    NotAnObject,
    /// The words fit behind "must".
    Field {
        field: &'static str,
        must: Cow<'static, str>,
    },
}

impl Invalid {
    pub fn field(field: &'static str, must: impl Into<Cow<'static, str>>) -> Self {
        let must = must.into();
        Self::Field { field, must }
    }

    /// Of a value, whose field whoever holds it names.
    fn value(must: impl Into<Cow<'static, str>>) -> Self {
        Self::field("", must)
    }
}

impl Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAnObject => f.write_str("not one JSON object with each field at most once"),
            Self::Field { field, must } => write!(f, "{field} must {must}"),
        }
    }
}

impl std::error::Error for Invalid {}

impl de::Error for Invalid {
    fn custom<T: Display>(must: T) -> Self {
        Self::value(must.to_string())
    }

    fn invalid_type(_: Unexpected, expected: &dyn Expected) -> Self {
        Self::value(format!("be {expected}"))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::field(field, "be given")
    }
}

/// The fields of a JSON object in UTF-8.
pub fn object(body: &[u8]) -> Result<Object<'_>, Invalid> {
    let text = std::str::from_utf8(body).map_err(|_| Invalid::NotAnObject)?;
    Object::parse(text, MAX_FIELDS).ok_or(Invalid::NotAnObject)
}

/// Reads a type whose fields are those of a JSON object. Other fields are ignored; `null` counts as missing.
pub fn from_slice<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Invalid> {
    from_object(&object(body)?)
}

pub fn from_object<'a, T: Deserialize<'a>>(object: &Object<'a>) -> Result<T, Invalid> {
    T::deserialize(Body(object))
}

/// The name of a newtype that is handed its value's source text.
const SOURCE: &str = "source text";

/// A value's source text, for a type that reads it by itself: what `read` takes to be wrong fits behind "must".
pub fn from_source<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    read: impl FnOnce(&'de str) -> Result<T, &'static str>,
) -> Result<T, D::Error> {
    struct Source;
    impl<'de> Visitor<'de> for Source {
        type Value = &'de str;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a value")
        }

        fn visit_borrowed_str<E>(self, source: &'de str) -> Result<&'de str, E> {
            Ok(source)
        }
    }
    let source = deserializer.deserialize_newtype_struct(SOURCE, Source)?;
    read(source).map_err(de::Error::custom)
}

/// An optional field of a body that is never refused for it: an empty text counts as missing, and what is unusable is left
/// out.
#[derive(Debug, Default, PartialEq, Eq)]
pub enum Lenient<T> {
    #[default]
    Missing,
    Given(T),
    Unusable,
}

impl<T> Lenient<T> {
    pub fn is_unusable(&self) -> bool {
        matches!(self, Self::Unusable)
    }

    pub fn given(self) -> Option<T> {
        match self {
            Self::Given(value) => Some(value),
            Self::Missing | Self::Unusable => None,
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Lenient<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_source(deserializer, |source| {
            Ok(match T::deserialize(Value(source)) {
                _ if source == "\"\"" => Self::Missing,
                Ok(value) => Self::Given(value),
                Err(_) => Self::Unusable,
            })
        })
    }
}

struct Body<'a, 'b>(&'b Object<'a>);

impl<'de> Deserializer<'de> for Body<'de, '_> {
    type Error = Invalid;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Invalid> {
        Err(Invalid::NotAnObject)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Invalid> {
        visitor.visit_map(Fields {
            object: self.0,
            fields,
            value: None,
        })
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

/// The fields that a type has and the object, too.
struct Fields<'a, 'b> {
    object: &'b Object<'a>,
    /// Those that are still to be read.
    fields: &'static [&'static str],
    value: Option<(&'static str, &'a str)>,
}

impl<'de> MapAccess<'de> for Fields<'de, '_> {
    type Error = Invalid;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Invalid> {
        while let Some((field, rest)) = self.fields.split_first() {
            self.fields = rest;
            if let Some(value) = self.object.given(field) {
                self.value = Some((field, value));
                return seed.deserialize(StrDeserializer::new(field)).map(Some);
            }
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Invalid> {
        let (field, value) = self.value.take().unwrap_or_default();
        seed.deserialize(Value(value)).map_err(|wrong| match wrong {
            Invalid::Field { field: "", must } => Invalid::Field { field, must },
            other => other,
        })
    }
}

/// A value, by its source text.
struct Value<'a>(&'a str);

impl<'de> Deserializer<'de> for Value<'de> {
    type Error = Invalid;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Invalid> {
        if self.0.starts_with('"') {
            let text = text(self.0).ok_or_else(|| Invalid::value("be valid Unicode"))?;
            return visitor.visit_string(text);
        }
        Err(de::Error::invalid_type(Unexpected::Unit, &visitor))
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Invalid> {
        match self.0 {
            "true" => visitor.visit_bool(true),
            "false" => visitor.visit_bool(false),
            _ => Err(Invalid::value("be true or false")),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Invalid> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Invalid> {
        if name == SOURCE {
            visitor.visit_borrowed_str(self.0)
        } else {
            visitor.visit_newtype_struct(self)
        }
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct
        map struct enum identifier ignored_any
    }
}
