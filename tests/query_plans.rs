//! Every statement of `src/store`, those in `sql/` and the short ones in the code, prepared against the migrations with a real SQLite: it is valid, and
//! its query plan is the one in `query-plans.txt`.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test")]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

/// `UPDATE_PLANS=1 cargo test --test query_plans` writes it anew; look at what changed before you commit it.
const PLANS: &str = "tests/query-plans.txt";

/// What reads a whole table, and may: counts and background work. No route that Portal or an app calls.
const MAY_SCAN: [&str; 10] = [
    "UPDATE daily_events SET recent = 0 WHERE recent <> 0", // a row for each day, action and outcome
    "backfill_deleted",
    "clock_work", // counts, and reads no table
    "compare_totals",
    "export_end",
    "home_identity", // whether there is any row: it reads one
    "key_use",
    "move_members",   // the members, of whom there are one or two
    "purges_waiting", // a hundred, by an index
    "status_counts",
];
/// Tables that are as good as empty: notes until they are copied, who lost something during a merge, users on the move, homes,
/// keys ever used, requests that wait, and SQLite's own.
const SMALL: [&str; 7] = [
    "approvals",
    "changes",
    "homes",
    "key_canaries",
    "merge_taken",
    "moves",
    "sqlite_sequence",
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn sorted_files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
}

/// The databases that statements are for: a home, and the directory.
struct Databases {
    home: Connection,
    directory: Connection,
}

impl Databases {
    fn new() -> Self {
        Self {
            home: database("migrations"),
            directory: database("migrations-directory"),
        }
    }

    fn of(&self, name: &str) -> &Connection {
        if name.starts_with("directory_") {
            &self.directory
        } else {
            &self.home
        }
    }
}

fn database(migrations: &str) -> Connection {
    let database = Connection::open_in_memory().unwrap();
    for migration in sorted_files(&root().join(migrations)) {
        let sql = fs::read_to_string(&migration).unwrap();
        database.execute_batch(&sql).unwrap();
    }
    database
}

/// The statements with a file of their own, by its name.
fn files() -> BTreeMap<String, String> {
    sorted_files(&root().join("src/store/sql"))
        .iter()
        .map(|file| {
            let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, fs::read_to_string(file).unwrap())
        })
        .collect()
}

/// The code of `src/store`, tests aside.
fn code() -> String {
    let folder = root().join("src/store");
    sorted_files(&folder)
        .iter()
        .chain(&sorted_files(&folder.join("export")))
        .filter(|file| file.extension().is_some_and(|extension| extension == "rs"))
        .filter(|file| file.file_stem().unwrap() != "sql")
        .map(|file| fs::read_to_string(file).unwrap())
        .collect()
}

/// Every statement, by its name; a short one, which stands in the code, is its own name.
fn statements() -> BTreeMap<String, String> {
    let code = code();
    let short = code.split('"').filter(|text| {
        ["SELECT ", "INSERT ", "UPDATE ", "DELETE ", "WITH "]
            .iter()
            .any(|verb| text.starts_with(verb))
    });
    let short = short.map(|text| (text.to_owned(), text.to_owned()));
    files().into_iter().chain(short).collect()
}

/// The plan of a statement, indented as a tree.
fn plan(database: &Connection, sql: &str) -> String {
    let mut explained = database
        .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))
        .unwrap_or_else(|error| panic!("{error}\n{sql}"));
    let mut rows = explained.raw_query();
    let mut depths = BTreeMap::from([(0, 0)]);
    let mut text = String::new();
    while let Some(row) = rows.next().unwrap() {
        let (id, parent): (i64, i64) = (row.get(0).unwrap(), row.get(1).unwrap());
        let detail: String = row.get(3).unwrap();
        let depth = depths.get(&parent).copied().unwrap_or_default() + 1;
        depths.insert(id, depth);
        writeln!(text, "{}{detail}", "  ".repeat(depth)).unwrap();
    }
    text
}

fn plans() -> BTreeMap<String, String> {
    let databases = Databases::new();
    statements()
        .into_iter()
        .map(|(name, sql)| {
            let plan = plan(databases.of(&name), &sql);
            (name, plan)
        })
        .collect()
}

