//! Sealed shares: what is not exactly as it was sealed, where it was sealed, does not open.
#![no_main]

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit};
use libfuzzer_sys::fuzz_target;
use portal_backup_worker::domain::sealing::{self, HEADER_LENGTH, Kind, Place, VERSION};

const KEYS: &str = "k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

fuzz_target!(|input: (bool, &str, &str, bool, &str, &str, &[u8], u16)| {
    let (a_is_user, a_owner, a_method, b_is_user, b_owner, b_method, share, flip) = input;
    let kind = |is_user| if is_user { Kind::User } else { Kind::Custodian };
    let a = Place { kind: kind(a_is_user), owner: a_owner, backup_method: a_method };
    let b = Place { kind: kind(b_is_user), owner: b_owner, backup_method: b_method };
    let same = (a_is_user, a_owner, a_method) == (b_is_user, b_owner, b_method);
    assert_eq!(a.associated_data() == b.associated_data(), same, "two places never share their associated data");

    let keys = sealing::parse_keys(KEYS).expect("a good list");
    let cipher = Aes256Gcm::new_from_slice(keys[0].expose_sealing_key()).expect("32 bytes");
    let header = sealing::new_header().expect("random bytes");
    assert_eq!((header[0], header.len()), (VERSION, HEADER_LENGTH));
    let nonce = (&header[1..]).into();
    let aad = a.associated_data();
    let mut sealed = cipher.encrypt(nonce, Payload { msg: share, aad: &aad }).expect("it seals");
    let open = |sealed: &[u8], place: &Place| {
        cipher.decrypt(nonce, Payload { msg: sealed, aad: &place.associated_data() }).ok()
    };
    assert_eq!(open(&sealed, &a).as_deref(), Some(share));
    assert_eq!(open(&sealed, &b).is_some(), same, "moved to another place, it stays shut");
    let at = usize::from(flip) % sealed.len();
    sealed[at] ^= 1 << (flip % 8);
    assert_eq!(open(&sealed, &a), None, "with a bit flipped, it stays shut");
});
