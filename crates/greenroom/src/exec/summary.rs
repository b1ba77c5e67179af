//! What CMD did, told in about ten lines or as JSON. Histories hold no secrets, so neither does this.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use greenroom_model::{
    call::OpKind,
    history::{self, Entry, Event, Exchange},
    host,
};
use serde::{Serialize, Serializer};

/// How many names a line lists before it says how many more there are.
const MOST_NAMES: usize = 6;

/// What a summary is made from.
pub(crate) struct Observed<'a> {
    /// The history from its start, as far as it was kept.
    pub(crate) entries: &'a [Entry],
    /// How many entries are missing at its start.
    pub(crate) dropped: u64,
    /// Why Greenroom ended CMD, if it did.
    pub(crate) ended_because: Option<&'a str>,
    /// The names of the world's API clients, by which histories call those that it knows.
    pub(crate) clients: &'a [String],
    /// Hosts of Dedicated Platforms, which are expected too.
    pub(crate) dedicated: &'a [String],
    /// Hosts under which the emulator itself is addressed.
    pub(crate) own: &'a [String],
}

/// What CMD did.
#[derive(Debug, Serialize)]
pub(crate) struct Summary {
    /// Why Greenroom ended CMD.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_because: Option<String>,
    requests: Requests,
    /// Connections that carried a request.
    connections: usize,
    tokens: Tokens,
    refused: Vec<Refusal>,
    /// How often CMD tried each host; programs read the hosts alone.
    #[serde(serialize_with = "keys")]
    unexpected_hosts: BTreeMap<String, usize>,
    /// TLS handshakes that failed.
    tls_failures: usize,
    /// Rules that fired: name, and how often.
    fired: BTreeMap<String, usize>,
    /// Entries that the history no longer had.
    dropped: u64,
    hints: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Requests {
    total: usize,
    #[serde(flatten)]
    by_op: BTreeMap<&'static str, usize>,
}

/// Tokens by symbol, in order of issue.
#[derive(Debug, Default, Serialize)]
struct Tokens {
    minted: Vec<String>,
    exchanged: Vec<String>,
}

/// Requests that were refused for one reason. All but code and count are those of the first.
#[derive(Debug, Serialize)]
struct Refusal {
    code: String,
    count: usize,
    op: OpKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    example: String,
    why: String,
}

fn keys<S: Serializer>(map: &BTreeMap<String, usize>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(map.keys())
}

impl Summary {
    /// Sums up a history.
    pub(crate) fn of(observed: &Observed<'_>) -> Self {
        let exchanges = history::join(observed.entries.iter());
        let mut by_op: BTreeMap<_, _> = OpKind::ALL.iter().map(|op| (op.name(), 0)).collect();
        let mut tokens = Tokens::default();
        for exchange in &exchanges {
            *by_op.entry(exchange.request.op.name()).or_default() += 1;
            let issued = exchange.response.as_ref().and_then(|response| response.issued.clone());
            match exchange.request.op {
                OpKind::Exchange => tokens.exchanged.extend(issued),
                _ => tokens.minted.extend(issued),
            }
        }
        let connections: BTreeSet<_> = exchanges.iter().map(|exchange| exchange.request.connection).collect();
        let mut summary = Self {
            ended_because: observed.ended_because.map(str::to_owned),
            requests: Requests { total: exchanges.len(), by_op },
            connections: connections.len(),
            tokens,
            refused: refusals(&exchanges),
            unexpected_hosts: unexpected_hosts(observed, &exchanges),
            tls_failures: 0,
            fired: BTreeMap::new(),
            dropped: observed.dropped,
            hints: Vec::new(),
        };
        for entry in observed.entries {
            match &entry.event {
                Event::Connection { what, .. } if what == "tls-failed" => summary.tls_failures += 1,
                Event::Fault { rule, .. } => *summary.fired.entry(rule.clone()).or_default() += 1,
                _ => {}
            }
        }
        summary.hints = summary.hints(observed, &exchanges);
        summary
    }

    fn hints(&self, observed: &Observed<'_>, exchanges: &[Exchange]) -> Vec<String> {
        let mut hints = BTreeSet::new();
        for Exchange { request, response, .. } in exchanges {
            let refused = response.as_ref().and_then(|response| response.refused.as_deref());
            let (Some("bad_client"), OpKind::Mint, Some(client)) = (refused, request.op, &request.client)
            else {
                continue;
            };
            hints.insert(if observed.clients.contains(client) {
                format!("client {client} is known, but not with the secret that was sent")
            } else {
                format!(
                    "client id {client:?} is unknown; let it in by `greenroom exec --adopt token.yaml -- …`, or \
                     by GLP_CLIENT_ID, GLP_CLIENT_SECRET and GLP_WORKSPACE_ID in the environment"
                )
            });
        }
        let mut hints: Vec<_> = hints.into_iter().collect();
        if self.tls_failures > 0 {
            hints.push(
                "a TLS handshake failed: the program does not trust the CA in SSL_CERT_FILE; set its own CA \
                 option to that file"
                    .to_owned(),
            );
        }
        if self.requests.total == 0 && self.tls_failures == 0 && self.unexpected_hosts.is_empty() {
            hints.extend(no_request(observed.entries).map(str::to_owned));
        }
        hints
    }
}

/// What may be wrong where no request was recorded. Requests to control never are: their connection is all that is
/// seen of them.
fn no_request(entries: &[Entry]) -> Option<&'static str> {
    let seen = |wanted| {
        entries.iter().any(|entry| matches!(&entry.event, Event::Connection { what, .. } if what == wanted))
    };
    match (seen("tunnel"), seen("opened")) {
        // Whoever opens a tunnel heeds HTTPS_PROXY.
        (true, _) => None,
        (false, true) => Some(
            "no request to a host of HPE arrived: if the program is to call one, it may ignore HTTPS_PROXY; \
             set its proxy option to the value of GREENROOM_URL",
        ),
        (false, false) => Some(
            "no request arrived: the program may ignore HTTPS_PROXY; set its proxy option to the value of \
             GREENROOM_URL",
        ),
    }
}

