//! `/clients/:clientId/backup`, as Portal's guides had it before multi-backup: one backup, of the client in the path.
//!
//! The same shares as under `/users/:userId/…`; a request that names no method means `UNKNOWN`. The guides' server
//! answers with `cipherText`, their iOS app reads `backupShare`: both are there.

use crate::auth::client::Credential;
use crate::domain::homes::Key;
use crate::domain::names::{ClientId, UserId};
use crate::error::Result;
use crate::handlers::client;
use crate::http::{Answer, Call};
use crate::store::clients;

pub async fn store(
    credential: Credential,
    call: &Call<'_>,
    client_id: &ClientId,
) -> Result<Answer> {
    let user_id = caller(&credential, call, client_id).await?;
    client::store_share(credential, call, &user_id).await
}

pub async fn fetch(
    credential: Credential,
    call: &Call<'_>,
    client_id: &ClientId,
) -> Result<Answer> {
    let user_id = caller(&credential, call, client_id).await?;
    client::fetch_share_as(credential, call, &user_id, "cipherText backupShare").await
}

/// The user of the client, who must be the caller: 401, 403.
pub async fn caller(
    credential: &Credential,
    call: &Call<'_>,
    client_id: &ClientId,
) -> Result<UserId> {
    client::at_home(call, credential, &Key::client(client_id), async |db| {
        clients::user_of(db, &call.trail, credential, client_id).await
    })
    .await
}
