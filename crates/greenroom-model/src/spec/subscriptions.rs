//! Subscriptions in a world file: those that are listed, the pools of devices, and what devices use.

use std::{borrow::Cow, collections::BTreeMap, str::FromStr, sync::Arc};

use jiff::Timestamp;
use serde_json::{Value, json};
use smol_str::SmolStr;
use uuid::Uuid;

use super::{
    Contents, Spec,
    build::tags,
    devices::{DeviceCount, Tags},
    form::{Complaint, Word},
    record::{plain_maps, records},
    rows::Row,
    words::{Line, NotThis},
};
use crate::{
    fleet::{Fleet, Held},
    subscription::{
        self, AutoDevice, AutoTier, Ledger, Noted, Notes, ProductType, SubscriptionStatus, SubscriptionType,
    },
    world::{WorkspaceIx, World},
};

records! {
    /// A subscription with what is known of it.
    Subscription {
        /// Its key.
        key: SubscriptionKey => defines SubscriptionKey,
        /// Its tier, such as ADVANCED_AP.
        tier: Line<64>,
    } optional {
        /// Its id. Follows from the seed and the key.
        id: Uuid => defines SubscriptionId,
        /// Its type. Follows from the tier.
        kind as "type": SubscriptionType,
        /// What it is for. DEVICE, if nothing is said.
        product: ProductType,
        /// Its status, where it does not follow from start and end.
        status: SubscriptionStatus,
        /// How many devices can use it: 10, if nothing is said.
        quantity: DeviceCount,
        /// Whether it is for an evaluation.
        eval: bool,
        /// The tier in words.
        tier_description: Line<256>,
        /// Its stock keeping unit.
        sku: Line<256>,
        /// That in words.
        sku_description: Line<256>,
        /// The number of its contract.
        contract: Line<256>,
        /// The quote it was bought by.
        quote: Line<256>,
        /// The purchase order it was bought by.
        po: Line<256>,
        /// The purchase order of the reseller.
        reseller_po: Line<256>,
        /// Its tags.
        tags: Tags,
        /// When it begins. Follows from when the world began.
        start: Timestamp,
        /// When it ends: with the year 2030, if nothing is said.
        end: Timestamp,
        /// When it was made or claimed.
        created_at: Timestamp,
        /// When it was last changed.
        updated_at: Timestamp,
    };

    /// The subscription that the devices of one tier use if nothing else is said.
    DevicePool {} optional {
        /// How many devices can use it: the next round number, if nothing is said.
        quantity: DeviceCount,
        /// Its tags.
        tags: Tags,
        /// When they were last changed.
        updated_at: Timestamp,
    };

    /// Which tiers devices get by themselves.
    AutoSubscriptions {
        /// The tier of each type of device.
        tiers: BTreeMap<AutoDevice, AutoTier>,
        /// When this was first set.
        created_at: Timestamp,
        /// When it was last changed.
        updated_at: Timestamp,
    } optional {
        /// How often it was set.
        generation: u32,
    };
}

plain_maps!(Subscription, DevicePool, AutoSubscriptions);

/// The key of a subscription: letters, digits and dashes, as many as Central shows (`central.md §1.1`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubscriptionKey(SmolStr);

impl SubscriptionKey {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Word for SubscriptionKey {
    fn of(text: &str) -> Result<Self, Complaint> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if (1..=32).contains(&text.len()) && text.bytes().all(fits) && text != NONE {
            return Ok(Self(text.into()));
        }
        Err(Complaint::no(text, "the key of a subscription", "write up to 32 letters, digits and dashes"))
    }

    fn text(&self) -> Cow<'_, str> {
        self.as_str().into()
    }

    fn schema() -> Value {
        json!({"type": "string", "pattern": "^[A-Za-z0-9-]+$", "maxLength": 32, "not": {"const": NONE}})
    }
}

impl FromStr for SubscriptionKey {
    type Err = NotThis;

