//! The subscriptions of devices: one pool for each tier of a workspace, if nothing else is said.
//!
//! Which subscription a device uses is counted as devices come, change and go, so that nobody has to look at
//! all of them to know how many are left.

use std::sync::Arc;

use jiff::Timestamp;
use smol_str::{SmolStr, format_smolstr};
use uuid::Uuid;

use super::{Address, Device, Fleet, device::NETWORK, plot::Plot};
use crate::{id::Seed, world::WorkspaceIx};

/// What a device shows of the subscription that it uses: what never changes about one (`glp.md §6.2`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Its id.
    pub id: Uuid,
    /// Its key.
    pub key: SmolStr,
    /// Its tier.
    pub tier: SmolStr,
    /// When it begins.
    pub start: Timestamp,
    /// When it ends.
    pub end: Timestamp,
}

/// The subscription that the devices of one tier of a workspace use if nothing else is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pool {
    /// What its devices show of it. The id leads back to the workspace.
    pub held: Arc<Held>,
    /// How many devices use it because nothing else is said.
    used: u32,
    /// How many can: a round number.
    pub quantity: u32,
}

impl Pool {
    fn new(workspace: WorkspaceIx, tier: &str, seed: Seed, born: Timestamp) -> Self {
        let proof = seed.bytes("pool", tier, workspace.0 as u64);
        let index = u32::from_be_bytes([0, proof[8], proof[9], proof[10]]);
        let code = Address::new(workspace, index).scramble(own(seed));
        let mut id = [0; 16];
        id[..5].copy_from_slice(&code.to_be_bytes()[3..]);
        id[5..].copy_from_slice(&proof[11..22]);
        id[6] = (id[6] & 0x0f) | 0x50;
        id[8] = (id[8] & 0x3f) | 0x80;
        let key =
            format_smolstr!("E{code:010X}{:07X}", u32::from_be_bytes([id[12], id[13], id[14], id[15]]) >> 4);
        let end = "2030-12-31T23:59:59Z".parse().unwrap_or(Timestamp::MAX);
        let held = Arc::new(Held { id: Uuid::from_bytes(id), key, tier: tier.into(), start: born, end });
        Self { held, used: 0, quantity: 0 }
    }
}

/// Ids of pools are not those of devices.
fn own(seed: Seed) -> Seed {
    Seed(seed.0 ^ 0x7375_6273_6372_6962)
}

/// The smallest round number that is not smaller: 10, 25, 50, 100, 250, …; none for none.
fn round(count: u32) -> u32 {
    if count == 0 {
        return 0;
    }
    let mut ten = 10_u32;
    loop {
        // A fleet has at most two to the fortieth devices, and a workspace far fewer than these.
        for round in [ten, ten.saturating_mul(5) / 2, ten.saturating_mul(5)] {
            if round >= count {
                return round;
            }
        }
        ten = ten.saturating_mul(10);
    }
}

/// What a device uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// The pool of its workspace for this tier.
    Pool(SmolStr),
    /// This subscription, because somebody said so.
    Of(Uuid),
}

impl<'f> Device<'f> {
    /// The subscription that it uses. One that is assigned to Central uses its tier's, if nothing else is
    /// said; the others use none.
    pub fn subscription(&self) -> Option<&'f Held> {
        match self.change().and_then(|change| change.subscription.as_ref()) {
            Some(said) => said.as_deref(),
            None if self.assigned() => {
                let tier = self.tier();
                self.plot.pools().iter().find(|pool| pool.held.tier == tier).map(|pool| &*pool.held)
            }
            None => None,
        }
    }

    pub(super) fn uses(&self) -> Option<Use> {
        match self.change().and_then(|change| change.subscription.as_ref()) {
            Some(said) => said.as_ref().map(|held| Use::Of(held.id)),
            None => self.assigned().then(|| Use::Pool(self.tier().into())),
        }
    }
}

impl Plot {
    /// Counts the generated devices that are there. Nothing else is said of any of them yet.
    pub(super) fn open_pools(&mut self, workspace: WorkspaceIx, seed: Seed, born: Timestamp) {
        let makes = NETWORK.len() as u32;
        for (nth, make) in (0..makes).zip(&NETWORK) {
            let all = (self.generated.network + makes - 1 - nth) / makes;
            let away = self.away().iter().filter(|index| *index % makes == nth).count() as u32;
            if all > away {
                self.pool(workspace, make.tier, seed, born).enter(all - away);
            }
        }
    }

    /// The pool of a tier, which is made if there is none.
    fn pool(&mut self, workspace: WorkspaceIx, tier: &str, seed: Seed, born: Timestamp) -> &mut Pool {
        let pools = self.pools_mut();
        let at = match pools.binary_search_by(|pool| pool.held.tier.as_str().cmp(tier)) {
            Ok(at) => at,
            Err(at) => {
                pools.insert(at, Pool::new(workspace, tier, seed, born));
                at
            }
        };
        &mut pools[at]
    }
}

