//! Classic Central's sign-in, its refresh and its lists over HTTP.

use serde_json::{Value, json};

use crate::{
    client::{Answer, Ask, Client, Road},
    wire::SAMPLE,
};

pub(crate) const LOGIN: &str = "/oauth2/authorize/central/api/login";
pub(crate) const AUTHORIZE: &str = "/oauth2/authorize/central/api";
pub(crate) const TOKEN: &str = "/oauth2/token";
pub(crate) const DEVICES: &str = "/platform/device_inventory/v1/devices";
pub(crate) const GROUPS: &str = "/configuration/v2/groups";
pub(crate) const CUSTOMERS: &str = "/msp_api/v1/customers";
const TENANTS: &str = "/workspaces/v1/msp-tenants";
pub(crate) const LOG: &str = "/platform/auditlogs/v1/logs";

/// What a program of one application signs in with.
pub(crate) struct Application {
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) user: String,
    pub(crate) password: String,
    pub(crate) customer: String,
}

impl Application {
    /// An application of the sample.
    pub(crate) fn of(name: &str) -> Self {
        let client = SAMPLE.client(SAMPLE.client_named(name).unwrap());
        let user = SAMPLE.user(client.owner);
        Self {
            id: client.id.clone(),
            secret: client.secret.value().unwrap().reveal().to_owned(),
            user: user.email.clone(),
            password: user.password.value().unwrap().reveal().to_owned(),
            customer: SAMPLE.workspace(client.workspace).central_customer.clone(),
        }
    }

    pub(crate) fn login(&self) -> Ask {
        json_to(LOGIN, &json!({"username": self.user, "password": self.password}))
            .query(&[("client_id", &self.id)])
    }

    pub(crate) fn authorize(&self, session: &str, csrf: Option<&str>) -> Ask {
        self.asks_for(session, csrf, &[("response_type", "code"), ("scope", "all")])
    }

    fn asks_for(&self, session: &str, csrf: Option<&str>, wanted: &[(&str, &str)]) -> Ask {
        let ask = json_to(AUTHORIZE, &json!({"customer_id": self.customer}))
            .query(&[&[("client_id", &*self.id)], wanted].concat())
            .header("cookie", &format!("session={session}"));
        match csrf {
            Some(csrf) => ask.header("x-csrf-token", csrf),
            None => ask,
        }
    }

    pub(crate) fn redeem(&self, code: &str) -> Ask {
        self.token(&[("grant_type", "authorization_code"), ("code", code)])
    }

    pub(crate) fn refresh(&self, token: &str) -> Ask {
        self.token(&[("grant_type", "refresh_token"), ("refresh_token", token)])
    }

    fn token(&self, pairs: &[(&str, &str)]) -> Ask {
        let known = [("client_id", &*self.id), ("client_secret", &*self.secret)];
        Ask::new("POST", TOKEN).query(&[&known, pairs].concat())
    }

    /// Both cookies: session and CSRF token.
    pub(crate) async fn session(&self, client: &Client) -> (String, String) {
        cookies(&client.send(self.login()).await.ended_with(200))
    }

    pub(crate) async fn code(&self, client: &Client) -> String {
        let (session, csrf) = self.session(client).await;
        let answer = client.send(self.authorize(&session, Some(&csrf))).await.ended_with(200);
        answer.json()["auth_code"].as_str().unwrap().to_owned()
    }

    /// Access and refresh token.
    pub(crate) async fn pair(&self, client: &Client) -> (String, String) {
        let code = self.code(client).await;
        pair(&client.send(self.redeem(&code)).await.ended_with(200))
    }
}

fn json_to(path: &str, body: &Value) -> Ask {
    Ask::new("POST", path).header("content-type", "application/json").body(body.to_string())
}

pub(crate) fn pair(answer: &Answer) -> (String, String) {
    let body = answer.json();
    let text = |name: &str| body[name].as_str().unwrap().to_owned();
    (text("access_token"), text("refresh_token"))
}

