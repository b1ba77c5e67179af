//! How sure the source of a fact makes us.

/// What kind of source speaks for a route or for the default of a dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confidence {
    /// Somebody saw a live service do it and published what was seen.
    Live,
    /// HPE or an RFC says so.
    Documented,
    /// A client that is in use sends or expects it.
    Client,
    /// Nobody says so: it follows from what is known.
    Inferred,
}

impl Confidence {
    /// Surest first.
    pub const ALL: [Self; 4] = [Self::Live, Self::Documented, Self::Client, Self::Inferred];

    /// For people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Live => "seen live",
            Self::Documented => "documented",
            Self::Client => "seen in client code",
            Self::Inferred => "inferred",
        }
    }

    /// What it means, for people.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Live => "somebody saw a live service do it and published what was seen",
            Self::Documented => "HPE or an RFC says so",
            Self::Client => "a client that is in use sends or expects it",
            Self::Inferred => "nobody says so: it follows from what is known",
        }
    }
}
