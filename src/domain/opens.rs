//! Whether sealed shares open: known for sure only of one that was tried.

/// Of a share, or of all shares of a backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opens {
    Yes,
    No,
    /// It was not tried.
    Unknown,
}

impl Opens {
    /// As the API shows it: `true`, `false`, `"unknown"`.
    pub const fn to_json(self) -> &'static str {
        match self {
            Opens::Yes => "true",
            Opens::No => "false",
            Opens::Unknown => "\"unknown\"",
        }
    }

    /// Of several shares together: one that does not open decides, then one that is not known. Of none it is not known.
    pub fn of_all(shares: impl IntoIterator<Item = Self>) -> Self {
        let worse = |a, b| match (a, b) {
            (Opens::No, _) | (_, Opens::No) => Opens::No,
            (Opens::Unknown, _) | (_, Opens::Unknown) => Opens::Unknown,
            _ => Opens::Yes,
        };
        shares.into_iter().reduce(worse).unwrap_or(Opens::Unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::Opens::{self, No, Unknown, Yes};

    #[test]
    fn a_backup_opens_if_all_of_its_shares_do() {
        for (shares, all) in [
            (vec![], Unknown),
            (vec![Yes, Yes], Yes),
            (vec![Yes, Unknown], Unknown),
            (vec![Unknown, No, Yes], No),
            (vec![No], No),
        ] {
            assert_eq!(Opens::of_all(shares), all);
        }
    }

    #[test]
    fn it_is_a_boolean_in_json_where_it_is_known() {
        let json =
            |opens: Opens| -> serde_json::Value { serde_json::from_str(opens.to_json()).unwrap() };
        assert_eq!((json(Yes), json(No)), (true.into(), false.into()));
        assert!(json(Unknown).is_string());
        let api = include_str!("../../openapi.yaml");
        let unknown = Unknown.to_json().replace('"', "");
        let listed = format!("anyOf: [{{ type: boolean }}, {{ const: {unknown} }}]");
        assert!(api.contains(&listed), "{listed}");
    }
}
