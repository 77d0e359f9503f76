//! A view in words: what it reads, what is computed when, what is kept.

use std::fmt::Write;

use weir_expr::ColumnType;

use super::FeatureView;

pub(super) fn explain(view: &FeatureView) -> String {
    let mut text = String::new();
    write(view, &mut text).expect("a text takes every line");
    text
}

fn write(view: &FeatureView, out: &mut String) -> std::fmt::Result {
    let consent = match (&view.consent, &view.consent_reason) {
        (Some(class), _) => format!("class `{class}`: without it every feature is null, reason `no_consent`"),
        (None, reason) => format!("none: {}", reason.as_deref().unwrap_or_default()),
    };
    writeln!(out, "{} version {}", view.name, view.version)?;
    writeln!(out, "  purpose   {}", view.purpose)?;
    writeln!(out, "  consent   {consent}")?;
    writeln!(out, "  sources   {}", view.sources.join(", "))?;
    writeln!(out, "  entity    {}", view.entity)?;
    writeln!(out, "  lateness  {}: an event that became known later after it happened is left out", view.lateness)?;
    writeln!(out, "  tile      {}: windows begin at a whole tile", view.tile)?;
    write_plan(view, out)?;
    write_features(view, out)?;
    let (slots, row) = (view.slots.len(), row_bytes(view));
    let conditions = usize::from(view.filter.is_some());
    writeln!(out, "  an event  {} expressions over the batch, one row of {slots} values", slots + conditions)?;
    let kept = view.longest_window() + view.tile.micros() + view.lateness.micros();
    let days = kept / (24 * 3600 * 1_000_000);
    write!(out, "  a key     about {row} bytes for each of its rows of the last {days} days and a part")
}

fn write_plan(view: &FeatureView, out: &mut String) -> std::fmt::Result {
    let reads: Vec<String> = view.columns.iter().map(|(name, column)| format!("{name} ({column})")).collect();
    writeln!(
        out,
        "  reads     {}",
        if reads.is_empty() { "nothing but the entity".to_owned() } else { reads.join(", ") }
    )?;
    if let Some(filter) = &view.filter {
        writeln!(out, "  where     {}", filter.sql())?;
    }
    let kept = view.slots.iter().map(|slot| format!("{} ({})", slot.sql(), slot.output_type()));
    let kept = kept.collect::<Vec<_>>().join(", ");
    writeln!(out, "  keeps     {}", if kept.is_empty() { "that the row was there".to_owned() } else { kept })
}

fn write_features(view: &FeatureView, out: &mut String) -> std::fmt::Result {
    let aggregates = view.aggregates.iter().map(|one| format!("{} over {}", one.sql, one.window.span));
    let derived = view.derived.iter().map(|one| one.expression.sql().to_owned());
    let plans = aggregates.chain(derived).zip(view.output_types());
    writeln!(out, "  features")?;
    for (name, (plan, column)) in view.features.iter().zip(plans) {
        writeln!(out, "    {name} = {plan} ({column})")?;
    }
    Ok(())
}

/// In memory: two times, the event's id and source, and the values; a token stands for a text.
fn row_bytes(view: &FeatureView) -> usize {
    const TIMES_AND_IDS: usize = 16 + 2 * (16 + 24) + 16;
    const VALUE: usize = 32;
    const TOKEN: usize = 43;
    let texts = view.slots.iter().filter(|slot| slot.output_type() == ColumnType::Text).count();
    TIMES_AND_IDS + VALUE * view.slots.len() + TOKEN * texts
}
