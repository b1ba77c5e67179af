//! Which requests are meant.

use std::{collections::BTreeMap, fmt, num::NonZeroU64, str::FromStr};

use schemars::JsonSchema;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor},
    ser::SerializeMap,
};

use crate::{
    call::OpKind,
    credential::AuthMethod,
    history::{Exchange, Request, Response, TokenView},
    nearest,
    token::TokenKind,
};

/// Any of some values: written as one, or as a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnyOf<T>(Vec<T>);

impl<T: PartialEq> AnyOf<T> {
    fn has(&self, value: &T) -> bool {
        self.0.contains(value)
    }
}

impl<T> AnyOf<T> {
    /// The values.
    pub fn values(&self) -> &[T] {
        &self.0
    }
}

impl<T> From<T> for AnyOf<T> {
    fn from(value: T) -> Self {
        Self(vec![value])
    }
}

/// A text in which `*` stands for anything, slashes included. Upper and lower case differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Glob(String);

impl FromStr for Glob {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Glob {
    pub(super) fn of(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// Whether it is one text and no other.
    pub(super) fn literal(&self) -> Option<&str> {
        (!self.0.contains('*')).then_some(self.0.as_str())
    }

    /// Whether a text is one of those. Linear but for backtracking to the last star, which bounds it by the product of both lengths.
    pub fn fits(&self, value: &str) -> bool {
        let (pattern, value) = (self.0.as_bytes(), value.as_bytes());
        let (mut p, mut v, mut star) = (0, 0, None);
        while v < value.len() {
            if pattern.get(p) == Some(&b'*') {
                star = Some((p, v));
                p += 1;
            } else if pattern.get(p) == Some(&value[v]) {
                (p, v) = (p + 1, v + 1);
            } else if let Some((at, from)) = star {
                star = Some((at, from + 1));
                (p, v) = (at + 1, from + 1);
            } else {
                return false;
            }
        }
        pattern[p..].iter().all(|byte| *byte == b'*')
    }
}

/// A pattern for a text.
pub type Pattern = AnyOf<Glob>;

impl From<&str> for Pattern {
    fn from(text: &str) -> Self {
        Self(vec![Glob(text.to_owned())])
    }
}

impl Pattern {
    /// Whether any of its globs fits.
    pub fn fits(&self, value: &str) -> bool {
        self.0.iter().any(|glob| glob.fits(value))
    }
}

/// Which requests are meant. A field that is absent means any; all given ones must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selector {
    /// What kind of request.
    pub op: Option<AnyOf<OpKind>>,
    /// The kind of its token: the bearer of an api request, the subject of an exchange.
    pub kind: Option<AnyOf<TokenKind>>,
    /// The phase in which it came: the step of a scenario.
    pub phase: Option<Pattern>,
    /// The bearer token's symbol.
    pub token: Option<Pattern>,
    /// The subject token's symbol.
    pub subject: Option<Pattern>,
    /// The workspace the bearer acts in, by symbol.
    pub actor: Option<Pattern>,
    /// The workspace in the path of a token request, by symbol; of any other request the actor.
    pub workspace: Option<Pattern>,
    /// The client that a token request names, by name.
    pub client: Option<Pattern>,
    /// How client credentials were sent.
    pub auth: Option<AnyOf<AuthMethod>>,
    /// The host.
    pub host: Option<Pattern>,
    /// The method.
    pub method: Option<Pattern>,
    /// The path.
    pub path: Option<Pattern>,
    /// The query as it was written.
    pub query: Option<Pattern>,
    /// Parameters of the query, by name: `query.limit`.
    pub parameters: BTreeMap<String, Pattern>,
    /// Headers, by name in lower case: `header.accept`.
    pub headers: BTreeMap<String, Pattern>,
    /// Parameters of the form of a token request, by name: `form.grant_type`.
    pub form: BTreeMap<String, Pattern>,
    /// The status of the answer. Known only afterwards.
    pub status: Option<AnyOf<u16>>,
    /// The code of the refusal. Known only afterwards.
    pub refused: Option<Pattern>,
    /// The rule that was applied to it.
    pub applied: Option<Pattern>,
    /// The stimulus that fired on it: another name of `applied`, as scenarios call it.
    pub fired: Option<Pattern>,
    /// Only that one of those that match, counted from 1. Whoever counts them applies it.
    pub nth: Option<NonZeroU64>,
}

/// The fields that are one value. Three more have a name behind a dot.
const FIELDS: [&str; 21] = [
    "op",
    "kind",
    "phase",
    "token",
    "subject",
    "actor",
    "workspace",
    "client",
    "auth",
    "host",
    "method",
    "path",
    "query",
    "status",
    "refused",
    "applied",
    "fired",
    "nth",
    "query.NAME",
    "header.NAME",
    "form.NAME",
];

impl Selector {
    /// The names of its fields; of those with a name behind a dot one stands for all, `query.NAME`.
    pub fn fields() -> impl Iterator<Item = &'static str> {
        FIELDS.into_iter()
    }

