//! Which algorithms are offered, and in which order.

use russh::keys::{Algorithm, EcdsaCurve, HashAlg};
use russh::{Preferred, cipher};

/// What is offered: the SSH library's own list without SHA-1, and only if asked for also what old devices need. Host keys
/// of the kinds that are `known` come first, as ssh(1) does it; AES-GCM comes before ChaCha20 where the processor has
/// instructions for it: it costs a third, and needs no strict key exchange to be safe from CVE-2023-48795.
pub(super) fn offered(legacy: bool, known: &[Algorithm]) -> Preferred {
    let mut offered = Preferred::default();
    let is_known = |key: &Algorithm| known.iter().any(|one| same_kind(one, key));
    let keys = offered.key.iter().filter(|key| legacy || **key != SHA_1_SIGNED).cloned();
    let (mut first, rest): (Vec<_>, Vec<_>) = keys.partition(is_known);
    first.extend(rest);
    offered.key = first.into();
    if has_aes() {
        let ciphers = offered.cipher.to_mut();
        ciphers.retain(|name| *name != cipher::AES_256_GCM);
        ciphers.insert(0, cipher::AES_256_GCM);
    }
    if legacy {
        offered.kex.to_mut().extend([russh::kex::DH_G14_SHA1, russh::kex::DH_GEX_SHA1]);
        let old = [cipher::AES_128_CBC, cipher::AES_192_CBC, cipher::AES_256_CBC];
        offered.cipher.to_mut().extend(old);
        offered.mac.to_mut().push(russh::mac::HMAC_SHA1);
    }
    offered
}

/// Whether this processor has instructions for AES and for the multiplication in GCM.
fn has_aes() -> bool {
    #[cfg(target_arch = "x86_64")]
    return std::arch::is_x86_feature_detected!("aes") && std::arch::is_x86_feature_detected!("pclmulqdq");
    #[cfg(target_arch = "aarch64")]
    return std::arch::is_aarch64_feature_detected!("aes");
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    false
}

/// `ssh-rsa`, which signs with SHA-1.
const SHA_1_SIGNED: Algorithm = Algorithm::Rsa { hash: None };

/// The kinds of host key a server may have, each by the names it goes by.
pub(super) fn kinds_of_key() -> [Vec<Algorithm>; 5] {
    let ecdsa = |curve| vec![Algorithm::Ecdsa { curve }];
    let rsa = [Some(HashAlg::Sha512), Some(HashAlg::Sha256), None].map(|hash| Algorithm::Rsa { hash });
    [
        vec![Algorithm::Ed25519],
        ecdsa(EcdsaCurve::NistP256),
        ecdsa(EcdsaCurve::NistP384),
        ecdsa(EcdsaCurve::NistP521),
        rsa.to_vec(),
    ]
}

pub(super) fn same_kind(one: &Algorithm, other: &Algorithm) -> bool {
    one == other || (one.clone().is_rsa() && other.clone().is_rsa())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aes_comes_first_where_the_processor_has_it_and_everything_once() {
        for legacy in [false, true] {
            let ciphers = offered(legacy, &[]).cipher;
            let first = if has_aes() { cipher::AES_256_GCM } else { cipher::CHACHA20_POLY1305 };
            assert_eq!(ciphers[0], first);
            let default = Preferred::default().cipher;
            assert!(default.iter().all(|name| ciphers.iter().filter(|one| *one == name).count() == 1));
            assert_eq!(ciphers.len(), default.len() + if legacy { 3 } else { 0 });
        }
    }
}
