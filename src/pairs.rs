//! Portal's list of a client's backup share pairs beside ours. A pair that Portal counts as completed, and whose custodian share
//! is not here, is a backup that nobody can recover: the alarm that matters most.

use crate::domain::json::{self, Writer};
use crate::domain::names::ClientId;
use crate::domain::sealing::Place;
use crate::domain::share_pairs::{SharePair, inside, missing};
use crate::error::Result;
use crate::log::{self, Field, Level};
use crate::portal::Listed;
use crate::store::Database;
use crate::store::share_pairs::{self as store, Custodian};
use crate::vault::Vault;

/// The pairs that are here.
#[derive(Default)]
pub struct Ours {
    /// By pair, the current ones first.
    shares: Vec<(String, Custodian)>,
    /// Whether some shares could not be told to be of a pair: they do not say, or they were too many to be opened.
    has_untold: bool,
    /// Whether they were too many: then it cannot be told of a pair that it is not here.
    is_cut: bool,
}

impl Ours {
    /// Reads the pairs of a user's client. A share without a pair is opened: it says none, or was stored by a Worker that did not
    /// look for one in it.
    pub async fn read(
        db: &Database,
        vault: &Vault,
        user_id: &str,
        client_id: &ClientId,
    ) -> Result<Self> {
        let shares = store::custodian_shares(db, user_id, client_id.as_str()).await?;
        let mut ours = Self {
            is_cut: shares.len() >= store::MOST_VERSIONS,
            ..Self::default()
        };
        for mut share in shares {
            let pair = match share.pair_id.take() {
                Some(pair) => Some(pair),
                None => pair_inside(vault, client_id, &share).await,
            };
            ours.is_cut |= pair.is_none() && share.envelope.is_none();
            match pair {
                Some(pair) => ours.shares.push((pair, share)),
                None => ours.has_untold = true,
            }
        }
        Ok(ours)
    }

    /// The completed pairs of Portal's list that are not here, and should be.
    pub fn missing<'a>(&self, pairs: &'a [SharePair]) -> Vec<&'a SharePair> {
        if self.is_cut {
            return Vec::new(); // It cannot be told.
        }
        missing(pairs, |pair| self.get(pair).is_some())
    }

    fn get(&self, pair: &str) -> Option<&Custodian> {
        let mut shares = self.shares.iter();
        shares
            .find(|(known, _)| known == pair)
            .map(|(_, share)| share)
    }
}

async fn pair_inside(vault: &Vault, client_id: &ClientId, share: &Custodian) -> Option<String> {
    let place = Place::custodian(client_id, &share.backup_method);
    let envelope = share.envelope.as_ref()?;
    let opened = vault.open_bytes(place, &share.key_id, envelope).await?;
    inside(std::str::from_utf8(&opened).ok()?).map(|pair| pair.to_string())
}

/// The alarm. The log names the pairs.
pub fn raise(user_id: Option<&str>, client_id: &ClientId, missing: &[&SharePair]) {
    let ids: Vec<String> = missing.iter().map(|pair| pair.id.clone()).collect();
    log::event(
        Level::Error,
        "Portal counts a backup as completed whose custodian share is not here",
        &[
            ("clientId", Field::Text(client_id.as_str())),
            ("userId", Field::Text(user_id.unwrap_or_default())),
            ("backupSharePairIds", Field::Texts(&ids)),
        ],
    );
}

/// What operators see of it, as JSON.
pub fn to_json(
    user_id: Option<&str>,
    client_id: &ClientId,
    listed: &Listed,
    ours: &Ours,
) -> String {
    let answer = Writer::default().text("clientId", client_id.as_str());
    let pairs = match listed {
        Listed::Pairs(pairs) => pairs.as_slice(),
        Listed::UnknownClient | Listed::Unavailable { .. } => &[],
    };
    let missing = ours.missing(pairs);
    if !missing.is_empty() {
        raise(user_id, client_id, &missing);
    }
    let held = |share: &Custodian| match share.is_current {
        true => "current",
        false => "superseded",
    };
    let is_missing = |pair: &SharePair| missing.iter().any(|known| known.id == pair.id);
    let shown = pairs.iter().map(|pair| {
        Writer::default()
            .text("id", &pair.id)
            .optional("curve", pair.curve.as_deref())
            .optional("backupMethod", pair.backup_method.as_deref())
            .text("status", &pair.status)
            .optional("createdAt", pair.created_at.as_deref())
            .optional("held", ours.get(&pair.id).map(held))
            .flag("isMissing", is_missing(pair))
            .end()
    });
    let ours_shown = ours.shares.iter().map(|(pair, share)| {
        Writer::default()
            .text("id", pair)
            .text("backupMethod", &share.backup_method)
            .text("storedAt", &share.stored_at)
            .text("held", held(share))
            .flag("isAtPortal", pairs.iter().any(|known| known.id == *pair))
            .end()
    });
    let (known, why) = match listed {
        Listed::Pairs(_) => ("true", None),
        Listed::UnknownClient => ("false", None),
        Listed::Unavailable { why, .. } => ("\"unknown\"", Some(why.as_str())),
    };
    answer
        .raw("known", known)
        .optional("why", why)
        .raw("pairs", &json::array(shown))
        .raw(
            "missing",
            &json::texts(missing.iter().map(|pair| pair.id.as_str())),
        )
        .raw("ours", &json::array(ours_shown))
        .flag("hasUntoldPairs", ours.has_untold)
        .end()
}
