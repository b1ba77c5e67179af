//! CONNECT and what is inside.

use super::*;

#[tokio::test]
async fn a_connect_of_http_1_0_without_a_host_header_opens_a_tunnel() {
    let mut port = Port::open().await;
    let mut stream = port.dial().await;
    stream.write_all(b"CONNECT SSO.common.cloud.hpe.com:443 HTTP/1.0\r\n\r\n").await.unwrap();
    let head = head(&mut stream).await;
    assert!(head.starts_with("HTTP/1.0 200 Connection established\r\n"), "{head}");
    assert!(!head.to_lowercase().contains("content-length"), "{head}");

    let stream = port.tls(stream, HOST, &["http/1.1"]).await.unwrap();
    let answer = exchange(stream, "GET /t HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").await;
    assert!(
        answer.ends_with(&format!("HTTP/1.1 /t #1 tls=true tunnel=Some({HOST:?}) sni=Some({HOST:?})")),
        "{answer}"
    );
    let opened = format!("TunnelOpened {{ #1, host: {HOST:?} }}");
    port.expect(&["Opened { #1 }", &opened, "Closed { #1 }"]).await;
}

#[tokio::test]
async fn each_client_gets_the_protocol_it_can_speak() {
    let port = Port::open().await;
    for (offers, chosen) in [
        (&["h2"][..], Some("h2")),
        (&["http/1.1"], Some("http/1.1")),
        (&["http/1.1", "h2"], Some("h2")),
        (&[], None),
        (&["foo"], None),
    ] {
        let stream = port.tls(port.tunnel(HOST).await, HOST, offers).await.unwrap();
        let protocol =
            stream.get_ref().1.alpn_protocol().map(|name| str::from_utf8(name).unwrap().to_owned());
        assert_eq!(protocol.as_deref(), chosen, "{offers:?}");
        let answer = if chosen == Some("h2") {
            get(&mut h2(stream).await.0, &format!("https://{HOST}/a")).await
        } else {
            exchange(stream, "GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").await
        };
        let version =
            if chosen == Some("h2") { "HTTP/2.0 https://sso.common.cloud.hpe.com/a" } else { "HTTP/1.1 /a" };
        assert!(answer.contains(version), "{offers:?}: {answer}");
    }
}

#[tokio::test]
async fn a_hello_that_does_not_wait_for_the_200_is_not_lost() {
    let port = Port::open().await;
    let config = Arc::new(client(&port.authority, &[]));
    let mut tls = rustls::ClientConnection::new(config, ServerName::try_from(HOST).unwrap()).unwrap();
    let mut bytes = format!("CONNECT {HOST}:443 HTTP/1.1\r\n\r\n").into_bytes();
    tls.write_tls(&mut bytes).unwrap();
    let mut stream = port.dial().await;
    stream.write_all(&bytes).await.unwrap();
    assert!(head(&mut stream).await.starts_with("HTTP/1.1 200 "));
    assert_eq!(stream.read_u8().await.unwrap(), 0x16, "the server's hello");
}

#[tokio::test]
async fn the_leaf_in_a_tunnel_is_for_its_host_when_the_hello_names_a_strange_one() {
    let mut port = Port::open().await;
    let refused = port.tls(port.tunnel(HOST).await, "strange.example", &[]).await.expect_err("a refusal");
    assert!(refused.to_string().contains(HOST), "{refused}");
    port.expect(&["Opened { #1 }", &format!("TunnelOpened {{ #1, host: {HOST:?} }}")]).await;
    let note = port.note().await;
    assert!(note.starts_with("TlsFailed { #1, host: Some(\"strange.example\")"), "{note}");
    port.expect(&["Closed { #1 }"]).await;
}

