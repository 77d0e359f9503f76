//! The table of bounds in `docs/operations.md` against the code, in both directions: what a row says is so, and every
//! constant and setting that bounds something has a row.
//!
//! A constant bounds something when its name has one of `WORDS`. Benches, demo, simulators and tests are left out.

#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use weir_pipelines::config::{Config, template};

const WORDS: &[&str] = &["MAX", "MOST", "LONGEST", "LARGEST", "DEEPEST", "QUEUE", "KEPT", "LIMIT"];

/// Sources, by the name that rows give their crate.
const CRATES: &[(&str, &str)] = &[
    ("messages", "ingest/messages/src"),
    ("ingest", "ingest/src"),
    ("expr", "features/expr/src"),
    ("features", "features/src"),
    ("onnx", "scoring/onnx/src"),
    ("scoring", "scoring/src"),
    ("money", "lending/money/src"),
    ("lending", "lending/src"),
    ("pipelines", "pipelines/src"),
];

const LEFT_OUT: &[&str] = &["tests", "bench", "demo", "simulator", "model_report"];

fn root() -> PathBuf {
    Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap()).parent().unwrap().to_owned()
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
        if LEFT_OUT.contains(&stem.as_str()) || stem.ends_with("_tests") {
            continue;
        }
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Every constant of the crates: `ingest::MAX_ID` to the expressions it has there, as several files may have one.
fn constants() -> BTreeMap<String, Vec<String>> {
    let mut constants = BTreeMap::<String, Vec<String>>::new();
    for (name, folder) in CRATES {
        let mut files = Vec::new();
        sources(&root().join(folder), &mut files);
        for file in files {
            let text = std::fs::read_to_string(file).unwrap();
            for (constant, expression) in code(&text).lines().filter_map(constant) {
                constants.entry(format!("{name}::{constant}")).or_default().push(expression.to_owned());
            }
        }
    }
    constants
}

/// Without the tests at its end.
fn code(text: &str) -> &str {
    let module = |line: &str| line.contains("mod ") && line.ends_with('{');
    let is_module = |at: usize| text[at..].trim_start().lines().nth(1).is_some_and(module);
    let tests = text.match_indices("\n#[cfg(test)]\n").map(|(at, _)| at).find(|at| is_module(*at));
    &text[..tests.unwrap_or(text.len())]
}

/// Name and expression of a line as `pub const NAME: TYPE = EXPRESSION;`.
fn constant(line: &str) -> Option<(&str, &str)> {
    let line = line.trim_start().trim_start_matches("pub ").trim_start_matches("pub(crate) ");
    let (name, rest) = line.trim_start_matches("pub(super) ").strip_prefix("const ")?.split_once(": ")?;
    let (_, expression) = rest.split_once(" = ")?;
    let is_name = name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
    is_name.then_some((name, expression.strip_suffix(';')?))
}

fn bounds_something(constant: &str) -> bool {
    let name = constant.rsplit("::").next().unwrap();
    name.split('_').any(|word| WORDS.contains(&word))
}

/// Numeric settings with their defaults: `limits.max_lag`.
fn settings() -> BTreeMap<String, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weir.toml");
    let optional = "[kafka]\nbrokers = 'b:9092'\n[objects]\nurl = 'file:///o'\n[redis]\nurl = 'redis://r:6379'\n";
    std::fs::write(&path, template(&root(), folder.path()) + optional).unwrap();
    let config = toml::Table::try_from(Config::load(&path).unwrap()).unwrap();
    let mut settings = BTreeMap::new();
    numbers(String::new(), &toml::Value::Table(config), &mut settings);
    settings
}

fn numbers(path: String, value: &toml::Value, found: &mut BTreeMap<String, String>) {
    if let Some(number) = value.as_integer() {
        found.insert(path.clone(), number.to_string());
    }
    for (name, value) in value.as_table().into_iter().flatten() {
        let dot = if path.is_empty() { "" } else { "." };
        numbers(format!("{path}{dot}{name}"), value, found);
    }
}

