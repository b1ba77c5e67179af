//! The real pycentral from PyPI, unmodified, lives offline through the death of its tokens.
//!
//! The programs of `tests/python` make the public calls of the seeds' listings:
//!
//! | listing | program | test |
//! |---|---|---|
//! | seed 000: unified `token.yaml`, `NewCentralBase` | `inventory_from_token_file.py` | `a_token_file_is_used_and_put_back` |
//! | seed 000: unified `token.yaml`, GLP only | `glp_only.py` | `credentials_without_a_cluster_reach_glp_only` |
//! | seed 000: dict from variables, `base_url` | `inventory_from_environment.py` | `variables_of_ones_own_are_adopted`, `without_credentials_the_sample_lends_its_own` |
//! | seed 000: dict from variables, `cluster_name` | `inventory_by_cluster_name.py`, `sixteen_clusters.py` | `a_cluster_name_stands_for_a_base_url`, `every_cluster_answers_by_name_and_by_base_url` |
//! | seed 000: blocks `glp` and `new_central` | `separate_credentials.py` | `separate_credentials_sign_in_twice` |
//! | seed 000: access token | `static_access_token.py` | `a_static_access_token_works_until_it_expires`, `an_issued_access_token_works_until_the_clock_moves` |
//! | seed 001: unified, GLP + New Central, `cluster_name` | `unified_as_in_the_module_reference.py` | `the_cluster_of_the_module_reference_answers` |
//! | seed 001: unified, GLP + New Central, `base_url` | `unified_as_in_the_module_reference.py` | `an_api_gateway_leads_to_new_central`, `an_api_gateway_of_classic_central_alone_refuses` |
//! | seed 001: unified, GLP only | `unified_as_in_the_module_reference.py` | `the_module_reference_reaches_glp_without_a_cluster` |
//! | seed 002: MSP-level operations | `msp_listings.py` | `the_msp_lists_tenants_and_devices` |
//! | seed 002: tenant-scoped Central call | `tenant_inventory.py` | `a_tenant_is_entered_by_name` |
//! | seed 002: tenant-scoped GLP call | `tenant_audit_log.py` | `the_audit_log_of_a_tenant_is_its_own` |
//! | seed 002: iterate across all tenants | `every_tenant.py` | `every_tenant_is_entered_once_and_read_whole`, `every_tenant_is_found_by_name` |
//! | seed 002: renewal, MSP call | `msp_calls.py` | `an_msp_token_that_expires_is_renewed` |
//! | seed 002: renewal, tenant call | `tenant_calls.py`, `tenant_pages.py` | `a_tenant_token_that_expires_is_renewed`, `a_token_that_expires_between_pages_costs_no_device` |
//! | seed 002: renewal, exchange | `enter_tenant_after_a_call.py` | `an_msp_token_that_expires_at_the_exchange_*` |
//! | seed 003 | | see `oauth.rs` |

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::harness::{Output, Scratch, Summary, python, run, served::Served};

/// The tenants of the sample world and how many network devices each has in Central.
const TENANTS: [(&str, usize); 6] = [
    ("Example Tenant Name", 40),
    ("Tenant ABC", 1_200),
    ("Customer-Owned Ltd", 30),
    ("O'Neil & Sons", 25),
    ("Käserei Zürich 東京", 20),
    ("Tenant Without Devices", 0),
];

/// The network devices of the sample MSP itself.
const MSP_NETWORK: usize = 15;

/// The devices that GLP shows the sample MSP: its own and those of the tenants whose inventory it
/// owns, servers, storage and unassigned devices included.
const MSP_INVENTORY: usize = 22 + 53 + 1_220 + 30;

/// How many items Central puts on a page when the client does not say.
const DEFAULT_LIMIT: usize = 20;

/// A credentials file as people keep it: with comments and quotes that a YAML writer would lose.
const UNIFIED: &str = r#"# The MSP workspace. Ask Dana before changing anything here.
unified:
    client_id: "3f0c1a52-7f5e-4c55-9f0b-8b2b6a1f4d10"   # made in May
    client_secret: '9b1de0a25b3f11ee86a19d42f7b35e60'

    workspace_id: 5d1f0c3e-8a4b-11f0-9c2d-0242ac120002
    base_url: https://us5.api.central.arubanetworks.com
