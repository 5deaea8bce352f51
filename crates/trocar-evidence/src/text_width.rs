//! How many columns of a terminal a text takes.

/// Columns of a text: two for what East Asian scripts write wide, none for combining marks, else one.
///
/// Ranges: Unicode 16, East Asian Width (UAX 11), the blocks that are wide throughout; combining marks of the blocks
/// U+0300 and U+20D0, variation selectors and the joiners.
pub(crate) fn width(text: &str) -> usize {
    text.chars().map(char_width).sum()
}

fn char_width(c: char) -> usize {
    match c as u32 {
        0x0300..=0x036f | 0x200b..=0x200d | 0x20d0..=0x20ff | 0xfe00..=0xfe0f => 0,
        0x1100..=0x115f
        | 0x2e80..=0x303e
        | 0x3041..=0x4dbf
        | 0x4e00..=0xa4cf
        | 0xac00..=0xd7a3
        | 0xf900..=0xfaff
        | 0xfe30..=0xfe6f
        | 0xff00..=0xff60
        | 0xffe0..=0xffe6
        | 0x1f300..=0x1faff
        | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

/// The text with blanks after it, `columns` wide or wider.
pub(crate) fn padded(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(width(text))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_neither_bytes_nor_characters() {
        assert_eq!(width("≤ 0.100 mm"), 10);
        assert_eq!(width("重复性"), 6);
        assert_eq!(width("e\u{301}"), 1);
        assert_eq!(padded("重", 4), "重  ");
        assert_eq!(padded("long", 2), "long");
    }
}
