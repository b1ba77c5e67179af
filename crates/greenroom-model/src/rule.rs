//! Rules: what shall happen to the nth request of a kind. Deciding is pure; the caller acts.
//!
//! The names are those of the conformance kit's stimuli. So far a rule can move the clock before a
//! request is authenticated, which is how a token runs out in the middle of paging without a sleep.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    call::OpKind,
    history::{Exchange, Request, Response, TokenView},
    time::Forward,
    token::TokenKind,
};

/// Which requests are meant. A field that is absent means any; all given ones must hold. In texts `*`
/// stands for anything, slashes included; upper and lower case differ.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Selector {
    /// What kind of request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub op: Option<OpKind>,
    /// The kind of its token: the bearer of an api request, the subject of an exchange.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<TokenKind>,
    /// The bearer token's symbol; `*` stands for anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// The subject token's symbol; `*` stands for anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The workspace the bearer acts in, by symbol.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// The host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The method.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The path; `*` stands for anything, slashes included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The status of the answer. Known only afterwards: not for rules.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The code of the refusal. Known only afterwards: not for rules.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

impl Selector {
    /// Whether an exchange is meant.
    pub fn matches(&self, exchange: &Exchange) -> bool {
        self.matches_request(&exchange.request) && self.matches_response(exchange.response.as_ref())
    }

    fn matches_request(&self, request: &Request) -> bool {
        let view = match request.op {
            OpKind::Exchange => &request.subject,
            _ => &request.token,
        };
        fn symbol(view: &Option<TokenView>) -> Option<&str> {
            view.as_ref().map(|view| view.symbol.as_str())
        }
        self.op.is_none_or(|op| op == request.op)
            && self.kind.is_none_or(|kind| view.as_ref().and_then(|view| view.kind) == Some(kind))
            && fits(self.token.as_deref(), symbol(&request.token))
            && fits(self.subject.as_deref(), symbol(&request.subject))
            && fits(self.actor.as_deref(), request.actor.as_deref())
            && fits(self.host.as_deref(), Some(&request.host))
            && fits(self.method.as_deref(), Some(&request.method))
            && fits(self.path.as_deref(), Some(&request.path))
    }

    fn matches_response(&self, response: Option<&Response>) -> bool {
        self.status.is_none_or(|status| response.and_then(|response| response.status) == Some(status))
            && fits(self.refused.as_deref(), response.and_then(|response| response.refused.as_deref()))
    }
}

fn fits(pattern: Option<&str>, value: Option<&str>) -> bool {
    pattern.is_none_or(|pattern| value.is_some_and(|value| glob(pattern.as_bytes(), value.as_bytes())))
}

/// Whether `value` fits `pattern`, `*` standing for any run of bytes. Linear but for backtracking to
/// the last star, which bounds it by the product of both lengths.
fn glob(pattern: &[u8], value: &[u8]) -> bool {
    let (mut p, mut v, mut star) = (0, 0, None);
    while v < value.len() {
        if pattern.get(p) == Some(&b'*') {
            star = Some((p, v));
            p += 1;
        } else if pattern.get(p) == Some(&value[v]) {
            (p, v) = (p + 1, v + 1);
        } else if let Some((at, from)) = star {
            star = Some((at, from + 1));
            (p, v) = (at + 1, from + 1);
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

/// What a rule does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Action {
    /// The clock moves forward by so much before the request is authenticated: `16m`.
    Advance(Forward),
    /// The clock moves to the `exp` of the token the request presents (`presented`), or stays where
    /// it is if that has passed already.
    AdvanceToExpiry(Presented),
}

/// The token that a request presents: its bearer, or at the exchange its subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Presented {
    /// That one.
    Presented,
}

/// A rule as it is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Its name in histories; given one if it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Which requests are meant.
    #[serde(rename = "when")]
    pub selector: Selector,
    /// On which of them it fires, counted from 1 since the rule was added. Every one if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nth: Option<u64>,
    /// What it does.
    #[serde(rename = "do")]
    pub action: Action,
}

