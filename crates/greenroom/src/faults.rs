//! `greenroom faults`: rules of a running emulator, written as flags.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    num::{NonZeroU32, NonZeroU64},
    str::FromStr,
};

use clap::{Args, Subcommand};
use greenroom_model::{
    rule::{
        Action, Armed, At, BadCertificate, Close, EditJson, Effect, Gate, Goaway, HalfBody, Nothing,
        OpenWhen, Presented, Redirect, Release, Reply, Rule, Then, Tokens, Trickle, When, Wire,
    },
    time::Forward,
};
use jiff::Timestamp;
use serde_json::Value;

use crate::{
    cli::Target,
    exit::{Exit, Failure},
    out,
    remote::{print, remote},
    rules::{self, Rules},
    selection::Selection,
};

const EXAMPLES: &str = "Examples:
  greenroom faults add --on 'api:GET /network-monitoring/*' --nth 3 \\
      --reply 429 --retry-after 30 --advance-after-reply 16m
  greenroom faults add --on exchange --expire presented --once
  greenroom faults add --on 'api:POST' --at response --close   # answer lost
  greenroom faults add --on mint --hang 90s --times 2
  greenroom faults add --on 'api token=acme#1' --gate-waiting 10 \\
      --gate-limit 5s --gate-advance 16m
  greenroom faults add --rule '{when: {op: api}, do: [{reply: {status: 503}}]}'
  greenroom faults list
  greenroom faults rm rule-1
  greenroom faults clear";

/// Rules of a running emulator: what shall happen to the nth request of a kind.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct FaultsArgs {
    #[command(subcommand)]
    act: Option<FaultsAct>,
    #[command(flatten)]
    target: Target,
}

#[derive(Debug, Subcommand)]
enum FaultsAct {
    /// Add a rule, or several from a file.
    Add(Box<AddArgs>),
    /// List them, with how often each matched and fired. What happens without a word, too.
    #[command(after_help = "Examples:
  greenroom faults list
  greenroom faults list --json")]
    List,
    /// Remove one.
    #[command(after_help = "Examples:\n  greenroom faults rm rule-1")]
    Rm {
        /// Its name.
        id: String,
    },
    /// Remove all.
    #[command(after_help = "Examples:\n  greenroom faults clear")]
    Clear,
}

/// One rule as flags. Clock and tokens come first, in the order of this page; at most one thing happens on the
/// wire. Any other order, and what has no flag, is a matter of --rule (docs/faults.md).
#[derive(Debug, Default, Args)]
#[command(after_help = EXAMPLES, next_help_heading = "Which requests")]
struct AddArgs {
    /// A rule in YAML or JSON, or a file of rules, or - for standard input; instead of the other flags.
    #[arg(long, value_name = "RULE", value_parser = rules::parse, exclusive = false)]
    rule: Option<Rules>,
    /// The requests: OP, OP:METHOD, a path (* stands for anything), FIELD=VALUE.
    #[arg(long, value_name = "SELECTION")]
    on: Option<Selection>,
    /// Only the Nth of them, counted from 1.
    #[arg(long, value_name = "N")]
    nth: Option<NonZeroU64>,
    /// When: connect, request (nobody has looked at it) or response (it is done).
    #[arg(long, value_name = "POINT", value_parser = parse_at)]
    at: Option<At>,
    /// Its name in histories.
    #[arg(long, value_name = "NAME")]
    id: Option<String>,
    /// So often at most.
    #[arg(long, value_name = "N")]
    times: Option<NonZeroU64>,
    /// Only once.
    #[arg(long, conflicts_with = "times")]
    once: bool,

