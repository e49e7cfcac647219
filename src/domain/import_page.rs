//! The lines of one `POST /admin/import`: which records they hold, and what became of each.

use super::body::InvalidBody;
use super::bulk::{Record, ShareRecord, UserRecord};
use super::json::Writer;

/// What became of one line.
#[derive(Debug, PartialEq, Eq)]
pub struct LineResult {
    pub line: usize,
    pub outcome: &'static str,
    pub code: Option<&'static str>,
    /// For the operator: never a share.
    pub reason: Option<String>,
    /// Of a record that is in: what was left out of it.
    pub left_out: Option<&'static str>,
    /// The line of which this one is a copy: it is in if that one is.
    pub copy_of: Option<usize>,
}

impl LineResult {
    fn of(line: usize, outcome: &'static str) -> Self {
        Self {
            line,
            outcome,
            code: None,
            reason: None,
            left_out: None,
            copy_of: None,
        }
    }

    /// It is in now, or (in a dry run) would be.
    pub fn new(line: usize) -> Self {
        Self::of(line, "new")
    }

    pub fn same(line: usize) -> Self {
        Self::of(line, "same")
    }

    pub fn conflict(line: usize, reason: impl Into<String>) -> Self {
        Self {
            code: Some("conflict"),
            reason: Some(reason.into()),
            ..Self::of(line, "conflict")
        }
    }

    pub fn refused(line: usize, code: &'static str, reason: impl Into<String>) -> Self {
        Self {
            code: Some(code),
            reason: Some(reason.into()),
            ..Self::of(line, "refused")
        }
    }

    /// Notes which optional field was left out of a record that is in now.
    pub fn without(mut self, left_out: Option<&'static str>) -> Self {
        if self.outcome == "new" {
            self.left_out = left_out;
        }
        self
    }

    /// Of a copy whose original did not go in: as that one.
    pub fn follow(results: &mut [Self]) {
        for at in 0..results.len() {
            let Some(original) = results.get(at).and_then(|copy| copy.copy_of) else {
                continue;
            };
            let found = results.iter().find(|result| result.line == original);
            let refused = found.filter(|result| result.code.is_some());
            let told = refused.map(|result| (result.outcome, result.code, result.reason.clone()));
            if let (Some(copy), Some((outcome, code, reason))) = (results.get_mut(at), told) {
                (copy.outcome, copy.code, copy.reason) = (outcome, code, reason);
            }
        }
    }

    pub fn to_json(&self) -> String {
        Writer::default()
            .number("line", self.line as u64)
            .text("outcome", self.outcome)
            .given("code", self.code)
            .given("reason", self.reason.as_deref())
            .given("leftOut", self.left_out)
            .end()
    }

    fn invalid(line: usize, invalid: &InvalidBody) -> Self {
        match invalid {
            InvalidBody::NotAnObject => Self::refused(
                line,
                "invalid_json",
                "not one JSON object with each field at most once",
            ),
            InvalidBody::Field { field, must } => {
                Self::refused(line, "invalid_field", format!("{field} must {must}"))
            }
        }
    }
}

/// The records of a request by their lines, and the results that are known without the database.
#[derive(Debug, Default)]
pub struct ImportPage {
    pub users: Vec<(usize, UserRecord)>,
    pub shares: Vec<(usize, ShareRecord)>,
    pub results: Vec<LineResult>,
}

impl ImportPage {
    /// Reads the lines; blank ones count, and have no result. `latest` is the last time that a record may have. None: there are
    /// more than `limit`.
    pub fn parse(body: &[u8], limit: usize, latest: &str) -> Option<Self> {
        let mut page = Self::default();
        let lines = body.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
        for (index, text) in lines.enumerate().filter(|(_, text)| !text.is_empty()) {
            if page.users.len() + page.shares.len() + page.results.len() == limit {
                return None;
            }
            let line = index + 1;
            match Record::parse(text, latest) {
                Err(invalid) => page.results.push(LineResult::invalid(line, &invalid)),
                Ok(Record::Share(share)) => page.shares.push((line, share)),
                Ok(Record::User(user)) => match page.clash(line, &user) {
                    Some(clash) => page.results.push(clash),
                    None => page.users.push((line, user)),
                },
            }
        }
        Some(page)
    }

    /// The result of a user, if an earlier one has taken its id, its client or its API key. The database is asked about
    /// all records at once, so of those that would take the same only the first may be sent there.
    fn clash(&self, line: usize, user: &UserRecord) -> Option<LineResult> {
        let hash = &user.client_api_key_hash;
        let (first, earlier) = self.users.iter().find(|(_, earlier)| {
            // Each deletion is a place of its own.
            earlier.deleted_at == user.deleted_at
                && (earlier.id == user.id
                    || user.deleted_at.is_none()
                        && (earlier.client_id == user.client_id
                            || (hash.is_some() && earlier.client_api_key_hash == *hash)))
        })?;
        let same = earlier.id == user.id
            && earlier.client_id == user.client_id
            && earlier.client_api_key_hash == *hash;
        Some(again(line, same.then_some(*first)))
    }
}

