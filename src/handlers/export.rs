//! `GET /admin/export`: everything that is stored, for a copy elsewhere.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::auth::admin::Admin;
use crate::domain::json::{self, Writer};
use crate::domain::url;
use crate::error::{Error, Result};
use crate::http::{Answer, Call};
use crate::store::export::{self, Place};

/// A page of everything that is stored. Shares leave as they are kept, sealed: the operator's token alone opens none.
pub async fn export(_: &Admin, call: &Call<'_>) -> Result<Answer> {
    let after = match url::query_value(call.query, "cursor") {
        None => Place::default(),
        Some(text) => text
            .and_then(|text| URL_SAFE_NO_PAD.decode(text).ok())
            .and_then(|json| Place::parse(&String::from_utf8(json).ok()?))
            .ok_or_else(|| Error::field("cursor", "be one that this route has given"))?,
    };
    let page = export::page(call.db, &call.trail, after).await?;
    let cursor = page
        .next
        .map(|place| URL_SAFE_NO_PAD.encode(place.to_json()));
    let mut answer = Writer::default()
        .raw("records", &json::array(page.records))
        .optional("cursor", cursor.as_deref());
    if let Some(counts) = page.counts {
        let counts = Writer::default()
            .number("users", counts.users)
            .number("deletedUsers", counts.deleted_users)
            .number("custodianBackupShares", counts.custodian_shares)
            .number("userBackupShares", counts.user_shares);
        answer = answer.raw("counts", &counts.end());
    }
    Ok(Answer::json(200, &answer.end()))
}
