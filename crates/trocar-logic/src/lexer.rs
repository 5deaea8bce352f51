//! Text to tokens. All mistakes of spelling are found in one pass.

use crate::error::LogicError;
use crate::expr::CompareOp;
use std::ops::Range;
use trocar_signal::diagnostic::nearest;
use trocar_signal::unit;

/// The longest formula, in bytes. Assumed: some hundred times what a person writes.
pub const MAX_LENGTH_BYTES: usize = 16 * 1024;

/// Words that cannot be the name of a measure, a phase or a state: operators, and temporal operators that are not
/// available yet.
pub const RESERVED_WORDS: [&str; 12] = [
    "and",
    "or",
    "not",
    "in",
    "always",
    "eventually",
    "until",
    "since",
    "once",
    "historically",
    "after",
    "during",
];

/// One token.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Token {
    Number { value: f64, unit: Option<String> },
    Word(String),
    And,
    Or,
    Not,
    In,
    Plus,
    Minus,
    Star,
    Slash,
    Compare(CompareOp),
    Open,
    Close,
    BraceOpen,
    BraceClose,
    BracketOpen,
    BracketClose,
    Colon,
    Comma,
    End,
}

/// A token and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Spanned {
    pub token: Token,
    pub span: Range<usize>,
}

/// All tokens, the last of which is [`Token::End`].
pub(crate) fn tokens(text: &str) -> Result<Vec<Spanned>, Vec<LogicError>> {
    if text.len() > MAX_LENGTH_BYTES {
        let title =
            format!("a formula may have at most {MAX_LENGTH_BYTES} bytes; this one has {}", text.len());
        return Err(vec![LogicError::new(title).at(&(0..text.len()), "")]);
    }
    let mut lexer = Lexer { text, at: 0, tokens: Vec::new(), errors: Vec::new() };
    while lexer.next() {}
    if !lexer.errors.is_empty() {
        return Err(lexer.errors);
    }
    let end = text.len();
    lexer.tokens.push(Spanned { token: Token::End, span: end..end });
    Ok(lexer.tokens)
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    tokens: Vec<Spanned>,
    errors: Vec<LogicError>,
}

