//! The databases: `DB` alone, or with a directory and further homes.

use super::InvalidSetting;
use crate::domain::bindings::Texts;
use crate::domain::number::{one_text, whole};
use crate::domain::sorted::sorted_by;

/// The bindings' names and the settings about them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Homes {
    /// The numbers of the homes that are bound, ascending: 0 is `DB`, n is `DB_n`.
    pub bound: Vec<u32>,
    /// Whether `DIRECTORY` is bound: then users may be in any home.
    pub has_directory: bool,
    /// `HOME_PLACES`: where a home is.
    places: Vec<(u32, String)>,
    /// `DEFAULT_PLACE`: where users go who are registered without a place. None: anywhere.
    pub default_place: Option<String>,
    /// `HOME_CLOSES_AT_GB`, in bytes: from this size on a home takes no new users.
    pub closes_at_bytes: u64,
    /// Whether there is a second copy; then each home's bucket is bound.
    pub are_copied: bool,
    /// Whether [`HOMES_QUEUE`] is bound.
    pub has_queue: bool,
}

/// A whole table can be read at once up to about this size (<https://developers.cloudflare.com/d1/platform/limits/>).
const CLOSES_AT_GB: u64 = 5;
const BYTES_PER_GB: u64 = 1_000_000_000;
/// The bucket of homes without a place.
const ANYWHERE: &str = "COPY";

/// The queue that brings each home its turn in the background, in an invocation of its own.
pub const HOMES_QUEUE: &str = "HOMES_QUEUE";

/// The number of a home by its binding's name.
fn home_of(binding: &str) -> Option<u32> {
    if binding == "DB" {
        return Some(0);
    }
    one_text(binding.strip_prefix("DB_")?).filter(|home| *home > 0)
}

/// The name of a home's binding.
pub fn binding_of(home: u32) -> String {
    match home {
        0 => "DB".to_owned(),
        home => format!("DB_{home}"),
    }
}

