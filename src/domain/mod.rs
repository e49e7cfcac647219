//! What the service is about, without a Worker, a database or JavaScript: names, secrets, sealing, what a
//! backup's state is. Tested natively.

pub mod alert;
pub mod approval;
pub mod audit;
pub mod beginning;
pub mod bindings;
pub mod body;
pub mod bulk;
pub mod claims;
pub mod head;
pub mod homes;
pub mod import_page;
pub mod ip;
pub mod journal;
pub mod json;
pub mod jwks;
pub mod jwt;
pub mod metrics;
pub mod names;
pub mod number;
pub mod opens;
pub mod origin;
pub mod portal;
pub mod query;
pub mod rebuild;
pub mod recent;
pub mod recovery;
pub mod role;
pub mod sealing;
pub mod secret;
pub mod share_pairs;
pub mod sorted;
pub mod timeline;
pub mod turn;
pub mod url;
