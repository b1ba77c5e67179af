//! Rate limits over HTTP: what is counted, for whom, and what is told about it.

use serde_json::json;

use crate::client::{Answer, Ask, Client};

const DEVICES: &str = "/devices/v1/devices?limit=1";
const NO_DEVICE: &str = "/devices/v1/devices/00000000-0000-4000-8000-000000000000";
const INVENTORY: &str = "/network-monitoring/v1/device-inventory";
const AUDIT: &str = "/audit-log/v1/logs";

/// Limit, remaining and reset, as the headers of either family say.
fn told(answer: &Answer) -> Option<[&str; 3]> {
    let family = if answer.header("ratelimit-limit").is_some() { "ratelimit" } else { "x-ratelimit" };
    let [limit, remaining, reset] =
        ["limit", "remaining", "reset"].map(|part| answer.header(&format!("{family}-{part}")));
    Some([limit?, remaining?, reset?])
}

#[tokio::test]
async fn headers_count_down_and_windows_end_with_the_minute() {
    let client = Client::speaking(&["rate_limits=custom:2/1m"]).await;
    let msp = client.mint("msp").await;
    client.advance("15s");
    let first = client.get(&msp, DEVICES).await.ended_with(200);
    assert_eq!(told(&first), Some(["2", "1", "45"]));
    // What is wrong with a call is not looked at before it is counted.
    let second = client.get(&msp, &format!("{DEVICES}&offset=x")).await.ended_with(400);
    assert_eq!(told(&second), Some(["2", "0", "45"]));
    client.advance("44s");
    for _ in 0..3 {
        let refused = client.get(&msp, DEVICES).await.ended_with(429);
        assert_eq!(told(&refused), Some(["2", "0", "1"]));
    }
    // Central has its own count, and its own way to tell.
    let central = client.get(&msp, INVENTORY).await.ended_with(200);
    assert_eq!(told(&central), Some(["2", "1", "2026-01-01T00:01:00Z"]));
    client.advance("1s");
    assert_eq!(told(&client.get(&msp, DEVICES).await.ended_with(200)), Some(["2", "1", "60"]));
    client.dialect(&["rate_limits=off"]);
    assert_eq!(told(&client.get(&msp, DEVICES).await.ended_with(200)), Some(["1000", "999", "60"]));
}

#[tokio::test]
async fn each_service_refuses_in_its_own_words() {
    let client = Client::speaking(&["rate_limits=custom:1/1m", "retry_after=on"]).await;
    let msp = client.mint("msp").await;
    client.get(&msp, DEVICES).await.ended_with(200);
    client.get(&msp, INVENTORY).await.ended_with(200);
    let words = async |path: &str| {
        let answer = client.get(&msp, path).await.ended_with(429);
        let body = answer.json();
        assert_eq!(answer.header("retry-after"), Some("60"));
        (body["errorCode"].as_str().unwrap().to_owned(), body["message"].as_str().unwrap().to_owned())
    };
    let common = ("HPE_GL_ERROR_TOO_MANY_REQUESTS".to_owned(), "Too Many Requests".to_owned());
    assert_eq!(words(DEVICES).await, common);
    assert_eq!(words("/workspaces/v1/msp-tenants").await, common);
    assert_eq!(words("/service-catalog/v1/service-manager-provisions").await, common);
    assert_eq!(words(INVENTORY).await, common);
    let audit = ("hpe.greenlake.too_many_requests", "Too many requests. Please try again later.");
    assert_eq!(words(AUDIT).await, (audit.0.to_owned(), audit.1.to_owned()));
    let details = client.get(&msp, DEVICES).await.json()["errorDetails"].take();
    let text = "Too Many Requests. Rate limit has exceeded a predefined value.";
    let expected = json!([{
        "type": "hpe.greenlake.metadata",
        "source": "hpe.greenlake.subscriptionmanagement",
        "metadata": {"apiRateLimit": text},
    }]);
    assert_eq!(details, expected);
    let seen = client.emulator().history().exchanges();
    let last = seen.last().and_then(|exchange| exchange.response.as_ref()).unwrap();
    assert_eq!(last.refused.as_deref(), Some("rate_limited"));
    let why = "the rate limit of 1 is reached; its window ends in 60 s";
    assert_eq!(last.why.as_deref(), Some(why));
}

