//! Every kind of mistake, and what is said about it.

use greenroom_model::spec::{MOST_BYTES, Spec};
use greenroom_model::yaml::Mistakes;

use crate::{round_trip::in_place, schema};

/// What is wrong, and a file in which it is. Those marked with `!` are mistakes that a JSON Schema cannot
/// tell: names that do not fit together, sums, values that are spelt well and mean nothing.
const CASES: [(&str, &str); 54] = [
    ("unknown keys", "seeds: 1\nworkspaces:\n- symbol: a\n  clustr: any\n  zzz: {deep: [1, 2]}\n"),
    ("missing keys", "users:\n- role: Observer\nworkspaces:\n- name: a\n"),
    ("no workspaces key", "seed: 1\n"),
    ("no workspaces", "workspaces: []\n"),
    ("a misspelt key is not missing as well", "workspaces:\n- symbl: a\n"),
    ("!a key twice", "workspaces:\n- symbol: a\n  name: A\n  name: B\n"),
    ("!a key twice where keys are names", "roles:\n  R: {}\n  R: {}\nworkspaces: [{symbol: a}]\n"),
    (
        "wrong kinds",
        "seed: one\nborn: 2026\nusers: {email: a@b}\ntoken_life: 2h\nworkspaces:\n- symbol: 12\n  name: true\n  gone: 1\n  sites: HQ\n  generation: -1\n  number: 1.5\n  description:\n  contact: [x]\n- acme\n-\n",
    ),
    ("a list at the top", "- symbol: a\n"),
    ("a word at the top", "hello\n"),
    ("a key that is a list", "workspaces: [{symbol: a}]\n? [a, b]\n: 1\n"),
    ("seed too large", "seed: 18446744073709551616\nworkspaces: [{symbol: a}]\n"),
    ("lives of tokens", "token_life: {sso: 2, workspace: soon, tenant: 0s}\nworkspaces: [{symbol: a}]\n"),
    (
        "!lives that are spelt well",
        "token_life: {sso: 0s, workspace: 99999999h}\nworkspaces: [{symbol: a}]\n",
    ),
    (
        "dialects",
        "dialect: {preset: liv, exchange_expird: live, wrong_cluster: acept, clock_skew: [1s], page_past_end: 401}\nworkspaces: [{symbol: a}]\n",
    ),
    ("!a skew that is no duration", "dialect: {clock_skew: soon}\nworkspaces: [{symbol: a}]\n"),
    (
        "roles",
        "roles:\n  Keeper:\n    devices: [view]\n    workspace: [veiw, edit]\n    audit_log: view\nworkspaces: [{symbol: a}]\n",
    ),
    (
        "spelling of names",
        "users: [{email: nobody}, {email: a@b@c}]\nworkspaces:\n- symbol: -a\n- symbol: a b\n- {symbol: c, id: xyz, central_customer: '12', owner: x}\n",
    ),
    (
        "clusters and platforms",
        "workspaces:\n- {symbol: a, cluster: US-WST-5}\n- {symbol: b, cluster: mars, platform: clod}\n- {symbol: c, platform: {dedicatd: x.example.com}}\n- {symbol: d, platform: {}}\n- {symbol: e, platform: {dedicated: Nowhere}}\n- {symbol: f, platform: [cloud]}\n- {symbol: g, cluster: US5.api.central.arubanetworks.com}\n",
    ),
    (
        "!a host of HPE as a Dedicated Platform",
        "workspaces: [{symbol: a, platform: {dedicated: sso.common.cloud.hpe.com}}]\n",
    ),
    ("!a cluster's host that is none", "workspaces: [{symbol: a, cluster: www.central.arubanetworks.com}]\n"),
    (
        "types",
        "workspaces:\n- {symbol: a, type: MSP_TENANT}\n- {symbol: b, type: msp, tenants: [{symbol: c, ownership: MSP}]}\n",
    ),
    (
        "contacts",
        "workspaces:\n- symbol: a\n  contact: {address: {country: Switzerland, zip: '01234567890', steet: x}, phone: 0}\n",
    ),
    (
        "instants",
        "born: 2026-13-01T00:00:00Z\nworkspaces: [{symbol: a, created_at: 2026-01-01, updated_at: '2026-01-01T00:00:00+01:00'}]\n",
    ),
    (
        "devices",
        "workspaces:\n- symbol: a\n  devices:\n    network: 16777217\n    listed:\n    - {serial: CN-1, type: ACCESS_POINT, mac: 02:00, part_number: '1234567890123'}\n    - {serial: ABCDEFGHIJKLMNOPQ}\n    changed:\n    - {notes: x}\n",
    ),
    (
        "!too many devices together",
        "workspaces:\n- symbol: a\n  devices: {network: 16777000, compute: 216, listed: [{serial: A, type: AP}]}\n",
    ),
    (
        "clients",
        "workspaces:\n- symbol: a\n  clients:\n  - {id: x}\n  - {name: b, service: centrl, secret: 12345, secret_sha256: 123abc}\n",
    ),
    ("!two secrets", "workspaces:\n- symbol: a\n  clients: [{name: b, secret: s, no_secret: true}]\n"),
    ("provisions", "workspaces:\n- symbol: a\n  provisions: [{region: us-wst}, {service_manager: aruba}]\n"),
    (
        "!names that nobody has",
        "users: [{email: a@example.com, role: Obsrver}]\nworkspaces:\n- symbol: a\n  owner: b@example.com\n  clients: [{name: c, owner: zoe@example.org, provision: 767c0c92-1b2a-4c3d-8e4f-5a6b7c8d9e0f}]\n  sites: [Mill]\n  devices: {listed: [{serial: A, type: AP, site: HQ}]}\n- symbol: b\n  devices: {listed: [{serial: B, type: AP, site: HQ}, {serial: C, type: AP, site: Mill}]}\nstate:\n  tokens: [{number: 1, name: c#1, kind: sso, client: x, workspace: q, issued_at: 2026-01-01T00:00:00Z, expires_at: 2026-01-01T00:00:00Z}]\n",
    ),
    (
        "!names that two have",
        "users: [{email: a@b.c}, {email: a@b.c}]\nworkspaces:\n- {symbol: a, id: 7c1de0a2-5b3f-11ee-86a1-9d42f7b35e60, central_customer: 5f0c7d1e2a3b4c5d8e9f00112233aabb}\n- symbol: a\n  id: 7C1DE0A25B3F11EE86A19D42F7B35E60\n  central_customer: 5F0C7D1E2A3B4C5D8E9F00112233AABB\n  sites: [x, x]\n  clients: [{name: c, id: i}, {name: c, id: i}]\n  devices: {listed: [{serial: A, type: AP, mac: '02:00:00:00:00:0a'}, {serial: A, type: AP, mac: '02:00:00:00:00:0A'}]}\n",
    ),
    (
        "!what is gone may share its name",
        "workspaces:\n- {symbol: a, gone: true}\n- {symbol: a}\n- {symbol: a}\n- {symbol: b}\n- {symbol: b, gone: true}\n",
    ),
    (
        "!generated tenants",
        "workspaces:\n- symbol: a\n  tenants: {count: 3, changed: [{symbol: a-4}, {symbol: a-1}, {symbol: a-1}], listed: [{symbol: a-2}]}\n- symbol: b\n  type: STANDARD_ENTERPRISE\n  tenants: [{symbol: t}]\n- symbol: c\n  tenants: {symbol: 'c-{n}', name: C}\n- symbol: d\n  tenants: {count: 5, symbol: 'a-{n}', devices: {network: 1}}\n  devices_per_tenant: 3\n- symbol: e\n  devices_per_tenant: 3\n",
    ),
    (
        "patterns",
        "workspaces: [{symbol: a, tenants: {count: 1, symbol: t}}, {symbol: b, tenants: {count: many}}]\n",
    ),
    (
        "!sixty thousand workspaces and more",
        "workspaces: [{symbol: a, tenants: 40000}, {symbol: b, tenants: {count: 20000}}]\n",
    ),
    ("too many tenants", "workspaces: [{symbol: a, tenants: 60001}]\n"),
    ("another version", "version: 2\nworkspaces: [{symbol: a, what: ever}]\n"),
    (
        "!anchors, aliases, tags and merges",
        "workspaces:\n- &a {symbol: a}\n- *a\n- {<<: *b, symbol: !!str c}\n",
    ),
    ("!two documents", "workspaces: [{symbol: a}]\n---\nworkspaces: [{symbol: b}]\n"),
    ("!no YAML", "workspaces:\n- symbol: a\n  nam: b\n  sites: [HQ, Branch\n  devices: {}\n"),
    (
        "!names that come after the text breaks off",
        "workspaces:\n- {symbol: a, owner: a@example.com}\nusers: [{email: a@example.com\n",
    ),
    ("!a tab", "workspaces:\n\t- symbol: a\n"),
    ("!nothing", "# a comment\n"),
    (
        "!users and roles that are there already",
        "users: [{email: a@b.c}, {email: A@B.c}]\nroles: {Keeper: {}, Observer: {}}\nworkspaces: [{symbol: a, owner: A@b.c}]\n",
    ),
    (
        "what the API would not take",
        "workspaces:\n- symbol: a\n  name: \"a\\tb\"\n  sites: [\"a\\nb\"]\n  contact: {phone: \"\\x07\", email: ops, address: {country: XX, city: \"a\\nb\"}}\n",
    ),
    (
        "!what Central does not have",
        "workspaces:\n- symbol: a\n  devices:\n    listed:\n    - {serial: A, type: COMPUTE, assigned: true, provisioned: true, online: true}\n    - {serial: B, type: AP, assigned: false, online: true}\n    - {serial: C, type: AP, provisioned: false, online: true}\n",
    ),
    (
        "!devices that are generated",
        "workspaces:\n- symbol: a\n  devices:\n    network: 2\n    compute: 1\n    listed:\n    - {serial: cn00000001, type: AP, mac: '02:00:00:00:00:03'}\n    - {serial: CN00000002, type: AP, mac: '02:00:00:00:00:02'}\n    - {serial: CZ00000002, type: STORAGE, mac: '02:00:01:00:00:01'}\n    - {serial: CZ00000001, type: STORAGE, mac: '02:00:01:00:00:02'}\n    - {serial: AF000G0003, type: STORAGE, mac: '02:00:01:00:00:03'}\n    changed:\n    - {serial: CN00000000}\n    - {serial: cz00000001}\n    - {serial: CN00000003}\n- symbol: b\n  tenants: {count: 2, changed: [{symbol: b-2, devices: {listed: [{serial: AF000G0000, type: AP}]}}]}\n  devices: {unassigned: 1, storage: 1, listed: [{serial: Z, type: AP}, {serial: Y, type: AP, mac: '02:00:09:00:00:00'}]}\n",
    ),
    (
        "!contacts of devices",
        "workspaces:\n- symbol: a\n  devices:\n    network: 2\n    changed:\n    - {serial: CN00000000, contact: {phone: '1'}}\n    - {serial: CN00000001, contact: {user: u, email: a@b.c}}\n",
    ),
    (
        "!ids of devices twice",
        "workspaces:\n- symbol: a\n  devices:\n    listed:\n    - {serial: A, type: AP, id: 0892c36d-40df-4f26-923b-76b5d213b420}\n    - {serial: B, type: AP, id: 0892c36d40df4f26923b76b5d213b420}\n",
    ),
    (
        "!numbers of creation",
        "workspaces:\n- symbol: a\n  number: 5\n  clients: [{name: b, number: 1}, {name: c, number: 1.0}]\n  tenants: [{symbol: t, number: 4}, {symbol: u, number: 6}, {symbol: v}]\n- {symbol: d, number: 6}\n",
    ),
    (
        "!clients that the API would not make",
        "users: [{email: a@b.c}]\nworkspaces:\n- symbol: a\n  owner: a@b.c\n  clients: [{name: b, credential_name: x}, {name: x}, {name: c, owner: a@b.c}, {name: d}, {name: e}, {name: f}, {name: g}, {name: h}]\n- {symbol: c}\n- symbol: d\n  clients: [{name: i, credential_name: x}, {name: j, credential_name: x, gone: true}]\n",
    ),
    (
        "!tenants of one name",
        "workspaces:\n- symbol: a\n  tenants: {count: 2, name: 'T{n}', changed: [{symbol: a-2, name: U}], listed: [{symbol: T1}, {symbol: u, name: U}, {symbol: U, gone: true}, {symbol: v, name: u}]}\n- symbol: b\n  tenants: [{symbol: w, name: U}]\n",
    ),
    (
        "!generated tenants of one name",
        "workspaces:\n- {symbol: a, tenants: {count: 2, name: T}}\n- {symbol: b, tenants: {count: 1, name: T}}\n",
    ),
    (
        "counters",
        "workspaces: [{symbol: a}]\nstate: {counters: {tokens: 9007199254740992, audit_lines: 18446744073709551615, subjects: {a: 2000000001}, epoch: 2000000001}, retired: [x]}\n",
    ),
];