pub(crate) fn cookies(answer: &Answer) -> (String, String) {
    let all: Vec<_> =
        answer.headers.get_all("set-cookie").iter().map(|it| it.to_str().unwrap().to_owned()).collect();
    let of = |name: &str, attributes: &str| {
        let cookie = all.iter().find_map(|it| it.strip_prefix(&format!("{name}="))).expect(name);
        let value =
            cookie.strip_suffix(attributes).unwrap_or_else(|| panic!("{cookie} ends with {attributes}"));
        value.to_owned()
    };
    assert_eq!(all.len(), 2);
    (of("session", "; Secure; HttpOnly; Path=/"), of("csrftoken", "; Secure; Path=/"))
}

fn said(answer: &Answer) -> (u16, Value) {
    (answer.status, answer.json().get("error_description").cloned().unwrap_or_else(|| answer.json()))
}

#[tokio::test]
async fn three_steps_lead_to_two_tokens_by_every_road() {
    let plain = Client::start().await;
    for road in [Road::Plain, Road::Tunnel(reqwest::Version::HTTP_11), Road::Tunnel(reqwest::Version::HTTP_2)]
    {
        let client = plain.over(road);
        for name in ["msp-classic", "standard-classic"] {
            let (access, refresh) = Application::of(name).pair(&client).await;
            assert_ne!(access, refresh);
            client.get(&access, DEVICES).await.ended_with(200);
            assert_eq!(client.get(&refresh, DEVICES).await.ended_with(401).json()["error"], "invalid_token");
        }
    }
}

#[tokio::test]
async fn the_first_step_wants_the_right_user_with_the_right_application() {
    let client = Client::start().await;
    let (msp, standard) = (Application::of("msp-classic"), Application::of("standard-classic"));
    let refused = (401, json!({"message": "Auth failure", "status": false}));
    for (user, password, application) in [
        (&*msp.user, "wrong", &msp),
        ("nobody@example.com", &*msp.password, &msp),
        // Somebody else's application.
        (&*standard.user, &*standard.password, &msp),
    ] {
        let body = json!({"username": user, "password": password});
        let ask = json_to(LOGIN, &body).query(&[("client_id", &application.id)]);
        assert_eq!(said(&client.send(ask).await), refused, "{user}");
    }
    let (unknown, known) = ("no-such-application", client.credentials("msp").0.to_owned());
    for id in [unknown, &known] {
        let body = json!({"username": msp.user, "password": msp.password});
        let answer = client.send(json_to(LOGIN, &body).query(&[("client_id", id)])).await;
        assert_eq!(said(&answer), (400, "Invalid client authentication".into()), "{id}");
    }
    for body in ["", "[]", "{\"username\": \"a\"}", "{"] {
        let ask = Ask::new("POST", LOGIN).header("content-type", "application/json").body(body);
        client.send(ask.query(&[("client_id", &msp.id)])).await.ended_with(400);
    }
    client.send(Ask::get(LOGIN)).await.ended_with(405);
}

