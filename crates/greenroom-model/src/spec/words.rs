//! The kinds of text that a world file holds: what each may be, and what to say when it is not.

use std::{borrow::Cow, fmt, str::FromStr};

use jiff::Timestamp;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    form::{Complaint, Word, quoted},
    values::NthOf,
};
use crate::{
    fleet::{is_mac, is_serial},
    id::{WorkspaceId, parse_uuid},
    secret::{self, Digest, Secret},
    tenancy::{COUNTRIES, is_country, is_email},
    time,
    token::Life,
};

/// MIN to MAX characters: of any kind, since the API takes them as well and what it took must load again,
/// or of one LINE, without control characters.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Text<const MIN: usize, const MAX: usize, const LINE: bool = false>(String);

/// One line.
pub type Line<const MAX: usize> = Text<1, MAX, true>;

/// A name that people read.
pub type Title = Line<65_536>;

/// A name that may be anything.
pub type Label = Text<1, 65_536>;
/// As long as a secret may be.
type SecretText = Text<1, { secret::LONGEST }>;

/// What can be said about something, if anything.
pub type Note = Text<0, 65_536>;

impl<const MIN: usize, const MAX: usize, const LINE: bool> Word for Text<MIN, MAX, LINE> {
    fn of(text: &str) -> Result<Self, Complaint> {
        let length = text.chars().count();
        if length < MIN {
            let mend = "write something or leave it out".to_owned();
            return Err(Complaint { message: "must not be empty".to_owned(), mend });
        }
        if length > MAX {
            let message = format!("is {length} characters long, and {MAX} is the most");
            return Err(Complaint { message, mend: "shorten it".to_owned() });
        }
        if LINE && text.contains(char::is_control) {
            let mend = "leave out line breaks, tabs and other control characters".to_owned();
            return Err(Complaint { message: "must be one line".to_owned(), mend });
        }
        Ok(Self(text.to_owned()))
    }

    fn text(&self) -> Cow<'_, str> {
        self.as_str().into()
    }

    fn schema() -> Value {
        let mut schema = json!({"type": "string", "minLength": MIN, "maxLength": MAX});
        if LINE {
            schema["pattern"] = r"^[^\u0000-\u001f\u007f-\u009f]*$".into();
        }
        schema
    }
}

impl<const MIN: usize, const MAX: usize, const LINE: bool> Text<MIN, MAX, LINE> {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const MIN: usize, const MAX: usize, const LINE: bool> fmt::Debug for Text<MIN, MAX, LINE> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<const MIN: usize, const MAX: usize, const LINE: bool> FromStr for Text<MIN, MAX, LINE> {
    type Err = NotThis;

