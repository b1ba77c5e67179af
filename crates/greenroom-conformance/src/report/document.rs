//! The report as a JSON document for programs. Its form is published: `fixtures/schemas/report.json`.

use schemars::{JsonSchema, generate::SchemaSettings};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Ending, Summary};
use crate::{
    baseline::{Applied, KnownCheck, Stale},
    scenario::Profile,
    suite::Report,
    verdict::{ClientInfo, ScenarioVerdict},
};

/// The version of this kind of document.
pub const FORMAT: u32 = 1;

/// The whole report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Document {
    /// The version of this kind of document.
    pub format: u32,
    /// The version of Greenroom that wrote it.
    pub greenroom: String,
    /// Who was judged.
    pub client: ClientInfo,
    /// Under which profile, if one was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<Profile>,
    /// With what the command ended.
    pub exit: u8,
    /// The same in a few numbers.
    pub summary: Summary,
    /// What was found.
    pub scenarios: Vec<ScenarioVerdict>,
    /// The checks that are broken as the baseline says.
    pub known: Vec<KnownCheck>,
    /// The entries of the baseline that are not true any more.
    pub stale: Vec<Stale>,
}

impl Document {
    /// The document of a report.
    pub fn of(report: &Report, applied: &Applied, strict: bool) -> Self {
        Self {
            format: FORMAT,
            greenroom: env!("CARGO_PKG_VERSION").to_owned(),
            client: report.client.clone(),
            profile: report.profile,
            exit: Ending::of(report, applied, strict).code(),
            summary: Summary::of(report, applied),
            scenarios: report.scenarios.iter().map(|judged| judged.verdict.clone()).collect(),
            known: applied.known.values().cloned().collect(),
            stale: applied.stale.clone(),
        }
    }

    /// Its text.
    pub fn to_json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self)
    }
}

/// The JSON Schema of such documents.
pub fn schema() -> Value {
    let mut schema =
        SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<Document>().to_value();
    schema["title"] = "Report of greenroom verify".into();
    schema["properties"]["format"] =
        serde_json::json!({"description": "The version of this kind of document.", "const": FORMAT});
    schema
}