"#;

const SEPARATE: &str = r#"# One API client for each platform.
glp:
    client_id: 7d0a2f5e-1c1b-4f0e-8a57-6f3d0c5b9e21
    client_secret: "1b9e0a25b3f011ee86a19d42f7b35e61"
new_central:
    client_id: c2e6b0f4-93b5-4c52-a2de-0b7f4e1a8d33
    client_secret: "2c8f1b36c4a111ee97b2ae53f8c46f72"
    cluster_name: EU-1
"#;

const STATIC: &str = "new_central:
    base_url: https://us5.api.central.arubanetworks.com
    access_token: eyJhbGciOiJub25lIn0.not-one-of-ours.but-adopted
";

/// A directory with the credentials file that the MSP programs read.
fn msp_desk() -> Scratch {
    let scratch = Scratch::new();
    scratch.write("token.yaml", UNIFIED);
    scratch
}

/// Fails unless the client made exactly so many requests of each kind and strayed nowhere.
#[track_caller]
fn assert_requests(summary: &Summary, mint: u64, exchange: u64, api: u64) {
    let seen = ["mint", "exchange", "api"].map(|op| summary.requests(op));
    assert_eq!(seen, [mint, exchange, api], "mint, exchange, api: {summary:?}");
    assert_eq!(summary.unexpected_hosts(), [""; 0], "{summary:?}");
}

#[track_caller]
fn assert_refused(summary: &Summary, expected: &[(&str, u64)]) {
    assert_eq!(summary.refused().into_iter().collect::<Vec<_>>(), expected, "{summary:?}");
}

/// The serial numbers in a list, which must all be different.
#[track_caller]
fn distinct(serials: &Value) -> HashSet<&str> {
    let list = serials.as_array().unwrap();
    let set: HashSet<_> = list.iter().map(|serial| serial.as_str().unwrap()).collect();
    assert_eq!(set.len(), list.len(), "a serial number came twice");
    set
}

/// The type and text of the exception that a program reports as its result.
#[track_caller]
fn exception(output: &Output) -> (String, String) {
    let result = output.json();
    let field =
        |name: &str| result[name].as_str().unwrap_or_else(|| panic!("no {name}: {output}")).to_owned();
    (field("type"), field("error"))
}

// Credentials.

#[test]
fn a_token_file_is_used_and_put_back() {
    let scratch = msp_desk();
    let result = scratch.exec_python(&[], "inventory_from_token_file.py", &[]).ended_with(0).json();
    assert_eq!((&result["code"], &result["total"]), (&json!(200), &json!(MSP_NETWORK)));
    assert_eq!(distinct(&result["serials"]).len(), MSP_NETWORK);
    assert_eq!(result["token_in_file"], true, "pycentral rewrote the file while it ran");
    assert_eq!(scratch.read("token.yaml"), UNIFIED, "the file is put back byte for byte");
    let summary = scratch.summary();
    assert_requests(&summary, 1, 0, 1);
    assert_refused(&summary, &[]);
    assert_eq!(summary.minted(), ["msp#1"]);
}

#[test]
fn a_token_file_that_failed_programs_leave_behind_is_put_back_too() {
    let scratch = msp_desk();
    // The program dies after its sign-in, because there is no such tenant.
    let output = scratch.exec_python(&[], "tenant_inventory.py", &["Nobody & Co"]).ended_with(1);
    assert!(output.stderr.contains("No tenant found with name 'Nobody & Co'"), "{output}");
    assert_eq!(scratch.read("token.yaml"), UNIFIED);
    assert_requests(&scratch.summary(), 1, 0, 1);
}

