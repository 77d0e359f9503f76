//! From `sum(amount)` to the aggregate, or why there is none.

use weir_expr::{Argument, Call, ColumnType};

use super::Aggregate;
use super::avg::Avg;
use super::count::{Count, CountRows};
use super::count_if::CountIf;
use super::distinct::Distinct;
use super::ends::{First, Last};
use super::extreme::Extreme;
use super::recency::Recency;
use super::stddev::Stddev;
use super::sum::Sum;
use crate::view::{Fault, Slots};

const OFFERED: &str = "count(*), count(x), count(distinct x), count_if(p), sum(x), avg(x), min(x), max(x), stddev(x), \
                       first(x), last(x), seconds_since_last()";
const LATER: [&str; 4] = ["top_k", "quantile", "entropy", "jaccard"];

pub(crate) fn plan(call: &Call, slots: &mut Slots<'_>) -> Result<Box<dyn Aggregate>, Fault> {
    let name = call.function.as_str();
    if LATER.contains(&name) {
        return Err(Fault::Form(format!("the aggregate `{name}` is not offered yet")));
    }
    if call.distinct && name != "count" {
        return Err(Fault::Form(format!("distinct belongs into count, found it in `{name}`")));
    }
    Ok(match (name, call.arguments.as_slice()) {
        ("count", [Argument::Star]) if !call.distinct => Box::new(CountRows),
        ("seconds_since_last", []) => Box::new(Recency),
        (_, [Argument::Expression(sql)]) => return of_value(call, sql, slots),
        _ => return Err(unknown(call)),
    })
}

fn of_value(call: &Call, sql: &str, slots: &mut Slots<'_>) -> Result<Box<dyn Aggregate>, Fault> {
    let known = ["count", "count_if", "sum", "avg", "stddev", "min", "max", "first", "last"];
    if !known.contains(&call.function.as_str()) {
        return Err(unknown(call));
    }
    let (slot, found) = slots.value(sql)?;
    let wants = |fits: bool, expected: &str| {
        let reason = || format!("expected {expected} in `{}({sql})`, found {found}", call.function);
        if fits { Ok(()) } else { Err(Fault::Form(reason())) }
    };
    let number = || wants(found.is_numeric(), "a number");
    let ordered = || wants(found != ColumnType::Bool, "a number, text or time");
    Ok(match call.function.as_str() {
        "count" if call.distinct => Box::new(Distinct { slot }),
        "count" => Box::new(Count { slot }),
        "count_if" => wants(found == ColumnType::Bool, "a truth value").map(|()| Box::new(CountIf { slot }))?,
        "sum" => number().map(|()| Box::new(Sum { slot }))?,
        "avg" => number().map(|()| Box::new(Avg { slot }))?,
        "stddev" => number().map(|()| Box::new(Stddev { slot }))?,
        "min" => ordered().map(|()| Box::new(Extreme::least(slot, found)))?,
        "max" => ordered().map(|()| Box::new(Extreme::greatest(slot, found)))?,
        "first" => Box::new(First { slot, output: found }),
        "last" => Box::new(Last { slot, output: found }),
        _ => return Err(unknown(call)),
    })
}

fn unknown(call: &Call) -> Fault {
    Fault::Form(format!(
        "expected an aggregate ({OFFERED}), found `{}` with {} arguments",
        call.function,
        call.arguments.len()
    ))
}
