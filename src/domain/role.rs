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