#[test]
fn a_kept_token_file_saves_the_next_sign_in() {
    let scratch = msp_desk();
    scratch.exec_python(&["--keep-token-file"], "inventory_from_token_file.py", &[]).ended_with(0);
    let kept = scratch.read("token.yaml");
    assert!(kept.contains("access_token: ") && !kept.contains('#'), "what pycentral wrote stays: {kept}");
    assert_requests(&scratch.summary(), 1, 0, 1);

    let result = scratch.exec_python(&[], "inventory_from_token_file.py", &[]).ended_with(0).json();
    assert_eq!(result["code"], 200);
    assert_eq!(scratch.read("token.yaml"), kept);
    // The token of the earlier run is adopted as live, so nobody asks for another.
    assert_requests(&scratch.summary(), 0, 0, 1);
}

#[test]
fn the_token_file_that_init_writes_is_one_pycentral_reads() {
    let scratch = Scratch::new();
    let mut init = scratch.greenroom();
    init.arg("init");
    run(init).ended_with(0);
    let written = scratch.read("token.yaml");
    let result = scratch.exec_python(&[], "inventory_from_token_file.py", &[]).ended_with(0).json();
    assert_eq!((&result["code"], &result["total"]), (&json!(200), &json!(MSP_NETWORK)));
    assert_eq!(scratch.read("token.yaml"), written);
    assert_refused(&scratch.summary(), &[]);
}

#[test]
fn without_credentials_the_sample_lends_its_own() {
    let scratch = Scratch::new();
    let result = scratch.exec_python(&[], "inventory_from_environment.py", &[]).ended_with(0).json();
    assert_eq!(result, json!({"code": 200, "total": MSP_NETWORK}));
    let summary = scratch.summary();
    assert_requests(&summary, 1, 0, 1);
    assert_eq!(summary.minted(), ["msp#1"]);
}

#[test]
fn variables_of_ones_own_are_adopted() {
    let scratch = Scratch::new();
    let mut command = scratch.exec(&[], &python::invocation("inventory_from_environment.py", &[]));
    command
        .env("GLP_CLIENT_ID", "8c7b0d1e-2f3a-4b5c-9d6e-7f8091a2b3c4")
        .env("GLP_CLIENT_SECRET", "0a1b2c3d4e5f11ee86a19d42f7b35e60")
        .env("GLP_WORKSPACE_ID", "0b54c8d2-91aa-11f0-b1c5-0242ac120002")
        .env("CENTRAL_BASE_URL", "https://de1.api.central.arubanetworks.com");
    assert_eq!(run(command).ended_with(0).json(), json!({"code": 200, "total": MSP_NETWORK}));
    let summary = scratch.summary();
    assert_requests(&summary, 1, 0, 1);
    assert_refused(&summary, &[]);
}

#[test]
fn a_cluster_name_stands_for_a_base_url() {
    let scratch = Scratch::new();
    let mut command = scratch.exec(&[], &python::invocation("inventory_by_cluster_name.py", &[]));
    command
        .env("GLP_CLIENT_ID", "8c7b0d1e-2f3a-4b5c-9d6e-7f8091a2b3c4")
        .env("GLP_CLIENT_SECRET", "0a1b2c3d4e5f11ee86a19d42f7b35e60")
        .env("GLP_WORKSPACE_ID", "0b54c8d2-91aa-11f0-b1c5-0242ac120002")
        .env("CENTRAL_CLUSTER_NAME", "US-WEST-5");
    assert_eq!(run(command).ended_with(0).json(), json!({"code": 200, "total": MSP_NETWORK}));
    assert_requests(&scratch.summary(), 1, 0, 1);
}

#[test]
fn credentials_without_a_cluster_reach_glp_only() {
    let scratch = Scratch::new();
    let result = scratch.exec_python(&[], "glp_only.py", &[]).ended_with(0).json();
    assert_eq!((&result["code"], &result["total"]), (&json!(200), &json!(MSP_INVENTORY)));
    assert_eq!(distinct(&result["serials"]).len(), MSP_INVENTORY);
    let refusal = result["central"].as_str().expect("pycentral itself refuses the Central call");
    assert!(refusal.contains("Missing configuration for 'new_central'"), "{refusal}");
    assert_requests(&scratch.summary(), 1, 0, 1);
}

