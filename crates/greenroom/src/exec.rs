//! `greenroom exec`: runs an unmodified program against an emulator of its own, with its own
//! credentials let in, and tells afterwards what it did.

mod adoption;
mod child;
mod direct;
mod expire;
mod put_back;
mod saved_copy;
mod summary;
mod token_file;

use std::{
    error::Error,
    ffi::OsString,
    fs, future,
    io::{self, Write as _},
    path::{Path, PathBuf},
    pin::pin,
    str::FromStr,
    time::Duration,
};

use clap::builder::FalseyValueParser;
use greenroom_emulator::{Emulator, client_env::ClientEnv, clock};
use greenroom_model::{
    history::{Entry, join},
    rule::Rule,
};

use self::{
    adoption::{Found, Source},
    child::Ended,
    put_back::{PutBack, Restored},
    summary::{Observed, Summary},
};
use crate::{
    chosen::Chosen,
    exit::{EXEC_FAILURE, EXPECTATION_FAILURE},
    history::{exchange_table, requests},
    lent::lent_credentials,
    selection::Expectation,
    shape::{Shape, ShapeArgs},
    timeout,
};

const EXAMPLES: &str = "\
Examples:
  greenroom exec -- python script.py
  greenroom exec --adopt prod-token.yaml -- python script.py
  greenroom exec --expire tenant@api#3 -- python script.py
  greenroom exec --scenario 'EXC-02[live]' -- python script.py
  greenroom exec --rule '{when: {nth: 3}, do: [{close: {}}]}' -- python sync.py
  greenroom exec --expect 'exchange = 2' --expect 'mint <= 1' -- python sync.py
  greenroom exec --clock frozen --token-life tenant=5m \\
      --summary json=run.json -- pytest

The exit code is that of CMD, 1 if CMD was content and an expectation was not met, \
128+n after signal n, 126 if CMD cannot be run, 127 if it is not there, and 125 if \
Greenroom itself fails.";

/// Run an unmodified program against an emulator of its own, and say afterwards what it did.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ExecArgs {
    /// Let in the credentials of this token file of pycentral (YAML or JSON). Otherwise those of
    /// GLP_CLIENT_ID and its companions, or of ./token.yaml, if there are any
    #[arg(long, value_name = "FILE", env = "GREENROOM_ADOPT", conflicts_with = "scenario")]
    adopt: Option<PathBuf>,

    /// Leave the adopted token file as CMD leaves it, instead of putting it back
    #[arg(long, env = "GREENROOM_KEEP_TOKEN_FILE", value_parser = FalseyValueParser::new())]
    keep_token_file: bool,

    #[command(flatten)]
    shape: ShapeArgs,

    /// Let the token of the Nth request run out just before it, by moving the clock: tenant@api#3.
    /// KIND is sso, workspace, tenant, classic or refresh, OP is api, exchange or refresh. Repeatable
    #[arg(
        long,
        value_name = "KIND@OP#N",
        env = "GREENROOM_EXPIRE",
        value_delimiter = ',',
        value_parser = expire::parse_expire
    )]
    expire: Vec<Rule>,

    /// Exit with 1 unless so many requests of a kind were sent, if CMD itself was content: 'exchange = 2',
    /// 'mint <= 1', 'api:POST /devices/* status=202 >= 1'. Repeatable
    #[arg(long, value_name = "EXPECTATION")]
    expect: Vec<Expectation>,

    /// End CMD after so many requests
    #[arg(
        long,
        value_name = "N",
        env = "GREENROOM_MAX_REQUESTS",
        default_value_t = 100_000,
        value_parser = clap::value_parser!(u64).range(1..)
    )]
    max_requests: u64,

    /// End CMD after so much real time: 30s, 5m
    #[arg(long, value_name = "DURATION", env = "GREENROOM_TIMEOUT", value_parser = timeout::parse)]
    timeout: Option<Duration>,

    /// A host that CMD reaches past Greenroom, never one of HPE. Repeatable
    #[arg(
        long,
        value_name = "HOST",
        env = "GREENROOM_DIRECT",
        value_delimiter = ',',
        value_parser = direct::parse
    )]
    direct: Vec<String>,

    /// What CMD did: as text on stderr, or with json=FILE also as JSON in a file
    #[arg(long, value_name = "text|json=FILE", env = "GREENROOM_SUMMARY", default_value = "text")]
    summary: SummaryForm,

    /// Say nothing on stderr but errors
    #[arg(long, env = "GREENROOM_QUIET", value_parser = FalseyValueParser::new())]
    quiet: bool,

    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "CMD")]
    command: Vec<OsString>,
}

