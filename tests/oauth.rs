//! Clients that are no SDK: the OAuth call of seed 003, and what a tunnel shows.
//!
//! | listing | program | test |
//! |---|---|---|
//! | seed 003: the token | `oauth_token.py` | `an_sso_token_is_verified_through_the_key_set` |
//! | seed 003: the system software catalogs | `system_software_catalogs.py` | `the_catalogs_are_listed_for_who_sends_the_token_and_not_the_object` |
//! | seeds 000 to 002 | | see `pycentral.rs` |

use serde_json::{Value, json};

use crate::harness::{Scratch, python, run};

#[track_caller]
fn assert_verified(result: &Value) {
    assert_eq!(result["token_type"], "Bearer");
    assert_eq!(result["expires_in"], 7_199);
    let claims = &result["claims"];
    assert_eq!(claims["sub"], "msp.admin@example.com");
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 7_200);
    assert_eq!(claims["platform_customer_id"].as_str().map(str::len), Some(32));
    assert_eq!(result["live_at_date"], true, "the Date header and the token tell one time: {result}");
    let header = &result["header"];
    assert_eq!(header["alg"], "RS256");
    assert_eq!(header["pi.atm"], "dez0");
    assert!(header.get("typ").is_none(), "SSO tokens have no typ (glp.md §2.3)");
}

#[test]
fn an_sso_token_is_verified_through_the_key_set() {
    let scratch = Scratch::new();
    assert_verified(&scratch.exec_python(&[], "oauth_token.py", &[]).ended_with(0).json());
    let summary = scratch.summary();
    assert_eq!(["mint", "jwks", "api"].map(|op| summary.requests(op)), [1, 1, 0], "{summary:?}");
    assert_eq!(summary.minted(), ["msp#1"]);
    assert_eq!(summary.refused().len(), 0);
    assert_eq!(summary.unexpected_hosts(), [""; 0]);
}

#[test]
fn a_token_and_the_date_header_follow_the_virtual_clock() {
    let scratch = Scratch::new();
    // The clock is moved from within, by the address that exec gives its command.
    let script = r#""$1" "$2" && "$0" clock advance 9600h >&2 && "$1" "$2""#;
    let greenroom = env!("CARGO_BIN_EXE_greenroom");
    let cmd = [&["sh", "-c", script, greenroom][..], &python::invocation("oauth_token.py", &[])].concat();
    let output = run(scratch.exec(&[], &cmd)).ended_with(0);
    let results: Vec<Value> = output.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let [today, later] = &results[..] else { panic!("two results: {output}") };
    assert_verified(today);
    assert_verified(later);
    let iat = |result: &Value| result["claims"]["iat"].as_i64().unwrap();
    assert!(iat(later) - iat(today) >= 9_600 * 3_600, "{output}");
    assert_ne!(today["claims"]["jti"], later["claims"]["jti"]);
}

#[test]
fn a_wrong_secret_is_refused_as_oauth_says() {
    let scratch = Scratch::new();
    // Set behind exec's back: what is in exec's own environment would be adopted.
    let program = python::invocation("oauth_token.py", &[]);
    let cmd = [&["env", "GLP_CLIENT_SECRET=ffffffffffff11efffffffffffffffff"][..], &program].concat();
    let output = run(scratch.exec(&[], &cmd)).ended_with(1);
    assert_eq!(output.json(), json!({"error": "invalid_client", "type": "InvalidClientError"}));
    let summary = scratch.summary();
    assert_eq!(["mint", "jwks"].map(|op| summary.requests(op)), [1, 0]);
    assert_eq!(summary.refused().into_iter().collect::<Vec<_>>(), [("bad_client", 1)]);
    assert_eq!(summary.minted(), [""; 0]);
}

#[test]
fn the_catalogs_are_listed_for_who_sends_the_token_and_not_the_object() {
    let scratch = Scratch::new();
    let listed = scratch.exec_python(&[], "system_software_catalogs.py", &[]).ended_with(0);
    let result = listed.json();
    assert_eq!(["count", "offset", "total"].map(|name| &result[name]), [10, 0, 11]);
    let versions: Vec<_> = result["items"].as_array().unwrap().iter().map(|row| &row["version"]).collect();
    let printed = [
        "2.98",
        "7.61.34.18.37",
        "7.6.35.18.36",
        "1.70",
        "7.6.34.18.36",
        "2.97",
        "1.69",
        "1.77",
        "7.61.35.18.37",
        "2.99",
    ];
    assert_eq!(versions, printed);
    assert!(listed.stdout.contains("\"name\": \"ESXi 7.0U2 May 2021\""), "{listed}");
    let summary = scratch.summary();
    assert_eq!(["mint", "api"].map(|op| summary.requests(op)), [1, 1], "{summary:?}");
    assert_eq!(summary.refused().into_iter().collect::<Vec<_>>(), []);
    assert_eq!(summary.unexpected_hosts(), [""; 0]);

    // The listing writes the object that holds the token into the header. That is no token, whatever the dialect says.
    for (dialect, code) in [("gateway", "HPE_GL_ERROR_FORBIDDEN"), ("service", "HPE_GL_ERROR_UNAUTHORIZED")] {
        let setting = format!("glp_auth_error={dialect}");
        let flags = ["--dialect", &setting];
        let refused =
            scratch.exec_python(&flags, "system_software_catalogs.py", &["as-listed"]).ended_with(0);
        let body = refused.json();
        assert_eq!((&body["httpStatusCode"], &body["errorCode"]), (&json!(401), &json!(code)));
        let summary = scratch.summary();
        assert_eq!(["mint", "api"].map(|op| summary.requests(op)), [1, 1], "{summary:?}");
    }
}

#[test]
fn leaves_satisfy_the_certificate_rules_of_cpython_3_13() {
    let scratch = Scratch::new();
    let urls = [
        "https://sso.common.cloud.hpe.com/pf/JWKS",
        "https://global.api.greenlake.hpe.com/workspaces/v1/msp-tenants",
        "https://us5.api.central.arubanetworks.com/network-monitoring/v1/device-inventory",
    ];
    let result = scratch.exec_python(&[], "tls_probe.py", &urls).ended_with(0).json();
    let answers = result["answers"].as_array().unwrap();
    assert_eq!(answers.len(), urls.len());
    for answer in answers {
        assert_eq!(answer["tls"], "TLSv1.3", "{answer}");
        assert!(answer["names"].as_array().unwrap().contains(&answer["host"]), "{answer}");
    }
    let codes: Vec<_> = answers.iter().map(|answer| answer["code"].clone()).collect();
    assert_eq!(codes, [200, 401, 401]);
    let summary = scratch.summary();
    assert_eq!(["jwks", "api"].map(|op| summary.requests(op)), [1, 2], "{summary:?}");
    assert_eq!(summary.refused().into_iter().collect::<Vec<_>>(), [("no_token", 2)]);
}

#[test]
fn an_unexpected_host_is_refused_and_reported() {
    let scratch = Scratch::new();
    let output = scratch.exec_python(&[], "unexpected_host.py", &["www.example.com"]).ended_with(0);
    let result = output.json();
    let tunnel = result["tunnel"].as_str().expect("the tunnel is refused");
    assert!(tunnel.contains("403"), "{tunnel}");
    assert_eq!(result["plain"], 403);
    assert_eq!(scratch.summary().unexpected_hosts(), ["www.example.com"]);
    assert!(output.stderr.contains("www.example.com"), "the summary on stderr names it: {output}");
}
