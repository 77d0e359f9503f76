//! Horizontal bars in parts: outcomes and reasons.

use plotters::prelude::{Rectangle, Text};
use plotters::style::text_anchor::{HPos, VPos};
use plotters::style::{Color, RGBColor};

use super::super::super::figures::{Figures, OUTCOMES, ReasonCount, outcome_name};
use crate::page::plot::{Area, BAD, BETWEEN, Drawing, GOOD, PlotError, legend, number, pixel, placed, plot};

const WIDTH: u32 = 860;
const BAR: u32 = 26;
const GAP: u32 = 12;
const TOP: u32 = 36;
/// Reasons shown.
const MOST: usize = 12;

/// One bar: what it says on the left, and its parts.
struct Bar {
    name: String,
    parts: Vec<usize>,
}

pub(in super::super) fn outcomes(figures: &Figures) -> Result<String, PlotError> {
    let bar = |(outcome, parts): (_, [usize; 2])| Bar { name: outcome_name(outcome).to_owned(), parts: parts.to_vec() };
    let bars: Vec<Bar> = OUTCOMES.into_iter().zip(figures.outcomes).map(bar).collect();
    stacked(&bars, 110, &[("really paid back", GOOD), ("really went bad", BAD)])
}

pub(in super::super) fn reasons(figures: &Figures) -> Result<String, PlotError> {
    let bar = |reason: &ReasonCount| Bar { name: reason.code.clone(), parts: reason.with.to_vec() };
    let bars: Vec<Bar> = figures.reasons.iter().take(MOST).map(bar).collect();
    let parts = [("approve", GOOD), ("review", BETWEEN), ("decline", BAD)];
    stacked(&bars, 290, &parts)
}

/// Bars from `left` on, the longest across the rest of the width, each with its total at the end.
fn stacked(bars: &[Bar], left: i32, parts: &[(&str, RGBColor)]) -> Result<String, PlotError> {
    let rows = u32::try_from(bars.len()).unwrap_or(0);
    plot((WIDTH, TOP + rows * (BAR + GAP)), |area| {
        legend(area, left, parts)?;
        let longest = bars.iter().map(|bar| bar.parts.iter().sum::<usize>()).max().unwrap_or(0).max(1);
        let room = f64::from(WIDTH) - f64::from(left) - 60.0;
        let mut top = i32::try_from(TOP)?;
        for bar in bars {
            draw(area, bar, (left, top), room / number(longest), parts)?;
            top += i32::try_from(BAR + GAP)?;
        }
        Ok(())
    })
}

fn draw(area: &Area, bar: &Bar, (left, top): (i32, i32), scale: f64, parts: &[(&str, RGBColor)]) -> Drawing {
    let bottom = top + i32::try_from(BAR)?;
    let middle = i32::midpoint(top, bottom);
    area.draw(&Text::new(bar.name.clone(), (left - 10, middle), placed(14, HPos::Right, VPos::Center)))?;
    let (mut sum, mut x) = (0, left);
    for (part, (_, colour)) in bar.parts.iter().zip(parts) {
        sum += part;
        let end = left + pixel(number(sum) * scale);
        if end > x {
            area.draw(&Rectangle::new([(x, top), (end, bottom)], colour.filled()))?;
        }
        x = end;
    }
    area.draw(&Text::new(sum.to_string(), (x + 8, middle), placed(14, HPos::Left, VPos::Center)))?;
    Ok(())
}
