//! A world file as a value: text to [`Spec`] and back, with every mistake at its place.
//!
//! One list of keys (`record::records`) gives each part its structure, its reading, its writing and its
//! JSON Schema. Reading goes through a tree that knows where everything stands, and never stops at a
//! mistake. Nothing here opens a file.

mod build;
mod choices;
mod collections;
mod devices;
mod export;
mod fit;
mod form;
mod names;
mod patch;
mod record;
mod resume;
mod rows;
mod scopes;
mod state;
mod subscriptions;
mod values;
mod words;
mod workspaces;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

pub(crate) use self::build::{listed, mix};
pub use self::{
    choices::{Home, Managed, REGIONS, Region, WorkspaceType},
    collections::Rows,
    devices::{
        Device, DeviceApplication, DeviceChange, DeviceContact, DeviceCount, DeviceMix, Devices,
        MOST_DEVICES, MOST_TAGS, Tags,
    },
    export::{ExportError, Secrets, export},
    names::{MOST_SITES, MOST_WORKSPACES, SITES, default_pattern, numbered},
    patch::{
        Added, AddedDevice, AddedDevices, DevicePatch, LastOf, NewTenant, Patch, Removed, TenantChange,
        TenantPatch, UserChange, UserPatch,
    },
    scopes::{
        AssignedProfile, Degrees, NamedScope, Offset, Place, ScopeName, ScopeNumber, Scopes, SiteScope,
    },
    state::{AuditLine, Counters, Operation, RemovedUser, State, Token},
    subscriptions::{AutoSubscriptions, DevicePool, Subscribed, Subscription, SubscriptionKey},
    values::{Count, Nth, NthOf},
    words::{
        Country, Email, HexId, Host, Json, Label, Line, Mac, NotThis, Note, Serial, Symbol, SymbolPattern,
        Text, Title, TokenName,
    },
    workspaces::{
        Address, Base, Changed, Client, Contact, Contents, Estate, Provision, Tenant, TenantCount, Tenants,
        Workspace,
    },
};
use self::{
    form::{Definitions, Keys, Reader},
    record::{Record, plain_maps, read_record, records},
};
use crate::{
    dialect::Dialect,
    role::Role,
    secret::{Digest, Secret},
    token::Life,
    user::{Language, UserStatus},
    yaml::{Findings, Found, Id, Kind, Mistakes, Tree},
};

/// The version of world files that this Greenroom reads and writes.
pub const VERSION: u32 = 1;

/// How many bytes a world file has at most: room for all tokens and workspaces that a world can hold.
pub const MOST_BYTES: usize = 256 << 20;