    fn from_str(text: &str) -> Result<Self, NotThis> {
        Self::of(text).map_err(NotThis::from)
    }
}

const NONE: &str = "none";

/// What a device uses: the subscription of a key, or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscribed(pub Option<SubscriptionKey>);

impl Word for Subscribed {
    fn of(text: &str) -> Result<Self, Complaint> {
        if text == NONE { Ok(Self(None)) } else { SubscriptionKey::of(text).map(Some).map(Self) }
    }

    fn text(&self) -> Cow<'_, str> {
        self.0.as_ref().map_or_else(|| NONE.into(), SubscriptionKey::text)
    }

    fn schema() -> Value {
        json!({"type": "string", "pattern": "^[A-Za-z0-9-]+$", "maxLength": 32})
    }
}

macro_rules! known {
    ($($type:ty: $what:literal, $all:expr;)+) => {$(
        impl Word for $type {
            fn of(text: &str) -> Result<Self, Complaint> {
                Self::named(text).ok_or_else(|| Complaint::unknown($what, text, $all))
            }

            fn text(&self) -> Cow<'_, str> {
                self.name().into()
            }

            fn schema() -> Value {
                json!({"enum": $all})
            }
        }
    )+};
}

known! {
    SubscriptionType: "type of subscription", subscription::TYPES;
    ProductType: "type of product", subscription::PRODUCTS;
    SubscriptionStatus: "status of a subscription", subscription::STATUSES;
    AutoDevice: "type of device", subscription::AUTO_DEVICES;
    AutoTier: "tier", subscription::AUTO_TIERS;
}

impl Subscription {
    /// The subscription that it says.
    fn listed(&self, workspace: Option<WorkspaceIx>, world: &World) -> subscription::Subscription {
        let plain =
            subscription::Subscription::new(self.key.as_str(), self.tier.as_str(), world.seed, world.born);
        let text = |line: &Option<Line<256>>| line.as_ref().map(|line| SmolStr::new(line.as_str()));
        let held = Held {
            id: self.id.unwrap_or(plain.held.id),
            start: self.start.unwrap_or(plain.held.start),
            end: self.end.unwrap_or(plain.held.end),
            ..Held::clone(&plain.held)
        };
        let created_at = self.created_at.unwrap_or(plain.created_at);
        subscription::Subscription {
            workspace,
            held: Arc::new(held),
            kind: self.kind.unwrap_or(plain.kind),
            product: self.product.unwrap_or(plain.product),
            status: self.status,
            quantity: self.quantity.map_or(plain.quantity, DeviceCount::get),
            eval: self.eval == Some(true),
            notes: Notes {
                tier_description: text(&self.tier_description),
                sku: text(&self.sku),
                sku_description: text(&self.sku_description),
                contract: text(&self.contract),
                quote: text(&self.quote),
                po: text(&self.po),
                reseller_po: text(&self.reseller_po),
            },
            tags: self.tags.as_ref().map(tags).unwrap_or_default(),
            created_at,
            updated_at: self.updated_at.unwrap_or(created_at),
        }
    }
}

