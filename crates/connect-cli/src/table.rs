//! Formats tables: aligned columns on a screen, or lines of tab-separated cells.

use anstyle::Style;

use crate::{
    color,
    output::{Layout, Screen},
    text::{clean, cut, width},
};

/// How a column shrinks if the table is wider than the screen.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum ColumnFit {
    /// Cut only if all `Cut` columns have their minimum width.
    Fixed,
    /// Cut after all `Drop` columns that are in the way were left out.
    Cut,
    /// Left out. Of several such columns, the last one is left out first.
    Drop,
}

/// A header and rows.
pub(crate) struct Table {
    columns: Vec<(&'static str, ColumnFit)>,
    rows: Vec<Vec<Cell>>,
}

/// The text of one cell, in one line.
pub(crate) struct Cell {
    text: String,
    /// The colour of a dot before the text.
    dot: Option<Style>,
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self { text: clean(text), dot: None }
    }
}

impl Cell {
    /// Adds a dot in this colour (`#rrggbb`), which is only shown on a screen with colours.
    pub(crate) fn with_dot(mut self, color: Option<&str>) -> Self {
        self.dot = color.and_then(color::foreground);
        self
    }
}

const COLUMN_GAP: usize = 2;
const MIN_COLUMN_WIDTH: usize = 8;
/// A `Cut` column becomes narrower than this only after all `Drop` columns were left out.
const READABLE_WIDTH: usize = 24;
const DOT: &str = "● ";
const DOT_WIDTH: usize = 2;

