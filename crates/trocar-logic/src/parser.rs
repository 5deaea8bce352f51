//! Tokens to a syntax tree, by precedence.

use crate::error::LogicError;
use crate::expr::{ArithmeticOp, CompareOp, Expr, ExprKind, Function, LogicOp, StateName};
use crate::lexer::{self, Spanned, Token};
use std::ops::Range;
use trocar_signal::diagnostic::nearest;

/// How deep a formula may be nested; a chain such as `a + b + c` counts one for each operator. Keeps every recursive
/// pass over the tree far inside a 2 MiB stack. Assumed: ten times what a person can read.
pub const MAX_DEPTH: usize = 200;

/// How tightly each form binds; [`crate::render()`] uses the same numbers.
pub(crate) mod level {
    pub const OR: u8 = 1;
    pub const AND: u8 = 2;
    pub const NOT: u8 = 3;
    pub const COMPARE: u8 = 4;
    pub const SUM: u8 = 5;
    pub const PRODUCT: u8 = 6;
    pub const NEGATE: u8 = 7;
    pub const VALUE: u8 = 8;
}

/// Reads a formula.
///
/// # Errors
/// All mistakes of spelling; if there are none, the first mistake of grammar. Ranges lie inside `text`.
pub fn parse(text: &str) -> Result<Expr, Vec<LogicError>> {
    let tokens = lexer::tokens(text)?;
    let mut parser = Parser { text, tokens: &tokens, next: 0, nesting: 0 };
    parser.formula().map_err(|error| vec![error])
}

struct Parser<'a> {
    text: &'a str,
    tokens: &'a [Spanned],
    next: usize,
    nesting: usize,
}

/// A tree and how deep it is.
type Tree = (Expr, usize);

enum Infix {
    In,
    Binary(Binary),
}

enum Binary {
    Logic(LogicOp),
    Compare(CompareOp),
    Arithmetic(ArithmeticOp),
}

fn infix(token: &Token) -> Option<(u8, Infix)> {
    Some(match token {
        Token::Or => (level::OR, Infix::Binary(Binary::Logic(LogicOp::Or))),
        Token::And => (level::AND, Infix::Binary(Binary::Logic(LogicOp::And))),
        Token::Compare(op) => (level::COMPARE, Infix::Binary(Binary::Compare(*op))),
        Token::In => (level::COMPARE, Infix::In),
        Token::Plus => (level::SUM, Infix::Binary(Binary::Arithmetic(ArithmeticOp::Add))),
        Token::Minus => (level::SUM, Infix::Binary(Binary::Arithmetic(ArithmeticOp::Subtract))),
        Token::Star => (level::PRODUCT, Infix::Binary(Binary::Arithmetic(ArithmeticOp::Multiply))),
        Token::Slash => (level::PRODUCT, Infix::Binary(Binary::Arithmetic(ArithmeticOp::Divide))),
        _ => return None,
    })
}

const VALUE: &str = "expected a value: a name, a number, a function or `(`";

