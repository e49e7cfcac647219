//! The words of the audit trail: what an event may say in `action` and in `outcome`.

use super::query::nearest;
use super::sorted::sorted_by;

/// Every `action`.
pub const ACTIONS: &[&str] = &[
    "authenticate",
    "cancel_purge",
    "check_backups",
    "close_eject",
    "create_session",
    "delete_user",
    "escrow_keys",
    "export",
    "fetch_custodian_shares",
    "fetch_user_share",
    "find_client",
    "import",
    "list_backups",
    "move_user",
    "open_eject",
    "purge_user",
    "rebuild",
    "rebuild_directory",
    "refuse_approval",
    "register_user",
    "release_quota",
    "remove_method",
    "replace_client_api_key",
    "restore_user",
    "restore_version",
    "retrieve_custodian_share",
    "rewrap_shares",
    "set_home_state",
    "store_custodian_share",
    "store_user_share",
    "view_user",
];

/// The outcomes that no request is answered by; `store::outcome::WORDS` has the others.
pub const NOTED_OUTCOMES: &[&str] = &[
    "rebuilt",
    "stored_custodian_share",
    "stored_user_share",
    "viewed",
];

/// What is wrong with a word that is none of `known`: a whole sentence, which names the nearest.
pub fn unknown(field: &str, word: &str, known: &[&'static str]) -> String {
    let likely = nearest(word, known).or_else(|| {
        // Half of it: `purge` for `purge_user`.
        let lower = word.to_ascii_lowercase();
        let begins = |known: &&&str| lower.len() > 2 && known.starts_with(&lower);
        known.iter().find(begins).copied()
    });
    match likely {
        Some(likely) => format!("There is no such `{field}`. Do you mean `{likely}`?"),
        None => {
            // Several kinds of request may end the same way.
            let mut each = sorted_by(known.iter().copied(), PartialOrd::lt);
            each.dedup();
            format!(
                "There is no such `{field}`. It is one of {}.",
                each.join(", ")
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::*;

    /// The texts of all sources under a folder.
    fn sources(folder: &Path) -> String {
        let mut all = String::new();
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                all.push_str(&sources(&path));
            } else if path
                .extension()
                .is_some_and(|end| end == "rs" || end == "sql")
            {
                all.push_str(&fs::read_to_string(&path).unwrap());
            }
        }
        all
    }

    /// The words that stand between quotes behind a beginning.
    fn words_behind<'a>(text: &'a str, beginning: &str, quote: char) -> BTreeSet<&'a str> {
        let ends = text.split(beginning).skip(1);
        let words = ends.filter_map(|rest| rest.split(quote).next());
        let is_word = |word: &&str| word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        words
            .filter(is_word)
            .filter(|word| word.len() > 3)
            .collect()
    }

    #[test]
    fn every_action_that_the_store_writes_is_known() {
        let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let store = sources(&src.join("store"));
        let all = sources(&src.join("store"))
            + &sources(&src.join("handlers"))
            + &sources(&src.join("maintenance"))
            + &sources(&src.join("auth"));
        let mut written = BTreeSet::new();
        for actor in ["portal", "client", "admin", "system"] {
            written.extend(words_behind(&store, &format!("'{actor}', '"), '\''));
        }
        written.extend(words_behind(&all, "event_of_user(trail, \"", '"'));
        written.extend(words_behind(&all, "change_of(trail, \"", '"'));
        written.extend(words_behind(&all, "audit::note(\"", '"'));
        written.extend(words_behind(&all, "credential::event(\"", '"'));
        written.extend(words_behind(&all, "            action: \"", '"'));
        written.extend(words_behind(&all, "        action: \"", '"'));
        written.extend(words_behind(&all, "        event: \"", '"'));
        let known: BTreeSet<&str> = ACTIONS.iter().copied().collect();
        assert_eq!(written, known);
    }

    #[test]
    fn an_unknown_word_is_told_the_nearest() {
        for (word, near) in [
            ("purge_usr", "purge_user"),
            ("purgeUser", "purge_user"),
            ("purge", "purge_user"),
            ("store_custodian", "store_custodian_share"),
            ("exports", "export"),
        ] {
            let detail = unknown("action", word, ACTIONS);
            assert!(
                detail.ends_with(&format!("Do you mean `{near}`?")),
                "{detail}"
            );
        }
        let detail = unknown("action", "zzz", ACTIONS);
        assert!(detail.ends_with("store_user_share, view_user."), "{detail}");
    }

    #[test]
    fn a_word_that_nothing_is_near_to_is_told_all_once_each_in_order() {
        // Two letters are no half of a word.
        for word in ["zzz", "fa"] {
            assert_eq!(
                unknown("outcome", word, &["stored", "failed", "stored", "done"]),
                "There is no such `outcome`. It is one of done, failed, stored."
            );
        }
    }
}
