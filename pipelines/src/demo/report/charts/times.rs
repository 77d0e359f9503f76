//! Plots over time: how long decisions took beside one `fdatasync`, and where the loans stood over the calendar.

use std::time::Duration;

use plotters::prelude::{LineSeries, Polygon, Rectangle};
use plotters::style::Color;

use super::super::super::figures::{Figures, budget};
use super::super::super::story::{DayEnd, Standing};
use crate::page::plot::{BAD, BETWEEN, GOOD, OTHER, PlotError, framed, inked, legend, number, plot};

/// Bars for each tenfold.
const STEPS: f64 = 10.0;
/// Days of a mean month.
const MONTH: f64 = 30.44;

/// Over a logarithmic axis of milliseconds.
pub(in super::super) fn latency(figures: &Figures) -> Result<String, PlotError> {
    let logarithm = |time: Duration| (time.as_secs_f64() * 1e3).max(1e-3).log10();
    let shortest = logarithm(figures.fdatasync.quantile(0.0).min(figures.latencies.quantile(0.0)));
    let limit = budget(figures.fdatasync.quantile(0.99));
    let longest = logarithm(figures.latencies.longest().max(figures.fdatasync.longest()).max(limit));
    let (from, to) = ((shortest * STEPS).floor(), (longest * STEPS).ceil() + 1.0);
    let steps: Vec<f64> = std::iter::successors(Some(from), |step| Some(step + 1.0)).take_while(|s| *s <= to).collect();
    let edges: Vec<Duration> =
        steps.iter().map(|step| Duration::from_secs_f64(10_f64.powf(step / STEPS) / 1e3)).collect();
    let series = [(figures.fdatasync.shares(&edges), OTHER), (figures.latencies.shares(&edges), GOOD)];
    let tallest = series.iter().flat_map(|(shares, _)| shares).copied().fold(0.0, f64::max) * 1.1;
    plot((860, 340), |area| {
        let mut chart = framed(area).margin_top(34).build_cartesian_2d(from / STEPS..to / STEPS, 0.0..tallest)?;
        inked(&mut chart.configure_mesh())
            .disable_x_mesh()
            .x_desc("milliseconds, logarithmic")
            .x_label_formatter(&|exponent| tick(10_f64.powf(*exponent)))
            .y_label_formatter(&|share| format!("{:.0} %", share * 100.0))
            .draw()?;
        for (shares, colour) in series {
            chart.draw_series(shares.into_iter().zip(&steps).filter(|(share, _)| *share > 0.0).map(
                |(share, step)| {
                    let corners = [(step / STEPS, 0.0), ((step + 1.0) / STEPS, share)];
                    Rectangle::new(corners, colour.mix(0.6).filled())
                },
            ))?;
        }
        for quantile in [0.5, 0.99] {
            let at = logarithm(budget(figures.fdatasync.quantile(quantile)));
            chart.draw_series(LineSeries::new([(at, 0.0), (at, tallest)], BAD.stroke_width(2)))?;
        }
        let limits = "4 x fdatasync + 2 ms, at p50 and p99";
        legend(area, 70, &[("decision", GOOD), ("one fdatasync", OTHER), (limits, BAD)])
    })
}

fn tick(millis: f64) -> String {
    if millis < 0.095 {
        format!("{millis:.2}")
    } else if millis < 9.5 {
        format!("{millis:.1}")
    } else {
        format!("{millis:.0}")
    }
}

/// Closed below, on schedule above it, overdue on top.
pub(in super::super) fn calendar(figures: &Figures) -> Result<String, PlotError> {
    let layers =
        [(Standing::Closed, OTHER), (Standing::OnSchedule, GOOD), (Standing::Overdue, BAD), (Standing::Other, BETWEEN)];
    let Some(first) = figures.days.first() else { return plot((860, 340), |_| Ok(())) };
    let months = |day: &DayEnd| i32::try_from((day.on - first.on).num_days()).map_or(0.0, f64::from) / MONTH + 1.0;
    let of = |day: &DayEnd, standing| {
        let place = Standing::ALL.iter().position(|one| *one == standing);
        place.map_or(0, |place| day.loans[place])
    };
    let last = figures.days.last().map_or(1.0, months);
    let all = number(first.loans.iter().sum());
    plot((860, 340), |area| {
        let mut chart = framed(area).margin_top(34).build_cartesian_2d(1.0..last.max(2.0), 0.0..all.max(1.0))?;
        inked(&mut chart.configure_mesh())
            .x_desc("month since the payout")
            .y_desc("loans")
            .x_label_formatter(&|month| format!("{month:.0}"))
            .y_label_formatter(&|loans| format!("{loans:.0}"))
            .draw()?;
        let mut below: Vec<f64> = vec![0.0; figures.days.len()];
        for (standing, colour) in layers {
            let above: Vec<f64> =
                figures.days.iter().zip(&below).map(|(day, below)| below + number(of(day, standing))).collect();
            let upper = figures.days.iter().map(months).zip(above.iter().copied());
            let lower = figures.days.iter().map(months).zip(below.iter().copied()).rev();
            if above != below {
                chart.draw_series([Polygon::new(upper.chain(lower).collect::<Vec<_>>(), colour.mix(0.75).filled())])?;
            }
            below = above;
        }
        legend(area, 70, &[("closed", OTHER), ("on schedule", GOOD), ("overdue", BAD)])
    })
}
