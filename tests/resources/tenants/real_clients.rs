//! The real curl and the real pycentral make, change and delete tenants.

use serde_json::{Value, json};

use crate::harness::{Scratch, run, served::Served};

/// curl under the real host names, with nothing but the emulator's CA to trust.
#[test]
fn curl_makes_changes_and_deletes_a_tenant() {
    let scratch = Scratch::new();
    let served = Served::start(&scratch, &["--clock", "frozen", "--start-time", "2026-01-01T00:00:00Z"]);
    let greenroom = env!("CARGO_BIN_EXE_greenroom");
    let script = format!(
        r#"eval "$({greenroom} env --url {url})"
        GLP=https://global.api.greenlake.hpe.com
        TOKEN=$({greenroom} tokens issue --as msp --url {url})
        call() {{ curl -sS -o body -D head -w '%{{http_code}}\n' -H "Authorization: Bearer $TOKEN" "$@"; cat body; echo; }}
        call -X POST $GLP/workspaces/v1/msp-tenants -H 'Content-Type: application/json' \
            -d '{{"workspaceName": "By curl", "address": {{"countryCode": "DE"}}}}'
        ID=$(sed -n 's/^[Ll]ocation: .*\/\([0-9a-f-]*\)\r$/\1/p' head)
        rm body; touch body
        call -X POST $GLP/workspaces/v1/msp-tenants -d '{{"workspaceName": "By curl"}}'
        call -X PUT $GLP/workspaces/v1/msp-tenants/$ID -d '{{"workspaceName": "By curl, changed"}}'
        call -G $GLP/workspaces/v1/msp-tenants --data-urlencode "filter=id eq '$ID'"
        : > body
        call -X DELETE $GLP/workspaces/v1/msp-tenants/$ID
        call -X DELETE $GLP/workspaces/v1/msp-tenants/$ID
        "#,
        url = served.url()
    );
    let mut bash = scratch.command("bash");
    bash.args(["-euo", "pipefail", "-c", &script]);
    let output = run(bash).ended_with(0);
    let lines: Vec<_> = output.stdout.lines().collect();
    let statuses: Vec<_> = lines.iter().step_by(2).copied().collect();
    assert_eq!(statuses, ["201", "412", "200", "200", "204", "403"], "{output}");
    let body = |at: usize| -> Value { serde_json::from_str(lines[2 * at + 1]).unwrap_or_default() };
    assert_eq!(body(0), json!({"message": "Tenant created"}));
    assert_eq!(body(1)["message"], "Workspace name already exists");
    assert_eq!(body(3)["items"][0]["workspaceName"], "By curl, changed");
    assert_eq!(lines[9], "", "a 204 has no body");
}

/// The SDK finds a tenant by name right after it was made, enters it, and is put out when it is deleted.
#[test]
fn pycentral_makes_enters_and_deletes_a_tenant() {
    let scratch = Scratch::new();
    scratch.write(
        "token.yaml",
        "unified:
    client_id: 3f0c1a52-7f5e-4c55-9f0b-8b2b6a1f4d10
    client_secret: 9b1de0a25b3f11ee86a19d42f7b35e60
    workspace_id: 5d1f0c3e-8a4b-11f0-9c2d-0242ac120002
    base_url: https://us5.api.central.arubanetworks.com
",
    );
    let output = scratch.exec_python(&[], "new_tenant.py", &["Käserei „Zum Tor“ & Söhne"]).ended_with(0);
    let result = output.json();
    assert_eq!(result["created"], json!([201, {"message": "Tenant created"}]));
    assert_eq!(result["again"], json!([412, "Workspace name already exists"]));
    assert_eq!(result["devices"], json!([]));
    assert_eq!(result["itself"], json!(["Käserei „Zum Tor“ & Söhne", "MSP_TENANT"]));
    assert_eq!(result["contact"], json!({"countryCode": "CH"}));
    assert_eq!(result["in_central"], json!([0]));
    assert_eq!(result["changed"], json!([200, "Renamed"]));
    assert_eq!(result["deleted"], 204);
    assert_eq!(result["left"], json!(["LoginError", false]));
    let summary = scratch.summary();
    assert_eq!(summary.unexpected_hosts(), [""; 0]);
    assert_eq!(summary.refused().get("name_taken"), Some(&1));
}