    /// Whether an exchange is meant, but for `nth`.
    pub fn matches(&self, exchange: &Exchange) -> bool {
        self.matches_request(&exchange.request) && self.matches_response(exchange.response.as_ref())
    }

    /// Whether an exchange can be judged only when it has been answered.
    pub fn wants_an_answer(&self) -> bool {
        let Self { status, refused, applied, fired, .. } = self;
        status.is_some() || refused.is_some() || applied.is_some() || fired.is_some()
    }

    /// Whether a request is meant, as far as can be known before it is answered.
    pub(crate) fn matches_request(&self, request: &Request) -> bool {
        let view = match request.op {
            OpKind::Exchange | OpKind::Refresh | OpKind::SignIn => &request.subject,
            _ => &request.token,
        };
        let kind = view.as_ref().and_then(|view| view.kind);
        let workspace = request.workspace.as_deref().or(request.actor.as_deref());
        any(&self.op, Some(&request.op))
            && any(&self.kind, kind.as_ref())
            && fits(&self.phase, request.phase.as_deref())
            && fits(&self.token, symbol(&request.token))
            && fits(&self.subject, symbol(&request.subject))
            && fits(&self.actor, request.actor.as_deref())
            && fits(&self.workspace, workspace)
            && fits(&self.client, request.client.as_deref())
            && any(&self.auth, request.auth.as_ref())
            && fits(&self.host, Some(&request.host))
            && fits(&self.method, Some(&request.method))
            && fits(&self.path, Some(&request.path))
            && fits(&self.query, Some(&request.query))
            && self.parameters.iter().all(|(name, pattern)| {
                let mut pairs = form_urlencoded::parse(request.query.as_bytes());
                pairs.any(|(given, value)| given == name.as_str() && pattern.fits(&value))
            })
            && self.headers.iter().all(|(name, pattern)| {
                request.headers.iter().any(|(given, value)| given == name && pattern.fits(value))
            })
            && self
                .form
                .iter()
                .all(|(name, pattern)| request.form.get(name).is_some_and(|value| pattern.fits(value)))
    }

    /// Whether a connection to a host is meant, if nothing else of it is known.
    pub(super) fn matches_host(&self, host: Option<&str>) -> bool {
        fits(&self.host, host)
    }

    /// Whether the answer is as the selector wants it, if it wants it to be so.
    pub(crate) fn matches_response(&self, response: Option<&Response>) -> bool {
        let applied = |pattern: &Option<Pattern>| {
            pattern.as_ref().is_none_or(|pattern| {
                response.is_some_and(|response| response.applied.iter().any(|rule| pattern.fits(rule)))
            })
        };
        any(&self.status, response.and_then(|response| response.status.as_ref()))
            && fits(&self.refused, response.and_then(|response| response.refused.as_deref()))
            && applied(&self.applied)
            && applied(&self.fired)
    }