#[test]
fn separate_credentials_sign_in_twice() {
    let scratch = Scratch::new();
    scratch.write("token.yaml", SEPARATE);
    let result = scratch.exec_python(&[], "separate_credentials.py", &[]).ended_with(0).json();
    assert_eq!(result["central"], json!({"code": 200, "total": MSP_NETWORK}));
    assert_eq!(result["glp"], json!({"code": 200, "total": MSP_INVENTORY}));
    assert_eq!(scratch.read("token.yaml"), SEPARATE);
    let summary = scratch.summary();
    assert_requests(&summary, 2, 0, 2);
    assert_refused(&summary, &[]);
    assert_eq!(summary.minted(), ["msp#1", "msp-central#1"]);
}

#[test]
fn separate_blocks_with_one_id_are_one_client() {
    let scratch = Scratch::new();
    let one_id = SEPARATE
        .replace("c2e6b0f4-93b5-4c52-a2de-0b7f4e1a8d33", "7d0a2f5e-1c1b-4f0e-8a57-6f3d0c5b9e21")
        .replace("2c8f1b36c4a111ee97b2ae53f8c46f72", "1b9e0a25b3f011ee86a19d42f7b35e61");
    scratch.write("token.yaml", &one_id);
    let result = scratch.exec_python(&[], "separate_credentials.py", &[]).ended_with(0).json();
    assert_eq!([&result["central"]["code"], &result["glp"]["code"]], [200, 200]);
    assert_eq!(scratch.summary().minted(), ["msp#1", "msp#2"]);
}

#[test]
fn a_static_access_token_works_until_it_expires() {
    let scratch = Scratch::new();
    scratch.write("static.yaml", STATIC);
    let flags = ["--adopt", "static.yaml"];
    let result = scratch.exec_python(&flags, "static_access_token.py", &["static.yaml", "3"]);
    assert_eq!(result.ended_with(0).json(), json!({"codes": [200, 200, 200]}));
    assert_requests(&scratch.summary(), 0, 0, 3);

    let flags = ["--adopt", "static.yaml", "--expire", "sso@api#2"];
    let output = scratch.exec_python(&flags, "static_access_token.py", &["static.yaml", "3"]).ended_with(1);
    assert_eq!(output.json()["codes"], json!([200]));
    // pycentral wants to renew what it has no credentials for (pycentral.md §3.1).
    let (kind, message) = exception(&output);
    assert_eq!(kind, "ValueError");
    assert!(message.starts_with("Missing 'client_id'"), "{message}");
    let summary = scratch.summary();
    assert_requests(&summary, 0, 0, 2);
    assert_refused(&summary, &[("expired", 1)]);
    assert_eq!(scratch.read("static.yaml"), STATIC);
}

#[test]
fn an_issued_access_token_works_until_the_clock_moves() {
    let scratch = Scratch::new();
    let served = Served::start(&scratch, &[]);
    let token = served.control(&scratch, &["tokens", "issue", "--as", "msp-central"]).ended_with(0).stdout;
    let token = token.trim();
    assert!(token.starts_with("eyJ") && token.split('.').count() == 3, "one raw token: {token}");
    let file = STATIC.replace("eyJhbGciOiJub25lIn0.not-one-of-ours.but-adopted", token);
    scratch.write("static.yaml", &file);

    let call = python::invocation("static_access_token.py", &["static.yaml", "1"]);
    let go = || {
        let mut command = scratch.command(call[0]);
        command.args(&call[1..]);
        served.route(&mut command);
        run(command)
    };
    assert_eq!(go().ended_with(0).json(), json!({"codes": [200]}));
    served.control(&scratch, &["clock", "advance", "2h"]).ended_with(0);
    assert_eq!(exception(&go().ended_with(1)).0, "ValueError");
}

// The module reference (seed 001).

/// The base URL of the module reference's listing, for a cluster that exists.
const API_GATEWAY: &str = "https://apigw-prod2.central.arubanetworks.com";

