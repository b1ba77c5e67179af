//! Subscriptions: what a workspace has claimed, what its devices use, and what nobody has claimed yet.
//!
//! The subscriptions of devices of which a world says nothing are [pools](Pool): they follow from the fleet.
//! The others are listed in the [`Ledger`].

pub mod orders;

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use rpds::RedBlackTreeMapSync;
use smol_str::{SmolStr, StrExt, ToSmolStr};
use uuid::Uuid;

use crate::{
    audit::{Category, Effect},
    fleet::{Held, Pool, SharedFleet, Tags},
    id::Seed,
    world::{Session, WorkspaceIx, World},
};

/// How many subscriptions a world lists at most: a bound of Greenroom's own.
pub const MOST_SUBSCRIPTIONS: usize = 100_000;

macro_rules! words {
    ($($(#[doc = $about:literal])+ $name:ident: $known:ident;)+) => {$(
        $(#[doc = $about])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub struct $name(&'static str);

        impl $name {
            /// Its name.
            pub fn name(self) -> &'static str {
                self.0
            }

            /// The one of that name.
            pub fn named(text: &str) -> Option<Self> {
                $known.iter().find(|known| **known == text).map(|known| Self(known))
            }
        }
    )+};
}

words! {
    /// `subscriptionType` (`glp.md §7.4`).
    SubscriptionType: TYPES;
    /// `productType` (`glp.md §7.4`).
    ProductType: PRODUCTS;
    /// `subscriptionStatus` (`glp.md §7.4`).
    SubscriptionStatus: STATUSES;
    /// `deviceType` of auto-subscription settings.
    AutoDevice: AUTO_DEVICES;
    /// `tier` of auto-subscription settings.
    AutoTier: AUTO_TIERS;
}

/// All values of [`AutoDevice`].
pub const AUTO_DEVICES: &[&str] = &[
    "AP",
    "SWITCH",
    "GATEWAY",
    "STORAGE",
    "DHCI_STORAGE",
    "COMPUTE",
    "DHCI_COMPUTE",
    "NW_THIRD_PARTY",
    "PCE",
    "SD_WAN_GW",
    "OPSRAMP_SAAS",
    "SD_SAAS",
    "SENSOR",
    "BRIDGES",
];

/// All values of [`AutoTier`].
pub const AUTO_TIERS: &[&str] = &[
    "FOUNDATION_AP",
    "ADVANCED_AP",
    "FOUNDATION_SWITCH",
    "ADVANCED_SWITCH",
    "FOUNDATION_GW",
    "ADVANCED_GW",
    "STANDARD_COMPUTE",
    "FOUNDATION_NW_THIRD_PARTY",
    "ADVANCED_NW_THIRD_PARTY",
    "ENHANCED_COMPUTE",
    "FOUNDATION_SENSOR",
    "FOUNDATION_SD_WAN",
    "ADVANCED_SD_WAN",
];

/// All values of [`SubscriptionType`].
pub const TYPES: &[&str] = &[
    "CENTRAL_AP",
    "CENTRAL_SWITCH",
    "CENTRAL_CONTROLLER",
    "CENTRAL_GW",
    "SERVICE",
    "CENTRAL_STORAGE",
    "CENTRAL_COMPUTE",
    "SUPPORT",
    "CENTRAL_NW_THIRD_PARTY",
    "PRIVATE_CLOUD_ENTERPRISE",
    "OPSRAMP",
    "UXI_SENSOR_CLOUD",
    "UXI_SENSOR_LTE",
    "UXI_AGENT_CLOUD",
    "UXI_AGENT_ANDROID",
    "UNKNOWN",
];

/// All values of [`ProductType`].
pub const PRODUCTS: &[&str] = &["DEVICE", "SERVICE", "MANDATORY_ATTACHED", "ON_PREM", "SUPPORT"];

/// All values of [`SubscriptionStatus`].
pub const STATUSES: &[&str] = &["STARTED", "ENDED", "SUSPENDED", "CANCELLED", "LOCKED", "NONE"];

impl SubscriptionType {
    /// That of a tier, by the words of its name.
    pub fn of_tier(tier: &str) -> Self {
        let has = |words: &[&str]| tier.split('_').any(|word| words.contains(&word));
        let gateway = ["GW", "70XX", "72XX", "90XX", "91XX", "92XX", "7005"];
        Self(match () {
            () if has(&["AP"]) => "CENTRAL_AP",
            () if has(&["SWITCH"]) => "CENTRAL_SWITCH",
            () if has(&gateway) => "CENTRAL_GW",
            () if has(&["STORAGE", "ALLETRA"]) => "CENTRAL_STORAGE",
            () if has(&["PROLIANT", "COMPUTE", "SDFLEX", "EDGELINE"]) => "CENTRAL_COMPUTE",
            () => "UNKNOWN",
        })
    }
}

/// A subscription (`glp.md §7.4`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// Who claimed it.
    pub workspace: Option<WorkspaceIx>,
    /// What its devices show of it.
    pub held: Arc<Held>,
    /// `subscriptionType`.
    pub kind: SubscriptionType,
    /// `productType`.
    pub product: ProductType,
    /// `subscriptionStatus`, where it does not follow from the time.
    pub status: Option<SubscriptionStatus>,
    /// How many devices can use it.
    pub quantity: u32,
    /// `isEval`.
    pub eval: bool,
    /// What nothing follows from.
    pub notes: Notes,
    /// Its tags.
    pub tags: Tags,
    /// When it was claimed, or made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// Texts of a subscription from which nothing follows. What is `None` is not shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notes {
    /// `tierDescription`.
    pub tier_description: Option<SmolStr>,
    /// `sku`.
    pub sku: Option<SmolStr>,
    /// `skuDescription`.
    pub sku_description: Option<SmolStr>,
    /// `contract`.
    pub contract: Option<SmolStr>,
    /// `quote`.
    pub quote: Option<SmolStr>,
    /// `po`.
    pub po: Option<SmolStr>,
    /// `resellerPo`.
    pub reseller_po: Option<SmolStr>,
}

