//! Token files of pycentral, YAML or JSON, as far as `exec` needs to understand them.

use std::{
    fs::File,
    io::{self, Read as _},
    path::Path,
};

use serde::{Deserialize, Deserializer, de::IgnoredAny};
use serde_json::Value;

/// More than any token file holds; keeps a wrong `--adopt` from filling the memory.
const MOST_BYTES: u64 = 1 << 20;

/// What pycentral writes into the file it was configured in.
const ACCESS_TOKEN: &str = "access_token";

/// What a token file holds. Keys that Greenroom does not know are the SDK's business.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct TokenFile {
    /// One client for GLP and New Central.
    pub(super) unified: Option<Block>,
    /// A client for GLP alone.
    pub(super) glp: Option<Block>,
    /// A client for New Central alone.
    pub(super) new_central: Option<Block>,
    // What gives a file for Classic Central away.
    central_info: Option<IgnoredAny>,
    classic: Option<IgnoredAny>,
    classic_central: Option<IgnoredAny>,
    customer_id: Option<IgnoredAny>,
    username: Option<IgnoredAny>,
}

/// One block of credentials. Empty values count as absent.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Block {
    #[serde(deserialize_with = "text")]
    pub(super) client_id: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(super) client_secret: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(super) workspace_id: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(super) base_url: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(super) cluster_name: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(super) access_token: Option<String>,
}

// Written by hand so that no secret can be printed.
impl std::fmt::Debug for Block {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Block").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

/// Why a token file cannot be used. No message holds anything of the file's content.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TokenFileError {
    /// It cannot be read.
    #[error("{path} cannot be read: {source}")]
    Read {
        /// The file.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// It is larger than 1 MiB.
    #[error("{0} is larger than 1 MiB, so it is no token file")]
    TooLarge(String),
    /// It is no text.
    #[error("{0} is not UTF-8 text, so it is no token file")]
    NotText(String),
    /// It is not what its name says.
    #[error(
        "{path}{position}: {complaint}; a token file looks like `unified: {{client_id: …, client_secret: …, workspace_id: …}}`"
    )]
    Syntax {
        /// The file.
        path: String,
        /// `, line 3, column 5`, or nothing.
        position: String,
        /// What is wrong.
        complaint: &'static str,
    },
}

impl TokenFile {
    /// Whether there is anything in it that pycentral reads.
    pub(super) fn is_ours(&self) -> bool {
        self.unified.is_some() || self.glp.is_some() || self.new_central.is_some() || self.is_classic()
    }

    /// Whether it holds credentials for Classic Central.
    pub(super) fn is_classic(&self) -> bool {
        [&self.central_info, &self.classic, &self.classic_central, &self.customer_id, &self.username]
            .into_iter()
            .any(Option::is_some)
    }
}

/// Reads a token file: JSON by its name's ending, else YAML.
pub(super) fn read(path: &Path) -> Result<TokenFile, TokenFileError> {
    let name = path.display().to_string();
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MOST_BYTES + 1).read_to_end(&mut bytes))
        .map_err(|source| TokenFileError::Read { path: name.clone(), source })?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(TokenFileError::TooLarge(name));
    }
    let Ok(content) = std::str::from_utf8(&bytes) else { return Err(TokenFileError::NotText(name)) };
    let content = content.trim_start_matches('\u{feff}');
    let parsed = if is_json(path) { of_json(content) } else { of_yaml(content) };
    parsed.map_err(|(position, complaint)| TokenFileError::Syntax { path: name, position, complaint })
}

fn is_json(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json"))
}

/// Where a file is wrong, and what is. The parsers' own messages quote the file, so they stay unused.
type Fault = (String, &'static str);

fn of_yaml(content: &str) -> Result<TokenFile, Fault> {
    let options = serde_saphyr::options! { with_snippet: false };
    serde_saphyr::from_str_with_options::<Option<TokenFile>>(content, options)
        .map(Option::unwrap_or_default)
        .map_err(|error| {
            let position = error
                .location()
                .map(|at| format!(", line {}, column {}", at.line(), at.column()))
                .unwrap_or_default();
            (position, "this is no YAML that holds credentials")
        })
}

fn of_json(content: &str) -> Result<TokenFile, Fault> {
    let mut value: Value = serde_json::from_str(content).map_err(|error| {
        (format!(", line {}, column {}", error.line(), error.column()), "this is not valid JSON")
    })?;
    // YAML hands over a number as it is written; JSON has to be asked.
    let blocks = value.as_object_mut().into_iter().flat_map(|file| file.values_mut());
    for slot in blocks.filter_map(Value::as_object_mut).flat_map(|block| block.values_mut()) {
        if let Value::Number(number) = slot {
            *slot = Value::String(number.to_string());
        }
    }
    let complaint = "`unified`, `glp` and `new_central` must be objects of text";
    serde_json::from_value(value).map_err(|_| (String::new(), complaint))
}

/// Text, or a number as it is written, or nothing.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let value: Option<String> = Option::deserialize(deserializer)?;
    Ok(value.filter(|value| !value.trim().is_empty()))
}

/// Whether a token file holds anything that `original` does not, access tokens apart. What is no mapping
/// is no token file any more and holds nothing: it is empty, or a write that was cut short, as may be the
/// end of what is one. Nor does it count what is missing: a client may keep only what it knows.
pub(super) fn holds_more(path: &Path, now: &[u8], original: &[u8]) -> bool {
    let parse = |bytes: &[u8]| -> Option<Value> {
        let content = std::str::from_utf8(bytes).ok()?.trim_start_matches('\u{feff}');
        if is_json(path) { serde_json::from_str(content).ok() } else { serde_saphyr::from_str(content).ok() }
    };
    match (parse(now).filter(Value::is_object), parse(original)) {
        (Some(now), Some(original)) => adds(&now, &original),
        (Some(_), None) => true,
        (None, _) => false,
    }
}

fn adds(now: &Value, original: &Value) -> bool {
    match (now, original) {
        (Value::Null, _) => false,
        (Value::Object(now), Value::Object(original)) => now
            .iter()
            .filter(|(key, _)| *key != ACCESS_TOKEN)
            .any(|(key, value)| adds(value, original.get(key).unwrap_or(&Value::Null))),
        // Cut short by a kill, since pycentral writes in place.
        (Value::String(now), Value::String(original)) => !original.starts_with(now),
        (Value::String(now), Value::Object(original)) => {
            !original.keys().map(String::as_str).chain([ACCESS_TOKEN]).any(|key| key.starts_with(now))
        }
        _ => now != original,
    }
}
