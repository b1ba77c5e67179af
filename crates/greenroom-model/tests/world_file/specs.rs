//! World files of every shape, made from dice: the same dice give the same world, and shrinking the dice
//! makes it smaller.

use greenroom_model::{
    access::Service,
    async_operation::{Accepted, Outcome, Progress, Task},
    catalog::ProvisionStatus,
    devices::orders::{Update, Version, Wish, Wished},
    dialect::Dialect,
    fleet::{self, DeviceType},
    host::{CLUSTERS, Cluster},
    id::WorkspaceId,
    role::{Permission, Resource, Role},
    secret::{self, Digest, Secret},
    spec::*,
    subscription::{
        AutoDevice, AutoTier, PRODUCTS, ProductType, STATUSES, SubscriptionStatus, SubscriptionType, TYPES,
    },
    tenancy::{Ownership, Platform},
    token::{Life, TokenKind},
    user::{Language, UserStatus},
};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use serde_json::json;
use uuid::Uuid;

/// Any world file that can be written.
pub(crate) fn specs() -> impl Strategy<Value = Spec> {
    proptest::collection::vec(any::<u8>(), 0..3_000).prop_map(|dice| Dice { dice, at: 0, made: 0 }.spec())
}

/// Pieces of text that YAML takes for something else when they are not quoted.
const PIECES: [&str; 40] = [
    "",
    "a",
    "word",
    "two words",
    "~",
    "null",
    "on",
    "No",
    "y",
    "true",
    "1",
    "0x1f",
    "1e5",
    "-",
    "- a",
    "a: b",
    "a:",
    " # c",
    "#",
    "{",
    "[x]",
    "*a",
    "&a",
    "!a",
    "|",
    ">",
    "%",
    "@",
    "`",
    "'",
    "\"",
    "\\",
    "\n",
    "\t",
    "\r",
    " ",
    "\u{85}\u{2028}",
    "\u{feff}",
    "\0\u{7f}",
    "é東😀",
];

struct Dice {
    dice: Vec<u8>,
    at: usize,
    /// How many names were made: each is another.
    made: u32,
}

impl Dice {
    /// 0 once the dice have run out, so that every world ends.
    fn throw(&mut self) -> usize {
        self.at += 1;
        self.dice.get(self.at - 1).copied().unwrap_or(0).into()
    }

    fn number(&mut self) -> u64 {
        (0..8).fold(0, |number, _| number << 8 | self.throw() as u64)
    }