#[tokio::test]
async fn a_code_wants_a_session_and_the_csrf_token_of_that_session() {
    let client = Client::start().await;
    let (msp, standard) = (Application::of("msp-classic"), Application::of("standard-classic"));
    let (session, csrf) = msp.session(&client).await;
    let (other, other_csrf) = msp.session(&client).await;
    let (foreign, foreign_csrf) = standard.session(&client).await;
    let refused = (401, json!({"message": "Auth failure", "status": false}));
    for ask in [
        msp.authorize(&session, None),
        msp.authorize(&session, Some("gro_00ff")),
        // That of another sign-in.
        msp.authorize(&session, Some(&other_csrf)),
        msp.authorize(&other, Some(&csrf)),
        msp.authorize(&foreign, Some(&foreign_csrf)),
        msp.authorize("gro_00ff", Some(&csrf)),
        msp.authorize("", Some(&csrf)),
        // The CSRF token is no session.
        msp.authorize(&csrf, Some(&csrf)),
        Application { customer: standard.customer.clone(), ..Application::of("msp-classic") }
            .authorize(&session, Some(&csrf)),
    ] {
        assert_eq!(said(&client.send(ask).await), refused);
    }
    client.send(msp.authorize(&session, Some(&csrf))).await.ended_with(200);
    // Who asks is looked at before what for.
    let invalid = json!({"error": "unsupported_response_type", "error_description": "Invalid response_type"});
    for wanted in [None, Some(""), Some("token"), Some("Code"), Some("code token")] {
        let asks = |csrf| {
            let query = wanted.map(|wanted| ("response_type", wanted));
            msp.asks_for(&session, Some(csrf), query.as_slice())
        };
        let answer = client.send(asks(&csrf)).await.ended_with(400);
        assert_eq!(answer.json(), invalid, "{wanted:?}");
        assert_eq!(said(&client.send(asks(&other_csrf)).await), refused, "{wanted:?}");
    }
    // The scope is not looked at, nor is there a need to name one.
    client.send(msp.asks_for(&session, Some(&csrf), &[("response_type", "code")])).await.ended_with(200);
    client.advance("30m");
    assert_eq!(said(&client.send(msp.authorize(&session, Some(&csrf))).await), refused);
}

#[tokio::test]
async fn a_code_is_good_once_for_its_application_and_for_five_minutes() {
    let client = Client::start().await;
    let (msp, standard) = (Application::of("msp-classic"), Application::of("standard-classic"));
    let code = msp.code(&client).await;
    let invalid = (400, "Invalid code".into());
    assert_eq!(said(&client.send(standard.redeem(&code)).await), invalid, "of another application");
    let wrong = Application { secret: "wrong".to_owned(), ..Application::of("msp-classic") };
    let no_client = (400, "Invalid client authentication".into());
    assert_eq!(said(&client.send(wrong.redeem(&code)).await), no_client);
    let (access, refresh) = pair(&client.send(msp.redeem(&code)).await.ended_with(200));
    for shown in [&*code, "gro_00ff", ""] {
        assert_eq!(said(&client.send(msp.redeem(shown)).await), invalid, "{shown}");
    }
    // A code that comes again takes nothing with it.
    client.get(&access, DEVICES).await.ended_with(200);
    client.send(msp.refresh(&refresh)).await.ended_with(200);
    let code = msp.code(&client).await;
    client.advance("5m");
    assert_eq!(said(&client.send(msp.redeem(&code)).await), invalid, "it has run out");
    let grant = msp.token(&[("grant_type", "client_credentials")]);
    assert_eq!(said(&client.send(grant).await), (400, "Invalid grant_type".into()));
}

#[tokio::test]
async fn a_refresh_rotates_both_tokens_and_works_once() {
    let client = Client::start().await;
    let msp = Application::of("msp-classic");
    let first = msp.pair(&client).await;
    client.advance("2h");
    let expired = client.get(&first.0, DEVICES).await.ended_with(401);
    assert_eq!(
        expired.json(),
        json!({"error": "invalid_token", "error_description": "The access token is invalid or has expired"})
    );
    let second = pair(&client.send(msp.refresh(&first.1)).await.ended_with(200));
    assert!(first.0 != second.0 && first.1 != second.1);
    client.get(&second.0, DEVICES).await.ended_with(200);
    // Used twice, the first is refused, and what came of it goes on.
    let again = client.send(msp.refresh(&first.1)).await;
    assert_eq!(said(&again), (400, "Invalid refresh_token".into()));
    client.get(&second.0, DEVICES).await.ended_with(200);
    // While it is still good, the access token goes with its refresh token.
    let third = pair(&client.send(msp.refresh(&second.1)).await.ended_with(200));
    client.get(&second.0, DEVICES).await.ended_with(401);
    client.get(&third.0, DEVICES).await.ended_with(200);
    let foreign = client.send(Application::of("standard-classic").refresh(&third.1)).await;
    assert_eq!(said(&foreign), (400, "Invalid client authentication".into()));
    client.advance("360h");
    assert_eq!(said(&client.send(msp.refresh(&third.1)).await), (400, "Invalid refresh_token".into()));
}

