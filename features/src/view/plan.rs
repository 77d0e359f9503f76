//! From the form to the plan: names, windows and consent are checked, and every expression is typed.

use std::collections::{BTreeMap, BTreeSet};

use weir_expr::{Call, ColumnType, Columns, Expression};
use weir_messages::Name;

use super::definition::{AggregateForm, Definition};
use super::error::{Fault, FieldFault};
use super::{Derived, FeatureView, Slots, Span, Window, WindowedAggregate};
use crate::aggregate;
use crate::source::{Sources, Unfit, type_name};

const NO_CONSENT: &str = "none";

pub(super) fn plan(definition: Definition, sources: &Sources) -> Result<FeatureView, FieldFault> {
    check_words(&definition)?;
    let types: Vec<String> = definition.source.iter().map(|name| type_name(name).to_owned()).collect();
    let available = available(&types, &definition.entity, sources)?;
    let columns = read_columns(&definition, &available)?;
    let filter = filter(&definition, &columns)?;
    let (aggregates, slots) = aggregates(&definition, &columns)?;
    let derived = derived(&definition, &aggregates)?;
    let names = aggregates.iter().map(|aggregate| &aggregate.name).chain(derived.iter().map(|derived| &derived.name));
    let features: Vec<Name> = names.map(|name| format!("{}__{name}", definition.name).into()).collect();
    let mut by_name: Vec<usize> = (0..features.len()).collect();
    by_name.sort_by_key(|at| &features[*at]);
    let consent = (definition.consent != NO_CONSENT).then_some(definition.consent);
    Ok(FeatureView {
        name: definition.name,
        hash: String::new(),
        version: definition.version,
        purpose: definition.purpose,
        consent,
        consent_reason: definition.consent_reason,
        entity: definition.entity,
        sources: types,
        lateness: definition.lateness,
        tile: definition.tile,
        columns,
        filter,
        slots,
        aggregates,
        derived,
        features,
        by_name,
    })
}

fn check_words(definition: &Definition) -> Result<(), FieldFault> {
    let Definition { name, entity, purpose, consent, consent_reason, .. } = definition;
    for (field, text) in [("name", name), ("purpose", purpose), ("consent", consent)] {
        check_name(field, text)?;
    }
    if entity.is_empty() {
        return Err(FieldFault::form("entity", "expected the column that holds an id, found nothing"));
    }
    let reason = consent_reason.as_deref().map(str::trim);
    match (consent == NO_CONSENT, reason) {
        (true, None | Some("")) => {
            Err(FieldFault::form("consent_reason", "expected why no consent is needed, as `consent` is none"))
        }
        (false, Some(_)) => {
            Err(FieldFault::form("consent_reason", "only a view whose `consent` is none gives a reason"))
        }
        (true, Some(_)) | (false, None) => Ok(()),
    }?;
    if definition.tile.micros() == 0 {
        return Err(FieldFault::form("tile", "expected a length above zero"));
    }
    if definition.source.is_empty() {
        return Err(FieldFault::form("source", "expected at least one event type, found none"));
    }
    if definition.aggregates.is_empty() {
        return Err(FieldFault::form("aggregates", "expected at least one aggregate, found none"));
    }
    Ok(())
}

/// Two underscores part the view from the feature.
fn check_name(field: &str, name: &str) -> Result<(), FieldFault> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(plain) && !name.contains("__") {
        return Ok(());
    }
    let reason = format!("expected a name of a to z, 0 to 9 and single underscores, found `{name}`");
    Err(FieldFault::form(field, reason))
}

fn available(types: &[String], entity: &str, sources: &Sources) -> Result<BTreeMap<String, ColumnType>, FieldFault> {
    let columns = sources.columns(types).map_err(|unfit| match unfit {
        Unfit::UnknownType(name) => {
            let known: Vec<&str> = sources.names().collect();
            FieldFault::form("source", format!("unknown event type `{name}`, expected one of {}", known.join(", ")))
        }
        Unfit::Differs { column, first, later } => {
            FieldFault::form("source", format!("column `{column}` is {first} in one event type and {later} in another"))
        }
    })?;
    match columns.get(entity) {
        Some(ColumnType::Text | ColumnType::Integer) => Ok(columns),
        Some(found) => {
            let line = sources.first_float(types, entity);
            let line = line.map(|line| format!(": line {line} holds a number that is no integer of 64 bits"));
            let line = line.unwrap_or_default();
            Err(FieldFault::form("entity", format!("expected a column of ids, `{entity}` is {found}{line}")))
        }
        None => Err(FieldFault::form("entity", format!("none of the sources has a column `{entity}`"))),
    }
}