fn is_place(text: &str) -> bool {
    (1..=32).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

impl Homes {
    pub(super) fn parse(texts: &Texts<'_>) -> Result<Self, InvalidSetting> {
        let get = |name| texts.get(name);
        let is_bound = |wanted| texts.names().any(|name| name == wanted);
        let bound = sorted_by(texts.names().filter_map(home_of), |a, b| a < b);
        let has_directory = is_bound("DIRECTORY");
        if !has_directory && bound.iter().any(|home| *home > 0) {
            return Err(InvalidSetting::new(
                "DIRECTORY",
                "is not bound, though there are several databases: it says who is where",
            ));
        }
        if has_directory && !bound.contains(&0) {
            return Err(InvalidSetting::new(
                "DB",
                "is not bound, though there is a directory: it is the first database of all",
            ));
        }
        let mut places = Vec::new();
        let list = get("HOME_PLACES").into_iter();
        for pair in list.flat_map(|list| list.split(',')) {
            let parsed = pair.trim().split_once('=').and_then(|(home, place)| {
                Some((
                    whole(home)?,
                    Some(place).filter(|place| is_place(place))?.to_owned(),
                ))
            });
            match parsed {
                Some((home, place)) if places.iter().all(|(known, _)| *known != home) => {
                    places.push((home, place));
                }
                _ => {
                    return Err(InvalidSetting::new(
                        "HOME_PLACES",
                        "must be like 0=eu,1=eu,2=us, each home once",
                    ));
                }
            }
        }
        let default_place = get("DEFAULT_PLACE");
        if default_place.is_some_and(|place| places.iter().all(|(_, known)| known != place)) {
            return Err(InvalidSetting::new(
                "DEFAULT_PLACE",
                "must be a place of HOME_PLACES",
            ));
        }
        let closes_at_gb = match get("HOME_CLOSES_AT_GB").map(whole) {
            None => CLOSES_AT_GB,
            Some(Some(gb @ 1..=10)) => gb,
            Some(_) => {
                return Err(InvalidSetting::new(
                    "HOME_CLOSES_AT_GB",
                    "must be a whole number from 1 to 10",
                ));
            }
        };
        let homes = Self {
            bound,
            has_directory,
            places,
            default_place: default_place.map(str::to_owned),
            closes_at_bytes: closes_at_gb * BYTES_PER_GB,
            are_copied: false,
            has_queue: is_bound(HOMES_QUEUE),
        };
        let are_copied = homes.find_buckets(texts)?;
        Ok(Self {
            are_copied,
            ..homes
        })
    }

    /// Whether any bucket of a second copy is bound. An error: then one is missing, and a home's shares never go to a bucket of another place.
    fn find_buckets(&self, texts: &Texts<'_>) -> Result<bool, InvalidSetting> {
        let wanted = self.buckets();
        let is_bound = |wanted: &str| texts.names().any(|name| name == wanted);
        if !is_bound(ANYWHERE) && !wanted.iter().any(|name| is_bound(name)) {
            return Ok(false);
        }
        match wanted.iter().find(|name| !is_bound(name)) {
            None => Ok(true),
            Some(name) if name == ANYWHERE => Err(InvalidSetting::new(
                ANYWHERE,
                "is not bound, though there are homes without a place in HOME_PLACES, and a place's bucket is bound: bind one for these homes, or give them a place",
            )),
            Some(name) => Err(InvalidSetting::new(
                "HOME_PLACES",
                &format!(
                    "has a place without a bucket: bind one as {name} for its second copy (docs/second-copy.md)"
                ),
            )),
        }
    }

    /// The name of the binding of the bucket that a home is copied into: `COPY`, or `COPY_EU` for the place `eu`.
    pub fn bucket_of(&self, home: u32) -> String {
        match self.place_of(home) {
            None => ANYWHERE.to_owned(),
            Some(place) => format!(
                "{ANYWHERE}_{}",
                place.to_ascii_uppercase().replace('-', "_")
            ),
        }
    }

    /// The names of all of these bindings, each once.
    pub fn buckets(&self) -> Vec<String> {
        let mut buckets = Vec::new();
        for home in &self.bound {
            let bucket = self.bucket_of(*home);
            if !buckets.contains(&bucket) {
                buckets.push(bucket);
            }
        }
        buckets
    }

    pub fn place_of(&self, home: u32) -> Option<&str> {
        let (_, place) = self.places.iter().find(|(known, _)| *known == home)?;
        Some(place)
    }

    /// The bound homes of a place.
    pub fn in_place(&self, place: &str) -> Vec<u32> {
        let mut homes = self.bound.clone();
        homes.retain(|home| self.place_of(*home) == Some(place));
        homes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(bindings: &[&str], settings: &[(&str, &str)]) -> Result<Homes, InvalidSetting> {
        let bindings = bindings.iter().map(|name| (*name, ""));
        let all: Vec<_> = bindings.chain(settings.iter().copied()).collect();
        Homes::parse(&Texts::from(all.as_slice()))
    }

    #[test]
    fn a_single_database_needs_no_setting() {
        let homes = parse(&["DB", "ADMIN_TOKEN", "DB_NAME", "DB_01"], &[]).unwrap();
        assert_eq!((homes.bound, homes.has_directory), (vec![0], false));
    }

    #[test]
    fn several_databases_need_the_directory() {
        assert_eq!(parse(&["DB", "DB_2"], &[]).unwrap_err().name, "DIRECTORY");
        assert_eq!(parse(&["DB_1", "DIRECTORY"], &[]).unwrap_err().name, "DB");
        let homes = parse(&["DB_10", "DB_2", "DB", "DIRECTORY"], &[]).unwrap();
        assert_eq!(homes.bound, [0, 2, 10]);
    }

    #[test]
    fn a_place_has_the_homes_that_are_bound_there() {
        let bindings = ["DB", "DB_1", "DB_2", "DIRECTORY"];
        let places = [
            ("HOME_PLACES", "0=eu, 2=eu,1=us,7=eu"),
            ("DEFAULT_PLACE", "eu"),
        ];
        let homes = parse(&bindings, &places).unwrap();
        assert_eq!(homes.in_place("eu"), [0, 2]);
        assert!(homes.in_place("ap").is_empty());
        assert_eq!(homes.place_of(1), Some("us"));
    }

    #[test]
    fn a_home_with_a_place_is_copied_into_the_bucket_of_the_place() {
        let bindings = ["DB", "DB_1", "DB_2", "DIRECTORY", "COPY", "COPY_US_EAST"];
        let places = [("HOME_PLACES", "1=us-east,2=us-east")];
        let homes = parse(&bindings, &places).unwrap();
        assert!(homes.are_copied);
        let buckets: Vec<_> = (0..3).map(|home| homes.bucket_of(home)).collect();
        assert_eq!(buckets, ["COPY", "COPY_US_EAST", "COPY_US_EAST"]);
        assert_eq!(homes.buckets(), ["COPY", "COPY_US_EAST"]);
        assert!(!parse(&["DB", "COPY_WAIT_MS"], &[]).unwrap().are_copied);
    }

    #[test]
    fn a_home_whose_bucket_is_missing_stops_the_service() {
        for (buckets, places, named) in [
            (["COPY"].as_slice(), "0=eu", "HOME_PLACES"),
            (&["COPY_EU"], "0=eu,1=us", "HOME_PLACES"),
            (&["COPY_EU"], "0=eu", "COPY"),
        ] {
            let bindings = [&["DB", "DB_1", "DIRECTORY"], buckets].concat();
            let wrong = parse(&bindings, &[("HOME_PLACES", places)]).unwrap_err();
            assert_eq!(wrong.name, named, "{}", wrong.wrong);
        }
        let places = [("HOME_PLACES", "0=eu,1=eu")];
        assert!(
            !parse(&["DB", "DB_1", "DIRECTORY"], &places)
                .unwrap()
                .are_copied
        );
    }

    #[test]
    fn a_malformed_setting_is_named() {
        for (name, value) in [
            ("HOME_PLACES", "eu"),
            ("HOME_PLACES", "0=EU"),
            ("HOME_PLACES", "0="),
            ("HOME_PLACES", "0=a-name-that-is-longer-than-thirty-two"),
            ("HOME_PLACES", "0=eu,0=us"),
            ("HOME_PLACES", "+0=eu"),
            ("DEFAULT_PLACE", "eu"),
            ("HOME_CLOSES_AT_GB", "11"),
            ("HOME_CLOSES_AT_GB", "0"),
            ("HOME_CLOSES_AT_GB", "+5"),
        ] {
            assert_eq!(parse(&["DB"], &[(name, value)]).unwrap_err().name, name);
        }
    }
}