/// The result of a share, if an earlier one has taken its place. The owners of both are known to be right.
pub fn clash<'a>(
    line: usize,
    share: &ShareRecord,
    mut earlier: impl Iterator<Item = (usize, &'a ShareRecord)>,
) -> Option<LineResult> {
    let (first, earlier) = earlier.find(|(_, earlier)| {
        earlier.kind == share.kind
            && earlier.user_id == share.user_id
            && match (&earlier.superseded, &share.superseded) {
                (Some(_), Some(_)) => earlier.id == share.id,
                (None, None) => earlier.backup_method == share.backup_method,
                _ => false,
            }
    })?;
    let same = earlier.share.expose_secret() == share.share.expose_secret()
        && earlier.backup_share_pair_id == share.backup_share_pair_id;
    Some(again(line, same.then_some(first)))
}

fn again(line: usize, copy_of: Option<usize>) -> LineResult {
    match copy_of {
        Some(_) => LineResult {
            copy_of,
            ..LineResult::same(line)
        },
        None => LineResult::conflict(
            line,
            "an earlier record of this request takes the same place",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(lines: &[&str]) -> ImportPage {
        ImportPage::parse(lines.join("\n").as_bytes(), 10, "2027").unwrap()
    }

    #[test]
    fn lines_are_counted_as_an_editor_counts_them() {
        let page = page(&[
            "",
            r#"{"type":"user","id":"u","clientId":"c"}"#,
            "\r",
            "{broken, with a share in it",
            r#"{"type":"userBackupShare","userId":"u","cipherText":7}"#,
            "",
        ]);
        assert_eq!(
            page.users.iter().map(|(line, _)| *line).collect::<Vec<_>>(),
            [2]
        );
        assert_eq!(
            page.results,
            [
                LineResult::refused(
                    4,
                    "invalid_json",
                    "not one JSON object with each field at most once"
                ),
                LineResult::refused(
                    5,
                    "invalid_field",
                    "cipherText must be a string that is not empty, or an object"
                ),
            ]
        );
    }

    #[test]
    fn of_users_that_take_the_same_place_the_first_counts() {
        let user = r#"{"type":"user","id":"u","clientId":"c","clientApiKey":"k"}"#;
        let page = page(&[
            user,
            user,
            r#"{"type":"user","id":"v","clientId":"c"}"#,
            r#"{"type":"user","id":"w","clientId":"d","clientApiKey":"k"}"#,
            r#"{"type":"user","id":"x","clientId":"e"}"#,
            r#"{"type":"user","id":"y","clientId":"f"}"#,
            r#"{"type":"user","id":"z","clientId":"g","clientApiKey":"l"}"#,
            r#"{"type":"user","id":"u","clientId":"c","clientApiKey":"another"}"#,
        ]);
        let users: Vec<_> = page.users.iter().map(|(line, _)| *line).collect();
        let results: Vec<_> = page
            .results
            .iter()
            .map(|result| (result.line, result.outcome))
            .collect();
        assert_eq!(users, [1, 5, 6, 7]);
        assert_eq!(
            results,
            [
                (2, "same"),
                (3, "conflict"),
                (4, "conflict"),
                (8, "conflict")
            ]
        );
    }

    #[test]
    fn of_shares_that_take_the_same_place_the_first_counts() {
        let share = |kind: &str, field: &str, text: &str| {
            format!(r#"{{"type":"{kind}","userId":"u","backupMethod":"G","{field}":"{text}"}}"#)
        };
        let page = page(&[
            &share("userBackupShare", "cipherText", "x"),
            &share("userBackupShare", "cipherText", "x"),
            &share("userBackupShare", "cipherText", "y"),
            &share("custodianBackupShare", "share", "y"),
            &share("custodianBackupShare", "share", "y").replace(r#""userId":"u""#, r#""userId":"v""#),
            &share("userBackupShare", "cipherText", "x")
                .replace('{', r#"{"backupSharePairId":"another","#),
            &share("userBackupShare", "cipherText", "x").replace(
                '{',
                r#"{"id":"old","storedAt":"2026-01-01T00:00:00.000Z","supersededAt":"2026-01-01T00:00:00.000Z","#,
            ),
        ]);
        let mut sent: Vec<(usize, &ShareRecord)> = Vec::new();
        let mut results = Vec::new();
        for (line, share) in &page.shares {
            match clash(*line, share, sent.iter().copied()) {
                Some(result) => results.push((result.line, result.outcome)),
                None => sent.push((*line, share)),
            }
        }
        // Another pair is another share. Another user's, and one of the history, have places of their own.
        assert_eq!(results, [(2, "same"), (3, "conflict"), (6, "conflict")]);
    }

    #[test]
    fn a_copy_is_in_only_if_its_original_is() {
        let copy = |line, original| again(line, Some(original));
        let mut results = [
            LineResult::conflict(1, "why"),
            LineResult::new(2),
            copy(3, 1),
            copy(4, 2),
        ];
        LineResult::follow(&mut results);
        let told = results.map(|result| (result.outcome, result.reason));
        assert_eq!(
            told.map(|(outcome, reason)| (outcome, reason.is_some())),
            [
                ("conflict", true),
                ("new", false),
                ("conflict", true),
                ("same", false)
            ]
        );
    }

    #[test]
    fn too_many_lines_are_no_page() {
        let line = r#"{"type":"user"}"#;
        assert!(ImportPage::parse([line; 10].join("\n").as_bytes(), 10, "2027").is_some());
        assert!(ImportPage::parse([line; 11].join("\n").as_bytes(), 10, "2027").is_none());
        let lines = [
            r#"{"type":"user","id":"u","clientId":"c"}"#,
            r#"{"type":"userBackupShare","userId":"u","cipherText":"x"}"#,
            line,
            line,
        ];
        assert!(ImportPage::parse(lines.join("\n").as_bytes(), 4, "2027").is_some());
        assert!(ImportPage::parse(lines.join("\n").as_bytes(), 3, "2027").is_none());
    }

    #[test]
    fn each_deletion_of_a_user_is_a_place_of_its_own() {
        let user = |id: &str, client: &str, deleted: &str| {
            format!(
                r#"{{"type":"user","id":"{id}","clientId":"{client}","clientApiKey":"k","deletedAt":"{deleted}"}}"#
            )
        };
        let (first, second) = ("2026-01-01T00:00:00.000Z", "2026-01-02T00:00:00.000Z");
        let page = page(&[
            &user("u", "c", first),
            &user("u", "c", second),
            &user("u", "c", ""),
            &user("v", "c", first),
            &user("u", "c", second),
            &user("u", "d", first),
        ]);
        let users: Vec<_> = page.users.iter().map(|(line, _)| *line).collect();
        let results = page.results.iter().map(|r| (r.line, r.outcome));
        assert_eq!(users, [1, 2, 3, 4]);
        assert_eq!(results.collect::<Vec<_>>(), [(5, "same"), (6, "conflict")]);
    }

    #[test]
    fn a_superseded_share_has_the_place_of_its_version() {
        let share = |id: &str, text: &str| {
            let times = r#""storedAt":"2026-01-01T00:00:00.000Z","supersededAt":"2026-01-02T00:00:00.000Z""#;
            format!(
                r#"{{"type":"userBackupShare","userId":"u","id":"{id}","cipherText":"{text}",{times}}}"#
            )
        };
        let page = page(&[
            &share("v", "x"),
            &share("w", "x"),
            &share("v", "x"),
            &share("w", "y"),
        ]);
        let shares: Vec<_> = page.shares.iter().map(|(_, share)| share).collect();
        let [first, second, again, other] = shares.as_slice() else {
            panic!("{shares:?}")
        };
        let outcome = |share: &ShareRecord| {
            clash(1, share, [(2, *first), (3, *second)].into_iter()).map(|result| result.outcome)
        };
        assert_eq!(clash(1, second, std::iter::once((2, *first))), None);
        assert_eq!(outcome(again), Some("same"));
        assert_eq!(outcome(other), Some("conflict"));
    }

    #[test]
    fn a_field_is_told_to_be_left_out_of_a_record_that_went_in() {
        let left_out = |result: LineResult| result.without(Some("clientApiKey")).left_out;
        assert_eq!(left_out(LineResult::new(1)), Some("clientApiKey"));
        assert_eq!(left_out(LineResult::same(1)), None);
        assert_eq!(left_out(LineResult::conflict(1, "why")), None);
    }

    #[test]
    fn a_result_is_an_object_of_what_there_is_to_tell() {
        let json = |result: LineResult| -> serde_json::Value {
            serde_json::from_str(&result.to_json()).unwrap()
        };
        assert_eq!(
            json(LineResult::refused(7, "invalid_field", "id must \"x\"")),
            serde_json::json!({"line": 7, "outcome": "refused", "code": "invalid_field", "reason": "id must \"x\""})
        );
        assert_eq!(
            json(LineResult::new(8).without(Some("clientApiKey"))),
            serde_json::json!({"line": 8, "outcome": "new", "leftOut": "clientApiKey"})
        );
    }
}
