//! Which custodian shares of the history user shares may belong to, in SQL: a fetch finds them, and the purge spares them.
//! `domain::recovery` decides.

use super::Statement;

/// A condition in SQL: the user share `s` is of the backup that a custodian share of the method $method may be of.
macro_rules! is_of_backup {
    ($method:literal) => {
        concat!(
            "(",
            $method,
            " COLLATE NOCASE = s.method OR substr(",
            $method,
            ", 1, length(s.method) + 1) = s.method || '-' COLLATE NOCASE OR s.method = 'UNKNOWN')"
        )
    };
}

/// A condition in SQL: the custodian share `v` of the history may be the mate of one of the user's current shares: it is of
/// the same pair, or was the newest of its method when the user share was stored.
macro_rules! may_be_mate {
    () => {
        concat!(
            "EXISTS (SELECT 1 FROM user_backup_shares s WHERE s.user_id = v.user_id AND ",
            is_of_backup!("v.method"),
            " AND (v.backup_share_pair_id = s.backup_share_pair_id \
                 OR (v.stored_at = (SELECT max(n.stored_at) FROM backup_share_versions n \
                       WHERE n.user_id = v.user_id AND n.kind = 'custodian' AND n.method = v.method \
                       AND n.client_id = v.client_id AND n.stored_at <= s.updated_at) \
                     AND NOT EXISTS (SELECT 1 FROM custodian_backup_shares c WHERE c.user_id = v.user_id \
                       AND c.method = v.method AND c.updated_at BETWEEN v.stored_at AND s.updated_at))))"
        )
    };
}

/// The current user shares' possible mates in the history of the client ?1, for a fetch. A user may have very many versions
/// there, so those that [`may_be_mate`] is asked of are sought by an index: by the pair; and, under each method of the history,
/// the newest one when the user share was stored. `methods` is found by leaping from one to the next.
macro_rules! mates_of_current {
    ($columns:literal) => {
        concat!(
            "SELECT ",
            $columns,
            " FROM backup_share_versions v WHERE v.rowid IN (WITH RECURSIVE u (id) AS (SELECT id FROM users WHERE client_id = ?1), \
               methods (method) AS (\
                 SELECT min(n.method) FROM u JOIN backup_share_versions n ON n.user_id = u.id AND n.kind = 'custodian' \
                 UNION ALL SELECT (SELECT min(n.method) FROM u JOIN backup_share_versions n ON n.user_id = u.id \
                   AND n.kind = 'custodian' AND n.method > m.method) \
                 FROM methods m WHERE m.method IS NOT NULL) \
               SELECT n.rowid FROM u JOIN user_backup_shares s ON s.user_id = u.id JOIN backup_share_versions n \
                 ON n.user_id = u.id AND n.kind = 'custodian' AND n.backup_share_pair_id = s.backup_share_pair_id \
               UNION SELECT n.rowid FROM u CROSS JOIN methods m CROSS JOIN user_backup_shares s ON s.user_id = u.id AND ",
            is_of_backup!("m.method"),
            " CROSS JOIN backup_share_versions n ON n.user_id = u.id AND n.kind = 'custodian' AND n.method = m.method \
                 AND n.stored_at = (SELECT max(o.stored_at) FROM backup_share_versions o WHERE o.user_id = u.id \
                   AND o.kind = 'custodian' AND o.method = m.method AND o.client_id = ?1 \
                   AND o.stored_at <= s.updated_at)) \
             AND v.client_id = ?1 AND ",
            may_be_mate!()
        )
    };
}
pub(crate) use {is_of_backup, mates_of_current, may_be_mate};

