//! The mistakes that this client can be told to make: a row each, and an `if broken(..)` wherever it would be made.

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
    M07: "has a budget of tokens for the whole process, and renews none when it is used up",
    M08: "counts 401 and 429 as one: who waited does not renew",
    M09: "renews the token after a 403",
    M10: "renews the token after a 429",
    M11: "asks for a new token for every call",
    M12: "takes a margin as long as the life: every token has always run out",
    M13: "reads expires_in as milliseconds",
    M14: "fails the call where expires_in is missing",
    M15: "renews by the clock only, and does not react to a 401",
    M16: "takes the OAuth error of a token endpoint for a fault of the network, and asks again for ever",
    M17: "remembers a renewal that failed, and tells of it again",
    M18: "lets everybody who meets the same 401 renew on their own",
    M19: "lets a late 401 wipe out the new token",
    M20: "lets those who waited for a failed renewal try one after another",
    M21: "holds one lock for everything while it sleeps or renews",
    M22: "exchanges on every entry of a tenant",
    M23: "keeps a tenant once by its dashed and once by its plain id",
    M24: "keeps one token for all tenants",
    M25: "takes the token of whichever renewal is under way, in a race",
    M26: "falls back to the MSP token where the exchange is refused",
    M27: "offers the expired MSP token again after it has renewed it",
    M28: "does not renew the MSP token after the refusal that RFC 8693 wants",
    M29: "renews the MSP token again and again for a tenant that it may not enter",
    M30: "waits its own second, whatever Retry-After says",
    M31: "fails the call where Retry-After is a date",
    M32: "waits as long as it is asked to, be it thirty years",
    M33: "repeats at once after a 429 or 503",
    M34: "repeats after a 503 for ever",
    M35: "repeats a POST whose answer was lost",
    M36: "repeats what was refused with 400, 404, 409, 412 or 422",
    M37: "waits until the clock of the wall says so",
    M38: "sends the token in the query rather than in the header",
    M39: "writes the token into the log of level DEBUG",
    M40: "tells the client's secret in the message of a failure",
    M41: "follows a redirect to another host with its token",
    M42: "sends a token request again to wherever it is redirected",
    M43: "takes any certificate when it trusts none",
    M44: "takes a page of HTML, or JSON without a token, for a token: Bearer None",
    M45: "takes a body that was cut for an empty one",
    M46: "begins again with the first page after a 401, and keeps what it has",
    M47: "asks for a token by GET",
    M48: "proves who it is as Basic and in the form at once",
    M49: "asks SSO with unified credentials",
    M50: "fails on members of the token reply that it does not know",
    M51: "uses a token of any type",
    M52: "ignores the access token that it was given",
    M53: "goes on with a dead token that it cannot renew",
    M54: "leaves the dashes in the path of the exchange",
    M55: "renews the MSP token only when a tenant token has run out",
    M56: "sends a stream again empty",
    M57: "leaves out subject_token_type",
    M58: "offers the MSP token that a tenant was entered with, though there is a newer one",
    M59: "takes the life of the MSP token for that of a tenant token, and believes it more than a 401",
    M60: "keeps a tenant that was closed",
    M61: "remembers an entry that failed",
    M62: "has two tokens for the platform and for Central",
    M63: "stores the token of a tenant as that of the MSP",
    M64: "fails on a stored token that ran out",
    M65: "counts the 401 among the 429s: who renewed does not wait",
    M66: "tries the old token once more while somebody else renews it",
    M67: "reads a 204 as JSON, and fails",
    M68: "writes the answer with the secret of a new credential into the log",
    M69: "loses the last page",
    M70: "lets the refusal of one tenant stop all",
    M71: "keeps one token for the whole process: the last one that it got",
    M72: "writes the token into the log of level INFO",
    M73: "follows a redirect from https to http",
    M74: "sends the token in the header and in the query",
    M75: "follows a link in a body to another host with its token",
    M76: "waits for an answer for ever",
    M77: "reads the access token as a JWT of one shape, signed with one key",
    M78: "asks for one more token after it was closed",
    M79: "leaves the tenants open when their MSP client is closed",
    M80: "prefers separate credentials to unified ones",
    M82: "renews the MSP token twice after one refused exchange",
    M83: "renews the tokens of all tenants of the MSP when one has run out",
    M84: "lets everybody who meets the same 401 renew on their own, MSP token and all",
    M85: "asks for two tokens where it needs one, and uses the second",
    M87: "tells every failure as one kind",
    M90: "takes a POST whose answer was lost for done",
    M91: "gives up at the first 429 or 503, and says that it was refused",
    M92: "hands on a refusal as an empty answer that went well",
    M93: "makes the calls of a tenant with the MSP token",
    M100: "asks the issuer of a workspace with separate credentials, which name none",
    M101: "knows one spelling of token_type",
    M102: "asks again for as long as a new token has run out by its expires_in",
    M103: "takes an empty access_token for a token",
    M104: "calls every refusal of a token endpoint a 400",
    M105: "reads a page that it cannot read as one without rows, the last",
    M106: "leaves the debugId out of what it tells",
    M107: "has a cluster wrong in its table",
    M108: "opens MSP mode with separate credentials, and enters tenants with the token of GLP",
    M110: "asks again for as long as it cannot read expires_in as a number of 32 bits",
    M111: "hands on a failure to get a token as an empty answer that went well",
    M112: "ends where a token reply is not plain JSON",
    M113: "names neither the endpoint nor the client that was refused a token",
    M120: "repeats a call without the headers of its caller",
    M121: "uses a new token for the repetition only, and keeps the old one",
    M122: "renews the token only where the body of a 401 is JSON",
    M123: "renews the token after a 400",
    M124: "does not look at the types of a token that was exchanged",
    M126: "renews the MSP token again and again for as long as an exchange is refused for its subject",
    M127: "takes a stream that was refused for done, as it cannot be read again",
    M128: "tells of a renewal that was refused without what was said",
    M140: "takes a 503 for an empty answer that went well",
    M141: "waits a tenth of a second before each further try",
    M142: "repeats a POST after a 500, 502 or 504",
    M143: "takes every failure of a token endpoint for a wrong secret, whatever its status says",
    M144: "gives up when a connection breaks",
    M145: "takes silence for an empty answer that went well",
    M146: "takes a page that was refused with a 429 for an empty last one",
    M147: "turns pages for as long as there is a next one",
    M148: "turns pages until it has as many rows as the first one said",
    M149: "takes a page without rows for a failure",
    M150: "does not say how long it was asked to wait",
    M160: "writes the token file with the token alone",
    M161: "writes the token file with the mode of new files",
    M162: "writes the token file over in place",
    M163: "stores the first token only",
    M164: "does not use the stored token",
    M165: "does not double a quote in the name of a tenant",
    M166: "keeps a tenant once by its name and once by its id",
    M167: "drops the tokens of all tenants when one is renewed",
    M168: "has one client for the whole process: the first that was opened",
    M180: "hands on a redirect that it does not follow as an empty answer that went well",
    M181: "tries a refused sign-in once more, with the credentials in the URL",
    M182: "follows a redirect with the token in the Referer",
    M183: "writes the secret of a refused sign-in into the log",
    M184: "quotes an answer that it cannot read",
    M185: "sends the token in a JSON body as well",
    M186: "reads the end of a token from its claims, by its own clock",
    M187: "asks again for a token that has run out by its claims, and gives up in the end",
    M188: "refuses a token that was issued an hour from now or later, by its own clock",
    M189: "makes up for all renewals that it slept through",
    M190: "renews by a clock that stands still in sleep, and does not react to a 401 after one",
    M191: "does not renew a token that it is yet to get, by its own clock",
    M192: "does not end before its token has run out",
    M193: "waits at close for all that is under way",
    M194: "keeps its connections when it is closed",
    M195: "is closed, and says that it is not",
    M196: "keeps its connections when it is left by an exception",
    M197: "names its token where it tells of a call that was refused",
    M198: "reads the first page of tenants only",
    M199: "repeats a call with a body once more after it was repeated well",
    M200: "takes the MSP token, renews it, and offers the one that it took",
    M201: "keeps the refresh token that it sent, and not the one that came for it",
    M202: "stores the new access token without the refresh token that came with it",
    M203: "lets everybody who meets the same 401 refresh, with the refresh token that all of them have",
    M204: "signs in where a refresh is limited",
    M205: "does not sign in when the refresh token is worth nothing",
    M206: "signs in twice, and uses what the second sign-in gave",
    M207: "ends the process when a sign-in is refused",
    M208: "sends the JSON of a body as a JSON text when it repeats a call",
    M209: "sends a refresh again when its answer was lost",
    M210: "refreshes only where a 401 of Classic Central says invalid_token",
    M211: "goes on with the access token that a refresh on demand has replaced",
    M212: "sends a refresh token again over which the server broke down",
    M213: "repeats a call with the access token that was refused, if it has nothing to get another with",
    M214: "fails to refresh on demand, before anything is sent",
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
        let error = "M00".parse::<Mutant>().unwrap_err().to_string();
        let last = Mutant::ALL[Mutant::ALL.len() - 1];
        assert_eq!(error, format!("no mutant is called M00: the first is M01, the last {last}"));
    }

    #[test]
    fn a_switch_that_was_asked_is_reached() {
        let switches = Switches::new(Some(Mutant::M05));
        assert!(!switches.broken(Mutant::M18) && switches.broken(Mutant::M05));
        assert!(switches.broken(Mutant::M05));
        assert_eq!(switches.reached(), "M05\nM18\n");
    }
}
