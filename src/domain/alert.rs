//! Alerts to a webhook: the setting, and what is sent and signed, as Standard Webhooks has it
//! (<https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::bindings::Texts;
use super::json::Writer;
use super::origin;
use super::secret::Secret;

/// At most one alert of a kind within this time.
pub const QUIET_MS: u64 = 3_600_000;

/// Where alerts go, and what signs them.
#[derive(Debug)]
pub struct AlertWebhook {
    /// Its path or query often is a credential: as secret as one.
    pub url: Secret,
    /// Raw bytes. Without it, alerts are not signed.
    pub signing_key: Option<Vec<u8>>,
}

impl AlertWebhook {
    /// Parses `ALERT_WEBHOOK` and `ALERT_WEBHOOK_SECRET` (`whsec_` and 24 to 64 bytes in base64). An error names the
    /// setting, and what it must be.
    pub fn parse(texts: &Texts<'_>) -> Result<Option<Self>, (&'static str, &'static str)> {
        let signing_key = texts.get("ALERT_WEBHOOK_SECRET").map(|secret| {
            decode(secret).ok_or((
                "ALERT_WEBHOOK_SECRET",
                "must be whsec_ and 24 to 64 bytes in base64",
            ))
        });
        let signing_key = signing_key.transpose()?;
        let Some(url) = texts.get("ALERT_WEBHOOK") else {
            return Ok(None);
        };
        if !origin::is_endpoint(url) {
            return Err(("ALERT_WEBHOOK", "must be an https URL"));
        }
        Ok(Some(Self {
            url: Secret::new(url.to_owned()),
            signing_key,
        }))
    }
}

fn decode(secret: &str) -> Option<Vec<u8>> {
    let key = STANDARD.decode(secret.strip_prefix("whsec_")?).ok()?;
    (24..=64).contains(&key.len()).then_some(key)
}

/// What is wrong: a message of the log, which holds no share and no id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Alarm {
    /// `error` or `warn`.
    pub level: &'static str,
    pub message: &'static str,
}

impl Alarm {
    /// The body of its alert. `text` is for chats that show the field of that name.
    pub fn to_body(self, at: &str, version: &str) -> String {
        let data = Writer::default()
            .text("level", self.level)
            .text("message", self.message)
            .text("version", version);
        Writer::default()
            .text("type", "portal-backup-worker.alarm")
            .text("timestamp", at)
            .text(
                "text",
                &format!("portal-backup-worker, {}: {}", self.level, self.message),
            )
            .raw("data", &data.end())
            .end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    fn parse(
        settings: &[(&str, &str)],
    ) -> Result<Option<AlertWebhook>, (&'static str, &'static str)> {
        AlertWebhook::parse(&Texts::from(settings))
    }

    #[test]
    fn without_the_setting_there_are_no_alerts() {
        assert!(parse(&[("ALERT_WEBHOOK_SECRET", KEY)]).unwrap().is_none());
    }

    #[test]
    fn the_signing_key_is_what_whsec_holds() {
        let set = [
            ("ALERT_WEBHOOK", "https://hooks.example/x"),
            ("ALERT_WEBHOOK_SECRET", KEY),
        ];
        let key = parse(&set).unwrap().unwrap().signing_key.unwrap();
        assert_eq!(key.len(), 24);
    }

    #[test]
    fn a_malformed_setting_is_named() {
        let url = ("ALERT_WEBHOOK", "https://hooks.example/x");
        let too_short = format!("whsec_{}", STANDARD.encode([0; 23]));
        let too_long = format!("whsec_{}", STANDARD.encode([0; 65]));
        for (settings, name) in [
            (vec![("ALERT_WEBHOOK", "hooks.example")], "ALERT_WEBHOOK"),
            (
                vec![("ALERT_WEBHOOK", "http://hooks.example/")],
                "ALERT_WEBHOOK",
            ),
            (
                vec![
                    url,
                    ("ALERT_WEBHOOK_SECRET", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
                ],
                "ALERT_WEBHOOK_SECRET",
            ),
            (
                vec![url, ("ALERT_WEBHOOK_SECRET", too_short.as_str())],
                "ALERT_WEBHOOK_SECRET",
            ),
            (
                vec![url, ("ALERT_WEBHOOK_SECRET", too_long.as_str())],
                "ALERT_WEBHOOK_SECRET",
            ),
            // Where nothing uses it yet as well.
            (
                vec![("ALERT_WEBHOOK_SECRET", "whsec_c2hvcnQ=")],
                "ALERT_WEBHOOK_SECRET",
            ),
        ] {
            assert_eq!(parse(&settings).unwrap_err().0, name);
        }
    }

    #[test]
    fn a_body_is_told_in_words_and_in_fields() {
        let alarm = Alarm {
            level: "error",
            message: "the database is nearly full",
        };
        assert_eq!(
            alarm.to_body("2026-11-27T10:00:00.000Z", "1.2.3"),
            r#"{"type":"portal-backup-worker.alarm","timestamp":"2026-11-27T10:00:00.000Z","text":"portal-backup-worker, error: the database is nearly full","data":{"level":"error","message":"the database is nearly full","version":"1.2.3"}}"#
        );
    }
}
