//! What takes two operators.

/// An entry of `FOUR_EYES`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FourEyes {
    /// Opening the window of an eject.
    Eject,
    Purge,
    /// Replacing a user's API key.
    ClientApiKey,
}

impl FourEyes {
    pub const fn as_str(self) -> &'static str {
        match self {
            FourEyes::Eject => "eject",
            FourEyes::Purge => "purge",
            FourEyes::ClientApiKey => "client-api-key",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        let all = [FourEyes::Eject, FourEyes::Purge, FourEyes::ClientApiKey];
        all.into_iter().find(|known| known.as_str() == text)
    }
}