#[test]
fn every_file_is_a_statement_whose_first_line_names_it_and_its_parameters() {
    let (code, databases) = (code(), Databases::new());
    for (name, sql) in files() {
        assert!(
            code.contains(&format!("sql!(\"{name}\")")),
            "nothing uses {name}"
        );
        let first = sql.lines().next().unwrap();
        assert!(first.starts_with(&format!("-- {name}(")), "{first}");
        let count = databases.of(&name).prepare(&sql).unwrap().parameter_count();
        assert!(
            first.contains(&format!("?{count}")) || count == 0,
            "{name} has {count} parameters: {first}"
        );
        assert!(!first.contains(&format!("?{}", count + 1)), "{first}");
    }
}

#[test]
fn every_query_plan_is_the_one_that_was_looked_at() {
    let actual = plans();
    let path = root().join(PLANS);
    if std::env::var_os("UPDATE_PLANS").is_some() {
        let text: String = actual
            .iter()
            .map(|(name, plan)| format!("{name}\n{plan}"))
            .collect();
        fs::write(&path, text).unwrap();
        return;
    }
    let mut expected: BTreeMap<String, String> = BTreeMap::new();
    let mut current = String::new();
    for line in fs::read_to_string(&path).unwrap().lines() {
        if line.starts_with(' ') {
            let plan = expected.get_mut(&current).unwrap();
            writeln!(plan, "{line}").unwrap();
        } else {
            line.clone_into(&mut current);
            expected.insert(current.clone(), String::new());
        }
    }
    let mut changed = String::new();
    for name in expected.keys().chain(actual.keys()) {
        let (was, is) = (expected.get(name), actual.get(name));
        if was != is && !changed.contains(&format!("\n{name}\n")) {
            let text =
                |plan: Option<&String>| plan.cloned().unwrap_or_else(|| "  none\n".to_owned());
            writeln!(changed, "\n{name}\nwas:\n{}is:\n{}", text(was), text(is)).unwrap();
        }
    }
    assert!(
        changed.is_empty(),
        "query plans changed; if they are as good, run UPDATE_PLANS=1 cargo test --test query_plans\n{changed}"
    );
}

#[test]
fn no_statement_reads_a_whole_table_but_those_that_may() {
    let tables: Vec<String> = {
        let database = database("migrations");
        let mut names = database
            .prepare("SELECT name FROM sqlite_master WHERE type = 'table'")
            .unwrap();
        let names = names.query_map([], |row| row.get(0)).unwrap();
        names.map(Result::unwrap).collect()
    };
    let plans = plans();
    for (name, sql) in statements() {
        let words: Vec<&str> = sql
            .split(|c: char| !c.is_alphanumeric() && c != '_')
            .filter(|word| !word.is_empty() && *word != "AS")
            .collect();
        // A plan names a table by its alias; what is no table's is that of a common table expression, of json_each, and the like.
        let table_of = |known: &str| {
            tables.iter().find(|table| {
                *table == known
                    || words
                        .windows(2)
                        .any(|pair| *pair == [table.as_str(), known])
            })
        };
        let plan = plans.get(&name).unwrap();
        for scanned in plan
            .lines()
            .filter_map(|line| line.trim().strip_prefix("SCAN "))
        {
            let what = scanned.split(' ').next().unwrap();
            assert!(
                scanned.contains("VIRTUAL TABLE")
                    || MAY_SCAN.contains(&name.as_str())
                    || table_of(what).is_none_or(|table| SMALL.contains(&table.as_str())),
                "{name} reads all of {what}:\n{plan}"
            );
        }
    }
}

#[test]
fn a_move_takes_every_column_of_a_users_tables() {
    let database = database("migrations");
    for (name, sql) in statements() {
        let Some(table) = name
            .strip_prefix("move_")
            .and_then(|name| name.strip_suffix("_write"))
        else {
            continue;
        };
        let mut columns = database
            .prepare("SELECT name FROM pragma_table_info(?1)")
            .unwrap();
        let columns = columns.query_map([table], |row| row.get(0)).unwrap();
        let (_, rest) = sql.split_once(&format!("INTO {table} (")).unwrap();
        let (written, _) = rest.split_once(')').unwrap();
        let written: Vec<&str> = written.split(',').map(str::trim).collect();
        let read = statements().remove(&format!("move_{table}_read")).unwrap();
        for column in columns.map(|column: Result<String, _>| column.unwrap()) {
            assert!(written.contains(&column.as_str()), "{name} lacks {column}");
            assert!(
                read.contains(&format!("t.{column}")),
                "move_{table}_read lacks {column}"
            );
        }
    }
}
