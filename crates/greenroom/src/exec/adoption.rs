//! Whose credentials `exec` lets in: those of a file, of the environment, or of nobody.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use greenroom_model::{
    adopt::{Adoption, Credentials, NotAdopted},
    host::{CLUSTERS, Cluster},
    id::WorkspaceId,
    nearest,
    secret::Secret,
    world::World,
};
use jiff::Timestamp;

use super::token_file::{self, Block, TokenFile, TokenFileError};

/// The file that is adopted without being asked for, as the SDK's documentation names it.
const USUAL_FILE: &str = "token.yaml";

/// The variables of the SDK's documentation that make the environment a source.
const CLIENT_ID: &str = "GLP_CLIENT_ID";
const CLIENT_SECRET: &str = "GLP_CLIENT_SECRET";
const WORKSPACE_ID: &str = "GLP_WORKSPACE_ID";
const BASE_URL: &str = "CENTRAL_BASE_URL";
const CLUSTER_NAME: &str = "CENTRAL_CLUSTER_NAME";
const VARIABLES: [&str; 5] = [CLIENT_ID, CLIENT_SECRET, WORKSPACE_ID, BASE_URL, CLUSTER_NAME];

/// Where credentials were found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// In a token file of pycentral, under this path.
    File(PathBuf),
    /// In `GLP_CLIENT_ID` and its companions.
    Environment,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Environment => f.write_str("the environment"),
        }
    }
}

/// Credentials that CMD is going to use.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    /// What the world takes over.
    pub(crate) adoption: Adoption,
    /// Where it was found.
    pub(crate) source: Source,
}

/// What the search for credentials came to.
#[derive(Clone, Debug)]
pub(crate) struct Search {
    /// The credentials, if there are any.
    pub(crate) found: Option<Found>,
    /// What is there but was not used, each as a phrase for the report.
    pub(crate) ignored: Vec<String>,
}

/// Why credentials cannot be adopted. No message repeats a value: a secret may stand in the wrong line.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AdoptionError {
    /// The file cannot be read or understood.
    #[error(transparent)]
    File(#[from] TokenFileError),
    /// Credentials for the API gateways of Classic Central only.
    #[error(
        "{0}: these are credentials for Classic Central, which are not taken over: Greenroom lends its own \
         as CLASSIC_CENTRAL_USERNAME and the like; give it a `unified`, `glp` or `new_central` block"
    )]
    Classic(String),
    /// None of the blocks that pycentral knows.
    #[error("{0}: there is no `unified`, `glp` or `new_central` block in it")]
    NoBlock(String),
    /// A value without its companion.
    #[error("{place}: {present} is given but {missing} is missing; set {missing} as well")]
    Half {
        /// File and block, or the environment.
        place: String,
        /// The key that is there.
        present: &'static str,
        /// The key that is not.
        missing: &'static str,
    },
    /// Neither a client nor a token.
    #[error("{0}: it names neither a client_id with its client_secret nor an access_token")]
    NoCredentials(String),
    /// Something else than a workspace id.
    #[error(
        "{place}: {key} is not a workspace id: write the 32 hex digits of the workspace, with or without dashes"
    )]
    Workspace {
        /// File and block, or the environment.
        place: String,
        /// The key.
        key: &'static str,
    },
    /// A host that Greenroom does not stand in for.
    #[error(
        "{place}: {key} names a host that Greenroom does not stand in for; New Central lives at \
         CLUSTER.api.central.arubanetworks.com, as in us5.api.central.arubanetworks.com, and an API gateway \
         at apigw-CLUSTER.central.arubanetworks.com"
    )]
    Host {
        /// File and block, or the environment.
        place: String,
        /// The key.
        key: &'static str,
    },
    /// The world has no place for them.
    #[error("the credentials of {place} cannot be let in: {why}")]
    World {
        /// The file, or the environment.
        place: String,
        /// What is in the way.
        why: NotAdopted,
    },
    /// A cluster nobody knows.
    #[error("{place}: {key} is no cluster{hint} Known are {known}", known = cluster_names())]
    Cluster {
        /// File and block, or the environment.
        place: String,
        /// The key.
        key: &'static str,
        /// `, did you mean …?` or a full stop.
        hint: String,
    },
}

impl Found {
    /// Lets the credentials into a world.
    pub(crate) fn let_in(&self, world: &mut World, now: Timestamp) -> Result<(), AdoptionError> {
        let cannot = |why| AdoptionError::World { place: self.source.to_string(), why };
        world.adopt(&self.adoption, now).map_err(cannot)
    }
}

