//! `greenroom history`: what clients did.

use std::{collections::BTreeMap, fmt::Write as _, time::Duration};

use clap::Args;
use greenroom_emulator::{Export, Remote, command::HistoryQuery};
use greenroom_model::{
    bound::Bound,
    call::OpKind,
    history::{Decision, Entry, Event, Exchange},
    rule::{Pattern, Selector},
    token::TokenKind,
};

use crate::{
    cli::Target,
    exit::{Exit, Failure},
    out,
    remote::{print, remote},
    selection::{self, Selection},
    timeout,
};

const EXAMPLES: &str = "Examples:
  greenroom history
  greenroom history --op exchange --refused expired
  greenroom history 'api:GET /network-monitoring/* status=401'
  greenroom history --count mint --expect '<= 1'
  greenroom history --count exchange --expect '>= 2' --wait 10s
  greenroom history --follow
  greenroom history --jsonl > run.jsonl";

/// Read what clients did, count it, or follow it.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct HistoryArgs {
    /// Only these: OP, OP:METHOD, a path (* stands for anything), FIELD=VALUE.
    #[arg(value_name = "SELECTION", value_parser = selection::parse_uncounted)]
    selection: Option<Selection>,
    /// Only this kind of request: mint, exchange, refresh, sign_in, api, jwks, other.
    #[arg(long)]
    op: Option<OpKind>,
    /// Only requests with a token of this kind: sso, workspace, tenant, classic, refresh, code, sign_in.
    #[arg(long)]
    kind: Option<TokenKind>,
    /// Only this bearer token, by symbol: 'abc#1', 'abc#*'.
    #[arg(long, value_name = "SYMBOL")]
    token: Option<String>,
    /// Only this subject token, by symbol.
    #[arg(long, value_name = "SYMBOL")]
    subject: Option<String>,
    /// Only requests that act in this workspace, by symbol.
    #[arg(long, value_name = "WORKSPACE")]
    actor: Option<String>,
    /// Only this host.
    #[arg(long)]
    host: Option<String>,
    /// Only this method.
    #[arg(long)]
    method: Option<String>,
    /// Only this path; * stands for anything.
    #[arg(long)]
    path: Option<String>,
    /// Only answers with this status.
    #[arg(long)]
    status: Option<u16>,
    /// Only refusals of this code: expired, unknown_token, bad_client…
    #[arg(long, value_name = "CODE")]
    refused: Option<String>,
    /// Only what came after this entry.
    #[arg(long, value_name = "N", default_value_t = 0)]
    after: u64,
    /// Print only how many there are.
    #[arg(long)]
    count: bool,
    /// Exit with 1 and show the offending requests unless so many match: '= 2', '<= 1', '>= 1', '2..5'.
    #[arg(long, value_name = "BOUND")]
    expect: Option<Bound>,
    /// Wait for so much real time, at most 60s, until no further request can change whether the bound holds.
    #[arg(long, value_name = "DURATION", requires = "expect", value_parser = timeout::parse)]
    wait: Option<Duration>,
    /// Print what happens as it happens, until Ctrl-C or the end of the emulator.
    #[arg(long, conflicts_with_all = ["count", "expect", "jsonl"])]
    follow: bool,
    /// Print every entry as one line of JSON.
    #[arg(long, conflicts_with_all = ["count", "expect", "json"])]
    jsonl: bool,
    #[command(flatten)]
    target: Target,
}

impl HistoryArgs {
    /// Which exchanges are meant: the selection, and the flags on top of it.
    fn selector(&self) -> Selector {
        let text = |text: &Option<String>| text.as_deref().map(Pattern::from);
        let base = self.selection.as_ref().map(|selection| selection.selector.clone()).unwrap_or_default();
        Selector {
            op: self.op.map(Into::into).or(base.op),
            kind: self.kind.map(Into::into).or(base.kind),
            token: text(&self.token).or(base.token),
            subject: text(&self.subject).or(base.subject),
            actor: text(&self.actor).or(base.actor),
            host: text(&self.host).or(base.host),
            method: text(&self.method).or(base.method),
            path: text(&self.path).or(base.path),
            status: self.status.map(Into::into).or(base.status),
            refused: text(&self.refused).or(base.refused),
            ..base
        }
    }
}