/// Why a rule is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// The answer's fields cannot be known before there is an answer.
    #[error("when.{0}: a rule acts before the answer is known, so it cannot select by it")]
    AnswerField(&'static str),
    /// Counting starts at 1.
    #[error("nth: counting starts at 1")]
    Nth,
    /// A name that is too long.
    #[error("id: at most {LONGEST_ID} characters")]
    LongId,
    /// Too many rules.
    #[error("there are {MOST_RULES} rules already: remove some first")]
    TooMany,
    /// Two rules of one name.
    #[error("id: there is a rule named {0:?} already")]
    Taken(String),
}

/// How many rules may be in force.
const MOST_RULES: usize = 1_000;
/// How long a rule's name may be: it is repeated in the history whenever the rule fires.
const LONGEST_ID: usize = 100;

impl RuleError {
    /// The field that is wrong, if it is one.
    pub fn field(&self) -> Option<String> {
        match self {
            Self::AnswerField(name) => Some(format!("when.{name}")),
            Self::Nth => Some("nth".to_owned()),
            Self::LongId | Self::Taken(_) => Some("id".to_owned()),
            Self::TooMany => None,
        }
    }
}

/// A rule in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Armed {
    /// The rule.
    #[serde(flatten)]
    pub rule: Rule,
    /// How many requests it has matched.
    pub matched: u64,
    /// How often it has fired.
    pub fired: u64,
}

/// What to do to the clock before a request goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Firing {
    /// The rule that fired.
    pub rule: String,
    /// How far the clock moves.
    pub advance: Advance,
}

/// How far the clock moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advance {
    /// By so much.
    By(SignedDuration),
    /// To this instant, unless it has passed.
    To(Timestamp),
}

/// The rules of one sandbox.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    armed: Vec<Armed>,
    added: u64,
}

impl Rules {
    /// Adds a rule behind the others and returns its name.
    pub fn add(&mut self, mut rule: Rule) -> Result<String, RuleError> {
        if rule.selector.status.is_some() {
            return Err(RuleError::AnswerField("status"));
        }
        if rule.selector.refused.is_some() {
            return Err(RuleError::AnswerField("refused"));
        }
        if rule.nth == Some(0) {
            return Err(RuleError::Nth);
        }
        if self.armed.len() >= MOST_RULES {
            return Err(RuleError::TooMany);
        }
        if rule.id.as_ref().is_some_and(|id| id.chars().count() > LONGEST_ID) {
            return Err(RuleError::LongId);
        }
        let id = rule.id.clone().unwrap_or_else(|| format!("rule-{}", self.added + 1));
        if self.armed.iter().any(|armed| armed.rule.id.as_ref() == Some(&id)) {
            return Err(RuleError::Taken(id));
        }
        self.added += 1;
        rule.id = Some(id.clone());
        self.armed.push(Armed { rule, matched: 0, fired: 0 });
        Ok(id)
    }

    /// The rules in force.
    pub fn list(&self) -> &[Armed] {
        &self.armed
    }

    /// Removes all rules.
    pub fn clear(&mut self) {
        self.armed.clear();
    }

