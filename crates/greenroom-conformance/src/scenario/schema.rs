//! The JSON Schema of scenario files.

use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::Scenario;

/// What editors complete and check scenario files with.
pub fn schema() -> Value {
    let generator = SchemaSettings::draft2020_12().into_generator();
    let mut schema = generator.into_root_schema_for::<Scenario>().to_value();
    schema["title"] = "Scenario of Greenroom's conformance kit".into();
    schema
}