    /// Sets a field by its name, from a text: `status` to `429`. A name that is not known, or a text that
    /// cannot stand there, is an error for people, and so is a field that is set already.
    pub fn set(&mut self, field: &str, text: &str) -> Result<(), String> {
        match self.has(field) {
            true => Err("given twice: say it once".to_owned()),
            false => self.put(field, vec![text.to_owned()]),
        }
    }

    /// Whether a field of this name is set.
    fn has(&self, field: &str) -> bool {
        let name = match field.split_once('.') {
            Some(("header", name)) => format!("header.{}", name.to_ascii_lowercase()),
            _ => field.to_owned(),
        };
        self.given().iter().any(|(given, _)| *given == name)
    }

    fn put(&mut self, field: &str, texts: Vec<String>) -> Result<(), String> {
        match field {
            "op" => self.op = Some(all(texts)?),
            "kind" => self.kind = Some(all(texts)?),
            "phase" => self.phase = Some(all(texts)?),
            "token" => self.token = Some(all(texts)?),
            "subject" => self.subject = Some(all(texts)?),
            "actor" => self.actor = Some(all(texts)?),
            "workspace" => self.workspace = Some(all(texts)?),
            "client" => self.client = Some(all(texts)?),
            "auth" => self.auth = Some(all(texts)?),
            "host" => self.host = Some(all(texts)?),
            "method" => self.method = Some(all(texts)?),
            "path" => self.path = Some(all(texts)?),
            "query" => self.query = Some(all(texts)?),
            "status" => self.status = Some(all(texts)?),
            "refused" => self.refused = Some(all(texts)?),
            "applied" => self.applied = Some(all(texts)?),
            "fired" => self.fired = Some(all(texts)?),
            "nth" => match &texts[..] {
                [text] => self.nth = Some(text.parse().map_err(|_| "a whole number from 1 on".to_owned())?),
                _ => return Err("one number: say it in several rules".to_owned()),
            },
            _ => {
                let (group, name) = field.split_once('.').unwrap_or_default();
                let group = match group {
                    "query" => &mut self.parameters,
                    "header" => &mut self.headers,
                    "form" => &mut self.form,
                    _ => {
                        let hint = nearest::hint(&nearest::of(field, &FIELDS));
                        return Err(format!("there is no field {field:?}{hint}"));
                    }
                };
                let lower =
                    if field.starts_with("header.") { name.to_ascii_lowercase() } else { name.to_owned() };
                group.insert(lower, all(texts)?);
            }
        }
        Ok(())
    }

    /// Every field that is given, by name, with its values.
    pub(super) fn given(&self) -> Vec<(String, Vec<String>)> {
        fn texts<T: fmt::Display>(any: &AnyOf<T>) -> Vec<String> {
            any.0.iter().map(T::to_string).collect()
        }
        let one = |name: &str, values: Option<Vec<String>>| values.map(|values| (name.to_owned(), values));
        let many = |group: &'static str, named: &BTreeMap<String, Pattern>| {
            let row = move |(name, pattern): (&String, &Pattern)| (format!("{group}.{name}"), texts(pattern));
            named.iter().map(row).collect::<Vec<_>>()
        };
        [
            one("op", self.op.as_ref().map(texts)),
            one("kind", self.kind.as_ref().map(texts)),
            one("phase", self.phase.as_ref().map(texts)),
            one("token", self.token.as_ref().map(texts)),
            one("subject", self.subject.as_ref().map(texts)),
            one("actor", self.actor.as_ref().map(texts)),
            one("workspace", self.workspace.as_ref().map(texts)),
            one("client", self.client.as_ref().map(texts)),
            one(
                "auth",
                self.auth.as_ref().map(|auth| auth.0.iter().map(|auth| auth.name().to_owned()).collect()),
            ),
            one("host", self.host.as_ref().map(texts)),
            one("method", self.method.as_ref().map(texts)),
            one("path", self.path.as_ref().map(texts)),
            one("query", self.query.as_ref().map(texts)),
            one("status", self.status.as_ref().map(texts)),
            one("refused", self.refused.as_ref().map(texts)),
            one("applied", self.applied.as_ref().map(texts)),
            one("fired", self.fired.as_ref().map(texts)),
            one("nth", self.nth.map(|nth| vec![nth.to_string()])),
        ]
        .into_iter()
        .flatten()
        .chain(many("query", &self.parameters))
        .chain(many("header", &self.headers))
        .chain(many("form", &self.form))
        .collect()
    }
}

