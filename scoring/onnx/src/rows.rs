//! Rows as they are given: a list of cells each, or tensors side by side; read as one table by place of column.

use crate::plan::{Table, Unfit};
use crate::{Cell, Tensor, Values};

/// Rows of cells, and where each column finds its own.
pub(crate) struct Cells<'a, R> {
    pub rows: &'a [R],
    pub order: &'a [usize],
}

impl<R: AsRef<[Cell]>> Table for Cells<'_, R> {
    fn rows(&self) -> usize {
        self.rows.len()
    }

    #[inline(always)]
    fn number(&self, row: usize, column: usize) -> Option<f32> {
        match self.rows[row].as_ref().get(*self.order.get(column)?)? {
            Cell::Number(number) => Some(*number),
            Cell::Text(_) => None,
        }
    }

    #[inline(always)]
    fn numbers(&self, row: usize, first: usize, slots: &mut [f32]) -> Result<(), Unfit> {
        let (cells, last) = (self.rows[row].as_ref(), first + slots.len());
        let places = self.order.get(first..last).ok_or(Unfit(self.order.len()))?;
        for (at, (slot, place)) in slots.iter_mut().zip(places).enumerate() {
            match cells.get(*place) {
                Some(Cell::Number(number)) => *slot = *number,
                Some(Cell::Text(_)) | None => return Err(Unfit(first + at)),
            }
        }
        Ok(())
    }

    fn text(&self, row: usize, column: usize) -> Option<&str> {
        match self.rows[row].as_ref().get(*self.order.get(column)?)? {
            Cell::Text(text) => Some(text),
            Cell::Number(_) => None,
        }
    }
}

/// Tensors that stand side by side.
pub(crate) struct Tensors<'a> {
    pub inputs: &'a [Tensor],
    pub rows: usize,
}

impl Tensors<'_> {
    /// The tensor that holds the column, and the place in it.
    fn find(&self, row: usize, mut column: usize) -> Option<(&Values, usize)> {
        for input in self.inputs {
            let width = *input.shape().get(1)?;
            if column < width {
                return Some((input.values(), row * width + column));
            }
            column -= width;
        }
        None
    }
}

impl Table for Tensors<'_> {
    fn rows(&self) -> usize {
        self.rows
    }

    fn number(&self, row: usize, column: usize) -> Option<f32> {
        match self.find(row, column)? {
            (Values::Float32(values), place) => values.get(place).copied(),
            #[allow(clippy::cast_precision_loss, reason = "so does a cast in the graph")]
            (Values::Int64(values), place) => values.get(place).map(|value| *value as f32),
            _ => None,
        }
    }

    fn text(&self, row: usize, column: usize) -> Option<&str> {
        match self.find(row, column)? {
            (Values::Text(values), place) => values.get(place).map(String::as_str),
            _ => None,
        }
    }
}
