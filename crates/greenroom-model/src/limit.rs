//! Rate limits: how many calls there may be in a window of virtual time, and how many there were.
//!
//! Windows are fixed and aligned: one of a minute begins with the minute, as the reset of the rate
//! headers says (`glp.md §8.5`). Calls are counted by workspace, where HPE's pages contradict each
//! other (`glp.md §10` row 18), and by user, where the page of a service says so.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    str::FromStr,
};

use jiff::{SignedDuration, Timestamp};

use crate::{
    access::ApiFamily,
    dialect::{ClassicSignInLimit, RateLimits},
    refusal::{Refusal, TokenRefusal},
    time,
    world::{ClientIx, Session, UserIx, WorkspaceIx, World},
};

/// So many calls in a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    most: u32,
    /// Seconds: 1 to a day.
    window: i64,
}

const DAY: i64 = 24 * 60 * 60;

impl Quota {
    const fn a_minute(most: u32) -> Self {
        Self { most, window: 60 }
    }

    /// How it stands after so many calls, at so many seconds since 1970.
    fn standing(self, calls: u32, now: i64) -> Allowance {
        Allowance {
            most: self.most,
            remaining: self.most.saturating_sub(calls),
            resets_in: self.window - now.rem_euclid(self.window),
            day: None,
        }
    }
}

impl fmt::Display for Quota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{:#}", self.most, SignedDuration::from_secs(self.window))
    }
}

/// The text is no quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("say how many calls in which window of 1s to 24h: 60/1m")]
pub struct NoQuota;

impl FromStr for Quota {
    type Err = NoQuota;

    fn from_str(text: &str) -> Result<Self, NoQuota> {
        let (most, window) = text.split_once('/').ok_or(NoQuota)?;
        let most = most.trim().parse().ok().filter(|most| *most > 0).ok_or(NoQuota)?;
        let window = time::parse_duration(window.trim()).map_err(|_| NoQuota)?;
        match (window.as_secs(), window.subsec_nanos()) {
            (seconds @ 1..=DAY, 0) => Ok(Self { most, window: seconds }),
            _ => Err(NoQuota),
        }
    }
}

/// Whose calls are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Per {
    /// Those of one user.
    User,
    /// Those that act in one workspace.
    Workspace,
}

/// A number that HPE documents for an operation.
#[derive(Clone, Copy, Debug)]
pub struct Documented {
    /// The route it is about: `glp.devices.list`.
    pub route: &'static str,
    /// The number.
    pub quota: Quota,
    /// Whose calls it counts.
    pub per: Per,
    /// Where it stands.
    pub source: &'static str,
}

impl fmt::Display for Documented {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let per = match self.per {
            Per::User => "user",
            Per::Workspace => "workspace",
        };
        write!(f, "{} per {per}", self.quota)
    }
}

/// All documented numbers of what is served. New Central has none (`central.md §4.4`).
pub const DOCUMENTED: &[Documented] = &[
    per_workspace("glp.devices.list", 160, "glp.md §6.1"),
    per_workspace("glp.devices.get", 40, "glp.md §6.1"),
    per_workspace("glp.devices.add", 50, "glp.md §6.1"),
    per_workspace("glp.devices.update", 40, "glp.md §6.1"),
    per_workspace("glp.devices.operation", 90, "glp.md §6.1"),
    per_workspace("glp.devices.list-v2beta1", 300, "glp.md §6.1"),
    per_workspace("glp.devices.get-v2beta1", 300, "glp.md §6.1"),
    per_workspace("glp.devices.add-v2beta1", 50, "glp.md §6.1"),
    per_workspace("glp.devices.update-v2beta1", 40, "glp.md §6.1"),
    per_workspace("glp.subscriptions.list", 60, "glp.md §7.4"),
    per_workspace("glp.subscriptions.get", 20, "glp.md §7.4"),
    per_workspace("glp.subscriptions.add", 4, "glp.md §7.4"),
    per_workspace("glp.subscriptions.update", 5, "glp.md §7.4"),
    per_workspace("glp.subscriptions.operation", 30, "glp.md §7.4"),
    per_workspace("glp.auto-subscription-settings.list", 25, "glp.md §7.4"),
    per_workspace("glp.auto-subscription-settings.get", 25, "glp.md §7.4"),
    per_workspace("glp.auto-subscription-settings.update", 25, "glp.md §7.4"),
    per_workspace("glp.users.list", 300, "glp.md §7.2"),
    // The numbers of the audit log are v2beta1's; "overall" is taken to mean the workspace.
    Documented { per: Per::User, ..per_workspace("glp.audit-log.list", 100, "glp.md §7.1") },
    per_workspace("glp.audit-log.list", 300, "glp.md §7.1"),
    Documented { per: Per::User, ..per_workspace("glp.audit-log.v2beta1.list", 100, "glp.md §7.1") },
    per_workspace("glp.audit-log.v2beta1.list", 300, "glp.md §7.1"),
    // Fewer for all than for each, as it is documented.
    Documented { per: Per::User, ..per_workspace("glp.audit-log.v2beta1.get", 150, "glp.md §7.1") },
    per_workspace("glp.audit-log.v2beta1.get", 80, "glp.md §7.1"),
    Documented { per: Per::User, ..per_workspace("glp.audit-log.v2beta1.details", 150, "glp.md §7.1") },
    per_workspace("glp.audit-log.v2beta1.details", 80, "glp.md §7.1"),
];

