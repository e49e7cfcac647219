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
}

impl LineResult {
    /// It is in now, or (in a dry run) would be.
    pub fn new(line: usize) -> Self {
        Self {
            line,
            outcome: "new",
            code: None,
            reason: None,
            left_out: None,
        }
    }

    pub fn same(line: usize) -> Self {
        Self {
            line,
            outcome: "same",
            code: None,
            reason: None,
            left_out: None,
        }
    }

    pub fn conflict(line: usize, reason: impl Into<String>) -> Self {
        Self {
            line,
            outcome: "conflict",
            code: Some("conflict"),
            reason: Some(reason.into()),
            left_out: None,
        }
    }

    pub fn refused(line: usize, code: &'static str, reason: impl Into<String>) -> Self {
        Self {
            line,
            outcome: "refused",
            code: Some(code),
            reason: Some(reason.into()),
            left_out: None,
        }
    }

    /// Notes which optional field was left out of a record that is in now.
    pub fn without(mut self, left_out: Option<&'static str>) -> Self {
        if self.outcome == "new" {
            self.left_out = left_out;
        }
        self
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
        let (_, earlier) = self.users.iter().find(|(_, earlier)| {
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
        Some(again(line, same))
    }
}

/// The result of a share, if an earlier one has taken its place. The owners of both are known to be right.
pub fn clash<'a>(
    line: usize,
    share: &ShareRecord,
    mut earlier: impl Iterator<Item = &'a ShareRecord>,
) -> Option<LineResult> {
    let earlier = earlier.find(|earlier| {
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
    Some(again(line, same))
}

fn again(line: usize, same: bool) -> LineResult {
    if same {
        LineResult::same(line)
    } else {
        LineResult::conflict(
            line,
            "an earlier record of this request takes the same place",
        )
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
        ]);
        let users: Vec<_> = page.users.iter().map(|(line, _)| *line).collect();
        let results: Vec<_> = page
            .results
            .iter()
            .map(|result| (result.line, result.outcome))
            .collect();
        assert_eq!(users, [1, 5]);
        assert_eq!(results, [(2, "same"), (3, "conflict"), (4, "conflict")]);
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
        ]);
        let mut sent: Vec<&ShareRecord> = Vec::new();
        let mut results = Vec::new();
        for (line, share) in &page.shares {
            match clash(*line, share, sent.iter().copied()) {
                Some(result) => results.push((result.line, result.outcome)),
                None => sent.push(share),
            }
        }
        assert_eq!(results, [(2, "same"), (3, "conflict")]);
    }

    #[test]
    fn too_many_lines_are_no_page() {
        let line = r#"{"type":"user"}"#;
        assert!(ImportPage::parse([line; 10].join("\n").as_bytes(), 10, "2027").is_some());
        assert!(ImportPage::parse([line; 11].join("\n").as_bytes(), 10, "2027").is_none());
    }
}
