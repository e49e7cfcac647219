//! Where a page of an export ended, as its cursor has it; and how much has left.

use crate::domain::json::{self, Writer, quoted};
use crate::store::Row;

/// What has left so far.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Left {
    pages: u64,
    /// With the deletions that can still be undone.
    users: u64,
    /// With the history.
    custodian_shares: u64,
    user_shares: u64,
}

impl Left {
    pub(super) fn with(self, rows: &[Row]) -> Self {
        let of_part = |part| rows.iter().filter(|row| row.number("part") == part).count() as u64;
        Self {
            pages: self.pages + 1,
            users: self.users + of_part(0),
            custodian_shares: self.custodian_shares + of_part(1),
            user_shares: self.user_shares + of_part(2),
        }
    }

    /// As the audit event has it.
    pub(super) fn to_json(self, is_finished: bool) -> String {
        Writer::default()
            .number("pages", self.pages)
            .number("users", self.users)
            .number("custodianBackupShares", self.custodian_shares)
            .number("userBackupShares", self.user_shares)
            .flag("isFinished", is_finished)
            .end()
    }
}

/// Where a page ended, and which export it is of.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Place {
    pub(super) user_id: String,
    /// 0 the user, 1 its custodian shares, 2 its user shares.
    pub(super) part: u64,
    /// In lower case, as methods are compared.
    pub(super) method: String,
    /// When the share was stored; when the user was deleted.
    pub(super) at: String,
    pub(super) id: String,
    /// Which client the user was then, and when it was deleted last.
    pub(super) user: String,
    /// The audit event of the export: none on the first page.
    pub(super) event_id: String,
    /// When the export began, in milliseconds.
    pub(super) begun_ms: u64,
    /// How often the export has gone through everything, and the request that began to.
    pub(super) pass: u64,
    pub(super) pass_id: String,
    pub(super) left: Left,
}

impl Place {
    /// From the JSON that [`to_json`](Self::to_json) made.
    pub fn parse(array: &str) -> Option<Self> {
        let [
            user_id,
            part,
            method,
            at,
            id,
            user,
            event_id,
            begun_ms,
            pass,
            pass_id,
            pages,
            users,
            custodian_shares,
            user_shares,
        ] = json::elements(array)?.try_into().ok()?;
        Some(Self {
            user_id: json::text(user_id)?,
            part: part.parse().ok()?,
            method: json::text(method)?,
            at: json::text(at)?,
            id: json::text(id)?,
            user: json::text(user)?,
            event_id: json::text(event_id)?,
            begun_ms: begun_ms.parse().ok()?,
            pass: pass.parse().ok()?,
            pass_id: json::text(pass_id)?,
            left: Left {
                pages: pages.parse().ok()?,
                users: users.parse().ok()?,
                custodian_shares: custodian_shares.parse().ok()?,
                user_shares: user_shares.parse().ok()?,
            },
        })
    }

    pub fn to_json(&self) -> String {
        json::array([
            quoted(&self.user_id),
            self.part.to_string(),
            quoted(&self.method),
            quoted(&self.at),
            quoted(&self.id),
            quoted(&self.user),
            quoted(&self.event_id),
            self.begun_ms.to_string(),
            self.pass.to_string(),
            quoted(&self.pass_id),
            self.left.pages.to_string(),
            self.left.users.to_string(),
            self.left.custodian_shares.to_string(),
            self.left.user_shares.to_string(),
        ])
    }

    pub(super) fn moved_to(self, row: &Row) -> Self {
        Self {
            user_id: row.text("user_id"),
            part: row.number("part"),
            method: row.text("method"),
            at: row.text("at"),
            id: row.text("id"),
            user: row.text("user"),
            ..self
        }
    }
}
