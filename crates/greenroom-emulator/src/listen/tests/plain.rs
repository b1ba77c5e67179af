//! What clients say in plain text and in direct TLS.

use super::*;

#[tokio::test]
async fn http_1_0_1_1_and_absolute_form_reach_the_service_untouched() {
    let mut port = Port::open().await;
    let answer = port.raw("GET /a HTTP/1.0\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.0 200 OK\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\nHTTP/1.0 /a #1 tls=false tunnel=None sni=None"), "{answer}");
    assert!(!answer.to_lowercase().contains("\r\ndate:"), "hyper's own Date is off: {answer}");

    let mut stream = port.dial().await;
    stream.write_all(b"GET /b HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    assert!(head(&mut stream).await.starts_with("HTTP/1.1 200 OK\r\n"));
    let second = exchange(stream, "GET http://y/c HTTP/1.1\r\nHost: y\r\nConnection: close\r\n\r\n").await;
    assert!(second.ends_with("HTTP/1.1 http://y/c #2 tls=false tunnel=None sni=None"), "{second}");
    port.expect(&["Opened { #1 }", "Closed { #1 }", "Opened { #2 }", "Closed { #2 }"]).await;
}

#[tokio::test]
async fn http_2_with_prior_knowledge() {
    let port = Port::open().await;
    let (mut client, _) = h2(port.dial().await).await;
    let uri = format!("http://{}/a", port.address);
    assert_eq!(get(&mut client, &uri).await, format!("HTTP/2.0 {uri} #1 tls=false tunnel=None sni=None"));
}

#[tokio::test]
async fn a_preface_in_pieces_is_still_one() {
    let port = Port::open().await;
    let mut stream = port.dial().await;
    stream.set_nodelay(true).unwrap();
    for byte in b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0" {
        stream.write_all(&[*byte]).await.unwrap();
        tokio::task::yield_now().await;
    }
    let mut frame = [0; 9];
    stream.read_exact(&mut frame).await.unwrap();
    assert_eq!(frame[3], 4, "a SETTINGS frame");
}

#[tokio::test]
async fn direct_tls_by_address_by_localhost_and_by_a_known_name() {
    let mut port = Port::open().await;
    for (name, sni) in
        [("127.0.0.1", "None"), ("localhost", "Some(\"localhost\")"), (HOST, &format!("Some({HOST:?})"))]
    {
        let stream = port.tls(port.dial().await, name, &["http/1.1"]).await.unwrap();
        let answer = exchange(stream, "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").await;
        assert!(answer.ends_with(&format!("tls=true tunnel=None sni={sni}")), "{answer}");
    }
    let strange = port.tls(port.dial().await, "strange.example", &[]).await;
    assert!(strange.is_err(), "the default leaf is not for any name");
    for _ in 0..7 {
        port.note().await;
    }
    let failed = port.note().await;
    assert!(
        failed.starts_with("TlsFailed { #4, host: Some(\"strange.example\"), reason: \"received fatal"),
        "{failed}"
    );
    port.expect(&["Closed { #4 }"]).await;
}

#[tokio::test]
async fn a_client_that_trusts_another_authority_is_noted() {
    let mut port = Port::open().await;
    let other = Authority::generate().unwrap();
    let connector = TlsConnector::from(Arc::new(client(&other, &[])));
    let refused = connector.connect(ServerName::try_from(HOST).unwrap(), port.dial().await).await;
    assert!(refused.is_err());
    port.expect(&["Opened { #1 }"]).await;
    let failed = port.note().await;
    assert!(failed.contains(HOST) && failed.contains("received fatal alert"), "{failed}");
}

#[tokio::test]
async fn tls_1_2_is_spoken_too() {
    let port = Port::open().await;
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(port.authority.pem().as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS12])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(HOST).unwrap();
    let stream = TlsConnector::from(Arc::new(config)).connect(name, port.dial().await).await.unwrap();
    assert!(exchange(stream, "GET / HTTP/1.0\r\n\r\n").await.contains("tls=true"));
}

