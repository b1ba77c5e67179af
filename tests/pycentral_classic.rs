//! The classic module of the real pycentral, unmodified: as it is part of version 2, and as it was version 1.

use serde_json::{Value, json};

use crate::harness::{Scratch, python, run};

/// Runs the program that signs in, lists, outlives its token and stores the next one.
fn signed_in(version: Option<&str>, flags: &[&str]) -> (Value, Scratch) {
    let scratch = Scratch::new();
    let invocation = python::invocation("classic_sign_in.py", &[]);
    let mut command = scratch.exec(&[&["--expire", "classic@api#5"], flags].concat(), &invocation);
    if let Some(version) = version {
        command.env("PYTHONPATH", python::pycentral(version));
    }
    (run(command).ended_with(0).json(), scratch)
}

#[test]
fn both_versions_sign_in_refresh_and_store_their_token() {
    for (version, classic) in [(None, "pycentral.classic"), (Some("1.4.3"), "pycentral")] {
        let (result, scratch) = signed_in(version, &[]);
        assert_eq!(result["classic"], classic);
        assert_eq!(result["token"], json!({"token_type": "bearer", "expires_in": 7_200}));
        assert_eq!(
            result["kept"],
            json!([true, true]),
            "the token is stored at sign-in and after the refresh"
        );
        assert_eq!(result["codes"], json!([200, 200, 200, 200, 200, 200]));
        // The MSP's own, and those of the tenant that its header names.
        assert_eq!((&result["devices"], &result["tenant"]), (&json!([15, 10]), &json!(40)));
        assert_eq!(result["groups"], json!([["default"], ["aps"], ["switches"], ["gateways"]]));
        assert_eq!(result["customers"].as_array().unwrap().len(), 6);
        assert!(result["log"].as_u64().unwrap() >= 1);
        assert_eq!(result["rotated"], json!([true, true]), "both tokens rotate");
        assert_eq!(result["refreshed_again"], false, "a refresh token is good once");
        assert_eq!(result["found"], true);
        assert_eq!(result["old"], json!([401, "invalid_token"]));
        let summary = scratch.summary();
        let requests = ["sign_in", "mint", "refresh", "api"].map(|op| summary.requests(op));
        assert_eq!(requests, [2, 1, 2, 9]);
    }
}

#[test]
fn a_program_that_keeps_to_the_documented_limits_is_served() {
    let (result, _) = signed_in(None, &["--dialect", "rate_limits=documented"]);
    assert_eq!(result["codes"], json!([200, 200, 200, 200, 200, 200]));
}
