//! Session tokens against a plain reading of PyJWT's rules. An input is the time now and, behind
//! the first line break, a text: it is taken for a token, for what is signed in one, and for
//! claims.

#![no_main]

use std::borrow::Cow;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use libfuzzer_sys::fuzz_target;
use owui_keygate::session::{Claims, SessionKey, Value, Verdict};
use serde_json::Value as Json;
use sha2::Sha256;

const SECRET: &[u8] = b"a secret of more than thirty-two bytes";
const HEADER: &str = r#"{"alg":"HS256","typ":"JWT"}"#;
const MAX_TOKEN_BYTES: usize = 4096;
const MAX_MEMBERS: usize = 64;

/// As much as any reader of base64url takes.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

type Object = serde_json::Map<String, Json>;

#[derive(Debug, PartialEq)]
enum Said {
    Accept(Object),
    Reject,
    HandOver,
}

fn mac(text: &str) -> Vec<u8> {
    let mac = Hmac::<Sha256>::new_from_slice(SECRET).expect("a key of any length");
    mac.chain_update(text).finalize().into_bytes().to_vec()
}

fn signed(text: &str) -> String {
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(mac(text)))
}

fn with_header(payload: &str) -> String {
    format!("{}.{payload}", URL_SAFE_NO_PAD.encode(HEADER))
}

fn json(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(value) => (*value).into(),
        Value::Integer(value) => (*value).into(),
        Value::Text(value) => value.as_ref().into(),
        Value::Array(values) => values.iter().map(json).collect(),
        Value::Object(members) => object(members).into(),
    }
}

/// A member that comes twice would get lost here, and the object is not what was read any more.
fn object(members: &[(Cow<'_, str>, Value<'_>)]) -> Object {
    let found: Object = members
        .iter()
        .map(|(name, value)| (name.to_string(), json(value)))
        .collect();
    assert_eq!(found.len(), members.len(), "a member comes twice");
    found
}

fn said(key: &SessionKey, token: &str, now: f64) -> Said {
    let mut buffer = b"what was there before".to_vec();
    match key.verify(token, now, &mut buffer) {
        Verdict::Accept(claims) => Said::Accept(object(claims.members())),
        Verdict::Reject => Said::Reject,
        Verdict::HandOver => Said::HandOver,
    }
}

/// Whether a time in the claims forbids their use now.
#[expect(
    clippy::cast_precision_loss,
    reason = "`now` is below 2^53, so it changes no order"
)]
fn untimely(claims: &Object, now: f64) -> bool {
    let time = |name| {
        claims
            .get(name)
            .and_then(Json::as_i64)
            .map(|time| time as f64)
    };
    time("exp").is_some_and(|end| end <= now)
        || ["iat", "nbf"]
            .into_iter()
            .any(|name| time(name).is_some_and(|begin| begin > now))
}

/// Whether the registered claims are of the types that the host writes.
fn usual_types(claims: &Object) -> bool {
    claims.iter().all(|(name, value)| match &**name {
        "aud" => false,
        "exp" | "iat" | "nbf" => value.is_i64(),
        "iss" | "jti" | "sub" => value.is_string(),
        _ => true,
    })
}

/// What is accepted is signed by us, is meant for now and says what every reader of JSON reads in
/// it; what is refused is not, however leniently it is read.
fn check_token(key: &SessionKey, token: &str, now: f64) {
    let said = said(key, token, now);
    if said == Said::HandOver {
        return;
    }
    let [header, payload, signature] = token.split('.').collect::<Vec<_>>()[..] else {
        panic!("a token has three parts");
    };
    let header = URL_SAFE_NO_PAD
        .decode(header)
        .expect("the header is base64url");
    let header: Json = serde_json::from_slice(&header).expect("the header is JSON");
    assert_eq!(header["alg"], "HS256");
    assert!(header.as_object().is_some_and(|header| header.len() == 2));
    let signature_fits =
        LENIENT.decode(signature).expect("a signature is base64url") == mac(&with_header(payload));
    let claims = URL_SAFE_NO_PAD
        .decode(payload)
        .expect("claims are base64url");
    let claims: Option<Object> = serde_json::from_slice(&claims).ok();
    match said {
        Said::Accept(found) => {
            assert!(signature_fits);
            assert!(usual_types(&found) && !untimely(&found, now));
            assert_eq!(Some(found), claims);
        }
        Said::Reject => {
            assert!(!signature_fits || claims.is_some_and(|claims| untimely(&claims, now)));
        }
        Said::HandOver => unreachable!(),
    }
}

/// A token as the host makes it is never handed over.
fn check_usual_token(key: &SessionKey, claims: Object, now: f64) {
    let is_flat = claims.values().all(|value| {
        !(value.is_array() || value.is_object() || value.is_number() && !value.is_i64())
    });
    let token = signed(&with_header(
        &URL_SAFE_NO_PAD.encode(Json::from(claims.clone()).to_string()),
    ));
    if !is_flat
        || !usual_types(&claims)
        || claims.len() > MAX_MEMBERS
        || token.len() > MAX_TOKEN_BYTES
    {
        return;
    }
    let expected = if untimely(&claims, now) {
        Said::Reject
    } else {
        Said::Accept(claims)
    };
    assert_eq!(said(key, &token, now), expected);
}

fuzz_target!(|input: &str| {
    let (now, text) = input.split_once('\n').unwrap_or(("1800000000.5", input));
    let now: f64 = now.parse().unwrap_or(1_800_000_000.5);
    let key = SessionKey::new(SECRET).expect("a usable secret");
    let encoded = with_header(&URL_SAFE_NO_PAD.encode(text));
    for token in [
        text.to_owned(),
        signed(text),
        signed(&with_header(text)),
        signed(&encoded),
        format!("{encoded}.{}", text.trim()),
    ] {
        check_token(&key, &token, now);
    }
    if now.abs() < 9_007_199_254_740_992.0
        && let Ok(claims) = serde_json::from_str(text)
    {
        check_usual_token(&key, claims, now);
    }
    if let Some(claims) = Claims::parse(text.as_bytes()) {
        assert_eq!(
            serde_json::from_str::<Object>(text).ok(),
            Some(object(claims.members()))
        );
    }
});