impl Parser<'_> {
    fn formula(&mut self) -> Result<Expr, LogicError> {
        let (expr, _) = self.expression(level::OR)?;
        match self.peek() {
            Token::End => Ok(expr),
            Token::Close => {
                Err(LogicError::new("a `)` without its `(`").at(&self.span(), "nothing is open here"))
            }
            _ => Err(self.unexpected("expected an operator, `and`, `or` or the end")),
        }
    }

    fn peek(&self) -> &Token {
        self.tokens.get(self.next).map_or(&Token::End, |spanned| &spanned.token)
    }

    fn span(&self) -> Range<usize> {
        self.tokens.get(self.next).map_or(self.text.len()..self.text.len(), |spanned| spanned.span.clone())
    }

    fn advance(&mut self) {
        self.next += 1;
    }

    fn unexpected(&self, expected: &str) -> LogicError {
        let span = self.span();
        let title = match self.peek() {
            Token::End if self.tokens.len() <= 1 => "the formula is empty".to_owned(),
            Token::End => "the formula ends too early".to_owned(),
            _ => format!("`{}` cannot stand here", self.text.get(span.clone()).unwrap_or("")),
        };
        LogicError::new(title).at(&span, expected)
    }

    /// Takes the closing token of what was opened at `opened`.
    fn close(&mut self, token: &Token, symbol: &str, opened: &Range<usize>) -> Result<usize, LogicError> {
        if self.peek() == token {
            let end = self.span().end;
            self.advance();
            return Ok(end);
        }
        let error = self.unexpected(&format!("expected an operator or `{symbol}`"));
        Err(error.at(opened, "opened here"))
    }

    fn too_deep(span: &Range<usize>) -> LogicError {
        LogicError::new(format!("a formula may be at most {MAX_DEPTH} levels deep")).at(span, "")
    }

    fn grown(span: &Range<usize>, depth: usize) -> Result<usize, LogicError> {
        if depth < MAX_DEPTH { Ok(depth + 1) } else { Err(Parser::too_deep(span)) }
    }

    fn expression(&mut self, minimum: u8) -> Result<Tree, LogicError> {
        if self.nesting >= MAX_DEPTH {
            return Err(Parser::too_deep(&self.span()));
        }
        self.nesting += 1;
        let tree = self.chain(minimum);
        self.nesting -= 1;
        tree
    }

    fn chain(&mut self, minimum: u8) -> Result<Tree, LogicError> {
        let (mut lhs, mut depth) = self.prefix(minimum)?;
        let mut compared = false;
        while let Some((level, operator)) = infix(self.peek()) {
            if level < minimum {
                break;
            }
            let operator_span = self.span();
            if level == level::COMPARE && compared {
                return Err(LogicError::new("comparisons cannot be chained")
                    .at(&operator_span, "a second comparison")
                    .note("write `a < b and b < c` instead of `a < b < c`"));
            }
            compared |= level == level::COMPARE;
            self.advance();
            let start = lhs.span.start;
            let Infix::Binary(operator) = operator else {
                let (states, end) = self.states()?;
                depth = Parser::grown(&operator_span, depth)?;
                lhs = Expr { kind: ExprKind::In(Box::new(lhs), states), span: start..end };
                continue;
            };
            let (rhs, rhs_depth) = self.expression(level + 1)?;
            depth = Parser::grown(&operator_span, depth.max(rhs_depth))?;
            let span = start..rhs.span.end;
            let (a, b) = (Box::new(lhs), Box::new(rhs));
            let kind = match operator {
                Binary::Logic(op) => ExprKind::Logic(op, a, b),
                Binary::Compare(op) => ExprKind::Compare(op, a, b),
                Binary::Arithmetic(op) => ExprKind::Arithmetic(op, a, b),
            };
            lhs = Expr { kind, span };
        }
        Ok((lhs, depth))
    }

    fn prefix(&mut self, minimum: u8) -> Result<Tree, LogicError> {
        let span = self.span();
        match self.peek().clone() {
            Token::Not if minimum <= level::NOT => {
                self.advance();
                let (inner, depth) = self.expression(level::NOT)?;
                let span = span.start..inner.span.end;
                let depth = Parser::grown(&span, depth)?;
                Ok((Expr { kind: ExprKind::Not(Box::new(inner)), span }, depth))
            }
            Token::Not => {
                Err(self.unexpected(VALUE).note("`not` of a part is written in parentheses: `(not a)`"))
            }
            Token::Minus => {
                self.advance();
                let (inner, depth) = self.expression(level::NEGATE)?;
                let span = span.start..inner.span.end;
                let depth = Parser::grown(&span, depth)?;
                Ok((Expr { kind: ExprKind::Negate(Box::new(inner)), span }, depth))
            }
            Token::Open => {
                self.advance();
                let (mut inner, depth) = self.expression(level::OR)?;
                let end = self.close(&Token::Close, ")", &span)?;
                inner.span = span.start..end;
                Ok((inner, depth))
            }
            Token::Number { value, unit } => {
                self.advance();
                Ok((Expr { kind: ExprKind::Number { value, unit }, span }, 1))
            }
            Token::Word(word) => {
                self.advance();
                if *self.peek() == Token::Open {
                    return self.call(&word, span);
                }
                Ok((Expr { kind: ExprKind::Path(word), span }, 1))
            }
            _ => Err(self.unexpected(VALUE)),
        }
    }

    fn call(&mut self, word: &str, span: Range<usize>) -> Result<Tree, LogicError> {
        let Some(function) = Function::from_name(word) else {
            let names = Function::ALL.map(Function::name);
            let label =
                nearest(word, names).map_or_else(String::new, |near| format!("did you mean `{near}`?"));
            return Err(LogicError::new(format!("there is no function `{word}`"))
                .at(&span, label)
                .note(format!("functions: {}", names.join(", "))));
        };
        let opened = self.span();
        self.advance();
        let mut arguments = Vec::new();
        let mut deepest = 0;
        if *self.peek() != Token::Close {
            loop {
                let (argument, depth) = self.expression(level::OR)?;
                deepest = deepest.max(depth);
                arguments.push(argument);
                if *self.peek() != Token::Comma {
                    break;
                }
                self.advance();
            }
        }
        let end = self.close(&Token::Close, ")", &opened)?;
        let span = span.start..end;
        let depth = Parser::grown(&span, deepest)?;
        Ok((Expr { kind: ExprKind::Call(function, arguments), span }, depth))
    }

    /// `{A, B}` and where it ends.
    fn states(&mut self) -> Result<(Vec<StateName>, usize), LogicError> {
        let opened = self.span();
        if *self.peek() != Token::BraceOpen {
            return Err(self.unexpected("expected `{` and names of states, e.g. `in {PAUSED, FAULT}`"));
        }
        self.advance();
        let mut states = Vec::new();
        loop {
            match self.peek() {
                Token::Word(word) if !word.contains('.') => {
                    states.push(StateName { name: word.clone(), span: self.span() });
                    self.advance();
                }
                _ => return Err(self.unexpected("expected the name of a state")),
            }
            match self.peek() {
                Token::Comma => self.advance(),
                Token::BraceClose => {
                    let end = self.span().end;
                    self.advance();
                    return Ok((states, end));
                }
                _ => return Err(self.unexpected("expected `,` or `}`").at(&opened, "opened here")),
            }
        }
    }
}