fn mistakes(file: &[u8]) -> Mistakes {
    let mistakes = Spec::read(file).expect_err("mistakes");
    in_place(&mistakes, file);
    mistakes
}

#[test]
fn every_kind_of_mistake_is_told() {
    let schema = schema::published();
    let mut told = String::new();
    for (case, text) in CASES {
        told += &format!("## {case}\n{}\n\n", mistakes(text.as_bytes()));
        let refused = schema::as_others_see_it(text).is_none_or(|value| !schema.is_valid(&value));
        assert!(case.starts_with('!') || refused, "the schema lets this through: {case}");
    }
    insta::assert_snapshot!(told);
}

#[test]
fn a_file_that_is_no_text_is_told_where() {
    let file = b"workspaces:\n- symbol: \"Z\xfcrich\"\n";
    let told = "line 2, column 13: the file is not UTF-8 from here on; save it as UTF-8";
    assert_eq!(mistakes(file).to_string(), told);
    let wide: Vec<u8> = "a: 1".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(mistakes(&[b"\xff\xfe", &wide[..]].concat()).list[0].column, 1);
}

#[test]
fn a_file_that_is_too_large_is_not_read() {
    let mut file = b"workspaces: [{symbol: a}]\n".to_vec();
    file.resize(MOST_BYTES + 1, b'\n');
    let told = "line 1, column 1: the file is larger than 256 MiB; generate tenants and devices instead of listing them";
    assert_eq!(Spec::read(&file).unwrap_err().to_string(), told);
}

