//! What happens: sequences of what several users do in several workspaces.

use proptest::prelude::*;

use super::oracle::{NAMES, WORKSPACES};

#[derive(Clone, Debug)]
pub(crate) struct Wish {
    pub(crate) name: &'static str,
    pub(crate) tenant: Option<&'static str>,
    /// The workspace whose provision is named; `nobody` for none's.
    pub(crate) provision: Option<&'static str>,
}

/// On whose behalf a request is made.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Via {
    User(usize, &'static str),
    Token(usize),
}

/// Which secret a mint shows, counted back from the newest; 9 for one that nobody ever had.
pub(crate) type Back = usize;

#[derive(Clone, Debug)]
pub(crate) enum Step {
    Create(Via, Wish),
    /// Credential, and whether its id is written without dashes.
    Reset(Via, usize, bool),
    Delete(Via, usize, bool),
    /// The workspace in the filter, `nobody`, or `garbage`.
    List(Via, Option<&'static str>),
    /// Credential, secret, issuer, and whether the token is sealed at once.
    Mint(usize, Back, &'static str, bool),
    Exchange(usize, &'static str),
    Seal(usize),
    Use(usize, &'static str),
    Advance(i64),
}

/// What came last, where a number means a token or a credential.
pub(crate) const LAST: usize = usize::MAX;

pub(crate) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let pick =
        || prop_oneof![2 => any::<prop::sample::Index>().prop_map(|it| it.index(1 << 16)), 3 => Just(LAST)];
    let workspace = || prop::sample::select(WORKSPACES.to_vec());
    let maybe = |some: &[&'static str]| prop::option::weighted(0.3, prop::sample::select(some.to_vec()));
    // Mostly a user where the user has something.
    let via = move || {
        prop_oneof![
            4 => prop::sample::select(vec![(0, "msp"), (0, "abc"), (1, "standard"), (1, "msp"), (2, "dedicated")])
                .prop_map(|(user, at)| Via::User(user, at)),
            1 => (0..3usize, workspace()).prop_map(|(user, at)| Via::User(user, at)),
            3 => pick().prop_map(Via::Token),
        ]
    };
    let wish = || {
        let names = prop_oneof![
            1 => prop::sample::select(NAMES.to_vec()),
            4 => (0..12usize).prop_map(|n| ["c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n"][n]),
        ];
        (
            names,
            maybe(&["abc", "abc", "oneil", "msp", "standard"]),
            maybe(&["msp", "abc", "standard", "nobody"]),
        )
            .prop_map(|(name, tenant, provision)| Wish { name, tenant, provision })
    };
    // Seven are soon had by somebody who goes on and on.
    let spree = (0..3usize, 4..9usize).prop_map(|(user, n)| {
        let via = Via::User(user, ["msp", "standard", "dedicated"][user]);
        let wish = |name| Wish { name, tenant: None, provision: None };
        ["c", "d", "e", "f", "g", "h", "i", "j"][..n]
            .iter()
            .map(|name| Step::Create(via, wish(name)))
            .collect()
    });
    let issuer = || prop::sample::select(vec!["sso", "home", "home", "home", "msp", "abc", "standard"]);
    let back = || prop_oneof![5 => Just(0usize), 1 => 1..3usize, 1 => Just(9usize)];
    let one = prop_oneof![
        8 => (via(), wish()).prop_map(|(via, wish)| Step::Create(via, wish)),
        3 => (via(), pick(), any::<bool>()).prop_map(|(via, which, plain)| Step::Reset(via, which, plain)),
        2 => (via(), pick(), any::<bool>()).prop_map(|(via, which, plain)| Step::Delete(via, which, plain)),
        2 => (via(), maybe(&["abc", "oneil", "msp", "standard", "nobody", "garbage", "garbage"]))
            .prop_map(|(via, filter)| Step::List(via, filter)),
        7 => (pick(), back(), issuer(), prop::bool::weighted(0.8))
            .prop_map(|(which, back, at, seal)| Step::Mint(which, back, at, seal)),
        2 => (pick(), workspace()).prop_map(|(token, to)| Step::Exchange(token, to)),
        2 => pick().prop_map(Step::Seal),
        5 => (pick(), prop::sample::select(vec!["glp", "central", "data"])).prop_map(|(t, f)| Step::Use(t, f)),
        1 => (0..400_000i64).prop_map(Step::Advance),
    ];
    let step = prop_oneof![40 => one.prop_map(|step| vec![step]), 1 => spree];
    prop::collection::vec(step, 1..120).prop_map(|steps| steps.concat())
}