    fn from_str(text: &str) -> Result<Self, NotThis> {
        Self::of(text).map_err(NotThis::from)
    }
}

/// Text that is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotThis(String);

impl From<Complaint> for NotThis {
    fn from(Complaint { message, mend }: Complaint) -> Self {
        Self(if mend.is_empty() { message } else { format!("{message}; {mend}") })
    }
}

/// Whether `text` has 1 to `most` characters, all ASCII and all of them fitting.
fn made_of(text: &str, most: usize, fits: impl Fn(u8) -> bool) -> bool {
    (1..=most).contains(&text.len()) && text.bytes().all(fits)
}

fn is_symbol(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && made_of(text, 64, |byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
}

fn is_pattern(text: &str) -> bool {
    text.matches("{n}").count() == 1 && text.len() <= 60 && is_symbol(&text.replace("{n}", "1"))
}

/// Whether `text` is numbers with units, such as `1h 30m`.
pub(super) fn is_duration(text: &str, units: &[&str]) -> bool {
    let mut rest = text;
    loop {
        let digits = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        let after = digits.strip_prefix(' ').unwrap_or(digits);
        let unit = units.iter().find_map(|unit| after.strip_prefix(unit));
        let Some(after) = unit.filter(|_| digits.len() < rest.len()) else { return false };
        if after.is_empty() {
            return true;
        }
        rest = after.strip_prefix(' ').unwrap_or(after);
    }
}

/// What [`is_duration`] takes, as a regular expression without its anchors.
pub(super) fn duration_pattern(units: &[&str]) -> String {
    let units = units.join("|");
    format!("[0-9]+ ?({units})( ?[0-9]+ ?({units}))*")
}

/// The units of a life: whole seconds and more.
const UNITS: [&str; 3] = ["h", "m", "s"];

fn is_host(text: &str) -> bool {
    let label = |label: &str| {
        made_of(label, 63, |byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 253 && text.contains('.') && text.split('.').all(label)
}

macro_rules! texts {
    ($(
        $(#[doc = $about:literal])+
        $name:ident: $fits:expr, $what:literal, $mend:literal, $pattern:expr, $most:literal
        $(, $canonical:path)?;
    )+) => {$(
        $(#[doc = $about])+
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl Word for $name {
            fn of(text: &str) -> Result<Self, Complaint> {
                if !$fits(text) {
                    return Err(Complaint::no(text, $what, $mend));
                }
                let own = text.to_owned();
                $(let own = $canonical(&own);)?
                Ok(Self(own))
            }

            fn text(&self) -> Cow<'_, str> {
                self.as_str().into()
            }

            fn schema() -> Value {
                json!({"type": "string", "pattern": $pattern, "maxLength": $most})
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = NotThis;

            fn from_str(text: &str) -> Result<Self, NotThis> {
                Self::of(text).map_err(NotThis::from)
            }
        }
    )+};
}

texts! {
    /// An e-mail address.
    Email: is_email, "an e-mail address", "write one such as ops.user@example.com",
        r"^[^@\s\u0000-\u001f\u007f-\u009f]+@[^@\s.\u0000-\u001f\u007f-\u009f]+(\.[^@\s.\u0000-\u001f\u007f-\u009f]+)+$", 254;
    /// What histories and commands call a workspace.
    Symbol: is_symbol, "a symbol", "write up to 64 letters, digits, dots, dashes and underscores, such as acme-1",
        r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", 64;
    /// What generated workspaces are called: `{n}` stands for the number of each.
    SymbolPattern: is_pattern, "a pattern of symbols", "write a symbol with {n} in it once, such as acme-{n}",
        r"^([A-Za-z0-9][A-Za-z0-9_.-]*)?\{n\}[A-Za-z0-9_.-]*$", 60;
    /// A serial number in upper case (`central.md §1.1`).
    Serial: |text: &str| is_serial(&text.to_ascii_uppercase()), "a serial number",
        "write up to 16 letters and digits", r"^[A-Za-z0-9]+$", 16, str::to_ascii_uppercase;
    /// A MAC address in upper case.
    Mac: |text: &str| is_mac(&text.to_ascii_uppercase()), "a MAC address",
        "write six pairs of hex digits with colons, such as 02:00:5E:00:53:01",
        r"^[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}$", 17, str::to_ascii_uppercase;
    /// 32 hex digits in lower case.
    HexId: |text: &str| text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit()), "an id",
        "write 32 hex digits", r"^[0-9A-Fa-f]{32}$", 32, str::to_ascii_lowercase;
    /// A country: ISO 3166 alpha-2.
    Country: is_country, "a country code of ISO 3166 alpha-2", "write two capital letters, such as US",
        &countries(), 2;
    /// The name of a host, in lower case.
    Host: is_host, "a host name", "write one such as dedicated.example.com",
        r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$", 253;
}

/// The countries as a regular expression.
fn countries() -> String {
    format!("^({})$", COUNTRIES.replace(' ', "|"))
}

impl Word for Life {
    fn of(text: &str) -> Result<Self, Complaint> {
        let spelt = text.len() <= 64 && is_duration(text, &UNITS);
        let life =
            time::parse_duration(text).ok().filter(|_| spelt).and_then(|life| Self::try_from(life).ok());
        let mend = "write whole seconds from 1s to ten years, such as 20s, 15m or 1h 30m";
        life.ok_or_else(|| Complaint::no(text, "the life of a token", mend))
    }

    fn text(&self) -> Cow<'_, str> {
        format!("{:#}", self.duration()).into()
    }

    fn schema() -> Value {
        json!({"type": "string", "pattern": format!("^{}$", duration_pattern(&UNITS)), "maxLength": 64})
    }
}

impl Word for Timestamp {
    fn of(text: &str) -> Result<Self, Complaint> {
        let utc =
            text.ends_with('Z') && text.as_bytes().get(10) == Some(&b'T') && (20..=30).contains(&text.len());
        let instant = text.parse().ok().filter(|_| utc);
        let mend = "write it in UTC, such as 2026-01-31T13:06:59Z";
        instant.ok_or_else(|| Complaint::no(text, "an instant", mend))
    }

    fn text(&self) -> Cow<'_, str> {
        self.to_string().into()
    }

    fn schema() -> Value {
        let pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.,][0-9]{1,9})?Z$";
        json!({"type": "string", "format": "date-time", "pattern": pattern})
    }
}

impl Word for Uuid {
    fn of(text: &str) -> Result<Self, Complaint> {
        let mend = "write 32 hex digits, with or without dashes";
        parse_uuid(text).ok_or_else(|| Complaint::no(text, "an id", mend))
    }

