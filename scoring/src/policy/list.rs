//! A list: values with the reason they are on it, who put them there, from when until when, and how to appeal. Values
//! are tokens or codes, never clear identifiers.

use std::collections::HashMap;

use chrono::NaiveDate;

use super::PolicyError;

const COLUMNS: [&str; 6] = ["value", "reason", "source", "added", "expires", "appeal"];

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct List(HashMap<String, Vec<Entry>>);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// The first day on which it counts.
    added: NaiveDate,
    /// The first day on which it no longer counts.
    expires: NaiveDate,
    pub(super) appeal: String,
}

impl List {
    /// An error names line and column and withholds the value.
    pub(super) fn parse(name: &str, text: &str) -> Result<Self, PolicyError> {
        let refused = |line: u64, field: &'static str, reason: &str| PolicyError::List {
            list: name.to_owned(),
            line,
            field,
            reason: reason.to_owned(),
        };
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
        let head = reader.headers().map_err(|_| refused(1, "head", "expected CSV"))?;
        if !head.iter().eq(COLUMNS) {
            return Err(refused(1, "head", &format!("expected {}", COLUMNS.join(","))));
        }
        let mut list = Self::default();
        for record in reader.records() {
            let record = record.map_err(|_| refused(0, "row", "expected CSV"))?;
            let line = record.position().map_or(0, csv::Position::line);
            let (value, entry) = entry(&record).map_err(|(field, reason)| refused(line, field, reason))?;
            list.0.entry(value).or_default().push(entry);
        }
        Ok(list)
    }

    /// The entry for `value` that counts on `day`.
    pub(super) fn in_force(&self, value: &str, day: NaiveDate) -> Option<&Entry> {
        self.0.get(value)?.iter().find(|entry| entry.added <= day && day < entry.expires)
    }
}

fn entry(record: &csv::StringRecord) -> Result<(String, Entry), (&'static str, &'static str)> {
    if record.len() != COLUMNS.len() {
        return Err(("row", "expected six columns"));
    }
    if let Some((field, _)) = COLUMNS.iter().zip(record).find(|(_, text)| text.trim().is_empty()) {
        return Err((field, "expected text, found none"));
    }
    let date = |at: usize| {
        NaiveDate::parse_from_str(&record[at], "%Y-%m-%d").map_err(|_| (COLUMNS[at], "expected a date as 2026-03-01"))
    };
    let (added, expires) = (date(3)?, date(4)?);
    if expires <= added {
        return Err(("expires", "expected a day after `added`"));
    }
    Ok((record[0].to_owned(), Entry { added, expires, appeal: record[5].to_owned() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "value,reason,source,added,expires,appeal\n";

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn refusal(rows: &str) -> String {
        List::parse("phones", rows).unwrap_err().to_string()
    }

    #[test]
    fn an_entry_counts_from_its_first_day_until_the_day_it_expires() {
        let rows = format!("{HEAD}tok_1,fraud,desk,2026-03-01,2026-04-01,by letter\n");
        let list = List::parse("phones", &rows).unwrap();
        let counts = |on: &str| list.in_force("tok_1", day(on)).is_some();
        assert_eq!(["2026-02-28", "2026-03-01", "2026-03-31", "2026-04-01"].map(counts), [false, true, true, false]);
        assert_eq!(list.in_force("tok_2", day("2026-03-15")), None);
    }

    #[test]
    fn a_value_may_be_listed_again_after_it_was_taken_off() {
        let rows = format!("{HEAD}t,a,b,2026-01-01,2026-02-01,first\nt,a,b,2026-03-01,2026-04-01,second\n");
        let list = List::parse("phones", &rows).unwrap();
        assert_eq!(list.in_force("t", day("2026-02-15")), None);
        assert_eq!(list.in_force("t", day("2026-03-15")).unwrap().appeal, "second");
    }

    #[test]
    fn a_list_of_nothing_but_its_head_lists_nobody() {
        assert_eq!(List::parse("phones", HEAD).unwrap(), List::default());
    }

    #[test]
    fn a_bad_entry_is_named_by_line_and_column_and_its_value_withheld() {
        for (row, expected) in [
            ("x,a,b,2026-03-01,soon,d", "line 2: expires: expected a date as 2026-03-01"),
            ("x,a,b,2026-13-01,2027-01-01,d", "line 2: added: expected a date as 2026-03-01"),
            ("x,a,b,2026-03-01,2026-03-01,d", "line 2: expires: expected a day after `added`"),
            ("x,,b,2026-03-01,2026-04-01,d", "line 2: reason: expected text, found none"),
            ("x,a,b,2026-03-01,2026-04-01,", "line 2: appeal: expected text, found none"),
            ("x,a,b,2026-03-01", "line 2: row: expected six columns"),
        ] {
            assert_eq!(refusal(&format!("{HEAD}{row}\n")), format!("lists/phones.csv: {expected}"));
        }
        assert!(refusal("value,reason\n").contains("head: expected value,reason,source,added,expires,appeal"));
        assert!(refusal("").contains("head: expected value,"));
    }
}
