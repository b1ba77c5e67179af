//! How connections end: late clients, clients that leave, and a listener that stops.

use super::*;

fn impatient() -> Timeouts {
    Timeouts { head: SOON, ..Timeouts::default() }
}

#[tokio::test]
async fn a_client_that_begins_and_stops_is_cut_off() {
    let mut port = Port::with(impatient(), async |_| {}).await;
    for (n, bytes, what) in [
        (1, "", "first_byte"),
        (2, "PRI * HTTP/2.0\r\n", "first_byte"),
        (3, "GET / HTTP/1.1\r\nX: y", "request_head"),
        (4, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "request_head"),
        (5, "\x16\x03\x01", "tls_handshake"),
    ] {
        let mut client = port.dial().await;
        client.write_all(bytes.as_bytes()).await.unwrap();
        let late = format!("TimedOut {{ #{n}, what: {what:?} }}");
        port.expect(&[&format!("Opened {{ #{n} }}"), &late, &format!("Closed {{ #{n} }}")]).await;
    }
}

#[tokio::test]
async fn a_tunnel_that_stays_silent_is_cut_off() {
    let mut port = Port::with(impatient(), async |_| {}).await;
    let opened = format!("TunnelOpened {{ #1, host: {HOST:?} }}");
    let mut silent = port.tunnel(HOST).await;
    port.expect(&["Opened { #1 }", &opened, "TimedOut { #1, what: \"tls_handshake\" }", "Closed { #1 }"])
        .await;
    rest(&mut silent).await;
    let mut silent = port.tls(port.dial().await, HOST, &["h2"]).await.unwrap();
    port.expect(&["Opened { #2 }", "TimedOut { #2, what: \"request_head\" }", "Closed { #2 }"]).await;
    rest(&mut silent).await;
}

