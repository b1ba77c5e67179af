//! Random bytes and requests: afterwards the emulator still answers, and its history is consistent.

use std::sync::Arc;

use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};

use super::*;
use crate::wire::{AUDIT_LOG, LIST_TENANTS, MSP_TENANTS, PROVISIONS};

/// What one client does on one connection of its own.
#[derive(Clone, Debug)]
struct Visit {
    bytes: Vec<u8>,
    /// Whether it goes away without waiting for an answer.
    leaves: bool,
}

/// Text that can stand in a line of HTTP, with something odd in it now and then.
fn word() -> impl Strategy<Value = String> {
    let odd = [
        "",
        "%",
        "%zz",
        "%ff%fe",
        "\u{fc}",
        "'",
        "..",
        "//",
        "\t",
        "null",
        "eyJ.eyJ.x",
        "99999999999999999999",
        "-1",
        "\u{1f600}",
    ];
    let odd = prop::sample::select(odd.to_vec()).prop_map(str::to_owned);
    prop_oneof![3 => "[a-zA-Z0-9._~-]{0,12}", 2 => odd, 1 => any::<String>()]
}

/// A request that nearly makes sense.
fn request() -> impl Strategy<Value = Vec<u8>> {
    let methods = [
        "GET", "GET", "POST", "POST", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "get",
        "X",
    ];
    let paths = [
        DEVICES.to_owned(),
        INVENTORY.to_owned(),
        LIST_TENANTS.to_owned(),
        MSP_TENANTS.to_owned(),
        AUDIT_LOG.to_owned(),
        PROVISIONS.to_owned(),
        "/as/token.oauth2".to_owned(),
        "/pf/JWKS".to_owned(),
        issuer("msp"),
        issuer("abc"),
        "/workspaces/v1/workspaces".to_owned(),
        "/_greenroom/v1/clock".to_owned(),
        "/".to_owned(),
        "*".to_owned(),
        "http://global.api.greenlake.hpe.com/devices/v1/devices".to_owned(),
        "http://pypi.org/".to_owned(),
        "sso.common.cloud.hpe.com:443".to_owned(),
    ];
    let hosts = [
        "localhost",
        "global.api.greenlake.hpe.com",
        "us5.api.central.arubanetworks.com",
        "apigw-x.central.arubanetworks.com",
        "us1.data.cloud.hpe.com",
        "dedicated.example.com",
        "pypi.org",
    ];
    let headers = [
        "Authorization",
        "Content-Type",
        "Content-Length",
        "Transfer-Encoding",
        "Expect",
        "Upgrade",
        "Connection",
        "Content-Range",
        "Cookie",
        "X-Odd",
    ];
    let values = [
        "Bearer x",
        "Basic eDp5",
        "application/x-www-form-urlencoded",
        "application/json",
        "3",
        "chunked",
        "100-continue",
        "h2c",
        "close",
        "bytes POST/9",
    ];
    let pick = |choices: &[&'static str]| prop::sample::select(choices.to_vec());
    let header = (pick(&headers), prop_oneof![3 => pick(&values).prop_map(str::to_owned), 1 => word()]);
    let query = prop::collection::vec(
        (prop::sample::select(vec!["limit", "offset", "next", "filter", "sort", "x"]), word()),
        0..3,
    );
    let names = ["grant_type", "client_id", "client_secret", "subject_token", "subject_token_type", "scope"];
    let grants = ["client_credentials", crate::wire::TOKEN_EXCHANGE, crate::wire::ACCESS_TOKEN_TYPE];
    let value = prop_oneof![pick(&grants).prop_map(str::to_owned), word()];
    let form = prop::collection::vec((pick(&names), value), 0..5);
    let target = (prop::sample::select(paths.to_vec()), prop::option::of(word()), query);
    let parts = (
        pick(&methods),
        target,
        pick(&hosts),
        prop::collection::vec(header, 0..4),
        form,
        prop::bool::weighted(0.8),
    );
    parts.prop_map(|(method, (path, segment, query), host, headers, form, honest)| {
        let body = form.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&");
        let query = query.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&");
        let segment = segment.map(|segment| format!("/{segment}")).unwrap_or_default();
        let mut text = format!("{method} {path}{segment}?{query} HTTP/1.1\r\nHost: {host}\r\n");
        for (name, value) in headers {
            text += &format!("{name}: {value}\r\n");
        }
        if honest {
            text += &format!("Content-Length: {}\r\n", body.len());
        }
        (text + "\r\n" + &body).into_bytes()
    })
}

fn visit() -> impl Strategy<Value = Visit> {
    let noise = prop::collection::vec(any::<u8>(), 0..200);
    let preface = noise.clone().prop_map(|noise| [&b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..], &noise].concat());
    let hello = noise.clone().prop_map(|noise| [&b"\x16\x03\x01"[..], &noise].concat());
    // A good request with one byte changed, or cut short.
    let bent = (request(), any::<prop::sample::Index>(), any::<u8>()).prop_map(|(mut bytes, at, byte)| {
        let at = at.index(bytes.len());
        bytes[at] = byte;
        bytes
    });
    let cut = (request(), any::<prop::sample::Index>())
        .prop_map(|(bytes, at)| bytes[..at.index(bytes.len())].to_vec());
    let pipelined = prop::collection::vec(request(), 2..5).prop_map(|requests| requests.concat());
    let strange = prop_oneof![noise, preface, hello];
    let bytes = prop_oneof![3 => strange, 4 => request(), 2 => bent, 2 => cut, 2 => pipelined];
    (bytes, prop::bool::weighted(0.3)).prop_map(|(bytes, leaves)| Visit { bytes, leaves })
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_arrives_the_emulator_lives_and_its_history_is_consistent() {
    let runtime = tokio::runtime::Handle::current();
    let cases = tokio::task::spawn_blocking(move || {
        let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(40) });
        runner.run(&prop::collection::vec(visit(), 1..25), |visits| {
            runtime.block_on(one_run(visits));
            Ok(())
        })
    });
    cases.await.unwrap().unwrap_or_else(|error| panic!("{error}"));
}

async fn one_run(visits: Vec<Visit>) {
    // What never says enough is dropped after this; the others are much faster.
    let timeout = Duration::from_millis(300);
    let wire = Arc::new(Wire::start(Emulator::builder().connection_timeout(timeout)).await);
    let mut visitors = tokio::task::JoinSet::new();
    for visit in visits {
        let wire = Arc::clone(&wire);
        visitors.spawn(async move {
            if visit.leaves {
                let mut socket = TcpStream::connect(wire.emulator.address()).await.expect("a connection");
                let _ = socket.write_all(&visit.bytes).await;
            } else {
                wire.raw(&visit.bytes).await;
            }
        });
    }
    while let Some(ended) = tokio::time::timeout(LIMIT, visitors.join_next()).await.expect("a visitor hangs")
    {
        ended.expect("a visitor ends well");
    }
    lives(&wire).await;
    let mut wire = Arc::into_inner(wire).expect("all visitors are gone");
    assert_consistent(&mut wire).await;
}
