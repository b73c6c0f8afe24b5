//! Which algorithms are offered, and in which order.

use russh::Preferred;
use russh::keys::{Algorithm, EcdsaCurve, HashAlg};

/// What is offered: the SSH library's own list without SHA-1, and only if asked for also what old devices need. Host keys
/// of the kinds that are `known` come first, as ssh(1) does it.
pub(super) fn offered(legacy: bool, known: &[Algorithm]) -> Preferred {
    let mut offered = Preferred::default();
    let is_known = |key: &Algorithm| known.iter().any(|one| same_kind(one, key));
    let keys = offered.key.iter().filter(|key| legacy || **key != SHA_1_SIGNED).cloned();
    let (mut first, rest): (Vec<_>, Vec<_>) = keys.partition(is_known);
    first.extend(rest);
    offered.key = first.into();
    if legacy {
        offered.kex.to_mut().extend([russh::kex::DH_G14_SHA1, russh::kex::DH_GEX_SHA1]);
        let old = [russh::cipher::AES_128_CBC, russh::cipher::AES_192_CBC, russh::cipher::AES_256_CBC];
        offered.cipher.to_mut().extend(old);
        offered.mac.to_mut().push(russh::mac::HMAC_SHA1);
    }
    offered
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
