//! Dialects: one named switch for every behaviour that no source settles.
//!
//! Each row is an enum with a default, the source that speaks for the default, and how sure that
//! source makes us. Three presets set groups of rows: `live` (the best evidence of what HPE does),
//! `rfc` (what the RFCs demand) and `sdk` (what pycentral hopes for).

use std::{fmt, str::FromStr};

use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{limit::Quota, nearest, time};

/// A group of dialect values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Preset {
    /// The best evidence of what HPE does. The default.
    Live,
    /// What the RFCs demand.
    Rfc,
    /// What pycentral hopes for.
    Sdk,
}

impl FromStr for Preset {
    type Err = DialectError;

    fn from_str(text: &str) -> Result<Self, DialectError> {
        match text {
            "live" => Ok(Self::Live),
            "rfc" => Ok(Self::Rfc),
            "sdk" => Ok(Self::Sdk),
            _ => Err(DialectError::Preset(text.to_owned())),
        }
    }
}

/// Why a dialect cannot be set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DialectError {
    /// No row of that name.
    #[error("unknown dialect {name:?}{}", nearest::hint(.nearest))]
    Row {
        /// What was asked for.
        name: String,
        /// The known name that looks most like it.
        nearest: Option<&'static str>,
    },
    /// The row has no such value.
    #[error("dialect {row} has no value {value:?}: {expected}")]
    Value {
        /// The row.
        row: &'static str,
        /// What was asked for.
        value: String,
        /// The values it has.
        expected: String,
    },
    /// No preset of that name.
    #[error("unknown preset {0:?}: live, rfc or sdk")]
    Preset(String),
    /// Not of the form `name=value`.
    #[error("{0:?} sets no dialect: write NAME=VALUE, or the name of a preset (live, rfc, sdk)")]
    Form(String),
}

/// Which part of the cloud a dialect is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Area {
    /// The token endpoints.
    Issuers,
    /// All services.
    Everywhere,
    /// HPE GreenLake Platform.
    Glp,
    /// New Central.
    Central,
    /// Classic Central.
    Classic,
}

impl Area {
    /// For people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Issuers => "Token endpoints",
            Self::Everywhere => "All services",
            Self::Glp => "HPE GreenLake Platform",
            Self::Central => "New Central",
            Self::Classic => "Classic Central",
        }
    }
}

/// One row as people see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Row {
    /// The name of the switch.
    pub name: String,
    /// The part of the cloud it is about.
    pub area: String,
    /// Its present value.
    pub value: String,
    /// What preset `live` sets.
    pub default: String,
    /// What it may be set to.
    pub values: Vec<String>,
    /// What it decides.
    pub about: String,
    /// Where the default comes from.
    pub source: String,
    /// How sure the source makes us: `seen live`, `documented`, `seen in client code` or `inferred`.
    pub confidence: String,
}

/// A type that a row can hold. The default is what preset `live` sets.
trait Choice: Copy + Default {
    fn parse(text: &str) -> Option<Self>;
    fn name(self) -> String;
    fn names() -> Vec<String>;
}

/// How long after `exp` a token is still accepted. Default: not at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClockSkew(pub SignedDuration);

impl Choice for ClockSkew {
    fn parse(text: &str) -> Option<Self> {
        time::parse_duration(text).ok().map(Self)
    }

    fn name(self) -> String {
        format!("{:#}", self.0)
    }

    fn names() -> Vec<String> {
        vec!["any duration, such as 0s or 30s".to_owned()]
    }
}

/// Whose numbers limit the rate of calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RateLimits {
    /// Nobody's.
    #[default]
    Off,
    /// HPE's, where it documents any.
    Documented,
    /// These.
    Custom(Quota),
}

impl Choice for RateLimits {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "off" => Some(Self::Off),
            "documented" => Some(Self::Documented),
            _ => text.strip_prefix("custom:")?.parse().ok().map(Self::Custom),
        }
    }

    fn name(self) -> String {
        match self {
            Self::Off => "off".to_owned(),
            Self::Documented => "documented".to_owned(),
            Self::Custom(quota) => format!("custom:{quota}"),
        }
    }

    fn names() -> Vec<String> {
        ["off", "documented", "custom:N/DURATION, such as custom:60/1m"].map(str::to_owned).into()
    }
}