    /// Take these tokens back: a symbol such as acme#1 (* stands for anything), or presented.
    #[arg(long, value_name = "TOKENS", help_heading = "Clock and tokens")]
    revoke: Option<String>,
    /// Let these tokens run out.
    #[arg(long, value_name = "TOKENS", help_heading = "Clock and tokens")]
    expire: Option<String>,
    /// Give this client another secret.
    #[arg(long, value_name = "CLIENT", help_heading = "Clock and tokens")]
    rotate_secret: Option<String>,
    /// Sign new tokens with another key; the key sets keep the one before.
    #[arg(long, help_heading = "Clock and tokens")]
    rotate_keys: bool,
    /// Move the clock to this instant.
    #[arg(long, value_name = "INSTANT", help_heading = "Clock and tokens")]
    set: Option<Timestamp>,
    /// Move the clock to where the presented token runs out.
    #[arg(long, help_heading = "Clock and tokens")]
    advance_to_expiry: bool,
    /// Move the clock forward.
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true, help_heading = "Clock and tokens")]
    advance: Option<Forward>,
    /// Move the clock forward when the answer is on its way.
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true, help_heading = "Clock and tokens")]
    advance_after_reply: Option<Forward>,

    #[command(flatten)]
    wire: WireArgs,
    #[command(flatten)]
    gate: GateArgs,
}

#[derive(Debug, Default, Args)]
#[command(next_help_heading = "On the wire")]
struct WireArgs {
    /// Answer with this status.
    #[arg(long, value_name = "STATUS")]
    reply: Option<u16>,
    /// With this Retry-After: seconds, or a date.
    #[arg(long, value_name = "WAIT", requires = "reply")]
    retry_after: Option<String>,
    /// With this header. Repeatable.
    #[arg(long, value_name = "NAME: VALUE", value_parser = parse_header, requires = "reply")]
    header: Vec<(String, String)>,
    /// With this body: JSON, or the name of a documented one, such as too-many-requests.
    #[arg(long, value_name = "BODY", requires = "reply")]
    body: Option<String>,
    /// With this text as its body.
    #[arg(long, value_name = "TEXT", requires = "reply", conflicts_with = "body")]
    text: Option<String>,
    /// Redirect: `307=https://elsewhere.example/`.
    #[arg(long, value_name = "STATUS=URL", value_parser = parse_redirect)]
    redirect: Option<Redirect>,
    /// Let so much real time pass first.
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true)]
    delay: Option<Forward>,
    /// Let the body come in pieces: 10/50ms.
    #[arg(long, value_name = "BYTES/EVERY", value_parser = parse_trickle)]
    trickle: Option<Trickle>,
    /// End the connection with a FIN.
    #[arg(long)]
    close: bool,
    /// End it with a FIN and, in TLS, without a word before.
    #[arg(long)]
    close_unannounced: bool,
    /// End it with a RST.
    #[arg(long)]
    reset: bool,
    /// Say nothing for so much real time, then end it.
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true)]
    hang: Option<Forward>,
    /// Send so much of the body, then end it: 100, or 100/reset.
    #[arg(long, value_name = "BYTES[/reset]", value_parser = parse_half)]
    half_body: Option<HalfBody>,
    /// Cut the body in its middle, with a length that fits.
    #[arg(long)]
    bad_json: bool,
    /// Say that the body is of this type.
    #[arg(long, value_name = "TYPE")]
    wrong_content_type: Option<String>,
    /// Say that the body is longer by so many bytes than it is.
    #[arg(long, value_name = "BYTES")]
    wrong_length: Option<NonZeroU32>,
    /// Set a member of the JSON body: /total=7. Repeatable.
    #[arg(long, value_name = "POINTER=JSON", value_parser = parse_member)]
    set_json: Vec<(String, Value)>,
    /// Take a member of the JSON body away: /next. Repeatable.
    #[arg(long, value_name = "POINTER")]
    remove_json: Vec<String>,
    /// HTTP/2: say goodbye after the answer, or, with a number, that streams above it were not looked at.
    #[arg(long, value_name = "LAST_STREAM", num_args = 0..=1, default_missing_value = "graceful", value_parser = parse_goaway)]
    goaway: Option<Goaway>,
    /// HTTP/2: end the stream with this code (RFC 9113 §7).
    #[arg(long, value_name = "CODE")]
    rst_stream: Option<u32>,
    /// End the connection after the answer without a word.
    #[arg(long)]
    idle_close: bool,
    /// Show a certificate with this flaw: foreign_authority, wrong_name or expired.
    #[arg(long, value_name = "FLAW", value_parser = parse_flaw)]
    bad_certificate: Option<BadCertificate>,
}

