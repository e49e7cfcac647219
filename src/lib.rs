//! The server side of Portal's self-managed backups, as one Cloudflare Worker with D1.
//!
//! This file holds the two events. `router.rs` lists the routes; ARCHITECTURE.md tells how the parts fit together.

pub mod auth;
pub mod config;
pub mod cors;
pub mod domain;
pub mod endpoint;
pub mod error;
pub mod handlers;
pub mod http;
pub mod log;
pub mod maintenance;
pub mod platform;
pub mod portal;
pub mod router;
pub mod store;
pub mod vault;

use std::cell::OnceCell;
use std::rc::Rc;

use worker::{Context, Env, ScheduleContext, ScheduledEvent, event};

use auth::limits::{self, Limiters};
use config::Settings;
use cors::Cors;
use domain::names::new_id;
use domain::url;
use endpoint::Endpoint;
use error::{Code, Error, Result};
use http::{Answer, Call};
use log::{Field, Level, RequestLine};
use platform::{D1, now_ms};
use router::Route;
use store::Database;
use store::audit::Trail;
use vault::Vault;

/// What is made once per isolate: the settings and the keys. An isolate never sees them change.
struct Service {
    settings: Settings,
    vault: Vault,
}

thread_local! {
    static SERVICE: OnceCell<Rc<Service>> = const { OnceCell::new() };
}

impl Service {
    async fn get(env: &Env) -> Result<Rc<Self>> {
        if let Some(service) = SERVICE.with(|cell| cell.get().cloned()) {
            return Ok(service);
        }
        let settings = Settings::from_env(env)
            .map_err(|invalid| misconfigured(invalid.name, &invalid.wrong))?;
        let vault = Vault::new(&settings.share_encryption_keys).await?;
        let vault = vault.ok_or_else(|| misconfigured("SHARE_ENCRYPTION_KEYS", "is missing"))?;
        let service = Rc::new(Self { settings, vault });
        Ok(SERVICE.with(|cell| cell.get_or_init(|| service).clone()))
    }
}

/// The setting's name goes to the log only, its value nowhere.
fn misconfigured(name: &str, wrong: &str) -> Error {
    Error::new(
        Code::Misconfigured,
        "A setting is missing or malformed; the Worker's log names it.",
    )
    .caused_by(format!("{name} {wrong}"))
}

fn database(env: &Env) -> Result<D1> {
    config::database(env).ok_or_else(|| misconfigured("DB", "is not bound"))
}

#[event(start)]
fn start() {
    console_error_panic_hook::set_once();
}

#[event(fetch)]
async fn fetch(
    request: web_sys::Request,
    env: Env,
    _: Context,
) -> worker::Result<web_sys::Response> {
    let start_ms = now_ms();
    let method = request.method();
    let request_url = request.url();
    let (path, query) = url::split(&request_url);
    let headers = request.headers();
    let header = |name: &'static str| headers.get(name).ok().flatten();

    let event_id = new_id(start_ms).map_err(|error| worker::Error::RustError(error.to_string()))?;
    let trail = Trail {
        request_id: header("cf-ray").unwrap_or_else(|| event_id.clone()),
        event_id,
        now_ms: start_ms,
        source_address: header("cf-connecting-ip"),
    };
    let request_id = trail.request_id.clone();

    let Route { pattern, endpoint } = router::route(&method, path);
    let cors = cors_of(pattern, header, &env).await;
    let result = match (cors.preflight(&method, header), endpoint) {
        (Some(preflight), _) => preflight,
        (None, Ok(Endpoint::Healthz)) => handlers::health::healthz(),
        (None, Ok(endpoint)) => answer(&endpoint, &request, &headers, query, &env, trail).await,
        (None, Err(error)) => Err(error),
    };

    let (mut answer, code, cause) = match result {
        Ok(answer) => (answer, None, None),
        Err(mut error) => (
            Answer::from(&error),
            Some(error.code.as_str()),
            error.take_cause(),
        ),
    };
    answer.headers.extend(cors.headers());
    log::request(&RequestLine {
        method: &method,
        route: pattern,
        status: answer.status(),
        code,
        cause: cause.as_deref(),
        ms: now_ms().saturating_sub(start_ms),
        ray: &request_id,
    });
    answer.into_response(&request_id)
}

async fn cors_of(
    pattern: &str,
    header: impl FnOnce(&'static str) -> Option<String>,
    env: &Env,
) -> Cors {
    let Some(methods) = endpoint::browser_methods(pattern) else {
        return Cors::default();
    };
    match Service::get(env).await {
        Ok(service) => Cors::new(
            &service.settings.callers.cors_allowed_origins,
            header,
            methods,
        ),
        Err(_) => Cors::default(), // The answer itself will say what is wrong.
    }
}

async fn answer(
    endpoint: &Endpoint,
    request: &web_sys::Request,
    headers: &web_sys::Headers,
    query: &str,
    env: &Env,
    trail: Trail,
) -> Result<Answer> {
    let service = Service::get(env).await?;
    let db = Database::for_request(database(env)?);
    let call = Call {
        request,
        headers,
        query,
        settings: &service.settings,
        vault: &service.vault,
        db: &db,
        limiters: Limiters(env),
        trail,
    };
    limits::guard(&call, endpoint.door(), router::handle(endpoint, &call)).await
}

#[event(scheduled)]
async fn scheduled(_: ScheduledEvent, env: Env, _: ScheduleContext) {
    let parts = match Service::get(&env).await {
        Ok(service) => database(&env).map(|db| (service, Database::for_background(db))),
        Err(error) => Err(error),
    };
    match parts {
        Ok((service, db)) => maintenance::run(&db, &service.vault, &service.settings).await,
        Err(error) => log::event(
            Level::Error,
            "maintenance did not run",
            &[
                ("code", Field::Text(error.code.as_str())),
                (
                    "cause",
                    Field::Text(error.cause.as_deref().unwrap_or_default()),
                ),
            ],
        ),
    }
}
