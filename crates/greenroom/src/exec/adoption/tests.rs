//! What is adopted from which source, and what the refusals say.

use std::fs;

use tempfile::TempDir;

use super::*;

const WORKSPACE: &str = "7c1de0a2-5b3f-11ee-86a1-9d42f7b35e60";

struct Stage {
    dir: TempDir,
    env: Vec<(&'static str, &'static str)>,
}

impl Stage {
    fn new() -> Self {
        Self { dir: TempDir::new().unwrap(), env: Vec::new() }
    }

    fn file(self, name: &str, content: &str) -> Self {
        fs::write(self.dir.path().join(name), content).unwrap();
        self
    }

    fn env(mut self, name: &'static str, value: &'static str) -> Self {
        self.env.push((name, value));
        self
    }

    fn find(&self, explicit: Option<&str>) -> Result<Search, AdoptionError> {
        let env = |name: &str| {
            self.env.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        find(explicit.map(Path::new), &env, self.dir.path())
    }

    fn found(&self, explicit: Option<&str>) -> (Found, Vec<String>) {
        let Search { found, ignored } = self.find(explicit).unwrap();
        (found.unwrap(), ignored)
    }

    fn adopted(&self) -> Found {
        self.found(None).0
    }

    /// What is reported when there is nothing to adopt.
    fn not_adopted(&self) -> Vec<String> {
        let Search { found, ignored } = self.find(None).unwrap();
        assert!(found.is_none(), "{found:?}");
        ignored
    }

    fn refusal(&self, explicit: Option<&str>) -> String {
        let text = self.find(explicit).unwrap_err().to_string();
        text.replace(&format!("{}/", self.dir.path().display()), "")
    }
}

fn yaml(content: &str) -> Stage {
    Stage::new().file("token.yaml", content)
}

fn shape(credentials: Option<&Credentials>) -> (Option<&str>, Option<&str>, Option<&str>) {
    let reveal = |secret: &'_ Option<Secret>| secret.as_ref().map(|secret| secret.reveal().to_owned());
    let credentials = credentials.unwrap();
    (
        credentials.id.as_deref(),
        reveal(&credentials.secret).map(|text| &*text.leak()),
        reveal(&credentials.access_token).map(|text| &*text.leak()),
    )
}

#[test]
fn a_unified_block_as_the_documentation_shows_it() {
    let (found, ignored) = yaml(&format!(
        "unified:\n  client_id: <your-glp-client-id>\n  client_secret: hush\n  workspace_id: {WORKSPACE}\n  \
         base_url: https://us5.api.central.arubanetworks.com\n  # cluster_name: x\n  retries: [1, {{a: b}}]\n"
    ))
    .found(None);
    assert_eq!(shape(found.adoption.platform.as_ref()), (Some("<your-glp-client-id>"), Some("hush"), None));
    assert_eq!(found.adoption.workspace.unwrap().to_string(), WORKSPACE);
    assert_eq!(found.adoption.cluster, Cluster::named("US-WEST-5"));
    assert!(!found.adoption.separate && found.adoption.central.is_none() && ignored.is_empty());
    assert!(!format!("{found:?}").contains("hush"));
}

#[test]
fn separate_blocks_and_json_and_tokens() {
    let json = "\u{feff}{\n\t\"glp\": {\"client_id\": 17, \"client_secret\": \"a\\u00e9\", \"base_url\": \"x\"},\
                \"new_central\": {\"access_token\": \"tok\", \"cluster_name\": \"EU-1\"}}";
    let stage = Stage::new().file("t.json", json);
    let (found, _) = stage.found(Some("t.json"));
    assert_eq!(found.source, Source::File(stage.dir.path().join("t.json")));
    assert_eq!(shape(found.adoption.platform.as_ref()), (Some("17"), Some("aé"), None));
    assert_eq!(shape(found.adoption.central.as_ref()), (None, None, Some("tok")));
    assert_eq!(found.adoption.cluster, Cluster::named("EU-1"));
    assert!(found.adoption.separate);
}

#[test]
fn numbers_are_taken_as_they_are_written_and_nothing_is_absent() {
    let found = yaml("unified: {client_id: 007, client_secret: 1e3, access_token: , base_url: ''}").adopted();
    assert_eq!(shape(found.adoption.platform.as_ref()), (Some("007"), Some("1e3"), None));
    assert_eq!(found.adoption.cluster, None);
}

#[test]
fn the_first_source_wins_and_the_others_are_reported() {
    let stage = yaml("glp: {client_id: from-usual, client_secret: s}")
        .file("mine.yml", "glp: {client_id: from-mine, client_secret: s}")
        .env("GLP_CLIENT_ID", "from-env")
        .env("GLP_CLIENT_SECRET", "s")
        .env("CENTRAL_CLUSTER_NAME", "UK");
    let id = |found: &Found| found.adoption.platform.as_ref().unwrap().id.clone().unwrap();
    let (found, ignored) = stage.found(Some("mine.yml"));
    assert_eq!(id(&found), "from-mine");
    assert_eq!(ignored, ["GLP_CLIENT_ID, GLP_CLIENT_SECRET, CENTRAL_CLUSTER_NAME", "./token.yaml"]);
    let (found, ignored) = stage.found(None);
    assert_eq!((id(&found).as_str(), &found.source), ("from-env", &Source::Environment));
    assert_eq!(found.adoption.cluster, Cluster::named("UK"));
    assert_eq!(ignored, ["./token.yaml"]);
    let (_, ignored) = stage.found(Some("token.yaml"));
    assert_eq!(ignored, ["GLP_CLIENT_ID, GLP_CLIENT_SECRET, CENTRAL_CLUSTER_NAME"]);
}

#[test]
fn variables_without_a_client_are_reported_whatever_is_used_instead() {
    const WHY: &str = ", because neither GLP_CLIENT_ID nor GLP_CLIENT_SECRET is set";
    let half = |stage: Stage| {
        stage.env("GLP_WORKSPACE_ID", WORKSPACE).env("CENTRAL_BASE_URL", "https://user:hunter2@x")
    };
    let reason = [format!("GLP_WORKSPACE_ID, CENTRAL_BASE_URL{WHY}")];
    assert_eq!(half(Stage::new()).not_adopted(), reason);
    assert_eq!(half(yaml("registry: {token: x}")).not_adopted(), reason);
    let stage = half(yaml("glp: {client_id: from-usual, client_secret: s}"));
    assert_eq!(stage.found(None).1, reason);
    assert_eq!(stage.found(Some("token.yaml")).1, ["GLP_WORKSPACE_ID, CENTRAL_BASE_URL"]);
    let stage = Stage::new().env("CENTRAL_CLUSTER_NAME", "Mars").env("GLP_CLIENT_ID", " ");
    assert_eq!(stage.not_adopted(), [format!("CENTRAL_CLUSTER_NAME{WHY}")]);
}

#[test]
fn nothing_to_adopt_is_no_error() {
    assert_eq!(Stage::new().not_adopted(), [""; 0]);
    assert_eq!(Stage::new().env("GLP_CLIENT_ID", "").not_adopted(), [""; 0]);
    assert_eq!(yaml("registry: {token: x}").not_adopted(), [""; 0]);
    assert_eq!(yaml("# nothing yet\n").not_adopted(), [""; 0]);
}

#[test]
fn unified_wins_over_the_other_blocks() {
    let (found, ignored) =
        yaml("unified: {client_id: u, client_secret: s}\nglp: {client_id: g}\ncentral_info: {username: x}\n")
            .found(None);
    assert_eq!(shape(found.adoption.platform.as_ref()).0, Some("u"));
    assert_eq!(ignored.len(), 2);
    assert!(ignored[0].contains("block `glp`") && ignored[1].contains("Classic"));
}

#[test]
fn a_loopback_url_is_greenroom_itself_and_a_contradiction_is_any_cluster() {
    let with = |url: &str| format!("unified: {{client_id: a, client_secret: b, base_url: '{url}'}}");
    for url in ["http://127.0.0.1:4020/x", "localhost:4020", "http://[::1]:80"] {
        assert_eq!(yaml(&with(url)).adopted().adoption.cluster, None, "{url}");
    }
    for url in ["us5.api.central.arubanetworks.com", "HTTPS://u@US5.api.central.arubanetworks.com:443/v1?a#b"]
    {
        assert_eq!(yaml(&with(url)).adopted().adoption.cluster, Cluster::named("US-WEST-5"), "{url}");
    }
    let (found, ignored) = yaml(
        "unified: {client_id: a, client_secret: b, cluster_name: UK, base_url: us5.api.central.arubanetworks.com}",
    )
    .found(None);
    assert_eq!(found.adoption.cluster, None);
    assert!(ignored[0].contains("different clusters"), "{ignored:?}");
}

#[test]
fn refusals_name_place_and_mend() {
    for (content, expected) in [
        (
            "unified: {client_id: a}",
            "token.yaml, block `unified`: client_id is given but client_secret is missing; set client_secret as well",
        ),
        (
            "glp: {client_secret: a, access_token: t}",
            "token.yaml, block `glp`: client_secret is given but client_id is missing; set client_id as well",
        ),
        (
            "new_central: {cluster_name: UK}",
            "token.yaml, block `new_central`: it names neither a client_id with its client_secret nor an access_token",
        ),
        (
            "unified: {client_id: a, client_secret: b, workspace_id: hunter2}",
            "token.yaml, block `unified`: workspace_id is not a workspace id: write the 32 hex digits of the \
             workspace, with or without dashes",
        ),
    ] {
        assert_eq!(yaml(content).refusal(None), expected);
    }
    let text = yaml("unified: {client_id: a, client_secret: b, cluster_name: US-WEST5}").refusal(None);
    assert!(
        text.contains("cluster_name is no cluster, did you mean \"US-WEST-5\"? Known are EU-1, "),
        "{text}"
    );
    let text = yaml("unified: {client_id: a, client_secret: b, cluster_name: Mars}").refusal(None);
    assert!(text.contains("cluster_name is no cluster. Known are") && !text.contains("Mars"), "{text}");
    let text =
        yaml("unified: {client_id: a, client_secret: b, base_url: https://u:pw@example.net/}").refusal(None);
    assert!(text.contains("base_url names a host that Greenroom") && !text.contains("example.net"), "{text}");
    let text = yaml("central_info: {client_id: a, username: b}").refusal(None);
    assert!(text.contains("Classic Central, which are not taken over"), "{text}");
    let text = Stage::new().file("x.yaml", "a: b").refusal(Some("x.yaml"));
    assert_eq!(text, "x.yaml: there is no `unified`, `glp` or `new_central` block in it");
    let text = Stage::new().refusal(Some("gone.yaml"));
    assert!(text.starts_with("gone.yaml cannot be read: No such file"), "{text}");
    let text = Stage::new().env("GLP_CLIENT_ID", "a").refusal(None);
    assert_eq!(
        text,
        "the environment: GLP_CLIENT_ID is given but GLP_CLIENT_SECRET is missing; set GLP_CLIENT_SECRET as well"
    );
}

#[test]
fn errors_of_the_parsers_give_a_position_and_nothing_of_the_file() {
    for (name, content) in [
        ("a.yaml", "unified:\n  client_secret: hunter2\n client_id: \"hunter2\n"),
        ("b.yaml", "unified:\n  client_secret: [hunter2]\n"),
        ("c.yaml", "unified:\n  client_secret: hunter2\n  client_secret: hunter2\n"),
        ("d.yaml", "hunter2"),
        ("e.json", "{\"unified\": {\"client_secret\": \"hunter2\",, }}"),
        ("f.json", "{\"unified\": \"hunter2\"}"),
        ("g.json", "[\"hunter2\"]"),
    ] {
        let stage = Stage::new().file(name, content);
        let error = stage.find(Some(name)).unwrap_err();
        let text = format!("{error} {error:?}");
        assert!(!text.contains("hunter2"), "{text}");
        assert!(text.contains("line ") || name > "f", "{text}");
    }
}
