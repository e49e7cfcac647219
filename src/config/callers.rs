//! The settings about who may call, and how they prove it.

use super::InvalidSetting;
use crate::domain::bindings::Texts;
use crate::domain::ip::{self, Network};
use crate::domain::origin;

/// How an app proves who its user is; `CLIENT_AUTH` lists the ways that are open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientAuth {
    /// The Portal client API key that is registered for the user.
    ClientApiKey,
    /// A token of the company's identity provider.
    Jwt,
    /// A token of Portal's, checked with Portal.
    Portal,
}

impl ClientAuth {
    /// What an app sends, for the detail of a 401.
    pub const fn credential(self) -> &'static str {
        match self {
            Self::ClientApiKey => "the user's Portal client API key (client-api-key)",
            Self::Jwt => "a token of your identity provider (jwt)",
            Self::Portal => "a Portal session token (portal)",
        }
    }
}

/// Whose signed tokens are good, and what they must say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issuer {
    pub jwks_url: String,
    pub issuer: String,
    /// Of which a token must name one.
    pub audiences: Vec<String>,
    /// The claim that names them: `aud`, but for tokens that have none.
    pub audience_claim: String,
}

/// The company's identity provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityProvider {
    pub issuer: Issuer,
    /// The claim that holds the user's id.
    pub user_claim: String,
}

#[derive(Debug)]
pub struct Callers {
    /// In the order in which they are tried; at least one.
    pub client_auth: Vec<ClientAuth>,
    /// There if `client_auth` holds `Jwt`.
    pub identity_provider: Option<IdentityProvider>,
    /// Without a slash at its end.
    pub portal_api_url: String,
    /// Empty: webhooks from any address.
    pub portal_ip_allowlist: Vec<Network>,
    /// Empty: no browser is let in.
    pub cors_allowed_origins: Vec<String>,
    /// Cloudflare Access, if operators come through it.
    pub access: Option<Issuer>,
}

impl Callers {
    pub fn parse(texts: &Texts<'_>) -> Result<Self, InvalidSetting> {
        let get = |name| texts.get(name);
        let endpoint = |name| match get(name) {
            Some(url) if !origin::is_endpoint(url) => {
                Err(InvalidSetting::new(name, "must be an https URL"))
            }
            url => Ok(url),
        };
        let list_entry = |name, what: &str| {
            let what = what.to_owned();
            move |place: usize| InvalidSetting {
                name,
                wrong: format!("entry {place} is not {what}"),
            }
        };
        let client_auth = client_auth(get("CLIENT_AUTH").unwrap_or("client-api-key"))?;
        let jwks_url = endpoint("JWT_JWKS_URL")?;
        let claim = |name, usual: &str| match get(name) {
            Some(claim) if NUMERIC_CLAIMS.contains(&claim) => {
                let wrong = "names a claim that is a time, so no token can match it";
                Err(InvalidSetting::new(name, wrong))
            }
            claim => Ok(claim.unwrap_or(usual).to_owned()),
        };
        let audiences = get("JWT_AUDIENCE").map(audiences).transpose()?;
        let audience_claim = claim("JWT_AUDIENCE_CLAIM", "aud")?;
        let user_claim = claim("JWT_USER_CLAIM", "sub")?;
        let identity_provider = if client_auth.contains(&ClientAuth::Jwt) {
            let missing = |name| InvalidSetting::new(name, "is missing, and CLIENT_AUTH lists jwt");
            Some(IdentityProvider {
                issuer: Issuer {
                    jwks_url: jwks_url.ok_or_else(|| missing("JWT_JWKS_URL"))?.to_owned(),
                    issuer: get("JWT_ISSUER")
                        .ok_or_else(|| missing("JWT_ISSUER"))?
                        .to_owned(),
                    audiences: audiences.ok_or_else(|| missing("JWT_AUDIENCE"))?,
                    audience_claim,
                },
                user_claim,
            })
        } else {
            None
        };
        let portal_api_url = endpoint("PORTAL_API_URL")?.unwrap_or("https://api.portalhq.io");
        if portal_api_url.contains('?') {
            return Err(InvalidSetting::new("PORTAL_API_URL", "must have no query"));
        }
        let networks = get("PORTAL_IP_ALLOWLIST").map(ip::parse_list).transpose();
        let origins = get("CORS_ALLOWED_ORIGINS")
            .map(origin::parse_origins)
            .transpose();
        Ok(Self {
            client_auth,
            identity_provider,
            portal_api_url: portal_api_url.trim_end_matches('/').to_owned(),
            portal_ip_allowlist: networks
                .map_err(list_entry(
                    "PORTAL_IP_ALLOWLIST",
                    "an address or a network such as 203.0.113.0/24",
                ))?
                .unwrap_or_default(),
            cors_allowed_origins: origins
                .map_err(list_entry(
                    "CORS_ALLOWED_ORIGINS",
                    "an origin such as https://app.example.com",
                ))?
                .unwrap_or_default(),
            access: access(get("ACCESS_TEAM_DOMAIN"), get("ACCESS_AUD"))?,
        })
    }
}