#[test]
fn mistakes_without_end_are_counted_and_not_kept() {
    let text = format!("workspaces:\n{}", "- {symbol: a, x: 1}\n".repeat(5_000));
    let mistakes = mistakes(text.as_bytes());
    assert_eq!((mistakes.list.len(), mistakes.more), (Mistakes::MOST, 4_999 + 5_000 - Mistakes::MOST));
    assert!(mistakes.to_string().ends_with("\nand 8999 more"));
}

#[test]
fn an_alias_bomb_does_nothing() {
    let mut text = "a: &a [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for (from, to) in
        ["a", "b", "c", "d", "e", "f", "g", "h"].iter().zip(["b", "c", "d", "e", "f", "g", "h", "i"])
    {
        text += &format!("{to}: &{to} [{}]\n", vec![format!("*{from}"); 9].join(", "));
    }
    assert!(mistakes(text.as_bytes()).list.len() < 100);
}

#[test]
fn no_secret_is_told() {
    let secret = "hunter2";
    for file in [
        "workspaces: [{symbol: a, clients: [{name: c, secret: [hunter2]}]}]",
        "workspaces: [{symbol: a, clients: [{name: c, secret_sha256: hunter2}]}]",
        "workspaces: [{symbol: a, clients: [{name: c, secert: hunter2}]}]",
        "workspaces: [{symbol: a, clients: [{name: c, no_secret: hunter2}]}]",
        "workspaces: [{symbol: a, clients: [{name: c, secret: hunter2, secret: hunter2}]}]",
        "workspaces: [{symbol: a, clients: [{name: c, secret: !x hunter2, no_secret: true}]}]",
        "workspaces:\n- symbol: a\n  clients:\n  - name: c\n    secret: \"hunter2\n",
        "workspaces:\n- symbol: a\n  clients:\n  - name: c\n    secret: hunter2: x\n",
        "workspaces: [{symbol: a, clients: [{name: c, secret:hunter2}]}]",
        "workspaces: [{symbol: a, clients: [{name: c, secert:hunter2: x}]}]",
        "workspaces: [{symbol: a, clients: [{name: c, secret hunter2}]}]",
        "workspaces: [{symbol: a, clients: [{name: c, secret hunter2: {x: *y}}]}]",
        "workspaces: [{symbol: a, clients: [{name: c, secret=hunter2: x}]}]",
        "workspaces: [{symbol: a, clients: [{name: c, \"secret\\thunter2\": x}]}]",
        "workspaces: [{symbol: a, clients: [{name: c, service: secret:hunter2}]}]",
        "workspaces: [{symbol: a, secret:hunter2}]",
        "workspaces:\n- symbol: a\n  clients:\n  - name: c\n    service: platform\n      secret:hunter2\n",
        "workspaces:\n- symbol: a\n  clients:\n  - name: c\n    created_at: 2026-01-01T00:00:00Z\n      secret:hunter2\n",
        "workspaces:\n- symbol: a\n  clients:\n  - name: c\n    owner: a@b.c\n      secret hunter2\n",
        "workspaces:\n- symbol: a\n  clients:\n  - name: c\n    service: |\n      platform\n      secret: hunter2\n",
        "workspaces:\n- symbol: a\n  cluster: any\n    secret hunter2\n",
        "workspaces:\n- symbol: a\n  platform: cloud\n    secret hunter2\n",
        "dialect:\n  audit: all\n    secret hunter2\nworkspaces: [{symbol: a}]\n",
        "users: [{email: a@b.c, role: Observer\n   secret hunter2}]\nworkspaces: [{symbol: a}]\n",
    ] {
        let told = mistakes(file.as_bytes());
        assert!(!told.to_string().contains(secret) && !format!("{told:?}").contains(secret), "{told}");
    }
    let spec = Spec::read(b"workspaces: [{symbol: a, clients: [{name: c, secret: hunter2}]}]").unwrap();
    assert!(!format!("{spec:?}").contains(secret));
}