#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Where they wait for one another")]
struct GateArgs {
    /// Open when so many wait.
    #[arg(long, value_name = "N")]
    gate_waiting: Option<NonZeroU32>,
    /// Open when no further one came for so much real time: 500ms or more.
    #[arg(long, value_name = "DURATION")]
    gate_quiet: Option<Forward>,
    /// Open when such a request was answered.
    #[arg(long, value_name = "SELECTION")]
    gate_seen: Option<Selection>,
    /// Open when this phase begins.
    #[arg(long, value_name = "PHASE")]
    gate_step: Option<String>,
    /// Open in any case after so much real time. Needed.
    #[arg(long, value_name = "DURATION")]
    gate_limit: Option<Forward>,
    /// When it opens, move the clock forward.
    #[arg(long, value_name = "DURATION")]
    gate_advance: Option<Forward>,
    /// In which order they go on: fifo, lifo, or symbols: acme#1,globex#1.
    #[arg(long, value_name = "ORDER", value_parser = parse_release)]
    gate_release: Option<Release>,
}

impl AddArgs {
    /// The rules that the flags say.
    fn rules(self) -> Result<Vec<Rule>, Failure> {
        let Self { rule, on, nth, at, id, times, once, wire, gate, .. } = &self;
        if let Some(Rules(rules)) = rule {
            if self.says_more_than_rule() {
                return Err(Failure::new("--rule says it all: leave the other flags out"));
            }
            return Ok(rules.clone());
        }
        let mut selector = match on {
            Some(selection) => selection.selector.clone(),
            None => {
                return Err(Failure::new(
                    "say which requests: --on 'api:GET /devices/*', or --on '*' for all",
                ));
            }
        };
        if nth.is_some() && selector.nth.is_some() {
            return Err(Failure::new("nth is given twice: leave --nth out, or nth=N in --on"));
        }
        selector.nth = nth.or(selector.nth);
        wire.check_names()?;
        let mut actions: Vec<Action> = self.effects().into_iter().map(Action::Effect).collect();
        actions.extend(wire.actions().into_iter().map(Action::Wire));
        let rule = Rule {
            id: id.clone(),
            when: When { at: *at, selector },
            actions,
            gate: gate.gate()?,
            times: *times,
            once: *once,
        };
        rule.check().map_err(Failure::new)?;
        Ok(vec![rule])
    }

    fn says_more_than_rule(&self) -> bool {
        let Self { on, nth, at, id, times, once, wire, gate, .. } = self;
        on.is_some()
            || nth.is_some()
            || at.is_some()
            || id.is_some()
            || times.is_some()
            || *once
            || !self.effects().is_empty()
            || !wire.actions().is_empty()
            || gate.is_given()
    }

