//! The page of seed 004 with the real curl: its four operations and both its spellings of the filter, under
//! the real host name.

use std::process::Command;

use serde_json::{Value, json};

use super::Pair;
use crate::client::{ACCESS_TOKEN, Client, EXCHANGE};

/// Runs curl through the emulator as its proxy: the status, the Location header and the body. Its absence
/// is a failure that says so, never a skip.
async fn curl(client: &Client, args: &[&str]) -> (u16, String, Value) {
    let emulator = client.emulator();
    let mut command = Command::new("curl");
    for name in ["http_proxy", "https_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy", "CURL_HOME"] {
        command.env_remove(name);
    }
    command
        .args(["--silent", "--show-error", "--proxy", emulator.url(), "--cacert"])
        .arg(emulator.ca_file())
        .args(["--write-out", "\n%{http_code} %header{location}"])
        .args(args);
    let run = tokio::task::spawn_blocking(move || command.output()).await.expect("the task runs");
    let output = run.unwrap_or_else(|error| {
        panic!("this test runs the real curl, and there is none ({error}): install curl")
    });
    assert!(output.status.success(), "curl {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let (body, tail) = text.rsplit_once('\n').unwrap();
    let (status, location) = tail.split_once(' ').unwrap();
    let body = if body.is_empty() { Value::Null } else { serde_json::from_str(body).unwrap() };
    (status.parse().unwrap(), location.to_owned(), body)
}

#[tokio::test]
async fn the_page_works_line_by_line() {
    let client = Client::start().await;
    let global = "https://global.api.greenlake.hpe.com";
    let url = format!("{global}/workspaces/v1/credentials");
    let issuer = |symbol: &str| format!("{global}{}", client.issuer(symbol));
    let (id, secret) = client.credentials("msp");
    let grant = "grant_type=client_credentials";
    let mint = async |at: &str, id: &str, secret: &str| {
        let (id, secret) = (format!("client_id={id}"), format!("client_secret={secret}"));
        curl(&client, &["-d", grant, "-d", &id, "-d", &secret, &issuer(at)]).await
    };
    let (_, _, minted) = mint("msp", id, secret).await;
    let token = minted["access_token"].as_str().unwrap().to_owned();
    let bearer = format!("Authorization: Bearer {token}");
    let json_type = "Content-Type: application/json";

    // The provision of the tenant, asked for inside the tenant.
    let subject = format!("subject_token={token}");
    let exchange = [format!("grant_type={EXCHANGE}"), format!("subject_token_type={ACCESS_TOKEN}")];
    let args = ["-d", &exchange[0], "-d", &exchange[1], "-d", &subject, &issuer("abc")];
    let (_, _, exchanged) = curl(&client, &args).await;
    let inside = format!("Authorization: Bearer {}", exchanged["access_token"].as_str().unwrap());
    let provisions = format!("{global}/service-catalog/v1/service-manager-provisions");
    let (_, _, provisions) = curl(&client, &["-H", &inside, &provisions]).await;
    let provision = provisions["items"][0]["id"].as_str().unwrap();

    let abc = client.workspace("abc");
    let body = json!({
        "credentialName": "My credential",
        "associatedServiceManagerProvision": {
            "resourceUri": format!("/service-catalog/v1beta1/service-manager-provisions/{provision}"),
        },
        "associatedTenant": {"resourceUri": format!("/workspaces/v1/workspaces/{abc}")},
    });
    let body = body.to_string();
    let post = ["-X", "POST", "-H", &bearer, "-H", json_type, "-d"];
    let (status, location, made) = curl(&client, &[&post[..], &[&body, &url]].concat()).await;
    let made_id = made["id"].as_str().unwrap();
    assert_eq!((status, location), (201, format!("/workspaces/v1/credentials/{made_id}")));
    assert_eq!(made["associatedTenant"]["tenantName"], "Tenant ABC");
    let (status, _, taken) = curl(&client, &[&post[..], &[&body, &url]].concat()).await;
    assert_eq!((status, taken["message"].as_str()), (409, Some("Credential name already created.")));

    // Both spellings of the filter: as a query of the URL, and as curl encodes it.
    let spellings = [format!("tenantId eq '{abc}'"), format!("'tenantId eq {abc}'")];
    for spelling in &spellings {
        let get = ["-G", "-H", &bearer, "--data-urlencode", &format!("filter={spelling}"), &url];
        let (status, _, list) = curl(&client, &get).await;
        assert_eq!((status, &list["count"], &list["items"][0]["id"]), (200, &json!(1), &made["id"]));
        let query = format!("{url}?filter={}", spelling.replace(' ', "%20"));
        assert_eq!(curl(&client, &["-H", &bearer, &query]).await.2, list);
    }

    // A credential of the platform in the tenant mints there: made, reset, deleted.
    let body = format!(
        r#"{{"credentialName":"b","associatedTenant":{{"resourceUri":"/workspaces/v1/workspace/{abc}"}}}}"#
    );
    let (_, _, made) = curl(&client, &[&post[..], &[&body, &url]].concat()).await;
    let pair = |made: &Value| Pair {
        id: made["clientId"].as_str().unwrap().to_owned(),
        secret: made["clientSecret"].as_str().unwrap().to_owned(),
    };
    let old = pair(&made);
    assert_eq!(mint("abc", &old.id, &old.secret).await.0, 200);
    let (status, _, again) =
        curl(&client, &["-X", "POST", "-H", &bearer, &format!("{url}/{}/reset", old.id)]).await;
    let new = pair(&again);
    assert_eq!((status, &new.id), (200, &old.id));
    assert_eq!(mint("abc", &new.id, &new.secret).await.0, 200);
    let (status, _, refused) = mint("abc", &old.id, &old.secret).await;
    assert_eq!((status, refused["error"].as_str()), (401, Some("invalid_client")));
    let (status, _, nothing) =
        curl(&client, &["-X", "DELETE", "-H", &bearer, &format!("{url}/{}", old.id)]).await;
    assert_eq!((status, nothing), (204, Value::Null));
    let (status, _, refused) = mint("abc", &new.id, &new.secret).await;
    assert_eq!((status, refused["error"].as_str()), (401, Some("invalid_client")));
}