fn in_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn take_while(&mut self, accept: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let taken = &rest[..rest.find(|c| !accept(c)).unwrap_or(rest.len())];
        self.at += taken.len();
        taken
    }

    fn push(&mut self, token: Token, start: usize) {
        self.tokens.push(Spanned { token, span: start..self.at });
    }

    /// Takes one token or records one mistake; false at the end.
    fn next(&mut self) -> bool {
        self.take_while(char::is_whitespace);
        let start = self.at;
        let Some(c) = self.peek() else {
            return false;
        };
        if c.is_ascii_digit() {
            self.number(start);
        } else if c.is_ascii_alphabetic() || c == '_' {
            self.word(start);
        } else {
            self.symbol(start, c);
        }
        true
    }

    fn symbol(&mut self, start: usize, c: char) {
        const TWO: [(&str, Token); 4] = [
            ("<=", Token::Compare(CompareOp::LessEqual)),
            (">=", Token::Compare(CompareOp::GreaterEqual)),
            ("==", Token::Compare(CompareOp::Equal)),
            ("!=", Token::Compare(CompareOp::NotEqual)),
        ];
        const WRITTEN_OTHERWISE: [(&str, &str); 11] = [
            ("&&", "and"),
            ("||", "or"),
            ("=<", "<="),
            ("=>", ">="),
            ("=", "=="),
            ("!", "not"),
            ("≤", "<="),
            ("≥", ">="),
            ("≠", "!="),
            ("×", "*"),
            ("÷", "/"),
        ];
        if let Some((symbol, token)) = TWO.iter().find(|(symbol, _)| self.rest().starts_with(symbol)) {
            self.at += symbol.len();
            return self.push(token.clone(), start);
        }
        let token = match c {
            '+' => Some(Token::Plus),
            '-' | '−' => Some(Token::Minus),
            '*' => Some(Token::Star),
            '/' => Some(Token::Slash),
            '<' => Some(Token::Compare(CompareOp::Less)),
            '>' => Some(Token::Compare(CompareOp::Greater)),
            '(' => Some(Token::Open),
            ')' => Some(Token::Close),
            '{' => Some(Token::BraceOpen),
            '}' => Some(Token::BraceClose),
            '[' => Some(Token::BracketOpen),
            ']' => Some(Token::BracketClose),
            ':' => Some(Token::Colon),
            ',' => Some(Token::Comma),
            _ => None,
        };
        if let Some(token) = token {
            self.at += c.len_utf8();
            return self.push(token, start);
        }
        if let Some((wrong, right)) =
            WRITTEN_OTHERWISE.iter().find(|(wrong, _)| self.rest().starts_with(wrong))
        {
            self.at += wrong.len();
            let error = LogicError::new(format!("`{wrong}` is written `{right}` here"));
            self.errors.push(error.at(&(start..self.at), format!("write `{right}`")));
            return;
        }
        self.at += c.len_utf8();
        let error = LogicError::new(format!("`{c}` has no meaning in a formula"));
        let error = error.at(&(start..self.at), "");
        self.errors.push(match c {
            '.' => error.note("a number starts with a digit: `0.5`; a name with a letter: `arm.is_homed`"),
            _ => error.note("names are made of the letters a to z and A to Z, digits and `_`"),
        });
    }

    fn word(&mut self, start: usize) {
        self.take_while(in_word);
        while self.peek() == Some('.') {
            let dot = self.at;
            self.at += 1;
            if self.take_while(in_word).is_empty() {
                let error = LogicError::new("a name is missing after the `.`").at(&(dot..self.at), "");
                self.errors.push(match self.peek() {
                    Some('*') => {
                        self.at += 1;
                        error.note("a formula names its values one by one, without `*`")
                    }
                    _ => error,
                });
                return;
            }
        }
        let word = &self.text[start..self.at];
        let token = match word {
            "and" => Token::And,
            "or" => Token::Or,
            "not" => Token::Not,
            "in" => Token::In,
            _ if RESERVED_WORDS.contains(&word) => {
                let error = LogicError::new(format!("`{word}` is not available yet"));
                self.errors.push(error.at(&(start..self.at), "a temporal operator"));
                return;
            }
            _ => Token::Word(word.to_owned()),
        };
        self.push(token, start);
    }

    fn number(&mut self, start: usize) {
        self.take_while(|c| c.is_ascii_digit());
        if let Some(fraction) = self.rest().strip_prefix('.')
            && fraction.starts_with(|c: char| c.is_ascii_digit())
        {
            self.at += 1;
            self.take_while(|c| c.is_ascii_digit());
        }
        if let Some(exponent) = self.rest().strip_prefix(['e', 'E']) {
            let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            if digits.starts_with(|c: char| c.is_ascii_digit()) {
                self.at += 1 + exponent.len() - digits.len();
                self.take_while(|c| c.is_ascii_digit());
            }
        }
        let number_end = self.at;
        let Ok(value) = self.text[start..number_end].parse::<f64>() else {
            self.errors.push(LogicError::new("this is not a number").at(&(start..number_end), ""));
            return;
        };
        let Some(unit) = self.unit() else {
            return;
        };
        let scale = unit.as_deref().map_or(Ok(1.0), |text| unit::parse(text).map(|unit| unit.scale));
        let scale = match scale {
            Ok(scale) => scale,
            Err(error) => {
                self.errors.push(LogicError::new(error.to_string()).at(&(start..self.at), ""));
                return;
            }
        };
        if !(value * scale).is_finite() {
            let error = LogicError::new("this number is too large");
            self.errors.push(error.at(&(start..self.at), "beyond what a 64-bit float holds"));
            return;
        }
        self.push(Token::Number { value, unit }, start);
    }

    /// The unit after a number, in its canonical text: symbols that follow each other, and at most one `/` without
    /// spaces around it. `None` where a mistake was recorded.
    fn unit(&mut self) -> Option<Option<String>> {
        let mut text = String::new();
        let mut divided = false;
        loop {
            let before = self.at;
            let mut separator = " ";
            if !text.is_empty() && !divided && self.peek() == Some('/') {
                self.at += 1;
                separator = "/";
            } else {
                self.take_while(|c| c.is_whitespace() || c == '·');
            }
            let at = self.at;
            match self.unit_symbol() {
                Some(symbol) => {
                    if !text.is_empty() {
                        text.push_str(separator);
                    }
                    text.push_str(&symbol);
                    divided |= separator == "/";
                }
                None => {
                    self.at = at;
                    let word = self.take_while(|c| in_word(c) || matches!(c, '.' | '^' | 'µ'));
                    if !word.is_empty() && separator == " " && !RESERVED_WORDS.contains(&word) {
                        self.errors.push(not_a_unit(word, at..self.at));
                        return None;
                    }
                    self.at = before;
                    return Some((!text.is_empty()).then_some(text));
                }
            }
        }
    }

    /// One known unit symbol with its power, if one stands here and is not the start of a name or a call.
    fn unit_symbol(&mut self) -> Option<String> {
        let first = self.peek()?;
        let symbol = if matches!(first, '%' | '°') {
            self.at += first.len_utf8();
            &self.text[self.at - first.len_utf8()..self.at]
        } else {
            self.take_while(|c| c.is_ascii_alphabetic() || c == '_' || c == 'µ')
        };
        if symbol.is_empty() || !unit::symbols().any(|(known, _)| known == symbol) {
            return None;
        }
        let power = match self.peek() {
            Some('²') => Some(("^2", '²'.len_utf8())),
            Some('³') => Some(("^3", '³'.len_utf8())),
            Some('^') => {
                let digit = self.rest().get(..2)?;
                ["^1", "^2", "^3", "^4"].into_iter().find(|power| *power == digit).map(|power| (power, 2))
            }
            _ => Some(("", 0)),
        };
        let (power, length) = power?;
        self.at += length;
        match self.peek() {
            Some(c) if in_word(c) || matches!(c, '.' | '(' | '^') => None,
            _ => Some(format!("{symbol}{power}")),
        }
    }
}

fn not_a_unit(word: &str, range: Range<usize>) -> LogicError {
    let candidates: Vec<&str> =
        unit::symbols().map(|(symbol, _)| symbol).filter(|s| *s != "1" && *s != word).collect();
    let label = nearest(word, candidates).map_or_else(String::new, |near| format!("did you mean `{near}`?"));
    LogicError::new(format!("`{word}` is not a unit"))
        .at(&range, label)
        .note("a number is followed by its unit, an operator or nothing")
}
