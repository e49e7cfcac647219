//! `GET /admin/export`: everything that is stored, for a copy elsewhere.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;

use crate::auth::admin::Admin;
use crate::domain::url;
use crate::error::{Error, Result};
use crate::http::{Answer, Call};
use crate::store::export::{self, Cursor, Record};

/// A page of everything that is stored. Shares leave as they are kept, sealed: the operator's token alone opens none.
pub async fn export(call: &Call<'_>) -> Result<Answer> {
    #[derive(Serialize)]
    struct Page {
        records: Vec<SealedRecord>,
        cursor: Option<String>,
    }
    let _: Admin = Admin::authenticate(call).await?;
    let after = match url::query_value(call.query, "cursor") {
        None => Cursor::default(),
        Some(text) => text
            .and_then(|text| URL_SAFE_NO_PAD.decode(text).ok())
            .and_then(|json| serde_json::from_slice(&json).ok())
            .ok_or_else(|| Error::field("cursor", "be one that this route has given"))?,
    };
    let rows = export::page(call.db, &call.trail, &after).await?;
    let cursor = match rows.last() {
        None => None,
        Some(row) => {
            let json = serde_json::to_vec(&row.cursor())
                .map_err(|error| Error::internal(error.to_string()))?;
            Some(URL_SAFE_NO_PAD.encode(json))
        }
    };
    let records = rows
        .into_iter()
        .filter(|row| !row.deleted)
        .map(SealedRecord::from)
        .collect();
    Answer::json(200, &Page { records, cursor })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase", untagged)]
enum SealedRecord {
    #[serde(rename_all = "camelCase")]
    User {
        r#type: &'static str,
        id: String,
        client_id: Option<String>,
        client_api_key_hash: Option<String>,
        created_at: Option<String>,
    },
    #[serde(rename_all = "camelCase")]
    Share {
        r#type: &'static str,
        id: Option<String>,
        user_id: String,
        client_id: Option<String>,
        backup_method: Option<String>,
        backup_share_pair_id: Option<String>,
        created_at: Option<String>,
        stored_at: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        superseded_at: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        key_id: Option<String>,
        sealed_share: Option<String>,
    },
}

impl From<Record> for SealedRecord {
    fn from(row: Record) -> Self {
        if row.part == 0 {
            return Self::User {
                r#type: "user",
                id: row.user_id,
                client_id: row.client_id,
                client_api_key_hash: row.client_api_key_hash,
                created_at: row.user_created_at,
            };
        }
        Self::Share {
            r#type: if matches!(row.part, 1 | 3) {
                "custodianBackupShare"
            } else {
                "userBackupShare"
            },
            id: row.id,
            user_id: row.user_id,
            client_id: row.client_id,
            backup_method: row.backup_method,
            backup_share_pair_id: row.backup_share_pair_id,
            created_at: row.created_at,
            stored_at: row.stored_at,
            superseded_at: row.superseded_at,
            reason: row.reason,
            key_id: row.key_id,
            sealed_share: row.sealed_share,
        }
    }
}