#[tokio::test]
async fn an_idle_connection_is_ended_and_http_2_is_told() {
    let mut port = Port::with(Timeouts { idle: SOON, ..Timeouts::default() }, async |_| {}).await;
    let answer = port.raw("GET / HTTP/1.1\r\nHost: h\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    port.expect(&["Opened { #1 }", "TimedOut { #1, what: \"idle\" }", "Closed { #1 }"]).await;

    let (mut client, connection) = h2(port.dial().await).await;
    get(&mut client, "http://h/").await;
    port.expect(&["Opened { #2 }", "TimedOut { #2, what: \"idle\" }", "Closed { #2 }"]).await;
    connection.await.unwrap().expect("GOAWAY without an error, then the end");
}

#[tokio::test]
async fn an_idle_http_2_client_that_never_acknowledges_is_ended_all_the_same() {
    let mut port = Port::with(Timeouts { idle: SOON, ..Timeouts::default() }, async |_| {}).await;
    let mut silent = port.dial().await;
    silent.write_all(&h2_gets(&["/"])).await.unwrap();
    port.expect(&["Opened { #1 }", "TimedOut { #1, what: \"idle\" }", "Closed { #1 }"]).await;
}

#[tokio::test]
async fn a_request_under_way_is_neither_late_nor_idle() {
    let timeouts = Timeouts { head: SOON, idle: SOON, half_closed: SOON };
    let mut port = Port::with(timeouts, async |_| {}).await;
    let mut stream = port.dial().await;
    stream.write_all(b"GET /gate HTTP/1.1\r\nConnection: close\r\n\r\n").await.unwrap();
    port.expect(&["Opened { #1 }", "at the gate"]).await;
    // A second client is cut off meanwhile, by the same timeouts.
    port.raw("GET").await;
    port.expect(&["Opened { #2 }", "TimedOut { #2, what: \"request_head\" }", "Closed { #2 }"]).await;
    port.cloud.gate.notify_one();
    assert!(rest(&mut stream).await.ends_with("through"));
    port.expect(&["Closed { #1 }"]).await;
}

#[tokio::test]
async fn a_client_that_leaves_frees_its_request() {
    let mut port = Port::open().await;
    let mut plain = port.dial().await;
    plain.write_all(b"GET /gate HTTP/1.1\r\n\r\n").await.unwrap();
    port.expect(&["Opened { #1 }", "at the gate"]).await;
    drop(plain);
    port.expect(&["dropped", "Closed { #1 }"]).await;

    let mut secure = port.tls(port.tunnel(HOST).await, HOST, &["http/1.1"]).await.unwrap();
    secure.write_all(b"GET /gate HTTP/1.1\r\n\r\n").await.unwrap();
    port.expect(&["Opened { #2 }", &format!("TunnelOpened {{ #2, host: {HOST:?} }}"), "at the gate"]).await;
    secure.shutdown().await.unwrap();
    drop(secure);
    port.expect(&["dropped", "Closed { #2 }"]).await;

    let mut second = port.dial().await;
    second.write_all(&h2_gets(&["/gate"])).await.unwrap();
    port.expect(&["Opened { #3 }", "at the gate"]).await;
    drop(second);
    port.expect(&["dropped", "Closed { #3 }"]).await;
}

#[tokio::test]
async fn an_http_2_request_that_is_cancelled_is_dropped_alone() {
    let mut port = Port::open().await;
    let (mut client, _) = h2(port.dial().await).await;
    let mut second = client.clone();
    let waiting = tokio::spawn(async move { get(&mut client, "http://h/gate").await });
    port.expect(&["Opened { #1 }", "at the gate"]).await;
    waiting.abort();
    port.expect(&["dropped"]).await;
    assert!(get(&mut second, "http://h/").await.contains("#1"));
}

#[tokio::test]
async fn a_body_cut_short_reaches_the_service() {
    let mut port = Port::open().await;
    let mut stream = port.dial().await;
    stream.write_all(b"POST /body HTTP/1.1\r\nContent-Length: 10\r\n\r\nhalf").await.unwrap();
    drop(stream);
    port.expect(&["Opened { #1 }", "half a body", "Closed { #1 }"]).await;
}

#[tokio::test]
async fn a_client_that_ends_its_side_and_reads_is_answered() {
    let mut clients = Vec::new();
    let forever = Duration::from_secs(3600);
    let connect = async |address| {
        for path in ["/gate", "/big"] {
            // Before the listener accepts, so that the end of input is there when the request is read.
            let mut client = TcpStream::connect(address).await.unwrap();
            client.write_all(format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n").as_bytes()).await.unwrap();
            client.shutdown().await.unwrap();
            clients.push(client);
        }
    };
    let mut port = Port::with(Timeouts { half_closed: forever, ..Timeouts::default() }, connect).await;
    while port.note().await != "at the gate" {}
    port.cloud.gate.notify_one();
    assert!(rest(&mut clients[0]).await.ends_with("\r\n\r\nthrough"));
    assert!(rest(&mut clients[1]).await.len() > 8 << 20);
}

#[tokio::test]
async fn stopping_ends_idle_connections_at_once_and_lets_answers_finish() {
    let mut port = Port::open().await;
    let mut idle = port.dial().await;
    idle.write_all(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n").await.unwrap();
    head(&mut idle).await;
    let mut silent = port.dial().await;
    let mut tunnel = port.tunnel(HOST).await;
    let mut busy = port.dial().await;
    busy.write_all(b"GET /gate HTTP/1.1\r\nHost: h\r\n\r\n").await.unwrap();
    while port.note().await != "at the gate" {}

    port.stop.send_replace(true);
    for ended in [&mut idle, &mut silent, &mut tunnel] {
        rest(ended).await;
    }
    let ended = tokio::time::timeout(SOON, &mut port.server).await;
    assert!(ended.is_err(), "it waits for the answer");
    port.cloud.gate.notify_one();
    assert!(rest(&mut busy).await.ends_with("through"));
    tokio::time::timeout(LIMIT, port.server).await.unwrap().unwrap();
    assert!(TcpStream::connect(port.address).await.is_err(), "nobody listens any more");
    let mut closed = 0;
    while let Ok(note) = port.notes.try_recv() {
        closed += usize::from(note.starts_with("Closed"));
    }
    assert_eq!(closed, 4);
}

#[tokio::test]
async fn stopping_does_not_wait_for_ever() {
    let mut port = Port::open().await;
    let mut stuck = port.dial().await;
    stuck.write_all(b"GET /gate HTTP/1.1\r\nHost: h\r\n\r\n").await.unwrap();
    let (mut client, _) = h2(port.dial().await).await;
    let waiting = tokio::spawn(async move { get(&mut client, "http://h/gate").await });
    for _ in 0..4 {
        port.note().await;
    }
    drop(port.stop);
    tokio::time::timeout(LIMIT, port.server).await.unwrap().unwrap();
    let mut notes = Vec::new();
    while let Ok(note) = port.notes.try_recv() {
        notes.push(note);
    }
    notes.sort();
    assert_eq!(notes, ["Closed { #1 }", "Closed { #2 }", "dropped", "dropped"]);
    waiting.abort();
}

/// How many handles of this process lead to the listener's end of a connection.
#[cfg(target_os = "linux")]
fn handles(connection: &TcpStream) -> usize {
    let port = |address: std::io::Result<SocketAddr>| format!("{:04X}", address.unwrap().port());
    let (theirs, ours) = (port(connection.peer_addr()), port(connection.local_addr()));
    let table = std::fs::read_to_string("/proc/self/net/tcp").unwrap();
    let mut rows = table.lines().map(|row| row.split_whitespace().collect::<Vec<_>>());
    let row =
        rows.find(|row| row[1].ends_with(&format!(":{theirs}")) && row[2].ends_with(&format!(":{ours}")));
    let name = format!("socket:[{}]", row.expect("the connection")[9]);
    let handles = std::fs::read_dir("/proc/self/fd").unwrap();
    let names = handles.filter_map(|handle| std::fs::read_link(handle.ok()?.path()).ok());
    names.filter(|it| it.as_os_str() == name.as_str()).count()
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_connection_takes_one_handle() {
    let mut port = Port::open().await;
    let mut stream = port.dial().await;
    stream.write_all(b"GET /gate HTTP/1.1\r\n\r\n").await.unwrap();
    port.expect(&["Opened { #1 }", "at the gate"]).await;
    assert_eq!(handles(&stream), 1);
}
