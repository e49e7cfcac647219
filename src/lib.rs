//! The server side of Portal's self-managed backups, as one Cloudflare Worker with D1.
//!
//! This file holds the three events. `routes.rs` lists the routes; ARCHITECTURE.md tells how the parts fit together.

pub mod alerts;
pub mod auth;
pub mod config;
pub mod copy;
pub mod cors;
pub mod domain;
pub mod error;
pub mod handlers;
pub mod homes;
pub mod http;
pub mod limiters;
pub mod log;
pub mod maintenance;
pub mod pairs;
pub mod platform;
pub mod portal;
pub mod release;
pub mod router;
pub mod routes;
pub mod store;
pub mod vault;

use std::cell::OnceCell;
use std::rc::Rc;

use js_sys::{Array, Function};
use wasm_bindgen::prelude::*;
use worker::ScheduledEvent;

use config::{Copies, Settings};
use copy::Copier;
use cors::Cors;
use domain::names::new_id;
use domain::query;
use domain::turn::Turn;
use domain::url;
use error::{Code, Error, Result};
use homes::Homes;
use http::{Answer, Call, Head};
use limiters::Limiters;
use log::{Field, Level, RequestLine};
use maintenance::Work;
use platform::{Bindings, now_ms};
use router::Found;
use routes::{Access, Route};
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
    async fn get(env: &Bindings) -> Result<Rc<Self>> {
        if let Some(service) = SERVICE.with(|cell| cell.get().cloned()) {
            return Ok(service);
        }
        let settings =
            Settings::of(env).map_err(|invalid| misconfigured(invalid.name, &invalid.wrong))?;
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

const PANIC: &str = "panic";

#[wasm_bindgen(start)]
fn start() {
    let instance =
        platform::start(|panic| log::event(Level::Error, PANIC, &[("cause", Field::Text(panic))]));
    if instance > 1 {
        // What the instance before knew is lost with it.
        alerts::raise(Level::Error, PANIC);
        log::add_alarms(vec![(PANIC.to_owned(), 1)]);
    }
}

/// Makes what is made once per isolate before its first request comes: `src/entry.js` calls it as the isolate starts. What is wrong with
/// it is no matter here: the first request makes it again, and tells.
#[wasm_bindgen]
pub fn prepare(env: Bindings, resolve: Function, reject: Function) {
    let prepared = async move {
        let _ = Service::get(&env).await;
        Ok(JsValue::UNDEFINED)
    };
    platform::settle_with(Box::pin(prepared), resolve, reject);
}

/// The event `fetch`: `src/platform/worker.js` calls it, and one of the two functions is called with what came of it.
#[wasm_bindgen]
pub fn fetch(request: web_sys::Request, env: Bindings, resolve: Function, reject: Function) {
    let answer = async move { respond(request, env).await.map(JsValue::from) };
    platform::settle_with(Box::pin(answer), resolve, reject);
}

async fn respond(
    request: web_sys::Request,
    env: Bindings,
) -> std::result::Result<web_sys::Response, JsValue> {
    let start_ms = now_ms();
    let head = platform::request_head(&request);
    let head = Head::of(&request, &head);
    let (path, query) = url::split(head.url);

    let event_id = new_id(start_ms).map_err(|error| JsValue::from_str(&error.to_string()))?;
    let trail = Trail {
        request_id: head.ray.unwrap_or(&event_id).to_owned(),
        event_id,
        now_ms: start_ms,
        source_address: head.connecting_ip.map(str::to_owned),
    };
    let request_id = trail.request_id.clone();
    let operator = OnceCell::new();

    let found = router::find(path);
    let service = Service::get(&env).await;
    let cors = cors_of(found.map(|found| found.route), &head, service.as_deref());
    let preflight = cors.preflight(head.method, |name| head.header(name));
    let result = match (preflight, found) {
        (Some(preflight), _) => preflight,
        (None, Some(found)) => answer(found, &head, query, &env, service, trail, &operator).await,
        (None, None) => Err(Error::not_found(
            "No route has this path. GET /docs lists the routes.",
        )),
    };

    let (mut answer, code, cause) = match result {
        Ok(answer) => (answer, None, None),
        Err(error) => (
            Answer::from(&error),
            Some(error.code.as_str()),
            error.cause.clone(),
        ),
    };
    answer.headers.extend(cors.headers());
    log::request(&RequestLine {
        method: head.method,
        route: found.map_or("(none)", |found| found.route.pattern()),
        shape: found.is_none().then(|| router::shape(path)).as_deref(),
        status: answer.status(),
        code,
        cause: cause.as_deref(),
        ms: now_ms().saturating_sub(start_ms),
        ray: &request_id,
        operator: operator.get().map(String::as_str),
    });
    alerts::send_behind(&env);
    answer.into_response(&request_id)
}

/// What is wrong with the settings, the answer itself says.
fn cors_of(
    route: Option<&Route>,
    head: &Head<'_>,
    service: std::result::Result<&Service, &Error>,
) -> Cors {
    let apps = |route: &&Route| route.operations.iter().any(|of| of.access.is_apps());
    let (Some(route), Ok(service)) = (route.filter(apps), service) else {
        return Cors::default();
    };
    Cors::new(
        &service.settings.callers.cors_allowed_origins,
        |name| head.header(name),
        || route.methods(Access::is_apps),
    )
}

async fn answer(
    found: Found<'_>,
    head: &Head<'_>,
    query: &str,
    env: &Bindings,
    service: Result<Rc<Service>>,
    trail: Trail,
    operator: &OnceCell<String>,
) -> Result<Answer> {
    let operation = found.operation(head.method)?;
    if let Access::Always(handle) = operation.access {
        query::check(query, operation.query)?;
        return handle();
    }
    let service = service?;
    let copier = copier(env, &service.settings);
    let homes = Homes::for_request(env, &service.settings.homes)?;
    let homes = match &copier {
        Some(copier) => homes.copied(copier.required),
        None => homes,
    };
    let call = Call {
        head,
        query,
        settings: &service.settings,
        vault: &service.vault,
        db: homes.first(),
        homes: &homes,
        limiters: Limiters(env),
        bindings: env,
        copier,
        trail,
        operator,
        bearer: OnceCell::new(),
    };
    let answer = found.answer(operation, &call).await?;
    if let Some(copier) = &call.copier {
        let may_change = operation.access.is_operators() && operation.method != "GET";
        // Boxed, a function of its own: V8 compiles it in isolates only where there is a copy.
        let followed = Box::pin(copier.follow(&homes.changed()?, may_change)).await;
        match followed {
            Err(error) if answer.is_once => copy::tell_late(error.why()),
            followed => followed?,
        }
    }
    Ok(answer)
}

fn copier<'a>(env: &'a Bindings, settings: &'a Settings) -> Option<Copier<'a>> {
    Some(Copier {
        copies: Copies::of(env, &settings.homes)?,
        wait_ms: settings.copy_wait_ms,
        required: settings.copy_required,
    })
}

/// The event `scheduled`: the cron trigger.
#[wasm_bindgen]
pub fn scheduled(event: ScheduledEvent, env: Bindings, resolve: Function, reject: Function) {
    let run = async move {
        let work = Work::of_cron(&event.cron().unwrap_or_default());
        run_in_background(&env, work).await;
        Ok(JsValue::UNDEFINED)
    };
    platform::settle_with(Box::pin(run), resolve, reject);
}

/// The event `queue`: what the messages say.
#[wasm_bindgen]
pub fn queue(messages: Array, env: Bindings, resolve: Function, reject: Function) {
    let run = async move {
        let turns = messages.iter().filter_map(|text| text.as_string());
        let turns = turns.filter_map(|text| Turn::parse(&text)).collect();
        run_in_background(&env, Work::Turns(turns)).await;
        Ok(JsValue::UNDEFINED)
    };
    platform::settle_with(Box::pin(run), resolve, reject);
}

async fn run_in_background(env: &Bindings, work: Work) {
    let ran = match Service::get(env).await {
        Ok(service) => maintenance::run(env, &service.vault, &service.settings, work).await,
        Err(error) => Err(error),
    };
    match ran {
        Ok(()) => {}
        Err(error) => log::event(
            Level::Error,
            "maintenance did not run",
            &[
                ("code", Field::Text(error.code.as_str())),
                ("cause", Field::Text(error.why())),
            ],
        ),
    }
    alerts::send(env).await;
}