/// Runs the command.
pub(crate) async fn history(args: &HistoryArgs) -> Result<Exit, Failure> {
    let remote = remote(&args.target)?;
    if args.follow {
        return follow(args, &remote).await;
    }
    if args.jsonl {
        let Export { entries, dropped } =
            remote.export(&args.selector(), args.after).await.map_err(Failure::new)?;
        say_dropped(dropped);
        for entry in &entries {
            out::say(&serde_json::to_string(entry).map_err(Failure::new)?)?;
        }
        return Ok(Exit::Fine);
    }
    let bound = args.expect;
    let query = HistoryQuery { selector: args.selector(), after: args.after, count: bound, wait: args.wait };
    let page = remote.history(&query).await.map_err(Failure::new)?;
    say_dropped(page.dropped);
    let holds = bound.as_ref().is_none_or(|bound| bound.holds(page.count));
    if args.count {
        out::say(&page.count.to_string())?;
    }
    if !args.count || !holds {
        print(&args.target, &page, |page| exchange_table(&page.exchanges))?;
    }
    match bound {
        Some(bound) if !holds => {
            out::complain(&format!("{}, expected {bound}", requests(page.count)));
            Ok(Exit::Expectation)
        }
        _ => Ok(Exit::Fine),
    }
}

fn say_dropped(count: u64) {
    if count > 0 {
        out::complain(&format!("{count} older entries were dropped to keep the history within its bounds"));
    }
}

/// Prints what happens as it happens: each exchange when it is answered, and what else there is.
async fn follow(args: &HistoryArgs, remote: &Remote) -> Result<Exit, Failure> {
    let mut follow = remote.follow(&args.selector(), args.after).await.map_err(Failure::new)?;
    let mut open = BTreeMap::new();
    let mut dropped = 0;
    while let Some(entry) = follow.next().await.map_err(Failure::new)? {
        if follow.dropped() > dropped {
            out::complain(&format!(
                "{} entries were dropped before they could be shown",
                follow.dropped() - dropped
            ));
            dropped = follow.dropped();
        }
        let text = match args.target.json {
            true => Some(serde_json::to_string(&entry).map_err(Failure::new)?),
            false => told(entry, &mut open),
        };
        // Nobody reads any more: `greenroom history --follow | head -1`.
        if let Some(text) = text
            && !out::tell(&text)?
        {
            break;
        }
    }
    Ok(Exit::Fine)
}

/// What there is to say about an entry: of an exchange when it is answered.
fn told(Entry { n, at, event, .. }: Entry, open: &mut BTreeMap<u64, Exchange>) -> Option<String> {
    match event {
        Event::Request(request) => {
            open.insert(n, Exchange { n, at, request: *request, response: None });
            None
        }
        Event::Response(response) => {
            let asked = open.remove(&response.request)?;
            Some(exchange_table(&[Exchange { response: Some(response), ..asked }]).trim_end().to_owned())
        }
        event => line(&event).map(|line| format!("{n:>5} {} {line}", at.strftime("%H:%M:%S"))),
    }
}

