//! Ranges of versions, in the order of the client's own scheme.

use std::{fmt, str::FromStr};

use pep440_rs::{Operator, Version as PythonVersion, VersionSpecifier, VersionSpecifiers};
use semver::{Version as SemanticVersion, VersionReq};

use crate::{drive::Scheme, verdict::ClientInfo};

/// `>=2.0a19, <2.0a40`. Which order is meant is known only when the client has said who it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Range {
    text: String,
    python: Option<VersionSpecifiers>,
    semantic: Option<VersionReq>,
}

impl FromStr for Range {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (python, semantic) = (text.parse().ok(), text.parse().ok());
        if text.trim().is_empty() || (python.is_none() && semantic.is_none()) {
            return Err(format!("{text:?} is no range of versions"));
        }
        Ok(Self { text: text.to_owned(), python, semantic })
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Range {
    /// Whether the version of a client is within; or why that cannot be said.
    pub fn covers(&self, client: &ClientInfo) -> Result<bool, String> {
        let ClientInfo { name, version, scheme, .. } = client;
        let other = || {
            let scheme = match scheme {
                Scheme::Pep440 => "PEP 440",
                Scheme::Semver => "semantic versions",
            };
            format!("{:?} is no range of {scheme}, which {name} has", self.text)
        };
        let odd = |error: &dyn fmt::Display| {
            format!("{name} says that it is of version {version:?}, which cannot be compared: {error}")
        };
        match scheme {
            Scheme::Pep440 => {
                let range = self.python.as_ref().ok_or_else(other)?;
                let version: PythonVersion = version.parse().map_err(|error| odd(&error))?;
                Ok(range.iter().all(|bound| holds(bound, &version)))
            }
            Scheme::Semver => {
                let range = self.semantic.as_ref().ok_or_else(other)?;
                let version: SemanticVersion = version.parse().map_err(|error| odd(&error))?;
                Ok(range.matches(&version))
            }
        }
    }
}

/// Whether a version is within a bound. `<2.0a40` lets 2.0a25 in, because it names a pre-release itself (PEP 440,
/// exclusive ordered comparison); the library of version 0.7 says no.
fn holds(bound: &VersionSpecifier, version: &PythonVersion) -> bool {
    match bound.operator() {
        Operator::LessThan if bound.version().any_prerelease() => {
            version.clone().without_local() < *bound.version()
        }
        _ => bound.contains(version),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covers(range: &str, scheme: Scheme, version: &str) -> Result<bool, String> {
        let client = ClientInfo { name: "c".into(), version: version.into(), scheme, can: Vec::new() };
        range.parse::<Range>().unwrap().covers(&client)
    }

    #[test]
    fn alphas_of_python_are_ordered_as_python_orders_them() {
        for (range, version, within) in [
            (">=2.0a19, <2.0a40", "2.0a25", true),
            (">=2.0a19, <2.0a40", "2.0a19", true),
            (">=2.0a19, <2.0a40", "2.0a9", false),
            (">=2.0a19, <2.0a40", "2.0a40", false),
            (">=2.0a19, <2.0a40", "2.0", false),
            (">=2.0a19, <2.0a40", "2.0.0a25", true),
            ("<2.0", "2.0a25", false),
            ("<2.0a40", "1.9", true),
            ("<2.0.dev5", "2.0.dev4", true),
            ("<2.0a40", "2.0a25+local", true),
            (">=2.0a1", "2.0b1", true),
            ("==2.0a25", "2.0a25", true),
            ("~=1.4", "1.9.9", true),
        ] {
            assert_eq!(covers(range, Scheme::Pep440, version), Ok(within), "{version} in {range}");
        }
    }

    #[test]
    fn semantic_versions_are_ordered_as_cargo_does() {
        for (range, version, within) in [
            (">=0.1.0, <0.2.0", "0.1.9", true),
            ("^1.2", "2.0.0", false),
            (">=1.0.0-alpha.2", "1.0.0-alpha.10", true),
            (">=1.0.0", "1.0.0-alpha.10", false),
        ] {
            assert_eq!(covers(range, Scheme::Semver, version), Ok(within), "{version} in {range}");
        }
    }

    #[test]
    fn what_cannot_be_compared_is_said() {
        assert!("soon".parse::<Range>().is_err() && "".parse::<Range>().is_err());
        assert!(covers("^1.2", Scheme::Pep440, "1.2").unwrap_err().contains("PEP 440"));
        assert!(covers("==2.0a25", Scheme::Semver, "1.2.0").unwrap_err().contains("semantic"));
        assert!(covers(">=1", Scheme::Semver, "nightly").unwrap_err().contains("\"nightly\""));
    }
}
