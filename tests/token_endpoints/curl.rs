//! HPE's documented curl lines, with the real curl.

use std::process::Command;

use serde_json::Value;

use crate::wire::{ACCESS_TOKEN_TYPE, TOKEN_EXCHANGE, Wire, credentials, issuer, workspace_id};

/// Runs curl. Its absence is a failure that says so, never a skip.
async fn curl(args: Vec<String>) -> Value {
    let run = move || {
        let mut command = Command::new("curl");
        for name in ["http_proxy", "https_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy", "CURL_HOME"] {
            command.env_remove(name);
        }
        command.args(["--silent", "--show-error"]).args(&args).output().map(|output| (args, output))
    };
    let ran = tokio::task::spawn_blocking(run).await.expect("the task runs");
    let (args, output) = ran.unwrap_or_else(|error| {
        panic!("this test runs the real curl, and there is none ({error}): install curl")
    });
    let (out, complaint) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "curl {args:?}: {complaint}");
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("curl {args:?}: {error}: {out}"))
}

fn line(args: &[&str]) -> Vec<String> {
    args.iter().map(|arg| (*arg).to_owned()).collect()
}

/// `-r POST` (meant: `-X POST`) makes curl send `Content-Range: bytes POST/…` (`glp.md §1`).
#[tokio::test]
async fn the_documented_lines_with_their_stray_range_work() {
    let wire = Wire::frozen().await;
    let (id, secret) = credentials("msp");
    let msp_issuer = wire.url(&issuer("msp"));
    let minted = curl(line(&[
        "-r",
        "POST",
        &msp_issuer,
        "-H",
        "Content-Type: application/x-www-form-urlencoded",
        "-H",
        "User-Agent: my-client/1.0",
        "-d",
        "grant_type=client_credentials",
        "-d",
        &format!("client_id={id}"),
        "-d",
        &format!("client_secret={secret}"),
    ]))
    .await;
    assert_eq!(minted["expires_in"], 899, "{minted}");
    let request = wire.last_exchange().request;
    let range = request.headers.get("content-range");
    assert!(range.is_some_and(|value| value.starts_with("bytes POST/")), "{:?}", request.headers);
    let exchanged = curl(line(&[
        "-r",
        "POST",
        &wire.url(&issuer("abc")),
        "-H",
        "Content-Type: application/x-www-form-urlencoded",
        "-H",
        "User-Agent: my-client/1.0",
        "-d",
        &format!("grant_type={TOKEN_EXCHANGE}"),
        "-d",
        &format!("subject_token={}", minted["access_token"].as_str().unwrap()),
        "-d",
        &format!("subject_token_type={ACCESS_TOKEN_TYPE}"),
    ]))
    .await;
    assert_eq!(exchanged["issued_token_type"], ACCESS_TOKEN_TYPE, "{exchanged}");
    assert_eq!(wire.last_exchange().request.auth, Some(greenroom_model::credential::AuthMethod::None));
}

#[tokio::test]
async fn curl_through_the_proxy_reaches_the_real_names() {
    let wire = Wire::frozen().await;
    let (id, secret) = credentials("msp");
    let proxy = ["--proxy", wire.emulator.url(), "--cacert", wire.emulator.ca_file().to_str().unwrap()];
    for version in ["--http1.1", "--http2"] {
        let url = "https://sso.common.cloud.hpe.com/as/token.oauth2";
        let user = format!("{id}:{secret}");
        let args = [&proxy[..], &[version, "-u", &user, "-d", "grant_type=client_credentials", url]].concat();
        let minted = curl(line(&args)).await;
        assert_eq!(minted["expires_in"], 7_199, "{minted}");
        let bearer = format!("Authorization: Bearer {}", minted["access_token"].as_str().unwrap());
        let url =
            format!("https://global.api.greenlake.hpe.com/workspaces/v1/workspaces/{}", workspace_id("msp"));
        let own = curl(line(&[&proxy[..], &[version, "-H", &bearer, &url]].concat())).await;
        assert_eq!(own["workspaceName"], "Example MSP", "{own}");
        let request = wire.last_exchange().request;
        assert!(request.tls);
        assert_eq!(request.http, version.trim_start_matches("--http"));
    }
}