/// RFC 7519: these are numbers.
const NUMERIC_CLAIMS: [&str; 3] = ["exp", "nbf", "iat"];

/// A token's audience is compared exactly, so an entry that is empty would match nothing.
fn audiences(list: &str) -> Result<Vec<String>, InvalidSetting> {
    let audiences: Vec<String> = list.split(',').map(|one| one.trim().to_owned()).collect();
    if audiences.iter().any(String::is_empty) {
        let wrong = "must list audiences, separated by commas; one entry is empty";
        return Err(InvalidSetting::new("JWT_AUDIENCE", wrong));
    }
    Ok(audiences)
}

fn client_auth(list: &str) -> Result<Vec<ClientAuth>, InvalidSetting> {
    let mut ways = Vec::new();
    for way in list.split(',') {
        let way = match way.trim() {
            "client-api-key" => ClientAuth::ClientApiKey,
            "jwt" => ClientAuth::Jwt,
            "portal" => ClientAuth::Portal,
            _ => {
                return Err(InvalidSetting::new(
                    "CLIENT_AUTH",
                    "must list client-api-key, jwt or portal, nothing else",
                ));
            }
        };
        if ways.contains(&way) {
            return Err(InvalidSetting::new("CLIENT_AUTH", "lists the same twice"));
        }
        ways.push(way);
    }
    Ok(ways)
}

