//! Which home a user is in: the keys of the directory, and what its answers mean. Decisions only; `homes.rs` asks.

use super::json;
use super::names::{ClientId, UserId};
use super::number::whole;
use super::secret::CredentialHash;
use super::sorted::sorted_by;

/// What a user is known by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Client,
    User,
    /// The hash of an API key, in hex.
    ApiKey,
}

impl Kind {
    /// As the SQL names it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::Client => "client",
            Kind::User => "user",
            Kind::ApiKey => "key",
        }
    }
}

/// Something that a user is known by, and its key in the directory.
#[derive(Debug, Clone)]
pub struct Key {
    pub kind: Kind,
    pub value: String,
    /// Tells the kind too: the same text may be a user's id and another's client id.
    pub hash: CredentialHash,
    /// The key in hex: a byte for the kind, and half of the SHA-256 of the value.
    pub hex: String,
}

/// Hex digits of a value's hash in a key: 16 bytes.
const HASH_DIGITS: usize = 32;

impl Key {
    pub fn new(kind: Kind, value: &str) -> Self {
        let mut hex = CredentialHash::of(value).to_hex();
        hex.truncate(HASH_DIGITS);
        let kind_byte = match kind {
            Kind::Client => "01",
            Kind::User => "02",
            Kind::ApiKey => "03",
        };
        hex.insert_str(0, kind_byte);
        Self {
            kind,
            value: value.to_owned(),
            hash: CredentialHash::of(&hex),
            hex,
        }
    }

    /// `[kind, value]`.
    pub fn to_json(&self) -> String {
        json::texts([self.kind.as_str(), &self.value])
    }

    pub fn client(id: &ClientId) -> Self {
        Self::new(Kind::Client, id.as_str())
    }

    pub fn user(id: &UserId) -> Self {
        Self::new(Kind::User, id.as_str())
    }
}

/// A route as the directory holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// In upper-case hex.
    pub key: String,
    pub home: u32,
    /// The home's.
    pub identity: Option<String>,
    /// Changes whenever the route is entered or adopted.
    pub stamp: String,
    /// The event ids of the registrations under way for it, as JSON.
    pub claims: String,
}

/// What became of a claim.
#[derive(Debug, PartialEq, Eq)]
pub enum Claimed {
    /// All keys lead to this home, and the registration is noted with each.
    At(u32, Option<String>),
    /// The keys lead to several homes, or to one that was not wanted. Nothing was written.
    Clash,
    /// No key has a route, and no wanted home is open.
    NoHome,
}

/// Reads the routes that a claim of so many keys gave, of which the homes `wanted` were to be taken.
pub fn claimed(keys: usize, routes: &[Route], wanted: &[u32]) -> Claimed {
    let Some(first) = routes.first() else {
        return Claimed::NoHome;
    };
    let is_one = routes.len() == keys
        && wanted.contains(&first.home)
        && routes.iter().all(|route| route.home == first.home);
    if is_one {
        Claimed::At(first.home, first.identity.clone())
    } else {
        Claimed::Clash
    }
}

/// What the directory says of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// The user, if there is one, is there.
    At(u32),
    /// Nobody is known by it: home 0 says so.
    Nobody,
    /// The directory is blank: it was lost, and is being rebuilt. The homes have to be asked.
    Nothing,
}

/// Reads the directory's answer: the route's home, and whether the directory says that it knows everybody outside home 0.
pub fn said(home: Option<u32>, complete: Option<&str>) -> Said {
    match (home, complete) {
        (Some(home), _) => Said::At(home),
        (None, Some(_)) => Said::Nobody,
        (None, None) => Said::Nothing,
    }
}

/// A cursor over several homes: the home, and the place in it.
pub fn parse_cursor(text: &str) -> Option<(u32, &str)> {
    let (home, place) = text.split_once(':')?;
    Some((whole(home)?, place))
}

/// A page of one home's list that is sorted downwards: its ids, and where its search ended if there may be more.
pub struct Part {
    pub ids: Vec<String>,
    pub cursor: Option<String>,
}

