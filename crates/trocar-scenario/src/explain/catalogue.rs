//! The sentences, by language: one TOML file each, with the same keys and placeholders.

use std::collections::BTreeMap;
use std::sync::OnceLock;

/// The language of an explanation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Chinese, in simplified characters, with the terms of GB/T 12642 and YY/T 1712.
    Chinese,
}

impl Language {
    /// Every language.
    pub const ALL: [Language; 2] = [Language::English, Language::Chinese];

    fn text(self) -> &'static str {
        match self {
            Language::English => include_str!("en.toml"),
            Language::Chinese => include_str!("zh.toml"),
        }
    }

    /// The language's sentences.
    #[must_use]
    pub fn catalogue(self) -> &'static Catalogue {
        static ENGLISH: OnceLock<Catalogue> = OnceLock::new();
        static CHINESE: OnceLock<Catalogue> = OnceLock::new();
        match self {
            Language::English => ENGLISH.get_or_init(|| Catalogue::read(self)),
            Language::Chinese => CHINESE.get_or_init(|| Catalogue::read(self)),
        }
    }
}

/// Sentences by key, with `{placeholders}`.
#[derive(Debug)]
pub struct Catalogue {
    language: Language,
    sentences: BTreeMap<String, String>,
}

impl Catalogue {
    fn read(language: Language) -> Catalogue {
        // A test holds that the file reads; a build cannot ship one that does not.
        Catalogue { language, sentences: toml::from_str(language.text()).unwrap_or_default() }
    }

    /// The language.
    #[must_use]
    pub fn language(&self) -> Language {
        self.language
    }

    /// A sentence with its placeholders filled. A key that is not there gives itself, so that nothing is lost.
    #[must_use]
    pub fn say(&self, key: &str, values: &[(&str, &str)]) -> String {
        let Some(mut rest) = self.sentences.get(key).map(String::as_str) else { return key.to_owned() };
        let mut said = String::new();
        // In one pass: what a file says may itself hold braces.
        while let Some((before, after)) = rest.split_once('{') {
            said.push_str(before);
            let Some((name, after)) = after.split_once('}') else { break };
            match values.iter().find(|(known, _)| *known == name) {
                Some((_, value)) => said.push_str(value),
                None => said.push_str(name),
            }
            rest = after;
        }
        said.push_str(rest);
        said
    }

    /// A sentence as the language is printed.
    #[must_use]
    pub fn tidy(&self, sentence: &str) -> String {
        match self.language {
            Language::English => sentence.to_owned(),
            Language::Chinese => spaced(sentence),
        }
    }

    /// A clause as a sentence: with its full stop.
    #[must_use]
    pub fn sentence(&self, clause: &str) -> String {
        format!("{clause}{}", self.say("stop", &[]))
    }

    /// Whether there is such a sentence.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.sentences.contains_key(key)
    }

    /// "a, b and c".
    #[must_use]
    pub fn list(&self, items: &[String]) -> String {
        self.joined(items, "list.two")
    }

    /// "a, b or c".
    #[must_use]
    pub fn or_list(&self, items: &[String]) -> String {
        self.joined(items, "list.or.two")
    }

    fn joined(&self, items: &[String], two: &str) -> String {
        match items {
            [] => String::new(),
            [one] => one.clone(),
            [head @ .., last] => {
                let first = head.join(&self.say("list.comma", &[]));
                self.say(two, &[("first", &first), ("second", last)])
            }
        }
    }

    /// "a; b; c", for items that are sentences themselves.
    #[must_use]
    pub fn clauses(&self, items: &[String]) -> String {
        items.join(&self.say("list.semicolon", &[]))
    }
}

/// Chinese text with a space between characters and Latin words or digits, and none beside full-width signs.
fn spaced(text: &str) -> String {
    let is_wide = |c: char| ('\u{3000}'..='\u{303f}').contains(&c) || ('\u{ff00}'..='\u{ffef}').contains(&c);
    let is_ideograph = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c);
    let mut out = String::new();
    for c in text.chars() {
        let before = out.trim_end_matches(' ').chars().last();
        let touches = out.chars().last() == before;
        match before {
            // A space that the sentence has around a placeholder, where none belongs.
            Some(last)
                if !touches && (is_wide(last) || is_wide(c) || is_ideograph(last) && is_ideograph(c)) =>
            {
                out.truncate(out.trim_end_matches(' ').len());
            }
            Some(last)
                if touches
                    && (is_ideograph(last) && (c.is_ascii_alphanumeric() || c == '−')
                        || is_ideograph(c) && (last.is_ascii_alphanumeric() || "%°²".contains(last))) =>
            {
                out.push(' ');
            }
            _ => {}
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn placeholders(sentence: &str) -> BTreeSet<&str> {
        sentence.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name).collect()
    }

    #[test]
    fn both_languages_have_the_same_keys_and_placeholders() {
        let [english, chinese] = Language::ALL.map(Language::catalogue);
        let read: BTreeMap<String, String> = toml::from_str(Language::Chinese.text()).unwrap();
        assert!(read.len() > 200);
        let keys = |of: &Catalogue| of.sentences.keys().cloned().collect::<BTreeSet<String>>();
        assert_eq!(keys(english), keys(chinese));
        for (key, sentence) in &english.sentences {
            assert_eq!(placeholders(sentence), placeholders(&chinese.sentences[key]), "{key}");
            let is_chinese = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c);
            assert!(!sentence.chars().any(is_chinese), "{key}");
            let words = sentence.split('{').map(|part| part.rsplit('}').next().unwrap_or(""));
            if words.flat_map(str::chars).any(char::is_alphabetic) && key != "path.flag" {
                assert!(chinese.sentences[key].chars().any(is_chinese), "{key}: {}", chinese.sentences[key]);
            }
        }
    }

    /// A key stands in the code as it is, or is one of a family whose last part is a word of a file.
    #[test]
    fn no_sentence_is_unused() {
        let code = [
            include_str!("catalogue.rs"),
            include_str!("formula.rs"),
            include_str!("scenario.rs"),
            include_str!("following.rs"),
            include_str!("procedure.rs"),
            include_str!("device.rs"),
            include_str!("page.rs"),
            include_str!("../diff/words.rs"),
            include_str!("../../../trocar-evidence/src/diff.rs"),
            include_str!("../../../trocar-evidence/src/report/hangs.rs"),
            include_str!("../../../trocar-evidence/src/report/page.rs"),
            include_str!("../../../trocar-evidence/src/report/plots.rs"),
            include_str!("../../../trocar-evidence/src/report/scatter.rs"),
        ]
        .concat();
        for key in Language::English.catalogue().sentences.keys() {
            let families = code.contains(&format!("\"{key}\""))
                || key.match_indices('.').any(|(at, _)| code.contains(&format!("\"{}{{", &key[..=at])))
                || key.match_indices('.').any(|(at, _)| code.contains(&format!("\"{}{{", &key[..at])));
            assert!(families, "`{key}` is said nowhere");
        }
    }

    #[test]
    fn placeholders_are_filled_once() {
        let english = Language::English.catalogue();
        let said = english.say("other", &[("key", "{value}"), ("value", "x")]);
        assert_eq!(said, "Also given: {value} = x.");
        let list = |n: usize| english.list(&["a", "b", "c"].map(str::to_owned)[..n]);
        assert_eq!(
            (list(0), list(1), list(2), list(3)),
            (String::new(), "a".into(), "a and b".into(), "a, b and c".into())
        );
    }
}
