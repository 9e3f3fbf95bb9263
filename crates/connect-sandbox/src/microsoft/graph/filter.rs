//! The query option `$filter` of event lists. A filter reads the JSON of an event in UTC.

use super::error::ApiError;
use super::times;
use serde_json::Value;
use std::cmp::Ordering;

/// The properties that a filter can have, apart from times.
const PROPERTIES: [&str; 13] = [
    "subject",
    "isAllDay",
    "isCancelled",
    "isOrganizer",
    "importance",
    "sensitivity",
    "showAs",
    "type",
    "iCalUId",
    "id",
    "seriesMasterId",
    "hasAttachments",
    "transactionId",
];

const TIMES: [&str; 4] = ["start/dateTime", "end/dateTime", "createdDateTime", "lastModifiedDateTime"];

/// How deep the parentheses and negations of a filter can be.
const MAX_DEPTH: usize = 20;

pub(super) enum Filter {
    Compare(&'static str, String, Value),
    /// A function of a text, with its name.
    Text(String, &'static str, String),
    Not(Box<Filter>),
    And(Box<Filter>, Box<Filter>),
    Or(Box<Filter>, Box<Filter>),
}

impl Filter {
    pub(super) fn parse(text: &str) -> Result<Self, ApiError> {
        let mut parser = Parser { tokens: tokens(text).ok_or_else(|| wrong(text))?, at: 0, text };
        let filter = parser.or(0)?;
        if parser.at == parser.tokens.len() { Ok(filter) } else { Err(wrong(text)) }
    }

    pub(super) fn matches(&self, event: &Value) -> bool {
        match self {
            Self::Compare(path, operator, literal) => {
                let order = compare(value(event, path), literal, TIMES.contains(path));
                match operator.as_str() {
                    "eq" => order == Some(Ordering::Equal),
                    "ne" => order != Some(Ordering::Equal),
                    "gt" => order == Some(Ordering::Greater),
                    "ge" => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
                    "lt" => order == Some(Ordering::Less),
                    _ => matches!(order, Some(Ordering::Less | Ordering::Equal)),
                }
            }
            Self::Text(function, path, part) => {
                let text = value(event, path).as_str().unwrap_or_default().to_lowercase();
                match function.as_str() {
                    "startswith" => text.starts_with(part),
                    "endswith" => text.ends_with(part),
                    _ => text.contains(part),
                }
            }
            Self::Not(one) => !one.matches(event),
            Self::And(one, other) => one.matches(event) && other.matches(event),
            Self::Or(one, other) => one.matches(event) || other.matches(event),
        }
    }
}

fn value<'a>(event: &'a Value, path: &str) -> &'a Value {
    event.pointer(&format!("/{path}")).unwrap_or(&Value::Null)
}

/// Compares two values of the same type. The case of a text is ignored.
fn compare(value: &Value, literal: &Value, time: bool) -> Option<Ordering> {
    match (value, literal) {
        (Value::String(value), Value::String(literal)) if time => {
            Some(times::bound(value)?.cmp(&times::bound(literal)?))
        }
        (Value::String(value), Value::String(literal)) => {
            Some(value.to_lowercase().cmp(&literal.to_lowercase()))
        }
        (value, literal) => (value == literal).then_some(Ordering::Equal),
    }
}

fn wrong(text: &str) -> ApiError {
    ApiError::new(400, "ErrorInvalidUrlQueryFilter", format!("The filter '{text}' is not supported."))
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Lexeme {
    Word(String),
    Text(String),
    Mark(char),
}

/// Splits a filter into tokens. Returns `None` for a text without an end and for an unknown character.
fn tokens(text: &str) -> Option<Vec<Lexeme>> {
    let (mut all, mut rest) = (Vec::new(), text.chars().peekable());
    while let Some(first) = rest.next() {
        let token = match first {
            ' ' => continue,
            '(' | ')' | ',' => Lexeme::Mark(first),
            '\'' => {
                let mut value = String::new();
                loop {
                    match rest.next()? {
                        '\'' if rest.next_if_eq(&'\'').is_none() => break,
                        one => value.push(one),
                    }
                }
                Lexeme::Text(value)
            }
            _ => {
                let mut word = String::from(first);
                while let Some(one) =
                    rest.next_if(|one| one.is_ascii_alphanumeric() || "/:.-+".contains(*one))
                {
                    word.push(one);
                }
                first.is_ascii_alphanumeric().then_some(Lexeme::Word(word))?
            }
        };
        all.push(token);
    }
    Some(all)
}

struct Parser<'a> {
    tokens: Vec<Lexeme>,
    at: usize,
    text: &'a str,
}