impl Table {
    pub(crate) fn new(columns: &[(&'static str, ColumnFit)]) -> Self {
        Self { columns: columns.to_vec(), rows: Vec::new() }
    }

    pub(crate) fn row<const N: usize>(&mut self, cells: [Cell; N]) {
        self.rows.push(cells.into());
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub(crate) fn render(&self, layout: &Layout) -> String {
        match layout {
            Layout::Lines => {
                self.rows.iter().map(|row| tab_separated(row.iter().map(|c| &*c.text))).collect()
            }
            Layout::Screen(screen) => self.fitted(screen),
        }
    }

    /// Returns the table fitted into the width of the screen.
    ///
    /// No column is made narrower than `MIN_COLUMN_WIDTH`, even if the table is then too wide.
    fn fitted(&self, screen: &Screen) -> String {
        let dots: Vec<_> = (0..self.columns.len()).map(|at| screen.colors && self.has_dots(at)).collect();
        let natural: Vec<_> = (0..self.columns.len()).map(|at| self.natural_width(at, dots[at])).collect();
        let shown = self.shown(&natural, screen.width);
        let mut widths: Vec<_> = shown.iter().map(|&at| natural[at]).collect();
        if let Some(max_width) = screen.width {
            self.narrow(&shown, &mut widths, max_width);
        }
        let header = self.columns.iter().map(|(name, _)| Cell::from(*name)).collect();
        let lines = std::iter::once(&header).chain(&self.rows);
        lines.enumerate().map(|(at, cells)| line(screen, at == 0, &shown, cells, &widths, &dots)).collect()
    }

    fn has_dots(&self, at: usize) -> bool {
        self.rows.iter().any(|row| row[at].dot.is_some())
    }

    fn natural_width(&self, at: usize, has_dots: bool) -> usize {
        let cells = self.rows.iter().map(|row| width(&row[at].text));
        let dot = if has_dots { DOT_WIDTH } else { 0 };
        (cells.max().unwrap_or_default() + dot).max(width(self.columns[at].0))
    }

    /// Returns the columns that are not left out.
    fn shown(&self, natural: &[usize], max_width: Option<usize>) -> Vec<usize> {
        let mut shown: Vec<_> = (0..self.columns.len()).collect();
        let needed = |shown: &[usize]| -> usize {
            let least = |&at: &usize| match self.columns[at].1 {
                ColumnFit::Cut => natural[at].min(READABLE_WIDTH),
                ColumnFit::Fixed | ColumnFit::Drop => natural[at],
            };
            shown.iter().map(least).sum::<usize>() + gaps(shown.len())
        };
        while max_width.is_some_and(|max_width| needed(&shown) > max_width) {
            let Some(last) = shown.iter().rposition(|&at| self.columns[at].1 == ColumnFit::Drop) else {
                break;
            };
            shown.remove(last);
        }
        shown
    }

    /// Narrows the widest `Cut` column step by step. If the table is still too wide, narrows
    /// `Fixed` columns too.
    fn narrow(&self, shown: &[usize], widths: &mut [usize], max_width: usize) {
        for kinds in [&[ColumnFit::Cut][..], &[ColumnFit::Cut, ColumnFit::Fixed]] {
            while widths.iter().sum::<usize>() + gaps(shown.len()) > max_width {
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

fn gaps(columns: usize) -> usize {
    COLUMN_GAP * columns.saturating_sub(1)
}

fn line(
    screen: &Screen,
    is_header: bool,
    shown: &[usize],
    cells: &[Cell],
    widths: &[usize],
    dots: &[bool],
) -> String {
    let mut line = String::new();
    let mut fill = 0;
    for (&at, &columns) in shown.iter().zip(widths) {
        line.extend(std::iter::repeat_n(' ', fill));
        let (cell, mut left) = (&cells[at], columns);
        if dots[at] && !is_header {
            line.push_str(&cell.dot.map_or_else(|| " ".repeat(DOT_WIDTH), |style| screen.paint(style, DOT)));
            left = left.saturating_sub(DOT_WIDTH);
        }
        let text = cut(&cell.text, left);
        fill = (left + COLUMN_GAP).saturating_sub(width(&text));
        if !text.is_empty() {
            let style = if is_header { Style::new().bold() } else { Style::new() };
            line.push_str(&screen.paint(style, &screen.isolate(&text)));
        }
    }
    format!("{}\n", line.trim_end())
}

/// Returns the cells as one line. The cells must not contain tabs or line breaks.
pub(crate) fn tab_separated<'a>(cells: impl IntoIterator<Item = &'a str>) -> String {
    let mut line = cells.into_iter().collect::<Vec<_>>().join("\t");
    line.push('\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new(&[
            ("KEY", ColumnFit::Fixed),
            ("PLACE", ColumnFit::Drop),
            ("TITLE", ColumnFit::Cut),
            ("ID", ColumnFit::Drop),
        ]);
        let title =
            Cell::from("歯医者の予約 and a very long title that goes on and on").with_dot(Some("#1a73e8"));
        table.row(["k1".into(), "Budapest".into(), title, "a-long-id".into()]);
        table.row(["k2".into(), "المواعيد".into(), "Gym\u{1b}[31m\tat\n9".into(), "b".into()]);
        table
    }

    fn on(width: Option<usize>) -> Layout {
        Layout::Screen(Screen { width, ..Screen::default() })
    }

    #[test]
    fn table_fits_its_width_or_is_whole() {
        for columns in 20..90 {
            let fitted = table().render(&on(Some(columns)));
            assert!(fitted.lines().all(|line| width(line) <= columns), "{columns}\n{fitted}");
            assert!(fitted.contains("k1  ") && fitted.contains("TITLE"), "{columns}\n{fitted}");
        }
        let whole = table().render(&on(None));
        assert!(whole.contains("goes on and on  a-long-id") && !whole.contains('…'), "{whole}");
        assert!(!whole.contains('\u{1b}'));
    }

    #[test]
    fn last_column_is_left_out_first_and_the_title_is_cut_last() {
        let shown = |columns| {
            let text = table().render(&on(Some(columns)));
            (text.contains("PLACE"), text.contains("a-long-id"))
        };
        assert_eq!(shown(80), (true, true));
        assert_eq!(shown(48), (true, false));
        assert_eq!(shown(30), (false, false));
    }

    #[test]
    fn piped_table_has_one_line_a_row_and_a_tab_between_cells() {
        let lines = table().render(&Layout::Lines);
        assert_eq!(
            lines,
            "k1\tBudapest\t歯医者の予約 and a very long title that goes on and on\ta-long-id\n\
             k2\tالمواعيد\tGym\u{fffd}[31m at 9\tb\n"
        );
    }

    #[test]
    fn colors_and_isolates_have_no_width() {
        let screen = Screen { width: Some(60), colors: true, isolates: true };
        let colored = table().render(&Layout::Screen(screen));
        assert!(
            colored.contains("\u{1b}[38;5;") && colored.contains("\u{2068}المواعيد\u{2069}"),
            "{colored}"
        );
        let plain = anstream::adapter::strip_str(&colored).to_string();
        let starts = |cell: &str| {
            let line = plain.lines().find(|line| line.contains(cell)).unwrap();
            width(&line[..line.find(cell).unwrap()])
        };
        assert_eq!(starts("歯"), starts("Gym"), "{plain}");
        assert!(plain.lines().all(|line| width(line) <= 60), "{plain}");
        assert!(!table().render(&on(Some(60))).contains(['●', '\u{1b}', '\u{2068}']));
    }
}