/// Writes the type of each row that lists its values, and all that is done to the table as a whole. A
/// row without values has a type of its own above.
macro_rules! dialects {
    ($(
        $(#[doc = $about:literal])+
        $row:ident: $type:ident {
            $($variant:ident = $name:literal),* $(,)?
        } $(rfc $rfc:ident)? $(sdk $sdk:ident)? ;
        $area:ident, source $source:literal, $confidence:ident;
    )+) => {
        $(dialects!(@type [$($about)+] $type $($variant = $name,)*);)+

        /// The value of every row.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct Dialect {
            $($(#[doc = $about])+ pub $row: $type,)+
        }

        impl Dialect {
            /// The names of all rows.
            pub const NAMES: &'static [&'static str] = &[$(stringify!($row)),+];

            /// The values that a preset stands for.
            pub fn preset(preset: Preset) -> Self {
                Self {
                    $($row: match preset {
                        $(Preset::Rfc => $type::$rfc,)?
                        $(Preset::Sdk => $type::$sdk,)?
                        _ => $type::default(),
                    },)+
                }
            }

            /// Sets one row by name.
            pub fn set(&mut self, name: &str, value: &str) -> Result<(), DialectError> {
                match name {
                    $(stringify!($row) => assign(&mut self.$row, stringify!($row), value),)+
                    _ => Err(DialectError::Row {
                        name: name.to_owned(),
                        nearest: nearest::of(name, Self::NAMES),
                    }),
                }
            }

            /// Every row as people see it.
            pub fn rows(&self) -> Vec<Row> {
                vec![$(Row {
                    name: stringify!($row).to_owned(),
                    area: Area::$area.name().to_owned(),
                    value: self.$row.name(),
                    default: $type::default().name(),
                    values: $type::names(),
                    about: concat!($($about),+).trim().to_owned(),
                    source: $source.to_owned(),
                    confidence: Confidence::$confidence.name().to_owned(),
                },)+]
            }
        }
    };
    (@type [$($about:literal)+] $type:ident) => {};
    (@type [$($about:literal)+] $type:ident $first:ident = $default:literal, $($variant:ident = $name:literal,)*) => {
        $(#[doc = $about])+
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub enum $type {
            #[doc = concat!("`", $default, "`")]
            #[default]
            $first,
            $(#[doc = concat!("`", $name, "`")] $variant),*
        }

        impl Choice for $type {
            fn parse(text: &str) -> Option<Self> {
                match text {
                    $default => Some(Self::$first),
                    $($name => Some(Self::$variant),)*
                    _ => None,
                }
            }

            fn name(self) -> String {
                match self {
                    Self::$first => $default.to_owned(),
                    $(Self::$variant => $name.to_owned(),)*
                }
            }

            fn names() -> Vec<String> {
                vec![$default.to_owned(), $($name.to_owned()),*]
            }
        }
    };
}

mod table;

pub use self::table::*;

fn assign<T: Choice>(slot: &mut T, row: &'static str, value: &str) -> Result<(), DialectError> {
    *slot = T::parse(value).ok_or_else(|| DialectError::Value {
        row,
        value: value.to_owned(),
        expected: T::names().join(", "),
    })?;
    Ok(())
}

impl Default for Dialect {
    fn default() -> Self {
        Self::preset(Preset::Live)
    }
}

impl Dialect {
    /// Applies `NAME=VALUE`, or a preset by its name (which sets every row).
    pub fn apply(&mut self, setting: &str) -> Result<(), DialectError> {
        match setting.split_once('=') {
            Some((name, value)) => self.set(name.trim(), value.trim()),
            None => match setting.parse() {
                Ok(preset) => {
                    *self = Self::preset(preset);
                    Ok(())
                }
                Err(_) => Err(DialectError::Form(setting.to_owned())),
            },
        }
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.name, self.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_of_every_row_can_be_set_and_read_back() {
        for row in Dialect::default().rows() {
            assert_eq!(row.value, row.default, "{}", row.name);
            // The others name a form, not a value.
            for value in row.values.iter().filter(|value| !value.contains(' ')) {
                let mut dialect = Dialect::default();
                dialect.set(&row.name, value).unwrap();
                let after = dialect.rows().into_iter().find(|after| after.name == row.name);
                assert_eq!(&after.unwrap().value, value);
            }
        }
        let mut dialect = Dialect::default();
        dialect.apply("clock_skew=1m 30s").unwrap();
        assert_eq!(dialect.clock_skew.0, SignedDuration::from_secs(90));
        dialect.apply("rate_limits=custom: 60 / 1m").unwrap();
        assert_eq!(dialect.rate_limits.name(), "custom:60/1m");
    }

    #[test]
    fn presets_differ_where_the_table_says_so() {
        let rfc = Dialect::preset(Preset::Rfc);
        assert_eq!(rfc.exchange_expired, ExchangeExpired::Rfc8693);
        assert_eq!(rfc.expires_in_shape, ExpiresInShape::Life);
        let sdk = Dialect::preset(Preset::Sdk);
        assert_eq!(sdk.exchange_expired, ExchangeExpired::InvalidClient);
        assert_eq!(sdk.exchange_foreign_tenant, ExchangeForeignTenant::UnauthorizedRequest);
        assert_eq!(sdk.wrong_cluster, WrongCluster::Accept);
    }

    #[test]
    fn wrong_settings_name_the_mend() {
        let mut dialect = Dialect::default();
        let error = dialect.apply("exchange_expird=live").unwrap_err().to_string();
        assert!(error.contains("exchange_expired"), "{error}");
        let error = dialect.apply("exchange_expired=soon").unwrap_err().to_string();
        assert!(error.contains("live, rfc8693, invalid_client"), "{error}");
        assert!(dialect.apply("nonsense").unwrap_err().to_string().contains("NAME=VALUE"));
        for quota in
            ["custom", "custom:", "custom:60", "custom:0/1m", "custom:-1/1m", "custom:1/0s", "custom:1/25h"]
        {
            let error = dialect.apply(&format!("rate_limits={quota}")).unwrap_err().to_string();
            assert!(error.contains("custom:60/1m"), "{error}");
        }
        assert_eq!(dialect, Dialect::default());
    }
}
