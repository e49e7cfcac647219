//! One function per route: parse, decide, one batch, answer. The steps that a handler's comment lists are numbered in
//! its body.

pub mod admin;
pub mod approvals;
pub mod client;
pub mod clock;
pub mod copy;
pub mod export;
pub mod half_finished;
pub mod health;
pub mod homes;
pub mod import;
pub mod import_homes;
pub mod legacy;
pub mod metrics;
pub mod nobody;
pub mod portal_users;
pub mod status;
pub mod support;
pub mod timeline;
pub mod users;
pub mod webhook;
