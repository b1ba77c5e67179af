//! What the client is asked to do.

use std::collections::BTreeMap;

use greenroom_model::{secret::Secret, time::Forward};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::drive::{Api, ClassicCredentials, Credentials, Leaving, Log, Mode, Shift};

/// A step: its name is the phase in which its requests come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Written", into = "Written")]
#[schemars(with = "Written")]
pub struct Step {
    /// Its name.
    pub id: String,
    /// How often it is done; `$i` counts from 1.
    pub repeat: u32,
    /// Whether the repetitions are asked for at once.
    pub parallel: bool,
    /// Whether it is asked for only once the client waits: asleep, or for an answer that the kit holds back.
    pub late: bool,
    /// How long the client may be silent, in real time; 20 s by default.
    pub patience: Option<Forward>,
    /// What is done.
    pub verb: Verb,
}

/// What is done in a step.
#[derive(Clone, Debug, PartialEq)]
pub enum Verb {
    /// The client builds its top object.
    Open(Open),
    /// It enters a tenant.
    Tenant(Tenant),
    /// It makes one logical call.
    Call(Call),
    /// It lists something with its own pager.
    List(List),
    /// It gets new tokens on demand.
    Refresh(Refresh),
    /// It takes other credentials.
    Reload(Reload),
    /// Its wall clock is shifted.
    Clock(Clock),
    /// It lets go of an object.
    Close(Close),
    /// These begin at once, as one phase.
    Together(Vec<Step>),
    /// The client's process ends and is started anew.
    Restart(Restart),
}

impl Verb {
    /// Its name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Open(_) => "open",
            Self::Tenant(_) => "tenant",
            Self::Call(_) => "call",
            Self::List(_) => "list",
            Self::Refresh(_) => "refresh",
            Self::Reload(_) => "reload",
            Self::Clock(_) => "clock",
            Self::Close(_) => "close",
            Self::Together(_) => "together",
            Self::Restart(_) => "restart",
        }
    }

    /// The object that it makes, if it makes one.
    pub fn makes(&self) -> Option<&str> {
        match self {
            Self::Open(open) => Some(&open.name),
            Self::Tenant(tenant) => Some(&tenant.name),
            _ => None,
        }
    }

    /// The object that it needs, if it needs one.
    pub fn uses(&self) -> Option<&str> {
        match self {
            Self::Tenant(Tenant { of: client, .. })
            | Self::Call(Call { client, .. })
            | Self::List(List { client, .. })
            | Self::Refresh(Refresh { client })
            | Self::Reload(Reload { client, .. })
            | Self::Close(Close { client, .. }) => Some(client),
            Self::Open(_) | Self::Clock(_) | Self::Together(_) | Self::Restart(_) => None,
        }
    }
}

impl Step {
    /// This step and those within it.
    pub fn with_inner(&self) -> impl Iterator<Item = &Self> {
        let inner: &[Self] = match &self.verb {
            Verb::Together(steps) => steps,
            _ => &[],
        };
        std::iter::once(self).chain(inner)
    }
}

/// Builds the top object of the client.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Open {
    /// What later steps call it.
    #[serde(rename = "as")]
    pub name: String,
    /// With what kind of credentials.
    pub mode: Mode,
    /// The configuration, in the place of the fixture's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<Configuration>,
    /// How long the client may wait for an answer, beside the configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Forward>,
    /// Whether the configuration is given as a file that the client may rewrite.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub token_file: bool,
    /// What the client is to log: `INFO` by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<Log>,
}

/// Credentials in the place of the fixture's. In the place of any text a symbol can stand: `msp#1` is the token that
/// is there from the start, `@acme` the id of the workspace with dashes, `@acme:plain` without, `client:msp.id` the id
/// of the API client and `client:msp.secret` its secret, as it is when the client is asked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Configuration {
    /// For GLP and New Central at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unified: Option<Credentials>,
    /// For GLP alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub glp: Option<Credentials>,
    /// For New Central alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_central: Option<Credentials>,
    /// For Classic Central; its gateway, if no `base_url` says where that is, is the fixture's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classic: Option<ClassicCredentials>,
}

/// A text of a [`Configuration`], and where it stands there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WrittenText<'c> {
    pub(crate) block: &'static str,
    pub(crate) field: &'static str,
    pub(crate) text: &'c str,
}

impl Configuration {
    /// All texts that it has.
    pub(crate) fn texts(&self) -> impl Iterator<Item = WrittenText<'_>> {
        let Self { unified, glp, new_central, classic } = self;
        let own = [("unified", unified), ("glp", glp), ("new_central", new_central)];
        let own = own.into_iter().flat_map(|(block, it)| it.iter().map(move |it| (block, texts(it))));
        let classic = classic.iter().map(|it| ("classic", classic_texts(it)));
        own.chain(classic).flat_map(|(block, texts)| {
            texts.into_iter().filter_map(move |(field, text)| Some(WrittenText { block, field, text: text? }))
        })
    }
}

