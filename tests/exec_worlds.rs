//! `greenroom exec --world`: whose credentials a world of one's own lends, and whose it takes over.

use crate::harness::{Output, Scratch, run};

/// Signs in at the issuer of the workspace with what the environment says.
const SIGN_IN: &str = r#"
    ISSUER=https://global.api.greenlake.hpe.com/authorization/v2/oauth2
    curl -s "$ISSUER/$GLP_WORKSPACE_ID/token" -d grant_type=client_credentials \
        -d client_id="$GLP_CLIENT_ID" -d client_secret="$GLP_CLIENT_SECRET"
    echo " at $CENTRAL_BASE_URL"
"#;

/// A world where the first workspace and its first client are nobody's.
const WORLD: &str = "
workspaces:
  - symbol: first
  - symbol: acme
    id: 5d1f0c3e8a4b11f09c2d0242ac120002
    cluster: EU-1
    tenants: 2
    clients:
      - {name: nightly, id: nightly-id}
      - {name: mine, id: my-id, secret: not-much-of-a-secret}
";

fn sign_in(scratch: &Scratch) -> Output {
    run(scratch.exec(&["--world", "world.yaml"], &["sh", "-c", SIGN_IN])).ended_with(0)
}

#[test]
fn a_world_file_lends_the_client_of_its_msp_or_else_its_first() {
    let anywhere = "us5.api.central.arubanetworks.com";
    for (world, minted, central) in [
        (WORLD, "nightly#1", "de1.api.central.arubanetworks.com"),
        ("workspaces: [{symbol: first}, {symbol: acme, type: MSP}]", "acme#1", anywhere),
        ("workspaces: [{symbol: solo}, {symbol: other}]", "solo#1", anywhere),
        ("workspaces: [{symbol: solo, clients: [{name: c, service: central}, {name: p}]}]", "p#1", anywhere),
    ] {
        let scratch = Scratch::new();
        scratch.write("world.yaml", world);
        let output = sign_in(&scratch);
        assert_eq!(scratch.summary().minted(), [minted], "{output}");
        assert!(output.stdout.ends_with(&format!(" at https://{central}\n")), "{output}");
    }
}

#[test]
fn a_world_that_has_nothing_to_lend_says_so() {
    let scratch = Scratch::new();
    scratch.write("world.yaml", "workspaces: [{symbol: solo, clients: [{name: p, no_secret: true}]}]");
    let output = run(scratch.exec(&["--world", "world.yaml"], &["env"])).ended_with(0);
    assert!(output.stderr.contains("no credentials are lent"), "{output}");
    assert!(!output.stdout.contains("GLP_CLIENT_ID"), "{output}");
}

#[test]
fn the_client_of_the_credentials_is_the_one_that_has_their_id() {
    let scratch = Scratch::new();
    scratch.write("world.yaml", WORLD);
    scratch.write("token.yaml", "unified: {client_id: my-id, client_secret: one-of-my-own}");
    let script = SIGN_IN
        .replace("$GLP_CLIENT_ID", "my-id")
        .replace("$GLP_CLIENT_SECRET", "one-of-my-own")
        .replace("$GLP_WORKSPACE_ID", "5d1f0c3e8a4b11f09c2d0242ac120002");
    run(scratch.exec(&["--world", "world.yaml"], &["sh", "-c", &script])).ended_with(0);
    assert_eq!(scratch.summary().minted(), ["mine#1"]);
}

#[test]
fn credentials_that_the_world_has_no_place_for_start_nothing() {
    let taken =
        "unified: {client_id: my-id, client_secret: s3cr3t, workspace_id: 0b54c8d291aa11f0b1c50242ac120002}";
    let elsewhere = WORLD.replace("symbol: first", "symbol: first\n    id: 0b54c8d291aa11f0b1c50242ac120002");
    let new = "unified: {client_id: new, client_secret: s3cr3t}";
    for (world, token, why) in [
        (elsewhere.as_str(), taken, "the API client mine, which is of acme and not of first"),
        ("workspaces: [{symbol: solo}]", new, "no MSP workspace"),
        (
            "workspaces: [{symbol: acme, type: MSP, clients: []}]",
            new,
            "acme has no API client for the platform",
        ),
    ] {
        let scratch = Scratch::new();
        scratch.write("world.yaml", world);
        scratch.write("token.yaml", token);
        let output = run(scratch.exec(&["--world", "world.yaml"], &["touch", "started"])).ended_with(125);
        assert!(
            output.stderr.contains("token.yaml cannot be let in") && output.stderr.contains(why),
            "{output}"
        );
        assert!(!output.stderr.contains("s3cr3t") && !scratch.path("started").exists());
        assert_eq!(scratch.read("token.yaml"), token);
    }
}
