//! A page of tables, for the person who runs the sandbox: in English, and in the light or dark of their browser.

use super::style::{STYLE, TABLES};
use super::{escape, frame};

/// How many rows a table has at the most: browsers are slow with more.
const MOST: usize = 1000;

/// A heading with a table.
pub(crate) struct Section {
    /// Where links lead to.
    id: &'static str,
    title: &'static str,
    /// What the rows are.
    caption: &'static str,
    columns: &'static [&'static str],
    /// The first text of a row is its heading.
    rows: Vec<Vec<String>>,
    /// How many rows there are, shown or not.
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
        let shown: Vec<_> = rows.by_ref().take(MOST).collect();
        let count = shown.len() + rows.count();
        Self { id, title, caption, columns, rows: shown, count }
    }

    /// Shows only the first rows.
    pub(crate) fn first(mut self, rows: usize) -> Self {
        self.rows.truncate(rows);
        self
    }

    fn link(&self) -> String {
        format!("<li><a href=\"#{}\">{}</a> ({})</li>\n", self.id, self.title, self.count)
    }

    /// The keyboard reaches the region, so that a wide table can be scrolled with it.
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

/// The page: its sections, with links to each of them.
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
