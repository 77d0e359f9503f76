//! A file of labels: what became of those who applied. Every line is checked, and one that is wrong is refused by its number.

use std::collections::HashMap;

use weir_messages::ApplicationId;

/// What became of applications, and on which line of the file each stands.
#[derive(Debug, Default)]
pub(super) struct Labels(HashMap<ApplicationId, Label>);

#[derive(Debug, Clone, Copy)]
struct Label {
    line: u64,
    is_bad: bool,
    decided: bool,
}

const HEAD: [&str; 2] = ["application", "bad"];

impl Labels {
    /// CSV with the head `application,bad`; bad is 1 for who did not pay back, 0 for who did.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let head = reader.headers().map_err(|error| format!("line 1: {error}"))?;
        if head != HEAD[..] {
            return Err(format!("line 1: expected the head `application,bad`, found `{}`", shown(&joined(head))));
        }
        let mut labels = HashMap::new();
        for record in reader.records() {
            let record = record.map_err(|error| unread(&error))?;
            let line = record.position().map_or(0, csv::Position::line);
            let is_bad = match &record[1] {
                "0" => false,
                "1" => true,
                other => return Err(format!("line {line}: bad: expected 0 or 1, found `{}`", shown(other))),
            };
            let label = Label { line, is_bad, decided: false };
            if let Some(first) = labels.insert(ApplicationId::new(&record[0]), label) {
                let application = shown(&record[0]);
                return Err(format!("line {line}: application: `{application}` is on line {} already", first.line));
            }
        }
        if labels.is_empty() { Err("expected at least one label, found none".to_owned()) } else { Ok(Self(labels)) }
    }

    /// Whether this one was bad, if the file says so.
    pub(super) fn of(&mut self, application: &ApplicationId) -> Option<bool> {
        self.0.get_mut(application).map(|label| {
            label.decided = true;
            label.is_bad
        })
    }

    /// Refuses a label of an application that was never asked for: nobody decided on it.
    pub(super) fn all_decided(&self) -> Result<(), String> {
        match self.0.iter().filter(|(_, label)| !label.decided).min_by_key(|(_, label)| label.line) {
            None => Ok(()),
            Some((application, label)) => {
                let application = shown(application.as_str());
                Err(format!("line {}: application: nobody decided on `{application}`", label.line))
            }
        }
    }
}

fn joined(head: &csv::StringRecord) -> String {
    head.iter().collect::<Vec<_>>().join(",")
}

fn shown(text: &str) -> String {
    text.chars().take(80).collect()
}

fn unread(error: &csv::Error) -> String {
    let line = error.position().map_or(0, csv::Position::line);
    if let csv::ErrorKind::UnequalLengths { len, .. } = error.kind() {
        return format!("line {line}: expected 2 fields, found {len}");
    }
    format!("line {line}: {error}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_found_by_application() {
        let mut labels = Labels::parse("application,bad\na1,0\na2,1\n").unwrap();
        assert_eq!(
            [labels.of(&"a1".into()), labels.of(&"a2".into()), labels.of(&"a3".into())],
            [Some(false), Some(true), None]
        );
        assert_eq!(labels.all_decided(), Ok(()));
    }

    #[test]
    fn a_label_of_nobody_is_refused_by_its_line() {
        let mut labels = Labels::parse("application,bad\na1,0\na2,1\na3,1\n").unwrap();
        labels.of(&"a1".into());
        assert_eq!(labels.all_decided().unwrap_err(), "line 3: application: nobody decided on `a2`");
    }

    #[test]
    fn what_is_wrong_is_named_with_line_and_field() {
        for (text, said) in [
            ("", "line 1: expected the head `application,bad`, found ``"),
            ("id,bad\na1,0\n", "line 1: expected the head `application,bad`, found `id,bad`"),
            ("application,bad\n", "expected at least one label, found none"),
            ("application,bad\na1,0\na2,yes\n", "line 3: bad: expected 0 or 1, found `yes`"),
            ("application,bad\na1,\n", "line 2: bad: expected 0 or 1, found ``"),
            ("application,bad\na1,0\na2\n", "line 3: expected 2 fields, found 1"),
            ("application,bad\na1,0\na2,1\na1,0\n", "line 4: application: `a1` is on line 2 already"),
        ] {
            assert_eq!(Labels::parse(text).unwrap_err(), said);
        }
    }
}
