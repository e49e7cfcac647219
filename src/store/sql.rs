//! The text of the statements: one file each, in `sql/`, that can be pasted into `sqlite3`.

/// The statement of `sql/$name.sql`, without its comments and line breaks. They are for the reader; in the Worker each would go
/// to the database with every request.
macro_rules! sql {
    ($name:literal) => {{
        const WHOLE: &str = include_str!(concat!("sql/", $name, ".sql"));
        const LENGTH: usize = $crate::store::sql::pack::<{ WHOLE.len() }>(WHOLE).1;
        const PACKED: [u8; LENGTH] = $crate::store::sql::pack::<LENGTH>(WHOLE).0;
        const SQL: &str = match str::from_utf8(&PACKED) {
            Ok(sql) => sql,
            Err(_) => "",
        };
        SQL
    }};
}
pub(crate) use sql;

/// The first `N` bytes of a statement without its comments, with one space for each white space; and how many there are in all.
/// What stands between apostrophes stays as it is.
#[expect(
    clippy::indexing_slicing,
    reason = "at compile time: a wrong index does not compile"
)]
pub const fn pack<const N: usize>(sql: &str) -> ([u8; N], usize) {
    let from = sql.as_bytes();
    let (mut packed, mut length) = ([0; N], 0);
    let (mut at, mut is_quoted, mut is_space) = (0, false, true);
    while at < from.len() {
        if !is_quoted && from[at] == b'-' && at + 1 < from.len() && from[at + 1] == b'-' {
            while at < from.len() && from[at] != b'\n' {
                at += 1;
            }
            continue;
        }
        let is_space_now = !is_quoted && from[at].is_ascii_whitespace();
        if !(is_space && is_space_now) {
            if length < N {
                packed[length] = if is_space_now { b' ' } else { from[at] };
            }
            length += 1;
        }
        is_quoted ^= from[at] == b'\'';
        is_space = is_space_now;
        at += 1;
    }
    if is_space {
        length -= 1; // The last line's end.
    }
    (packed, length)
}

#[cfg(test)]
mod tests {
    use super::pack;

    #[test]
    fn comments_and_line_breaks_go_and_what_is_quoted_stays() {
        let sql = "-- name(?1)\n-- It's told.\nSELECT  ?1,\n  'a -- b\n c' -- why\nFROM t\n";
        let expected = "SELECT ?1, 'a -- b\n c' FROM t";
        let (packed, length) = pack::<64>(sql);
        assert_eq!(packed.get(..length), Some(expected.as_bytes()));
    }
}
