//! Session tokens, without Python. What PyJWT says of them is compared in `tests/differential`.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use owui_keygate::session::{Claims, SessionKey, Value, Verdict};
use proptest::prelude::*;
use sha2::Sha256;

const SECRET: &[u8] = b"a secret of more than thirty-two bytes";
const HEADER: &str = r#"{"alg":"HS256","typ":"JWT"}"#;
const NOW: i64 = 1_800_000_000;

fn sign(text: &str, secret: &[u8]) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(secret).expect("a key of any length");
    let signature = mac.chain_update(text).finalize().into_bytes();
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn token(claims: &str) -> String {
    sign(
        &[HEADER, claims]
            .map(|part| URL_SAFE_NO_PAD.encode(part))
            .join("."),
        SECRET,
    )
}

fn key() -> SessionKey {
    SessionKey::new(SECRET).expect("a usable secret")
}

#[derive(Debug, PartialEq)]
enum Said {
    Accept(usize),
    Reject,
    HandOver,
}

fn said(token: &str, now: f64) -> Said {
    let mut buffer = b"what was there before".to_vec();
    match key().verify(token, now, &mut buffer) {
        Verdict::Accept(claims) => Said::Accept(claims.members().len()),
        Verdict::Reject => Said::Reject,
        Verdict::HandOver => Said::HandOver,
    }
}

#[expect(clippy::cast_precision_loss, reason = "it is small")]
fn at(now: i64) -> f64 {
    now as f64
}

#[test]
fn the_claims_come_in_their_order_with_their_types() {
    let text = r#"{"b":null,"a":[true,-1,"\u00fc",{}],"id":"x"}"#;
    let mut buffer = Vec::new();
    let key = key();
    let Verdict::Accept(claims) = key.verify(&token(text), at(NOW), &mut buffer) else {
        panic!("not accepted");
    };
    let names: Vec<_> = claims.members().iter().map(|(name, _)| &**name).collect();
    assert_eq!(names, ["b", "a", "id"]);
    let values: Vec<_> = claims.members().iter().map(|(_, value)| value).collect();
    assert!(*values[0] == Value::Null);
    assert!(
        *values[1]
            == Value::Array(vec![
                Value::Bool(true),
                Value::Integer(-1),
                Value::Text("ü".into()),
                Value::Object(vec![]),
            ])
    );
    assert!(*values[2] == Value::Text("x".into()));
}

