//! The backup share pairs that Portal lists of a client, and which of them must be here.
//!
//! Portal's answer to `GET /api/v3/custodians/me/clients/{id}` has, in each wallet, `backupSharePairs`
//! `[{id, backupMethod, status, createdAt}]`; a status is `completed` or `incomplete` (Portal's guide *Custodian API*, and the
//! response types of PortalSwift 8, November 2026).

use super::json::{self, Object};
use super::names::BackupSharePairId;

/// More fields than a custodian share has: a dozen (`docs/portal.md`).
const MAX_SHARE_FIELDS: usize = 500;

/// The pair that a custodian share says it is of: Portal writes the pair's id into the share, whether its webhook names it or not.
/// None: the share is no JSON object, or says none that can be one.
pub fn inside(share: &str) -> Option<BackupSharePairId> {
    const FIELD: &str = "backupSharePairId";
    // Most of what is no share of Portal's ends here, unread.
    if !share.contains(FIELD) {
        return None;
    }
    let pair = json::text(Object::parse(share, MAX_SHARE_FIELDS)?.get(FIELD)?)?;
    BackupSharePairId::parse(pair).ok()
}

/// A pair as Portal lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharePair {
    pub id: String,
    /// Of its wallet.
    pub curve: Option<String>,
    pub backup_method: Option<String>,
    pub status: String,
    /// ISO 8601, as Portal gives it.
    pub created_at: Option<String>,
}

impl SharePair {
    /// Portal gives it for a backup that can be recovered.
    pub fn is_completed(&self) -> bool {
        self.status.eq_ignore_ascii_case("completed")
    }

    /// Whether `self` is the pair of a later backup of the same wallet by the same method.
    fn replaces(&self, other: &Self) -> bool {
        let method = |pair: &Self| pair.backup_method.as_deref().map(str::to_ascii_uppercase);
        self.is_completed()
            && self.curve == other.curve
            && method(self) == method(other)
            && other.created_at.is_some()
            && self.created_at > other.created_at
    }
}

/// More fields than an object of Portal's answer has.
const MAX_FIELDS: usize = 200;
/// More wallets, and more pairs of one wallet, than a client has.
const MAX_LISTED: usize = 1_000;

/// The pairs in Portal's answer about a client. None: it is no such answer.
pub fn parse(answer: &str) -> Option<Vec<SharePair>> {
    let client = Object::parse(answer, MAX_FIELDS)?;
    json::text(client.get("id")?)?;
    let mut pairs = Vec::new();
    for wallet in list(&client, "wallets")? {
        let wallet = Object::parse(wallet, MAX_FIELDS)?;
        let curve = wallet.given("curve").and_then(json::text);
        for pair in list(&wallet, "backupSharePairs")? {
            let pair = Object::parse(pair, MAX_FIELDS)?;
            let text = |name| pair.given(name).and_then(json::text);
            pairs.push(SharePair {
                id: text("id")?,
                curve: curve.clone(),
                backup_method: text("backupMethod"),
                status: text("status").unwrap_or_default(),
                created_at: text("createdAt"),
            });
        }
    }
    Some(pairs)
}

/// An array of the object; one that is left out, or null, is empty.
fn list<'a>(object: &Object<'a>, name: &str) -> Option<Vec<&'a str>> {
    let Some(array) = object.given(name) else {
        return Some(Vec::new());
    };
    json::elements(array).filter(|elements| elements.len() <= MAX_LISTED)
}