/// What reaches a limit, and what goes one beyond it.
#[test]
fn limits_can_be_reached_and_not_passed() {
    let schema = schema::published();
    let world = |rest: &str| format!("workspaces: [{{symbol: a, {rest}}}]");
    type File<'a> = &'a dyn Fn(usize) -> String;
    let at_each_limit: [(File<'_>, usize, bool); 14] = [
        (&|n| format!("seed: {}{n}\n{}", "1844674407370955", world("")), 1615, true),
        (&|n| world(&format!("tenants: {{count: {n}}}")), 59_999, false),
        (&|n| world(&format!("devices: {{storage: {n}}}")), 16_777_216, true),
        (&|n| world(&format!("devices: {{network: 16777000, unassigned: {n}}}")), 216, false),
        (&|n| world(&format!("generation: 429496{n}")), 7295, true),
        (
            &|n| world(&format!("sites: [{}]", (0..n).map(|n| format!("s{n}, ")).collect::<String>())),
            1_000,
            true,
        ),
        (
            &|n| {
                let tags = (0..n).map(|n| format!("t{n}: x, ")).collect::<String>();
                world(&format!("devices: {{listed: [{{serial: A, type: AP, tags: {{{tags}}}}}]}}"))
            },
            50,
            true,
        ),
        (&|n| world(&format!("devices: {{listed: [{{serial: A{}, type: AP}}]}}", "0".repeat(n))), 15, true),
        (&|n| format!("workspaces: [{{symbol: {}}}]", "a".repeat(n)), 64, true),
        (&|n| format!("users: [{{email: a@b.{}}}]\n{}", "c".repeat(n), world("")), 250, true),
        (&|n| world(&format!("platform: {{dedicated: {}e}}", "ab.".repeat(n))), 84, true),
        (&|n| world(&format!("name: {}", "東".repeat(n))), 65_536, true),
        (&|n| world(&format!("contact: {{address: {{zip: '{}'}}}}", "é".repeat(n))), 10, true),
        (
            &|n| {
                let listed = "listed: [{serial: A, type: AP}]";
                let tags = format!("tags: {{{}: x}}", "k".repeat(n));
                world(&format!("devices: {{{listed}, changed: [{{serial: A, {tags}}}]}}"))
            },
            128,
            true,
        ),
    ];
    for (file, limit, in_schema) in at_each_limit {
        let fits = |text: &str| schema.is_valid(&schema::as_others_see_it(text).unwrap());
        let (most, more) = (file(limit), file(limit + 1));
        assert!(Spec::read(most.as_bytes()).is_ok() && fits(&most), "{most}");
        assert_eq!(mistakes(more.as_bytes()).list.len(), 1, "{more}");
        assert_eq!(fits(&more), !in_schema, "{more}");
    }
    assert!(Spec::read(format!("token_life: {{sso: 87600h}}\n{}", world("")).as_bytes()).is_ok());
    mistakes(format!("token_life: {{sso: 87600h 1s}}\n{}", world("")).as_bytes());
}