fn module_reference(scratch: &Scratch, flags: &[&str], cluster: &[&str]) -> Value {
    scratch.exec_python(flags, "unified_as_in_the_module_reference.py", cluster).ended_with(0).json()
}

#[test]
fn the_cluster_of_the_module_reference_answers() {
    let scratch = Scratch::new();
    let result = module_reference(&scratch, &[], &["cluster_name", "Internal"]);
    assert_eq!(result["glp"], json!({"code": 200, "total": MSP_INVENTORY}));
    assert_eq!(result["central"], json!({"code": 200, "total": MSP_NETWORK}));
    let summary = scratch.summary();
    assert_requests(&summary, 1, 0, 2);
    assert_refused(&summary, &[]);
}

#[test]
fn an_api_gateway_leads_to_new_central() {
    let scratch = Scratch::new();
    let expected = json!({
        "glp": {"code": 200, "total": MSP_INVENTORY},
        "central": {"code": 200, "total": MSP_NETWORK},
    });
    assert_eq!(module_reference(&scratch, &[], &["base_url", API_GATEWAY]), expected);
    assert_requests(&scratch.summary(), 1, 0, 2);

    // Adopted, the gateway is the workspace's own cluster and the only one.
    let go = |base_url: &str| {
        let cmd = python::invocation("unified_as_in_the_module_reference.py", &["base_url", base_url]);
        let mut command = scratch.exec(&[], &cmd);
        command
            .env("GLP_CLIENT_ID", "8c7b0d1e-2f3a-4b5c-9d6e-7f8091a2b3c4")
            .env("GLP_CLIENT_SECRET", "0a1b2c3d4e5f11ee86a19d42f7b35e60")
            .env("GLP_WORKSPACE_ID", "0b54c8d2-91aa-11f0-b1c5-0242ac120002")
            .env("CENTRAL_BASE_URL", API_GATEWAY);
        run(command).ended_with(0).json()
    };
    assert_eq!(go(API_GATEWAY), expected);
    assert_refused(&scratch.summary(), &[]);
    assert_eq!(go("https://us5.api.central.arubanetworks.com")["central"]["code"], 401);
    assert_refused(&scratch.summary(), &[("wrong_cluster", 2)]);
}

#[test]
fn an_api_gateway_of_classic_central_alone_refuses() {
    let scratch = Scratch::new();
    let result =
        module_reference(&scratch, &["--dialect", "apigw_hosts=classic"], &["base_url", API_GATEWAY]);
    assert_eq!((&result["glp"]["code"], &result["central"]["code"]), (&json!(200), &json!(401)));
    let summary = scratch.summary();
    // pycentral takes the 401 for an expiry: it renews once, asks once more and gives up.
    assert_requests(&summary, 2, 0, 3);
}

#[test]
fn the_module_reference_reaches_glp_without_a_cluster() {
    let scratch = Scratch::new();
    let result = module_reference(&scratch, &[], &[]);
    assert_eq!(result["glp"], json!({"code": 200, "total": MSP_INVENTORY}));
    let refusal = result["central"].as_str().expect("pycentral itself refuses the Central call");
    assert!(refusal.contains("Missing configuration for 'new_central'"), "{refusal}");
    assert_requests(&scratch.summary(), 1, 0, 1);
}

// Clusters.

#[test]
fn every_cluster_answers_by_name_and_by_base_url() {
    let scratch = Scratch::new();
    for how in ["cluster_name", "base_url"] {
        let result = scratch.exec_python(&[], "sixteen_clusters.py", &[how]).ended_with(0).json();
        let codes = result["codes"].as_object().unwrap();
        assert_eq!(codes.len(), 16, "{how}");
        assert!(codes.values().all(|code| code == 200), "{how}: {codes:?}");
        let summary = scratch.summary();
        assert_requests(&summary, 16, 0, 16);
        assert_refused(&summary, &[]);
    }
}

