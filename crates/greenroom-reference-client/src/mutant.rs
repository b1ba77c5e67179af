//! The mistakes that this client can be told to make: one row and one `if broken(..)` each.

use std::{
    collections::BTreeSet,
    fmt,
    str::FromStr,
    sync::{Mutex, PoisonError},
};

macro_rules! mutants {
    ($($name:ident: $sentence:literal),* $(,)?) => {
        /// A mistake that other clients were seen to make.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Mutant {
            $(#[doc = $sentence] $name),*
        }

        impl Mutant {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// Its name.
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name)),* }
            }

            /// What it does wrong.
            pub fn sentence(self) -> &'static str {
                match self { $(Self::$name => $sentence),* }
            }
        }
    };
}

mutants! {
    M01: "never renews a token after a 401",
    M02: "renews, and repeats the call with the old token",
    M03: "repeats a call without its body",
    M04: "returns the first 401 after a repeat that went well",
    M05: "renews and repeats for as long as a 401 comes",
    M06: "asks for a token again for as long as the secret is wrong",
    M08: "counts 401 and 429 as one: who waited does not renew",
    M09: "renews the token after a 403",
    M11: "asks for a new token for every call",
    M12: "takes a margin as long as the life: every token has always run out",
    M13: "reads expires_in as milliseconds",
    M15: "renews by the clock only, and does not react to a 401",
    M16: "takes the OAuth error of a token endpoint for a fault of the network, and asks again for ever",
    M18: "lets everybody who meets the same 401 renew on their own",
    M22: "exchanges on every entry of a tenant",
    M23: "keeps a tenant once by its dashed and once by its plain id",
    M24: "keeps one token for all tenants",
    M26: "falls back to the MSP token where the exchange is refused",
    M27: "offers the expired MSP token again after it has renewed it",
    M28: "does not renew the MSP token after the refusal that RFC 8693 wants",
    M29: "renews the MSP token again and again for a tenant that it may not enter",
    M30: "waits its own second, whatever Retry-After says",
    M31: "fails the call where Retry-After is a date",
    M33: "repeats at once after a 429 or 503",
    M35: "repeats a POST whose answer was lost",
    M38: "sends the token in the query rather than in the header",
    M39: "writes the token into the log of level DEBUG",
    M40: "tells the client's secret in the message of a failure",
    M41: "follows a redirect to another host with its token",
    M42: "sends a token request again to wherever it is redirected",
    M46: "begins again with the first page after a 401, and keeps what it has",
    M47: "asks for a token by GET",
    M48: "proves who it is as Basic and in the form at once",
    M53: "goes on with a dead token that it cannot renew",
    M55: "renews the MSP token only when a tenant token has run out",
    M57: "leaves out subject_token_type",
    M59: "takes the life of the MSP token for that of a tenant token, and believes it more than a 401",
    M66: "tries the old token once more while somebody else renews it",
    M69: "loses the last page",
    M71: "keeps one token for the whole process: the last one that it got",
    M72: "writes the token into the log of level INFO",
    M74: "sends the token in the header and in the query",
    M75: "follows a link in a body to another host with its token",
    M78: "asks for one more token after it was closed",
    M79: "leaves the tenants open when their MSP client is closed",
    M82: "renews the MSP token twice after one refused exchange",
    M83: "renews the tokens of all tenants of the MSP when one has run out",
    M84: "lets everybody who meets the same 401 renew on their own, MSP token and all",
    M85: "asks for two tokens where it needs one, and uses the second",
    M87: "tells every failure as one kind",
    M90: "takes a POST whose answer was lost for done",
    M91: "gives up at the first 429 or 503, and says that it was refused",
    M92: "hands on a refusal as an empty answer that went well",
    M93: "makes the calls of a tenant with the MSP token",
}

/// A name that is none of a mutant's.
#[derive(Debug, thiserror::Error)]
#[error("no mutant is called {0}: the first is M01, the last {last}", last = Mutant::ALL[Mutant::ALL.len() - 1])]
pub struct UnknownMutant(String);

impl FromStr for Mutant {
    type Err = UnknownMutant;

    fn from_str(name: &str) -> Result<Self, UnknownMutant> {
        let known = Self::ALL.iter().find(|mutant| mutant.name() == name);
        known.copied().ok_or_else(|| UnknownMutant(name.to_owned()))
    }
}

impl fmt::Display for Mutant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Which mistake is made, and the switches that were asked about: a run that never asks about one is the same
/// with that mistake as without it.
#[derive(Debug, Default)]
pub(crate) struct Switches {
    on: Option<Mutant>,
    reached: Mutex<BTreeSet<Mutant>>,
}

impl Switches {
    pub(crate) fn new(on: Option<Mutant>) -> Self {
        Self { on, reached: Mutex::default() }
    }

    /// Whether this mistake is to be made here. Asked last in a condition, so that it is reached only where it
    /// makes a difference.
    pub(crate) fn broken(&self, mutant: Mutant) -> bool {
        self.reached.lock().unwrap_or_else(PoisonError::into_inner).insert(mutant);
        self.on == Some(mutant)
    }

    /// The names of the switches that were reached, one a line.
    pub(crate) fn reached(&self) -> String {
        let reached = self.reached.lock().unwrap_or_else(PoisonError::into_inner);
        reached.iter().map(|mutant| format!("{mutant}\n")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_and_others_are_refused() {
        for mutant in Mutant::ALL {
            assert_eq!(mutant.name().parse::<Mutant>().unwrap(), *mutant);
        }
        let error = "M99".parse::<Mutant>().unwrap_err().to_string();
        assert_eq!(error, "no mutant is called M99: the first is M01, the last M93");
    }

    #[test]
    fn a_switch_that_was_asked_is_reached() {
        let switches = Switches::new(Some(Mutant::M05));
        assert!(!switches.broken(Mutant::M18) && switches.broken(Mutant::M05));
        assert!(switches.broken(Mutant::M05));
        assert_eq!(switches.reached(), "M05\nM18\n");
    }
}
