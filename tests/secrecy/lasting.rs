//! Secrets that are easily forgotten: of a world that was replaced, known by digest only, of another cloud,
//! or longer than what is repeated of a request.

use greenroom_emulator::{
    Emulator,
    command::{Command, Reply},
};
use greenroom_model::{
    adopt::{Adoption, Credentials},
    sample::DEFAULT_SEED,
    secret::{Digest, Secret},
    spec::{Secrets, Spec},
    world::World,
};
use reqwest::Method;
use serde_json::{Value, json};

use super::Logs;
use crate::wire::{Answer, DEVICES, INVENTORY, Wire, issuer};

const CREDENTIALS: &str = "/workspaces/v1/credentials";

/// A call of the credentials API with a token of the MSP.
async fn call(wire: &Wire, method: Method, path: &str, body: &str) -> Answer {
    let bearer = format!("Bearer {}", wire.issue("msp", None));
    wire.send(method, path, &[("authorization", &bearer)], body).await
}

/// The id and the secret of a credential that is new or reset.
fn handed_out(made: &Value) -> (String, String) {
    let text = |name: &str| made[name].as_str().expect("a text").to_owned();
    (text("id"), text("clientSecret"))
}

async fn create(wire: &Wire) -> (String, String) {
    let body = json!({"credentialName": "nightly"}).to_string();
    handed_out(&call(wire, Method::POST, CREDENTIALS, &body).await.json())
}

/// The status with which a client's secret is received.
async fn sign_in(wire: &Wire, (id, secret): &(String, String)) -> u16 {
    let form = [("grant_type", "client_credentials"), ("client_id", id), ("client_secret", secret)];
    wire.post(&issuer("msp"), &[], &form).await.status
}

/// Sends secrets where they do not belong; what is told of them afterwards.
async fn told(wire: &Wire, secrets: &[&str]) -> String {
    for secret in secrets {
        for path in [format!("{DEVICES}?y={secret}"), format!("/{secret}"), format!("{DEVICES}/{secret}")] {
            call(wire, Method::GET, &path, "").await;
        }
    }
    wire.send(Method::GET, "/_greenroom/v1/history", &[], "").await.text
}

#[tokio::test]
async fn a_secret_of_a_world_that_was_replaced_stays_one_and_is_never_given_out_again() {
    let wire = Wire::frozen().await;
    let mut given: Vec<(String, String)> = Vec::new();
    for replace in [Command::RestoreWorld, Command::ResetWorld, Command::RestoreWorld] {
        if given.is_empty() {
            wire.emulator.run(Command::SaveWorld).expect("it is saved");
        }
        let made = create(&wire).await;
        assert_eq!(sign_in(&wire, &made).await, 200);
        let reset = call(&wire, Method::POST, &format!("{CREDENTIALS}/{}/reset", made.0), "").await;
        given.extend([made, handed_out(&reset.json())]);
        wire.emulator.run(replace).expect("it is replaced");
        for gone in &given {
            assert_eq!(sign_in(&wire, gone).await, 401);
        }
        let secrets: Vec<_> = given.iter().map(|(_, secret)| secret.as_str()).collect();
        let told = told(&wire, &secrets).await;
        for secret in &secrets {
            assert!(!told.contains(secret) && told.contains(&Digest::of(secret).to_string()));
        }
    }
    for (n, (_, secret)) in given.iter().enumerate() {
        assert!(given[..n].iter().all(|(_, earlier)| earlier != secret), "{n} was given out before");
    }
}