impl Pool {
    /// More devices use it. What a world says is never too much for it.
    fn enter(&mut self, devices: u32) {
        self.used += devices;
        if self.used > self.quantity {
            self.quantity = round(self.used);
        }
    }
}

impl Fleet {
    /// The pools of a workspace, by tier.
    pub fn pools(&self, workspace: WorkspaceIx) -> &[Pool] {
        self.plot(workspace).map_or(&[], Plot::pools)
    }

    /// The pool of that id, and whose it is.
    pub fn pool(&self, id: Uuid) -> Option<(WorkspaceIx, &Pool)> {
        let [a, b, c, d, e, ..] = id.into_bytes();
        let found = self.pool_at(u64::from_be_bytes([0, 0, 0, a, b, c, d, e]))?;
        (found.1.held.id == id).then_some(found)
    }

    /// The pool of that key, and whose it is.
    pub fn pool_of_key(&self, key: &str) -> Option<(WorkspaceIx, &Pool)> {
        let code = key.strip_prefix('E')?.get(..10)?;
        let found = self.pool_at(u64::from_str_radix(code, 16).ok()?)?;
        (found.1.held.key == key).then_some(found)
    }

    fn pool_at(&self, code: u64) -> Option<(WorkspaceIx, &Pool)> {
        let workspace = Address::unscramble(code, own(self.seed)).workspace();
        let leading = |pool: &&Pool| pool.held.id.as_bytes()[..5] == code.to_be_bytes()[3..];
        self.pools(workspace).iter().find(leading).map(|pool| (workspace, pool))
    }

    /// How many devices use the subscription of that id, of whichever workspace they are.
    pub fn users_of(&self, id: Uuid) -> u32 {
        let said = self.uses.get(&id).copied().unwrap_or_default();
        said + self.pool(id).map_or(0, |(_, pool)| pool.used)
    }

    /// Counts what a device uses that has come or changed.
    pub(super) fn count_use(&mut self, workspace: WorkspaceIx, what: Option<Use>) {
        match what {
            Some(Use::Pool(tier)) => {
                let (seed, born) = (self.seed, self.born);
                self.plot_mut(workspace).pool(workspace, &tier, seed, born).enter(1);
            }
            Some(Use::Of(id)) => {
                let users = self.uses.get(&id).copied().unwrap_or_default();
                self.uses.insert_mut(id, users + 1);
            }
            None => {}
        }
    }

    /// Takes back what was counted for a device that goes or changes.
    pub(super) fn discount_use(&mut self, workspace: WorkspaceIx, what: Option<Use>) {
        match what {
            Some(Use::Pool(tier)) => {
                let (seed, born) = (self.seed, self.born);
                self.plot_mut(workspace).pool(workspace, &tier, seed, born).used -= 1;
            }
            Some(Use::Of(id)) => match self.uses.get(&id).copied().unwrap_or_default() {
                0 | 1 => _ = self.uses.remove_mut(&id),
                users => self.uses.insert_mut(id, users - 1),
            },
            None => {}
        }
    }

    /// The pool of a tier is there, even if no device uses it.
    pub(crate) fn keep_pool(&mut self, workspace: WorkspaceIx, tier: &str) {
        if self.plot(workspace).is_some() {
            let (seed, born) = (self.seed, self.born);
            self.plot_mut(workspace).pool(workspace, tier, seed, born);
        }
    }

    /// Gives each pool of a workspace the quantity that is `said` for its tier, else the one that follows from
    /// how many use it. One that nobody uses or speaks of is gone.
    pub(crate) fn fill_pools(&mut self, workspace: WorkspaceIx, said: impl Fn(&str) -> Option<u32>) {
        let wanted =
            |pool: &Pool| said(&pool.held.tier).map_or_else(|| round(pool.used), |said| said.max(pool.used));
        // Most are right already, and are not copied to be left as they are.
        if self.pools(workspace).iter().all(|pool| pool.quantity == wanted(pool) && pool.quantity > 0) {
            return;
        }
        let pools = self.plot_mut(workspace).pools_mut();
        for pool in pools.iter_mut() {
            pool.quantity = wanted(pool);
        }
        pools.retain(|pool| pool.quantity > 0);
    }
}

impl Pool {
    /// Whether its quantity follows from how many use it.
    pub fn is_usual(&self) -> bool {
        self.quantity == round(self.used)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_round() {
        let rounds: Vec<_> = [0, 1, 10, 11, 25, 26, 50, 51, 100, 101, 250, 251, 1_000_001].map(round).into();
        assert_eq!(rounds, [0, 10, 10, 25, 25, 50, 50, 100, 100, 250, 250, 500, 2_500_000]);
        assert_eq!([u32::MAX, 4_000_000_000].map(|count| round(count) >= count), [true, true]);
    }
}
