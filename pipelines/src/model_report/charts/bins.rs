//! The bins of a column: the reference above what came, a pair of bars each.

use plotters::prelude::{Rectangle, Text};
use plotters::style::Color;
use plotters::style::text_anchor::{HPos, VPos};

use crate::model_report::figures::Shares;
use crate::page::plot::{Area, Drawing, GOOD, OTHER, PlotError, legend, pixel, placed, plot};

const WIDTH: u32 = 560;
/// Where bars begin.
const LEFT: i32 = 220;
const BAR: u32 = 9;
const ROW: u32 = 28;
const TOP: u32 = 36;
/// Letters of a name that fit beside its bars.
const LETTERS: usize = 30;

pub(in crate::model_report) fn bins(shares: &Shares) -> Result<String, PlotError> {
    let rows: Vec<(&String, [f64; 2])> = shares
        .bins
        .iter()
        .zip(shares.reference.iter().zip(&shares.found).map(|(reference, found)| [*reference, *found]))
        // What never was and never came needs no line.
        .filter(|(_, shares)| shares.iter().any(|share| *share > 0.0))
        .collect();
    let longest = rows.iter().flat_map(|(_, shares)| *shares).fold(f64::MIN_POSITIVE, f64::max);
    plot((WIDTH, TOP + u32::try_from(rows.len()).unwrap_or(0) * ROW), |area| {
        legend(area, LEFT, &[("reference", OTHER), ("came", GOOD)])?;
        let mut top = i32::try_from(TOP)?;
        for (name, shares) in &rows {
            draw(area, name, *shares, top, (f64::from(WIDTH) - f64::from(LEFT) - 60.0) / longest)?;
            top += i32::try_from(ROW)?;
        }
        Ok(())
    })
}

fn draw(area: &Area, name: &str, shares: [f64; 2], top: i32, scale: f64) -> Drawing {
    let bar = i32::try_from(BAR)?;
    area.draw(&Text::new(short(name), (LEFT - 10, top + bar), placed(13, HPos::Right, VPos::Center)))?;
    for ((share, colour), top) in shares.into_iter().zip([OTHER, GOOD]).zip([top, top + bar + 1]) {
        let end = LEFT + pixel(share * scale);
        area.draw(&Rectangle::new([(LEFT, top), (end, top + bar)], colour.filled()))?;
        let said = format!("{:.1} %", share * 100.0);
        area.draw(&Text::new(said, (end + 6, top + bar / 2), placed(10, HPos::Left, VPos::Center)))?;
    }
    Ok(())
}

fn short(name: &str) -> String {
    if name.chars().count() <= LETTERS {
        name.to_owned()
    } else {
        name.chars().take(LETTERS - 1).chain(['…']).collect()
    }
}
