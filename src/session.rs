//! The host's session tokens: JSON Web Tokens (RFC 7519) signed with HS256 (RFC 7515).
//!
//! The host verifies them with PyJWT. This module answers in its place, but only where every PyJWT
//! of a supported host is certain to give the same answer: 2.10.1, 2.11.0 and 2.13.0. Everything
//! else is [`Verdict::HandOver`].

mod claims;
mod hs256;

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::DecodingKey;

pub use claims::{Claims, Value};

/// `{"alg":"HS256","typ":"JWT"}`, as PyJWT writes it into every token of the host. Because no other
/// text is accepted as a header, none needs interpreting: no `crit`, no `b64`, no `kid`, no other
/// algorithm, no duplicate member.
const HEADER: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9";

/// A browser may drop a longer cookie (RFC 6265, section 6.1), and the host sends its tokens as
/// cookies; they have fewer than 600 bytes.
const MAX_TOKEN_BYTES: usize = 4096;

/// Beyond 2^53 a float no longer distinguishes one second from the next.
const MAX_SECONDS: f64 = 9_007_199_254_740_992.0;

/// What is known about a token.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict<'a> {
    /// PyJWT accepts it, with these claims.
    Accept(Claims<'a>),
    /// PyJWT refuses it.
    Reject,
    /// Only PyJWT itself can tell.
    HandOver,
}

/// The secret that the host signs its tokens with.
pub struct SessionKey(DecodingKey);

impl fmt::Debug for SessionKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SessionKey([redacted])")
    }
}

impl SessionKey {
    /// Takes a secret of any length. Returns `None` where PyJWT might refuse the secret, so that
    /// every token must be handed over: an empty secret, and one that looks like a key of another
    /// kind (`HMACAlgorithm.prepare_key`).
    #[must_use]
    pub fn new(secret: &[u8]) -> Option<Self> {
        let usable = !secret.is_empty() && !may_look_asymmetric(secret) && hs256::install();
        usable.then(|| Self(DecodingKey::from_secret(secret)))
    }

    /// Verifies a token at the time `now`, in seconds since the epoch. The claims of an accepted
    /// token borrow from `buffer`, whose earlier content is dropped.
    #[must_use]
    pub fn verify<'a>(&self, token: &str, now: f64, buffer: &'a mut Vec<u8>) -> Verdict<'a> {
        let (Some(now), Some(parts)) = (whole_seconds(now), Parts::of(token, buffer)) else {
            return Verdict::HandOver;
        };
        match hs256::verify(parts.signature, parts.signed, &self.0) {
            // PyJWT reads the claims only after it has verified the signature.
            Ok(false) => Verdict::Reject,
            Ok(true) => Claims::parse(buffer).map_or(Verdict::HandOver, |found| judge(found, now)),
            Err(_) => Verdict::HandOver,
        }
    }
}

/// A token with the expected header and a payload in canonical base64url.
struct Parts<'a> {
    signed: &'a str,
    signature: &'a str,
}

impl<'a> Parts<'a> {
    fn of(token: &'a str, buffer: &mut Vec<u8>) -> Option<Self> {
        if token.len() > MAX_TOKEN_BYTES {
            return None;
        }
        let (signed, signature) = token.rsplit_once('.')?;
        let payload = signed.strip_prefix(HEADER)?.strip_prefix('.')?;
        buffer.clear();
        // It refuses padding, all other characters (another dot is one of them) and trailing bits
        // that are not zero. PyJWT's decoder accepts all of these.
        URL_SAFE_NO_PAD.decode_vec(payload, buffer).ok()?;
        Some(Self { signed, signature })
    }
}

/// Rounds a time down. PyJWT compares the claims, which are integers here, with fractions of a
/// second. Rounding makes no difference, because no integer lies between a time and the same time
/// rounded down.
fn whole_seconds(time: f64) -> Option<i64> {
    let floor = time.floor();
    #[expect(
        clippy::cast_possible_truncation,
        reason = "it is small and has no fraction"
    )]
    (floor.abs() < MAX_SECONDS).then_some(floor as i64)
}

/// The rules of PyJWT about registered claims (RFC 7519, section 4.1), for claims of the types
/// that the host writes. PyJWT converts other types in its own ways, and judges `aud` by Python's
/// truth value.
fn judge(claims: Claims<'_>, now: i64) -> Verdict<'_> {
    let mut refused = false;
    for (name, value) in claims.members() {
        match (&**name, value) {
            ("exp", Value::Integer(end)) => refused |= *end <= now,
            ("iat" | "nbf", Value::Integer(begin)) => refused |= *begin > now,
            ("iss" | "jti" | "sub", Value::Text(_)) => {}
            ("aud" | "exp" | "iat" | "iss" | "jti" | "nbf" | "sub", _) => {
                return Verdict::HandOver;
            }
            _ => {}
        }
    }
    if refused {
        Verdict::Reject
    } else {
        Verdict::Accept(claims)
    }
}

/// Wider than PyJWT's rules on purpose: PEM, SSH and, from 2.13.0 on, JSON Web Keys.
fn may_look_asymmetric(secret: &[u8]) -> bool {
    let contains = |text: &[u8]| secret.windows(text.len()).any(|part| part == text);
    contains(b"----") || contains(b"{") || contains(b"ssh-") || contains(b"ecdsa-")
}
