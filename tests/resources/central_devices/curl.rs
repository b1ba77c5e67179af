//! Notes and deletion as documented, by the real curl through the proxy to the real name.

use std::process::Command;

use super::{CENTRAL_DEVICES, all, cell};
use crate::client::{CENTRAL, Client};

/// Status and body of a request. Without curl the test fails and says so.
async fn curl(client: &Client, args: &[&str]) -> String {
    let (proxy, ca) = (client.url().to_owned(), client.emulator().ca_file().to_owned());
    let args: Vec<_> = args.iter().map(|&arg| arg.to_owned()).collect();
    let run = move || {
        let mut command = Command::new("curl");
        command.args([
            "--silent",
            "--show-error",
            "--write-out",
            " %{http_code}",
            "--proxy",
            &proxy,
            "--cacert",
        ]);
        command.arg(ca).args(args).env_remove("NO_PROXY").env_remove("no_proxy").output()
    };
    let output = tokio::task::spawn_blocking(run).await.unwrap();
    let output = output.unwrap_or_else(|error| panic!("this test runs the real curl: {error}"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn curl_notes_and_deletes() {
    let client = Client::start().await;
    let token = client.mint("standard").await;
    let serial = cell(&all(&client, &token).await[0], "serialNumber");
    let bearer = format!("Authorization: Bearer {token}");
    let url = format!("https://{CENTRAL}{CENTRAL_DEVICES}/{serial}");
    let json = "Content-Type: application/json";
    let notes = r#"{"notes":"Rack 4"}"#;
    let patched = curl(&client, &["-X", "PATCH", "-H", &bearer, "-H", json, "-d", notes, &url]).await;
    assert_eq!(patched, format!("{notes} 200"));
    let listed = format!("https://{CENTRAL}{CENTRAL_DEVICES}?filter=serialNumber%20eq%20%27{serial}%27");
    let shown = curl(&client, &["-H", &bearer, &listed]).await;
    assert!(shown.contains(r#""notes":"Rack 4""#) && shown.ends_with(r#""total":1} 200"#), "{shown}");
    let deleted = curl(&client, &["-i", "-X", "DELETE", "-H", &bearer, &url]).await;
    assert!(
        deleted.ends_with(" 202") && deleted.contains(&format!("location: {CENTRAL_DEVICES}/{serial}")),
        "{deleted}"
    );
    let again = curl(&client, &["-X", "DELETE", "-H", &bearer, &url]).await;
    assert!(again.ends_with(" 404"), "{again}");
    let left = curl(&client, &["-H", &bearer, &listed]).await;
    assert!(left.ends_with(r#""total":0} 200"#), "{left}");
}

/// Live, the gateway refuses the type that RFC 7396 names (`central.md §1.3`), whatever it is sent to.
#[tokio::test]
async fn curl_sends_a_merge_patch_and_the_gateway_refuses_it() {
    let client = Client::start().await;
    let token = client.mint("standard").await;
    let serial = cell(&all(&client, &token).await[0], "serialNumber");
    let bearer = format!("Authorization: Bearer {token}");
    let url = format!("https://{CENTRAL}{CENTRAL_DEVICES}/{serial}");
    let notes = r#"{"notes":"Rack 4"}"#;
    let patch = async |bearer: &str, kind: &str, url: &str| {
        let kind = format!("Content-Type: {kind}");
        curl(&client, &["-X", "PATCH", "-H", bearer, "-H", &kind, "-d", notes, url]).await
    };
    let nobody = format!("https://{CENTRAL}{CENTRAL_DEVICES}/NOBODY");
    for kind in ["application/merge-patch+json", "Application/Merge-Patch+JSON; charset=utf-8"] {
        for url in [&url, &nobody] {
            let refused = patch(&bearer, kind, url).await;
            let envelope =
                r#"{"errorCode":"HPE_GL_ERROR_FORBIDDEN","httpStatusCode":403,"message":"Forbidden","#;
            assert!(refused.starts_with(envelope) && refused.ends_with(" 403"), "{kind}: {refused}");
        }
        // The token comes first.
        assert!(patch("Authorization: Bearer of.no.use", kind, &url).await.ends_with(" 401"), "{kind}");
    }
    let listed = format!("{CENTRAL_DEVICES}?filter=serialNumber%20eq%20%27{serial}%27");
    let row = client.get(&token, &listed).await.ended_with(200).json()["items"][0].take();
    assert_eq!(row["notes"].as_str().unwrap_or_default(), "", "nothing was written");
    for kind in ["application/json", "application/json; charset=utf-8"] {
        assert_eq!(patch(&bearer, kind, &url).await, format!("{notes} 200"), "{kind}");
    }
    client.dialect(&["central_merge_patch=accept"]);
    assert_eq!(patch(&bearer, "application/merge-patch+json", &url).await, format!("{notes} 200"));
}