/// Where the summary goes.
#[derive(Clone, Debug, PartialEq, Eq)]
enum SummaryForm {
    Text,
    Json(PathBuf),
}

impl FromStr for SummaryForm {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            None if text == "text" => Ok(Self::Text),
            Some(("json", file)) if !file.is_empty() => Ok(Self::Json(file.into())),
            _ => Err(format!("{text:?} is no form of summary: write text or json=FILE")),
        }
    }
}

/// Runs CMD and returns the exit code of the process. Files for a killed `exec` lie in `data_dir`.
pub(crate) async fn exec(args: ExecArgs, data_dir: &Path) -> u8 {
    match attempt(&args, data_dir).await {
        Ok(code) => code,
        Err(error) => {
            complain(&error.to_string());
            EXEC_FAILURE
        }
    }
}

async fn attempt(args: &ExecArgs, data_dir: &Path) -> Result<u8, Box<dyn Error>> {
    for mended in put_back::mend(data_dir) {
        if let Some(report) = mended.report(args.quiet) {
            complain(&report);
        }
    }
    let working_dir = std::env::current_dir().map_err(|error| {
        format!("the working directory cannot be read: {error}; change to one that exists")
    })?;
    let variable = |name: &str| std::env::var(name).ok();
    let Shape { mut world, start, rules, scenario } = args.shape.shape(None, clock::wall_now())?;
    let adoption::Search { found, ignored } = match scenario {
        Some(_) => adoption::nothing(&variable, &working_dir),
        None => adoption::find(args.adopt.as_deref(), &variable, &working_dir)?,
    };
    if !args.quiet {
        for source in &ignored {
            complain(&format!("ignored: {source}"));
        }
        for note in scenario.iter().flat_map(Chosen::notes) {
            complain(&note);
        }
    }
    let lent = match &found {
        Some(found) => {
            found.let_in(&mut world, start)?;
            Vec::new()
        }
        None => lent_credentials(&world, scenario.as_ref().map(|scenario| scenario.staged.client)),
    };
    if found.is_none() && lent.is_empty() && !args.quiet {
        complain("no credentials are lent: the world has no platform client whose secret is known");
    }
    let guard = match &found {
        Some(Found { source: Source::File(path), .. }) if !args.keep_token_file => {
            Some(PutBack::guard(path, data_dir)?)
        }
        _ => None,
    };
    let clients: Vec<_> = world.clients().map(|(_, client)| client.name.clone()).collect();
    let dedicated = world.dedicated_hosts();
    let emulator = Emulator::builder()
        .world(world)
        .start_time(start)
        .speed(args.shape.clock)
        .rules(args.expire.iter().cloned().chain(rules).collect())
        .traps(scenario.as_ref().map(|scenario| scenario.staged.traps.clone()).unwrap_or_default())
        .max_requests(args.max_requests)
        .start()
        .await?;
    let mut env = client_env(args, &emulator)?;
    env.set.extend(lent);
    if let Some(scenario) = &scenario {
        env.set.extend(scenario.begin(&emulator)?);
    }

    let ended = child::run(&args.command, &env, guard_rail(args, &emulator)).await;
    let ended = unless_exhausted(args, ended, emulator.exhausted()).await;
    let restored = guard.map(PutBack::restore).transpose();
    let (entries, dropped) = emulator.history().entries(0);
    // Nothing is kept of an exec's world, so nothing can fail.
    let _ = emulator.stop().await;
    if let Some(message) = ended.message() {
        complain(message);
    }

    let summary = Summary::of(&Observed {
        entries: &entries,
        dropped,
        ended_because: match &ended {
            Ended::GuardRail { reason, .. } => Some(reason),
            _ => None,
        },
        clients: &clients,
        dedicated: &dedicated,
        own: &["127.0.0.1".to_owned(), "localhost".to_owned()],
    });
    let written = deliver(args, &summary, &ended);
    // Not held back by --quiet: a client secret may be at stake. Nor is it a failure.
    if let Ok(Some(Restored::Edited(edited))) = &restored {
        complain(&edited.to_string());
    }
    // CMD's own failure tells more than that a file could not be written behind it.
    let mut code = ended.code();
    for failure in [restored.err().map(Into::into), written.err()].into_iter().flatten() {
        let failure: Box<dyn Error> = failure;
        complain(&failure.to_string());
        code = if code == 0 { EXEC_FAILURE } else { code };
    }
    let met = expectations(args, &entries, dropped);
    Ok(if code == 0 && !met { EXPECTATION_FAILURE } else { code })
}

