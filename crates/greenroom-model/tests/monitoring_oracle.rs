//! What is told of devices, clients, sites and alerts agrees, whatever world it is: each against a count of its own.

use std::collections::{BTreeMap, BTreeSet};

use greenroom_model::{
    fleet::{DeviceType, Fleet, Health, Listed, Mix, Severity, Share, sum},
    id::Seed,
    world::WorkspaceIx,
};
use jiff::{SignedDuration, Timestamp};
use proptest::{collection::vec, option, prelude::*, sample::select};

const OURS: WorkspaceIx = WorkspaceIx(1);

fn born() -> Timestamp {
    "2025-09-17T13:06:59Z".parse().unwrap()
}

fn shares() -> impl Strategy<Value = Share> {
    let kinds = vec![DeviceType::AccessPoint, DeviceType::Switch, DeviceType::Gateway, DeviceType::Compute];
    let sites = vec!["HQ", "Branch", "Nowhere"];
    let listed =
        (select(kinds), any::<[bool; 3]>(), option::of(select(sites))).prop_map(|(kind, is, site)| {
            let assigned = is[0] && kind.is_network();
            Listed {
                assigned,
                provisioned: assigned && is[1],
                online: assigned && is[1] && is[2],
                site: site.filter(|_| assigned).map(Into::into),
                ..Listed::new(kind)
            }
        });
    let named = Some(["HQ", "Branch", "Nowhere"].map(Into::into).to_vec());
    (0..120_u32, 0..3_u32, 0..4_u32, vec(listed, 0..12), select(vec![None, named])).prop_map(
        |(network, compute, unassigned, listed, sites)| {
            let listed = if sites.is_some() { listed } else { Vec::new() };
            Share { mix: Mix { network, compute, storage: 1, unassigned }, listed, gone: vec![], sites }
        },
    )
}

proptest! {
    #[test]
    fn sites_clients_and_alerts_agree_with_the_devices(
        seed: u64, shares in [shares(), shares()], let_go in vec(any::<prop::sample::Index>(), 0..6)
    ) {
        let mut fleet = Fleet::new(Seed(seed), born());
        for (place, share) in shares.into_iter().enumerate() {
            fleet.plant(WorkspaceIx(place), share).unwrap();
        }
        let serials: Vec<_> = fleet.network(OURS).map(|device| device.serial()).collect();
        for place in let_go {
            if !serials.is_empty() {
                fleet.forget(OURS, place.get(&serials).as_str());
            }
        }
        let census = fleet.census(OURS);

        // Alerts: one for each device that is not well.
        let mut alerts = [0; 3];
        let mut ids = BTreeSet::new();
        for alert in fleet.network(OURS).filter_map(|device| device.alert()) {
            alerts[alert.severity as usize] += 1;
            prop_assert!(ids.insert(alert.id()), "an id twice");
            let expected = match alert.device.health() {
                None => Severity::Minor,
                Some(Health::Fair) => Severity::Major,
                Some(_) => Severity::Critical,
            };
            prop_assert_eq!(alert.severity, expected);
        }
        prop_assert_eq!(alerts, census.alerts());

        // Clients: of devices that answer, with addresses of their own, which lead back.
        let mut macs: BTreeSet<_> = fleet.all(OURS).map(|device| device.mac()).collect();
        let mut at_sites: BTreeMap<_, usize> = BTreeMap::new();
        for device in fleet.all(OURS) {
            prop_assert!(device.clients().count() <= 5);
            prop_assert!(device.online() || device.clients().count() == 0);
            for client in device.clients() {
                let mac = client.mac();
                prop_assert!(macs.insert(mac.clone()), "{mac} twice");
                prop_assert_eq!(fleet.client(OURS, &mac), Some(client));
                prop_assert_eq!(fleet.client(OURS, &mac.to_lowercase()), Some(client));
                prop_assert_eq!(fleet.client(WorkspaceIx(0), &mac), None);
                let wireless = device.kind() == DeviceType::AccessPoint;
                prop_assert_eq!(client.wlan().is_some(), wireless);
                prop_assert_eq!(client.radio().is_some(), wireless);
                prop_assert_eq!(client.port().is_none(), wireless);
                let now = born() + SignedDuration::from_hours(24 * 90);
                prop_assert!(client.connected_at(now) <= now);
                if let Some(at) = client.failed_at(now) {
                    prop_assert!(at <= now && now.duration_since(at) <= SignedDuration::from_hours(10));
                    prop_assert_eq!(client.failed_at(at), Some(at), "it stays where it was");
                }
            }
            if let Some(site) = device.site() {
                *at_sites.entry(site.id).or_default() += device.connected_clients();
            }
        }

        // Sites: nobody is lost, nobody counted twice.
        let tallies = fleet.tallies(OURS);
        prop_assert_eq!(tallies.len() as u32, census.sites);
        for tally in &tallies {
            let here = || fleet.network(OURS).filter(|device| device.site().map(|it| it.id) == Some(tally.site.id));
            let well = |health| here().filter(|device| device.health() == Some(health)).count() as u32;
            let [good, fair, poor] = [Health::Good, Health::Fair, Health::Poor].map(well);
            prop_assert_eq!(sum(&tally.devices), [good, fair, poor]);
            let clients = sum(&tally.clients).iter().sum::<u32>();
            prop_assert_eq!(clients as usize, at_sites.get(&tally.site.id).copied().unwrap_or_default());
            let raised = here().filter(|device| device.alert().is_some()).count() as u32;
            prop_assert_eq!(tally.alerts.iter().sum::<u32>(), raised);
        }
        let degraded = tallies.iter().filter(|tally| tally.health() == Health::Poor).count();
        prop_assert_eq!(degraded as u32, census.degraded_sites());
    }

    #[test]
    fn no_text_is_taken_for_a_client_that_is_none(seed: u64, text in "\\PC*", mac in "[0-9A-Fa-f]{2}(:[0-9A-F]{2}){0,7}") {
        let mut fleet = Fleet::new(Seed(seed), born());
        fleet.plant(WorkspaceIx(0), Mix { network: 60, ..Mix::default() }).unwrap();
        for text in [text, mac] {
            if let Some(client) = fleet.client(WorkspaceIx(0), &text) {
                prop_assert_eq!(client.mac(), text.to_uppercase());
            }
        }
    }
}
