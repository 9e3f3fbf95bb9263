//! Formats tables, aligned by display width and fitted into a maximum width.

use crate::text::{clean, cut, width};

/// How a column shrinks if the table is too wide.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum ColumnFit {
    /// Cut only if all `Cut` columns have their minimum width.
    Fixed,
    /// Cut first.
    Cut,
    /// Left out whenever the table has a maximum width, even if the column would fit.
    Drop,
}

/// A header and rows.
pub(crate) struct Table {
    columns: Vec<(&'static str, ColumnFit)>,
    rows: Vec<Vec<String>>,
}

const COLUMN_GAP: usize = 2;
const MIN_COLUMN_WIDTH: usize = 8;

impl Table {
    pub(crate) fn new(columns: &[(&'static str, ColumnFit)]) -> Self {
        Self { columns: columns.to_vec(), rows: Vec::new() }
    }

    pub(crate) fn row<const N: usize>(&mut self, cells: [&str; N]) {
        self.rows.push(cells.into_iter().map(clean).collect());
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Returns the table as text, fitted into `max_width` screen columns; `None` means no limit.
    ///
    /// No column is made narrower than `MIN_COLUMN_WIDTH`, even if the table is then too wide.
    pub(crate) fn render(&self, max_width: Option<usize>) -> String {
        let shown: Vec<usize> = (0..self.columns.len())
            .filter(|&at| max_width.is_none() || self.columns[at].1 != ColumnFit::Drop)
            .collect();
        let mut widths: Vec<usize> = shown.iter().map(|&at| self.natural(at)).collect();
        if let Some(max_width) = max_width {
            self.fit(&shown, &mut widths, max_width);
        }
        let header = self.columns.iter().map(|(name, _)| (*name).to_owned()).collect();
        let lines = std::iter::once(&header).chain(&self.rows);
        lines.map(|cells| line(&shown, cells, &widths)).collect()
    }

    fn natural(&self, at: usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.get(at)).map(|cell| width(cell));
        cells.max().unwrap_or_default().max(width(self.columns[at].0))
    }

    /// Narrows the widest `Cut` column step by step. If the table is still too wide, narrows
    /// `Fixed` columns too.
    fn fit(&self, shown: &[usize], widths: &mut [usize], max_width: usize) {
        let gaps = COLUMN_GAP * shown.len().saturating_sub(1);
        for kinds in [&[ColumnFit::Cut][..], &[ColumnFit::Cut, ColumnFit::Fixed]] {
            while widths.iter().sum::<usize>() + gaps > max_width {
                let may = |index: &usize| kinds.contains(&self.columns[shown[*index]].1);
                let widest = (0..widths.len()).filter(may).max_by_key(|&index| widths[index]);
                match widest {
                    Some(index) if widths[index] > MIN_COLUMN_WIDTH => widths[index] -= 1,
                    _ => break,
                }
            }
        }
    }
}

fn line(shown: &[usize], cells: &[String], widths: &[usize]) -> String {
    let mut line = String::new();
    for (&at, &columns) in shown.iter().zip(widths) {
        let cell = cut(cells.get(at).map_or("", String::as_str), columns);
        let fill = (columns + COLUMN_GAP).saturating_sub(width(&cell));
        line.push_str(&cell);
        line.extend(std::iter::repeat_n(' ', fill));
    }
    format!("{}\n", line.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table =
            Table::new(&[("KEY", ColumnFit::Fixed), ("TITLE", ColumnFit::Cut), ("ID", ColumnFit::Drop)]);
        table.row(["k1", "歯医者の予約 and a very long title that goes on and on", "a-long-id"]);
        table.row(["k2", "Gym\u{1b}[31m", "b"]);
        table
    }

    #[test]
    fn table_fits_its_width_or_is_whole() {
        let fitted = table().render(Some(30));
        assert!(fitted.lines().all(|line| width(line) <= 30), "{fitted}");
        assert!(!fitted.contains("a-long-id") && fitted.contains('…'), "{fitted}");
        let whole = table().render(None);
        assert!(whole.contains("goes on and on  a-long-id") && !whole.contains('…'), "{whole}");
        assert!(!whole.contains('\u{1b}'));
    }
}
