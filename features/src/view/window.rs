//! A window of length W at T: `date_bin(tile, T - W) <= time <= T`, tiles counted from 1970-01-01T00:00Z.

use weir_messages::EventTime;

use super::Span;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) span: Span,
    /// In microseconds.
    tile: i64,
}

impl Window {
    pub(crate) const fn new(span: Span, tile: &Span) -> Self {
        Self { span, tile: tile.micros() }
    }

    /// The first instant of the window that ends at `at`.
    pub(crate) fn start(&self, at: EventTime) -> EventTime {
        let from = at.micros().saturating_sub(self.span.micros());
        EventTime::from_micros(from.div_euclid(self.tile).saturating_mul(self.tile))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_begins_with_the_tile_that_holds_its_first_instant() {
        let window = Window::new(Span::parse("60s").unwrap(), &Span::parse("10s").unwrap());
        let start = |seconds: i64| window.start(EventTime::from_micros(seconds * 1_000_000)).micros() / 1_000_000;
        assert_eq!((start(100), start(105), start(109), start(110)), (40, 40, 40, 50));
        assert_eq!(start(55), -10, "before 1970 tiles still begin at or before their instant");
    }
}