const fn per_workspace(route: &'static str, most: u32, source: &'static str) -> Documented {
    Documented { route, quota: Quota::a_minute(most), per: Per::Workspace, source }
}

/// The documented base numbers of Classic Central, for all its routes together (`central.md §4.4`): the day begins
/// at 00:00 GMT. Its 429 carries `X-RateLimit-Limit-day`, `-Remaining-day`, `-Limit-second` and
/// `-Remaining-second`, and no `Retry-After` (`central.md §7.3`).
pub const CLASSIC: [Quota; 2] = [Quota { most: 7, window: 1 }, Quota { most: 5_000, window: DAY }];

/// The steps of Classic's sign-in, each of which may be taken about once a second (`central.md §7.2`).
pub const STEP: Quota = Quota { most: 1, window: 1 };

/// What clients of Classic met besides, over half an hour (dialect `classic_sign_in_limit`).
const fn half_an_hour(most: u32) -> Quota {
    Quota { most, window: 30 * 60 }
}

/// A step of Classic's sign-in. A refresh is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// User and password.
    SignIn,
    /// A code for the session.
    Authorize,
    /// Tokens for the code.
    Redeem,
}

impl Step {
    fn name(self) -> &'static str {
        match self {
            Self::SignIn => "classic.sign-in",
            Self::Authorize => "classic.authorize",
            Self::Redeem => "classic.token",
        }
    }
}

/// The documented numbers of a route.
pub fn documented(route: &str) -> impl Iterator<Item = &'static Documented> {
    DOCUMENTED.iter().filter(move |row| row.route == route)
}

/// How a quota stands after a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// How many calls there may be in the window.
    pub most: u32,
    /// How many are left.
    pub remaining: u32,
    /// How many seconds are left of the window, counted up: at least 1.
    pub resets_in: i64,
    /// How the day stands, where calls are counted by the second and by the day (Classic Central).
    pub day: Option<Day>,
}

/// How a day stands after a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day {
    /// How many calls there may be.
    pub most: u32,
    /// How many are left.
    pub remaining: u32,
}

