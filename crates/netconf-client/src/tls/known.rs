//! Which device a certificate belongs to, for connections whose other end has no name yet.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, OtherError, RootCertStore, SignatureScheme};
use sha2::{Digest as _, Sha256};
use tokio_rustls::rustls;

use crate::error::Error;

/// How a device's certificate is known (RFC 8071, section 3.1, C6 and C7).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServerIdentity {
    /// An authority that is trusted signed it, it is valid now, and it is for this DNS name or IP address.
    Name(String),
    /// It is this very certificate: the SHA-256 of its DER form, 64 hexadecimal digits with or without colons, as
    /// `openssl x509 -noout -fingerprint -sha256` prints it. Who signed it and its dates are not looked at.
    Fingerprint(String),
}

#[derive(Debug)]
pub(super) enum Known {
    Name(ServerName<'static>),
    Fingerprint([u8; 32]),
}

impl Known {
    pub(super) fn read(identity: &ServerIdentity) -> Result<Self, Error> {
        let bad = |text: &str, what: &str| Error::BadCredentials(format!("{text:?} is no {what}"));
        match identity {
            ServerIdentity::Name(name) => ServerName::try_from(name.clone())
                .map(Known::Name)
                .map_err(|_| bad(name, "DNS name or IP address")),
            ServerIdentity::Fingerprint(text) => read_fingerprint(text)
                .map(Known::Fingerprint)
                .ok_or_else(|| bad(text, "SHA-256 fingerprint of a certificate")),
        }
    }
}

fn read_fingerprint(text: &str) -> Option<[u8; 32]> {
    let mut digits = text.chars().filter(|c| *c != ':').map(|c| c.to_digit(16));
    let mut bytes = [0u8; 32];
    for byte in &mut bytes {
        let (high, low) = (digits.next()??, digits.next()??);
        *byte = u8::try_from(high * 16 + low).ok()?;
    }
    digits.next().is_none().then_some(bytes)
}

/// Checks certificates against all devices at once: on a connection that somebody else made, no name is expected.
#[derive(Debug)]
pub(super) struct Devices {
    pub(super) known: Vec<Known>,
    pub(super) roots: RootCertStore,
    pub(super) provider: Arc<CryptoProvider>,
}

/// Nobody's certificate.
#[derive(Debug, thiserror::Error)]
#[error("no device has this certificate (SHA-256 {0})")]
struct Stranger(String);

impl Devices {
    /// The first device that has this certificate. Those known by fingerprint come before those known by name, whose
    /// certificate must also have been signed by an authority: that is checked in the handshake.
    pub(super) fn find(&self, certificate: &CertificateDer<'_>) -> Option<usize> {
        let print: [u8; 32] = Sha256::digest(certificate.as_ref()).into();
        let pinned =
            self.known.iter().position(|known| matches!(known, Known::Fingerprint(one) if *one == print));
        pinned.or_else(|| {
            let parsed = ParsedCertificate::try_from(certificate).ok()?;
            self.known.iter().position(
                |known| matches!(known, Known::Name(name) if verify_server_name(&parsed, name).is_ok()),
            )
        })
    }
}

impl ServerCertVerifier for Devices {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let found = self.find(end_entity).ok_or_else(|| {
            let print = Sha256::digest(end_entity.as_ref());
            let print = print.iter().map(|byte| format!("{byte:02x}")).collect();
            CertificateError::Other(OtherError(Arc::new(Stranger(print))))
        })?;
        if let Known::Name(_) = self.known[found] {
            let algorithms = self.provider.signature_verification_algorithms.all;
            let parsed = ParsedCertificate::try_from(end_entity)?;
            verify_server_cert_signed_by_trust_anchor(&parsed, &self.roots, intermediates, now, algorithms)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_are_read_with_and_without_colons() {
        let plain = "0aFF".repeat(16);
        let pairs = ["0A", "ff"].repeat(16).join(":");
        assert_eq!(read_fingerprint(&plain).unwrap()[..2], [0x0a, 0xff]);
        assert_eq!(read_fingerprint(&plain), read_fingerprint(&pairs));
        for text in ["", "0a", &plain[1..], &format!("{plain}0"), &plain.replace('F', "g")] {
            assert_eq!(read_fingerprint(text), None, "{text}");
        }
    }
}
