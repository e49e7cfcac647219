//! The names that come from outside: ids of users, clients and pairs, and backup methods.
//!
//! They are kept as they came. Ids are compared exactly. Backup methods are compared without ASCII case: the enum of
//! React Native's SDK has `gdrive` where Portal's webhook says `GDRIVE-SECP256K1` (`@portal-hq/core` 4.9.0). A method is a
//! free string, never an enum: Portal says that "its value is subject to change".

use std::cmp::Ordering;
use std::fmt;

use uuid::Builder;

/// Longest name, in characters.
pub const MAX_NAME_CHARS: usize = 128;

/// Why a text is not a name; the words fit behind "must".
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub struct InvalidName(pub &'static str);

impl fmt::Display for InvalidName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// A name: 1 to 128 visible characters. A space may stand inside, not at an end.
pub fn check_name(text: &str) -> Result<(), InvalidName> {
    if text.is_empty() {
        return Err(InvalidName("not be empty"));
    }
    // A text has no more characters than bytes, so most need not be counted.
    if text.len() > MAX_NAME_CHARS && text.chars().count() > MAX_NAME_CHARS {
        return Err(InvalidName("be at most 128 characters long"));
    }
    if text.starts_with(' ') || text.ends_with(' ') {
        return Err(InvalidName("not begin or end with a space"));
    }
    // In a path they are steps, encoded or not: such an id could be registered, and never be asked for.
    if matches!(text, "." | "..") {
        return Err(InvalidName("not be \".\" or \"..\""));
    }
    let is_plain = text.bytes().all(|byte| matches!(byte, b' '..=b'~')); // nearly every name is, and this is quick
    if !is_plain && text.chars().any(is_invisible) {
        return Err(InvalidName("hold visible characters only"));
    }
    Ok(())
}

/// Control characters, white space other than the plain space, and the format characters that change how text
/// looks without being seen (zero width, direction, byte order mark): two names that look alike must be alike.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || (c.is_whitespace() && c != ' ')
        || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, serde::Deserialize)]
        #[serde(try_from = "String")]
        pub struct $name(String);

        impl TryFrom<String> for $name {
            type Error = InvalidName;

            fn try_from(text: String) -> Result<Self, InvalidName> {
                Self::parse(text)
            }
        }

        impl $name {
            pub fn parse(text: impl Into<String>) -> Result<Self, InvalidName> {
                let text = text.into();
                check_name(&text)?;
                Ok(Self(text))
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

macro_rules! id_type {
    ($(#[$doc:meta])* $name:ident) => {
        name_type!($(#[$doc])* #[derive(PartialEq, Eq)] $name);
    };
}

id_type!(
    /// The company's own id of a user.
    UserId
);
id_type!(
    /// Portal's id of a client, which is one user's wallet.
    ClientId
);
id_type!(
    /// Portal's id of the pair that a custodian share and a client share make together.
    BackupSharePairId
);
id_type!(
    /// The id of a request that waits for a second operator.
    ApprovalId
);
name_type!(
    /// How a share is backed up. An app says `GDRIVE` or `gdrive`; Portal's webhook adds the curve: `GDRIVE-SECP256K1`.
    /// Two methods are equal if they differ in ASCII case only.
    BackupMethod
);

impl PartialEq for BackupMethod {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}
impl Eq for BackupMethod {}

impl Ord for BackupMethod {
    fn cmp(&self, other: &Self) -> Ordering {
        fn folded(method: &BackupMethod) -> impl Iterator<Item = u8> {
            method.0.bytes().map(|byte| byte.to_ascii_uppercase())
        }
        folded(self).cmp(folded(other))
    }
}
impl PartialOrd for BackupMethod {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The curves of Portal's wallets, as they end a webhook's backup method.
const CURVES: [&str; 2] = ["SECP256K1", "ED25519"];

fn is_curve(text: &str) -> bool {
    CURVES.iter().any(|curve| curve.eq_ignore_ascii_case(text))
}

impl BackupMethod {
    /// What is stored when no method is given (backups older than Portal's multi-backup).
    pub const UNKNOWN: &'static str = "UNKNOWN";

    pub fn unknown() -> Self {
        Self(Self::UNKNOWN.to_owned())
    }

    pub fn is_unknown(&self) -> bool {
        self.0.eq_ignore_ascii_case(Self::UNKNOWN)
    }

    /// Whether `self` is `method`, or `method` with more behind a hyphen: so far the retention takes a custodian share to belong to it.
    pub fn belongs_to(&self, method: &BackupMethod) -> bool {
        let Some((stem, rest)) = self.0.split_at_checked(method.0.len()) else {
            return false;
        };
        stem.eq_ignore_ascii_case(&method.0) && (rest.is_empty() || rest.starts_with('-'))
    }

    /// Whether a custodian share under `self` counts for an app's backup under `method`: for its state, and for what a fetch adds.
    /// `GDRIVE` and `GDRIVE-SECP256K1` count for `GDRIVE`. A name that ends with a known curve is of the method before that alone:
    /// `PASSWORD-RECOVERY-ED25519` does not count for `PASSWORD`. Any other counts by how it begins, for its curve may be new.
    pub fn counts_for(&self, method: &BackupMethod) -> bool {
        let plain = self.without_curve();
        self == method || plain == *method || plain == *self && self.belongs_to(method)
    }

    /// The app's method that this custodian method is of, as far as the name alone tells.
    pub fn without_curve(&self) -> BackupMethod {
        match self.0.rsplit_once('-') {
            Some((stem, curve)) if is_curve(curve) && !stem.is_empty() => Self(stem.to_owned()),
            _ => self.clone(),
        }
    }
}

/// A new UUID v7: random, and sorting by the time it was made.
pub fn new_id(unix_ms: u64) -> Result<String, getrandom::Error> {
    let mut random = [0; 10];
    getrandom::fill(&mut random)?;
    Ok(Builder::from_unix_timestamp_millis(unix_ms, &random)
        .into_uuid()
        .to_string())
}

/// What the ids of a millisecond begin with, and so less than all of them: where a listing by time begins.
pub fn least_id_at(unix_ms: u64) -> String {
    let mut id = Builder::from_unix_timestamp_millis(unix_ms, &[0; 10])
        .into_uuid()
        .to_string();
    id.truncate(13); // the 48 bits of the time, and a hyphen
    id
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn method(text: &str) -> BackupMethod {
        BackupMethod::parse(text).unwrap()
    }

    #[test]
    fn names_are_1_to_128_characters_however_many_bytes_they_take() {
        assert!(check_name("x").is_ok());
        assert!(check_name(&"é".repeat(128)).is_ok());
        assert!(check_name(&"x".repeat(129)).is_err());
        assert!(check_name("").is_err());
    }

    #[test]
    fn names_that_no_path_can_hold_are_refused() {
        assert!(check_name(".").is_err() && check_name("..").is_err());
        assert!(check_name("...").is_ok() && check_name(".a").is_ok());
    }

    #[test]
    fn names_without_a_visible_form_are_refused() {
        for bad in [
            " ",
            " a",
            "a ",
            "a\tb",
            "a\nb",
            "a\0b",
            "a\u{7f}",
            "a\u{85}b",
            "a\u{ad}b",
            "\u{200b}",
            "a\u{200f}b",
            "a\u{2028}b",
            "a\u{202a}b",
            "a\u{202e}b",
            "a\u{2060}b",
            "a\u{2066}b",
            "a\u{fff9}b",
            "a\u{e0041}b",
            "a\u{a0}b",
            "a\u{3000}b",
            "\u{feff}a",
        ] {
            assert!(check_name(bad).is_err(), "{bad:?}");
        }
        for good in [
            "a b",
            "auth0|5f7c",
            "user@example.com",
            "日本",
            "é b",
            "GDRIVE-SECP256K1",
            "a/b",
            "%2e",
        ] {
            assert!(check_name(good).is_ok(), "{good:?}");
        }
    }

    #[test]
    fn a_custodian_method_belongs_to_the_app_method_it_begins_with() {
        assert!(method("GDRIVE").belongs_to(&method("GDRIVE")));
        assert!(method("GDRIVE-SECP256K1").belongs_to(&method("GDRIVE")));
        assert!(method("GDRIVE-NEW-CURVE").belongs_to(&method("GDRIVE")));
        assert!(!method("GDRIVE2-SECP256K1").belongs_to(&method("GDRIVE")));
        assert!(!method("GDRIVE").belongs_to(&method("GDRIVE-SECP256K1")));
    }

    #[test]
    fn a_custodian_method_with_a_known_curve_counts_for_the_method_before_it_alone() {
        assert!(method("gdrive-SECP256K1").counts_for(&method("GDRIVE")));
        assert!(method("GDRIVE").counts_for(&method("gdrive")));
        assert!(method("GDRIVE-SECP256K1").counts_for(&method("gdrive-secp256k1")));
        assert!(!method("GDRIVE-NEW-ed25519").counts_for(&method("GDRIVE")));
        assert!(method("GDRIVE-NEW-CURVE").counts_for(&method("GDRIVE")));
        assert!(!method("GDRIVE2").counts_for(&method("GDRIVE")));
    }

    #[test]
    fn methods_are_compared_without_ascii_case_and_kept_as_they_came() {
        assert_eq!(method("gdrive"), method("GDRIVE"));
        assert_eq!(method("gDrive").as_str(), "gDrive");
        assert!(method("gdrive") < method("ICLOUD") && method("GDRIVE") < method("icloud"));
        assert_eq!(method("gdrive").cmp(&method("GDRIVE")), Ordering::Equal);
        assert!(method("GDRIVE-SECP256K1").belongs_to(&method("gdrive")));
        assert!(method("gdrive-secp256k1").belongs_to(&method("GDRIVE")));
        assert_eq!(method("gdrive-secp256k1").without_curve(), method("GDRIVE"));
        assert!(method("unknown").is_unknown());
        // Only ASCII has a case that everybody agrees on.
        assert_ne!(method("É"), method("é"));
        assert!(!method("éx-a").belongs_to(&method("e")));
    }

    #[test]
    fn only_a_known_curve_is_taken_off_a_method() {
        assert_eq!(method("GDRIVE-SECP256K1").without_curve(), method("GDRIVE"));
        assert_eq!(
            method("MY-METHOD-ED25519").without_curve(),
            method("MY-METHOD")
        );
        assert_eq!(method("MY-METHOD").without_curve(), method("MY-METHOD"));
        assert_eq!(method("-ED25519").without_curve(), method("-ED25519"));
    }

    #[test]
    fn ids_sort_by_the_time_they_were_made() {
        let (early, late) = (
            new_id(1_700_000_000_000).unwrap(),
            new_id(1_700_000_000_001).unwrap(),
        );
        assert!(early < late);
        assert!(least_id_at(1_700_000_000_000) <= early && early < least_id_at(1_700_000_000_001));
        assert_eq!(early.len(), 36);
    }

    #[test]
    fn ids_of_one_moment_differ() {
        let ids: HashSet<String> = (0..1_000)
            .map(|_| new_id(1_700_000_000_000).unwrap())
            .collect();
        assert_eq!(ids.len(), 1_000);
    }
}