#[tokio::test]
async fn other_hosts_and_ports_are_refused() {
    let mut port = Port::open().await;
    for (target, authority, why, sentence) in [
        (
            "Packages.example.org:443",
            // As it came: lower case would hide what it may give away.
            "Packages.example.org:443",
            "unexpected_host",
            "Greenroom does not stand in for this host and forwards nothing.",
        ),
        (
            "packages.example.org:8443",
            "packages.example.org:8443",
            "unexpected_host",
            "Greenroom does not stand in for this host",
        ),
        ("[::1]:443", "[::1]:443", "unexpected_host", "Greenroom does not stand in for this host"),
        (
            "sso.common.cloud.hpe.com:8443",
            "sso.common.cloud.hpe.com:8443",
            "port_not_443",
            "Greenroom stands in for sso.common.cloud.hpe.com on port 443 only, not on 8443.",
        ),
    ] {
        let answer = port.raw(format!("CONNECT {target} HTTP/1.1\r\nHost: h\r\n\r\n")).await;
        assert!(answer.starts_with("HTTP/1.1 403 Forbidden\r\n"), "{answer}");
        assert!(answer.contains("\r\ncontent-type: text/plain; charset=utf-8\r\n"), "{answer}");
        assert!(answer.contains(&format!("\r\ndate: {DATE}\r\n")), "{answer}");
        assert!(answer.contains(&format!("\r\n\r\n{sentence}")), "{answer}");
        port.note().await;
        let note = port.note().await;
        assert!(note.ends_with(&format!("authority: {authority:?}, why: {why:?} }}")), "{note}");
        port.note().await;
    }
}

#[tokio::test]
async fn a_connect_without_host_or_port_is_malformed() {
    let mut port = Port::open().await;
    for target in [
        "/",
        "sso.common.cloud.hpe.com",
        "user@sso.common.cloud.hpe.com:443",
        "sso.common.cloud.hpe.com:99999",
    ] {
        let answer = port.raw(format!("CONNECT {target} HTTP/1.1\r\n\r\n")).await;
        assert!(answer.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{target}: {answer}");
        port.note().await;
        let note = port.note().await;
        assert!(note.starts_with("Malformed"), "{target}: {note}");
        assert!(!note.contains("user"), "{note}");
        port.note().await;
    }
}

#[tokio::test]
async fn no_tunnel_inside_a_tunnel_and_none_over_http_2() {
    let mut port = Port::open().await;
    let stream = port.tls(port.tunnel(HOST).await, HOST, &[]).await.unwrap();
    let answer = exchange(stream, format!("CONNECT {HOST}:443 HTTP/1.1\r\n\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 403 Forbidden\r\n"), "{answer}");
    port.note().await;
    port.note().await;
    port.expect(&[
        &format!("TunnelRefused {{ #1, authority: \"{HOST}:443\", why: \"nested\" }}"),
        "Closed { #1 }",
    ])
    .await;

    let (mut client, _) = h2(port.dial().await).await;
    let connect = Request::connect(format!("{HOST}:443")).body(Empty::new()).unwrap();
    assert_eq!(client.send_request(connect).await.unwrap().status(), 403);
    port.expect(&[
        "Opened { #2 }",
        &format!("TunnelRefused {{ #2, authority: \"{HOST}:443\", why: \"over_http2\" }}"),
    ])
    .await;
}

#[tokio::test]
async fn a_proxy_that_is_reached_by_tls_opens_tunnels_too() {
    let port = Port::open().await;
    let mut outer = port.tls(port.dial().await, "localhost", &["http/1.1"]).await.unwrap();
    outer.write_all(format!("CONNECT {HOST}:443 HTTP/1.1\r\n\r\n").as_bytes()).await.unwrap();
    assert!(head(&mut outer).await.starts_with("HTTP/1.1 200 "));
    let inner = port.tls(outer, HOST, &["h2"]).await.unwrap();
    let answer = get(&mut h2(inner).await.0, &format!("https://{HOST}/a")).await;
    assert!(answer.ends_with(&format!("tunnel=Some({HOST:?}) sni=Some({HOST:?})")), "{answer}");
}

#[tokio::test]
async fn plain_text_in_a_tunnel_is_a_failed_handshake() {
    let mut port = Port::open().await;
    let stream = port.tunnel(HOST).await;
    exchange(stream, "GET /SECRET HTTP/1.1\r\n\r\n").await;
    port.note().await;
    port.note().await;
    let note = port.note().await;
    assert!(
        note.starts_with(&format!("TlsFailed {{ #1, host: Some({HOST:?})")) && !note.contains("SECRET"),
        "{note}"
    );
}

#[tokio::test]
async fn a_client_that_leaves_a_tunnel_before_its_hello_is_noted() {
    let mut port = Port::open().await;
    drop(port.tunnel(HOST).await);
    port.note().await;
    port.note().await;
    let reason = "the client closed before its TLS hello";
    port.expect(&[&format!("TlsFailed {{ #1, host: Some({HOST:?}), reason: {reason:?} }}"), "Closed { #1 }"])
        .await;
}