#[tokio::test]
async fn an_msp_acts_in_the_tenant_that_a_header_names() {
    let client = Client::start().await;
    let (access, _) = Application::of("msp-classic").pair(&client).await;
    let in_tenant = |tenant: &str| Ask::get(DEVICES).bearer(&access).header("tenantid", tenant);
    let customer =
        |symbol: &str| SAMPLE.workspace(SAMPLE.workspace_named(symbol).unwrap()).central_customer.clone();
    for (symbol, total) in [("msp", 15), ("example", 40), ("oneil", 25), ("empty", 0)] {
        let answer = client.send(in_tenant(&customer(symbol))).await.ended_with(200);
        assert_eq!(answer.json()["total"], total, "{symbol}");
    }
    client.send(in_tenant(&customer("standard"))).await.ended_with(403);
    client.send(in_tenant("0b54c8d291aa11f0b1c50242ac120002")).await.ended_with(403);
    // One that was made just now, until it is deleted.
    let platform = client.mint("msp").await;
    let body = json!({"workspaceName": "Newcomer"}).to_string();
    let made = Ask::new("POST", TENANTS).bearer(&platform).body(body);
    let made = client.send(made).await.ended_with(201);
    let id = made.header("location").unwrap().rsplit('/').next().unwrap();
    let found = client.list(&access, CUSTOMERS, &[("customer_name", "Newcomer")]).await.json();
    let newcomer = found["customers"][0]["customer_id"].as_str().unwrap();
    assert_eq!(client.send(in_tenant(newcomer)).await.ended_with(200).json()["total"], 0);
    client.send(Ask::new("DELETE", &format!("{TENANTS}/{id}")).bearer(&platform)).await.ended_with(204);
    client.send(in_tenant(newcomer)).await.ended_with(403);
    // A tenant has no customers, and nobody else has a tenant.
    let asks = Ask::get(CUSTOMERS).bearer(&access).header("tenantid", &customer("example"));
    client.send(asks).await.ended_with(403);
    let (standard, _) = Application::of("standard-classic").pair(&client).await;
    let asks = Ask::get(DEVICES).bearer(&standard).header("tenantid", &customer("example"));
    client.send(asks).await.ended_with(403);
}

#[tokio::test]
async fn lists_are_cut_by_offset_and_limit() {
    let client = Client::start().await;
    let (access, _) = Application::of("msp-classic").pair(&client).await;
    let list = async |path: &str, query: &[(&str, &str)]| client.list(&access, path, query).await.json();
    let rows = |list: &Value, name: &str| list[name].as_array().unwrap().len();
    let all = list(DEVICES, &[]).await;
    assert_eq!((rows(&all, "devices"), &all["total"]), (15, &json!(15)));
    let some = list(DEVICES, &[("offset", "13"), ("limit", "10")]).await;
    assert_eq!(some["devices"], json!(all["devices"].as_array().unwrap()[13..]));
    let mut kinds = 0;
    for (kind, name) in [("iap", "IAP"), ("switch", "SWITCH"), ("gateway", "GATEWAY")] {
        let some = list(DEVICES, &[("sku_type", kind)]).await;
        assert!(some["devices"].as_array().unwrap().iter().all(|it| it["device_type"] == name));
        kinds += rows(&some, "devices");
    }
    assert_eq!(kinds, 15);
    // Version 1 of the SDK sends its query twice.
    let twice = list(DEVICES, &[("limit", "2"), ("offset", "1"), ("limit", "2"), ("offset", "1")]).await;
    assert_eq!(rows(&twice, "devices"), 2);
    let customers = list(CUSTOMERS, &[("limit", "4"), ("offset", "4")]).await;
    assert_eq!((rows(&customers, "customers"), &customers["total"]), (2, &json!(6)));
    let found = list(CUSTOMERS, &[("customer_name", "Example")]).await;
    assert_eq!((rows(&found, "customers"), &found["total"]), (1, &json!(1)));
    let one = &found["customers"][0];
    assert_eq!(one["customer_name"], "Example Tenant Name");
    let id = one["customer_id"].as_str().unwrap();
    assert_eq!(list(&format!("{CUSTOMERS}/{id}"), &[]).await, *one);
    client.get(&access, &format!("{CUSTOMERS}/nobody")).await.ended_with(404);
    assert_eq!(list(GROUPS, &[("limit", "1"), ("offset", "1")]).await["data"], json!([["aps"]]));
    // The trail does not grow by being read.
    let log = list(LOG, &[]).await["total"].clone();
    assert_eq!(list(LOG, &[("limit", "1")]).await["total"], log);
    for bad in [("limit", "x"), ("offset", "-1")] {
        client.list(&access, DEVICES, &[bad]).await.ended_with(400);
    }
}

