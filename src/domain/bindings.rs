//! What the Worker is bound to: the bindings' names, and the texts of those that are secrets or variables.

/// Of each binding its name and its text, which is empty where the binding is something else, such as a database.
#[derive(Debug)]
pub struct Texts<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Texts<'a> {
    /// `all` is each name and each text, with a NUL behind both.
    pub fn of(all: &'a str) -> Self {
        let mut parts = all.split('\0');
        Self(std::iter::from_fn(|| parts.next().zip(parts.next())).collect())
    }

    /// A setting, without white space around it. An empty one counts as absent.
    pub fn get(&self, name: &str) -> Option<&'a str> {
        let (_, text) = self.0.iter().find(|(known, _)| *known == name)?;
        Some(text.trim()).filter(|text| !text.is_empty())
    }

    pub fn names(&self) -> impl Iterator<Item = &'a str> {
        self.0.iter().map(|(name, _)| *name)
    }
}

impl<'a> From<&[(&'a str, &'a str)]> for Texts<'a> {
    fn from(all: &[(&'a str, &'a str)]) -> Self {
        Self(all.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_found_by_its_name_without_white_space_around_it() {
        let texts = Texts::of("DB\0\0EMPTY\0\0SPACES\0 \n\0SECRET\0 a b\n\0OTHER\0c\0");
        assert_eq!(texts.get("SECRET"), Some("a b"));
        assert_eq!(texts.get("OTHER"), Some("c"));
        for absent in ["DB", "EMPTY", "SPACES", "MISSING", ""] {
            assert_eq!(texts.get(absent), None, "{absent}");
        }
        let names: Vec<_> = texts.names().collect();
        assert_eq!(names, ["DB", "EMPTY", "SPACES", "SECRET", "OTHER"]);
    }
}
