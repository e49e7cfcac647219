use super::*;

const TOKEN: &str = "0123456789012345678901234567890a";

fn parse(settings: &[(&str, &str)]) -> Result<Operators, InvalidSetting> {
    Operators::parse(&Texts::from(settings))
}

#[test]
fn a_token_has_a_name_and_a_role() {
    let list = format!("ann:support:{TOKEN}1, bob:viewer:{TOKEN}:with:colons");
    let operators = parse(&[("OPERATOR_TOKENS", &list)]).unwrap();
    let read: Vec<_> = operators
        .tokens
        .iter()
        .map(|t| (t.name.as_str(), t.role))
        .collect();
    assert_eq!(read, [("ann", Role::Support), ("bob", Role::Viewer)]);
    let last = operators.tokens.last().unwrap();
    assert!(last.token == CredentialHash::of(&format!("{TOKEN}:with:colons")));
}

#[test]
fn a_malformed_entry_is_named_by_its_place_and_not_by_what_it_holds() {
    for (name, value) in [
        ("OPERATOR_TOKENS", "ann:support:VALUE".to_owned()),
        ("OPERATOR_TOKENS", format!("ann:VALUE:{TOKEN}")),
        ("OPERATOR_TOKENS", format!(":support:{TOKEN}VALUE")),
        ("OPERATOR_TOKENS", format!("Admin:support:{TOKEN}VALUE")),
        ("OPERATOR_TOKENS", format!("ann:support:{TOKEN},")),
        ("OPERATOR_TOKENS", "VALUE".to_owned()),
        ("ACCESS_ROLES", "support".to_owned()),
        ("ACCESS_ROLES", "VALUE=ann@example.com".to_owned()),
        ("ACCESS_ROLES", "admin=".to_owned()),
        ("ACCESS_ROLES", "admin=a*VALUE".to_owned()),
        ("ACCESS_ROLES", "admin=**VALUE".to_owned()),
        ("ACCESS_ROLES", "admin=*VALUE.com".to_owned()),
        ("FOUR_EYES", "eject,VALUE".to_owned()),
    ] {
        let error = parse(&[(name, &value)]).unwrap_err();
        assert_eq!(error.name, name, "{value}");
        assert!(
            error.wrong.starts_with("entry ") && !error.wrong.contains("VALUE"),
            "{error:?}"
        );
    }
}

#[test]
fn of_several_roles_that_fit_a_name_the_highest_counts() {
    let roles = "support=*@example.com,admin=Ann@example.com,viewer=ann@example.com";
    let operators = parse(&[("ACCESS_ROLES", roles)]).unwrap();
    assert_eq!(operators.access_role("ann@example.com"), Role::Admin);
    assert_eq!(operators.access_role("ANN@EXAMPLE.COM"), Role::Admin);
    assert_eq!(operators.access_role("bob@example.com"), Role::Support);
    assert_eq!(operators.access_role("bob@example.com.evil"), Role::Viewer);
    assert_eq!(operators.access_role("bob@notexample.com"), Role::Viewer);
}

#[test]
fn an_address_with_a_tag_has_the_role_that_is_given_to_it_by_name_only() {
    let roles = "support=*@example.com,admin=ann+ops@example.com";
    let operators = parse(&[("ACCESS_ROLES", roles)]).unwrap();
    assert_eq!(operators.access_role("bob+x@example.com"), Role::Viewer);
    assert_eq!(operators.access_role("ann+ops@example.com"), Role::Admin);
    assert_eq!(operators.access_role("ann+x@example.com"), Role::Viewer);
}

#[test]
fn whom_no_entry_names_is_a_viewer() {
    let operators = parse(&[]).unwrap();
    assert_eq!(operators.access_role("ann@example.com"), Role::Viewer);
    assert!(operators.tokens.is_empty() && operators.four_eyes.is_empty());
}