/// The refused requests by code, in order of their first.
fn refusals(exchanges: &[Exchange]) -> Vec<Refusal> {
    let mut groups: Vec<Refusal> = Vec::new();
    for exchange in exchanges {
        let Some(response) = &exchange.response else { continue };
        let Some(code) = &response.refused else { continue };
        if let Some(group) = groups.iter_mut().find(|group| group.code == *code) {
            group.count += 1;
            continue;
        }
        groups.push(Refusal {
            code: code.clone(),
            count: 1,
            op: exchange.request.op,
            status: response.status,
            example: example(exchange),
            why: response.why.clone().unwrap_or_default(),
        });
    }
    groups
}

fn example(exchange: &Exchange) -> String {
    let request = &exchange.request;
    let shown = match request.op {
        OpKind::Exchange => &request.subject,
        _ => &request.token,
    };
    let with = shown.as_ref().map(|token| format!(" with {}", token.symbol)).unwrap_or_default();
    format!("{} {}{}{with}", request.method, request.host, request.path)
}

/// Hosts that Greenroom does not stand in for, and how often CMD tried them.
fn unexpected_hosts(observed: &Observed<'_>, exchanges: &[Exchange]) -> BTreeMap<String, usize> {
    let known = |host: &str| {
        host::family(host, observed.dedicated).is_some() || observed.own.iter().any(|own| own == host)
    };
    let refused = observed.entries.iter().filter_map(|entry| match &entry.event {
        // What a tunnel is asked for has a port, and a wrong port is worth showing.
        Event::Connection { what, host: Some(host), .. } if what == "refused" => {
            Some(host.strip_suffix(":443").unwrap_or(host))
        }
        _ => None,
    });
    let asked = exchanges
        .iter()
        .filter(|exchange| exchange.request.op == OpKind::Other && !known(&exchange.request.host))
        .map(|exchange| exchange.request.host.as_str());
    let mut hosts = BTreeMap::new();
    for host in refused.chain(asked) {
        *hosts.entry(host.to_owned()).or_default() += 1;
    }
    hosts
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let by_op = OpKind::ALL.iter().filter_map(|op| {
            let count = *self.requests.by_op.get(op.name())?;
            (count > 0).then(|| format!("{count} {op}"))
        });
        let by_op: Vec<_> = by_op.collect();
        write!(f, "greenroom: {}", count(self.requests.total, "request"))?;
        if self.requests.total > 0 {
            write!(f, " over {}: {}", count(self.connections, "connection"), by_op.join(", "))?;
        }
        writeln!(f)?;
        let mut line = |label: &str, text: &str| writeln!(f, "  {label:<12} {text}");
        for (label, tokens) in [("minted", &self.tokens.minted), ("exchanged", &self.tokens.exchanged)] {
            if !tokens.is_empty() {
                line(label, &listed(tokens))?;
            }
        }
        for Refusal { code, count, status, example, why, .. } in &self.refused {
            let status = status.map(|status| format!(" ({status})")).unwrap_or_default();
            line("refused", &format!("{count} × {code}{status}: {why}; {example}"))?;
        }
        if !self.unexpected_hosts.is_empty() {
            let hosts: Vec<_> =
                self.unexpected_hosts.iter().map(|(host, times)| format!("{host} ({times})")).collect();
            line("unexpected", &format!("hosts, nothing was forwarded: {}", listed(&hosts)))?;
        }
        if self.tls_failures > 0 {
            line("failed", &count(self.tls_failures, "TLS handshake"))?;
        }
        if !self.fired.is_empty() {
            let fired: Vec<_> = self.fired.iter().map(|(rule, times)| format!("{rule} ({times})")).collect();
            line("fired", &listed(&fired))?;
        }
        if self.dropped > 0 {
            line("incomplete", &format!("the first {} were dropped", entries(self.dropped)))?;
        }
        if let Some(reason) = &self.ended_because {
            line("ended", &format!("by greenroom: {reason}"))?;
        }
        for hint in &self.hints {
            line("hint", hint)?;
        }
        Ok(())
    }
}

fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

fn entries(number: u64) -> String {
    if number == 1 { "entry of the history".to_owned() } else { format!("{number} entries of the history") }
}

/// Names, the first few of them.
fn listed(names: &[String]) -> String {
    let first = names.iter().take(MOST_NAMES).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(MOST_NAMES) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

#[cfg(test)]
mod tests;
