//! Users: who they are, how far they have come, and what they prefer.

use jiff::Timestamp;
use rpds::VectorSync;
use uuid::Uuid;

use crate::{credential::ClientSecret, world::UserIx};

/// A user of one workspace or several. A client's tokens act with the rights of the user who made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// E-mail address: `sub` of SSO tokens and the name in the audit log.
    pub email: String,
    /// `id` of the users API. Follows from the seed and the address.
    pub id: Uuid,
    /// The opaque part of `user:…`, the `sub` of workspace tokens (`glp.md §2.3`).
    pub principal: String,
    /// `user_ctx` of SSO tokens.
    pub context: String,
    /// The name of the role that decides what the user's tokens may do.
    pub role: String,
    /// The first name, where one was given.
    pub first_name: Option<String>,
    /// The last name, where one was given.
    pub last_name: Option<String>,
    /// How far the user has come.
    pub status: UserStatus,
    /// The preferred language.
    pub language: Language,
    /// After how many idle seconds a session ends.
    pub idle_timeout: u32,
    /// When the user was made.
    pub created_at: Timestamp,
    /// When the user was last changed.
    pub updated_at: Timestamp,
    /// When a token was last issued to a client of the user.
    pub last_login: Option<Timestamp>,
    /// How often the user was made or changed.
    pub generation: u32,
    /// What the user signs in to Classic Central with. Who has no application there has none.
    pub password: ClientSecret,
}

/// `idleTimeout` if nothing is said (`glp.md §7.2`).
pub const IDLE_TIMEOUT: u32 = 1_800;

impl User {
    /// First and last name. Where none was given they are those of the address: `msp.admin@…` is Msp Admin. Who has
    /// not accepted an invitation has not given any.
    pub fn names(&self) -> [Option<String>; 2] {
        let local = self.email.split('@').next().unwrap_or_default();
        let mut words = local.split(['.', '_', '-', '+']).filter(|word| !word.is_empty()).map(capitalised);
        let mut of_address = || words.next().filter(|_| self.status != UserStatus::Unverified);
        [&self.first_name, &self.last_name].map(|given| {
            let made_up = of_address();
            given.clone().or(made_up)
        })
    }
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

macro_rules! words {
    ($(#[doc = $about:literal])+ $name:ident { $($(#[doc = $what:literal])+ $value:ident = $word:literal),+ $(,)? }) => {
        $(#[doc = $about])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $($(#[doc = $what])+ $value),+ }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$value),+];

            /// Its name on the wire.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$value => $word),+ }
            }

            /// The names of all of them.
            pub fn names() -> Vec<&'static str> {
                Self::ALL.iter().map(|value| value.name()).collect()
            }

            /// The one of that name.
            pub fn named(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.name() == name)
            }
        }
    };
}

words! {
    /// `userStatus` of an account (`glp.md §7.2`). What becomes of a user who was removed is told of the workspace and
    /// not of the account.
    UserStatus {
        /// Invited, and has not answered.
        Unverified = "UNVERIFIED",
        /// A user.
        Verified = "VERIFIED",
        /// Shut out.
        Blocked = "BLOCKED",
        /// Shut out for a while.
        Suspended = "SUSPENDED",
    }
}

impl UserStatus {
    /// Whether tokens of the user are refused (`glp.md §11 U29`).
    pub fn is_shut_out(self) -> bool {
        matches!(self, Self::Blocked | Self::Suspended)
    }
}

words! {
    /// `language` (`glp.md §7.2`).
    Language {
        /// English, if nothing is said.
        English = "en",
        /// German.
        German = "de",
        /// Spanish.
        Spanish = "es",
        /// French.
        French = "fr",
        /// Japanese, by the code of its country.
        Japanese = "jp",
        /// Portuguese of Brazil, by the code of its country.
        Portuguese = "br",
        /// Chinese, by the code of its country.
        Chinese = "cn",
        /// Korean.
        Korean = "ko",
        /// Russian.
        Russian = "ru",
        /// Italian.
        Italian = "it",
    }
}

/// Whether a user belongs to a workspace, or did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Membership {
    /// Belongs to it.
    Present,
    /// Was removed then.
    Removed(Timestamp),
}

/// The users that a workspace shows, to be read without holding the world.
pub struct Roster {
    pub(crate) users: VectorSync<User>,
    /// In order of creation, each with `userStatus`.
    pub(crate) shown: Vec<(UserIx, &'static str)>,
}

impl Roster {
    /// How many there are.
    pub fn count(&self) -> usize {
        self.shown.len()
    }

    /// The users in order of creation, each with `userStatus`.
    pub fn iter(&self) -> impl Iterator<Item = (&User, &'static str)> {
        self.shown.iter().map(|(ix, status)| (&self.users[ix.0], *status))
    }
}