/// Whose calls a counter counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Payer {
    User(UserIx),
    Workspace(WorkspaceIx),
    Client(ClientIx),
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum What {
    /// Calls of a route.
    Route(&'static str),
    /// Calls of all routes of a family.
    Family(ApiFamily),
}

type Counter = (What, Payer);

/// The calls of the present windows. Past ones are forgotten, so there are never more counters than
/// workspaces and users that called in the present window, times routes that have a number.
#[derive(Clone, Debug, Default)]
pub struct Limiter {
    /// The present window of each length in seconds.
    windows: BTreeMap<i64, Window>,
}

#[derive(Clone, Debug, Default)]
struct Window {
    number: i64,
    calls: HashMap<Counter, u32>,
}

/// Whether calls of a route have a number under a dialect.
pub fn is_counted(limits: RateLimits, route: &str) -> bool {
    match limits {
        RateLimits::Off => false,
        RateLimits::Documented => documented(route).next().is_some(),
        RateLimits::Custom(_) => true,
    }
}

/// The allowance of somebody who has used up what a dialect grants for a route. `None` if nobody counts it.
pub fn used_up(limits: RateLimits, route: &str, now: Timestamp) -> Option<Allowance> {
    let quota = match limits {
        RateLimits::Off => None,
        RateLimits::Documented => documented(route).map(|row| row.quota).min_by_key(|quota| quota.most),
        RateLimits::Custom(quota) => Some(quota),
    };
    quota.map(|quota| quota.standing(quota.most, now.as_second()))
}

impl World {
    /// Counts a call of a route, and refuses one too many. `None` if nobody counts it.
    pub fn count(
        &mut self,
        session: &Session,
        route: &'static str,
        family: ApiFamily,
        now: Timestamp,
    ) -> Result<Option<Allowance>, Refusal> {
        let counted = self.limiter.count(self.dialect.rate_limits, (route, family), session, now);
        counted.map_err(Refusal::Limited)
    }

    /// Counts a step of Classic's sign-in, and refuses one too many.
    pub(crate) fn count_step(
        &mut self,
        step: Step,
        client: ClientIx,
        now: Timestamp,
    ) -> Result<(), TokenRefusal> {
        let counter = (What::Route(step.name()), Payer::Client(client));
        let documented = (self.dialect.rate_limits == RateLimits::Documented).then_some(STEP);
        let met = match (self.dialect.classic_sign_in_limit, step) {
            (ClassicSignInLimit::ThreeIn30m, Step::SignIn) => Some(half_an_hour(3)),
            _ => None,
        };
        let due: Vec<_> = documented.into_iter().chain(met).map(|quota| (quota, counter)).collect();
        self.limiter.pay(&due, now).map(|_| ()).map_err(TokenRefusal::Limited)
    }

    /// Counts the tokens that an application of Classic gets for a code, and refuses one too many.
    pub(crate) fn count_new_token(&mut self, client: ClientIx, now: Timestamp) -> Result<(), TokenRefusal> {
        if self.dialect.classic_sign_in_limit != ClassicSignInLimit::OneTokenIn30m {
            return Ok(());
        }
        let due = [(half_an_hour(1), (What::Route(Step::Redeem.name()), Payer::Client(client)))];
        self.limiter.pay(&due, now).map(|_| ()).map_err(TokenRefusal::Limited)
    }
}

/// How Classic's two quotas stand together: that of the second, with the day beside it.
fn classic(second: Allowance, day: Allowance) -> Allowance {
    let day_ends_last = day.remaining == 0;
    Allowance {
        resets_in: if day_ends_last { day.resets_in } else { second.resets_in },
        day: Some(Day { most: day.most, remaining: day.remaining }),
        ..second
    }
}

impl Limiter {
    /// A call that is refused is not counted: a client that goes on asking is not shut out for longer.
    fn count(
        &mut self,
        limits: RateLimits,
        (route, family): (&'static str, ApiFamily),
        session: &Session,
        now: Timestamp,
    ) -> Result<Option<Allowance>, Allowance> {
        let workspace = Payer::Workspace(session.workspace);
        let due: Vec<(Quota, Counter)> = match limits {
            RateLimits::Off => Vec::new(),
            RateLimits::Documented if family == ApiFamily::Classic => {
                CLASSIC.map(|quota| (quota, (What::Family(family), workspace))).into()
            }
            RateLimits::Documented => documented(route)
                .map(|row| match row.per {
                    Per::User => (row.quota, (What::Route(route), Payer::User(session.user))),
                    Per::Workspace => (row.quota, (What::Route(route), workspace)),
                })
                .collect(),
            RateLimits::Custom(quota) => vec![(quota, (What::Family(family), workspace))],
        };
        let paid = self.pay(&due, now);
        // The headers of Classic have room for both of its quotas, those of others for one: the one that ends first.
        match (paid, family) {
            (Ok(stands), ApiFamily::Classic) if stands.len() == 2 => Ok(Some(classic(stands[0], stands[1]))),
            (Ok(stands), _) => Ok(stands.into_iter().min_by_key(|it| it.remaining)),
            (Err(_), ApiFamily::Classic) if due.len() == 2 => {
                let stand = |(quota, counter): (Quota, Counter)| {
                    quota.standing(self.calls(quota, &counter), now.as_second())
                };
                Err(classic(stand(due[0]), stand(due[1])))
            }
            (Err(spent), _) => Err(spent),
        }
    }

    /// Counts a call against all of these, unless one of them is spent. Returns how they stand.
    fn pay(&mut self, due: &[(Quota, Counter)], now: Timestamp) -> Result<Vec<Allowance>, Allowance> {
        let now = now.as_second();
        self.windows.retain(|length, window| window.number == now.div_euclid(*length));
        let spent = due.iter().map(|(quota, counter)| quota.standing(self.calls(*quota, counter), now));
        // Of two that are spent the one that lasts longer tells when to come back.
        if let Some(spent) = spent.filter(|it| it.remaining == 0).max_by_key(|it| it.resets_in) {
            return Err(spent);
        }
        let counted = due.iter().map(|(quota, counter)| {
            let window = self.windows.entry(quota.window).or_default();
            window.number = now.div_euclid(quota.window);
            let calls = window.calls.entry(*counter).or_default();
            *calls += 1;
            quota.standing(*calls, now)
        });
        Ok(counted.collect())
    }

    fn calls(&self, quota: Quota, counter: &Counter) -> u32 {
        self.windows.get(&quota.window).and_then(|window| window.calls.get(counter)).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::ClientIx;

    const LIST: (&str, ApiFamily) = ("glp.devices.list", ApiFamily::Glp);
    const LOG: (&str, ApiFamily) = ("glp.audit-log.list", ApiFamily::Glp);

    fn session(workspace: usize, user: usize) -> Session {
        Session { token: 1, client: ClientIx(0), user: UserIx(user), workspace: WorkspaceIx(workspace) }
    }

    fn at(text: &str) -> Timestamp {
        format!("2026-01-01T{text}Z").parse().unwrap()
    }

    fn custom(quota: &str) -> RateLimits {
        RateLimits::Custom(quota.parse().unwrap())
    }

    #[test]
    fn a_window_is_aligned_and_forgets_what_was_before() {
        let mut limiter = Limiter::default();
        let mut call = |workspace, now| {
            let counted = limiter.count(custom("2/1m"), LIST, &session(workspace, workspace), at(now));
            counted.map(|it| it.unwrap()).map(|it| (it.remaining, it.resets_in)).map_err(|it| it.resets_in)
        };
        assert_eq!(call(0, "00:00:50"), Ok((1, 10)));
        assert_eq!(call(0, "00:00:50.5"), Ok((0, 10)));
        assert_eq!(call(0, "00:00:59.9"), Err(1));
        assert_eq!(call(1, "00:00:59.9"), Ok((1, 1)), "workspaces are counted apart");
        assert_eq!(call(0, "00:01:00"), Ok((1, 60)));
        assert_eq!(limiter.windows[&60].calls.len(), 1, "the counters of the minute before are gone");
        limiter.count(RateLimits::Off, LIST, &session(0, 0), at("00:02:00")).unwrap();
        assert!(limiter.windows.is_empty());
    }

    #[test]
    fn the_audit_log_is_counted_by_user_and_by_workspace() {
        let mut limiter = Limiter::default();
        let mut calls = |user| {
            let call = |_: &u32| {
                let counted = limiter.count(RateLimits::Documented, LOG, &session(0, user), at("00:00:00"));
                counted.is_ok()
            };
            (0..1_000).take_while(call).count()
        };
        assert_eq!([calls(0), calls(1), calls(2), calls(3)], [100, 100, 100, 0]);
        assert_eq!(calls(0), 0);
    }

    #[test]
    fn classic_has_seven_a_second_and_five_thousand_a_day() {
        let mut limiter = Limiter::default();
        let mut calls = |now: Timestamp| {
            let classic = ("classic.any", ApiFamily::Classic);
            let mut call = || limiter.count(RateLimits::Documented, classic, &session(0, 0), now);
            let granted = std::iter::repeat_with(&mut call).take_while(Result::is_ok).count();
            (granted, call().unwrap_err().resets_in)
        };
        let start = at("23:00:00");
        for second in 0..714 {
            assert_eq!(calls(start + SignedDuration::from_secs(second)), (7, 1));
        }
        // Two windows are spent at once: the longer one tells when to come back.
        assert_eq!(calls(start + SignedDuration::from_secs(714)), (2, 3_600 - 714));
        assert_eq!(calls(at("23:59:59.9")), (0, 1));
        assert_eq!(
            calls(at("00:00:00") + SignedDuration::from_hours(24)),
            (7, 1),
            "the day begins at 00:00 GMT"
        );
    }

    #[test]
    fn what_has_no_number_is_not_counted() {
        let mut limiter = Limiter::default();
        for (limits, route) in [
            (RateLimits::Off, LIST),
            (RateLimits::Documented, ("glp.msp-tenants.list", ApiFamily::Glp)),
            (RateLimits::Documented, ("central.device-inventory", ApiFamily::Central)),
        ] {
            assert_eq!(limiter.count(limits, route, &session(0, 0), at("00:00:00")), Ok(None));
            assert!(!is_counted(limits, route.0));
        }
        assert!(limiter.windows.is_empty());
        assert!(is_counted(custom("1/1s"), "central.device-inventory"));
    }

    #[test]
    fn families_are_counted_apart_and_routes_of_one_together() {
        let mut limiter = Limiter::default();
        let mut call = |route, family| {
            limiter.count(custom("1/1h"), (route, family), &session(0, 0), at("00:10:00")).is_ok()
        };
        assert!(call("glp.devices.list", ApiFamily::Glp));
        assert!(call("central.device-inventory", ApiFamily::Central));
        assert!(!call("glp.devices.get", ApiFamily::Glp));
        assert!(!call("central.list-tenants", ApiFamily::Central));
    }
}
