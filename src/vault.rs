//! The sealing keys, ready for use: seals shares under the first, opens them under any.

use std::cell::OnceCell;
use std::rc::Rc;

use js_sys::JsString;

use crate::domain::sealing::{self, DIGEST_KEY_INFO, HEADER_LENGTH, Key, Kind, Place, VERSION};
use crate::domain::secret::SecretBytes;
use crate::error::{Code, Error, Result};
use crate::platform::{CryptoKeys, Envelope};

pub struct Vault {
    current: VaultKey,
    older: Vec<VaultKey>,
    /// The sealing key's canary: made with the first share that is sealed.
    canary: OnceCell<Rc<SealedCanary>>,
}

struct VaultKey {
    id: String,
    keys: CryptoKeys,
}

/// A sealed share as the database keeps it. The envelope stays in JavaScript: it is only passed through.
pub struct Sealed {
    pub key_id: String,
    pub envelope: JsString,
    /// The share's digests under all keys, the sealing one's first, parted by spaces: the same share may be stored under any of them.
    pub digests: String,
    /// As `digests`, of the share alone, whatever its place; empty for what is no user's cipher text.
    pub text_digests: String,
    /// The key's canary, to be kept with what is sealed where it is not known to be kept already.
    pub canary: Rc<SealedCanary>,
}

impl Sealed {
    /// The digest under the key that sealed it: it is stored with the share.
    pub fn digest(&self) -> &str {
        sealing_digest(&self.digests)
    }

    /// As [`digest`](Self::digest), of a user's cipher text alone.
    pub fn text_digest(&self) -> &str {
        sealing_digest(&self.text_digests)
    }
}

/// Of the digests under all keys, the one under the sealing key.
pub fn sealing_digest(digests: &str) -> &str {
    digests.split_once(' ').map_or(digests, |(first, _)| first)
}

/// A text that everybody knows, sealed under a key.
pub struct SealedCanary {
    pub envelope: JsString,
    /// Its digest tells whether the bytes behind the key's id are those that the database knows; see `key_canaries`.
    pub check: String,
}

/// What a canary holds.
pub const CANARY: &str = "portal-backup-worker canary";

/// The place that a key's canary is sealed for.
pub fn canary_place(key_id: &str) -> Place<'_> {
    Place {
        kind: Kind::Canary,
        owner: key_id,
        backup_method: "",
    }
}

impl Vault {
    /// Imports the keys, the sealing one first. None without any key.
    pub async fn new(keys: &[Key]) -> Result<Option<Self>> {
        let mut imported = Vec::with_capacity(keys.len());
        for key in keys {
            imported.push(VaultKey {
                id: key.id().to_owned(),
                keys: CryptoKeys::import(key.expose_sealing_key(), DIGEST_KEY_INFO).await?,
            });
        }
        if let [current, older @ ..] = imported.as_slice() {
            for key in older {
                current.keys.make_digests_of(&key.keys);
            }
        }
        let mut imported = imported.into_iter();
        let Some(current) = imported.next() else {
            return Ok(None);
        };
        Ok(Some(Self {
            current,
            older: imported.collect(),
            canary: OnceCell::new(),
        }))
    }

    pub fn current_key_id(&self) -> &str {
        &self.current.id
    }