/// The team's domain is its issuer's name and the place of its keys. One setting without the other protects nothing.
fn access(
    team_domain: Option<&str>,
    audience: Option<&str>,
) -> Result<Option<Issuer>, InvalidSetting> {
    match (team_domain, audience) {
        (None, None) => Ok(None),
        (None, Some(_)) => Err(InvalidSetting::new(
            "ACCESS_TEAM_DOMAIN",
            "is missing, and ACCESS_AUD is set",
        )),
        (Some(_), None) => Err(InvalidSetting::new(
            "ACCESS_AUD",
            "is missing, and ACCESS_TEAM_DOMAIN is set",
        )),
        (Some(domain), Some(_)) if !origin::is_host_name(domain) => Err(InvalidSetting::new(
            "ACCESS_TEAM_DOMAIN",
            "must be a host name such as example.cloudflareaccess.com",
        )),
        (Some(domain), Some(audience)) => {
            let issuer = format!("https://{domain}");
            Ok(Some(Issuer {
                jwks_url: format!("{issuer}/cdn-cgi/access/certs"),
                issuer,
                audiences: vec![audience.to_owned()],
                audience_claim: "aud".to_owned(),
            }))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(settings: &[(&str, &str)]) -> Result<Callers, InvalidSetting> {
        Callers::parse(&Texts::from(settings))
    }

    const JWT: [(&str, &str); 4] = [
        ("CLIENT_AUTH", "client-api-key, jwt,portal"),
        ("JWT_JWKS_URL", "https://id.example/jwks"),
        ("JWT_ISSUER", "https://id.example/"),
        ("JWT_AUDIENCE", "app"),
    ];

    #[test]
    fn an_audience_may_be_a_list_and_its_claim_another_one() {
        let mut settings = JWT.to_vec();
        settings.extend([("JWT_AUDIENCE_CLAIM", "client_id")]);
        settings[3].1 = "ios, android";
        let issuer = parse(&settings).unwrap().identity_provider.unwrap().issuer;
        assert_eq!(issuer.audiences, ["ios", "android"]);
        assert_eq!(issuer.audience_claim, "client_id");
    }

    #[test]
    fn a_setting_that_can_match_no_token_is_refused() {
        for (name, value) in [
            ("JWT_AUDIENCE", ","),
            ("JWT_AUDIENCE", "ios,"),
            ("JWT_AUDIENCE", "ios,,android"),
            ("JWT_AUDIENCE_CLAIM", "exp"),
            ("JWT_USER_CLAIM", "iat"),
        ] {
            // Where nothing uses it yet as well: an operator learns of it before the change that needs it.
            for others in [&JWT[..], &[]] {
                let mut settings = vec![(name, value)];
                settings.extend(others);
                assert_eq!(parse(&settings).unwrap_err().name, name, "{value}");
            }
        }
    }

    #[test]
    fn by_default_an_app_shows_its_client_api_key_and_no_browser_is_let_in() {
        let callers = parse(&[]).unwrap();
        assert_eq!(callers.client_auth, [ClientAuth::ClientApiKey]);
        assert_eq!(callers.portal_api_url, "https://api.portalhq.io");
        assert!(callers.portal_ip_allowlist.is_empty() && callers.cors_allowed_origins.is_empty());
        assert!(callers.identity_provider.is_none() && callers.access.is_none());
    }

    #[test]
    fn the_ways_of_an_app_keep_their_order() {
        let callers = parse(&JWT).unwrap();
        assert_eq!(
            callers.client_auth,
            [
                ClientAuth::ClientApiKey,
                ClientAuth::Jwt,
                ClientAuth::Portal
            ]
        );
        let provider = callers.identity_provider.unwrap();
        assert_eq!(
            (
                provider.issuer.audiences.join(" ").as_str(),
                provider.user_claim.as_str()
            ),
            ("app", "sub")
        );
    }

    #[test]
    fn jwt_needs_all_of_its_settings() {
        for missing in ["JWT_JWKS_URL", "JWT_ISSUER", "JWT_AUDIENCE"] {
            let rest: Vec<_> = JWT
                .into_iter()
                .filter(|(name, _)| *name != missing)
                .collect();
            assert_eq!(parse(&rest).unwrap_err().name, missing);
        }
    }

    #[test]
    fn access_takes_its_name_and_its_keys_from_the_teams_domain() {
        let callers = parse(&[
            ("ACCESS_TEAM_DOMAIN", "team.cloudflareaccess.com"),
            ("ACCESS_AUD", "aud"),
        ])
        .unwrap();
        let access = callers.access.unwrap();
        assert_eq!(access.issuer, "https://team.cloudflareaccess.com");
        assert_eq!(
            access.jwks_url,
            "https://team.cloudflareaccess.com/cdn-cgi/access/certs"
        );
    }

    #[test]
    fn a_malformed_setting_is_named_and_its_value_is_not() {
        for (name, value) in [
            ("CLIENT_AUTH", "VALUE"),
            ("CLIENT_AUTH", "client-api-key,"),
            ("CLIENT_AUTH", "jwt jwt"),
            ("CLIENT_AUTH", "portal,portal"),
            ("JWT_JWKS_URL", "http://VALUE.example/jwks"),
            ("PORTAL_API_URL", "ftp://VALUE"),
            ("PORTAL_API_URL", "https://portal.example/?VALUE"),
            ("PORTAL_IP_ALLOWLIST", "35.203.150.117,VALUE"),
            ("CORS_ALLOWED_ORIGINS", "*"),
            ("CORS_ALLOWED_ORIGINS", "https://VALUE.example/"),
            ("ACCESS_TEAM_DOMAIN", "https://VALUE.example"),
        ] {
            let aud = if name == "ACCESS_TEAM_DOMAIN" {
                "aud"
            } else {
                ""
            };
            let settings: Vec<_> = [(name, value), ("ACCESS_AUD", aud)]
                .into_iter()
                .filter(|(_, v)| !v.is_empty())
                .collect();
            let error = parse(&settings).unwrap_err();
            assert_eq!(error.name, name, "{value}");
            assert!(!error.wrong.contains("VALUE"), "{error:?}");
        }
        assert_eq!(
            parse(&[("ACCESS_AUD", "aud")]).unwrap_err().name,
            "ACCESS_TEAM_DOMAIN"
        );
        assert_eq!(
            parse(&[("ACCESS_TEAM_DOMAIN", "a.example")])
                .unwrap_err()
                .name,
            "ACCESS_AUD"
        );
        assert_eq!(
            parse(&[("PORTAL_IP_ALLOWLIST", "1.2.3.4,x")])
                .unwrap_err()
                .wrong,
            "entry 2 is not an address or a network such as 203.0.113.0/24"
        );
    }
}
