//! From the text of an expression to a syntax tree, and what is refused on the way.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use datafusion::execution::session_state::SessionState;
use datafusion::sql::sqlparser::ast::{BinaryOperator, Expr, Ident, UnaryOperator, visit_expressions_mut};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};

use super::words;

/// Names, numbers, operators and brackets an expression may have.
const MOST_PARTS: usize = 2000;

/// The words and signs of an expression, blanks left out; an error of the reader is told when it is parsed.
pub(super) fn parts(sql: &str) -> Result<usize, String> {
    let tokens = Tokenizer::new(&GenericDialect {}, sql).tokenize().unwrap_or_default();
    let parts: Vec<&Token> = tokens.iter().filter(|token| !matches!(token, Token::Whitespace(_))).collect();
    if parts.len() > MOST_PARTS {
        return Err(format!(
            "it is too long: {} names, numbers and operators, at most {MOST_PARTS} are read (hint: calculate a part \
             of it beforehand and keep it as a column of the file)",
            parts.len()
        ));
    }
    let pairs = parts.windows(2).find_map(|pair| match pair {
        [Token::Mul, Token::Mul] => Some("`**` is not an operator; write `power(x, y)`"),
        [Token::Ampersand, Token::Ampersand] => Some("`&&` is not an operator; write `AND`"),
        _ => None,
    });
    let single = parts.iter().find_map(|token| match token {
        Token::ExclamationMark => {
            Some("`!` is not an operator; write `NOT`, or put the name of a column in double quotes")
        }
        Token::DuckIntDiv => Some("`//` is not an operator; write `floor(x / y)`"),
        Token::Overlap => Some("`&&` is not an operator; write `AND`"),
        Token::Sharp => Some("`#` works on bits; columns are numbers with decimals"),
        _ => None,
    });
    pairs.or(single).map_or(Ok(parts.len()), |reason| Err(reason.to_owned()))
}

/// Parses an expression.
pub(super) fn parse(state: &SessionState, sql: &str) -> Result<Expr, String> {
    let dialect = state.config_options().sql_parser.dialect;
    let mut parsed = state.sql_to_expr(sql, &dialect).map_err(|error| words::unparsed(&error))?;
    let visited = each(&mut parsed, &mut |expression| match refused(expression) {
        Some(reason) => ControlFlow::Break(reason),
        None => ControlFlow::Continue(()),
    });
    match visited {
        ControlFlow::Break(reason) => Err(reason),
        ControlFlow::Continue(()) => Ok(parsed),
    }
}

/// Goes through the parts of an expression, to the first break. The parser's walk is large, and made anew for each function
/// that goes along.
fn each(parsed: &mut Expr, with: &mut dyn FnMut(&mut Expr) -> ControlFlow<String>) -> ControlFlow<String> {
    visit_expressions_mut(parsed, with)
}

/// Why a part of an expression cannot be evaluated, or would give something else than it seems to.
fn refused(expression: &Expr) -> Option<String> {
    let quoted = || {
        format!(
            "(hint: if `{expression}` is the name of a column, put it in double quotes: '\"{expression}\"')"
        )
    };
    match expression {
        Expr::Subquery(_) | Expr::Exists { .. } | Expr::InSubquery { .. } => {
            Some("it holds a query".to_owned())
        }
        Expr::JsonAccess { .. } => Some(format!("`{expression}` asks for a part of a value {}", quoted())),
        Expr::CompoundFieldAccess { root, .. } if matches!(**root, Expr::Identifier(_)) => {
            Some(format!("`{expression}` asks for a part of a value {}", quoted()))
        }
        Expr::BinaryOp { left, op, right } => match op {
            BinaryOperator::BitwiseXor => Some(format!(
                "`^` works on bits, and columns are numbers with decimals (hint: a power is `power({left}, {right})`)"
            )),
            BinaryOperator::BitwiseOr => {
                Some(format!("{} (hint: write `{left} OR {right}`{NAME})", bits(op)))
            }
            BinaryOperator::BitwiseAnd => {
                Some(format!("{} (hint: write `{left} AND {right}`{NAME})", bits(op)))
            }
            BinaryOperator::PGBitwiseShiftLeft => {
                Some(format!("{} (hint: write `{left} * power(2, {right})`)", bits(op)))
            }
            BinaryOperator::PGBitwiseShiftRight => {
                Some(format!("{} (hint: write `floor({left} / power(2, {right}))`)", bits(op)))
            }
            BinaryOperator::PGBitwiseXor => Some(bits(op)),
            BinaryOperator::PGExp => Some("`^` is not an operator; write `power(x, y)`".to_owned()),
            BinaryOperator::DuckIntegerDivide | BinaryOperator::MyIntegerDivide => {
                Some(format!("`{op}` is not an operator; write `floor({left} / {right})`"))
            }
            _ if is_known(op) => None,
            _ => Some(format!("`{op}` is not an operator of numbers and texts {}", quoted())),
        },
        Expr::UnaryOp { op, .. } => match op {
            UnaryOperator::Plus | UnaryOperator::Minus | UnaryOperator::Not => None,
            UnaryOperator::BitwiseNot => {
                Some("`~` works on bits; columns are numbers with decimals".to_owned())
            }
            _ => Some(format!("`{op}` is not an operator; write `abs`, `sqrt`, `cbrt` or `NOT`")),
        },
        _ => None,
    }
}

/// What else may be meant.
const NAME: &str = ", or put the name of a column in double quotes";

fn bits(op: &BinaryOperator) -> String {
    format!("`{op}` works on bits, and columns are numbers with decimals")
}

/// Operators of numbers, texts and truth values.
fn is_known(op: &BinaryOperator) -> bool {
    use BinaryOperator as Op;
    matches!(
        op,
        Op::Plus
            | Op::Minus
            | Op::Multiply
            | Op::Divide
            | Op::Modulo
            | Op::StringConcat
            | Op::Gt
            | Op::Lt
            | Op::GtEq
            | Op::LtEq
            | Op::Eq
            | Op::NotEq
            | Op::And
            | Op::Or
            | Op::Spaceship
            | Op::PGRegexMatch
            | Op::PGRegexIMatch
            | Op::PGRegexNotMatch
            | Op::PGRegexNotIMatch
            | Op::PGLikeMatch
            | Op::PGILikeMatch
            | Op::PGNotLikeMatch
            | Op::PGNotILikeMatch
    )
}

/// The columns of an expression, whose names are made exact: a name means the column that is
/// called just so, quoted or not, and `a.b` the column called `a.b`.
pub(super) fn take_columns(parsed: &mut Expr) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let _: ControlFlow<String> = each(parsed, &mut |expression| {
        let name = match expression {
            Expr::Identifier(name) => name.value.clone(),
            Expr::CompoundIdentifier(parts) => {
                let parts: Vec<&str> = parts.iter().map(|part| part.value.as_str()).collect();
                parts.join(".")
            }
            _ => return ControlFlow::Continue(()),
        };
        *expression = Expr::Identifier(Ident::with_quote('"', name.clone()));
        names.insert(name);
        ControlFlow::Continue(())
    });
    names
}