type Texts<'c> = Vec<(&'static str, Option<&'c str>)>;

fn texts(credentials: &Credentials) -> Texts<'_> {
    let Credentials { client_id, client_secret, workspace_id, access_token, cluster_name, central_url } =
        credentials;
    vec![
        ("client_id", client_id.as_deref()),
        ("client_secret", client_secret.as_ref().map(Secret::reveal)),
        ("workspace_id", workspace_id.as_deref()),
        ("access_token", access_token.as_ref().map(Secret::reveal)),
        ("cluster_name", cluster_name.as_deref()),
        ("central_url", central_url.as_deref()),
    ]
}

fn classic_texts(credentials: &ClassicCredentials) -> Texts<'_> {
    let ClassicCredentials {
        base_url,
        client_id,
        client_secret,
        username,
        password,
        customer_id,
        access_token,
        refresh_token,
    } = credentials;
    vec![
        ("base_url", base_url.as_deref()),
        ("client_id", client_id.as_deref()),
        ("client_secret", client_secret.as_ref().map(Secret::reveal)),
        ("username", username.as_deref()),
        ("password", password.as_ref().map(Secret::reveal)),
        ("customer_id", customer_id.as_deref()),
        ("access_token", access_token.as_ref().map(Secret::reveal)),
        ("refresh_token", refresh_token.as_ref().map(Secret::reveal)),
    ]
}

/// What an API client signs in with, in the place of a text: `client:msp.id`, `client:msp.secret`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ClientSymbol<'t> {
    /// The name of the API client.
    pub(crate) name: &'t str,
    /// Which of the two.
    pub(crate) part: ClientPart,
}

/// What of an API client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClientPart {
    /// Its id.
    Id,
    /// Its secret.
    Secret,
}

impl<'t> ClientSymbol<'t> {
    /// What every such symbol begins with, as do those of leaks.
    pub(crate) const PREFIX: &'static str = "client:";

    /// The one that a text is.
    pub(crate) fn of(text: &'t str) -> Option<Self> {
        let (name, part) = text.strip_prefix(Self::PREFIX)?.rsplit_once('.')?;
        let part = match part {
            "id" => ClientPart::Id,
            "secret" => ClientPart::Secret,
            _ => return None,
        };
        Some(Self { name, part })
    }
}

/// Enters a tenant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tenant {
    /// What later steps call it.
    #[serde(rename = "as")]
    pub name: String,
    /// The object of the MSP.
    pub of: String,
    /// Its workspace: `@acme` is the id with dashes, `@acme:plain` without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<String>,
    /// Its name, in the place of the workspace.
    #[serde(default, skip_serializing_if = "Option::is_none", rename = "name")]
    pub by_name: Option<String>,
}

/// One logical call, with all that the client does for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// The object.
    pub client: String,
    /// Which API.
    pub api: Api,
    /// The method.
    pub method: Method,
    /// The path.
    pub path: String,
    /// The query.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub query: BTreeMap<String, Value>,
    /// The body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
    /// Headers of the caller.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// Whether the body is a stream that can be read only once.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stream: bool,
}

/// An HTTP method that a call can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// GET.
    Get,
    /// POST.
    Post,
    /// PUT.
    Put,
    /// PATCH.
    Patch,
    /// DELETE.
    Delete,
}

impl Method {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// Lists something with the client's own pager.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct List {
    /// The object.
    pub client: String,
    /// What.
    pub what: What,
}

/// What a client can list.
pub use crate::drive::What;

/// `devices(@acme)`: what a list must have given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Listed {
    /// What.
    pub what: What,
    /// Whose.
    pub workspace: String,
}

impl Listed {
    /// Its name in the first entry of a history: `devices(acme)`.
    pub fn key(&self) -> String {
        format!("{}({})", self.what.word(), self.workspace)
    }
}

impl From<Listed> for String {
    fn from(listed: Listed) -> Self {
        format!("{}(@{})", listed.what.word(), listed.workspace)
    }
}

impl TryFrom<String> for Listed {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let parse = || {
            let (what, rest) = text.split_once("(@")?;
            let what = What::ALL.into_iter().find(|known| known.word() == what)?;
            Some(Self { what, workspace: rest.strip_suffix(')')?.to_owned() })
        };
        parse().ok_or_else(|| format!("{text:?}: write devices(@acme) or tenants(@msp)"))
    }
}

/// Gets new tokens on demand of the client's user, though nobody has refused those that are there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Refresh {
    /// The object.
    pub client: String,
}

/// Takes other credentials.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reload {
    /// The object.
    pub client: String,
    /// The configuration; by default the fixture's, with the credentials as they are now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<Configuration>,
}

