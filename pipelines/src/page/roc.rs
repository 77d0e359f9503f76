//! ROC curves.

use plotters::prelude::LineSeries;
use plotters::style::{Color, RGBColor};

use super::plot::{INK, PlotError, framed, inked, legend, plot};
use crate::discrimination::Roc;

/// One over the other, each with its name and area in the legend. The first is drawn last.
pub(crate) fn curves(curves: &[(&str, Option<&Roc>, RGBColor)]) -> Result<String, PlotError> {
    plot((560, 340), |area| {
        let mut chart = framed(area).margin_right(24).margin_top(34).build_cartesian_2d(0.0..1.0, 0.0..1.0)?;
        let share = |share: &f64| format!("{:.0} %", share * 100.0);
        inked(&mut chart.configure_mesh())
            .x_desc("good ones turned away")
            .y_desc("bad ones turned away")
            .x_label_formatter(&share)
            .y_label_formatter(&share)
            .draw()?;
        chart.draw_series(LineSeries::new([(0.0, 0.0), (1.0, 1.0)], INK.mix(0.35)))?;
        for (_, roc, colour) in curves.iter().rev() {
            let points = roc.map(|roc| roc.points.clone()).unwrap_or_default();
            chart.draw_series(LineSeries::new(points, colour.stroke_width(2)))?;
        }
        let entry = |(name, roc, colour): &(&str, Option<&Roc>, RGBColor)| {
            let name = roc.map_or_else(|| (*name).to_owned(), |roc| format!("{name}, AUC {:.3}", roc.auc()));
            (name, *colour)
        };
        let entries: Vec<(String, RGBColor)> = curves.iter().map(entry).collect();
        let entries: Vec<(&str, RGBColor)> = entries.iter().map(|(name, colour)| (name.as_str(), *colour)).collect();
        legend(area, 70, &entries)
    })
}
