//! Converts event bodies between HTML and plain text.

/// Returns the text of an HTML body, without the tags and with the common entities decoded.
pub(super) fn of_html(html: &str) -> String {
    let mut text = String::new();
    let mut inside = false;
    for c in html.chars() {
        match c {
            '<' => inside = true,
            '>' if inside => inside = false,
            c if !inside => text.push(c),
            _ => {}
        }
    }
    let entities =
        [("&nbsp;", " "), ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];
    entities.into_iter().fold(text, |text, (entity, character)| text.replace(entity, character))
}

pub(super) fn to_html(text: &str) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    format!("<html><body><div class=\"PlainText\">{escaped}</div></body></html>")
}

/// Returns the first 255 characters of a text, without surrounding white space.
pub(super) fn preview(text: &str) -> String {
    text.trim().chars().take(255).collect()
}