#[tokio::test]
async fn a_secret_that_a_file_knows_by_digest_stays_one_when_it_is_worth_nothing() {
    let wire = Wire::frozen().await;
    let (id, old) = create(&wire).await;
    let Ok(Reply::Exported(file)) = wire.emulator.run(Command::ExportWorld(Secrets::Digests)) else {
        panic!("no file");
    };
    assert!(!file.world.contains(&old));
    let spec = Spec::read(file.world.as_bytes()).expect("a world file");
    for (method, path) in
        [(Method::POST, format!("{CREDENTIALS}/{id}/reset")), (Method::DELETE, format!("{CREDENTIALS}/{id}"))]
    {
        let world = World::from_spec(&spec).expect("a world");
        let wire = Wire::start(Emulator::builder().world(world).frozen()).await;
        let changed = call(&wire, method.clone(), &path, "").await;
        assert!(changed.status < 300, "{changed:?}");
        assert!(!told(&wire, &[&old]).await.contains(&old), "after {method}");
        // What hides secrets is made anew when there is another one.
        let another = json!({"credentialName": "another"}).to_string();
        assert_eq!(call(&wire, Method::POST, CREDENTIALS, &another).await.status, 201);
        assert!(!told(&wire, &[&old]).await.contains(&old), "after {method} and another one");
    }
}

#[tokio::test]
async fn a_secret_of_another_cloud_in_a_query_is_not_kept() {
    let (logs, _guard) = Logs::capture();
    let wire = Wire::start(Emulator::builder().frozen().log(true)).await;
    let foreign = "Ab1-of/another+cloud";
    let escaped: String = form_urlencoded::byte_serialize(foreign.as_bytes()).collect();
    let path = format!(
        "/oauth2/token?client_id=me&client_secret={escaped}&grant_type=refresh_token&refresh%5Ftoken={escaped}"
    );
    let host = [("host", "apigw-prod2.central.arubanetworks.com")];
    let answer = wire.send(Method::POST, &path, &host, "").await;
    let query = wire.last_exchange().request.query;
    let digest = Digest::of(foreign);
    let expected =
        format!("client_id=me&client_secret={digest}&grant_type=refresh_token&refresh_token={digest}");
    assert_eq!(query, expected);
    for text in [logs.text(), answer.text] {
        assert!(!text.contains("another"), "{text}");
    }
}

#[tokio::test]
async fn a_secret_longer_than_what_is_repeated_does_not_show_its_beginning() {
    let (logs, _guard) = Logs::capture();
    let mut world = World::sample(DEFAULT_SEED);
    let (secret, token) = ("Long.Secret-".repeat(20), "Opaque~Token+".repeat(20));
    let credentials = Credentials {
        id: Some("me".to_owned()),
        secret: Some(Secret::new(&*secret)),
        access_token: Some(Secret::new(&*token)),
    };
    let adoption = Adoption { platform: Some(credentials), ..Adoption::default() };
    world.adopt(&adoption, "2026-01-01T00:00:00Z".parse().unwrap()).unwrap();
    let start = "2026-01-01T00:00:00Z".parse().unwrap();
    let wire = Wire::start(Emulator::builder().world(world).frozen().start_time(start).log(true)).await;
    let mut answers = Vec::new();
    for value in [&secret, &token] {
        let escaped: String = form_urlencoded::byte_serialize(value.as_bytes()).collect();
        for (method, path) in [
            (Method::GET, format!("/workspaces/v1/workspaces/{value}")),
            (Method::DELETE, format!("{CREDENTIALS}/{value}")),
            (Method::POST, format!("{CREDENTIALS}/{escaped}/reset")),
            (Method::GET, format!("{INVENTORY}?{escaped}=1")),
            (Method::GET, format!("{INVENTORY}?sort={escaped}")),
            (Method::GET, format!("{DEVICES}?filter={escaped}")),
        ] {
            let answer = call(&wire, method, &path, "").await;
            assert!(answer.status >= 400, "{path}: {answer:?}");
            answers.push(answer);
        }
        answers.push(wire.post(&issuer("msp"), &[], &[("grant_type", value)]).await);
    }
    let history = wire.send(Method::GET, "/_greenroom/v1/history", &[], "").await.text;
    let answers = answers.iter().map(|answer| answer.text.as_str());
    for text in answers.chain([&*history, &logs.text()]) {
        for beginning in ["Long.Sec", "Opaque~T", "Opaque%7E"] {
            assert!(!text.contains(beginning), "{text}");
        }
    }
    for value in [&secret, &token] {
        assert!(history.contains(&format!("Invalid UUID: {}", Digest::of(value))), "{history}");
    }
}