fn symbol(view: &Option<TokenView>) -> Option<&str> {
    view.as_ref().map(|view| view.symbol.as_str())
}

fn any<T: PartialEq>(wanted: &Option<AnyOf<T>>, value: Option<&T>) -> bool {
    wanted.as_ref().is_none_or(|wanted| value.is_some_and(|value| wanted.has(value)))
}

fn fits(wanted: &Option<Pattern>, value: Option<&str>) -> bool {
    wanted.as_ref().is_none_or(|wanted| value.is_some_and(|value| wanted.fits(value)))
}

fn all<T: FromStr<Err: fmt::Display>>(texts: Vec<String>) -> Result<AnyOf<T>, String> {
    if texts.is_empty() {
        return Err("an empty list means nothing: leave the field out".to_owned());
    }
    texts
        .iter()
        .map(|text| text.parse().map_err(|error: T::Err| error.to_string()))
        .collect::<Result<_, _>>()
        .map(AnyOf)
}

/// One value or a list of them, as texts.
struct Texts(Vec<String>);

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMore;

        impl<'de> Visitor<'de> for OneOrMore {
            type Value = Texts;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, a number, or a list of these")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Texts, E> {
                Ok(Texts(vec![text.to_owned()]))
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Texts, E> {
                Ok(Texts(vec![number.to_string()]))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Texts, E> {
                Ok(Texts(vec![number.to_string()]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Texts, A::Error> {
                let mut texts = Vec::new();
                while let Some(Self::Value { 0: mut inner }) = list.next_element()? {
                    match inner.len() {
                        1 => texts.append(&mut inner),
                        _ => return Err(de::Error::custom("a list in a list")),
                    }
                }
                Ok(Texts(texts))
            }
        }

        deserializer.deserialize_any(OneOrMore)
    }
}

impl Selector {
    /// Reads the fields of a map; `other` takes those that are not a selector's, and says whether one was.
    pub fn read<'de, A: MapAccess<'de>>(
        map: &mut A,
        mut other: impl FnMut(&str, &mut A) -> Result<bool, A::Error>,
    ) -> Result<Self, A::Error> {
        let mut selector = Self::default();
        while let Some(field) = map.next_key::<String>()? {
            if !other(&field, map)? {
                map.next_value_seed(Field { selector: &mut selector, name: &field })?;
            }
        }
        Ok(selector)
    }
}

/// A field to be put. It is put while it is read, so that who follows the reading knows where a mistake is.
struct Field<'a> {
    selector: &'a mut Selector,
    name: &'a str,
}

impl<'de> DeserializeSeed<'de> for Field<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        let Texts(texts) = Texts::deserialize(deserializer)?;
        if self.selector.has(self.name) {
            return Err(de::Error::custom(format!("{}: given twice: write a list", self.name)));
        }
        let put = self.selector.put(self.name, texts);
        put.map_err(|error| de::Error::custom(format!("{}: {error}", self.name)))
    }
}

impl<'de> Deserialize<'de> for Selector {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;

        impl<'de> Visitor<'de> for Fields {
            type Value = Selector;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the fields of a selector")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Selector, A::Error> {
                Selector::read(&mut map, |_, _| Ok(false))
            }
        }

        deserializer.deserialize_map(Fields)
    }
}

impl Selector {
    /// Writes the fields that are given into a map.
    pub fn write<S: SerializeMap>(&self, map: &mut S) -> Result<(), S::Error> {
        for (name, values) in self.given() {
            match &values[..] {
                [value] => map.serialize_entry(&name, value)?,
                _ => map.serialize_entry(&name, &values)?,
            }
        }
        Ok(())
    }
}

impl Serialize for Selector {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.write(&mut map)?;
        map.end()
    }
}