impl Subscription {
    /// One of which only key and tier are known, for ten devices.
    pub fn new(key: &str, tier: &str, seed: Seed, born: Timestamp) -> Self {
        let id = seed.uuid("subscription", key, 0);
        let end = "2030-12-31T23:59:59Z".parse().unwrap_or(Timestamp::MAX);
        let held = Held { id, key: key.into(), tier: tier.into(), start: born, end };
        Self {
            workspace: None,
            held: Arc::new(held),
            kind: SubscriptionType::of_tier(tier),
            product: ProductType("DEVICE"),
            status: None,
            quantity: 10,
            eval: false,
            notes: Notes::default(),
            tags: Tags::new(),
            created_at: born,
            updated_at: born,
        }
    }

    /// A pool, with what was noted of it.
    fn of_pool(workspace: WorkspaceIx, pool: &Pool, noted: Option<&Noted>) -> Self {
        let Pool { held, quantity, .. } = pool;
        let (tags, updated_at) =
            noted.map_or((Tags::new(), held.start), |it| (it.tags.clone(), it.updated_at));
        Self {
            workspace: Some(workspace),
            held: Arc::clone(held),
            kind: SubscriptionType::of_tier(&held.tier),
            product: ProductType("DEVICE"),
            status: None,
            quantity: *quantity,
            eval: false,
            notes: Notes { tier_description: Some(described(&held.tier)), ..Notes::default() },
            tags,
            created_at: held.start,
            updated_at,
        }
    }

    /// `subscriptionStatus` at `now`.
    pub fn status(&self, now: Timestamp) -> SubscriptionStatus {
        let by_time = || {
            SubscriptionStatus(match now {
                now if now < self.held.start => "NONE",
                now if now < self.held.end => "STARTED",
                _ => "ENDED",
            })
        };
        self.status.unwrap_or_else(by_time)
    }
}

