//! What daily figures tell: when a database will be full, and all of it as OpenMetrics text.

use std::fmt::Write;

/// A D1 database of a paid plan ends at 10 GB (<https://developers.cloudflare.com/d1/platform/limits/>).
pub const DATABASE_LIMIT_BYTES: u64 = 10_000_000_000;

/// In how many days a database is full that had these sizes, each with its day as a number. None: it does not grow, or one
/// day alone is known.
pub fn days_until_full(sizes: &[(u64, u64)], limit: u64) -> Option<u64> {
    let (&(first_day, first), &(last_day, last)) = (sizes.first()?, sizes.last()?);
    let days = last_day.checked_sub(first_day).filter(|days| *days > 0)?;
    let growth = last.checked_sub(first).filter(|growth| *growth > 0)?;
    let left = limit.saturating_sub(last);
    u64::try_from(u128::from(left) * u128::from(days) / u128::from(growth)).ok()
}

/// OpenMetrics 1.0 (<https://prometheus.io/docs/specs/om/open_metrics_spec/>), one metric family after the other.
#[derive(Default)]
pub struct OpenMetrics(String);

pub type Label<'a> = (&'static str, &'a str);

impl OpenMetrics {
    /// Begins a family. Its name without `_total`, its type, and its help, which needs no escape.
    pub fn family(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# TYPE {name} {kind}\n# HELP {name} {help}");
    }

    pub fn sample(&mut self, name: &str, labels: &[Label], value: u64) {
        self.0.push_str(name);
        let mut before = "{";
        for (label, text) in labels {
            let _ = write!(self.0, "{before}{label}=\"");
            escape(&mut self.0, text);
            self.0.push_str("\"");
            before = ",";
        }
        if !labels.is_empty() {
            self.0.push_str("}");
        }
        let _ = writeln!(self.0, " {value}");
    }

    /// A family of one sample without labels.
    pub fn gauge(&mut self, name: &str, help: &str, value: u64) {
        self.family(name, "gauge", help);
        self.sample(name, &[], value);
    }

    pub fn end(mut self) -> String {
        self.0.push_str("# EOF\n");
        self.0
    }
}

fn escape(into: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '\\' => into.push_str("\\\\"),
            '"' => into.push_str("\\\""),
            '\n' => into.push_str("\\n"),
            c => into.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_that_grows_has_a_day_when_it_is_full() {
        assert_eq!(days_until_full(&[(10, 100), (12, 300)], 1_000), Some(7));
        assert_eq!(days_until_full(&[(10, 100), (11, 1_200)], 1_000), Some(0));
    }

    #[test]
    fn one_that_does_not_grow_has_none() {
        assert_eq!(days_until_full(&[], 1_000), None);
        assert_eq!(days_until_full(&[(10, 100)], 1_000), None);
        assert_eq!(days_until_full(&[(10, 100), (10, 300)], 1_000), None);
        assert_eq!(days_until_full(&[(10, 300), (12, 300)], 1_000), None);
        assert_eq!(days_until_full(&[(10, 300), (12, 200)], 1_000), None);
    }

    #[test]
    fn labels_are_escaped_and_the_text_has_its_end() {
        let mut text = OpenMetrics::default();
        text.family("a", "counter", "What a is.");
        text.sample("a_total", &[("x", "q\"\\\n"), ("y", "z")], 3);
        text.gauge("b", "What b is.", 4);
        assert_eq!(
            text.end(),
            "# TYPE a counter\n# HELP a What a is.\na_total{x=\"q\\\"\\\\\\n\",y=\"z\"} 3\n\
             # TYPE b gauge\n# HELP b What b is.\nb 4\n# EOF\n"
        );
    }
}
