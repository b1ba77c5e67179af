//! `--expire`: before which request the clock moves to the end of a token's life.

use std::str::FromStr;

use greenroom_model::{
    call::OpKind,
    rule::{Action, Presented, Rule, Selector},
    token::TokenKind,
};

const FORM: &str = "write KIND@OP#N, as in tenant@api#3 (before the third api request with a tenant token) or \
                    workspace@exchange; KIND is sso, workspace or tenant, OP is api or exchange, N counts from 1";

/// Reads `--expire KIND@OP#N`: before the Nth request of that operation whose token is of that kind,
/// the clock moves to the token's `exp`. Without `#N` it is the first.
pub(crate) fn parse_expire(text: &str) -> Result<Rule, String> {
    let wrong = |what: String| format!("{text:?}: {what}; {FORM}");
    let (target, nth) = match text.split_once('#') {
        Some((target, nth)) => (target, Some(nth)),
        None => (text, None),
    };
    let (kind, op) = target.split_once('@').ok_or_else(|| wrong("the @ is missing".to_owned()))?;
    let kind = TokenKind::from_str(kind).map_err(|_| wrong(format!("{kind:?} is no kind of token")))?;
    let op = match op {
        "api" => OpKind::Api,
        "exchange" => OpKind::Exchange,
        "mint" => return Err(wrong("a mint presents no token".to_owned())),
        _ => return Err(wrong(format!("{op:?} is no operation that presents a token"))),
    };
    let nth = match nth {
        None => 1,
        Some(nth) => nth
            .parse()
            .ok()
            .filter(|nth| *nth >= 1)
            .ok_or_else(|| wrong(format!("{nth:?} is no number from 1 on")))?,
    };
    Ok(Rule {
        id: Some(format!("{kind}@{op}#{nth}")),
        selector: Selector { op: Some(op), kind: Some(kind), ..Selector::default() },
        nth: Some(nth),
        action: Action::AdvanceToExpiry(Presented::Presented),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expiries_become_rules() {
        for (text, name, kind, op, nth) in [
            ("tenant@api#3", "tenant@api#3", TokenKind::Tenant, OpKind::Api, 3),
            ("workspace@exchange", "workspace@exchange#1", TokenKind::Workspace, OpKind::Exchange, 1),
            ("sso@api#01", "sso@api#1", TokenKind::Sso, OpKind::Api, 1),
            ("tenant@exchange#2", "tenant@exchange#2", TokenKind::Tenant, OpKind::Exchange, 2),
        ] {
            let rule = parse_expire(text).unwrap();
            assert_eq!((rule.id.as_deref(), rule.nth), (Some(name), Some(nth)));
            assert_eq!((rule.selector.kind, rule.selector.op), (Some(kind), Some(op)));
            assert_eq!(rule.action, Action::AdvanceToExpiry(Presented::Presented));
        }
    }

    #[test]
    fn wrong_expiries_are_told_the_form() {
        for (text, what) in [
            ("tenant", "the @ is missing"),
            ("user@api#1", "\"user\" is no kind of token"),
            ("tenant@mint#1", "a mint presents no token"),
            ("tenant@apis", "\"apis\" is no operation"),
            ("tenant@api#0", "\"0\" is no number from 1 on"),
            ("tenant@api#", "\"\" is no number"),
            ("tenant@api#-1", "\"-1\" is no number"),
        ] {
            let error = parse_expire(text).unwrap_err();
            assert!(error.contains(what) && error.contains("tenant@api#3"), "{error}");
        }
    }
}