/// A condition in SQL: as [`may_be_mate`], of a user share that is itself in the history and can still be restored. A user
/// may have very many of those, so both kinds of mate are sought by an index: by the pair; and from when `v` was stored until
/// the next of its method was, under each method that `v` may be of.
macro_rules! may_be_mate_of_kept {
    ($cutoff:expr) => {
        concat!(
            "(EXISTS (SELECT 1 FROM backup_share_versions s WHERE s.user_id = v.user_id \
               AND s.backup_share_pair_id = v.backup_share_pair_id AND s.kind = 'user' AND s.client_id = v.client_id AND ",
            is_of_backup!("v.method"),
            " AND max(s.superseded_at, coalesce(s.imported_at, '')) >= ",
            $cutoff,
            ") OR EXISTS (WITH RECURSIVE methods (name) AS (SELECT v.method \
                 UNION ALL SELECT substr(rtrim(name, replace(name, '-', '')), 1, length(rtrim(name, replace(name, '-', ''))) - 1) \
                 FROM methods WHERE instr(name, '-') > 0) \
               SELECT 1 FROM (SELECT name FROM methods UNION SELECT 'UNKNOWN') m \
               CROSS JOIN backup_share_versions s ON s.user_id = v.user_id AND s.kind = 'user' AND s.method = m.name \
                 AND s.stored_at >= v.stored_at AND s.stored_at < coalesce((SELECT min(n.stored_at) FROM backup_share_versions n \
                   WHERE n.user_id = v.user_id AND n.kind = 'custodian' AND n.method = v.method \
                   AND n.client_id = v.client_id AND n.stored_at > v.stored_at), '~') \
               WHERE s.client_id = v.client_id AND max(s.superseded_at, coalesce(s.imported_at, '')) >= ",
            $cutoff,
            " AND NOT EXISTS (SELECT 1 FROM users u JOIN custodian_backup_shares c ON c.user_id = u.id WHERE u.id = v.user_id \
                 AND u.client_id = v.client_id AND c.method = v.method AND c.updated_at BETWEEN v.stored_at AND s.stored_at)))"
        )
    };
}

/// A condition in SQL: the user share `v` of the history may be the mate of one of the user's current custodian shares: it is the
/// first that was stored after that one, or the first of its pair. The first only: whoever has an app's credential can store
/// any number after it, and what is spared must have an end.
macro_rules! may_be_mate_of_current {
    () => {
        "EXISTS (SELECT 1 FROM users u JOIN custodian_backup_shares c ON c.user_id = u.id \
   WHERE u.id = v.user_id AND u.client_id = v.client_id AND (c.method = v.method \
     OR substr(c.method, 1, length(v.method) + 1) = v.method || '-' COLLATE NOCASE OR v.method = 'UNKNOWN') \
   AND (v.stored_at >= c.updated_at \
       AND NOT EXISTS (SELECT 1 FROM backup_share_versions n WHERE n.user_id = v.user_id AND n.kind = 'user' \
         AND n.method = v.method AND n.client_id = v.client_id AND n.stored_at >= c.updated_at AND n.stored_at < v.stored_at) \
       AND NOT EXISTS (SELECT 1 FROM user_backup_shares s WHERE s.user_id = v.user_id AND s.method = v.method \
         AND s.updated_at >= c.updated_at AND s.updated_at < v.stored_at) \
     OR v.backup_share_pair_id = c.backup_share_pair_id \
       AND NOT EXISTS (SELECT 1 FROM backup_share_versions n WHERE n.user_id = v.user_id AND n.kind = 'user' \
         AND n.backup_share_pair_id = v.backup_share_pair_id AND n.client_id = v.client_id AND n.stored_at < v.stored_at) \
       AND NOT EXISTS (SELECT 1 FROM user_backup_shares s WHERE s.user_id = v.user_id \
         AND s.backup_share_pair_id = v.backup_share_pair_id AND s.updated_at < v.stored_at)))"
    };
}

/// Deletes the versions of the given row ids that are past the retention, but never one that another share may belong to: a
/// custodian share that a user share in use, or one that can still be restored, may need; and a user share that a custodian share
/// in use may need.
pub fn purge_expired_statement(
    first_rowid: u64,
    last_rowid: u64,
    retention_days: u32,
) -> Statement {
    macro_rules! cutoff {
        () => {
            "strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-' || ?3 || ' days')"
        };
    }
    const SQL: &str = concat!(
        "DELETE FROM backup_share_versions AS v WHERE v.rowid BETWEEN ?1 AND ?2 \
         AND max(v.superseded_at, coalesce(v.imported_at, '')) < ",
        cutoff!(),
        " AND NOT (v.kind = 'custodian' AND (\
           EXISTS (SELECT 1 FROM users u WHERE u.id = v.user_id AND u.client_id = v.client_id) AND ",
        may_be_mate!(),
        " OR ",
        may_be_mate_of_kept!(cutoff!()),
        ")) AND NOT (v.kind = 'user' AND ",
        may_be_mate_of_current!(),
        ") RETURNING id"
    );
    Statement::new(SQL)
        .number(first_rowid)
        .number(last_rowid)
        .text(&retention_days.to_string())
}