#[test]
fn an_adopted_workspace_lives_on_its_own_cluster_alone() {
    let scratch = Scratch::new();
    let go = |home: &str, flags: &[&str]| {
        let mut command = scratch.exec(flags, &python::invocation("sixteen_clusters.py", &["cluster_name"]));
        command
            .env("GLP_CLIENT_ID", "8c7b0d1e-2f3a-4b5c-9d6e-7f8091a2b3c4")
            .env("GLP_CLIENT_SECRET", "0a1b2c3d4e5f11ee86a19d42f7b35e60")
            .env("GLP_WORKSPACE_ID", "0b54c8d2-91aa-11f0-b1c5-0242ac120002")
            .env("CENTRAL_CLUSTER_NAME", home);
        run(command).ended_with(0).json()
    };
    for home in ["US-WEST-5", "China"] {
        let result = go(home, &[]);
        for (cluster, code) in result["codes"].as_object().unwrap() {
            assert_eq!(code, if cluster == home { 200 } else { 401 }, "{cluster} for {home}");
        }
        let summary = scratch.summary();
        // pycentral takes each of the fifteen 401s for an expiry: it renews and asks once more.
        assert_requests(&summary, 16 + 15, 0, 16 + 15);
        assert_refused(&summary, &[("wrong_cluster", 30)]);
    }
    let result = go("China", &["--dialect", "wrong_cluster=accept"]);
    assert!(result["codes"].as_object().unwrap().values().all(|code| code == 200), "{result}");
}

// Tenants.

#[test]
fn the_msp_lists_tenants_and_devices() {
    let scratch = msp_desk();
    let result = scratch.exec_python(&[], "msp_listings.py", &[]).ended_with(0).json();
    assert_eq!(result["codes"], json!([200, 200]));
    let tenants = result["tenants"].as_object().unwrap();
    let names: HashSet<_> = tenants.keys().map(String::as_str).collect();
    assert_eq!(names, TENANTS.map(|(name, _)| name).into());
    let ids: HashSet<_> = tenants.values().map(|id| id.as_str().unwrap()).collect();
    assert_eq!(ids.len(), TENANTS.len());
    assert!(ids.iter().all(|id| id.len() == 32), "Central writes its ids without dashes: {ids:?}");
    assert_eq!(result["total"], MSP_INVENTORY);
    assert_eq!(distinct(&result["serials"]).len(), MSP_INVENTORY);
    assert_requests(&scratch.summary(), 1, 0, 2);
}

#[test]
fn a_tenant_is_entered_by_name() {
    let scratch = msp_desk();
    for (name, devices) in [TENANTS[0], TENANTS[3], TENANTS[4], TENANTS[5]] {
        let result = scratch.exec_python(&[], "tenant_inventory.py", &[name]).ended_with(0).json();
        assert_eq!((&result["code"], &result["total"]), (&json!(200), &json!(devices)), "{name}");
        assert_eq!(distinct(&result["serials"]).len(), devices.min(DEFAULT_LIMIT), "{name}");
        let summary = scratch.summary();
        assert_requests(&summary, 1, 1, 2);
        assert_refused(&summary, &[]);
    }
    assert_eq!(scratch.read("token.yaml"), UNIFIED);
}

#[test]
fn the_audit_log_of_a_tenant_is_its_own() {
    let scratch = msp_desk();
    let (tenant, _) = TENANTS[0];
    let result = scratch.exec_python(&[], "tenant_audit_log.py", &[tenant]).ended_with(0).json();
    assert_eq!(result["code"], 200);
    let logs = result["logs"].as_array().unwrap();
    // The exchange is the first thing that ever happened in the tenant, and the newest line comes first.
    let sign_in = logs.last().expect("the sign-in is in the log");
    assert_eq!(sign_in["category"], "Customer Management");
    assert!(sign_in["description"].as_str().unwrap().starts_with("Loading workspace "), "{sign_in}");
    for log in logs {
        assert_eq!(log["user"]["username"], "msp.admin@example.com", "{log}");
        assert_eq!(log["workspace"]["workspaceName"], tenant, "nothing of the MSP shows here: {log}");
    }
    assert_requests(&scratch.summary(), 1, 1, 2);
}