impl World {
    /// Lists the subscriptions of a file. Devices come before, and what happened to them after.
    pub(super) fn subscribe(&mut self, spec: &Spec, rows: &[Row<'_>], homes: &[WorkspaceIx]) {
        for (row, &home) in rows.iter().zip(homes) {
            let contents = row.contents();
            // One of a workspace that is gone is nobody's.
            let owner = (!self.workspace(home).gone).then_some(home);
            for subscription in contents.subscriptions.iter().flatten() {
                let listed = subscription.listed(owner, self);
                self.ledger.enter(listed);
            }
            for (tier, pool) in contents.pools.iter().flatten() {
                Arc::make_mut(&mut self.fleet).keep_pool(home, tier.as_str());
                let tier = |it: &&crate::fleet::Pool| it.held.tier == tier.as_str();
                let Some(id) = self.fleet.pools(home).iter().find(tier).map(|it| it.held.id) else {
                    continue;
                };
                if pool.tags.is_some() || pool.updated_at.is_some() {
                    let tags = pool.tags.as_ref().map(tags).unwrap_or_default();
                    self.ledger.note(id, Noted { tags, updated_at: pool.updated_at.unwrap_or(self.born) });
                }
            }
            if let (Some(auto), Some(owner)) = (&contents.auto_subscriptions, owner) {
                let settings = subscription::AutoSettings {
                    tiers: auto.tiers.clone(),
                    created_at: auto.created_at,
                    updated_at: auto.updated_at,
                    generation: auto.generation.unwrap_or(1),
                };
                self.ledger.set_auto(owner, settings);
            }
        }
        for subscription in spec.basics.unclaimed.iter().flatten() {
            let listed = subscription.listed(None, self);
            self.ledger.enter(listed);
        }
    }
}

/// Fills the pools of devices as they now are.
pub(super) fn fill(fleet: &mut Fleet, home: WorkspaceIx, contents: &Contents) {
    fleet.fill_pools(home, |tier| {
        let mut said = contents.pools.iter().flatten();
        said.find(|(known, _)| known.as_str() == tier)?.1.quantity.map(DeviceCount::get)
    });
}

impl Ledger {
    /// What is listed of a workspace, or unclaimed, as a file says it.
    pub(super) fn written(
        &self,
        of: Option<WorkspaceIx>,
    ) -> impl Iterator<Item = Result<Subscription, super::ExportError>> {
        self.of(of).map(written)
    }
}

fn written(it: &subscription::Subscription) -> Result<Subscription, super::ExportError> {
    use super::export::{tags, word};
    let text = |text: &Option<SmolStr>| text.as_ref().map(|text| word("subscription", text)).transpose();
    let notes = &it.notes;
    Ok(Subscription {
        key: word("key", &it.held.key)?,
        tier: word("tier", &it.held.tier)?,
        id: Some(it.held.id),
        kind: Some(it.kind),
        product: Some(it.product),
        status: it.status,
        quantity: DeviceCount::new(it.quantity),
        eval: it.eval.then_some(true),
        tier_description: text(&notes.tier_description)?,
        sku: text(&notes.sku)?,
        sku_description: text(&notes.sku_description)?,
        contract: text(&notes.contract)?,
        quote: text(&notes.quote)?,
        po: text(&notes.po)?,
        reseller_po: text(&notes.reseller_po)?,
        tags: (!it.tags.is_empty()).then(|| tags(&it.tags)).transpose()?,
        start: Some(it.held.start),
        end: Some(it.held.end),
        created_at: Some(it.created_at),
        updated_at: Some(it.updated_at),
    })
}

/// The pools of a workspace that are not as they follow from its devices, as a file says them.
pub(super) fn written_pools(
    world: &World,
    of: WorkspaceIx,
) -> Result<BTreeMap<Line<64>, DevicePool>, super::ExportError> {
    use super::export::{tags, word};
    let noted = |pool: &crate::fleet::Pool| world.ledger.noted(pool.held.id);
    let pools = world.fleet.pools(of).iter().filter(|pool| !pool.is_usual() || noted(pool).is_some());
    pools
        .map(|pool| {
            let noted = noted(pool);
            let said = DevicePool {
                quantity: (!pool.is_usual()).then(|| DeviceCount::new(pool.quantity)).flatten(),
                tags: noted.map(|noted| tags(&noted.tags)).transpose()?,
                updated_at: noted.map(|noted| noted.updated_at),
            };
            Ok((word("tier", &pool.held.tier)?, said))
        })
        .collect()
}

/// The settings of a workspace as a file says them.
pub(super) fn written_auto(world: &World, of: WorkspaceIx) -> Option<AutoSubscriptions> {
    world.ledger.auto(of).map(|auto| AutoSubscriptions {
        tiers: auto.tiers.clone(),
        created_at: auto.created_at,
        updated_at: auto.updated_at,
        generation: Some(auto.generation),
    })
}