#[tokio::test]
async fn a_limit_is_cut_to_what_clients_know_as_the_most() {
    let client = Client::start().await;
    let msp = Application::of("msp-classic");
    let (access, _) = msp.pair(&client).await;
    // Another 150 lines of the trail.
    for _ in 0..150 {
        client.get(&access, GROUPS).await.ended_with(200);
    }
    let count = async |ask: Ask, name: &str| {
        let list = client.send(ask.bearer(&access)).await.ended_with(200).json();
        (list[name].as_array().unwrap().len(), list["total"].as_u64().unwrap())
    };
    let customer = SAMPLE.workspace(SAMPLE.workspace_named("abc").unwrap()).central_customer.clone();
    let devices = |query: &[(&str, &str)]| Ask::get(DEVICES).header("tenantid", &customer).query(query);
    assert_eq!(count(devices(&[("limit", "51")]), "devices").await, (50, 1_200));
    assert_eq!(count(devices(&[]), "devices").await, (1_200, 1_200));
    let (lines, total) = count(Ask::get(LOG).query(&[("limit", "101")]), "audit_logs").await;
    assert!(lines == 100 && total > 150, "{lines} of {total}");
}

#[tokio::test]
async fn the_trail_is_asked_for_by_time_and_by_user() {
    let client = Client::start().await;
    let (access, _) = Application::of("msp-classic").pair(&client).await;
    client.advance("1h");
    client.get(&access, GROUPS).await.ended_with(200);
    let lines = async |query: &[(&str, &str)]| {
        let list = client.list(&access, LOG, query).await.ended_with(200).json();
        let lines = list["audit_logs"].as_array().unwrap().clone();
        assert_eq!(list["total"], lines.len());
        lines
    };
    let all = lines(&[]).await;
    let hour = client.emulator().clock().now().as_second();
    let late = |line: &&Value| line["ts"].as_i64().unwrap() >= hour;
    let (text, before) = (hour.to_string(), (hour - 1).to_string());
    let recent: Vec<_> = all.iter().filter(late).cloned().collect();
    assert!(!recent.is_empty() && recent.len() < all.len());
    assert_eq!(lines(&[("start_time", &text)]).await, recent);
    assert_eq!(lines(&[("end_time", &before)]).await.len(), all.len() - recent.len());
    assert_eq!(lines(&[("start_time", &text), ("end_time", &text)]).await, recent);
    let user = &recent[0]["user"];
    let of_user: Vec<_> = all.iter().filter(|line| line["user"] == *user).cloned().collect();
    assert_eq!(lines(&[("username", user.as_str().unwrap())]).await, of_user);
    assert_eq!(lines(&[("username", "nobody@example.com")]).await, [] as [Value; 0]);
    client.list(&access, LOG, &[("start_time", "yesterday")]).await.ended_with(400);
}

