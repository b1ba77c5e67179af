//! `--expire`: before which request the clock moves to the end of a token's life.

use std::{num::NonZeroU64, str::FromStr};

use greenroom_model::{
    call::OpKind,
    rule::{Effect, Presented, Rule, Selector},
    token::TokenKind,
};

const FORM: &str = "write KIND@OP#N, as in tenant@api#3 (before the third api request with a tenant token) or \
                    workspace@exchange; KIND is sso, workspace, tenant, classic or refresh, OP is api, exchange or \
                    refresh, N counts from 1";

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
        "refresh" => OpKind::Refresh,
        "mint" => return Err(wrong("a mint presents no token".to_owned())),
        _ => return Err(wrong(format!("{op:?} is no operation that presents a token"))),
    };
    let nth = match nth {
        None => NonZeroU64::MIN,
        Some(nth) => nth.parse().map_err(|_| wrong(format!("{nth:?} is no number from 1 on")))?,
    };
    let mut rule = Rule::of(Effect::AdvanceToExpiry(Presented::Presented));
    rule.id = Some(format!("{kind}@{op}#{nth}"));
    rule.when.selector =
        Selector { op: Some(op.into()), kind: Some(kind.into()), nth: Some(nth), ..Selector::default() };
    Ok(rule)
}

#[cfg(test)]
mod tests {
    use greenroom_model::rule::Action;

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
            let selector = rule.when.selector;
            assert_eq!((rule.id.as_deref(), selector.nth.map(NonZeroU64::get)), (Some(name), Some(nth)));
            assert_eq!((selector.kind, selector.op), (Some(kind.into()), Some(op.into())));
            let advances = Action::Effect(Effect::AdvanceToExpiry(Presented::Presented));
            assert_eq!(rule.actions, [advances]);
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
