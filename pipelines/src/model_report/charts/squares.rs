//! A shadow's scores over those that decided: the darker a square, the more applications lie in it.

use plotters::prelude::{LineSeries, Rectangle};
use plotters::style::Color;

use crate::model_report::tally::SQUARE;
use crate::page::plot::{GOOD, INK, PlotError, framed, inked, plot};

/// The faintest that still shows.
const FAINT: f64 = 0.15;

pub(in crate::model_report) fn squares(squares: &[(i64, i64, u64)]) -> Result<String, PlotError> {
    let scores = || squares.iter().flat_map(|(decided, asked, _)| [*decided, *asked]);
    let (Some(from), Some(to)) = (scores().min(), scores().max()) else { return plot((560, 340), |_| Ok(())) };
    let most = squares.iter().map(|(.., count)| *count).max().unwrap_or(1);
    plot((560, 440), |area| {
        let point = |score: i64| i32::try_from(score).map(f64::from);
        let (from, to) = (point(from)?, point(to + SQUARE)?);
        let mut chart = framed(area).margin_right(24).build_cartesian_2d(from..to, from..to)?;
        inked(&mut chart.configure_mesh())
            .x_desc("score that decided, points")
            .y_desc("score of the shadow, points")
            .x_label_formatter(&|points| format!("{points:.0}"))
            .y_label_formatter(&|points| format!("{points:.0}"))
            .draw()?;
        for (decided, asked, count) in squares {
            let strength = FAINT + (1.0 - FAINT) * crate::page::words::share(*count, most);
            let corners = [(point(*decided)?, point(*asked)?), (point(decided + SQUARE)?, point(asked + SQUARE)?)];
            chart.draw_series([Rectangle::new(corners, GOOD.mix(strength).filled())])?;
        }
        chart.draw_series(LineSeries::new([(from, from), (to, to)], INK.mix(0.35)))?;
        Ok(())
    })
}
