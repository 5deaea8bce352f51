//! Small pieces of text for messages: what a file holds may be long or unprintable, a message never is.

use trocar_signal::diagnostic;

/// How many characters of a file's own text a sentence repeats.
const LONGEST_QUOTE: usize = 60;

/// Text from a file as a sentence may repeat it: control characters escaped, cut after [`LONGEST_QUOTE`] characters.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::new();
    for (count, c) in text.chars().enumerate() {
        if count == LONGEST_QUOTE {
            out.push('…');
            break;
        }
        if c.is_control() { out.extend(c.escape_default()) } else { out.push(c) }
    }
    out
}

/// The candidate nearest to `name`; none for a name too long to be a slip of the keyboard.
pub(crate) fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if name.chars().nth(LONGEST_QUOTE).is_some() { None } else { diagnostic::nearest(name, candidates) }
}

/// `` `a`, `b` or `c` ``.
pub(crate) fn or_list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    match names.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
    }
}

/// "a" or "an" before a word, with the word.
pub(crate) fn with_article(word: &str) -> String {
    let article = if word.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {word}")
}

/// One step down a key path: `requirements[0]` and `formula` give `requirements[0].formula`. A key that is not made
/// of letters, digits, `_` and `-` stands in quotes.
#[must_use]
pub fn join_key(path: &str, key: &str) -> String {
    let bare = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    let key = if bare { key.to_owned() } else { format!("\"{key}\"") };
    if path.is_empty() { key } else { format!("{path}.{key}") }
}