records! {
    /// A world: workspaces, users, API clients, devices, and the rules that hold among them.
    Spec {
        ..basics: Basics,
        /// MSPs and workspaces that stand alone.
        workspaces: Vec<Workspace>,
    } optional {
        /// What happened in a world that was running. Written by export.
        state: State,
    } check someone_is_there;

    /// What holds for the whole world.
    Basics {} optional {
        /// The version of this kind of file.
        version: u32,
        /// What everything follows from that is not given: ids, secrets, devices.
        seed: u64,
        /// When everything was made for which no other time is given.
        born: Timestamp,
        /// How long tokens live.
        token_life: TokenLife,
        /// Behaviours that no source settles.
        dialect: Dialect,
        /// Roles of your own, beside Administrator, Operator and Observer: name, resources, permissions.
        roles: BTreeMap<Title, Role> => defines Role,
        /// Users. Their roles decide what their API clients may do.
        users: Vec<User>,
        /// Subscriptions that nobody has claimed yet: whoever adds one by its key has it.
        unclaimed: Vec<Subscription>,
    };

    /// How long tokens live, by who issued them.
    TokenLife {} optional {
        /// Tokens of the SSO issuer: 2h, if nothing is said.
        sso: Life,
        /// Tokens of a workspace's own issuer: 15m, if nothing is said.
        workspace: Life,
        /// Tokens that were exchanged for a tenant: 15m, if nothing is said.
        tenant: Life,
        /// Tokens of Classic Central: 2h, if nothing is said.
        classic: Life,
        /// What these are refreshed with: 360h, if nothing is said.
        refresh: Life,
        /// Authorization codes of Classic Central: 5m, if nothing is said.
        code: Life,
        /// Session cookies of Classic Central: 30m, if nothing is said.
        sign_in: Life,
    };

    /// A user.
    User {
        /// The e-mail address.
        email: Email => defines User,
    } optional {
        /// The name of a role. Administrator, if nothing is said.
        role: Title => refers Role,
        /// The opaque part of user:… in tokens.
        principal: HexId,
        /// The user_ctx of tokens.
        context: HexId,
        /// The first name. Follows from the address.
        first_name: Title,
        /// The last name. Follows from the address.
        last_name: Title,
        /// How far the user has come. VERIFIED, if nothing is said; tokens of one who is BLOCKED or SUSPENDED are refused.
        status: UserStatus,
        /// The symbols of the workspaces that list the user. Without them, those that the user made, but for tenants, and those with an API client of the user.
        workspaces: Vec<Symbol> => refers Workspace,
        /// The preferred language.
        language: Language,
        /// After how many idle seconds a session ends.
        idle_timeout: u32,
        /// When the user was made.
        created_at: Timestamp,
        /// When the user was last changed.
        updated_at: Timestamp,
        /// When a token was last issued to a client of the user.
        last_login: Timestamp,
        /// How often the user was made or changed.
        generation: u32,
        /// What the user signs in to Classic Central with. With an application of Classic it follows from the seed and the address; others need none.
        password: Secret,
        /// The SHA-256 of the password, instead of the password.
        password_sha256: Digest,
    } check one_password;
}

plain_maps!(TokenLife, User);

fn one_password(reader: &mut Reader<'_>, _: Id, keys: &Keys) {
    let message = "this user's password was already given";
    workspaces::one_of(reader, keys, &["password", "password_sha256"], message);
}

/// A world that cannot be written down.
#[derive(Debug, thiserror::Error)]
#[error("this world cannot be written as YAML: {0}")]
pub struct Unwritable(#[from] serde_saphyr::ser::Error);

impl Spec {
    /// Reads a world file: YAML, of which JSON is a part. All mistakes come at once, in the order in which
    /// they stand in the file.
    pub fn read(file: &[u8]) -> Result<Self, Mistakes> {
        let mend = "a world has at least one workspace: write workspaces: [{symbol: acme}]";
        opened(file, mend, |reader, root| {
            if other_version(reader, root) {
                return None;
            }
            let spec = read_record::<Self>(reader, root);
            reader.resolve();
            // Only what is whole can be laid side by side.
            spec.inspect(|spec| {
                if reader.findings.is_empty() {
                    fit::fit(reader, root, spec);
                }
            })
        })
    }

    /// Writes the world so that [`Spec::read`] gives it back.
    pub fn write(&self) -> Result<String, Unwritable> {
        struct Whole<'a>(&'a Spec);
        impl serde::Serialize for Whole<'_> {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                record::write_record(self.0, serializer)
            }
        }
        Ok(serde_saphyr::to_string(&Whole(self))?)
    }

    /// The JSON Schema of world files.
    pub fn schema() -> Value {
        let (mut definitions, mut properties, mut required) =
            (Definitions::new(), Definitions::new(), Vec::new());
        Self::describe(&mut definitions, &mut properties, &mut required);
        properties["version"] = json!({"description": "The version of this kind of file.", "const": VERSION});
        properties["workspaces"]["minItems"] = 1.into();
        for (definition, key, bound, most) in [
            ("Workspace", "sites", "maxItems", MOST_SITES),
            ("Tenant", "sites", "maxItems", MOST_SITES),
            ("Device", "tags", "maxProperties", MOST_TAGS),
            ("DeviceChange", "tags", "maxProperties", MOST_TAGS),
        ] {
            definitions[definition]["properties"][key][bound] = most.into();
        }
        json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": "World file of Greenroom",
            "description": Self::ABOUT,
            "type": "object",
            "additionalProperties": false,
            "required": required,
            "properties": properties,
            "$defs": definitions,
        })
    }
}

