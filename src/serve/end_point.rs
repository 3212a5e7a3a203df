//! `tls-server-end-point` (RFC 5929): the mark of a certificate that a login can have in its proof, so that nobody between the
//! two can pass it on. It is the hash of the certificate, by the hash that its signature was made with.

use ring::digest::{Algorithm, SHA256, SHA384, SHA512, digest};

/// Signatures by their names, without the head, and what they hash with. What is weaker than SHA-256 is replaced by it.
const SIGNATURES: [(&[u8], &Algorithm); 9] = [
    // RSA: MD5, SHA-1, SHA-256, SHA-384, SHA-512.
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 4], &SHA256),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 5], &SHA256),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11], &SHA256),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 12], &SHA384),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 13], &SHA512),
    // ECDSA: SHA-1, SHA-256, SHA-384, SHA-512.
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1], &SHA256),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2], &SHA256),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3], &SHA384),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 4], &SHA512),
];

/// Parts of DER.
const SEQUENCE: u8 = 0x30;
const NAME: u8 = 6;

/// The mark of a certificate in DER. There is none of those whose signature has no hash of its own (Ed25519).
pub(super) fn end_point(certificate: &[u8]) -> Option<Vec<u8>> {
    let (body, _) = part(certificate, SEQUENCE)?;
    // First what is signed, then how.
    let (_, rest) = part(body, SEQUENCE)?;
    let (signature, _) = part(rest, SEQUENCE)?;
    let (name, _) = part(signature, NAME)?;
    let (_, algorithm) = SIGNATURES.iter().find(|(known, _)| *known == name)?;
    Some(digest(algorithm, certificate).as_ref().to_vec())
}

/// What is in a part of a kind, and what follows.
fn part(bytes: &[u8], kind: u8) -> Option<(&[u8], &[u8])> {
    let ([found, short, ..], rest) = (bytes, bytes.get(2..)?) else { return None };
    if *found != kind {
        return None;
    }
    if *short < 0x80 {
        return rest.split_at_checked(usize::from(*short));
    }
    let (length, rest) =
        rest.split_at_checked(usize::from(short & 0x7f)).filter(|(length, _)| length.len() <= 4)?;
    let length = length.iter().fold(0, |all, byte| all << 8 | usize::from(*byte));
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use rustls_pki_types::CertificateDer;
    use rustls_pki_types::pem::PemObject;

    use super::*;

    #[test]
    fn a_certificate_is_marked_by_the_hash_of_its_signature() {
        let pem = include_str!("../../tests/it/serve/tls/one.pem");
        let certificate = CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
        let mark = end_point(&certificate).unwrap();
        assert_eq!(mark, digest(&SHA256, &certificate).as_ref());
        for end in 0..certificate.len().min(300) {
            assert_eq!(end_point(&certificate[..end]), None, "torn off at {end}");
        }
        assert_eq!(end_point(&[]), None);
    }
}