/// Checks that each tenant was visited in each round and showed its own devices, all of them.
#[track_caller]
fn assert_visits(result: &Value, rounds: usize) {
    let visits = result["visits"].as_array().unwrap();
    assert_eq!(visits.len(), rounds * TENANTS.len());
    for round in visits.chunks(TENANTS.len()) {
        let mut everywhere = HashSet::new();
        for (visit, (name, devices)) in round.iter().zip(TENANTS) {
            assert_eq!(visit["name"], name);
            let serials = distinct(&visit["serials"]);
            assert_eq!(serials.len(), devices, "{name}");
            everywhere.extend(serials);
        }
        let all: usize = TENANTS.iter().map(|(_, devices)| devices).sum();
        assert_eq!(everywhere.len(), all, "no tenant sees a device of another");
    }
    let ids: HashSet<_> = visits.iter().map(|visit| visit["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), TENANTS.len());
}

#[test]
fn every_tenant_is_entered_once_and_read_whole() {
    let scratch = msp_desk();
    let result = scratch.exec_python(&[], "every_tenant.py", &["id", "2"]).ended_with(0).json();
    assert_visits(&result, 2);
    let summary = scratch.summary();
    // Each round reads one page a tenant and two of the one with 1,200 devices. The second round
    // finds all tenant connections made.
    assert_requests(&summary, 1, 6, 1 + 2 * 7);
    assert_refused(&summary, &[]);
    assert_eq!(summary.minted(), ["msp#1"]);
    assert_eq!(summary.exchanged(), ["example#1", "abc#1", "customer#1", "oneil#1", "zurich#1", "empty#1"]);
    assert_eq!(scratch.read("token.yaml"), UNIFIED);
}

#[test]
fn every_tenant_is_found_by_name() {
    let scratch = msp_desk();
    let result = scratch.exec_python(&[], "every_tenant.py", &["name", "1"]).ended_with(0).json();
    assert_visits(&result, 1);
    let summary = scratch.summary();
    // As by id, and one look-up a tenant.
    assert_requests(&summary, 1, 6, 1 + 7 + 6);
    assert_refused(&summary, &[]);
}

// Expiry.

#[test]
fn an_msp_token_that_expires_is_renewed() {
    let scratch = msp_desk();
    let flags = ["--expire", "workspace@api#2"];
    let result = scratch.exec_python(&flags, "msp_calls.py", &["3"]).ended_with(0).json();
    assert_eq!(result["codes"], json!([200, 200, 200]));
    let summary = scratch.summary();
    assert_requests(&summary, 2, 0, 3 + 1);
    assert_refused(&summary, &[("expired", 1)]);
    assert_eq!(summary.minted(), ["msp#1", "msp#2"]);
}

#[test]
fn a_tenant_token_that_expires_is_renewed() {
    let scratch = msp_desk();
    let flags = ["--expire", "tenant@api#2"];
    let result = scratch.exec_python(&flags, "tenant_calls.py", &[TENANTS[0].0, "3"]).ended_with(0).json();
    assert_eq!(result["codes"], json!([200, 200, 200]));
    let summary = scratch.summary();
    // The look-up, three calls, and the one that was refused.
    assert_requests(&summary, 2, 2, 1 + 3 + 1);
    assert_refused(&summary, &[("expired", 1)]);
    assert_eq!(summary.minted(), ["msp#1", "msp#2"]);
    assert_eq!(summary.exchanged(), ["example#1", "example#2"]);
    assert_eq!(scratch.read("token.yaml"), UNIFIED);
}

#[test]
fn a_tenant_token_with_a_shorter_life_expires_alone() {
    let scratch = msp_desk();
    let flags = ["--token-life", "tenant=5m", "--expire", "tenant@api#2"];
    let result = scratch.exec_python(&flags, "tenant_calls.py", &[TENANTS[0].0, "2"]).ended_with(0).json();
    assert_eq!(result["codes"], json!([200, 200]));
    let summary = scratch.summary();
    // The MSP token has ten minutes left; pycentral replaces it all the same (pycentral.md §3.4).
    assert_requests(&summary, 2, 2, 1 + 2 + 1);
    assert_refused(&summary, &[("expired", 1)]);
}

#[test]
fn a_token_that_expires_between_pages_costs_no_device() {
    let scratch = msp_desk();
    let (tenant, devices) = TENANTS[1];
    let flags = ["--expire", "tenant@api#2"];
    let result = scratch.exec_python(&flags, "tenant_pages.py", &[tenant]).ended_with(0).json();
    assert_eq!(distinct(&result["serials"]).len(), devices);
    let summary = scratch.summary();
    // The look-up, the first page, the second one refused, the second one again.
    assert_requests(&summary, 2, 2, 1 + 1 + 2);
    assert_refused(&summary, &[("expired", 1)]);
    assert_eq!(summary.exchanged(), ["abc#1", "abc#2"]);
}

/// Lets the MSP token die on its way to the exchange, under a dialect.
fn expire_at_the_exchange(dialect: &[&str]) -> (Output, Scratch) {
    let scratch = msp_desk();
    let flags = [&["--expire", "workspace@exchange#1"], dialect].concat();
    let output = scratch.exec_python(&flags, "enter_tenant_after_a_call.py", &[TENANTS[0].0]);
    assert_eq!(scratch.read("token.yaml"), UNIFIED, "{output}");
    (output, scratch)
}

#[track_caller]
fn assert_stranded(dialect: &[&str], message: &str) {
    let (output, scratch) = expire_at_the_exchange(dialect);
    let output = output.ended_with(1);
    let (kind, text) = exception(&output);
    assert_eq!(kind, "LoginError", "{output}");
    assert!(text.contains(message), "{dialect:?}: {text}");
    let summary = scratch.summary();
    assert_requests(&summary, 1, 1, 1);
    assert_refused(&summary, &[("expired", 1)]);
    assert_eq!(summary.exchanged(), [""; 0]);
}

#[track_caller]
fn assert_recovered(dialect: &[&str]) {
    let (output, scratch) = expire_at_the_exchange(dialect);
    assert_eq!(output.ended_with(0).json(), json!({"code": 200, "total": TENANTS[0].1}));
    let summary = scratch.summary();
    assert_requests(&summary, 2, 2, 2);
    assert_refused(&summary, &[("expired", 1)]);
    assert_eq!((summary.minted(), summary.exchanged()), (vec!["msp#1", "msp#2"], vec!["example#1"]));
}

#[test]
fn an_msp_token_that_expires_at_the_exchange_strands_pycentral_live() {
    assert_stranded(&[], "(unauthorized_request)");
    assert_stranded(&["--dialect", "live"], "(unauthorized_request)");
}

#[test]
fn an_msp_token_that_expires_at_the_exchange_is_renewed_in_the_sdks_dialect() {
    assert_recovered(&["--dialect", "sdk"]);
}

#[test]
fn an_msp_token_that_expires_at_the_exchange_meets_every_dialect() {
    for (value, message) in [
        ("rfc8693", "(invalid_request)"),
        ("invalid_grant", "(invalid_grant)"),
        ("gateway_401", "(missing_token)"),
        ("html_403", "(missing_token)"),
    ] {
        assert_stranded(&["--dialect", &format!("exchange_expired={value}")], message);
    }
    for value in ["invalid_client", "token_expired"] {
        assert_recovered(&["--dialect", &format!("exchange_expired={value}")]);
    }
}

#[test]
fn a_tenant_looked_up_by_name_renews_the_msp_token_before_the_exchange() {
    let scratch = msp_desk();
    let flags = ["--expire", "workspace@api#1"];
    let result = scratch.exec_python(&flags, "tenant_inventory.py", &[TENANTS[0].0]).ended_with(0).json();
    assert_eq!(result["code"], 200);
    let summary = scratch.summary();
    assert_requests(&summary, 2, 1, 3);
    assert_refused(&summary, &[("expired", 1)]);
}
