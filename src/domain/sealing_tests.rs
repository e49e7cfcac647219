use aes_gcm::{
    Aes256Gcm, KeyInit,
    aead::{Aead, Payload},
};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use sha2::Sha256;

use super::*;

const GOLDEN_KEYS: &str = "k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
/// Sealed with the key above, the nonce a0 a1 … ab, for GOLDEN_PLACE. Frozen: a change here bricks stored shares.
const GOLDEN_ENVELOPE: &str = include_str!("../../tests/golden/custodian-share.v1.envelope.txt");
const GOLDEN_DIGEST: &str = include_str!("../../tests/golden/custodian-share.v1.digest.txt");
const GOLDEN_SHARE: &[u8] = include_bytes!("../../tests/golden/custodian-share.v1.share.txt");
const GOLDEN_PLACE: Place = Place {
    kind: Kind::Custodian,
    owner: "client-golden",
    backup_method: "GDRIVE-SECP256K1",
};

/// The format on RustCrypto.
fn seal(key: &Key, header: &[u8; HEADER_LENGTH], place: Place, share: &[u8]) -> String {
    let aad = place.associated_data();
    let sealed = Aes256Gcm::new_from_slice(key.expose_sealing_key())
        .unwrap()
        .encrypt(
            (&header[1..]).into(),
            Payload {
                msg: share,
                aad: &aad,
            },
        )
        .unwrap();
    STANDARD.encode([header.as_slice(), &sealed].concat())
}

fn open(keys: &[Key], key_id: &str, place: Place, envelope: &str) -> Option<Vec<u8>> {
    let key = keys.iter().find(|key| key.id() == key_id)?;
    let bytes = STANDARD.decode(envelope).ok()?;
    let (header, sealed) = bytes.split_at_checked(HEADER_LENGTH)?;
    if header[0] != VERSION {
        return None;
    }
    Aes256Gcm::new_from_slice(key.expose_sealing_key())
        .unwrap()
        .decrypt(
            (&header[1..]).into(),
            Payload {
                msg: sealed,
                aad: &place.associated_data(),
            },
        )
        .ok()
}

fn digest_key(key: &Key) -> [u8; 32] {
    let mut derived = [0; 32];
    Hkdf::<Sha256>::new(None, key.expose_sealing_key())
        .expand(DIGEST_KEY_INFO.as_bytes(), &mut derived)
        .unwrap();
    derived
}

fn digest(key: &Key, place: Place, share: &[u8]) -> String {
    let mut mac = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(&digest_key(key)).unwrap();
    mac.update(&place.digest_data());
    mac.update(share);
    STANDARD.encode(mac.finalize().into_bytes())
}

fn golden_header() -> [u8; HEADER_LENGTH] {
    std::array::from_fn(|i| if i == 0 { VERSION } else { 0x9f + i as u8 })
}

#[test]
fn the_format_is_frozen() {
    let keys = parse_keys(GOLDEN_KEYS).unwrap();
    assert_eq!(
        seal(&keys[0], &golden_header(), GOLDEN_PLACE, GOLDEN_SHARE),
        GOLDEN_ENVELOPE.trim()
    );
    assert_eq!(
        digest(&keys[0], GOLDEN_PLACE, GOLDEN_SHARE),
        GOLDEN_DIGEST.trim()
    );
    assert_eq!(
        open(&keys, "k1", GOLDEN_PLACE, GOLDEN_ENVELOPE.trim()).as_deref(),
        Some(GOLDEN_SHARE)
    );
}

#[test]
fn a_sealed_share_opens_in_its_own_place_only() {
    let keys = parse_keys(GOLDEN_KEYS).unwrap();
    let envelope = GOLDEN_ENVELOPE.trim();
    let refused = |place| assert_eq!(open(&keys, "k1", place, envelope), None, "{place:?}");
    refused(Place {
        kind: Kind::User,
        ..GOLDEN_PLACE
    });
    refused(Place {
        owner: "client-other",
        ..GOLDEN_PLACE
    });
    refused(Place {
        backup_method: "GDRIVE-ED25519",
        ..GOLDEN_PLACE
    });
    // The same characters, cut elsewhere: only the length prefixes tell these apart.
    refused(Place {
        owner: "client-goldenG",
        backup_method: "DRIVE-SECP256K1",
        ..GOLDEN_PLACE
    });
}

#[test]
fn there_are_sixteen_keys_at_most() {
    let keys = |count: usize| {
        let one = |number| format!("k{number}:{}", STANDARD.encode([7; 32]));
        parse_keys(&(0..count).map(one).collect::<Vec<_>>().join(","))
    };
    assert_eq!(keys(16).unwrap().len(), 16);
    assert_eq!(keys(17).unwrap_err(), "more than 16 entries");
}

