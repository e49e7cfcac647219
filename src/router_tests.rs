use super::*;

fn endpoint(method: &str, path: &str) -> std::result::Result<Endpoint, Code> {
    route(method, path).endpoint.map_err(|error| error.code)
}

fn user(id: &str) -> UserId {
    UserId::parse(id).unwrap()
}

#[test]
fn the_paths_of_all_guides_lead_to_the_same_two_endpoints() {
    for path in [
        "user-backup-share",
        "user-backup-shares",
        "store-encrypted-user-backup-share",
    ] {
        let path = format!("/users/u1/{path}");
        assert_eq!(
            endpoint("POST", &path),
            Ok(Endpoint::StoreUserShare(user("u1"))),
            "{path}"
        );
    }
    for path in [
        "user-backup-share",
        "user-backup-shares",
        "encrypted-user-backup-shares",
    ] {
        let path = format!("/users/u1/{path}");
        assert_eq!(
            endpoint("GET", &path),
            Ok(Endpoint::FetchUserShare(user("u1"))),
            "{path}"
        );
    }
}

#[test]
fn an_id_is_decoded_once_and_stays_one_segment() {
    assert_eq!(
        endpoint("GET", "/users/a%2Fb"),
        Ok(Endpoint::Operator(Operation::GetUser(user("a/b"))))
    );
    assert_eq!(
        endpoint("GET", "/users/a%252Fb"),
        Ok(Endpoint::Operator(Operation::GetUser(user("a%2Fb"))))
    );
    assert_eq!(endpoint("GET", "/users/%2e%2e"), Err(Code::InvalidField));
    assert_eq!(endpoint("GET", "/users/%ff"), Err(Code::InvalidField));
    assert_eq!(endpoint("GET", "/users/%00"), Err(Code::InvalidField));
    assert_eq!(endpoint("GET", "/users/"), Err(Code::InvalidField));
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
    ] {
        let found = endpoint("GET", path);
        assert!(
            matches!(found, Err(Code::NotFound | Code::InvalidField)),
            "{path}: {found:?}"
        );
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
        let error = route(method, path).endpoint.unwrap_err();
        assert_eq!(error.code, Code::MethodNotAllowed);
        assert_eq!(error.header.as_ref().unwrap().1, allow, "{method} {path}");
    }
}
