//! Converts the colours of calendars to colours that terminals have.

use anstyle::{Color, RgbColor, Style};
use anstyle_lossy::rgb_to_xterm;

/// Returns the foreground style of a colour such as `#1a73e8`; `None` if the text is not a colour.
///
/// The style has one of 256 colours, because some terminals show garbage for other colours.
pub(crate) fn foreground(color: &str) -> Option<Style> {
    let digits = color.strip_prefix('#').filter(|digits| digits.len() == 6)?;
    let [_, red, green, blue] = u32::from_str_radix(digits, 16).ok()?.to_be_bytes();
    let color = Color::Ansi256(rgb_to_xterm(RgbColor(red, green, blue)));
    Some(Style::new().fg_color(Some(color)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn color_has_six_hexadecimal_digits() {
        assert_eq!(foreground("#ff0000").unwrap().render().to_string(), "\u{1b}[38;5;196m");
        for text in ["", "#", "red", "ff0000", "#ff000", "#ff00000", "#ggg000", "#+f0000é", "#歯歯"] {
            assert!(foreground(text).is_none(), "{text}");
        }
    }
}