/// The columns that some expression reads: plans are made over these alone, so that a batch holds no other.
fn read_columns(definition: &Definition, available: &BTreeMap<String, ColumnType>) -> Result<Columns, FieldFault> {
    let all: Columns = available.iter().map(|(name, column)| (name.clone(), *column)).collect();
    let mut slots = Slots::over(&all);
    for (name, form) in &definition.aggregates {
        aggregate_of(form, &mut slots).map_err(|fault| fault.in_field(format!("aggregates.{name}")))?;
    }
    let filter = filter(definition, &all)?;
    let reads: BTreeSet<&String> = slots.reads().chain(filter.iter().flat_map(Expression::reads)).collect();
    Ok(reads.into_iter().map(|name| (name.clone(), available[name])).collect())
}

fn filter(definition: &Definition, columns: &Columns) -> Result<Option<Expression>, FieldFault> {
    let parse = |sql: &String| Expression::condition(sql, columns);
    definition.filter.as_ref().map(parse).transpose().map_err(|error| Fault::from(error).in_field("where"))
}

fn aggregate_of(form: &AggregateForm, slots: &mut Slots<'_>) -> Result<Box<dyn aggregate::Aggregate>, Fault> {
    aggregate::plan(&Call::parse(&form.expr)?, slots)
}

fn aggregates(
    definition: &Definition,
    columns: &Columns,
) -> Result<(Vec<WindowedAggregate>, Vec<Expression>), FieldFault> {
    let (mut slots, mut planned) = (Slots::over(columns), Vec::new());
    for (name, form) in &definition.aggregates {
        let field = format!("aggregates.{name}");
        check_name(&field, name)?;
        for span in windows(form.windows.as_ref(), &definition.windows, &field)? {
            let aggregate = aggregate_of(form, &mut slots).map_err(|fault| fault.in_field(field.as_str()))?;
            planned.push(WindowedAggregate {
                name: format!("{name}_{span}"),
                sql: form.expr.clone(),
                aggregate,
                window: Window::new(span.clone(), &definition.tile),
            });
        }
    }
    Ok((planned, slots.finish()))
}

fn windows<'a>(own: Option<&'a Vec<Span>>, shared: &'a [Span], field: &str) -> Result<&'a [Span], FieldFault> {
    let (windows, field) =
        own.map_or((shared, "windows".to_owned()), |own| (own.as_slice(), format!("{field}.windows")));
    if windows.is_empty() {
        return Err(FieldFault::form(field, "expected at least one window, found none"));
    }
    for (at, span) in windows.iter().enumerate() {
        if span.micros() == 0 {
            return Err(FieldFault::form(field, "expected a window above zero"));
        }
        if windows[..at].contains(span) {
            return Err(FieldFault::form(field, format!("`{span}` stands there twice")));
        }
    }
    Ok(windows)
}

fn derived(definition: &Definition, aggregates: &[WindowedAggregate]) -> Result<Vec<Derived>, FieldFault> {
    let mut known: Vec<(String, ColumnType)> =
        aggregates.iter().map(|aggregate| (aggregate.name.clone(), aggregate.aggregate.output())).collect();
    let mut planned = Vec::new();
    for (at, (name, _)) in known.iter().enumerate() {
        if known[..at].iter().any(|(earlier, _)| earlier == name) {
            return Err(FieldFault::form("aggregates", format!("two aggregates give the feature `{name}`")));
        }
    }
    for (name, sql) in &definition.derived {
        let field = format!("derived.{name}");
        check_name(&field, name)?;
        if known.iter().any(|(earlier, _)| earlier == name) {
            return Err(FieldFault::form(field, "an aggregate gives a feature of this name"));
        }
        let one = derive(name, sql, &known).map_err(|error| Fault::from(error).in_field(field))?;
        known.push((name.clone(), one.expression.output_type()));
        planned.push(one);
    }
    Ok(planned)
}

fn derive(name: &str, sql: &str, known: &[(String, ColumnType)]) -> Result<Derived, weir_expr::ExprError> {
    let all: Columns = known.iter().cloned().collect();
    let reads = Expression::parse(sql, &all)?.reads().to_vec();
    let inputs: Vec<usize> = reads.iter().filter_map(|name| all.position(name)).collect();
    let columns: Columns = inputs.iter().map(|at| known[*at].clone()).collect();
    let expression = Expression::parse(sql, &columns)?;
    Ok(Derived { name: name.to_owned(), expression, columns, inputs })
}
