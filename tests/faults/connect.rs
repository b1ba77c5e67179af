//! Rules at: connect: CONNECT and TLS meet them, once a connection, and control never does.

use std::{io, time::Duration};

use greenroom_model::history::Event;
use rustls::pki_types::ServerName;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::{Http, LIMIT, PATH, Road, Stage, innermost};
use crate::{
    client::{CENTRAL, GLP, SSO},
    wire::until,
};

/// The roads on which rules at: connect act.
const ROADS: [Road; 2] = [Road::Tls, Road::Tunnel];

impl Stage {
    async fn handshake(&self, road: Road) -> io::Result<TlsStream<TcpStream>> {
        let socket = match road {
            Road::Plain => panic!("no TLS there"),
            Road::Tls => self.dial().await,
            Road::Tunnel => self.tunnel(GLP).await.expect("a tunnel"),
        };
        let name = ServerName::try_from(GLP).unwrap();
        TlsConnector::from(self.tls_config(&["http/1.1"])).connect(name, socket).await
    }

    /// Fails unless a client that checks certificates is served.
    async fn serves(&self, road: Road) {
        let url = self.url(road, PATH);
        let answer = self.reqwest(road, Http::One).get(url).bearer_auth(&self.token).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{road:?}");
    }
}

#[tokio::test]
async fn each_client_says_what_is_wrong_with_a_certificate_and_takes_the_next_one() {
    let stage = Stage::open().await;
    for (flaw, rustls, curl) in [
        (
            "foreign_authority",
            "invalid peer certificate: UnknownIssuer",
            "unable to get local issuer certificate",
        ),
        (
            "wrong_name",
            "invalid peer certificate: certificate not valid for name",
            "no alternative certificate subject name matches target host name",
        ),
        ("expired", "invalid peer certificate: certificate expired", "certificate has expired"),
    ] {
        for road in ROADS {
            let arm = || {
                stage.rule(json!({"when": {"at": "connect", "host": GLP}, "do": [{"bad_certificate": flaw}], "times": 1}))
            };
            arm();
            let error = stage.handshake(road).await.unwrap_err();
            assert!(error.to_string().starts_with(rustls), "{flaw} {road:?}: {error}");
            stage.serves(road).await;

            arm();
            let asked = stage.reqwest(road, Http::Two).get(stage.url(road, PATH)).send().await;
            let error = asked.unwrap_err();
            assert!(
                error.is_connect() && innermost(&error).starts_with(rustls),
                "{flaw} {road:?}: {error:?}"
            );
            stage.serves(road).await;

            let rule = arm();
            let curled = stage.curl(road, Http::One, PATH, &[]).await;
            assert_eq!(curled.exit, 60, "{flaw} {road:?}: {curled:?}");
            assert!(curled.complaint.contains(curl), "{flaw} {road:?}: {curled:?}");
            assert_eq!(stage.connection_faults().pop(), Some((rule, format!("bad_certificate {flaw}"))));
            // Whoever looks away meets a server like any other; the next handshake is good.
            arm();
            let insecure = stage.curl(road, Http::One, PATH, &["--insecure".to_owned()]).await;
            assert_eq!((insecure.exit, insecure.status), (0, 401), "{flaw} {road:?}: {insecure:?}");
            let curled = stage.curl(road, Http::One, PATH, &[]).await;
            assert_eq!((curled.exit, curled.status), (0, 401), "{flaw} {road:?}: {curled:?}");
            stage.clear();
        }
    }
}