#[test]
fn an_unknown_key_opens_nothing() {
    let keys = parse_keys(GOLDEN_KEYS).unwrap();
    assert_eq!(
        open(&keys, "k2", GOLDEN_PLACE, GOLDEN_ENVELOPE.trim()),
        None
    );
    let other = parse_keys("k1:AQECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").unwrap();
    assert_eq!(
        open(&other, "k1", GOLDEN_PLACE, GOLDEN_ENVELOPE.trim()),
        None
    );
}

#[test]
fn an_older_key_still_opens_what_it_sealed() {
    let rotated = format!("k2:{},{GOLDEN_KEYS}", STANDARD.encode([7; 32]));
    let keys = parse_keys(&rotated).unwrap();
    assert_eq!(keys[0].id(), "k2");
    assert!(open(&keys, "k1", GOLDEN_PLACE, GOLDEN_ENVELOPE.trim()).is_some());
}

#[test]
fn no_flipped_bit_goes_unnoticed() {
    let keys = parse_keys(GOLDEN_KEYS).unwrap();
    let bytes = STANDARD.decode(GOLDEN_ENVELOPE.trim()).unwrap();
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(
            open(&keys, "k1", GOLDEN_PLACE, &STANDARD.encode(flipped)),
            None,
            "bit {bit}"
        );
    }
}

#[test]
fn short_input_is_refused_without_a_panic() {
    let keys = parse_keys(GOLDEN_KEYS).unwrap();
    let bytes = STANDARD.decode(GOLDEN_ENVELOPE.trim()).unwrap();
    for length in 0..bytes.len() {
        assert_eq!(
            open(
                &keys,
                "k1",
                GOLDEN_PLACE,
                &STANDARD.encode(&bytes[..length])
            ),
            None,
            "{length} bytes"
        );
    }
}

#[test]
fn the_nonce_is_fresh_every_time() {
    let headers: std::collections::HashSet<_> = (0..1000).map(|_| new_header().unwrap()).collect();
    assert_eq!(headers.len(), 1000);
}

#[test]
fn a_methods_case_binds_the_envelope_and_not_the_digest() {
    let keys = parse_keys(GOLDEN_KEYS).unwrap();
    let lower = Place {
        backup_method: "gdrive-secp256k1",
        ..GOLDEN_PLACE
    };
    assert_eq!(
        digest(&keys[0], lower, GOLDEN_SHARE),
        digest(&keys[0], GOLDEN_PLACE, GOLDEN_SHARE)
    );
    assert_eq!(open(&keys, "k1", lower, GOLDEN_ENVELOPE.trim()), None);
}

#[test]
fn digests_differ_by_share_place_and_key() {
    let keys = parse_keys(&format!("{GOLDEN_KEYS},k2:{}", STANDARD.encode([7; 32]))).unwrap();
    let base = digest(&keys[0], GOLDEN_PLACE, b"share");
    assert_ne!(base, digest(&keys[0], GOLDEN_PLACE, b"share2"));
    assert_ne!(
        base,
        digest(
            &keys[0],
            Place {
                kind: Kind::User,
                ..GOLDEN_PLACE
            },
            b"share"
        )
    );
    assert_ne!(base, digest(&keys[1], GOLDEN_PLACE, b"share"));
    assert_ne!(digest_key(&keys[0]), keys[0].expose_sealing_key());
}

#[test]
fn a_malformed_key_list_is_refused_by_position_and_never_quoted() {
    let good = STANDARD.encode([1; 32]);
    for (setting, wrong) in [
        (String::new(), "entry 1 is not of the form"),
        (good.clone(), "entry 1 is not of the form"),
        (format!("k1:{good},"), "entry 2 is not of the form"),
        (format!(":{good}"), "entry 1 needs an id"),
        (format!("k 1:{good}"), "entry 1 needs an id"),
        ("k1:SECRET!".to_owned(), "entry 1 is not base64"),
        (
            format!("k1:{}", STANDARD.encode([1; 31])),
            "entry 1 is not 32 bytes",
        ),
        (
            format!("k1:{good},k1:{good}"),
            "entry 2 has the id of another",
        ),
    ] {
        let error = parse_keys(&setting).unwrap_err();
        assert!(error.starts_with(wrong), "{error}");
        assert!(
            !error.contains(&good) && !error.contains("SECRET"),
            "{error}"
        );
    }
    assert!(parse_keys(&format!("k1:{good}, k2.2026_a-b:{good}")).is_ok());
}

#[test]
fn a_keys_id_has_at_most_32_letters_and_is_all_that_debug_output_tells() {
    let of = |length: usize| {
        let id = "k".repeat(length);
        parse_keys(&format!("{id}:{}", STANDARD.encode([7; KEY_LENGTH])))
    };
    let keys = of(32).unwrap();
    assert_eq!(
        format!("{:?}", keys.first().unwrap()),
        format!("Key({}, …)", "k".repeat(32))
    );
    assert!(of(33).is_err() && of(34).is_err());
}
