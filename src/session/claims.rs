//! A JSON object, read only where every JSON parser reads the same.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// The host's claims contain no objects or arrays at all. This bounds the recursion.
const MAX_DEPTH: usize = 8;

/// The host writes ten claims at most. This bounds the search for duplicate members.
const MAX_MEMBERS: usize = 64;

/// The initial capacity, so that the vector need not grow in steps.
const USUAL_MEMBERS: usize = 10;

/// The claims of a token, in their order. They may contain secrets, so they are never printed.
#[derive(Clone, PartialEq)]
pub struct Claims<'a>(Members<'a>);

/// The members of an object, each once, in their order.
pub type Members<'a> = Vec<(Cow<'a, str>, Value<'a>)>;

/// A value of JSON. Fractions are left out, because parsers round them differently, and so are
/// integers beyond 64 bits.
#[derive(Clone, PartialEq)]
pub enum Value<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number without a fraction or an exponent.
    Integer(i64),
    /// A string.
    Text(Cow<'a, str>),
    /// An array.
    Array(Vec<Value<'a>>),
    /// An object.
    Object(Members<'a>),
}

impl fmt::Debug for Claims<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Claims([redacted])")
    }
}

impl<'a> Claims<'a> {
    /// Reads UTF-8 text. Returns `None` if the text is not an object, has a duplicate member, or
    /// has a value that is not a [`Value`].
    #[must_use]
    pub fn parse(json: &'a [u8]) -> Option<Self> {
        let mut deserializer = serde_json::Deserializer::from_str(std::str::from_utf8(json).ok()?);
        let value = Reader { depth: MAX_DEPTH }
            .deserialize(&mut deserializer)
            .ok()?;
        deserializer.end().ok()?;
        match value {
            Value::Object(members) => Some(Self(members)),
            _ => None,
        }
    }

    /// The claims, in their order.
    #[must_use]
    pub fn members(&self) -> &[(Cow<'a, str>, Value<'a>)] {
        &self.0
    }
}

/// Serde borrows a `Cow` only in a field that asks for it.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

/// Reads one value whose arrays and objects are nested at most `depth` deep.
#[derive(Clone, Copy)]
struct Reader {
    depth: usize,
}

impl Reader {
    fn inner<E: Error>(self) -> Result<Self, E> {
        let depth = self.depth.checked_sub(1);
        depth
            .map(|depth| Self { depth })
            .ok_or_else(|| E::custom("nested too deep"))
    }
}

impl<'de> DeserializeSeed<'de> for Reader {
    type Value = Value<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader {
    type Value = Value<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value without fractions")
    }

    fn visit_unit<E>(self) -> Result<Value<'de>, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value<'de>, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value<'de>, E> {
        Ok(Value::Integer(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value<'de>, E> {
        value.try_into().map(Value::Integer).map_err(E::custom)
    }

    fn visit_str<E>(self, value: &str) -> Result<Value<'de>, E> {
        Ok(Value::Text(Cow::Owned(value.to_owned())))
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Value<'de>, E> {
        Ok(Value::Text(Cow::Borrowed(value)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value<'de>, A::Error> {
        let inner = self.inner()?;
        let mut found = Vec::new();
        while let Some(value) = items.next_element_seed(inner)? {
            found.push(value);
        }
        Ok(Value::Array(found))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value<'de>, A::Error> {
        let inner = self.inner()?;
        let mut found = Members::with_capacity(USUAL_MEMBERS);
        while let Some(Name(name)) = members.next_key()? {
            if found.len() == MAX_MEMBERS || found.iter().any(|(known, _)| *known == name) {
                return Err(A::Error::custom("too many members, or one twice"));
            }
            found.push((name, members.next_value_seed(inner)?));
        }
        Ok(Value::Object(found))
    }
}
