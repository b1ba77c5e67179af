//! Where a requirement is written.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A place in a source: `rfc:8693#2.1`, `seed:002#R3`, `central.md#5.3`, `issue:owner/name#1`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Source {
    kind: Kind,
    what: String,
    place: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Kind {
    Rfc,
    Seed,
    Reference,
    Issue,
    Practice,
    Pycentral,
}

const FORMS: &str = "write rfc:8693#2.1, seed:002#R3, central.md#5.3, issue:owner/name#1, \
                     pycentral:module.function or practice:single-flight";

impl Source {
    /// Where it can be read on the web, if it is there.
    pub fn link(&self) -> Option<String> {
        match self.kind {
            Kind::Rfc => {
                Some(format!("https://www.rfc-editor.org/rfc/rfc{}.html#section-{}", self.what, self.place))
            }
            Kind::Issue => Some(format!("https://github.com/{}/issues/{}", self.what, self.place)),
            Kind::Seed | Kind::Reference | Kind::Practice | Kind::Pycentral => None,
        }
    }

    /// The number of the RFC, if it is one.
    pub fn rfc(&self) -> Option<&str> {
        (self.kind == Kind::Rfc).then_some(self.what.as_str())
    }
}

/// As people write it.
impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, what, place } = self;
        match kind {
            Kind::Rfc => write!(f, "RFC {what} §{place}"),
            Kind::Seed => write!(f, "seed {what} {place}"),
            Kind::Reference => write!(f, "{what} §{place}"),
            Kind::Issue => write!(f, "{what}#{place}"),
            Kind::Practice => write!(f, "practice: {what}"),
            Kind::Pycentral => write!(f, "pycentral {what}"),
        }
    }
}

impl From<Source> for String {
    fn from(Source { kind, what, place }: Source) -> Self {
        match kind {
            Kind::Rfc => format!("rfc:{what}#{place}"),
            Kind::Seed => format!("seed:{what}#{place}"),
            Kind::Reference => format!("{what}#{place}"),
            Kind::Issue => format!("issue:{what}#{place}"),
            Kind::Practice => format!("practice:{what}"),
            Kind::Pycentral => format!("pycentral:{what}"),
        }
    }
}

impl TryFrom<String> for Source {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let split = |rest: &str| rest.split_once('#').map(|(a, b)| (a.to_owned(), b.to_owned()));
        let source = |kind, (what, place)| Self { kind, what, place };
        let found = match text.split_once(':') {
            Some(("rfc", rest)) => {
                split(rest).filter(|(n, at)| digits(n) && !at.is_empty()).map(|it| source(Kind::Rfc, it))
            }
            Some(("seed", rest)) => {
                split(rest).filter(|(n, at)| digits(n) && !at.is_empty()).map(|it| source(Kind::Seed, it))
            }
            Some(("issue", rest)) => split(rest)
                .filter(|(repo, n)| repo.contains('/') && digits(n))
                .map(|it| source(Kind::Issue, it)),
            Some(("practice", what)) if !what.is_empty() => {
                Some(source(Kind::Practice, (what.to_owned(), String::new())))
            }
            Some(("pycentral", what)) if !what.is_empty() => {
                Some(source(Kind::Pycentral, (what.to_owned(), String::new())))
            }
            None => split(&text)
                .filter(|(file, at)| file.ends_with(".md") && !at.is_empty())
                .map(|it| source(Kind::Reference, it)),
            Some(_) => None,
        };
        found.ok_or_else(|| format!("{text:?} is no source: {FORMS}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_read_written_and_shown() {
        for (text, shown, on_the_web) in [
            ("rfc:8693#2.2.2", "RFC 8693 §2.2.2", true),
            ("seed:002#R3", "seed 002 R3", false),
            ("central.md#5.3", "central.md §5.3", false),
            ("issue:golang/oauth2#805", "golang/oauth2#805", true),
            ("practice:single-flight", "practice: single-flight", false),
            ("pycentral:msp_base.close_tenant", "pycentral msp_base.close_tenant", false),
        ] {
            let source = Source::try_from(text.to_owned()).unwrap();
            assert_eq!((source.to_string().as_str(), source.link().is_some()), (shown, on_the_web));
            assert_eq!(String::from(source), text);
        }
        for bad in ["", "rfc:8693", "rfc:x#1", "seed:2", "issue:a#1", "notes.txt#1", "blog:x#1", "practice:"]
        {
            assert!(Source::try_from(bad.to_owned()).is_err(), "{bad}");
        }
    }
}
