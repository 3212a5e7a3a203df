//! How long and how deep a query may be.
//!
//! Parser and planner go down into a query by recursion, a frame of the stack a level. What would be too deep is
//! told from the tokens, before anything of it is built.

use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};

use super::refusal::Refusal;

/// Bytes of a query.
pub(super) const LONGEST: usize = 1 << 20;

/// Levels: operators on each other's results, parentheses, set operations and joins behind each other.
pub(super) const DEEPEST: usize = 200;

/// Levels that a cast or a NOT counts as.
const LARGE: usize = 4;

/// Terms that `AND` and `OR` connect.
pub(super) const TERMS: usize = 5000;

/// Refuses what is too long or too deep.
pub(super) fn check(sql: &str) -> Result<(), Refusal> {
    if sql.len() > LONGEST {
        return Err(Refusal::new(
            format!("the query has {} bytes; it may have {LONGEST}", sql.len()),
            "a long list of users is shorter as a condition, or as a join with a query that finds them",
        ));
    }
    // What is no token is told by the parser.
    let Ok(tokens) = Tokenizer::new(&GenericDialect {}, sql).tokenize() else { return Ok(()) };
    let mut depth = Depth::default();
    let mut before = &Token::EOF;
    for token in &tokens {
        // The engine takes 1_000 for 1, called _000.
        if let (Token::Number(number, _), Token::Word(word)) = (before, token) {
            return Err(Refusal::new(
                format!("{number}{} isn't a number", word.value),
                "digits alone, as in 1000, 0.5 or 1e3; a name behind a number stands apart from it",
            ));
        }
        before = token;
        depth.read(token);
        if depth.terms > TERMS {
            return Err(Refusal::new(
                format!("the query connects more than {TERMS} terms with AND and OR"),
                "x IN (…, …) takes a list of any length",
            ));
        }
        if depth.levels > DEEPEST {
            return Err(Refusal::new(
                format!("the query is nested more than {DEEPEST} levels deep"),
                "fewer terms, casts, set operations or joins behind each other; x IN (…) in place of many conditions, \
                 concat(…) in place of many ||",
            ));
        }
    }
    Ok(())
}

/// What stands between two parentheses, as far as it was read.
#[derive(Debug, Default)]
struct Level {
    /// Set operations, joins, steps of a pipe.
    steps: usize,
    /// `AND` and `OR` since the last comma or clause.
    terms: usize,
    /// Operators since the last of those.
    operators: usize,
    /// Whether an `AND` of `BETWEEN` is to come.
    between: bool,
}

impl Level {
    fn depth(&self) -> usize {
        1 + self.steps + self.operators
    }

    /// A comma or a new clause: another expression.
    fn restart(&mut self) {
        self.terms = 0;
        self.operators = 0;
        self.between = false;
    }
}

/// How deep the tokens go. More is counted than the parser builds, as precedence is not looked at.
#[derive(Debug)]
struct Depth {
    open: Vec<Level>,
    /// Levels of those that are open but the last.
    below: usize,
    levels: usize,
    terms: usize,
}

impl Default for Depth {
    fn default() -> Self {
        Self { open: vec![Level::default()], below: 0, levels: 0, terms: 0 }
    }
}

impl Depth {
    fn read(&mut self, token: &Token) {
        match token {
            Token::LParen | Token::LBracket | Token::LBrace => self.open(),
            Token::RParen | Token::RBracket | Token::RBrace => self.close(),
            Token::Word(word) => self.word(word.keyword),
            Token::Comma | Token::SemiColon => self.level(Level::restart),
            Token::VerticalBarRightAngleBracket => self.level(Level::step),
            Token::Whitespace(_)
            | Token::Number(..)
            | Token::SingleQuotedString(_)
            | Token::DoubleQuotedString(_)
            | Token::Placeholder(_)
            | Token::Period
            | Token::EOF => {}
            // The planner's frames of a cast are as large as those of several operators.
            Token::DoubleColon => self.level(|level| level.operators += LARGE),
            // Anything else is an operator, or as rare as one.
            _ => self.level(|level| level.operators += 1),
        }
        if let Some(level) = self.open.last() {
            self.levels = self.below + level.depth();
            self.terms = level.terms;
        }
    }

    fn word(&mut self, word: Keyword) {
        use Keyword as K;
        match word {
            // The parser, at the end of its own count, takes another way and says what is wrong with that.
            K::CASE => {
                self.open();
                self.level(|level| level.steps += LARGE);
            }
            K::END => self.close(),
            K::UNION | K::EXCEPT | K::INTERSECT | K::MINUS | K::JOIN | K::APPLY => self.level(Level::step),
            K::SELECT
            | K::FROM
            | K::WHERE
            | K::GROUP
            | K::HAVING
            | K::ORDER
            | K::QUALIFY
            | K::LIMIT
            | K::WHEN
            | K::THEN
            | K::ELSE
            | K::ON
            | K::USING
            | K::OVER
            | K::PARTITION => self.level(Level::restart),
            K::BETWEEN => self.level(|level| {
                level.operators += 1;
                level.between = true;
            }),
            K::AND | K::OR | K::XOR => self.level(|level| {
                if !(word == K::AND && std::mem::take(&mut level.between)) {
                    level.terms += 1;
                    level.operators = 0;
                }
            }),
            // The parser goes down at each.
            K::NOT => self.level(|level| level.operators += LARGE),
            K::IS
            | K::NOTNULL
            | K::LIKE
            | K::ILIKE
            | K::SIMILAR
            | K::RLIKE
            | K::REGEXP
            | K::IN
            | K::DIV
            | K::AT
            | K::COLLATE
            | K::INTERVAL
            | K::PRIOR
            | K::OPERATOR
            | K::OVERLAPS => {
                self.level(|level| level.operators += 1);
            }
            _ => {}
        }
    }

    fn level(&mut self, change: impl FnOnce(&mut Level)) {
        if let Some(level) = self.open.last_mut() {
            change(level);
        }
    }

    fn open(&mut self) {
        self.below += self.open.last().map_or(0, Level::depth);
        self.open.push(Level::default());
    }

    fn close(&mut self) {
        if self.open.len() > 1 {
            self.open.pop();
            self.below -= self.open.last().map_or(0, Level::depth);
        }
    }
}

impl Level {
    /// A set operation or a join: another branch, one level up.
    fn step(&mut self) {
        self.restart();
        self.steps += 1;
    }
}
