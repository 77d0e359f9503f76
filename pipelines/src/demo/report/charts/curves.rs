//! How well the score tells good from bad: its distribution over both, and the ROC curves.

use plotters::prelude::Rectangle;
use plotters::style::Color;

use super::super::super::figures::{Figures, Point};
use crate::page::plot::{BAD, GOOD, OTHER, PlotError, framed, inked, legend, number, plot};
use crate::page::roc::curves;

/// Points of one bar of the distribution.
const BIN: i64 = 20;

/// Shares of the good and of the bad in each bin, of those whom the model has not seen.
pub(in super::super) fn scores(figures: &Figures) -> Result<String, PlotError> {
    let unseen: Vec<&Point> = figures.points.iter().filter(|point| !point.trained_on).collect();
    let bins = |pick: fn(i64, i64) -> i64, start| unseen.iter().map(|one| one.points.div_euclid(BIN)).fold(start, pick);
    let (first, last) = (bins(i64::min, i64::MAX), bins(i64::max, i64::MIN));
    if unseen.is_empty() {
        return plot((560, 340), |_| Ok(()));
    }
    let shares = |is_bad: bool| -> Vec<f64> {
        let of: Vec<i64> =
            unseen.iter().filter(|one| one.scored.is_bad == is_bad).map(|one| one.points.div_euclid(BIN)).collect();
        let share = |bin| number(of.iter().filter(|one| **one == bin).count()) / number(of.len()).max(1.0);
        (first..=last).map(share).collect()
    };
    let (good, bad) = (shares(false), shares(true));
    let tallest = good.iter().chain(&bad).copied().fold(0.0, f64::max);
    plot((560, 340), |area| {
        let edge = |bin: i64| i32::try_from(bin * BIN).map(f64::from);
        let (from, to) = (edge(first)?, edge(last + 1)?);
        let mut chart = framed(area).margin_top(34).build_cartesian_2d(from..to, 0.0..tallest * 1.1)?;
        inked(&mut chart.configure_mesh())
            .disable_x_mesh()
            .x_desc("score, points")
            .x_label_formatter(&|points| format!("{points:.0}"))
            .y_label_formatter(&|share| format!("{:.0} %", share * 100.0))
            .draw()?;
        let width = f64::from(i32::try_from(BIN)?);
        for (shares, colour) in [(good, GOOD), (bad, BAD)] {
            chart.draw_series(shares.into_iter().enumerate().filter(|(_, share)| *share > 0.0).map(
                |(bin, share)| {
                    let left = from + number(bin) * width;
                    Rectangle::new([(left, 0.0), (left + width, share)], colour.mix(0.55).filled())
                },
            ))?;
        }
        legend(area, 70, &[("paid back", GOOD), ("went bad", BAD)])
    })
}

pub(in super::super) fn roc(figures: &Figures) -> Result<String, PlotError> {
    let (unseen, trained) = (figures.roc(false), figures.roc(true));
    curves(&[("not seen", unseen.as_ref(), GOOD), ("trained on", trained.as_ref(), OTHER)])
}