/// Reads a file with `read`, or says everything that is wrong with it. `mend` is what to do about an empty one.
fn opened<T>(
    file: &[u8],
    mend: &str,
    read: impl FnOnce(&mut Reader<'_>, Id) -> Option<T>,
) -> Result<T, Mistakes> {
    let text = match as_text(file) {
        Ok(text) => text,
        Err((found, text)) => {
            let mut findings = Findings::default();
            findings.note(|| found);
            return Err(findings.in_order(text));
        }
    };
    let mut faults = Vec::new();
    let tree = Tree::read(text, &mut faults);
    let mut findings = Findings::default();
    for fault in faults {
        findings.note(|| Found {
            start: fault.start,
            end: fault.end,
            path: fault.node.map(|node| tree.path(node)).unwrap_or_default(),
            message: fault.message,
            mend: Some(fault.mend.to_owned()),
            other: None,
        });
    }
    let mut reader = Reader::new(&tree, findings);
    let read = match tree.root() {
        Some(root) => read(&mut reader, root),
        None => {
            empty(&mut reader, mend);
            None
        }
    };
    match read.filter(|_| reader.findings.is_empty()) {
        Some(read) => Ok(read),
        None => Err(reader.findings.in_order(text)),
    }
}

/// The file as text, or what keeps it from being one and the part that is.
fn as_text(file: &[u8]) -> Result<&str, (Found, &str)> {
    let found = |start, message: String, mend: &str| Found {
        start,
        end: start,
        path: String::new(),
        message,
        mend: Some(mend.to_owned()),
        other: None,
    };
    if file.len() > MOST_BYTES {
        let most = MOST_BYTES >> 20;
        let message = format!("the file is larger than {most} MiB");
        return Err((found(0, message, "generate tenants and devices instead of listing them"), ""));
    }
    std::str::from_utf8(file).map_err(|error| {
        let good = &file[..error.valid_up_to()];
        let message = "the file is not UTF-8 from here on".to_owned();
        (found(good.len(), message, "save it as UTF-8"), std::str::from_utf8(good).unwrap_or_default())
    })
}

/// Whether the file is of another version, in which case nothing else about it can be judged.
fn other_version(reader: &mut Reader<'_>, root: Id) -> bool {
    let Some(version) = reader.number_at(root, "version").filter(|version| *version != u64::from(VERSION))
    else {
        return false;
    };
    let message = format!("the file is of version {version}, and this Greenroom reads version {VERSION}");
    let place = reader.at(root, "version").unwrap_or(root);
    reader.wrong(place, message, "use the Greenroom that wrote it, or write the world anew");
    true
}

/// A file without anything in it. If the YAML broke off at once, that was said already.
fn empty(reader: &mut Reader<'_>, mend: &str) {
    if reader.findings.is_empty() {
        reader.findings.note(|| Found {
            start: 0,
            end: 0,
            path: String::new(),
            message: "the file is empty".to_owned(),
            mend: Some(mend.to_owned()),
            other: None,
        });
    }
}

fn someone_is_there(reader: &mut Reader<'_>, _: Id, keys: &Keys) {
    let Some(workspaces) = keys.get("workspaces") else { return };
    let none =
        reader.tree.kind(workspaces) == Kind::List && reader.tree.children(workspaces).next().is_none();
    if none && !reader.tree.is_open(workspaces) {
        reader.wrong(workspaces, "a world has at least one workspace", "write workspaces: [{symbol: acme}]");
    }
}
