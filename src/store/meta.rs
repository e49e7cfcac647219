//! `meta`: single values, by their names.

use super::Statement;
use super::sql::sql;

pub(super) fn get(name: &str) -> Statement {
    Statement::new("SELECT value FROM meta WHERE name = ?1").text(name)
}

pub(super) fn put(name: &str, value: &str) -> Statement {
    Statement::new(sql!("meta_put")).text(name).text(value)
}