/// A tier in words: `Advanced Switch 6300`.
fn described(tier: &str) -> SmolStr {
    let word = |word: &str| match word {
        "AP" | "GW" | "WLAN" => word.to_smolstr(),
        word if word.starts_with(|first: char| first.is_ascii_digit()) => word.to_smolstr(),
        word => {
            let (first, rest) = word.split_at(word.chars().next().map_or(0, char::len_utf8));
            [first.to_smolstr(), rest.to_lowercase_smolstr()].concat().into()
        }
    };
    tier.split('_').map(word).collect::<Vec<SmolStr>>().join(" ").into()
}

/// What was noted of a pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Noted {
    /// Its tags.
    pub tags: Tags,
    /// When they last changed.
    pub updated_at: Timestamp,
}

/// Which tiers the devices of a workspace get by themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AutoSettings {
    /// The tier of each type of device.
    pub tiers: BTreeMap<AutoDevice, AutoTier>,
    /// When they came to be: with their workspace, which always has some.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// How often it was set.
    pub generation: u32,
}

/// The subscriptions that follow from nothing, and what was noted of those that do. A copy shares everything
/// with its original until one of them changes.
#[derive(Clone, Debug)]
pub struct Ledger {
    /// By who claimed them and in which order: nobody first.
    all: RedBlackTreeMapSync<(Option<WorkspaceIx>, u64), Arc<Subscription>>,
    ids: RedBlackTreeMapSync<Uuid, (Option<WorkspaceIx>, u64)>,
    keys: RedBlackTreeMapSync<SmolStr, (Option<WorkspaceIx>, u64)>,
    /// Of pools, by id.
    noted: RedBlackTreeMapSync<Uuid, Arc<Noted>>,
    auto: RedBlackTreeMapSync<WorkspaceIx, Arc<AutoSettings>>,
    next: u64,
}

impl Default for Ledger {
    fn default() -> Self {
        Self {
            all: RedBlackTreeMapSync::new_sync(),
            ids: RedBlackTreeMapSync::new_sync(),
            keys: RedBlackTreeMapSync::new_sync(),
            noted: RedBlackTreeMapSync::new_sync(),
            auto: RedBlackTreeMapSync::new_sync(),
            next: 0,
        }
    }
}

impl Ledger {
    /// Adds a subscription, or puts it in the place of the one of its id. Key and id must be its own.
    pub(crate) fn enter(&mut self, subscription: Subscription) {
        let (id, key) = (subscription.held.id, subscription.held.key.clone());
        // Whoever claims one has it last.
        let place = match self.ids.get(&id) {
            Some(place) if place.0 == subscription.workspace => *place,
            before => {
                if let Some(before) = before.copied() {
                    self.all.remove_mut(&before);
                }
                self.next += 1;
                (subscription.workspace, self.next)
            }
        };
        self.ids.insert_mut(id, place);
        self.keys.insert_mut(key, place);
        self.all.insert_mut(place, Arc::new(subscription));
    }

    /// What a workspace has claimed, in that order; what nobody has.
    pub fn of(&self, workspace: Option<WorkspaceIx>) -> impl Iterator<Item = &Subscription> {
        self.all.range((workspace, 0)..=(workspace, u64::MAX)).map(|(_, subscription)| &**subscription)
    }

    /// The subscription of that id.
    pub fn by_id(&self, id: Uuid) -> Option<&Subscription> {
        self.all.get(self.ids.get(&id)?).map(Arc::as_ref)
    }

    /// The subscription of that key.
    pub fn by_key(&self, key: &str) -> Option<&Subscription> {
        self.all.get(self.keys.get(key)?).map(Arc::as_ref)
    }

    /// What was noted of a pool.
    pub(crate) fn noted(&self, pool: Uuid) -> Option<&Noted> {
        self.noted.get(&pool).map(Arc::as_ref)
    }

