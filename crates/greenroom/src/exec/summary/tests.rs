//! Summaries as people and programs read them.

use greenroom_model::{
    history::{Bounds, Decision, History, Request, Response, TokenView},
    time::Real,
};
use jiff::Timestamp;

use super::*;

const CENTRAL: &str = "us5.api.central.arubanetworks.com";

#[derive(Default)]
struct Story(History);

impl Story {
    fn new() -> Self {
        Self(History::new(Bounds::default()))
    }

    fn event(&mut self, event: Event) -> u64 {
        self.0.append(event, Timestamp::UNIX_EPOCH, Real::ZERO)
    }

    fn connection(&mut self, what: &str, host: &str) {
        self.event(Event::Connection {
            connection: 9,
            what: what.into(),
            host: Some(host.into()),
            why: None,
        });
    }

    fn request(
        &mut self,
        op: OpKind,
        host: &str,
        path: &str,
        alter: impl FnOnce(&mut Request, &mut Response),
    ) {
        let mut request =
            Request { http: "2".into(), host: host.into(), method: "POST".into(), ..Request::of(op, path) };
        let mut response = Response { status: Some(200), ..Response::of(0, Decision::Answered) };
        alter(&mut request, &mut response);
        response.request = self.event(Event::Request(Box::new(request)));
        self.event(Event::Response(response));
    }

    fn sum(&self, dropped: u64, ended_because: Option<&str>) -> Summary {
        let entries: Vec<_> = self.0.after(0).cloned().collect();
        Summary::of(&Observed {
            entries: &entries,
            dropped,
            ended_because,
            clients: &["msp".to_owned()],
            dedicated: &["dedicated.example.com".to_owned()],
            own: &["127.0.0.1".to_owned()],
        })
    }
}

fn view(symbol: &str) -> Option<TokenView> {
    Some(TokenView { symbol: symbol.into(), kind: None, standing: None, age: None, remaining: None })
}

fn refuse(response: &mut Response, status: u16, code: &str, why: &str) {
    response.status = Some(status);
    response.decision = Decision::Refused;
    (response.refused, response.why) = (Some(code.into()), Some(why.into()));
}

#[test]
fn a_run_in_which_a_tenant_token_ran_out() {
    let mut story = Story::new();
    story.request(OpKind::Mint, "global.api.greenlake.hpe.com", "/token", |_, response| {
        response.issued = Some("msp#1".into());
    });
    for nth in 1..=9 {
        story.request(OpKind::Exchange, "global.api.greenlake.hpe.com", "/token", |request, response| {
            request.connection = 2;
            request.subject = view("msp#1");
            response.issued = Some(format!("abc#{nth}"));
        });
    }
    for _ in 0..2 {
        story.request(
            OpKind::Api,
            CENTRAL,
            "/network-monitoring/v1/device-inventory",
            |request, response| {
                request.method = "GET".into();
                request.token = view("abc#1");
                refuse(response, 401, "expired", "the token has expired");
            },
        );
    }
    story.event(Event::Fault {
        rule: "tenant@api#1".into(),
        request: Some(12),
        connection: None,
        did: "advance 15m".into(),
    });
    assert_eq!(
        story.sum(0, None).to_string(),
        "\
greenroom: 12 requests over 2 connections: 1 mint, 9 exchange, 2 api
  minted       msp#1
  exchanged    abc#1, abc#2, abc#3, abc#4, abc#5, abc#6 and 3 more
  refused      2 × expired (401): the token has expired; GET us5.api.central.arubanetworks.com/network-monitoring/v1/device-inventory with abc#1
  fired        tenant@api#1 (1)
"
    );
}

#[test]
fn a_run_in_which_everything_went_wrong() {
    let mut story = Story::new();
    for client in ["my-real-id", "msp", "my-real-id"] {
        story.request(OpKind::Mint, "sso.common.cloud.hpe.com", "/as/token.oauth2", |request, response| {
            request.client = Some(client.into());
            refuse(response, 401, "bad_client", "unknown client or wrong secret");
        });
    }
    story.connection("refused", "packages.example.org:443");
    story.connection("refused", "packages.example.org:443");
    story.connection("refused", "us5.api.central.arubanetworks.com:8443");
    story.connection("opened", CENTRAL);
    story.connection("tls-failed", CENTRAL);
    for host in ["example.net", "127.0.0.1", "dedicated.example.com"] {
        story.request(OpKind::Other, host, "/x", |_, response| {
            refuse(response, 403, "no_route", "no such route")
        });
    }
    assert_eq!(
        story.sum(3, Some("--timeout 5s passed")).to_string(),
        "\
greenroom: 6 requests over 1 connection: 3 mint, 3 other
  refused      3 × bad_client (401): unknown client or wrong secret; POST sso.common.cloud.hpe.com/as/token.oauth2
  refused      3 × no_route (403): no such route; POST example.net/x
  unexpected   hosts, nothing was forwarded: example.net (1), packages.example.org (2), us5.api.central.arubanetworks.com:8443 (1)
  failed       1 TLS handshake
  incomplete   the first 3 entries of the history were dropped
  ended        by greenroom: --timeout 5s passed
  hint         client id \"my-real-id\" is unknown; let it in by `greenroom exec --adopt token.yaml -- …`, or by GLP_CLIENT_ID, GLP_CLIENT_SECRET and GLP_WORKSPACE_ID in the environment
  hint         client msp is known, but not with the secret that was sent
  hint         a TLS handshake failed: the program does not trust the CA in SSL_CERT_FILE; set its own CA option to that file
"
    );
}

#[test]
fn a_run_without_requests_says_what_to_look_at() {
    assert_eq!(
        Story::new().sum(0, None).to_string(),
        "\
greenroom: 0 requests
  hint         no request arrived: the program may ignore HTTPS_PROXY; set its proxy option to the value of GREENROOM_URL
"
    );
}

#[test]
fn a_run_that_only_opened_tunnels_does_not_ignore_the_proxy() {
    let mut story = Story::new();
    story.connection("opened", CENTRAL);
    story.connection("tunnel", CENTRAL);
    story.connection("closed", CENTRAL);
    assert_eq!(story.sum(0, None).to_string(), "greenroom: 0 requests\n");
}

#[test]
fn programs_read_the_same_as_json() {
    let mut story = Story::new();
    story.request(OpKind::Mint, "h", "/token", |_, response| response.issued = Some("msp#1".into()));
    story.request(OpKind::Api, CENTRAL, "/x", |request, response| {
        request.token = view("msp#1");
        refuse(response, 404, "no_route", "no such route");
    });
    story.connection("refused", "packages.example.org:443");
    assert_eq!(
        serde_json::to_value(story.sum(0, None)).unwrap(),
        serde_json::json!({
            "requests": {"total": 2, "mint": 1, "exchange": 0, "api": 1, "refresh": 0, "sign_in": 0, "jwks": 0, "other": 0},
            "connections": 1,
            "tokens": {"minted": ["msp#1"], "exchanged": []},
            "refused": [{
                "code": "no_route", "op": "api", "count": 1, "status": 404,
                "example": "POST us5.api.central.arubanetworks.com/x with msp#1", "why": "no such route"
            }],
            "unexpected_hosts": ["packages.example.org"],
            "tls_failures": 0,
            "fired": {},
            "dropped": 0,
            "hints": []
        })
    );
}
