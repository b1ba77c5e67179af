//! The bodies of `fixtures/wire`: what HPE's services are documented, or were seen, to say.

use serde::Deserialize;
use serde_json::Value;

/// A documented body.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WireBody {
    /// Where it is documented.
    pub source: String,
    /// The status it is documented with.
    pub status: u16,
    /// The body.
    pub body: Value,
}

macro_rules! files {
    ($($name:literal),+ $(,)?) => {
        /// Names and files, sorted.
        const FILES: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../../../../fixtures/wire/", $name, ".json")))),+];
    };
}

files! {
    "bad-request-central",
    "forbidden-devices",
    "internal-server-error",
    "invalid-client",
    "invalid-request",
    "token-expired-central",
    "token-expired-classic",
    "token-expired-glp",
    "token-invalid-glp",
    "too-many-requests",
    "too-many-requests-audit",
    "too-many-requests-devices",
    "unauthorized-devices",
    "unauthorized-request",
    "unexpected-error-classic",
}

/// The names of all documented bodies.
pub fn wire_bodies() -> impl Iterator<Item = &'static str> + Clone {
    FILES.iter().map(|(name, _)| *name)
}

/// The documented body of that name.
pub fn wire_body(name: &str) -> Option<WireBody> {
    let (_, text) = FILES.iter().find(|(known, _)| *known == name)?;
    serde_json::from_str(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_body_has_its_source() {
        for name in wire_bodies() {
            let documented = wire_body(name).unwrap_or_else(|| panic!("{name}"));
            assert!(documented.source.contains('§') && documented.status >= 400, "{name}");
            // The envelope repeats the status (glp.md §8.1).
            if let Some(status) = documented.body.get("httpStatusCode") {
                assert_eq!(*status, documented.status, "{name}");
            }
        }
    }
}
