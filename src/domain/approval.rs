//! What takes two operators.

/// An entry of `FOUR_EYES`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FourEyes {
    /// Opening the window of an eject.
    Eject,
    Purge,
    /// Replacing a user's API key.
    ClientApiKey,
    /// Making a session of a user's that would open cipher texts. It never waits, for no token may lie in a table: it is refused.
    Session,
}

const ALL: [FourEyes; 4] = [
    FourEyes::Eject,
    FourEyes::Purge,
    FourEyes::ClientApiKey,
    FourEyes::Session,
];

impl FourEyes {
    pub const fn as_str(self) -> &'static str {
        match self {
            FourEyes::Eject => "eject",
            FourEyes::Purge => "purge",
            FourEyes::ClientApiKey => "client-api-key",
            FourEyes::Session => "session",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        ALL.into_iter().find(|known| known.as_str() == text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_those_of_the_api_and_the_database_and_are_read_back() {
        let api = include_str!("../../openapi.yaml");
        let table = include_str!("../../migrations/0011_operators_and_metrics.sql");
        let words = ALL.map(FourEyes::as_str);
        let listed = words.join(", ");
        assert!(
            api.contains(&format!("FourEyes: {{ enum: [{listed}] }}")),
            "{listed}"
        );
        // What never waits is not in the table.
        let [waiting @ .., _] = words;
        let listed = waiting.join("', '");
        assert!(
            table.contains(&format!("CHECK (action IN ('{listed}'))")),
            "{listed}"
        );
        assert_eq!(words.map(FourEyes::parse), ALL.map(Some));
        assert_eq!(FourEyes::parse("Eject"), None);
    }
}
