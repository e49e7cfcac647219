//! What takes two operators (`FOUR_EYES`): requests that wait, and their decisions.

use crate::auth::admin::Admin;
use crate::auth::refused;
use crate::domain::approval::FourEyes;
use crate::domain::json::Writer;
use crate::domain::names::{ApprovalId, UserId, check_name};
use crate::error::{Code, Error, Result};
use crate::handlers::users::{self, Done, change, list_all};
use crate::http::{Answer, Call};
use crate::store::Database;
use crate::store::approvals::{self, Request, Waiting, unknown_request};
use crate::store::audit::{Actor, Approval, By};

/// What a request asks for that may have to wait.
pub struct Asked<'a> {
    pub action: FourEyes,
    /// As the audit trail names it.
    pub event: &'static str,
    pub user_id: &'a UserId,
    /// JSON without any secret: `users::carry_out` reads it.
    pub parameters: &'a str,
    pub reason: Option<String>,
}

/// Lets the request wait if it must: 202 with it. None: it is to be carried out at once, for the reason given.
pub async fn wait(admin: &Admin, call: &Call<'_>, asked: &Asked<'_>) -> Result<Option<Answer>> {
    call.db.because(asked.reason.clone());
    if !call.settings.operators.four_eyes.contains(&asked.action) {
        return Ok(None);
    }
    let waiting = Waiting {
        action: asked.action,
        event: asked.event,
        user_id: asked.user_id,
        parameters: asked.parameters,
        reason: asked.reason.as_deref(),
        requested_by: admin.name(),
        role: admin.role(),
    };
    let wait = approvals::wait(&call.trail, &waiting);
    let waits = change(call, asked.user_id, &wait).await?;
    Ok(Some(Answer::json(202, &approvals::waiting(waits)?)))
}

/// `GET /approvals`: those that wait.
pub async fn list(_: &Admin, call: &Call<'_>) -> Result<Answer> {
    let limit = call.page_limit()?;
    let after = call.query_name("cursor", |text| check_name(&text).map(|()| text))?;
    let after = after.as_deref().unwrap_or_default();
    let list = async |db: &Database| approvals::list(db, after, limit).await;
    let page = list_all(call, limit, "id", list).await?;
    Ok(Answer::page("approvals", &page))
}

/// The request with this id, and its database: the home of whom it is about. Another home that does not answer matters only where none of
/// the others has it.
async fn find(call: &Call<'_>, id: &str) -> Result<(Database, Request)> {
    let mut missing = unknown_request();
    for db in call.homes.all().await? {
        match approvals::get(&db, id).await {
            Ok(request) => return Ok((db, request)),
            Err(error) if error.code == Code::NotFound => {}
            Err(error) => missing = error,
        }
    }
    Err(missing)
}

fn decision(admin: &Admin, id: &str) -> Approval {
    Approval {
        id: id.to_owned(),
        by: admin.name().to_owned(),
        role: admin.role(),
    }
}

/// `POST /approvals/:approvalId`: carries the request out, in one transaction with its approval. Its event names both operators.
pub async fn approve(admin: &Admin, call: &Call<'_>, id: &ApprovalId) -> Result<Answer> {
    let (_, request) = find(call, id.as_str()).await?;
    call.db.is_by(By {
        operator: request.requested_by.clone(),
        approval: Some(decision(admin, id.as_str())),
        reason: request.reason.clone(),
    });
    let Done { body, .. } = match users::carry_out(call, &request).await {
        Err(error) => return Err(noted(error, admin, call).await),
        done => done?,
    };
    let done = Writer::default()
        .text("id", &request.id)
        .text("action", request.action.as_str())
        .text("userId", request.user_id.as_str())
        .text("requestedBy", &request.requested_by)
        .text("approvedBy", admin.name())
        .raw("answer", body.as_deref().unwrap_or("null"));
    Ok(Answer::ok(done))
}

/// `DELETE /approvals/:approvalId`: it is not carried out.
pub async fn refuse(admin: &Admin, call: &Call<'_>, id: &ApprovalId) -> Result<Answer> {
    let (db, request) = find(call, id.as_str()).await?;
    let decision = decision(admin, id.as_str());
    match approvals::refuse(&db, &call.trail, &request, &decision).await {
        Err(error) => Err(noted(error, admin, call).await),
        Ok(()) => Ok(Answer::no_content()),
    }
}

/// A decision that may not be taken stops its transaction, so the event of the refusal is written by itself.
async fn noted(error: Error, admin: &Admin, call: &Call<'_>) -> Error {
    if error.code != Code::Forbidden {
        return error;
    }
    call.db.is_by(By {
        operator: admin.name().to_owned(),
        approval: None,
        reason: None,
    });
    Box::pin(refused(call, Actor::Admin, error)).await
}