/// Whether what was expected has come true. Says what has not, with the requests that were counted.
fn expectations(args: &ExecArgs, entries: &[Entry], dropped: u64) -> bool {
    if args.expect.is_empty() {
        return true;
    }
    if dropped > 0 {
        complain(&format!("{dropped} entries of the history were dropped, so that nothing can be counted"));
        return false;
    }
    let exchanges = join(entries.iter());
    let mut met = true;
    for Expectation { selection, bound } in &args.expect {
        let matching: Vec<_> =
            exchanges.iter().filter(|exchange| selection.selector.matches(exchange)).cloned().collect();
        if !bound.holds(matching.len()) {
            met = false;
            let table = exchange_table(&matching);
            let count = requests(matching.len());
            complain(format!("{selection}: {count}, expected {bound}\n{table}").trim_end());
        }
    }
    met
}

fn client_env(args: &ExecArgs, emulator: &Emulator) -> Result<ClientEnv, Box<dyn Error>> {
    let mut env = if args.direct.is_empty() {
        emulator.client_env()
    } else {
        let roots = direct::system_roots(std::env::var_os("SSL_CERT_FILE").as_deref())?;
        emulator.client_env_with(&args.direct, &roots)?
    };
    // What the user tells the JVM stays, in front, because of two options alike the later one wins.
    if let Ok(users) = std::env::var("JAVA_TOOL_OPTIONS")
        && let Some((_, ours)) = env.set.iter_mut().find(|(name, _)| name == "JAVA_TOOL_OPTIONS")
    {
        *ours = format!("{users} {ours}");
    }
    Ok(env)
}

/// Waits until CMD has to be ended, lets the emulator say so to further requests, and tells why.
async fn guard_rail(args: &ExecArgs, emulator: &Emulator) -> String {
    let mut exhausted = pin!(emulator.exhausted());
    let timed_out = match args.timeout {
        Some(timeout) => tokio::time::timeout(timeout, &mut exhausted).await.is_err().then_some(timeout),
        None => {
            exhausted.await;
            None
        }
    };
    let reason = match timed_out {
        Some(timeout) => format!("it ran for longer than {timeout:?} (--timeout)"),
        None => too_many_requests(args),
    };
    emulator.close(format!("greenroom exec ends this command: {reason}"));
    reason
}

/// How CMD ended, seen from what has happened until now: it may have ended at the refusal of one request
/// too many, before the guard rail was heard of.
async fn unless_exhausted(args: &ExecArgs, ended: Ended, exhausted: impl Future<Output = ()>) -> Ended {
    tokio::select! {
        biased;
        () = exhausted => ended.by_guard_rail(|| too_many_requests(args)),
        () = future::ready(()) => ended,
    }
}

fn too_many_requests(args: &ExecArgs) -> String {
    format!("it sent more than {} requests (--max-requests)", args.max_requests)
}

fn deliver(args: &ExecArgs, summary: &Summary, ended: &Ended) -> Result<(), Box<dyn Error>> {
    let began = !matches!(ended, Ended::NotFound(_) | Ended::NotExecutable(_));
    if !args.quiet && began {
        // Nothing can be said about a stderr that is closed.
        let _ = write!(io::stderr(), "{summary}");
    }
    if let SummaryForm::Json(path) = &args.summary {
        let mut json = serde_json::to_string_pretty(summary)?;
        json.push('\n');
        fs::write(path, json)
            .map_err(|error| format!("the summary cannot be written to {}: {error}", path.display()))?;
    }
    Ok(())
}

fn complain(message: &str) {
    let _ = writeln!(io::stderr(), "greenroom exec: {message}");
}

#[cfg(test)]
mod tests;
