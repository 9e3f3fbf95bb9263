//! Tables for people: aligned by width on screen, fitted to the terminal, whole when they go elsewhere.

use crate::text::{clean, cut, width};

/// How a column behaves when there is too little room.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Room {
    /// It is kept whole as long as any other can give.
    Fixed,
    /// It is cut.
    Cut,
    /// It is left out: a shorter column says the same.
    Drop,
}

/// Rows under a line of names.
pub(crate) struct Table {
    columns: Vec<(&'static str, Room)>,
    rows: Vec<Vec<String>>,
}

const GAP: usize = 2;
const LEAST: usize = 8;

impl Table {
    pub(crate) fn new(columns: &[(&'static str, Room)]) -> Self {
        Self { columns: columns.to_vec(), rows: Vec::new() }
    }

    pub(crate) fn row<const N: usize>(&mut self, cells: [&str; N]) {
        self.rows.push(cells.into_iter().map(clean).collect());
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The table in so many columns of the screen, or as wide as it is.
    pub(crate) fn render(&self, room: Option<usize>) -> String {
        let shown: Vec<usize> = (0..self.columns.len())
            .filter(|&at| room.is_none() || self.columns[at].1 != Room::Drop)
            .collect();
        let mut widths: Vec<usize> = shown.iter().map(|&at| self.natural(at)).collect();
        if let Some(room) = room {
            self.fit(&shown, &mut widths, room);
        }
        let header = self.columns.iter().map(|(name, _)| (*name).to_owned()).collect();
        let lines = std::iter::once(&header).chain(&self.rows);
        lines.map(|cells| line(&shown, cells, &widths)).collect()
    }

    fn natural(&self, at: usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.get(at)).map(|cell| width(cell));
        cells.max().unwrap_or_default().max(width(self.columns[at].0))
    }

    /// Takes from the widest column that may be cut, one column of the screen at a time; then from any.
    fn fit(&self, shown: &[usize], widths: &mut [usize], room: usize) {
        let gaps = GAP * shown.len().saturating_sub(1);
        for kinds in [&[Room::Cut][..], &[Room::Cut, Room::Fixed]] {
            while widths.iter().sum::<usize>() + gaps > room {
                let may = |index: &usize| kinds.contains(&self.columns[shown[*index]].1);
                let widest = (0..widths.len()).filter(may).max_by_key(|&index| widths[index]);
                match widest {
                    Some(index) if widths[index] > LEAST => widths[index] -= 1,
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
        let fill = (columns + GAP).saturating_sub(width(&cell));
        line.push_str(&cell);
        line.extend(std::iter::repeat_n(' ', fill));
    }
    format!("{}\n", line.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new(&[("KEY", Room::Fixed), ("TITLE", Room::Cut), ("ID", Room::Drop)]);
        table.row(["k1", "歯医者の予約 and a very long title that goes on and on", "a-long-id"]);
        table.row(["k2", "Gym\u{1b}[31m", "b"]);
        table
    }

    #[test]
    fn it_fits_or_is_whole() {
        let fitted = table().render(Some(30));
        assert!(fitted.lines().all(|line| width(line) <= 30), "{fitted}");
        assert!(!fitted.contains("a-long-id") && fitted.contains('…'), "{fitted}");
        let whole = table().render(None);
        assert!(whole.contains("goes on and on  a-long-id") && !whole.contains('…'), "{whole}");
        assert!(!whole.contains('\u{1b}'));
    }
}