/// Rows of the table: name and limit.
fn rows() -> Vec<(String, String)> {
    let text = std::fs::read_to_string(root().join("docs/operations.md")).unwrap();
    let (_, section) = text.split_once("\n## Bounds\n").expect("docs/operations.md has a section `Bounds`");
    let section = section.split("\n## ").next().unwrap();
    let row = |line: &str| {
        let mut cells = line.strip_prefix("| `")?.split(" | ");
        let name = cells.next()?.trim_end_matches('`').to_owned();
        let limit = cells.next()?.trim().trim_matches('`').to_owned();
        assert_eq!(cells.count(), 2, "{line}: expected name, limit, what it bounds, what happens");
        Some((name, limit))
    };
    section.lines().filter_map(row).collect()
}

/// `4 MiB`, `1,000`, `30 s` (in milliseconds), `4 << 20`, `8 * 1024`, `Duration::from_secs(30)`.
fn number(text: &str) -> Option<u128> {
    let text = text.trim();
    if let Some(inner) = text.strip_suffix(')') {
        return match inner.split_once('(')? {
            ("Duration::from_secs", seconds) => Some(number(seconds)? * 1_000),
            ("Duration::from_millis", millis) => number(millis),
            _ => None,
        };
    }
    if let Some((left, right)) = text.split_once(" << ") {
        return number(left)?.checked_shl(right.parse().ok()?);
    }
    if let Some((left, right)) = text.split_once(" * ") {
        return number(left)?.checked_mul(number(right)?);
    }
    let (digits, unit) = text.split_once(' ').unwrap_or((text, ""));
    let unit = match unit {
        "" | "ms" | "µs" | "bytes" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        "s" => 1_000,
        _ => return None,
    };
    digits.replace([',', '_'], "").parse::<u128>().ok()?.checked_mul(unit)
}

fn equal(limit: &str, expression: &str) -> bool {
    limit == expression || number(limit).is_some_and(|limit| number(expression) == Some(limit))
}

#[test]
fn every_row_of_bounds_says_what_the_code_has() {
    let (constants, settings, rows) = (constants(), settings(), rows());
    assert!(rows.len() > 20, "the table was found");
    for (name, limit) in &rows {
        let found = match settings.get(name) {
            Some(default) => std::slice::from_ref(default),
            None => constants.get(name).map(Vec::as_slice).unwrap_or_default(),
        };
        assert!(!found.is_empty(), "`{name}` is neither a constant nor a setting");
        assert!(found.iter().any(|found| equal(limit, found)), "`{name}`: the table says {limit}, the code {found:?}");
    }
}

#[test]
fn every_bound_in_the_code_has_a_row() {
    let rows = rows();
    let stated = |name: &str, found: &str| rows.iter().any(|(row, limit)| row == name && equal(limit, found));
    let mut missing = Vec::new();
    for (name, found) in constants().into_iter().filter(|(name, _)| bounds_something(name)) {
        missing.extend(found.into_iter().filter(|one| !stated(&name, one)).map(|one| format!("`{name}` = {one}")));
    }
    missing.extend(settings().into_iter().filter(|(name, value)| !stated(name, value)).map(|one| format!("{one:?}")));
    assert!(missing.is_empty(), "docs/operations.md, Bounds, lacks:\n{}", missing.join("\n"));
}

#[test]
fn numbers_are_read_as_code_and_as_people_write_them() {
    for (text, value) in [
        ("200_000", 200_000),
        ("1,000", 1_000),
        ("4 << 20", 4 << 20),
        ("4 MiB", 4 << 20),
        ("5 * 60 * 1_000", 300_000),
        ("Duration::from_secs(30)", 30_000),
        ("30 s", 30_000),
        ("100 ms", 100),
    ] {
        assert_eq!(number(text), Some(value), "{text}");
    }
    assert!(number("SLOTS").is_none() && number("4 apples").is_none());
}