    /// Counts `request` for every rule it matches and returns what fires. `expiry` is the `exp` of
    /// the token it presents, if that is one of ours.
    pub fn decide(&mut self, request: &Request, expiry: Option<Timestamp>) -> Vec<Firing> {
        let mut firings = Vec::new();
        for armed in &mut self.armed {
            if !armed.rule.selector.matches_request(request) {
                continue;
            }
            armed.matched += 1;
            if armed.rule.nth.is_some_and(|nth| nth != armed.matched) {
                continue;
            }
            let advance = match armed.rule.action {
                Action::Advance(by) => Some(Advance::By(by.duration())),
                Action::AdvanceToExpiry(Presented::Presented) => expiry.map(Advance::To),
            };
            if let Some(advance) = advance {
                armed.fired += 1;
                firings.push(Firing { rule: armed.rule.id.clone().unwrap_or_default(), advance });
            }
        }
        firings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(op: OpKind, path: &str) -> Request {
        Request {
            connection: 1,
            op,
            route: None,
            http: "1.1".into(),
            tls: false,
            host: "h".into(),
            method: "GET".into(),
            path: path.into(),
            query: String::new(),
            headers: Default::default(),
            auth: None,
            form: Default::default(),
            workspace: None,
            client: None,
            token: None,
            subject: None,
            actor: None,
            body: None,
        }
    }

    fn rule(json: &str) -> Rule {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn the_nth_match_fires_and_no_other() {
        let mut rules = Rules::default();
        rules
            .add(rule(r#"{"when":{"op":"api","path":"/devices/*"},"nth":2,"do":{"advance":"16m"}}"#))
            .unwrap();
        let mut fire = |op, path| rules.decide(&request(op, path), None).len();
        let fired = [
            fire(OpKind::Api, "/devices/v1/devices"),
            fire(OpKind::Mint, "/devices/v1/devices"),
            fire(OpKind::Api, "/other"),
            fire(OpKind::Api, "/devices/v1/devices/x"),
            fire(OpKind::Api, "/devices/v1/devices"),
        ];
        assert_eq!(fired, [0, 0, 0, 1, 0]);
        assert_eq!((rules.list()[0].matched, rules.list()[0].fired), (3, 1));
    }

    #[test]
    fn rules_that_make_no_sense_are_refused_by_field() {
        let mut rules = Rules::default();
        for (json, field) in [
            (r#"{"when":{"status":200},"do":{"advance":"1m"}}"#, "when.status"),
            (r#"{"when":{"refused":"expired"},"do":{"advance":"1m"}}"#, "when.refused"),
            (r#"{"when":{},"nth":0,"do":{"advance":"1m"}}"#, "nth"),
        ] {
            let error = rules.add(rule(json)).unwrap_err().to_string();
            assert!(error.starts_with(field), "{error}");
        }
        rules.add(rule(r#"{"id":"a","when":{},"do":{"advance":"1m"}}"#)).unwrap();
        assert!(rules.add(rule(r#"{"id":"a","when":{},"do":{"advance":"1m"}}"#)).is_err());
        for bad in [
            r#"{"when":{"opp":"api"},"do":{"advance":"1m"}}"#,
            r#"{"when":{},"do":{"advance":"-1m"}}"#,
            r#"{"when":{},"do":{"advance":"soon"}}"#,
        ] {
            assert!(serde_json::from_str::<Rule>(bad).is_err(), "{bad}");
        }
        let written = r#"{"when":{},"do":{"advance":"1h 30m"}}"#;
        assert_eq!(serde_json::to_string(&rule(written)).unwrap(), written);
        assert_eq!(rules.list().len(), 1);
    }

    #[test]
    fn rules_and_their_names_are_bounded() {
        let mut rules = Rules::default();
        let long =
            format!(r#"{{"id":"{}","when":{{}},"do":{{"advance":"1m"}}}}"#, "x".repeat(LONGEST_ID + 1));
        assert_eq!(rules.add(rule(&long)), Err(RuleError::LongId));
        let any = || rule(r#"{"when":{},"do":{"advance":"1m"}}"#);
        assert!((0..MOST_RULES).all(|_| rules.add(any()).is_ok()));
        assert_eq!(rules.add(any()), Err(RuleError::TooMany));
    }

    #[test]
    fn globs() {
        for (pattern, value, expected) in [
            ("acme#*", "acme#12", true),
            ("acme#*", "acme", false),
            ("*", "", true),
            ("/a/*/c", "/a/b/x/c", true),
            ("/a/*/c", "/a/b/x/d", false),
            ("a*b*c", "aXXbYYbc", true),
            ("abc", "abcd", false),
        ] {
            assert_eq!(glob(pattern.as_bytes(), value.as_bytes()), expected, "{pattern} {value}");
        }
    }
}