    fn of<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.throw() % choices.len()].clone()
    }

    fn maybe<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        (self.throw() % 2 == 1).then(|| make(self))
    }

    fn many<T>(&mut self, most: usize, mut make: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..self.throw() % (most + 1)).map(|_| make(self)).collect()
    }

    fn truth(&mut self) -> bool {
        self.throw() % 2 == 1
    }

    fn next(&mut self) -> u32 {
        self.made += 1;
        self.made
    }

    fn text(&mut self) -> String {
        let long = if self.throw() == 255 { "long words ".repeat(300) } else { String::new() };
        let pieces = self.throw() % 4;
        (0..pieces).map(|_| self.of(&PIECES)).collect::<String>() + &long
    }

    fn label(&mut self) -> Label {
        let text = self.text();
        (if text.is_empty() { "x".to_owned() } else { text }).parse().unwrap()
    }

    /// A label that nothing else has.
    fn own_label(&mut self) -> Label {
        format!("{}{}", self.text(), self.next()).parse().unwrap()
    }

    fn title<const MAX: usize>(&mut self) -> Line<MAX> {
        let text: String = self.text().chars().filter(|c| !c.is_control()).take(12).collect();
        (if text.is_empty() { "x".to_owned() } else { text }).parse().unwrap()
    }

    /// A title that nothing else has.
    fn own_title(&mut self) -> Title {
        let title: Line<12> = self.title();
        format!("{}{}", title.as_str(), self.next()).parse().unwrap()
    }

    fn secret(&mut self) -> Secret {
        Secret::new(self.own_label().as_str().chars().take(secret::LONGEST).collect::<String>())
    }

    fn note(&mut self) -> Note {
        self.text().parse().unwrap()
    }

    fn uuid(&mut self) -> Uuid {
        Uuid::from_u128(u128::from(self.number()) << 64 | u128::from(self.next()))
    }

    fn hex(&mut self) -> HexId {
        self.uuid().simple().to_string().parse().unwrap()
    }

    fn digest(&mut self) -> Digest {
        Digest::of(self.next().to_le_bytes())
    }

    fn instant(&mut self) -> Timestamp {
        let nanos = [0, 1_000_000, 123_456_789];
        Timestamp::new((self.number() % 4_000_000_000) as i64, self.of(&nanos)).unwrap()
    }

    fn life(&mut self) -> Life {
        let seconds = 1 + self.number() % (10 * 365 * 24 * 3600);
        Life::try_from(SignedDuration::from_secs(seconds as i64)).unwrap()
    }

    fn symbol(&mut self) -> Symbol {
        let stem = self.of(&["w", "acme-", "A.b_", "0", "1e"]);
        format!("{stem}{}", self.next()).parse().unwrap()
    }

    fn spec(mut self) -> Spec {
        let mut basics = Basics::new();
        basics.version = self.maybe(|_| VERSION);
        basics.seed = self.maybe(Self::number);
        basics.born = self.maybe(Self::instant);
        basics.token_life = self.maybe(|dice| TokenLife {
            sso: dice.maybe(Self::life),
            workspace: dice.maybe(Self::life),
            tenant: dice.maybe(Self::life),
            classic: dice.maybe(Self::life),
            refresh: dice.maybe(Self::life),
            code: dice.maybe(Self::life),
            sign_in: dice.maybe(Self::life),
        });
        basics.dialect = self.maybe(Self::dialect);
        let roles = self.many(3, |dice| (dice.own_title(), dice.role()));
        let names: Vec<_> = roles.iter().map(|(name, _)| name.clone()).collect();
        basics.roles = self.maybe(|_| roles.into_iter().collect());
        let mut known: Vec<Title> = vec!["Operator".parse().unwrap(), "Administrator".parse().unwrap()];
        known.extend(names.into_iter().filter(|_| basics.roles.is_some()));
        let users = self.many(3, |dice| {
            let way = dice.number() % 3;
            User {
                password: (way == 0).then(|| Secret::new(dice.hex().as_str())),
                password_sha256: (way == 1).then(|| dice.digest()),
                email: format!("u{}@example.com", dice.next()).parse().unwrap(),
                role: dice.maybe(|dice| dice.of(&known)),
                principal: dice.maybe(Self::hex),
                context: dice.maybe(Self::hex),
                first_name: dice.maybe(Self::title),
                last_name: dice.maybe(Self::title),
                status: dice.maybe(|dice| dice.of(UserStatus::ALL)),
                workspaces: None,
                language: dice.maybe(|dice| dice.of(Language::ALL)),
                idle_timeout: dice.maybe(|dice| dice.number() as u32),
                created_at: dice.maybe(Self::instant),
                updated_at: dice.maybe(Self::instant),
                last_login: dice.maybe(Self::instant),
                generation: dice.maybe(|dice| dice.number() as u32),
            }
        });
        let emails: Vec<_> = users.iter().map(|user| user.email.clone()).collect();
        basics.users = self.maybe(|_| users);
        let mut cast = Cast { emails, ..Cast::default() };
        if basics.users.is_none() {
            cast.emails.clear();
        }
        basics.unclaimed = self.maybe(|dice| dice.many(2, |dice| dice.subscription(&mut cast)));
        let first = self.workspace(&mut cast);
        let others = self.many(3, |dice| dice.workspace(&mut cast));
        for user in basics.users.iter_mut().flatten() {
            user.workspaces = self.maybe(|dice| dice.many(2, |dice| dice.of(&cast.symbols)));
        }
        let mut spec = Spec::new(basics, [first].into_iter().chain(others).collect());
        spec.state = self.maybe(|dice| dice.state(&cast));
        spec
    }

    fn dialect(&mut self) -> Dialect {
        let mut dialect = Dialect::default();
        for row in Dialect::default().rows() {
            let own = ["1m 30s", "1s 5ms", "custom:60/1m"].map(str::to_owned);
            let values: Vec<_> = row.values.into_iter().chain(own).collect();
            if let Some(value) = self.maybe(|dice| dice.of(&values)) {
                // What describes values is none.
                let _ = dialect.set(&row.name, &value);
            }
        }
        dialect
    }

    fn role(&mut self) -> Role {
        let granted = |dice: &mut Self| dice.many(3, |dice| dice.of(&Permission::ALL)).into_iter().collect();
        let grants = self.many(4, |dice| (dice.of(&Resource::ALL), granted(dice)));
        Role { grants: grants.into_iter().collect() }
    }

    fn owner(&mut self, cast: &Cast) -> Option<Email> {
        if cast.emails.is_empty() { None } else { self.maybe(|dice| dice.of(&cast.emails)) }
    }

    fn base(&mut self, symbol: Symbol, cast: &mut Cast) -> Base {
        cast.symbols.push(symbol.clone());
        let clusters = CLUSTERS.map(|(name, _)| Cluster::named(name).unwrap());
        Base {
            symbol,
            name: self.maybe(Self::own_title),
            id: self.maybe(|dice| WorkspaceId(dice.uuid())),
            central_customer: self.maybe(Self::hex),
            owner: self.owner(cast),
            cluster: self.maybe(|dice| match dice.throw() % 3 {
                0 => Home::Any,
                1 => Home::On(Cluster::of_host("internal2.api.central.arubanetworks.com").unwrap()),
                _ => Home::On(dice.of(&clusters)),
            }),
            platform: self.maybe(|dice| {
                let host = "dedicated.example.com".to_owned();
                dice.of(&[Platform::Cloud, Platform::Dedicated { host }])
            }),
            contact: self.maybe(|dice| Contact {
                address: dice.maybe(Self::address),
                phone: dice.maybe(Self::title),
                email: dice.maybe(|_| "ops@example.com".parse().unwrap()),
            }),
            description: self.maybe(Self::note),
            created_at: self.maybe(Self::instant),
            updated_at: self.maybe(Self::instant),
            generation: self.maybe(|dice| dice.number() as u32),
            number: self.maybe(Self::next),
            gone: self.maybe(Self::truth),
        }
    }

    fn address(&mut self) -> Address {
        Address {
            street: self.maybe(Self::title),
            complement: self.maybe(|_| "c".repeat(60).parse().unwrap()),
            city: self.maybe(|_| "Zürich".parse().unwrap()),
            state: self.maybe(|_| "No".parse().unwrap()),
            zip: self.maybe(|_| "0123".parse().unwrap()),
            country: self.maybe(|_| "NO".parse().unwrap()),
        }
    }

    fn workspace(&mut self, cast: &mut Cast) -> Workspace {
        let symbol = self.symbol();
        let base = self.base(symbol, cast);
        let contents = self.contents(cast);
        let mut estate = Estate::new();
        let msp = self.maybe(|_| WorkspaceType::Msp);
        estate.tenants = self.maybe(|dice| dice.tenants(&base.symbol, cast));
        let generated =
            estate.tenants.as_ref().filter(|tenants| tenants.count.is_some() && tenants.devices.is_none());
        if generated.is_some() {
            estate.devices_per_tenant = self.maybe(|dice| dice.count());
        }
        let alone = Some(WorkspaceType::Standard).filter(|_| estate.tenants.is_none());
        Workspace { base, kind: msp.or(alone), contents, estate }
    }

    fn count(&mut self) -> DeviceCount {
        Count::new(self.number() as u32 % (MOST_DEVICES / 8)).unwrap()
    }

    fn tenants(&mut self, msp: &Symbol, cast: &mut Cast) -> Tenants {
        let listed = |dice: &mut Self, cast: &mut Cast| {
            let symbol = dice.symbol();
            dice.tenant(symbol, cast)
        };
        let mut tenants = Tenants::new();
        tenants.listed = self.maybe(|dice| dice.many(3, |dice| listed(dice, cast)));
        tenants.count = self.maybe(|dice| Count::new(dice.throw() as u32).unwrap());
        let Some(count) = tenants.count else { return tenants };
        tenants.symbol = self.maybe(|dice| format!("g{}x{{n}}y", dice.next()).parse().unwrap());
        tenants.name = self.maybe(|dice| format!("{}{{n}}", dice.own_title().as_str()).parse().unwrap());
        tenants.ownership = self.maybe(|dice| dice.of(&[Ownership::Msp, Ownership::Customer]));
        tenants.devices = self.maybe(|dice| dice.mix());
        let pattern = tenants
            .symbol
            .as_ref()
            .map_or_else(|| default_pattern(msp.as_str()), |own| own.as_str().to_owned());
        let changed = |dice: &mut Self, n: u32| {
            let symbol = numbered(&pattern, n.into()).parse().unwrap();
            let mut cast = Cast { emails: cast.emails.clone(), ..Cast::default() };
            dice.tenant(symbol, &mut cast)
        };
        tenants.changed =
            self.maybe(|dice| Changed((1..=count.get().min(3)).map(|n| changed(dice, n)).collect()));
        tenants
    }

    fn tenant(&mut self, symbol: Symbol, cast: &mut Cast) -> Tenant {
        let base = self.base(symbol, cast);
        let ownership = self.maybe(|dice| dice.of(&[Ownership::Msp, Ownership::Customer]));
        Tenant { base, ownership, contents: self.contents(cast) }
    }

    fn contents(&mut self, cast: &mut Cast) -> Contents {
        let sites = self.maybe(|dice| dice.many(3, Self::own_title));
        let known = sites.clone().unwrap_or_else(|| SITES.map(|site| site.parse().unwrap()).to_vec());
        let subscriptions = self.maybe(|dice| dice.many(2, |dice| dice.subscription(cast)));
        let pools = self.maybe(|dice| dice.many(2, Self::pool).into_iter().collect());
        let devices = self.maybe(|dice| dice.devices(&known, &cast.keys));
        let services = Service::MANAGED.map(Managed);
        let provisions = self.maybe(|dice| {
            dice.many(2, |dice| {
                let id = dice.maybe(Self::uuid);
                cast.provisions.extend(id);
                Provision {
                    service_manager: dice.of(&services),
                    region: dice.maybe(|dice| dice.of(&REGIONS).parse().unwrap()),
                    id,
                    owner: dice.owner(cast),
                    created_at: dice.maybe(Self::instant),
                    status: dice.maybe(|dice| dice.of(&ProvisionStatus::ALL)),
                    updated_at: dice.maybe(Self::instant),
                    generation: dice.maybe(|dice| dice.number() as u32),
                }
            })
        });
        let clients = self.maybe(|dice| {
            dice.many(3, |dice| {
                let id = dice.maybe(Self::own_label);
                cast.clients.extend(id.clone());
                let kind = dice.throw() % 4;
                Client {
                    name: dice.own_label(),
                    credential_name: dice.maybe(Self::own_label),
                    id,
                    secret: (kind == 1).then(|| dice.secret()),
                    secret_sha256: (kind == 2).then(|| dice.digest()),
                    no_secret: (kind == 3).then(|| dice.truth()),
                    service: dice.maybe(|dice| dice.of(&Service::ALL)),
                    owner: dice.owner(cast),
                    application_instance: dice.maybe(Self::uuid),
                    for_tenant: dice.maybe(Self::truth),
                    provision: if cast.provisions.is_empty() {
                        None
                    } else {
                        dice.maybe(|dice| dice.of(&cast.provisions))
                    },
                    secrets: dice.maybe(|dice| dice.number() as u32),
                    created_at: dice.maybe(Self::instant),
                    updated_at: dice.maybe(Self::instant),
                    number: dice.maybe(Self::next),
                    gone: dice.maybe(Self::truth),
                }
            })
        });
        let auto_subscriptions = self.maybe(|dice| AutoSubscriptions {
            tiers: [(AutoDevice::named("AP").unwrap(), AutoTier::named("ADVANCED_AP").unwrap())].into(),
            created_at: dice.instant(),
            updated_at: dice.instant(),
            generation: dice.maybe(|dice| dice.number() as u32),
        });
        let scopes = self.maybe(Self::scopes);
        Contents { sites, scopes, devices, clients, provisions, subscriptions, pools, auto_subscriptions }
    }

    fn scope_number(&mut self) -> ScopeNumber {
        ScopeNumber::new(self.throw() as u32 % 5).unwrap()
    }

    fn scopes(&mut self) -> Scopes {
        let named = |dice: &mut Self| {
            let rows = (0..dice.throw() as u32 % 5).map(|number| NamedScope {
                number: ScopeNumber::new(number).unwrap(),
                name: dice.maybe(|dice| dice.own_title().as_str().parse().unwrap()),
                description: dice.maybe(|dice| dice.title::<12>().as_str().parse().unwrap()),
                gone: dice.maybe(Self::truth),
            });
            Rows(rows.collect())
        };
        let site = |dice: &mut Self, number| {
            let place = dice.maybe(|dice| dice.of(&["0", "-12.5", "1e1"]));
            SiteScope {
                number: ScopeNumber::new(number).unwrap(),
                name: dice.maybe(|dice| dice.own_title().as_str().parse().unwrap()),
                address: dice.maybe(Self::title),
                city: dice.maybe(Self::title),
                state: dice.maybe(Self::title),
                country: dice.maybe(Self::title),
                zipcode: dice.maybe(Self::title),
                latitude: place.map(|it| it.parse().unwrap()),
                longitude: place.map(|it| it.parse().unwrap()),
                timezone: dice.maybe(Self::title),
                timezone_name: dice.maybe(Self::title),
                timezone_offset: dice.maybe(|dice| Offset(dice.number() as i32)),
                collection: dice.maybe(Self::scope_number),
                gone: dice.maybe(Self::truth),
            }
        };
        Scopes {
            sites: self
                .maybe(|dice| Rows((0..dice.throw() as u32 % 5).map(|number| site(dice, number)).collect())),
            collections: self.maybe(named),
            groups: self.maybe(named),
            profiles: self.maybe(|dice| {
                Rows(
                    dice.many(3, |dice| AssignedProfile {
                        scope: dice
                            .of(&["global", "site 0", "collection 3", "group 1", "device 2"])
                            .parse()
                            .unwrap(),
                        persona: dice.title(),
                        resource: dice.title(),
                    }),
                )
            }),
        }
    }

    fn mix(&mut self) -> DeviceMix {
        DeviceMix {
            network: self.maybe(Self::count),
            compute: self.maybe(Self::count),
            storage: self.maybe(Self::count),
            unassigned: self.maybe(Self::count),
        }
    }

    fn devices(&mut self, sites: &[Title], keys: &[SubscriptionKey]) -> Devices {
        let mix = self.mix();
        let listed = self.maybe(|dice| Rows(dice.many(3, |dice| dice.device(sites))));
        let known = listed.iter().flat_map(|rows| &rows.0).map(|device| device.serial.clone());
        let changed = known.filter_map(|serial| self.maybe(|dice| dice.change(serial, keys))).collect();
        let generated = [mix.network, mix.compute, mix.storage, mix.unassigned];
        let generated: u32 = generated.into_iter().flatten().map(DeviceCount::get).sum();
        let gone = (0..generated).filter(|_| self.truth()).take(3).collect();
        Devices { mix, listed, changed: self.maybe(|_| Rows(changed)), gone: self.maybe(|_| gone) }
    }

    fn serial(&mut self) -> Serial {
        let stem = self.of(&["SN", "1E", "0", "xz"]);
        format!("{stem}{:08}", self.next()).parse().unwrap()
    }

    fn device(&mut self, sites: &[Title]) -> Device {
        let kinds = [DeviceType::AccessPoint, DeviceType::Switch, DeviceType::Gateway, DeviceType::Compute];
        let kind = self.of(&kinds);
        // Nothing that goes without Central comes with it.
        let mut truths = [0; 3].map(|_| self.maybe(Self::truth));
        let mut may = kind.is_network();
        for truth in &mut truths {
            *truth = truth.map(|truth| truth && may);
            may &= *truth != Some(false);
        }
        Device {
            serial: self.serial(),
            kind,
            id: self.maybe(Self::uuid),
            mac: self.maybe(|dice| {
                let made = dice.next();
                format!("02:FF:00:00:{:02X}:{:02X}", made >> 8 & 255, made & 255).parse().unwrap()
            }),
            model: self.maybe(Self::title),
            part_number: self.maybe(Self::title),
            firmware: self.maybe(Self::title),
            tier: self.maybe(Self::title),
            name: self.maybe(Self::title),
            site: if sites.is_empty() { None } else { self.maybe(|dice| dice.of(sites)) },
            notes: self.maybe(|dice| dice.tag_part("").parse().unwrap()),
            tags: self.maybe(Self::tags),
            assigned: truths[0],
            provisioned: truths[1],
            online: truths[2],
            created_at: self.maybe(Self::instant),
            gone: None,
        }
    }

    fn change(&mut self, serial: Serial, keys: &[SubscriptionKey]) -> DeviceChange {
        DeviceChange {
            model: self.maybe(Self::title),
            name: self.maybe(Self::title),
            online: self.maybe(|_| false),
            notes: self.maybe(|dice| dice.tag_part("").parse().unwrap()),
            tags: self.maybe(Self::tags),
            monitored: self.maybe(Self::truth),
            archived: self.maybe(Self::truth),
            location: self.maybe(Self::title),
            contact: self.maybe(Self::device_contact),
            application: self.maybe(|dice| DeviceApplication {
                service_manager: dice.uuid(),
                region: dice.of(&REGIONS).parse().unwrap(),
            }),
            put_at_site: self.maybe(|dice| Place(dice.maybe(Self::scope_number))),
            put_in_group: self.maybe(|dice| Place(dice.maybe(Self::scope_number))),
            subscription: self.maybe(|dice| {
                let known: Vec<_> = keys.iter().cloned().map(Some).chain([None]).collect();
                Subscribed(dice.of(&known))
            }),
            updated_at: self.maybe(Self::instant),
            ..DeviceChange::new(serial)
        }
    }

    fn subscription(&mut self, cast: &mut Cast) -> Subscription {
        let key: SubscriptionKey = format!("K-{}", self.next()).parse().unwrap();
        cast.keys.push(key.clone());
        Subscription {
            id: self.maybe(Self::uuid),
            kind: self.maybe(|dice| SubscriptionType::named(dice.of(TYPES)).unwrap()),
            product: self.maybe(|dice| ProductType::named(dice.of(PRODUCTS)).unwrap()),
            status: self.maybe(|dice| SubscriptionStatus::named(dice.of(STATUSES)).unwrap()),
            quantity: self.maybe(Self::count),
            eval: self.maybe(Self::truth),
            sku: self.maybe(Self::title),
            reseller_po: self.maybe(Self::title),
            tags: self.maybe(Self::tags),
            start: self.maybe(Self::instant),
            end: self.maybe(Self::instant),
            created_at: self.maybe(Self::instant),
            updated_at: self.maybe(Self::instant),
            ..Subscription::new(key, "ADVANCED_AP".parse().unwrap())
        }
    }

    fn pool(&mut self) -> (Line<64>, DevicePool) {
        let tier = self.of(&["ADVANCED_AP", "FOUNDATION_AP", "TIER"]).parse().unwrap();
        let pool = DevicePool {
            quantity: self.maybe(Self::count),
            tags: self.maybe(Self::tags),
            updated_at: self.maybe(Self::instant),
        };
        (tier, pool)
    }

    fn device_contact(&mut self) -> DeviceContact {
        if self.truth() {
            return DeviceContact { user: Some(self.title()), ..DeviceContact::new() };
        }
        DeviceContact {
            user: None,
            email: Some(self.title()),
            first_name: self.maybe(Self::title),
            last_name: self.maybe(Self::title),
            phone: self.maybe(Self::title),
        }
    }

    fn progress(&mut self) -> Progress {
        if self.truth() {
            let outcome = self.maybe(|dice| Outcome {
                succeeded: dice.truth(),
                progress: dice.throw() as u8,
                result: json!({"failedDevices": [dice.text()]}),
                result_type: dice.text(),
            });
            return Progress::Ended { at: self.instant(), outcome };
        }
        let wish = Wish {
            tenant: self.maybe(Self::uuid),
            service: self.maybe(|_| Wished::Nothing),
            subscription: self.maybe(|dice| Wished::To(dice.uuid())),
            tags: [(self.text().into(), self.maybe(Self::text).map(Into::into))].into(),
            archived: self.maybe(Self::truth),
            location: self.maybe(|dice| Wished::To(dice.text().into())),
            contact: self.maybe(|dice| match dice.truth() {
                true => Wished::To(fleet::Contact::User(dice.text().into())),
                false => Wished::Nothing,
            }),
        };
        let ids = self.many(3, Self::uuid);
        let order = Update { version: Version::V1, ids, wish, dry_run: self.truth() };
        Progress::Running(Task::UpdateDevices(Box::new(order)))
    }

    fn tags(&mut self) -> Tags {
        let tag = |dice: &mut Self| (dice.tag_part("k"), dice.tag_part(""));
        let tags = self.many(3, tag).into_iter();
        tags.map(|(key, value)| (key.parse().unwrap(), value.parse().unwrap())).collect()
    }

    fn tag_part(&mut self, otherwise: &str) -> String {
        let text: String = self.text().chars().take(128).collect();
        if text.is_empty() { otherwise.to_owned() } else { text }
    }

    fn nth(&mut self) -> NthOf {
        NthOf::new(self.number() as u32 % NthOf::MOST).unwrap()
    }

    fn state(&mut self, cast: &Cast) -> State {
        let kinds = TokenKind::ALL;
        let tokens = |dice: &mut Self| Token {
            number: Nth::new(dice.next().into()),
            name: TokenName { subject: dice.label(), nth: dice.nth() },
            kind: dice.of(&kinds),
            client: dice.of(&cast.clients),
            workspace: dice.of(&cast.symbols),
            issued_at: dice.instant(),
            expires_at: dice.instant(),
            sha256: dice.maybe(Self::digest),
            parent: dice.maybe(|dice| Nth::new(dice.number())),
            adopted: dice.maybe(Self::truth),
            revoked: dice.maybe(Self::truth),
        };
        let removed = |dice: &mut Self| RemovedUser {
            user: dice.of(&cast.emails),
            workspace: dice.of(&cast.symbols),
            at: dice.instant(),
        };
        let lines = |dice: &mut Self| AuditLine {
            number: Nth::new(dice.number()),
            workspace: dice.of(&cast.symbols),
            user: dice.of(&cast.emails),
            category: dice.label(),
            description: dice.note(),
            at: dice.instant(),
            service: dice.maybe(|dice| dice.of(&Service::ALL)),
            details: dice.maybe(|dice| dice.many(2, Self::note)),
        };
        let operations = |dice: &mut Self| Operation {
            number: Nth::new(dice.next().into()),
            service: dice.of(&[Accepted::Devices, Accepted::Subscriptions]),
            workspace: dice.of(&cast.symbols),
            user: dice.of(&cast.emails),
            started_at: dice.instant(),
            progress: Json(dice.progress()),
            polls: dice.maybe(Self::nth),
        };
        let somebody = !cast.emails.is_empty();
        State {
            saved_at: self.maybe(Self::instant),
            counters: self.maybe(|dice| Counters {
                tokens: dice.maybe(|dice| Nth::new(dice.number())),
                audit_lines: dice.maybe(|dice| Nth::new(dice.number())),
                subjects: dice
                    .maybe(|dice| dice.many(3, |dice| (dice.label(), dice.nth())).into_iter().collect()),
                operations: dice.maybe(|dice| Nth::new(dice.number())),
                epoch: dice.maybe(Self::nth),
                key_rotations: dice.maybe(Self::nth),
            }),
            tokens: if cast.clients.is_empty() {
                None
            } else {
                self.maybe(|dice| Rows(dice.many(4, tokens)))
            },
            retired: self.maybe(|dice| dice.many(3, Self::digest)),
            removed_users: if cast.emails.is_empty() {
                None
            } else {
                self.maybe(|dice| Rows(dice.many(2, removed)))
            },
            audit: if somebody { self.maybe(|dice| Rows(dice.many(4, lines))) } else { None },
            operations: if somebody { self.maybe(|dice| Rows(dice.many(4, operations))) } else { None },
        }
    }
}

/// Who can be referred to.
#[derive(Default)]
struct Cast {
    emails: Vec<Email>,
    symbols: Vec<Symbol>,
    clients: Vec<Label>,
    provisions: Vec<Uuid>,
    keys: Vec<SubscriptionKey>,
}
