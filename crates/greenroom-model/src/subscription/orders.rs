//! Subscriptions added, tagged and given back by request, each when its operation ends (`glp.md §7.4`).
//!
//! What an operation says of its result is what live answers say of devices (`glp.md §6.6`), with keys
//! instead of serial numbers, as HPE's subscription-management.json announces in words.

use std::collections::{BTreeMap, HashSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use smol_str::SmolStr;
use uuid::Uuid;

use super::{Noted, Subscription};
use crate::{
    async_operation::Outcome,
    audit::{Author, Category, Effect},
    devices::orders::{Fault, outcome, tagged},
    dialect::AsyncBatch,
    fleet::Tags,
    world::World,
};

/// Tags to be set, or deleted where there is no value.
pub type TagWish = BTreeMap<SmolStr, Option<SmolStr>>;

/// A subscription to be added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewSubscription {
    /// Its key.
    pub key: SmolStr,
    /// Tags that it shall have.
    pub tags: TagWish,
}

/// Subscriptions to be added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Which.
    pub subscriptions: Vec<NewSubscription>,
    /// Whether it shall only be seen whether they could be.
    pub dry_run: bool,
}

/// Subscriptions to be tagged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tagging {
    /// Their ids, each once.
    pub ids: Vec<Uuid>,
    /// With what.
    pub tags: TagWish,
    /// Whether it shall only be seen whether they could be.
    pub dry_run: bool,
}

/// Subscriptions to be given back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unclaims {
    /// Their ids, each once.
    pub ids: Vec<Uuid>,
}

/// What is done about a batch: the good part of it, each with the key that names it, and the rest.
struct Batch<T> {
    good: Vec<(SmolStr, T)>,
    failed: Vec<(SmolStr, Fault)>,
}

impl<T> Batch<T> {
    fn of(items: impl Iterator<Item = Result<(SmolStr, T), (SmolStr, Fault)>>, how: AsyncBatch) -> Self {
        let mut batch = Self { good: Vec::new(), failed: Vec::new() };
        for item in items {
            match item {
                Ok(good) => batch.good.push(good),
                Err(failed) => batch.failed.push(failed),
            }
        }
        if !batch.failed.is_empty() && how == AsyncBatch::Nothing {
            batch.good.clear();
        }
        batch
    }

    fn outcome(&self, kind: &str) -> Outcome {
        let good: Vec<Value> = self.good.iter().map(|(key, _)| json!({"key": key})).collect();
        let fault = |(key, fault): &(SmolStr, Fault)| json!({"key": key, "errorCode": fault.code, "message": fault.message});
        let failed: Vec<Value> = self.failed.iter().map(fault).collect();
        let mut result = json!({});
        for (member, rows) in [("succeededSubscriptions", good), ("failedSubscriptions", failed)] {
            if !rows.is_empty() {
                result[member] = rows.into();
            }
        }
        outcome(self.good.len(), self.failed.len(), result, kind)
    }
}

impl World {
    /// Adds subscriptions to the workspace of `actor`, as far as they can be.
    pub(crate) fn add_subscriptions(&mut self, order: Claims, actor: Author, at: Timestamp) -> Outcome {
        let mut keys = HashSet::new();
        // Each once, as PATCH takes them.
        let wanted = order.subscriptions.into_iter().filter(|new| keys.insert(new.key.clone()));
        let checked = wanted.map(|new| match self.claimable(&new) {
            Ok(claimed) => Ok((new.key, claimed)),
            Err(fault) => Err((new.key, fault)),
        });
        let batch = Batch::of(checked, self.dialect.async_batch);
        let done = batch.outcome("postSubscriptionsResponse");
        for (key, (subscription, tags)) in batch.good.into_iter().filter(|_| !order.dry_run) {
            let (workspace, times) = (Some(actor.workspace), (at, at));
            let (created_at, updated_at) = times;
            self.ledger.enter(Subscription { workspace, tags, created_at, updated_at, ..subscription });
            let description = format!("Subscription {key} added.");
            self.tell(actor, Effect::new(Category::Subscription, description), at);
        }
        done
    }

    /// What a new subscription would be.
    fn claimable(&self, new: &NewSubscription) -> Result<(Subscription, Tags), Fault> {
        match self.ledger.by_key(&new.key) {
            Some(found) if found.workspace.is_none() => Ok((found.clone(), tagged(&Tags::new(), &new.tags)?)),
            None if self.fleet.pool_of_key(&new.key).is_none() => {
                Err(Fault::not_found("Subscription key not found"))
            }
            _ => Err(Fault::conflict("The subscription was added already.")),
        }
    }

    /// Tags subscriptions that the workspace of `actor` sees, as far as they can be.
    pub(crate) fn tag_subscriptions(&mut self, order: Tagging, actor: Author, at: Timestamp) -> Outcome {
        let checked = order.ids.iter().map(|id| {
            let (subscription, _) = self.own_subscription(*id, actor)?;
            let key = subscription.held.key.clone();
            match tagged(&subscription.tags, &order.tags) {
                // What has these tags already does not change.
                Ok(tags) if tags == subscription.tags => Ok((key, None)),
                Ok(tags) => Ok((key, Some(Subscription { tags, updated_at: at, ..subscription }))),
                Err(fault) => Err((key, fault)),
            }
        });
        let batch = Batch::of(checked, self.dialect.async_batch);
        let done = batch.outcome("PatchSubscriptionResponse");
        for (key, changed) in batch.good.into_iter().filter(|_| !order.dry_run) {
            let Some(subscription) = changed else { continue };
            let id = subscription.held.id;
            if self.ledger.by_id(id).is_some() {
                self.ledger.enter(subscription);
            } else {
                self.ledger.note(id, Noted { tags: subscription.tags, updated_at: at });
            }
            let description = format!("Subscription {key} tagged.");
            self.tell(actor, Effect::new(Category::Subscription, description), at);
        }
        done
    }

    /// Gives subscriptions back that the workspace of `actor` claimed and no device uses, as far as they can
    /// be. Whoever has the key can add them again.
    pub(crate) fn unclaim_subscriptions(&mut self, order: Unclaims, actor: Author, at: Timestamp) -> Outcome {
        let checked = order.ids.iter().map(|id| {
            let (subscription, available) = self.own_subscription(*id, actor)?;
            let key = subscription.held.key.clone();
            if available < subscription.quantity {
                return Err((key, Fault::conflict("The subscription is used by devices.")));
            }
            if self.ledger.by_id(*id).is_none() {
                return Err((key, Fault::conflict("Only a subscription that was added can be removed.")));
            }
            Ok((key, subscription))
        });
        let batch = Batch::of(checked, self.dialect.async_batch);
        let done = batch.outcome("deleteSubscriptionsResponse");
        for (key, subscription) in batch.good {
            let free = Subscription { workspace: None, tags: Tags::new(), updated_at: at, ..subscription };
            self.ledger.enter(free);
            let description = format!("Subscription {key} removed.");
            self.tell(actor, Effect::new(Category::Subscription, description), at);
        }
        done
    }

    fn own_subscription(&self, id: Uuid, actor: Author) -> Result<(Subscription, u32), (SmolStr, Fault)> {
        let name = || SmolStr::from(id.to_string());
        let unknown = || (name(), Fault::not_found(format!("Resource with id [{id}] not found")));
        self.visible_subscription(actor.workspace, id).ok_or_else(unknown)
    }
}