impl Parser<'_> {
    fn or(&mut self, depth: usize) -> Result<Filter, ApiError> {
        let mut filter = self.and(depth)?;
        while self.takes("or") {
            filter = Filter::Or(Box::new(filter), Box::new(self.and(depth)?));
        }
        Ok(filter)
    }

    fn and(&mut self, depth: usize) -> Result<Filter, ApiError> {
        let mut filter = self.one(depth)?;
        while self.takes("and") {
            filter = Filter::And(Box::new(filter), Box::new(self.one(depth)?));
        }
        Ok(filter)
    }

    fn one(&mut self, depth: usize) -> Result<Filter, ApiError> {
        if depth > MAX_DEPTH {
            return Err(wrong(self.text));
        }
        if self.takes("not") {
            return Ok(Filter::Not(Box::new(self.one(depth + 1)?)));
        }
        if self.mark('(').is_ok() {
            let inner = self.or(depth + 1)?;
            return self.mark(')').map(|()| inner);
        }
        let word = self.word()?;
        if ["startswith", "endswith", "contains"].contains(&word.as_str()) {
            self.mark('(')?;
            let name = self.word()?;
            let path = self.property(&name)?;
            self.mark(',')?;
            let Value::String(part) = self.literal()? else { return Err(wrong(self.text)) };
            self.mark(')')?;
            return Ok(Filter::Text(word, path, part.to_lowercase()));
        }
        let (path, operator) = (self.property(&word)?, self.word()?);
        if !["eq", "ne", "gt", "ge", "lt", "le"].contains(&operator.as_str()) {
            return Err(wrong(self.text));
        }
        let literal = self.literal()?;
        let is_time = |text: &str| times::bound(text).is_some();
        if TIMES.contains(&path) && !literal.as_str().is_some_and(is_time) {
            return Err(wrong(self.text));
        }
        Ok(Filter::Compare(path, operator, literal))
    }

    fn next(&mut self) -> Option<Lexeme> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn takes(&mut self, word: &str) -> bool {
        let found = matches!(self.tokens.get(self.at), Some(Lexeme::Word(one)) if one == word);
        self.at += usize::from(found);
        found
    }

    fn mark(&mut self, mark: char) -> Result<(), ApiError> {
        let found = self.tokens.get(self.at) == Some(&Lexeme::Mark(mark));
        self.at += usize::from(found);
        if found { Ok(()) } else { Err(wrong(self.text)) }
    }

    fn word(&mut self) -> Result<String, ApiError> {
        match self.next() {
            Some(Lexeme::Word(word)) => Ok(word),
            _ => Err(wrong(self.text)),
        }
    }

    /// Reads a text, `true`, `false`, `null`, or a time without quotes.
    fn literal(&mut self) -> Result<Value, ApiError> {
        match self.next() {
            Some(Lexeme::Text(text)) => Ok(Value::String(text)),
            Some(Lexeme::Word(word)) => match word.as_str() {
                "true" => Ok(Value::Bool(true)),
                "false" => Ok(Value::Bool(false)),
                "null" => Ok(Value::Null),
                _ if times::bound(&word).is_some() => Ok(Value::String(word)),
                _ => Err(wrong(self.text)),
            },
            _ => Err(wrong(self.text)),
        }
    }

    fn property(&self, name: &str) -> Result<&'static str, ApiError> {
        let mut known = PROPERTIES.iter().chain(&TIMES);
        let found = known.find(|known| known.eq_ignore_ascii_case(name)).copied();
        found.ok_or_else(|| match name.split('/').next() {
            Some("organizer" | "attendees") => {
                let message = format!("{name} is not a supported filter expression.");
                ApiError::new(400, "UnsupportedEntityExpression", message)
            }
            _ => wrong(self.text),
        })
    }
}
