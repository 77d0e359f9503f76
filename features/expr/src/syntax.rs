//! From text to a syntax tree, within bounds: a hostile text costs no more than a parse of a few kilobytes.

use datafusion_sql::sqlparser::ast::Expr as Syntax;
use datafusion_sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion_sql::sqlparser::keywords::Keyword;
use datafusion_sql::sqlparser::parser::{Parser, ParserError};
use datafusion_sql::sqlparser::tokenizer::{Token, Tokenizer};

use crate::ExprError;

pub(crate) const LONGEST: usize = 8 * 1024;
/// Brackets, `not`, `case` and function calls within one another.
pub(crate) const DEEPEST: usize = 64;

/// Operators and keywords: a chain of them makes a tree as deep as it is long, which costs stack to drop and to print.
const MOST_OPERATORS: usize = 512;

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
    let mut parser = Parser::new(&dialect).with_recursion_limit(DEEPEST).with_tokens_with_locations(tokens);
    let tree = parser.parse_expr().map_err(syntax)?;
    match parser.peek_token().token {
        Token::EOF => Ok(tree),
        found => Err(ExprError::Syntax { reason: format!("expected its end, found `{found}`") }),
    }
}

#[allow(clippy::wildcard_enum_match_arm, reason = "every other token is an operator or a bracket")]
fn deepens(token: &Token) -> bool {
    match token {
        Token::Word(word) => word.keyword != Keyword::NoKeyword,
        Token::Whitespace(_) | Token::Comma | Token::Number(..) | Token::SingleQuotedString(_) | Token::EOF => false,
        _ => true,
    }
}

fn syntax(error: ParserError) -> ExprError {
    match error {
        ParserError::TokenizerError(reason) | ParserError::ParserError(reason) => ExprError::Syntax { reason },
        ParserError::RecursionLimitExceeded => ExprError::TooDeep { limit: DEEPEST },
    }
}
