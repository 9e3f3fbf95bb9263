//! A page of tables for `GET /sandbox`, in English, light or dark as the browser prefers.

use super::style::{STYLE, TABLES};
use super::{escape, frame};

/// The maximum number of rows in a table, because browsers are slow with more rows.
const MAX_ROWS: usize = 1000;

/// A section of the page: a heading and a table.
pub(crate) struct Section {
    /// The target of links to the section.
    id: &'static str,
    title: &'static str,
    caption: &'static str,
    columns: &'static [&'static str],
    /// The cells of each row; the first cell is the row's heading.
    rows: Vec<Vec<String>>,
    /// The number of rows, including those not shown.
    count: usize,
}

impl Section {
    pub(crate) fn new(
        id: &'static str,
        title: &'static str,
        caption: &'static str,
        columns: &'static [&'static str],
        mut rows: impl Iterator<Item = Vec<String>>,
    ) -> Self {
        let shown: Vec<_> = rows.by_ref().take(MAX_ROWS).collect();
        let count = shown.len() + rows.count();
        Self { id, title, caption, columns, rows: shown, count }
    }

    /// Limits the table to the first `rows` rows.
    pub(crate) fn first(mut self, rows: usize) -> Self {
        self.rows.truncate(rows);
        self
    }

    fn link(&self) -> String {
        format!("<li><a href=\"#{}\">{}</a> ({})</li>\n", self.id, self.title, self.count)
    }

    /// Writes the section. The table can be focused, so that users can scroll a wide table with the keyboard.
    fn html(&self) -> String {
        let Self { id, title, .. } = self;
        format!(
            "<h2 id=\"{id}\">{title}</h2>\n\
             <div role=\"region\" aria-labelledby=\"{id}-caption\" tabindex=\"0\">\n<table>\n\
             <caption id=\"{id}-caption\">{caption}</caption>\n<thead>\n<tr>{head}</tr>\n</thead>\n\
             <tbody>\n{body}</tbody>\n</table>\n</div>\n<p><a href=\"#sections\">All sections</a></p>\n",
            caption = self.full_caption(),
            head =
                self.columns.iter().map(|name| format!("<th scope=\"col\">{name}</th>")).collect::<String>(),
            body = self.body(),
        )
    }

    fn full_caption(&self) -> String {
        if self.rows.len() == self.count {
            return self.caption.to_owned();
        }
        format!("{} ({} of {})", self.caption, self.rows.len(), self.count)
    }

    fn body(&self) -> String {
        if self.rows.is_empty() {
            return format!("<tr><td colspan=\"{}\">none</td></tr>\n", self.columns.len());
        }
        self.rows.iter().map(|row| self::row(row)).collect()
    }
}

fn row(texts: &[String]) -> String {
    let Some((first, others)) = texts.split_first() else { return String::new() };
    let others: String = others.iter().map(|text| format!("<td>{}</td>", escape(text))).collect();
    format!("<tr><th scope=\"row\">{}</th>{others}</tr>\n", escape(first))
}

/// Writes the page, with links to each section.
pub(crate) fn report(title: &str, introduction: &str, sections: &[Section]) -> String {
    let content = format!(
        "<h1>{title}</h1>\n<p>{introduction}</p>\n\
         <nav id=\"sections\" aria-label=\"Sections\">\n<ul>\n{links}</ul>\n</nav>\n{sections}",
        title = escape(title),
        introduction = escape(introduction),
        links = sections.iter().map(Section::link).collect::<String>(),
        sections = sections.iter().map(Section::html).collect::<String>(),
    );
    frame("lang=\"en\" dir=\"ltr\" data-theme=\"auto\"", title, &format!("{STYLE}{TABLES}"), &content)
}