/// The completed pairs whose custodian share is not here and should be. A pair that a later one which is here replaces is not
/// missed: nobody recovers with it any more, the history is kept for a time only, and a database that was imported may never
/// have kept it.
pub fn missing(pairs: &[SharePair], is_here: impl Fn(&str) -> bool) -> Vec<&SharePair> {
    let is_replaced = |pair: &SharePair| {
        let mut later = pairs.iter().filter(|next| next.replaces(pair));
        later.any(|next| is_here(&next.id))
    };
    let all = pairs.iter();
    all.filter(|pair| pair.is_completed() && !is_here(&pair.id) && !is_replaced(pair))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &str = r#"{"id":"c1","ejectedAt":null,"wallets":[
        {"id":"w1","curve":"SECP256K1","backupSharePairs":[
            {"id":"p1","backupMethod":"GDRIVE","status":"completed","createdAt":"2026-01-01T00:00:00.000Z"},
            {"id":"p2","backupMethod":"GDRIVE","status":"incomplete","createdAt":"2026-06-01T00:00:00.000Z"}]},
        {"id":"w2","curve":"ED25519","backupSharePairs":[]},
        {"id":"w3"}]}"#;

    fn ids(pairs: &[&SharePair]) -> Vec<String> {
        pairs.iter().map(|pair| pair.id.clone()).collect()
    }

    fn pair(id: &str, method: &str, created_at: &str) -> SharePair {
        SharePair {
            id: id.to_owned(),
            curve: Some("SECP256K1".to_owned()),
            backup_method: Some(method.to_owned()),
            status: "completed".to_owned(),
            created_at: Some(created_at.to_owned()),
        }
    }

    #[test]
    fn the_pair_inside_of_a_share_is_its_own_field() {
        let pair = |share: &str| inside(share).map(|pair| pair.to_string());
        for share in [
            r#"{"backupSharePairId":"p","clientId":"c","pubkey":{"X":"1"}}"#,
            "{\n  \"pubkey\" : {\"backupSharePairId\":\"q\"},\n  \"backupSharePairId\" : \"\\u0070\"\n}",
        ] {
            assert_eq!(pair(share).as_deref(), Some("p"), "{share}");
        }
        let long = format!(r#"{{"backupSharePairId":"{}"}}"#, "p".repeat(129));
        for none in [
            "1157",
            "not JSON",
            r#"{"clientId":"c"}"#,
            r#"["backupSharePairId","p"]"#,
            r#"{"inner":{"backupSharePairId":"p"}}"#,
            r#"{"backupSharePairId":null}"#,
            r#"{"backupSharePairId":7}"#,
            r#"{"backupSharePairId":""}"#,
            r#"{"backupSharePairId":"p\u0000"}"#,
            r#"{"backupSharePairId":"p","#,
            r#"{"backupSharePairId":"p"} {}"#,
            &long,
        ] {
            assert_eq!(pair(none), None, "{none}");
        }
    }

    #[test]
    fn portals_answer_lists_the_pairs_of_every_wallet() {
        let pairs = parse(ANSWER).unwrap();
        assert_eq!(pairs.len(), 2);
        assert_eq!(pairs[0], pair("p1", "GDRIVE", "2026-01-01T00:00:00.000Z"));
        assert!(!pairs[1].is_completed());
        assert_eq!(parse(r#"{"id":"c1"}"#), Some(vec![]));
    }

    #[test]
    fn what_is_no_such_answer_lists_nothing() {
        for bad in [
            "",
            "[]",
            "{}",
            r#"{"id":7}"#,
            r#"{"id":"c","wallets":{}}"#,
            r#"{"id":"c","wallets":[7]}"#,
            r#"{"id":"c","wallets":[{"backupSharePairs":[{"status":"completed"}]}]}"#,
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_completed_pair_that_is_not_here_is_missing() {
        let pairs = parse(ANSWER).unwrap();
        assert_eq!(ids(&missing(&pairs, |_| false)), ["p1"]);
        assert!(missing(&pairs, |id| id == "p1").is_empty());
    }

    #[test]
    fn a_pair_that_a_later_one_here_replaces_is_not_missed() {
        let pairs = [
            pair("old", "gdrive", "2026-01-01"),
            pair("new", "GDRIVE", "2026-02-01"),
            pair("other", "ICLOUD", "2026-01-01"),
        ];
        assert_eq!(ids(&missing(&pairs, |id| id == "new")), ["other"]);
        // Without the one that replaced it, it is all there was.
        assert_eq!(ids(&missing(&pairs, |_| false)), ["old", "new", "other"]);
    }

    #[test]
    fn only_a_later_completed_pair_of_the_same_wallet_and_method_replaces_one() {
        let old = pair("old", "GDRIVE", "2026-02-01");
        let new = |change: fn(&mut SharePair)| {
            let mut new = pair("new", "GDRIVE", "2026-03-01");
            change(&mut new);
            ids(&missing(&[old.clone(), new], |id| id == "new"))
        };
        assert!(new(|_| {}).is_empty());
        assert_eq!(new(|pair| pair.created_at = old_time()), ["old"]);
        assert_eq!(new(|pair| pair.created_at = None), ["old"]);
        let timeless = SharePair {
            created_at: None,
            ..old.clone()
        };
        let new_pair = [timeless, pair("new", "GDRIVE", "2026-03-01")];
        assert_eq!(ids(&missing(&new_pair, |id| id == "new")), ["old"]);
        assert_eq!(new(|pair| pair.curve = None), ["old"]);
        assert_eq!(new(|pair| pair.status = "incomplete".to_owned()), ["old"]);
    }

    fn old_time() -> Option<String> {
        Some("2026-02-01".to_owned())
    }
}
