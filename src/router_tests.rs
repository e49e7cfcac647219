use super::*;
use crate::error::Code;

fn operation(method: &str, path: &str) -> std::result::Result<&'static Operation, Code> {
    let found = find(path).ok_or(Code::NotFound)?;
    found.operation(method).map_err(|error| error.code)
}

fn user(path: &str) -> std::result::Result<String, Code> {
    let user = find(path).ok_or(Code::NotFound)?.name::<UserId>();
    user.map(|id| id.to_string()).map_err(|error| error.code)
}

#[test]
fn the_paths_of_all_guides_are_the_apps() {
    for (method, paths) in [
        (
            "POST",
            [
                "user-backup-share",
                "user-backup-shares",
                "store-encrypted-user-backup-share",
            ],
        ),
        (
            "GET",
            [
                "user-backup-share",
                "user-backup-shares",
                "encrypted-user-backup-shares",
            ],
        ),
    ] {
        for path in paths {
            let path = format!("/users/u1/{path}");
            let operation = operation(method, &path).unwrap();
            assert!(matches!(operation.access, Access::App(_)), "{path}");
            assert_eq!(user(&path).as_deref(), Ok("u1"));
        }
    }
}

#[test]
fn an_id_is_decoded_once_and_stays_one_segment() {
    assert_eq!(user("/users/a%2Fb").as_deref(), Ok("a/b"));
    assert_eq!(user("/users/a%252Fb").as_deref(), Ok("a%2Fb"));
    for path in [
        "/users/%2e%2e",
        "/users/%ff",
        "/users/%00",
        "/users/",
        "/users//backups",
    ] {
        assert_eq!(user(path), Err(Code::InvalidField), "{path}");
    }
}

#[test]
fn what_is_spelled_otherwise_is_not_found() {
    for path in [
        "",
        "/",
        "//users",
        "/users//backups/",
        "/Users/u1",
        "/users/u1/",
        "/healthz/",
        "/webhook%2Fbackup",
        "/webhook/backup/fetch/x",
    ] {
        let found = find(path).map(|found| found.route.pattern());
        assert_eq!(found, None, "{path}");
    }
}

#[test]
fn one_empty_segment_is_passed_over_on_portals_routes() {
    for path in [
        "/webhook/backup/",
        "/webhook//backup",
        "//webhook/backup",
        "/webhook//backup/fetch",
        "/webhook/backup//fetch",
        "/webhook/backup/fetch/",
    ] {
        assert!(operation("POST", path).is_ok(), "{path}");
    }
    for path in [
        "//webhook//backup",
        "/webhook///backup",
        "/webhook//backup/",
        "/audit/",
    ] {
        assert!(find(path).is_none(), "{path}");
    }
}

#[test]
fn a_path_without_a_route_is_told_by_its_words_alone() {
    for (path, told) in [
        ("/webhook/backups", "/webhook/backups"),
        ("/portal/webhook/backup", "/…/webhook/backup"),
        ("/webhook//backup//fetch", "/webhook//backup//fetch"),
        ("/users/17/shares", "/users/…/…"),
        ("/a/b/c/d/e/f/g/h/i/j", "/…/…/…/…/…/…/…/…"),
        ("/", "/"),
    ] {
        assert_eq!(shape(path), told);
    }
}

#[test]
fn a_wrong_method_names_the_right_ones() {
    for (method, path, allow) in [
        ("GET", "/webhook/backup", "POST"),
        ("PUT", "/users/u1/user-backup-share", "GET, POST"),
        ("POST", "/users/u1", "GET, DELETE"),
        ("POST", "/healthz", "GET, HEAD"),
        ("HEAD", "/audit", "GET"),
    ] {
        let Err(error) = find(path).unwrap().operation(method) else {
            panic!("{method} {path}");
        };
        assert_eq!(error.code, Code::MethodNotAllowed);
        assert_eq!(error.header.as_ref().unwrap().1, allow, "{method} {path}");
    }
}

#[test]
fn a_query_parameter_that_the_operation_does_not_know_is_refused() {
    for (method, path, given) in [
        ("GET", "/users", "clientid=X"),
        ("POST", "/users", "clientId=X"),
        ("DELETE", "/users/u", "purg=X"),
        ("GET", "/audit", "userid=17"),
        ("GET", "/audit", "userId=17&userId=18"),
        ("GET", "/users/u/user-backup-share", "method=GDRIVE"),
    ] {
        let known = operation(method, path).unwrap().query;
        assert!(query::check(given, known).is_err(), "{path}?{given}");
    }
}

/// `name_in` takes one name a path, and the first route that fits: so no two may fit one path.
#[test]
fn no_path_has_two_routes() {
    let patterns: Vec<_> = ROUTES.iter().flat_map(|route| route.paths).collect();
    for (at, pattern) in patterns.iter().enumerate() {
        assert!(pattern.matches(':').count() <= 1, "{pattern}");
        let path = pattern.replace(':', "");
        for (other_at, other) in patterns.iter().enumerate() {
            assert_eq!(
                name_in(other, &path).is_some(),
                at == other_at,
                "{pattern}, {other}"
            );
        }
    }
}