#[tokio::test]
async fn seven_calls_a_second_and_each_step_once() {
    let client = Client::speaking(&["rate_limits=documented"]).await;
    let msp = Application::of("msp-classic");
    let (access, refresh) = msp.pair(&client).await;
    let limited = json!({"message": "API rate limit exceeded"});
    for ask in [msp.login(), msp.redeem("x")] {
        assert_eq!(client.send(ask).await.ended_with(429).json(), limited);
    }
    // A refresh is no step.
    let (access, _) = {
        drop(access);
        pair(&client.send(msp.refresh(&refresh)).await.ended_with(200))
    };
    let rates = |answer: &Answer| {
        let parts = ["limit-day", "remaining-day", "limit-second", "remaining-second"];
        parts.map(|part| answer.header(&format!("x-ratelimit-{part}")).unwrap().parse::<u32>().unwrap())
    };
    for call in 1..=7 {
        let answer = client.get(&access, GROUPS).await.ended_with(200);
        assert_eq!(rates(&answer), [5_000, 5_000 - call, 7, 7 - call]);
    }
    let spent = client.get(&access, GROUPS).await.ended_with(429);
    assert_eq!((spent.json(), rates(&spent)), (limited, [5_000, 4_993, 7, 0]));
    client.advance("1s");
    client.get(&access, GROUPS).await.ended_with(200);
    client.send(msp.login()).await.ended_with(200);
}

/// central.md §7.2: about one token in thirty minutes; three sign-ins, says somebody else.
#[tokio::test]
async fn who_signs_in_too_often_waits_for_the_next_half_hour() {
    let client = Client::speaking(&["classic_sign_in_limit=one_token_in_30m"]).await;
    let (msp, standard) = (Application::of("msp-classic"), Application::of("standard-classic"));
    let limited = json!({"message": "API rate limit exceeded"});
    // A code that is none hands out no token, so it does not count.
    client.send(msp.redeem("gro_00ff")).await.ended_with(400);
    let (_, refresh) = msp.pair(&client).await;
    client.advance("26m");
    let code = msp.code(&client).await;
    let refused = client.send(msp.redeem(&code)).await.ended_with(429);
    assert_eq!(refused.json(), limited);
    // Applications are counted apart, and a refresh is no sign-in.
    standard.pair(&client).await;
    let (access, _) = pair(&client.send(msp.refresh(&refresh)).await.ended_with(200));
    client.get(&access, GROUPS).await.ended_with(200);
    client.advance("3m59s");
    client.send(msp.redeem(&code)).await.ended_with(429);
    client.advance("1s");
    // The code was not used up by the refusals.
    client.send(msp.redeem(&code)).await.ended_with(200);

    client.dialect(&["classic_sign_in_limit=three_in_30m"]);
    for _ in 0..3 {
        client.send(standard.login()).await.ended_with(200);
    }
    assert_eq!(client.send(standard.login()).await.ended_with(429).json(), limited);
    client.send(msp.login()).await.ended_with(200);
    client.advance("30m");
    client.send(standard.login()).await.ended_with(200);
}

#[tokio::test]
async fn tokens_of_classic_and_of_new_central_are_refused_by_each_other() {
    let client = Client::start().await;
    let (classic, _) = Application::of("msp-classic").pair(&client).await;
    client.get(&classic, "/network-monitoring/v1/device-inventory").await.ended_with(401);
    client.get(&classic, "/devices/v1/devices").await.ended_with(401);
    for name in ["msp", "msp-central"] {
        let token = client.mint(name).await;
        assert_eq!(client.get(&token, DEVICES).await.ended_with(401).json()["error"], "invalid_token");
    }
    // The application is no credential of the platform.
    let token = client.mint("msp").await;
    let all = client.get(&token, "/workspaces/v1/credentials").await.ended_with(200);
    assert!(!all.body.contains(&Application::of("msp-classic").id));
    client.send(client.mint_ask("msp-classic", "/as/token.oauth2")).await.ended_with(401);
}