#[test]
fn times_are_compared_as_pyjwt_compares_them() {
    for (name, difference, expected) in [
        ("exp", -1, Said::Reject),
        ("exp", 0, Said::Reject),
        ("exp", 1, Said::Accept(1)),
        ("iat", 0, Said::Accept(1)),
        ("iat", 1, Said::Reject),
        ("nbf", 0, Said::Accept(1)),
        ("nbf", 1, Said::Reject),
    ] {
        let token = token(&format!(r#"{{"{name}":{}}}"#, NOW + difference));
        for fraction in [0.0, 0.001, 0.5, 0.999_999] {
            let now = at(NOW) + fraction;
            assert_eq!(
                said(&token, now),
                expected,
                "{name} {difference} {fraction}"
            );
        }
    }
}

#[test]
fn a_time_that_floats_cannot_tell_from_the_next_is_no_time() {
    let token = token("{}");
    let limit = 9_007_199_254_740_992.0;
    for now in [f64::NAN, f64::INFINITY, -f64::INFINITY, limit, -limit] {
        assert_eq!(said(&token, now), Said::HandOver, "{now}");
    }
    for now in [0.0, -0.5, limit - 1.0, 1.0 - limit] {
        assert_eq!(said(&token, now), Said::Accept(0), "{now}");
    }
}

#[test]
fn registered_claims_of_other_types_are_handed_over() {
    for name in ["aud", "exp", "iat", "iss", "jti", "nbf", "sub"] {
        for value in ["null", "true", "[]", "{}"] {
            let token = token(&format!(r#"{{"{name}":{value}}}"#));
            assert_eq!(said(&token, at(NOW)), Said::HandOver, "{name} {value}");
        }
    }
    for name in ["iss", "jti", "sub"] {
        let text = token(&format!(r#"{{"{name}":"x"}}"#));
        assert_eq!(said(&text, at(NOW)), Said::Accept(1), "{name}");
        let number = token(&format!(r#"{{"{name}":1}}"#));
        assert_eq!(said(&number, at(NOW)), Said::HandOver, "{name}");
    }
    assert_eq!(said(&token(r#"{"aud":"x"}"#), at(NOW)), Said::HandOver);
    // Whichever comes first, the claim that is not understood decides.
    for text in [r#"{"exp":0,"sub":1}"#, r#"{"sub":1,"exp":0}"#] {
        assert_eq!(said(&token(text), at(NOW)), Said::HandOver, "{text}");
    }
}

#[test]
fn claims_are_bounded() {
    let nested = |depth| format!(r#"{{"a":{}{}}}"#, "[".repeat(depth), "]".repeat(depth));
    assert!(Claims::parse(nested(7).as_bytes()).is_some());
    assert!(Claims::parse(nested(8).as_bytes()).is_none());
    assert!(Claims::parse(nested(100_000).as_bytes()).is_none());
    let objects = |depth| r#"{"a":"#.repeat(depth) + "0" + &"}".repeat(depth);
    assert!(Claims::parse(objects(8).as_bytes()).is_some());
    assert!(Claims::parse(objects(9).as_bytes()).is_none());
    let members = |count: usize| {
        let all: Vec<String> = (0..count).map(|n| format!(r#""{n}":0"#)).collect();
        format!("{{{}}}", all.join(","))
    };
    assert!(Claims::parse(members(64).as_bytes()).is_some());
    assert!(Claims::parse(members(65).as_bytes()).is_none());
}

#[test]
fn a_part_of_a_signature_is_none() {
    let good = token("{}");
    let (signed, signature) = good.rsplit_once('.').expect("a signature");
    let signature = URL_SAFE_NO_PAD.decode(signature).expect("base64url");
    for length in 0..=signature.len() {
        let whole = length == signature.len();
        let expected = if whole { Said::Accept(0) } else { Said::Reject };
        let cut = URL_SAFE_NO_PAD.encode(&signature[..length]);
        assert_eq!(
            said(&format!("{signed}.{cut}"), at(NOW)),
            expected,
            "{length}"
        );
    }
    let longer = URL_SAFE_NO_PAD.encode([&signature[..], b"x"].concat());
    assert_eq!(said(&format!("{signed}.{longer}"), at(NOW)), Said::Reject);
}

#[test]
fn a_token_is_bounded() {
    let begin = URL_SAFE_NO_PAD.encode(HEADER) + ".";
    for (length, expected) in [(4096, Said::Reject), (4097, Said::HandOver)] {
        // A payload of four characters more or less, and a signature to fill up, all canonical.
        let payload = "A".repeat(4000);
        let signature = "A".repeat(length - begin.len() - payload.len() - 1);
        let token = format!("{begin}{payload}.{signature}");
        assert_eq!(token.len(), length);
        assert_eq!(said(&token, at(NOW)), expected);
    }
}

#[test]
fn integers_have_64_bits() {
    for (number, fits) in [
        ("9223372036854775807", true),
        ("9223372036854775808", false),
        ("-9223372036854775808", true),
        ("-9223372036854775809", false),
        ("18446744073709551616", false),
        ("-0", false),
        ("0.0", false),
        ("1e2", false),
    ] {
        let text = format!(r#"{{"x":{number}}}"#);
        assert_eq!(Claims::parse(text.as_bytes()).is_some(), fits, "{number}");
    }
}

#[test]
fn secrets_that_pyjwt_might_refuse_make_no_key() {
    for secret in [
        &b""[..],
        b"-----BEGIN PUBLIC KEY-----",
        b"x\n---- BEGIN SSH2 PUBLIC KEY ----",
        b"ssh-ed25519 AAAA",
        b"ecdsa-sha2-nistp256 AAAA",
        b" \n{\"kty\":\"oct\"}",
    ] {
        assert!(SessionKey::new(secret).is_none(), "{secret:?}");
    }
    for secret in [&b"k"[..], b"---", b"ssh", &[0; 64], &[0xff; 65]] {
        assert!(SessionKey::new(secret).is_some(), "{secret:?}");
    }
}

#[test]
fn nothing_secret_is_printed() {
    let mut buffer = Vec::new();
    let key = key();
    let verdict = key.verify(&token(r#"{"id":"9d2f6c1e"}"#), at(NOW), &mut buffer);
    assert_eq!(format!("{key:?}"), "SessionKey([redacted])");
    assert_eq!(format!("{verdict:?}"), "Accept(Claims([redacted]))");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn any_text_is_handed_over(text in any::<String>(), now in any::<f64>()) {
        prop_assert_eq!(said(&text, now), Said::HandOver);
    }

    #[test]
    fn any_claims_get_a_verdict(text in r#"[\[\]{}":,\\0-9a-e. \u{e9}]{0,40}"#, now in any::<f64>()) {
        let accepted = matches!(said(&token(&text), now), Said::Accept(_));
        prop_assert!(!accepted || serde_json::from_str::<serde_json::Value>(&text).is_ok());
    }

    #[test]
    fn any_secret_makes_a_key_or_none(secret in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Some(key) = SessionKey::new(&secret) {
            let text = format!("{}.e30", URL_SAFE_NO_PAD.encode(HEADER));
            let signed = sign(&text, &secret);
            let mut buffer = Vec::new();
            prop_assert!(matches!(key.verify(&signed, 0.0, &mut buffer), Verdict::Accept(_)));
        }
    }

    #[test]
    fn a_token_with_any_one_bit_flipped_is_not_accepted(at_byte in any::<prop::sample::Index>(), bit in 0..7_u32) {
        let mut bytes = token(r#"{"id":"9d2f6c1e"}"#).into_bytes();
        let place = at_byte.index(bytes.len());
        bytes[place] ^= 1 << bit;
        let text = String::from_utf8(bytes).expect("ASCII");
        prop_assert!(!matches!(said(&text, at(NOW)), Said::Accept(_)), "{}", text);
    }
}
