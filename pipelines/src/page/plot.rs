//! What every plot is made with: plotters draws into SVG text that stands in the page itself. Ink becomes the page's own text
//! colour, so that a plot reads on light and dark; the colours of the series read on both.

use plotters::chart::{ChartBuilder, MeshStyle};
use plotters::coord::Shift;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::{DrawingArea, IntoDrawingArea, IntoFont, RGBColor, SVGBackend, TextStyle};
use plotters::style::Color;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// A plot that could not be drawn.
#[derive(Debug, thiserror::Error)]
#[error("a chart could not be drawn: {0}")]
pub(crate) struct PlotError(String);

pub(crate) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
pub(crate) type Drawing = Result<(), Box<dyn std::error::Error>>;

/// Stands for the page's text colour until the plot is done.
pub(crate) const INK: RGBColor = RGBColor(1, 2, 3);
const INK_IN_SVG: &str = "#010203";

pub(crate) const GOOD: RGBColor = RGBColor(0x2a, 0x9d, 0x8f);
pub(crate) const BAD: RGBColor = RGBColor(0xe0, 0x6c, 0x4e);
pub(crate) const BETWEEN: RGBColor = RGBColor(0xd9, 0xa4, 0x2b);
pub(crate) const OTHER: RGBColor = RGBColor(0x7f, 0x78, 0xd2);

/// Draws a plot of so many pixels.
pub(crate) fn plot(size: (u32, u32), draw: impl FnOnce(&Area) -> Drawing) -> Result<String, PlotError> {
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        draw(&area).and_then(|()| area.present().map_err(Into::into)).map_err(|error| PlotError(error.to_string()))?;
    }
    Ok(svg.replace(INK_IN_SVG, "currentColor"))
}

/// A chart with room for its labels.
pub(crate) fn framed<'a, 'b>(area: &'a Area<'b>) -> ChartBuilder<'a, 'b, SVGBackend<'b>> {
    let mut chart = ChartBuilder::on(area);
    chart.margin(10).x_label_area_size(46).y_label_area_size(60);
    chart
}

type Mesh<'a, 'b, 'c> = MeshStyle<'a, 'b, RangedCoordf64, RangedCoordf64, SVGBackend<'c>>;

/// Axes that are seen and lines that are hardly.
pub(crate) fn inked<'m, 'a, 'b, 'c>(mesh: &'m mut Mesh<'a, 'b, 'c>) -> &'m mut Mesh<'a, 'b, 'c> {
    mesh.axis_style(INK.mix(0.5)).bold_line_style(INK.mix(0.12)).light_line_style(INK.mix(0.0)).label_style(words(13))
}

pub(crate) fn words(size: i32) -> TextStyle<'static> {
    ("sans-serif", size).into_font().color(&INK)
}

pub(crate) fn placed(size: i32, horizontal: HPos, vertical: VPos) -> TextStyle<'static> {
    words(size).pos(Pos::new(horizontal, vertical))
}

/// A count as a coordinate.
pub(crate) fn number(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::from(u32::MAX), f64::from)
}

/// A coordinate on the pixel grid.
#[allow(clippy::cast_possible_truncation, reason = "clamped to the range of i32 just before")]
pub(crate) fn pixel(at: f64) -> i32 {
    at.clamp(f64::from(i32::MIN), f64::from(i32::MAX)).round() as i32
}

/// A legend along the top, from left to right.
pub(crate) fn legend(area: &Area, left: i32, entries: &[(&str, RGBColor)]) -> Drawing {
    use plotters::prelude::{Rectangle, Text};
    let mut x = left;
    for (name, colour) in entries {
        area.draw(&Rectangle::new([(x, 8), (x + 12, 20)], colour.filled()))?;
        area.draw(&Text::new((*name).to_owned(), (x + 18, 14), placed(14, HPos::Left, VPos::Center)))?;
        x += 40 + pixel(number(name.len()) * 7.5);
    }
    Ok(())
}