    fn effects(&self) -> Vec<Effect> {
        let tokens = |text: &String| match text.as_str() {
            "presented" => Tokens::Presented(Presented::Presented),
            symbol => Tokens::Symbol(infallible(symbol)),
        };
        [
            self.revoke.as_ref().map(|text| Effect::Revoke(tokens(text))),
            self.expire.as_ref().map(|text| Effect::Expire(tokens(text))),
            self.rotate_secret.clone().map(Effect::RotateSecret),
            self.rotate_keys.then_some(Effect::RotateKeys(Nothing {})),
            self.set.map(Effect::Set),
            self.advance_to_expiry.then_some(Effect::AdvanceToExpiry(Presented::Presented)),
            self.advance.map(Effect::Advance),
            self.advance_after_reply.map(Effect::AdvanceAfterReply),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

impl WireArgs {
    /// Refuses what is given twice, of which one would be passed over.
    fn check_names(&self) -> Result<(), Failure> {
        let retry_after = self.retry_after.iter().map(|_| "retry-after");
        let headers = self.header.iter().map(|(name, _)| name.as_str()).chain(retry_after);
        let members = self.set_json.iter().map(|(pointer, _)| pointer.as_str());
        match (twice(headers), twice(members)) {
            (Some(name), _) => Err(Failure::new(format!(
                "header {name} is given twice: a reply has it once; --retry-after is --header Retry-After"
            ))),
            (None, Some(pointer)) => {
                Err(Failure::new(format!("--set-json {pointer} is given twice: leave one of them out")))
            }
            (None, None) => Ok(()),
        }
    }

    /// What the flags say, more than one among them: the rule's own check refuses that with the reason.
    fn actions(&self) -> Vec<Wire> {
        let edit =
            EditJson { set: self.set_json.iter().cloned().collect(), remove: self.remove_json.clone() };
        let edits = !edit.set.is_empty() || !edit.remove.is_empty();
        [
            self.reply.map(|status| Wire::Reply(self.reply_of(status))),
            self.redirect.clone().map(Wire::Redirect),
            self.delay.map(Wire::Delay),
            self.trickle.map(Wire::Trickle),
            self.close.then_some(Wire::Close(Close::default())),
            self.close_unannounced.then_some(Wire::Close(Close { unannounced: true })),
            self.reset.then_some(Wire::Reset(Nothing {})),
            self.hang.map(Wire::Hang),
            self.half_body.map(Wire::HalfBody),
            self.bad_json.then_some(Wire::BadJson(Nothing {})),
            self.wrong_content_type.clone().map(Wire::WrongContentType),
            self.wrong_length.map(Wire::WrongLength),
            edits.then_some(Wire::EditJson(edit)),
            self.goaway.map(Wire::Goaway),
            self.rst_stream.map(Wire::RstStream),
            self.idle_close.then_some(Wire::IdleClose(Nothing {})),
            self.bad_certificate.map(Wire::BadCertificate),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn reply_of(&self, status: u16) -> Reply {
        let retry_after = self.retry_after.iter().map(|wait| ("retry-after".to_owned(), wait.clone()));
        let named =
            |body: &String| serde_json::from_str(body).unwrap_or_else(|_| Value::String(body.clone()));
        Reply {
            status,
            headers: self.header.iter().cloned().chain(retry_after).collect(),
            body: self.body.as_ref().map(named),
            text: self.text.clone(),
        }
    }
}

impl GateArgs {
    fn is_given(&self) -> bool {
        !self.open_when().is_empty()
            || self.gate_limit.is_some()
            || self.gate_advance.is_some()
            || self.gate_release.is_some()
    }

    fn open_when(&self) -> Vec<OpenWhen> {
        [
            self.gate_waiting.map(OpenWhen::Waiting),
            self.gate_quiet.map(OpenWhen::Quiet),
            self.gate_seen.as_ref().map(|selection| OpenWhen::Seen(Box::new(selection.selector.clone()))),
            self.gate_step.clone().map(OpenWhen::Step),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn gate(&self) -> Result<Option<Gate>, Failure> {
        if !self.is_given() {
            return Ok(None);
        }
        let limit = self.gate_limit.ok_or_else(|| {
            Failure::new("a gate needs --gate-limit: after so much real time it opens in any case")
        })?;
        let then = self.gate_advance.map(Effect::Advance).into_iter().collect();
        let release = self.gate_release.clone().unwrap_or_default();
        Ok(Some(Gate { open_when: self.open_when(), limit, then, release }))
    }
}

/// The first that was there before.
fn twice<'a>(mut texts: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let mut seen = BTreeSet::new();
    texts.find(|text| !seen.insert(*text))
}

fn infallible<T: FromStr<Err = std::convert::Infallible>>(text: &str) -> T {
    let Ok(value) = text.parse();
    value
}

fn parse_at(text: &str) -> Result<At, String> {
    named(text, "connect, request or response")
}

fn parse_flaw(text: &str) -> Result<BadCertificate, String> {
    named(text, "foreign_authority, wrong_name or expired")
}

/// One of the names that serde knows.
fn named<T: for<'de> serde::Deserialize<'de>>(text: &str, known: &str) -> Result<T, String> {
    serde_json::from_value(Value::String(text.to_owned())).map_err(|_| format!("{text:?} is none of {known}"))
}

fn parse_header(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once(':').ok_or_else(|| format!("{text:?}: write NAME: VALUE"))?;
    Ok((name.trim().to_ascii_lowercase(), value.trim().to_owned()))
}

fn parse_redirect(text: &str) -> Result<Redirect, String> {
    let wrong = || format!("{text:?}: write STATUS=URL, as in 307=https://elsewhere.example/");
    let (status, to) = text.split_once('=').ok_or_else(wrong)?;
    Ok(Redirect { status: status.parse().map_err(|_| wrong())?, to: to.to_owned() })
}

fn parse_trickle(text: &str) -> Result<Trickle, String> {
    let wrong = || format!("{text:?}: write BYTES/EVERY, as in 10/50ms");
    let (bytes, every) = text.split_once('/').ok_or_else(wrong)?;
    let every = every.parse().map_err(|_| wrong())?;
    Ok(Trickle { bytes: bytes.parse().map_err(|_| wrong())?, every })
}

fn parse_half(text: &str) -> Result<HalfBody, String> {
    let (bytes, then) = match text.split_once('/') {
        None => (text, Then::Close),
        Some((bytes, "close")) => (bytes, Then::Close),
        Some((bytes, "reset")) => (bytes, Then::Reset),
        Some(_) => return Err(format!("{text:?}: write BYTES, BYTES/close or BYTES/reset")),
    };
    let bytes = bytes.parse().map_err(|_| format!("{bytes:?} is no number of bytes"))?;
    Ok(HalfBody { bytes, then })
}

fn parse_member(text: &str) -> Result<(String, Value), String> {
    let wrong = || format!("{text:?}: write POINTER=JSON, as in /total=7");
    let (pointer, json) = text.split_once('=').ok_or_else(wrong)?;
    Ok((pointer.to_owned(), serde_json::from_str(json).map_err(|_| wrong())?))
}

fn parse_goaway(text: &str) -> Result<Goaway, String> {
    if text == "graceful" {
        return Ok(Goaway::default());
    }
    let last_stream = text.parse().map_err(|_| format!("{text:?} is no number of a stream"))?;
    Ok(Goaway { last_stream: Some(last_stream), code: None })
}

fn parse_release(text: &str) -> Result<Release, String> {
    Ok(match text {
        "fifo" => Release::Fifo,
        "lifo" => Release::Lifo,
        "" => return Err("say fifo, lifo, or symbols of tokens: acme#1,globex#1".to_owned()),
        symbols => Release::Symbols(symbols.split(',').map(str::to_owned).collect()),
    })
}

/// Runs the command.
pub(crate) async fn faults(args: FaultsArgs) -> Result<Exit, Failure> {
    let FaultsArgs { act, target } = args;
    let remote = remote(&target)?;
    let left = match act.unwrap_or(FaultsAct::List) {
        FaultsAct::Add(add) => {
            let rules = add.rules()?;
            let added = remote.add_faults(&rules).await.map_err(Failure::new)?;
            for note in added.added.iter().flat_map(|added| &added.notes) {
                out::complain(note);
            }
            return print(&target, &added, |added| {
                added.added.iter().map(|added| format!("{}\n", added.id)).collect()
            });
        }
        FaultsAct::List => remote.faults().await,
        FaultsAct::Rm { id } => remote.remove_fault(&id).await,
        FaultsAct::Clear => remote.clear_faults().await,
    };
    print(&target, &left.map_err(Failure::new)?, |list| table(&list.faults))
}

fn table(faults: &[Armed]) -> String {
    if faults.is_empty() {
        return "no rules are in force".to_owned();
    }
    let mut table = format!("{:<20} {:>7} {:>5}  RULE\n", "NAME", "MATCHED", "FIRED");
    for armed in faults {
        let rule = serde_json::to_string(&Rule { id: None, ..armed.rule.clone() }).unwrap_or_default();
        let _ = writeln!(table, "{:<20} {:>7} {:>5}  {rule}", armed.id(), armed.matched, armed.fired);
    }
    table
}

#[cfg(test)]
mod tests;