/// The credentials of the first source there is: the file `explicit` (`--adopt`), the variables that
/// `env` reads, `token.yaml` in `working_dir`.
pub(crate) fn find(
    explicit: Option<&Path>,
    env: &dyn Fn(&str) -> Option<String>,
    working_dir: &Path,
) -> Result<Search, AdoptionError> {
    // A variable that is set to nothing says nothing.
    let env = |name: &str| env(name).filter(|value| !value.trim().is_empty());
    let is_set = |name: &&str| env(name).is_some();
    let in_environment = [CLIENT_ID, CLIENT_SECRET].iter().any(is_set);
    let usual = Some(working_dir.join(USUAL_FILE)).filter(|path| path.is_file());

    let mut ignored = Vec::new();
    if explicit.is_some() || !in_environment {
        let set: Vec<_> = VARIABLES.into_iter().filter(is_set).collect();
        if !set.is_empty() {
            // The sample's variables would replace them without a word.
            let why = match explicit {
                Some(_) => "",
                None => ", because neither GLP_CLIENT_ID nor GLP_CLIENT_SECRET is set",
            };
            ignored.push(format!("{}{why}", set.join(", ")));
        }
    }
    let file_source = if let Some(path) = explicit {
        let path = working_dir.join(path);
        if usual.as_ref().is_some_and(|usual| !same_file(usual, &path)) {
            ignored.push(format!("./{USUAL_FILE}"));
        }
        let file = token_file::read(&path)?;
        Some((file, path))
    } else if in_environment {
        if usual.is_some() {
            ignored.push(format!("./{USUAL_FILE}"));
        }
        let adoption = of_environment(&env, &mut ignored)?;
        return Ok(Search { found: Some(Found { adoption, source: Source::Environment }), ignored });
    } else if let Some(path) = usual {
        let file = token_file::read(&path)?;
        // Other tools have files of that name too; only what looks like pycentral's is taken for it.
        file.is_ours().then_some((file, path))
    } else {
        None
    };
    let found = match file_source {
        Some((file, path)) => {
            let adoption = of_file(file, &path, &mut ignored)?;
            Some(Found { adoption, source: Source::File(path) })
        }
        None => None,
    };
    Ok(Search { found, ignored })
}

/// Lets nothing in, as where a scenario has credentials of its own, and says what is there all the same.
pub(crate) fn nothing(env: &dyn Fn(&str) -> Option<String>, working_dir: &Path) -> Search {
    let is_set = |name: &&str| env(name).is_some_and(|value| !value.trim().is_empty());
    let set: Vec<_> = VARIABLES.into_iter().filter(is_set).collect();
    let mut ignored = Vec::new();
    if !set.is_empty() {
        ignored.push(format!("{}: --scenario sets its own", set.join(", ")));
    }
    if working_dir.join(USUAL_FILE).is_file() {
        ignored.push(format!(
            "./{USUAL_FILE}: a program that reads it is refused; those of --scenario are in {CLIENT_ID} and its \
             companions"
        ));
    }
    Search { found: None, ignored }
}

fn same_file(a: &Path, b: &Path) -> bool {
    match (a.canonicalize(), b.canonicalize()) {
        (Ok(a), Ok(b)) => a == b,
        _ => a == b,
    }
}

fn of_file(file: TokenFile, path: &Path, ignored: &mut Vec<String>) -> Result<Adoption, AdoptionError> {
    let name = path.display().to_string();
    let place = |block: &str| format!("{name}, block `{block}`");
    let classic = file.is_classic();
    let mut adoption = Adoption::default();
    if let Some(unified) = file.unified {
        // As in pycentral, where `unified` wins.
        for (block, there) in [("glp", file.glp.is_some()), ("new_central", file.new_central.is_some())] {
            if there {
                ignored.push(format!("the block `{block}` of {name}, because there is a `unified` one"));
            }
        }
        let place = place("unified");
        adoption.workspace = workspace(unified.workspace_id.as_deref(), &place, "workspace_id")?;
        adoption.cluster = of_block(&unified, &place, ignored)?;
        adoption.platform = Some(credentials(unified, &place)?);
    } else {
        if let Some(glp) = file.glp {
            adoption.separate = true;
            adoption.platform = Some(credentials(glp, &place("glp"))?);
        }
        if let Some(central) = file.new_central {
            let place = place("new_central");
            adoption.cluster = of_block(&central, &place, ignored)?;
            adoption.central = Some(credentials(central, &place)?);
        }
        if adoption.platform.is_none() && adoption.central.is_none() {
            return Err(if classic { AdoptionError::Classic(name) } else { AdoptionError::NoBlock(name) });
        }
    }
    if classic {
        ignored.push(format!("the credentials for Classic Central in {name}, which are not taken over"));
    }
    Ok(adoption)
}

