//! HS256 for jsonwebtoken, and nothing else: HMAC with SHA-256 (RFC 7518, section 3.2).

use std::sync::LazyLock;

use hmac::{Hmac, KeyInit, Mac};
use jsonwebtoken::crypto::{self, CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{ErrorKind, Result};
use jsonwebtoken::signature::{Error, Verifier};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use sha2::Sha256;

static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: signer,
    verifier_factory: verifier,
    // This panics when it is called, but only JSON Web Keys call it.
    key_utils: KeyUtils::new_unimplemented(),
};

/// Makes this jsonwebtoken's provider, and returns whether it is. jsonwebtoken accepts one provider
/// per process; without one it installs a provider that panics, so this one must come first.
pub fn install() -> bool {
    static INSTALLED: LazyLock<bool> = LazyLock::new(|| PROVIDER.install_default().is_ok());
    *INSTALLED
}

/// Whether the signature, in base64url, is that of the text. Base64url that is not canonical is an
/// error.
///
/// jsonwebtoken's `decode` would do more, but not what PyJWT does: it has a default leeway of 60
/// seconds and a clock of its own, and it accepts duplicate members.
pub fn verify(signature: &str, text: &str, key: &DecodingKey) -> Result<bool> {
    crypto::verify(signature, text.as_bytes(), key, Algorithm::HS256)
}

struct Hs256(Hmac<Sha256>);

impl Verifier<Vec<u8>> for Hs256 {
    /// In constant time, whatever the signature is.
    fn verify(&self, text: &[u8], signature: &Vec<u8>) -> std::result::Result<(), Error> {
        let mac = self.0.clone().chain_update(text);
        mac.verify_slice(signature).map_err(|_| Error::new())
    }
}

impl JwtVerifier for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "jsonwebtoken's signature"
)]
fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>> {
    if *algorithm != Algorithm::HS256 {
        return Err(ErrorKind::UnsupportedAlgorithm.into());
    }
    let mac = Hmac::new_from_slice(key.try_get_as_bytes()?);
    Ok(Box::new(Hs256(
        mac.map_err(|_| ErrorKind::InvalidKeyFormat)?,
    )))
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "jsonwebtoken's signature"
)]
fn signer(_: &Algorithm, _: &EncodingKey) -> Result<Box<dyn JwtSigner>> {
    Err(ErrorKind::UnsupportedAlgorithm.into())
}