#[tokio::test]
async fn the_rate_comes_after_token_and_route_and_before_all_else() {
    let client = Client::speaking(&["rate_limits=custom:1/1m"]).await;
    let msp = client.mint("msp").await;
    let uncounted = [
        (Ask::get(DEVICES), 401),
        (Ask::get(DEVICES).bearer("of.no.use"), 401),
        (Ask::get("/devices/v1/nothing").bearer(&msp), 404),
        (Ask::new("PUT", DEVICES).bearer(&msp), 405),
    ];
    let strangers = async || {
        for (ask, status) in &uncounted {
            let answer = client.send(ask.clone()).await.ended_with(*status);
            assert_eq!(told(&answer), None, "nobody counts it: {ask:?}");
        }
    };
    strangers().await;
    client.get(&msp, DEVICES).await.ended_with(200);
    strangers().await;
    client.get(&msp, &format!("{DEVICES}&offset=x")).await.ended_with(429);
    client.get(&msp, &format!("{INVENTORY}?colour=red")).await.ended_with(400);
    client.get(&msp, &format!("{INVENTORY}?colour=red")).await.ended_with(429);
}

#[tokio::test]
async fn workspaces_are_counted_apart_and_clients_of_one_together() {
    let client = Client::speaking(&["rate_limits=custom:1/1m"]).await;
    let msp = client.mint("msp").await;
    let tenant = client.exchange(&msp, "abc").await;
    let (again, sso) = (client.mint("msp").await, client.mint_sso("msp-central").await);
    for token in [&msp, &tenant] {
        client.get(token, INVENTORY).await.ended_with(200);
        client.get(token, INVENTORY).await.ended_with(429);
    }
    for token in [&again, &sso] {
        client.get(token, INVENTORY).await.ended_with(429);
    }
}

#[tokio::test]
async fn documented_numbers_are_those_of_each_operation() {
    let client = Client::speaking(&["rate_limits=documented"]).await;
    let msp = client.mint("msp").await;
    let first_refused = async |path: &str, most: usize| {
        for number in 0..=most {
            let answer = client.get(&msp, path).await;
            let left = most.saturating_sub(number + 1).to_string();
            assert_eq!(told(&answer), Some([&*most.to_string(), &left, "60"]), "{path} {number}");
            if answer.status == 429 {
                return number;
            }
        }
        panic!("{path} is never refused");
    };
    assert_eq!(first_refused(NO_DEVICE, 40).await, 40);
    assert_eq!(first_refused(DEVICES, 160).await, 160);
    // The user's hundred before the workspace's three hundred.
    assert_eq!(first_refused(AUDIT, 100).await, 100);
    // No number is documented for New Central or for tenants.
    for (path, reset) in [(INVENTORY, "2026-01-01T01:00:00Z"), ("/workspaces/v1/msp-tenants", "60")] {
        assert_eq!(told(&client.get(&msp, path).await), Some(["1000", "999", reset]), "{path}");
    }
    // What was refused is no call that the audit log tells.
    client.advance("1m");
    let lines = client.list(&msp, AUDIT, &[("limit", "2000")]).await.ended_with(200).column("description");
    assert_eq!(lines.iter().filter(|line| *line == "GET /devices/v1/devices").count(), 160);
}

#[tokio::test]
async fn who_waits_as_long_as_retry_after_says_is_let_in() {
    for (quota, start, waits) in
        [("2/1m", "15s", 45), ("1/1h", "20m", 2_400), ("3/24h", "1h", 82_800), ("1/1s", "1s", 1)]
    {
        for form in ["on", "date"] {
            let client =
                Client::speaking(&[&format!("rate_limits=custom:{quota}"), &format!("retry_after={form}")])
                    .await;
            client.advance(start);
            // A token outlives its fifteen minutes here only by being minted when it is needed.
            for path in [DEVICES, INVENTORY] {
                let msp = client.mint("msp").await;
                let most = quota.split_once('/').unwrap().0.parse().unwrap();
                for _ in 0..most {
                    client.get(&msp, path).await.ended_with(200);
                }
                let refused = client.get(&msp, path).await.ended_with(429);
                let said = refused.header("retry-after").unwrap();
                let wait = match form {
                    "date" => seconds_between(refused.header("date").unwrap(), said),
                    _ => said.parse().unwrap(),
                };
                if path == DEVICES {
                    assert_eq!(wait, waits, "{quota} {form}");
                }
                if wait > 1 {
                    client.advance(&format!("{}s", wait - 1));
                    client.get(&client.mint("msp").await, path).await.ended_with(429);
                }
                client.advance("1s");
                client.get(&client.mint("msp").await, path).await.ended_with(200);
            }
        }
        // HPE documents no Retry-After for what is served.
        for form in ["off", "documented"] {
            let client = Client::speaking(&["rate_limits=custom:1/1m", &format!("retry_after={form}")]).await;
            let msp = client.mint("msp").await;
            for path in [DEVICES, INVENTORY] {
                client.get(&msp, path).await.ended_with(200);
                assert_eq!(client.get(&msp, path).await.ended_with(429).header("retry-after"), None);
            }
        }
    }
}

/// The time from one HTTP date to another.
fn seconds_between(from: &str, to: &str) -> i64 {
    let at = |text: &str| jiff::fmt::rfc2822::parse(text).unwrap().timestamp().as_second();
    at(to) - at(from)
}