    fn text(&self) -> Cow<'_, str> {
        self.hyphenated().to_string().into()
    }

    fn schema() -> Value {
        let pattern = "^([0-9A-Fa-f]{32}|[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})$";
        json!({"type": "string", "pattern": pattern})
    }
}

impl Word for WorkspaceId {
    fn of(text: &str) -> Result<Self, Complaint> {
        Uuid::of(text).map(Self)
    }

    fn text(&self) -> Cow<'_, str> {
        self.to_string().into()
    }

    fn schema() -> Value {
        Uuid::schema()
    }
}

/// What is wrong with a secret is said without showing it.
impl Word for Secret {
    fn of(text: &str) -> Result<Self, Complaint> {
        SecretText::of(text).map(|_| Self::new(text))
    }

    fn text(&self) -> Cow<'_, str> {
        self.reveal().into()
    }

    fn schema() -> Value {
        SecretText::schema()
    }
}

/// What is wrong with a digest is said without showing it: it may be a secret in the wrong place.
impl Word for Digest {
    fn of(text: &str) -> Result<Self, Complaint> {
        Self::of_hex(text).ok_or_else(|| Complaint {
            message: "is not the SHA-256 of anything".to_owned(),
            mend: "write its 64 hex digits".to_owned(),
        })
    }

    fn text(&self) -> Cow<'_, str> {
        self.hex().into()
    }

    fn schema() -> Value {
        json!({"type": "string", "pattern": "^[0-9A-Fa-f]{64}$"})
    }
}

/// The name of the nth of a subject's tokens: `msp#1`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenName {
    /// The client's name for a minted token, the workspace's symbol for an exchanged one.
    pub subject: Label,
    /// Counted from 1 for each subject.
    pub nth: NthOf,
}

impl Word for TokenName {
    fn of(text: &str) -> Result<Self, Complaint> {
        let halves = text.rsplit_once('#');
        let name = halves.and_then(|(subject, nth)| {
            let nth = Some(nth).filter(|nth| made_of(nth, 10, |byte| byte.is_ascii_digit()));
            let nth = NthOf::new(nth?.parse().ok()?)?;
            Some(Self { subject: Label::of(subject).ok()?, nth })
        });
        name.ok_or_else(|| Complaint::no(text, "the name of a token", "write one such as msp#1"))
    }

    fn text(&self) -> Cow<'_, str> {
        format!("{}#{}", self.subject.as_str(), self.nth.get()).into()
    }

    fn schema() -> Value {
        json!({"type": "string", "pattern": r"^[\s\S]+#[0-9]{1,10}$"})
    }
}

/// A value that only Greenroom writes, as the JSON of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Json<T>(pub T);

impl<T: Serialize + DeserializeOwned> Word for Json<T> {
    fn of(text: &str) -> Result<Self, Complaint> {
        serde_json::from_str(text).map(Self).map_err(|_| Complaint {
            message: "is not what Greenroom writes here".to_owned(),
            mend: "leave it as export wrote it".to_owned(),
        })
    }

    fn text(&self) -> Cow<'_, str> {
        // Nothing that is kept so has a form that JSON does not.
        serde_json::to_string(&self.0).unwrap_or_default().into()
    }

    fn schema() -> Value {
        json!({"type": "string", "contentMediaType": "application/json"})
    }
}

/// A host that is said to be of a Dedicated Platform must be nobody else's.
pub(super) fn dedicated(text: &str) -> Result<Host, Complaint> {
    let host = Host::of(text)?;
    match crate::host::family(text, &[]) {
        None => Ok(host),
        Some(_) => Err(Complaint {
            message: format!("{} is a host of HPE's cloud", quoted(text)),
            mend: "a Dedicated Platform has one of its own".to_owned(),
        }),
    }
}
