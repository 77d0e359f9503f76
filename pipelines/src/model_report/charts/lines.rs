//! The index over time, the ROC curves, and calibration.

use plotters::prelude::{Circle, DashedLineSeries, LineSeries};
use plotters::style::{Color, RGBColor};
use weir_scoring::watch::Drift;

use crate::model_report::calibration::Bin;
use crate::model_report::figures::{AgainstLabels, Model, Period};
use crate::page::plot::{BAD, BETWEEN, GOOD, INK, OTHER, PlotError, framed, inked, legend, number, plot};
use crate::page::roc::curves;

const COLOURS: [RGBColor; 4] = [GOOD, OTHER, BETWEEN, BAD];

/// Of so many columns the index in each slice, and the limit of the first.
pub(in crate::model_report) fn over_time(periods: &[Period], columns: &[&str]) -> Result<String, PlotError> {
    let line = |column: &str, of: fn(&Drift) -> f64| -> Vec<(f64, f64)> {
        let ends = periods.iter().scan(0.0, |end, period| {
            *end += number(usize::try_from(period.rows).unwrap_or(usize::MAX));
            Some(*end)
        });
        let values = periods.iter().map(|period| period.drift.iter().find(|one| one.column == column).map(of));
        ends.zip(values).filter_map(|(end, value)| Some((end, value?))).collect()
    };
    let lines: Vec<_> = columns.iter().map(|column| line(column, |one| one.psi)).collect();
    let limit = columns.first().map(|column| line(column, |one| one.limit)).unwrap_or_default();
    let all = lines.iter().chain([&limit]).flatten();
    let (last, tallest) = all.fold((1.0, 0.1), |(x, y): (f64, f64), point| (x.max(point.0), y.max(point.1)));
    plot((560, 340), |area| {
        let mut chart =
            framed(area).margin_right(24).margin_top(34).build_cartesian_2d(0.0..last * 1.02, 0.0..tallest * 1.1)?;
        inked(&mut chart.configure_mesh())
            .disable_x_mesh()
            .x_desc("decisions")
            .x_label_formatter(&|decisions| format!("{decisions:.0}"))
            .y_label_formatter(&|index| format!("{index:.2}"))
            .draw()?;
        chart.draw_series(DashedLineSeries::new(limit, 6, 4, INK.mix(0.6).stroke_width(1)))?;
        for (line, colour) in lines.iter().zip(COLOURS) {
            chart.draw_series(LineSeries::new(line.iter().copied(), colour.stroke_width(2)))?;
            chart.draw_series(line.iter().map(|point| Circle::new(*point, 3, colour.filled())))?;
        }
        let entries: Vec<(&str, RGBColor)> = columns.iter().copied().map(without_view).zip(COLOURS).collect();
        legend(area, 70, &entries)
    })
}

/// A feature's name without that of its view.
fn without_view(column: &str) -> &str {
    column.split_once("__").map_or(column, |(_, name)| name)
}

pub(in crate::model_report) fn roc(labelled: &[(&Model, &AgainstLabels)]) -> Result<String, PlotError> {
    let names: Vec<String> = labelled.iter().map(|(model, _)| model.title()).collect();
    let all = names.iter().zip(labelled).zip(COLOURS);
    let all: Vec<_> = all.map(|((name, (_, against)), colour)| (name.as_str(), against.roc.as_ref(), colour)).collect();
    curves(&all)
}

/// Each tenth with its interval, beside the line on which every probability is true.
pub(in crate::model_report) fn calibration(bins: &[Bin]) -> Result<String, PlotError> {
    let reach = bins.iter().map(|bin| bin.interval[1].max(bin.said)).fold(0.05, f64::max);
    plot((560, 340), |area| {
        let mut chart = framed(area).margin_right(24).margin_top(14).build_cartesian_2d(0.0..reach, 0.0..reach)?;
        let share = |share: &f64| format!("{:.0} %", share * 100.0);
        inked(&mut chart.configure_mesh())
            .x_desc("probability of default, as the model said")
            .y_desc("went bad")
            .x_label_formatter(&share)
            .y_label_formatter(&share)
            .draw()?;
        chart.draw_series(LineSeries::new([(0.0, 0.0), (reach, reach)], INK.mix(0.35)))?;
        for bin in bins {
            let interval = bin.interval.map(|end| (bin.said, end));
            chart.draw_series(LineSeries::new(interval, GOOD.stroke_width(2)))?;
        }
        chart.draw_series(bins.iter().map(|bin| Circle::new((bin.said, bin.share), 4, GOOD.filled())))?;
        Ok(())
    })
}