/// One line about what is no exchange; none about connections that come and go.
fn line(event: &Event) -> Option<String> {
    match event {
        Event::Fault { rule, request, connection, did } => {
            let on = request.map(|n| format!("request {n}"));
            let on = on.or_else(|| connection.map(|n| format!("connection {n}"))).unwrap_or_default();
            Some(format!("rule     {rule} on {on}: {did}"))
        }
        Event::Gate { rule, waiting, asked: _, opened_by, did } => {
            let did = did.join(", ");
            Some(format!("gate     {rule} opened by {opened_by} for {waiting} {did}").trim_end().to_owned())
        }
        Event::Clock { did } => Some(format!("clock    {did}")),
        Event::Note { text } => Some(format!("note     {text}")),
        Event::Step(note) => {
            let why = note.skipped.as_ref().map(|why| format!(" was skipped: {why}")).unwrap_or_default();
            Some(format!("step     {} {}{why}", note.step, note.verb))
        }
        Event::Reply(note) => {
            let told = [note.kind.as_ref(), note.message.as_ref(), note.cut.as_ref()];
            let status = note.status.map(|status| status.to_string());
            let ok = if note.ok { "ok" } else { "failed" };
            let words: Vec<_> = status.as_ref().into_iter().chain(told.into_iter().flatten()).collect();
            let words: String = words.into_iter().map(|word| format!(" {word}")).collect();
            Some(format!("reply    {} {ok}{words}", note.step))
        }
        Event::Sleep { n, ms } => Some(format!("sleep    {n} for {ms} ms")),
        Event::Wake { n } => Some(format!("wake     {n}")),
        Event::Output { text, .. } => Some(format!("output   {}", text.trim_end().escape_debug())),
        Event::Leak(leak) => {
            let host = leak.host.as_ref().map(|host| format!(" to {host}")).unwrap_or_default();
            Some(format!("leak     {} in {} as {}{host}", leak.symbol, leak.place, leak.encoding))
        }
        Event::File(file) => {
            Some(format!("file     {} {} holds {}", file.which, file.mode, file.holds.join(", ")))
        }
        Event::Farewell {} => Some("farewell the client is told to end".to_owned()),
        Event::Exit { code, signal, why } => {
            let how = code.map(|code| format!("with {code}"));
            let how = how.or_else(|| signal.map(|signal| format!("by signal {signal}"))).unwrap_or_default();
            let why = why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
            Some(format!("exit     {how}{why}"))
        }
        Event::World { .. } | Event::Connection { .. } | Event::Request(_) | Event::Response(_) => None,
    }
}

/// How many requests, in words.
pub(crate) fn requests(count: usize) -> String {
    format!("{count} request{}", if count == 1 { "" } else { "s" })
}

/// One line an exchange.
pub(crate) fn exchange_table(exchanges: &[Exchange]) -> String {
    let mut table = String::new();
    for exchange in exchanges {
        let request = &exchange.request;
        let token = request.subject.as_ref().or(request.token.as_ref()).map(|view| view.symbol.as_str());
        let who = token.or(request.client.as_deref()).unwrap_or("-");
        let (status, outcome) = match &exchange.response {
            None => ("…".to_owned(), "in progress".to_owned()),
            Some(response) => {
                let nothing = if response.decision == Decision::ClientGone { "gone" } else { "lost" };
                let status = response.status.map_or_else(|| nothing.to_owned(), |status| status.to_string());
                let issued = response.issued.as_ref().map(|issued| format!("issued {issued}"));
                let refused = response
                    .refused
                    .as_ref()
                    .map(|code| format!("{code}: {}", response.why.as_deref().unwrap_or_default()));
                let rules =
                    (!response.applied.is_empty()).then(|| format!("[{}]", response.applied.join(" ")));
                let outcome: Vec<_> = issued.or(refused).into_iter().chain(rules).collect();
                (status, outcome.join(" "))
            }
        };
        let query = if request.query.is_empty() { String::new() } else { format!("?{}", request.query) };
        let line = format!(
            "{:>5} {} {:<8} {status:<4} {:<6} {}{}{query}  {who}  {outcome}",
            exchange.n,
            exchange.at.strftime("%H:%M:%S"),
            request.op,
            request.method,
            request.host,
            request.path,
        );
        let _ = writeln!(table, "{}", line.trim_end());
    }
    table
}