#[tokio::test]
async fn what_is_not_http_is_malformed_and_never_repeated() {
    let mut port = Port::open().await;
    for (bytes, status, reason) in [
        ("\x01\x02 SECRET \x03\r\n\r\n", "400 Bad Request", "invalid HTTP method parsed"),
        (
            "GET / HTTP/1.1\r\nAuthorization: SECRET\x01\x02\r\n\r\n",
            "400 Bad Request",
            "invalid HTTP header parsed",
        ),
        (
            "GET / HTTP/1.1\r\nX: SECRET\r\nContent-Length: x\r\n\r\n",
            "400 Bad Request",
            "invalid content-length parsed",
        ),
        ("GET \"SECRET HTTP/1.1\r\n\r\n", "400 Bad Request", "invalid URI"),
    ] {
        let answer = port.raw(bytes).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{answer}");
        port.note().await;
        let note = port.note().await;
        assert!(note.starts_with("Malformed") && note.contains(&format!("reason: \"{reason}\"")), "{note}");
        port.note().await;
    }
}

#[tokio::test]
async fn half_a_request_and_broken_http_2_are_malformed() {
    let mut port = Port::open().await;
    let mut stream = port.dial().await;
    stream.write_all(b"GET / HTTP/1.1\r\nAuth").await.unwrap();
    drop(stream);
    let reason = "connection closed before message completed";
    port.expect(&["Opened { #1 }", &format!("Malformed {{ #1, reason: {reason:?} }}"), "Closed { #1 }"])
        .await;

    let mut stream = port.dial().await;
    stream.write_all(b"PRI * HT").await.unwrap();
    drop(stream);
    port.expect(&["Opened { #2 }", &format!("Malformed {{ #2, reason: {reason:?} }}"), "Closed { #2 }"])
        .await;

    // A SETTINGS frame of seven bytes.
    let mut stream = port.dial().await;
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\x07\x04\0\0\0\0\0SECRET!").await.unwrap();
    port.expect(&["Opened { #3 }"]).await;
    let note = port.note().await;
    assert!(
        note.starts_with("Malformed { #3, reason: \"http2 error: ") && !note.contains("SECRET"),
        "{note}"
    );
}

#[tokio::test]
async fn a_goaway_of_the_client_is_not_malformed() {
    let mut port = Port::open().await;
    let mut stream = port.dial().await;
    // An empty SETTINGS frame, then GOAWAY: last stream 0, PROTOCOL_ERROR, debug data.
    let frames =
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0\0\0\x0e\x07\0\0\0\0\0\0\0\0\0\0\0\0\x01SECRET";
    stream.write_all(frames).await.unwrap();
    port.expect(&["Opened { #1 }", "Closed { #1 }"]).await;
}

#[tokio::test]
async fn a_head_of_more_than_64_kib_is_answered_with_431() {
    let mut port = Port::open().await;
    let request = |size| format!("GET / HTTP/1.1\r\nConnection: close\r\nX: {}\r\n\r\n", "x".repeat(size));
    assert!(port.raw(request(60 << 10)).await.starts_with("HTTP/1.1 200 OK\r\n"));
    let answer = port.raw(request((64 << 10) - 24)).await;
    assert!(answer.starts_with("HTTP/1.1 431 Request Header Fields Too Large\r\n"), "{answer}");
    port.expect(&["Opened { #1 }", "Closed { #1 }", "Opened { #2 }"]).await;
    port.expect(&["Malformed { #2, reason: \"message head is too large\" }", "Closed { #2 }"]).await;
}

#[tokio::test]
async fn a_connection_that_says_nothing_is_no_fault() {
    let mut port = Port::open().await;
    drop(port.dial().await);
    port.expect(&["Opened { #1 }", "Closed { #1 }"]).await;
}
