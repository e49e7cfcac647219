//! What an operator may do.

/// An operator's role. A higher one may do all that a lower one may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Looks.
    Viewer,
    /// Also helps one user: registers, restores, replaces a credential, opens an eject.
    Support,
    /// Also deletes, imports, exports, and handles keys.
    Admin,
}

impl Role {
    pub const fn as_str(self) -> &'static str {
        match self {
            Role::Viewer => "viewer",
            Role::Support => "support",
            Role::Admin => "admin",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        let all = [Role::Viewer, Role::Support, Role::Admin];
        all.into_iter().find(|role| role.as_str() == text)
    }

    /// As the database compares it.
    pub const fn rank(self) -> u64 {
        match self {
            Role::Viewer => 0,
            Role::Support => 1,
            Role::Admin => 2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_those_of_the_api_and_are_read_back() {
        let api = include_str!("../../openapi.yaml");
        let all = [Role::Viewer, Role::Support, Role::Admin];
        let words = all.map(Role::as_str);
        let listed = words.join(", ");
        assert!(
            api.contains(&format!("role: {{ enum: [{listed}] }}")),
            "{listed}"
        );
        assert_eq!(words.map(Role::parse), all.map(Some));
        assert_eq!(Role::parse("Admin"), None);
    }

    #[test]
    fn the_ranks_are_those_that_the_database_has_words_for_and_sort_as_roles_do() {
        let sql = include_str!("../store/sql/approval_read.sql");
        for role in [Role::Viewer, Role::Support] {
            let case = format!("WHEN {} THEN '{}'", role.rank(), role.as_str());
            assert!(sql.contains(&case), "{case}");
        }
        assert!(Role::Support.rank() < Role::Admin.rank());
    }
}