fn of_environment(
    env: &dyn Fn(&str) -> Option<String>,
    ignored: &mut Vec<String>,
) -> Result<Adoption, AdoptionError> {
    let place = "the environment";
    let (id, secret) = match (env(CLIENT_ID), env(CLIENT_SECRET)) {
        (Some(id), Some(secret)) => (id, secret),
        (Some(_), None) => return Err(half(place, CLIENT_ID, CLIENT_SECRET)),
        (None, _) => return Err(half(place, CLIENT_SECRET, CLIENT_ID)),
    };
    let (url, name) = (env(BASE_URL), env(CLUSTER_NAME));
    Ok(Adoption {
        platform: Some(Credentials { id: Some(id), secret: Some(Secret::new(secret)), access_token: None }),
        workspace: workspace(env(WORKSPACE_ID).as_deref(), place, WORKSPACE_ID)?,
        cluster: cluster((BASE_URL, url.as_deref()), (CLUSTER_NAME, name.as_deref()), place, ignored)?,
        ..Adoption::default()
    })
}

fn half(place: &str, present: &'static str, missing: &'static str) -> AdoptionError {
    AdoptionError::Half { place: place.to_owned(), present, missing }
}

fn credentials(block: Block, place: &str) -> Result<Credentials, AdoptionError> {
    match (&block.client_id, &block.client_secret, &block.access_token) {
        (None, None, None) => return Err(AdoptionError::NoCredentials(place.to_owned())),
        (Some(_), None, None) => return Err(half(place, "client_id", "client_secret")),
        (None, Some(_), _) => return Err(half(place, "client_secret", "client_id")),
        _ => {}
    }
    Ok(Credentials {
        id: block.client_id,
        secret: block.client_secret.map(Secret::new),
        access_token: block.access_token.map(Secret::new),
    })
}

fn workspace(
    text: Option<&str>,
    place: &str,
    key: &'static str,
) -> Result<Option<WorkspaceId>, AdoptionError> {
    // The value is not repeated: a secret in the wrong line must not reach the screen.
    text.map(|text| text.trim().parse())
        .transpose()
        .map_err(|_| AdoptionError::Workspace { place: place.to_owned(), key })
}

fn of_block(block: &Block, place: &str, ignored: &mut Vec<String>) -> Result<Option<Cluster>, AdoptionError> {
    let url = ("base_url", block.base_url.as_deref());
    cluster(url, ("cluster_name", block.cluster_name.as_deref()), place, ignored)
}

/// The cluster that a base URL or a name stands for. Both at once, and not the same: any will do,
/// because only the program knows which of the two it uses.
fn cluster(
    (url_key, url): (&'static str, Option<&str>),
    (name_key, name): (&'static str, Option<&str>),
    place: &str,
    ignored: &mut Vec<String>,
) -> Result<Option<Cluster>, AdoptionError> {
    let by_url = url.map(|url| of_url(url, place, url_key)).transpose()?.flatten();
    let by_name = name.map(|name| of_name(name.trim(), place, name_key)).transpose()?;
    match (by_url, by_name) {
        (Some(a), Some(b)) if a != b => {
            ignored.push(format!("{url_key} and {name_key} of {place}, which name different clusters"));
            Ok(None)
        }
        (a, b) => Ok(a.or(b)),
    }
}

fn of_url(url: &str, place: &str, key: &'static str) -> Result<Option<Cluster>, AdoptionError> {
    let host = host_of(url);
    // A loopback address is Greenroom's own: the program goes there directly.
    let loopback =
        host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    if loopback {
        return Ok(None);
    }
    match Cluster::of_host(&host) {
        Some(cluster) => Ok(Some(cluster)),
        None => Err(AdoptionError::Host { place: place.to_owned(), key }),
    }
}

/// The host of a URL whose scheme may be missing: no user, port or path.
fn host_of(url: &str) -> String {
    let url = url.trim();
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let address = authority.rsplit('@').next().unwrap_or_default();
    let host = match address.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => address.split(':').next().unwrap_or_default(),
    };
    host.trim_end_matches('.').to_ascii_lowercase()
}

fn of_name(name: &str, place: &str, key: &'static str) -> Result<Cluster, AdoptionError> {
    Cluster::named(name).ok_or_else(|| {
        let near = nearest::of(name, &CLUSTERS.map(|(known, _)| known));
        let hint = if near.is_some() { nearest::hint(&near) } else { ".".to_owned() };
        AdoptionError::Cluster { place: place.to_owned(), key, hint }
    })
}

fn cluster_names() -> String {
    CLUSTERS.map(|(name, _)| name).join(", ")
}

#[cfg(test)]
mod tests;
