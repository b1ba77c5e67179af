//! The workspaces of a world file one by one: those that it lists and those that it lets generate.

use std::collections::HashMap;

use super::{
    Base, Contents, DeviceMix, Devices, Spec, Tenant, TenantCount, Workspace, default_pattern, numbered,
};
use crate::tenancy::Ownership;

/// One workspace.
pub(super) struct Row<'s> {
    pub(super) kind: RowKind<'s>,
    /// The number of the row of its MSP, if it is a tenant.
    pub(super) msp: Option<usize>,
    /// Where it stands in the file.
    pub(super) stand: Stand,
}

pub(super) enum RowKind<'s> {
    Own(&'s Workspace),
    Listed(&'s Tenant),
    Generated(Box<Tenant>),
}

/// Where a workspace stands: its own number in the list of workspaces or that of its MSP, and under it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stand {
    pub(super) own: usize,
    pub(super) under: Under,
}

/// Where under an MSP.
#[derive(Clone, Copy, Debug)]
pub(super) enum Under {
    Itself,
    /// Nowhere: it was generated as it is.
    Generated,
    Changed(usize),
    Listed(usize),
}

impl<'s> Row<'s> {
    /// A tenant that stands in no file.
    pub(super) fn listed(tenant: &'s Tenant) -> Self {
        Self { kind: RowKind::Listed(tenant), msp: None, stand: Stand { own: 0, under: Under::Itself } }
    }
}

impl Row<'_> {
    pub(super) fn base(&self) -> &Base {
        match &self.kind {
            RowKind::Own(own) => &own.base,
            RowKind::Listed(tenant) => &tenant.base,
            RowKind::Generated(tenant) => &tenant.base,
        }
    }

    pub(super) fn contents(&self) -> &Contents {
        match &self.kind {
            RowKind::Own(own) => &own.contents,
            RowKind::Listed(tenant) => &tenant.contents,
            RowKind::Generated(tenant) => &tenant.contents,
        }
    }

    pub(super) fn ownership(&self) -> Option<Ownership> {
        match &self.kind {
            RowKind::Own(_) => None,
            RowKind::Listed(tenant) => tenant.ownership,
            RowKind::Generated(tenant) => tenant.ownership,
        }
    }
}

/// All workspaces: each MSP, its generated tenants, its listed ones.
pub(super) fn rows(spec: &Spec) -> Vec<Row<'_>> {
    let mut rows = Vec::new();
    for (number, own) in spec.workspaces.iter().enumerate() {
        let stand = |under| Stand { own: number, under };
        rows.push(Row { kind: RowKind::Own(own), msp: None, stand: stand(Under::Itself) });
        let Some(tenants) = &own.estate.tenants else { continue };
        let msp = Some(rows.len() - 1);
        let pattern = match &tenants.symbol {
            Some(pattern) => pattern.as_str().to_owned(),
            None => default_pattern(own.base.symbol.as_str()),
        };
        let devices = tenants.devices.clone().or_else(|| {
            let network = Some(own.estate.devices_per_tenant?);
            Some(DeviceMix { network, ..DeviceMix::new() })
        });
        let devices = devices.map(Devices::new);
        let changed = tenants.changed.iter().flat_map(|changed| &changed.0).enumerate();
        let changed: HashMap<_, _> =
            changed.map(|(nth, changed)| (changed.base.symbol.as_str(), (nth, changed))).collect();
        for n in 1..=u64::from(tenants.count.map_or(0, TenantCount::get)) {
            // A number in a pattern that was checked makes a symbol.
            let Ok(symbol) = numbered(&pattern, n).parse::<super::Symbol>() else { continue };
            let name = tenants.name.as_ref().and_then(|name| numbered(name.as_str(), n).parse().ok());
            let changed = changed.get(symbol.as_str());
            let base = Base { name, ..Base::new(symbol) };
            let contents = Contents { devices: devices.clone(), ..Contents::new() };
            let mut generated = Tenant { base, ownership: tenants.ownership, contents };
            let mut under = Under::Generated;
            if let Some((nth, changed)) = changed {
                replace(&mut generated, changed);
                under = Under::Changed(*nth);
            }
            rows.push(Row { kind: RowKind::Generated(Box::new(generated)), msp, stand: stand(under) });
        }
        rows.extend(tenants.listed.iter().flatten().enumerate().map(|(nth, tenant)| Row {
            kind: RowKind::Listed(tenant),
            msp,
            stand: stand(Under::Listed(nth)),
        }));
    }
    rows
}

/// Puts what is said of a generated tenant in the place of what was generated.
fn replace(generated: &mut Tenant, said: &Tenant) {
    macro_rules! replace {
        ($($part:ident: $($field:ident)+;)+) => {
            $($(if said.$part.$field.is_some() {
                generated.$part.$field.clone_from(&said.$part.$field);
            })+)+
        };
    }
    replace! {
        base: name id central_customer owner cluster platform contact description created_at updated_at
            generation number gone;
        contents: sites scopes devices clients provisions subscriptions pools auto_subscriptions;
    }
    generated.ownership = said.ownership.or(generated.ownership);
}

/// The rows in order of creation: as they stand in the file, unless they say another. An MSP comes before
/// its tenants in any case.
pub(super) fn creation(rows: &[Row<'_>]) -> Vec<usize> {
    let places = places(rows.iter().map(|row| row.base().number));
    let mut order: Vec<_> = (0..rows.len()).collect();
    order.sort_by_key(|row| {
        let msp = rows[*row].msp;
        (msp.map_or(0, |msp| places[msp]).max(places[*row]), msp.is_some())
    });
    order
}

/// The place of each in the order of creation: where it stands in the file, unless it says another.
pub(super) fn places(numbers: impl Iterator<Item = Option<u32>>) -> Vec<usize> {
    numbers.enumerate().map(|(at, number)| number.map_or(at, |number| number as usize)).collect()
}