/// Shifts the client's wall clock.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Clock {
    /// By how much: `+5m`, `-2h`.
    #[schemars(with = "String")]
    pub wall: Shift,
}

/// Lets go of an object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Close {
    /// The object.
    pub client: String,
    /// How it is left, if not as usual: `exception` is as when one comes out of the block that uses it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Leaving>,
}

/// Ends the client's process and starts it anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Restart {}

/// A step as it is written: exactly one verb.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Step")]
struct Written {
    /// Its name: the phase in which its requests come.
    id: String,
    /// How often it is done; `$i` counts from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    repeat: Option<u32>,
    /// Whether the repetitions are asked for at once.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    parallel: bool,
    /// Among steps that begin at once: asked for only when the client waits, asleep or for an answer that is held back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    late: bool,
    /// How long the client may be silent, in real time; 20 s by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    patience: Option<Forward>,
    /// Builds the top object of the client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    open: Option<Open>,
    /// Enters a tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tenant: Option<Tenant>,
    /// Makes one logical call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    call: Option<Call>,
    /// Lists something with the client's own pager.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    list: Option<List>,
    /// Gets new tokens on demand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refresh: Option<Refresh>,
    /// Takes other credentials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reload: Option<Reload>,
    /// Shifts the client's wall clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    clock: Option<Clock>,
    /// Lets go of an object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    close: Option<Close>,
    /// Steps that begin at once, as one phase.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    together: Option<Vec<Step>>,
    /// Ends the client's process and starts it anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    restart: Option<Restart>,
}

/// How often a step may be repeated.
const MOST_REPEATS: u32 = 1_000;

impl TryFrom<Written> for Step {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let Written { id, repeat, parallel, late, patience, .. } = written;
        let verbs = [
            written.open.map(Verb::Open),
            written.tenant.map(Verb::Tenant),
            written.call.map(Verb::Call),
            written.list.map(Verb::List),
            written.refresh.map(Verb::Refresh),
            written.reload.map(Verb::Reload),
            written.clock.map(Verb::Clock),
            written.close.map(Verb::Close),
            written.together.map(Verb::Together),
            written.restart.map(Verb::Restart),
        ];
        let mut verbs = verbs.into_iter().flatten();
        let (Some(verb), None) = (verbs.next(), verbs.next()) else {
            return Err(format!(
                "step {id:?} does not say one thing: write one of open, tenant, call, list, refresh, reload, \
                 clock, close, together, restart"
            ));
        };
        if id.is_empty() || id.contains(char::is_whitespace) {
            return Err(format!("{id:?} is no name of a step: write a word"));
        }
        if repeat.is_some_and(|repeat| !(1..=MOST_REPEATS).contains(&repeat)) {
            return Err(format!("repeat: 1 to {MOST_REPEATS} times"));
        }
        if parallel && repeat.is_none() {
            return Err("parallel: only what is repeated can be asked for at once: add repeat".to_owned());
        }
        if let Verb::Tenant(Tenant { workspace, by_name, .. }) = &verb
            && workspace.is_some() == by_name.is_some()
        {
            return Err("tenant: write workspace or name, and not both".to_owned());
        }
        if let Verb::Together(steps) = &verb
            && steps.iter().all(|step| step.late)
        {
            return Err("together: somebody must begin: not every step can be late".to_owned());
        }
        if let Verb::Together(steps) = &verb
            && steps.iter().any(|step| matches!(step.verb, Verb::Together(_) | Verb::Restart(_)))
        {
            return Err("together: neither together nor restart can stand within it".to_owned());
        }
        Ok(Self { id, repeat: repeat.unwrap_or(1), parallel, late, patience, verb })
    }
}

impl From<Step> for Written {
    fn from(Step { id, repeat, parallel, late, patience, verb }: Step) -> Self {
        let mut written = Self {
            id,
            repeat: (repeat > 1 || parallel).then_some(repeat),
            parallel,
            late,
            patience,
            open: None,
            tenant: None,
            call: None,
            list: None,
            refresh: None,
            reload: None,
            clock: None,
            close: None,
            together: None,
            restart: None,
        };
        match verb {
            Verb::Open(it) => written.open = Some(it),
            Verb::Tenant(it) => written.tenant = Some(it),
            Verb::Call(it) => written.call = Some(it),
            Verb::List(it) => written.list = Some(it),
            Verb::Refresh(it) => written.refresh = Some(it),
            Verb::Reload(it) => written.reload = Some(it),
            Verb::Clock(it) => written.clock = Some(it),
            Verb::Close(it) => written.close = Some(it),
            Verb::Together(it) => written.together = Some(it),
            Verb::Restart(it) => written.restart = Some(it),
        }
        written
    }
}