    /// The ids of all keys, the sealing one first.
    pub fn key_ids(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.current)
            .chain(&self.older)
            .map(|key| key.id.as_str())
    }

    /// Seals a share for its place under the current key.
    pub async fn seal(&self, place: Place<'_>, share: &[u8]) -> Result<Sealed> {
        let envelope = seal(&self.current, place, share).await?;
        Ok(Sealed {
            key_id: self.current.id.clone(),
            envelope: envelope.text,
            digests: envelope.digests,
            text_digests: envelope.share_digests,
            canary: self.canary().await?,
        })
    }

    /// The canary of the sealing key.
    pub async fn canary(&self) -> Result<Rc<SealedCanary>> {
        if let Some(canary) = self.canary.get() {
            return Ok(canary.clone());
        }
        let canary = Rc::new(make_canary(&self.current).await?);
        Ok(self.canary.get_or_init(|| canary).clone())
    }

    /// The canary of a key. None: there is no such key.
    pub async fn canary_of(&self, key_id: &str) -> Result<Option<SealedCanary>> {
        match self.key(key_id) {
            Some(key) => make_canary(key).await.map(Some),
            None => Ok(None),
        }
    }

    /// Opens a sealed share in its place. What does not open is a fault of ours: its key is missing, or it is damaged.
    pub async fn open(
        &self,
        place: Place<'_>,
        key_id: &str,
        envelope: &JsString,
    ) -> Result<JsString> {
        if self.key(key_id).is_none() {
            return Err(missing_key(key_id));
        }
        self.try_open(place, key_id, envelope).await.ok_or_else(|| {
            let kind = place.kind.as_str();
            let method = place.backup_method;
            Error::internal(format!(
                "a {kind} share of {method} under key {key_id} does not open"
            ))
        })
    }

    /// Makes sure that a sealed share opens in its place: 409, naming its key.
    pub async fn surely_opens(
        &self,
        place: Place<'_>,
        key_id: &str,
        envelope: &JsString,
    ) -> Result<()> {
        if self.try_open(place, key_id, envelope).await.is_some() {
            return Ok(());
        }
        let why = if self.key(key_id).is_some() {
            "is damaged, or SHARE_ENCRYPTION_KEYS has other bytes under that id"
        } else {
            "needs that key, which SHARE_ENCRYPTION_KEYS lacks"
        };
        let detail = format!(
            "This version does not open with the key {key_id}: it {why}. Nothing was restored: a current share that does not open would make every fetch fail."
        );
        Err(Error::conflict(detail))
    }

    /// None: it does not open.
    pub async fn try_open(
        &self,
        place: Place<'_>,
        key_id: &str,
        envelope: &JsString,
    ) -> Option<JsString> {
        let key = self.key(key_id)?;
        key.keys
            .open(VERSION, HEADER_LENGTH, &place.associated_data(), envelope)
            .await
    }

    /// As [`try_open`](Self::try_open), to bytes, for sealing them again.
    pub async fn open_bytes(
        &self,
        place: Place<'_>,
        key_id: &str,
        envelope: &JsString,
    ) -> Option<SecretBytes> {
        let key = self.key(key_id)?;
        let bytes = key
            .keys
            .open_bytes(VERSION, HEADER_LENGTH, &place.associated_data(), envelope)
            .await?;
        Some(SecretBytes::from(bytes))
    }

    /// Whether a sealed share opens in its place.
    pub async fn opens(&self, place: Place<'_>, key_id: &str, envelope: &JsString) -> bool {
        self.open_bytes(place, key_id, envelope).await.is_some()
    }

    fn key(&self, id: &str) -> Option<&VaultKey> {
        std::iter::once(&self.current)
            .chain(&self.older)
            .find(|key| key.id == id)
    }
}

/// The answer where a share needs a key that the settings do not have.
fn missing_key(key_id: &str) -> Error {
    let cause = format!("SHARE_ENCRYPTION_KEYS lacks the key {key_id}, which shares need");
    Error::new(
        Code::Misconfigured,
        "A setting is wrong; the Worker's log names it.",
    )
    .caused_by(cause)
}

async fn make_canary(key: &VaultKey) -> Result<SealedCanary> {
    let sealed = seal(key, canary_place(&key.id), CANARY.as_bytes()).await?;
    Ok(SealedCanary {
        envelope: sealed.text,
        check: sealing_digest(&sealed.digests).to_owned(),
    })
}

async fn seal(key: &VaultKey, place: Place<'_>, share: &[u8]) -> Result<Envelope> {
    let aad = place.associated_data();
    let mut text = place.digest_data();
    text.reserve_exact(share.len()); // no growing, which would leave a copy behind
    text.extend_from_slice(share);
    let text = SecretBytes::from(text);
    let header = sealing::new_header()?;
    let is_users = place.kind == Kind::User;
    Ok(key.keys.seal(&header, &aad, &text, is_users).await?)
}
