//! All SQL, and the only user of the database.
//!
//! A store or a fetch is one batch: one transaction, one round trip. A request is carried out at most once, and never after
//! it has been answered ([`Change`]): that is what makes the retries here safe.
//!
//! SQL is constant text; whatever comes from outside is a bound parameter.

pub mod alerts;
pub mod approvals;
mod attempts;
pub mod audit;
pub mod canaries;
mod change;
pub mod changes;
pub mod clients;
pub mod clock;
pub mod credential;
pub mod custodian_shares;
mod database;
pub mod deleted_users;
pub mod departed;
pub mod directory_walk;
pub mod eject;
pub mod enrolment;
pub mod escrow;
pub mod export;
pub mod half_finished;
pub mod health;
pub mod import;
pub mod import_shares;
pub mod maintenance;
mod meta;
pub mod methods;
pub mod metrics;
pub mod moves;
pub mod outcome;
pub mod purges;
pub mod rebuild;
pub mod routes;
mod rows;
pub mod share_pairs;
mod sql;
mod statement;
pub mod status;
pub mod support;
pub mod timeline;
pub mod user_shares;
pub mod users;
pub mod versions;
mod which;

pub use attempts::MOVED;
pub use change::{Change, Changed};
pub use database::{Database, ask_each};
pub use rows::{Page, Results, Row, Rows};
pub use statement::Statement;
pub use which::Which;
