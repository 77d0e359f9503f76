//! From text to a syntax tree, within bounds: a hostile text costs no more than a parse of a few kilobytes.

use sqlparser::ast::Expr as Syntax;
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer};

use crate::ExprError;

pub(crate) const LONGEST: usize = 8 * 1024;
/// Brackets, `not`, `case` and function calls within one another.
pub(crate) const DEEPEST: usize = 64;

/// Calls, `case` and `[` within one another; `position` counts twice.
const DEEPEST_CALLS: usize = 10;

/// Operators and keywords: a chain of them makes a tree as deep as it is long, which costs stack to drop and to print.
const MOST_OPERATORS: usize = 512;

/// Several times what the deepest expression needs; what is not touched takes no memory.
const STACK: usize = 32 << 20;

/// Parser and planner call themselves for each level of an expression. Room for the deepest that they take does not hang
/// on who calls, nor on how well they were compiled.
pub(crate) fn on_own_stack<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work);
        let joined = thread.expect("a process can start a thread where it loads content").join();
        joined.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

pub(crate) fn parse(sql: &str) -> Result<Syntax, ExprError> {
    if sql.len() > LONGEST {
        return Err(ExprError::TooLong { limit: LONGEST, found: sql.len() });
    }
    let dialect = PostgreSqlDialect {};
    let tokens = Tokenizer::new(&dialect, sql)
        .tokenize_with_location()
        .map_err(|error| ExprError::Syntax { reason: error.to_string() })?;
    if tokens.iter().filter(|token| deepens(&token.token)).count() > MOST_OPERATORS {
        return Err(ExprError::TooLarge { limit: MOST_OPERATORS });
    }
    if tokens.iter().any(|token| matches!(&token.token, Token::Word(word) if word.keyword == Keyword::SELECT)) {
        return Err(ExprError::Unsupported { construct: "a subquery".to_owned() });
    }
    if readings(&tokens) > DEEPEST_CALLS {
        return Err(ExprError::TooDeep { limit: DEEPEST_CALLS });
    }
    let mut parser = Parser::new(&dialect).with_recursion_limit(DEEPEST).with_tokens_with_locations(tokens);
    let tree = parser.parse_expr().map_err(syntax)?;
    match parser.peek_token().token {
        Token::EOF => Ok(tree),
        found => Err(ExprError::Syntax { reason: format!("expected its end, found `{found}`") }),
    }
}

fn deepens(token: &Token) -> bool {
    match token {
        Token::Word(word) => word.keyword != Keyword::NoKeyword,
        Token::Whitespace(_) | Token::Comma | Token::Number(..) | Token::SingleQuotedString(_) | Token::EOF => false,
        _ => true,
    }
}

/// How deep calls, `case` and `[` are nested, as `cast(case a[`: where its first reading fails, the parser reads all inside
/// again in another way, and each level multiplies the work by two or three.
fn readings(tokens: &[TokenWithSpan]) -> usize {
    let (mut open, mut deepest, mut before) = (Vec::<Open>::new(), 0, None);
    for token in tokens.iter().map(|token| &token.token).filter(|token| !matches!(token, Token::Whitespace(_))) {
        match token {
            Token::LParen => open.push(Open::Bracket(again(before))),
            Token::LBracket => open.push(Open::Bracket(1)),
            Token::RParen | Token::RBracket => {
                // With what was left open in it.
                while open.pop().is_some_and(|last| matches!(last, Open::Case)) {}
            }
            Token::Word(word) if word.keyword == Keyword::CASE => open.push(Open::Case),
            Token::Word(word) if word.keyword == Keyword::END => drop(open.pop_if(|last| matches!(last, Open::Case))),
            _ => {}
        }
        deepest = deepest.max(open.iter().map(Open::again).sum());
        before = Some(token);
    }
    deepest
}

/// What is not closed yet.
enum Open {
    /// With how often more what is in it may be read.
    Bracket(usize),
    Case,
}

impl Open {
    const fn again(&self) -> usize {
        match self {
            Self::Bracket(again) => *again,
            Self::Case => 1,
        }
    }
}

/// By the word before a bracket. What begins with `position` is read five times.
fn again(before: Option<&Token>) -> usize {
    use Keyword::{AND, BETWEEN, CASE, ELSE, IN, LIKE, OR, POSITION, THEN, WHEN};
    let Some(Token::Word(word)) = before else { return 0 };
    match word.keyword {
        AND | OR | IN | BETWEEN | LIKE | CASE | WHEN | THEN | ELSE => 0,
        POSITION => 2,
        _ => 1,
    }
}

fn syntax(error: ParserError) -> ExprError {
    match error {
        ParserError::TokenizerError(reason) | ParserError::ParserError(reason) => ExprError::Syntax { reason },
        ParserError::RecursionLimitExceeded => ExprError::TooDeep { limit: DEEPEST },
    }
}