    /// Notes something of a pool.
    pub(crate) fn note(&mut self, pool: Uuid, noted: Noted) {
        self.noted.insert_mut(pool, Arc::new(noted));
    }

    /// The auto-subscription settings of a workspace, if it has any.
    pub fn auto(&self, of: WorkspaceIx) -> Option<&AutoSettings> {
        self.auto.get(&of).map(Arc::as_ref)
    }

    /// The workspaces that have such settings.
    pub fn configured(&self) -> impl Iterator<Item = WorkspaceIx> {
        self.auto.keys().copied()
    }

    /// Gives a workspace its auto-subscription settings.
    pub(crate) fn set_auto(&mut self, of: WorkspaceIx, settings: AutoSettings) {
        self.auto.insert_mut(of, Arc::new(settings));
    }

    /// What workspaces had claimed that are gone is nobody's again, and has no tags.
    pub(crate) fn release(&mut self, gone: impl Fn(WorkspaceIx) -> bool) {
        let claimed = self.all.values().filter(|it| it.workspace.is_some_and(&gone));
        let claimed: Vec<_> = claimed.map(|it| Subscription::clone(it)).collect();
        for it in claimed {
            self.enter(Subscription { workspace: None, tags: Tags::new(), ..it });
        }
        let settings: Vec<_> = self.auto.keys().copied().filter(|workspace| gone(*workspace)).collect();
        settings.iter().for_each(|workspace| _ = self.auto.remove_mut(workspace));
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.all.size()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The subscriptions that a workspace sees, to be read without holding the world: its own, and for an MSP
/// those of the tenants whose inventory it owns, since it sees their devices.
#[derive(Clone, Debug)]
pub struct Subscriptions {
    fleet: SharedFleet,
    ledger: Ledger,
    workspaces: Vec<WorkspaceIx>,
}

impl Subscriptions {
    /// Of how many workspaces they are.
    pub fn workspaces(&self) -> usize {
        self.workspaces.len()
    }

    /// All of them, workspace by workspace: the pools by tier, then what was claimed in that order.
    pub fn iter(&self) -> impl Iterator<Item = Subscription> {
        self.workspaces.iter().flat_map(|workspace| {
            let pools = self.fleet.pools(*workspace).iter();
            let pools = pools.map(|pool| self.pool(*workspace, pool));
            pools.chain(self.ledger.of(Some(*workspace)).cloned())
        })
    }

    /// The one of that id.
    pub fn by_id(&self, id: Uuid) -> Option<Subscription> {
        let pool = self.fleet.pool(id).map(|(workspace, pool)| self.pool(workspace, pool));
        self.seen(pool.or_else(|| self.ledger.by_id(id).cloned()))
    }

    /// The one of that key.
    pub fn by_key(&self, key: &str) -> Option<Subscription> {
        let pool = self.fleet.pool_of_key(key).map(|(workspace, pool)| self.pool(workspace, pool));
        self.seen(self.ledger.by_key(key).cloned().or(pool))
    }

    /// How many devices can still use one.
    pub fn available(&self, subscription: &Subscription) -> u32 {
        subscription.quantity.saturating_sub(self.fleet.users_of(subscription.held.id))
    }

    fn pool(&self, workspace: WorkspaceIx, pool: &Pool) -> Subscription {
        Subscription::of_pool(workspace, pool, self.ledger.noted(pool.held.id))
    }

    fn seen(&self, found: Option<Subscription>) -> Option<Subscription> {
        found.filter(|it| it.workspace.is_some_and(|workspace| self.workspaces.contains(&workspace)))
    }
}

impl World {
    /// The subscriptions that GLP shows to a workspace.
    pub fn subscriptions(&self, to: WorkspaceIx) -> Subscriptions {
        let workspaces = self.visible_devices(to).into_iter().map(|(workspace, _)| workspace).collect();
        Subscriptions { fleet: self.fleet(), ledger: self.ledger.clone(), workspaces }
    }

    /// The subscription of that id, if GLP shows it to `to`, and how many devices can still use it.
    pub fn visible_subscription(&self, to: WorkspaceIx, id: Uuid) -> Option<(Subscription, u32)> {
        let owner = match self.fleet.pool(id) {
            Some((workspace, _)) => workspace,
            None => self.ledger.by_id(id)?.workspace?,
        };
        if !self.sees_devices(to, owner) {
            return None;
        }
        let own = Subscriptions { fleet: self.fleet(), ledger: self.ledger.clone(), workspaces: vec![owner] };
        own.by_id(id).map(|subscription| {
            let available = own.available(&subscription);
            (subscription, available)
        })
    }

    /// Changes which tiers the devices of a workspace get by themselves: what is said of a type of device takes
    /// the place of what was, and nothing takes it away. Whether anything is other than before.
    pub fn set_auto_subscriptions(
        &mut self,
        session: &Session,
        workspace: WorkspaceIx,
        wanted: BTreeMap<AutoDevice, Option<AutoTier>>,
        now: Timestamp,
    ) -> bool {
        let owner = self.workspace(workspace);
        let before = self.ledger.auto(workspace).cloned();
        let mut settings = before.unwrap_or_else(|| AutoSettings {
            tiers: BTreeMap::new(),
            created_at: owner.created_at,
            updated_at: owner.created_at,
            generation: 0,
        });
        let effect = Effect::new(Category::Subscription, "Auto-subscription settings changed.");
        let mut effect = effect.with("Workspace", &owner.name);
        let mut changed = false;
        for (device, tier) in wanted {
            let before = match tier {
                Some(tier) => settings.tiers.insert(device, tier),
                None => settings.tiers.remove(&device),
            };
            if before != tier {
                changed = true;
                effect = effect.with(device.name(), tier.map_or("none", AutoTier::name));
            }
        }
        if changed {
            (settings.updated_at, settings.generation) = (now, settings.generation.saturating_add(1));
            self.ledger.set_auto(workspace, settings);
            self.tell(session, effect, now);
        }
        changed
    }

    /// Those that are listed, claimed or not.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// What devices show of the subscription of that key, whoever has it.
    pub(crate) fn held_of_key(&self, key: &str) -> Option<Arc<Held>> {
        let listed = self.ledger.by_key(key).map(|subscription| Arc::clone(&subscription.held));
        listed.or_else(|| self.fleet.pool_of_key(key).map(|(_, pool)| Arc::clone(&pool.held)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tier_says_what_its_subscription_is() {
        for (tier, kind, words) in [
            ("ADVANCED_AP", "CENTRAL_AP", "Advanced AP"),
            ("FOUNDATION_SWITCH_6200", "CENTRAL_SWITCH", "Foundation Switch 6200"),
            ("FOUNDATION_WLAN_GW", "CENTRAL_GW", "Foundation WLAN GW"),
            ("ADVANCE_70XX", "CENTRAL_GW", "Advance 70XX"),
            ("ENHANCED_PROLIANT", "CENTRAL_COMPUTE", "Enhanced Proliant"),
            ("FOUNDATION_STORAGE", "CENTRAL_STORAGE", "Foundation Storage"),
            ("ÉTUDE__X", "UNKNOWN", "Étude  X"),
        ] {
            assert_eq!((SubscriptionType::of_tier(tier).name(), described(tier).as_str()), (kind, words));
        }
    }

    #[test]
    fn a_status_follows_from_the_time_unless_it_is_said() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let mut it = Subscription::new("K", "ADVANCED_AP", Seed(1), at("2026-01-01T00:00:00Z"));
        let seen = ["2025-12-31T23:59:59Z", "2026-01-01T00:00:00Z", "2030-12-31T23:59:59Z"];
        assert_eq!(seen.map(|now| it.status(at(now)).name()), ["NONE", "STARTED", "ENDED"]);
        it.status = SubscriptionStatus::named("SUSPENDED");
        assert_eq!(it.status(at(seen[1])).name(), "SUSPENDED");
    }
}