/// How many entries of each part belong to the merged page, and its cursor. Entries behind the place where a part's search ended
/// have to wait: that part may have some that belong before them.
pub fn merge(parts: &[Part], limit: usize) -> (Vec<usize>, Option<String>) {
    let frontier = parts.iter().filter_map(|part| part.cursor.as_deref()).max();
    let mut ids: Vec<&str> = Vec::new();
    let mut cut = false;
    for part in parts {
        let part = part.ids.iter().map(String::as_str);
        let seen = part.filter(|id| frontier.is_none_or(|frontier| *id >= frontier));
        ids = sorted_by(ids.into_iter().chain(seen), |a, b| a > b);
        ids.dedup();
        cut |= ids.len() > limit;
        ids.truncate(limit); // before the next, for there may be many homes
    }
    let last = ids.last().copied();
    let taken = parts
        .iter()
        .map(|part| {
            let is_taken = |id: &&String| last.is_some_and(|last| id.as_str() >= last);
            part.ids.iter().take_while(is_taken).count()
        })
        .collect();
    let rest = parts.iter().any(|part| {
        part.ids
            .iter()
            .any(|id| last.is_none_or(|last| id.as_str() < last))
    });
    let cursor = if cut {
        last
    } else {
        frontier.or(if rest { last } else { None })
    };
    (taken, cursor.map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(home: u32) -> Route {
        Route {
            key: String::new(),
            home,
            identity: None,
            stamp: String::new(),
            claims: "[]".to_owned(),
        }
    }

    #[test]
    fn the_same_text_has_another_key_for_each_kind() {
        let client = Key::new(Kind::Client, "x");
        let user = Key::new(Kind::User, "x");
        assert_eq!(client.hex.len(), 34);
        assert_eq!(client.hex.get(2..), user.hex.get(2..));
        assert!(client.hex != user.hex && client.hash != user.hash);
        assert_eq!(client.hex, "012d711642b726b04401627ca9fbac32f5");
    }

    #[test]
    fn a_claim_holds_if_all_keys_lead_to_one_wanted_home() {
        assert_eq!(
            claimed(2, &[route(1), route(1)], &[0, 1]),
            Claimed::At(1, None)
        );
        assert_eq!(claimed(2, &[route(1)], &[0, 1]), Claimed::Clash);
        assert_eq!(claimed(2, &[route(1), route(0)], &[0, 1]), Claimed::Clash);
        assert_eq!(claimed(2, &[route(1), route(1)], &[0]), Claimed::Clash);
        assert_eq!(claimed(2, &[], &[0]), Claimed::NoHome);
    }

    #[test]
    fn no_row_means_home_0_unless_the_directory_is_blank() {
        assert_eq!(said(Some(2), None), Said::At(2));
        assert_eq!(said(None, Some("0")), Said::Nobody);
        assert_eq!(said(None, None), Said::Nothing);
    }

    #[test]
    fn a_cursor_names_the_home_and_the_place() {
        assert_eq!(parse_cursor("3:a:b"), Some((3, "a:b")));
        assert_eq!(parse_cursor("3:"), Some((3, "")));
        assert_eq!(parse_cursor("user"), None);
    }

    fn part(ids: &[&str], cursor: Option<&str>) -> Part {
        Part {
            ids: ids.iter().map(ToString::to_string).collect(),
            cursor: cursor.map(str::to_owned),
        }
    }

    #[test]
    fn a_merged_page_has_the_newest_of_all() {
        let parts = [part(&["9", "5", "1"], None), part(&["8", "7"], None)];
        assert_eq!(merge(&parts, 3), (vec![1, 2], Some("7".to_owned())));
        assert_eq!(merge(&parts, 5), (vec![3, 2], None));
    }

    #[test]
    fn what_lies_behind_the_end_of_a_search_waits_for_the_next_page() {
        let parts = [part(&["9"], Some("6")), part(&["8", "5"], None)];
        assert_eq!(merge(&parts, 5), (vec![1, 1], Some("6".to_owned())));
        let parts = [part(&[], Some("6")), part(&["5"], None)];
        assert_eq!(merge(&parts, 5), (vec![0, 0], Some("6".to_owned())));
    }

    #[test]
    fn going_on_from_page_to_page_gives_every_entry_once() {
        let lists = [["9", "6", "3"], ["8", "5", "2"], ["7", "4", "1"]];
        let mut before = "a".to_owned();
        let mut seen = Vec::new();
        loop {
            let parts: Vec<Part> = lists
                .iter()
                .map(|list| {
                    let ids: Vec<&str> = list
                        .iter()
                        .copied()
                        .filter(|id| **id < *before)
                        .take(2)
                        .collect();
                    let full = (ids.len() == 2).then(|| ids.last().copied()).flatten();
                    part(&ids, full)
                })
                .collect();
            let (taken, cursor) = merge(&parts, 2);
            let mut page: Vec<String> = parts
                .iter()
                .zip(taken)
                .flat_map(|(part, count)| part.ids.iter().take(count).cloned())
                .collect();
            page.sort_by(|a, b| b.cmp(a));
            seen.extend(page);
            let Some(cursor) = cursor else { break };
            before = cursor;
        }
        assert_eq!(seen, ["9", "8", "7", "6", "5", "4", "3", "2", "1"]);
    }

    #[test]
    fn the_sql_tells_clients_and_users_by_their_words_and_an_api_key_by_another() {
        let sql = include_str!("../store/sql/home_probe.sql");
        for (kind, column) in [(Kind::Client, "client_id"), (Kind::User, "id")] {
            let word = kind.as_str();
            let branch =
                format!("WHEN '{word}' THEN EXISTS (SELECT 1 FROM users WHERE {column} = ?2)");
            assert!(sql.contains(&branch), "{branch}");
        }
        let word = Kind::ApiKey.as_str();
        assert!(!sql.contains(&format!("WHEN '{word}'")), "{word}");
    }
}