/// TLS sessions are taken up without a certificate: not here.
#[tokio::test]
async fn a_client_with_a_session_sees_the_bad_certificate_too() {
    let stage = Stage::open().await;
    let (config, name) = (stage.tls_config(&["http/1.1"]), ServerName::try_from(GLP).unwrap());
    let handshake = || async {
        let mut stream = TlsConnector::from(config.clone()).connect(name.clone(), stage.dial().await).await?;
        stream.write_all(b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n").await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        io::Result::Ok(stream.get_ref().1.handshake_kind())
    };
    handshake().await.unwrap();
    assert_eq!(handshake().await.unwrap(), Some(rustls::HandshakeKind::Resumed));
    stage.rule(json!({"when": {"at": "connect"}, "do": [{"bad_certificate": "expired"}], "once": true}));
    let error = handshake().await.unwrap_err();
    assert!(error.to_string().contains("certificate expired"), "{error}");
    handshake().await.unwrap();
}

#[tokio::test]
async fn connections_end_where_they_shall() {
    // curl: 35 is a failed TLS handshake, 56 a failed CONNECT.
    for (action, end) in [
        (json!({"close": {}}), "fin"),
        (json!({"close": {"unannounced": true}}), "fin"),
        (json!({"reset": {}}), "rst"),
        (json!({"hang": "80ms"}), "fin"),
    ] {
        for (road, curl) in ROADS.into_iter().zip([35, 56]) {
            let stage = Stage::open().await;
            let then = stage.wire.emulator.clock().now();
            let when = json!({"at": "connect", "host": GLP});
            stage.rule(json!({"id": "end", "when": when, "do": [{"advance": "1m"}, action], "times": 2}));
            let saw = match road {
                Road::Tunnel => {
                    let (bytes, end) = stage.tunnel(GLP).await.unwrap_err();
                    assert!(bytes.is_empty(), "{action}: {bytes:?}");
                    end
                }
                _ => match stage.handshake(road).await.unwrap_err().kind() {
                    io::ErrorKind::ConnectionReset => "rst",
                    io::ErrorKind::UnexpectedEof => "fin",
                    other => panic!("{action}: {other}"),
                },
            };
            assert_eq!(saw, end, "{action} {road:?}");
            let curled = stage.curl(road, Http::Two, PATH, &[]).await;
            assert_eq!(curled.exit, curl, "{action} {road:?}: {curled:?}");
            stage.serves(road).await;
            let faults = stage.connection_faults();
            assert!(
                faults.len() == 2
                    && faults.iter().all(|(rule, did)| rule == "end" && did.starts_with("advance 1m, "))
            );
            let moved = stage.wire.emulator.clock().now().duration_since(then);
            assert_eq!(moved.as_secs(), 120, "{action} {road:?}");
            // Nothing of it was a request.
            assert_eq!(stage.wire.emulator.history().exchanges().len(), 1, "{action} {road:?}");
        }
    }
}

#[tokio::test]
async fn a_delay_passes_first_and_the_connection_is_good() {
    let stage = Stage::open().await;
    for road in ROADS {
        stage.rule(json!({"when": {"at": "connect"}, "do": [{"delay": "120ms"}], "once": true}));
        let start = tokio::time::Instant::now();
        stage.serves(road).await;
        assert!(start.elapsed() >= Duration::from_millis(120), "{road:?}");
    }
}

/// A rule that fires on every connection it is asked about, and does nothing to be seen.
fn counting() -> serde_json::Value {
    json!({"id": "count", "when": {"at": "connect"}, "do": [{"advance": "1s"}]})
}

#[tokio::test]
async fn a_connection_is_asked_about_once_and_only_one_to_an_imitated_host() {
    let stage = Stage::open().await;
    stage.rule(counting());
    // A tunnel and the TLS inside it are one connection.
    stage.serves(Road::Tunnel).await;
    assert_eq!(stage.connection_faults().len(), 1);
    stage.serves(Road::Tls).await;
    assert_eq!(stage.connection_faults().len(), 2);
    // Greenroom's own address, control, and doors that are shut anyway.
    stage.serves(Road::Plain).await;
    let control = stage.wire.http.get(stage.wire.url("/_greenroom/v1/clock")).send().await.unwrap();
    assert_eq!(control.status(), 200);
    for target in ["www.example.com:443".to_owned(), format!("{GLP}:8443")] {
        let refused =
            stage.wire.raw(format!("CONNECT {target} HTTP/1.1\r\nHost: h\r\n\r\n").as_bytes()).await;
        assert!(refused.starts_with("HTTP/1.1 403"), "{refused}");
    }
    assert_eq!(stage.connection_faults().len(), 2);
    // Who dials an address has no name to be chosen by.
    let address = ServerName::try_from("127.0.0.1").unwrap();
    TlsConnector::from(stage.tls_config(&[])).connect(address, stage.dial().await).await.unwrap();
    assert_eq!(stage.connection_faults().len(), 3);
}

#[tokio::test]
async fn connections_are_chosen_by_host_and_number() {
    let stage = Stage::open().await;
    stage.rule(
        json!({"when": {"at": "connect", "host": "*.arubanetworks.com", "nth": 2}, "do": [{"reset": {}}]}),
    );
    let mut refused = Vec::new();
    for host in [CENTRAL, GLP, SSO, CENTRAL, CENTRAL] {
        refused.push(stage.tunnel(host).await.is_err());
    }
    assert_eq!(refused, [false, false, false, true, false]);
}

#[tokio::test]
async fn a_client_that_leaves_before_its_turn_frees_its_connection() {
    for action in [json!({"hang": "1h"}), json!({"delay": "1h"})] {
        for road in ROADS {
            let stage = Stage::open().await;
            stage.rule(json!({"when": {"at": "connect"}, "do": [action]}));
            let fired = async {
                while stage.connection_faults().is_empty() {
                    tokio::task::yield_now().await;
                }
            };
            tokio::select! {
                came = stage.handshake(road) => panic!("{action} {road:?}: {came:?}"),
                () = fired => {}
            }
            // The socket went with the handshake.
            stage.only_open(0).await;
            let (entries, _) = stage.wire.emulator.history().entries(0);
            let failed =
                |event: &Event| matches!(event, Event::Connection { what, .. } if what == "tls-failed");
            assert!(!entries.iter().any(|entry| failed(&entry.event)), "{action} {road:?}");
        }
    }
}

#[tokio::test]
async fn the_end_of_the_emulator_is_the_end_of_a_hang() {
    let stage = Stage::open().await;
    stage.rule(json!({"when": {"at": "connect"}, "do": [{"hang": "1h"}]}));
    let mut socket = stage.dial().await;
    let connect = format!("CONNECT {GLP}:443 HTTP/1.1\r\nHost: {GLP}:443\r\n\r\n");
    socket.write_all(connect.as_bytes()).await.unwrap();
    until("nothing fires", || !stage.connection_faults().is_empty()).await;
    timeout(LIMIT, stage.wire.emulator.stop()).await.expect("it stops").unwrap();
    assert!(!matches!(socket.read(&mut [0]).await, Ok(1..)));
}
