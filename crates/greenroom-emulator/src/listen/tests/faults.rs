//! Broken answers, as clients see them: bytes are counted, and ends are told apart.

use std::io::ErrorKind;

use tokio::io::AsyncReadExt as _;

use super::super::End;
use super::*;

const BODY: &str = "0123456789";
/// More than a client of HTTP/2 takes without saying that it takes more.
const HUGE: usize = 200_000;

/// What the service does for `/fault/…`.
pub(super) fn delivery(fault: &str) -> Delivery {
    let answer = || Response::new(Payload::whole(BODY));
    let (what, end) = fault.split_once('/').unwrap_or((fault, "close"));
    let end = match end {
        "reset" => End::Reset,
        "unannounced" => End::CloseUnannounced,
        _ => End::Close,
    };
    match what {
        "end" => Delivery::End(end),
        "reset-stream" => Delivery::ResetStream(11),
        "goaway" => Delivery::GoAway { last_stream: 7, code: 11 },
        "farewell" => Delivery::Farewell(answer()),
        "trickle" => Delivery::Answer(Response::new(Payload::trickling(BODY, 3, SOON))),
        "drip" => Delivery::Answer(Response::new(Payload::trickling(BODY, 1, SOON))),
        "overstated" => {
            let mut answer = Response::new(Payload::of_any_length(BODY));
            answer.headers_mut().insert("content-length", HeaderValue::from_static("15"));
            Delivery::Answer(answer)
        }
        "huge" => {
            let answer = Response::new(Payload::whole("h".repeat(HUGE)));
            Delivery::Cut { answer, body: HUGE as u64 - 7, end }
        }
        "empty" => Delivery::Cut { answer: Response::new(Payload::whole("")), body: u64::MAX, end },
        body => Delivery::Cut { answer: answer(), body: body.parse().unwrap(), end },
    }
}

/// How a stream ended.
#[derive(Debug, PartialEq, Eq)]
enum Saw {
    /// With a FIN and, in TLS, a `close_notify`.
    Close,
    /// In TLS with a FIN alone.
    Unannounced,
    Reset,
}

/// All bytes, and how the stream ended.
async fn whole(stream: &mut (impl AsyncRead + Unpin)) -> (Vec<u8>, Saw) {
    let mut bytes = Vec::new();
    let ended = tokio::time::timeout(LIMIT, stream.read_to_end(&mut bytes)).await.expect("an end in time");
    let saw = match ended.map_err(|error| error.kind()) {
        Ok(_) => Saw::Close,
        Err(ErrorKind::UnexpectedEof) => Saw::Unannounced,
        Err(ErrorKind::ConnectionReset) => Saw::Reset,
        Err(other) => panic!("{other}"),
    };
    (bytes, saw)
}

/// The body of what came, and how the stream ended.
async fn http1(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), fault: &str) -> (Option<String>, Saw) {
    stream.write_all(format!("GET /fault/{fault} HTTP/1.1\r\nHost: h\r\n\r\n").as_bytes()).await.unwrap();
    let (bytes, saw) = whole(stream).await;
    let text = String::from_utf8(bytes).unwrap();
    (text.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()), saw)
}

#[tokio::test]
async fn http_1_answers_end_where_they_shall() {
    let mut port = Port::open().await;
    for (n, (fault, body, saw)) in (1..).zip([
        ("end", None, Saw::Close),
        ("end/unannounced", None, Saw::Close),
        ("end/reset", None, Saw::Reset),
        ("0", Some(""), Saw::Close),
        ("5", Some("01234"), Saw::Close),
        ("5/reset", Some("01234"), Saw::Reset),
        ("10", Some(BODY), Saw::Close),
        ("999/reset", Some(BODY), Saw::Reset),
        ("empty", Some(""), Saw::Close),
        ("overstated", Some(BODY), Saw::Close),
        ("goaway", None, Saw::Close),
        ("reset-stream", None, Saw::Reset),
        ("farewell", Some(BODY), Saw::Close),
    ]) {
        let expected = (body.map(str::to_owned), saw);
        assert_eq!(http1(&mut port.dial().await, fault).await, expected, "{fault}");
        port.expect(&[&format!("Opened {{ #{n} }}")]).await;
        if fault != "farewell" && fault != "overstated" {
            port.expect(&[&format!("EndedByRule {{ #{n} }}")]).await;
        }
        port.expect(&[&format!("Closed {{ #{n} }}")]).await;
    }
}

#[tokio::test]
async fn tls_tells_a_close_from_a_broken_line_inside_a_tunnel_and_without_one() {
    let port = Port::open().await;
    for (fault, body, saw) in [
        ("end", None, Saw::Close),
        ("end/unannounced", None, Saw::Unannounced),
        ("end/reset", None, Saw::Reset),
        ("5", Some("01234"), Saw::Close),
        ("5/unannounced", Some("01234"), Saw::Unannounced),
        ("5/reset", Some("01234"), Saw::Reset),
        ("999", Some(BODY), Saw::Close),
        ("999/unannounced", Some(BODY), Saw::Unannounced),
    ] {
        for stream in [port.dial().await, port.tunnel(HOST).await] {
            let mut stream = port.tls(stream, HOST, &["http/1.1"]).await.unwrap();
            let (got, how) = http1(&mut stream, fault).await;
            assert_eq!((got.as_deref(), &how), (body, &saw), "{fault}");
        }
    }
}

/// What an HTTP/2 client makes of it: the body or the error, and the end of the connection.
async fn http2<IO>(io: IO, fault: &str) -> (Result<String, String>, String)
where
    IO: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (mut client, connection) = h2(io).await;
    let request = Request::get(format!("http://h/fault/{fault}")).body(Empty::<Bytes>::new()).unwrap();
    let told = |error: hyper::Error| {
        let mut error: &dyn std::error::Error = &error;
        while let Some(source) = error.source() {
            error = source;
        }
        error.to_string()
    };
    let answer = async {
        let answer = client.send_request(request).await?;
        Ok(String::from_utf8(answer.into_body().collect().await?.to_bytes().into()).unwrap())
    };
    let answer = tokio::time::timeout(LIMIT, answer).await.expect("an answer in time").map_err(told);
    drop(client);
    let ended = tokio::time::timeout(LIMIT, connection).await.expect("an end in time").unwrap();
    (answer, ended.map_err(told).err().unwrap_or_default())
}

#[tokio::test]
async fn http_2_answers_end_where_they_shall() {
    let port = Port::open().await;
    let (broken, overload) = ("connection closed because of a broken pipe", "detected excessive load");
    for (fault, answer, ended) in [
        ("reset-stream", "stream error received: detected excessive load", ""),
        ("overstated", "stream error detected: unspecific protocol error", ""),
        ("farewell", BODY, ""),
        ("10", BODY, broken),
        ("999", BODY, broken),
        ("empty", "", broken),
        ("end", "stream closed because of a broken pipe", broken),
        ("end/reset", "connection reset", "connection reset"),
        ("5", "stream closed because of a broken pipe", broken),
        ("5/reset", "connection reset", "connection reset"),
        ("goaway", "stream closed because of a broken pipe", overload),
    ] {
        for tls in [false, true] {
            let stream = port.dial().await;
            let (got, end) = match tls {
                true => http2(port.tls(stream, HOST, &["h2"]).await.unwrap(), fault).await,
                false => http2(stream, fault).await,
            };
            let got = got.unwrap_or_else(|error| error);
            assert!(got == answer || !answer.is_empty() && got.starts_with(answer), "{fault} {tls}: {got}");
            assert_eq!(end.is_empty(), ended.is_empty(), "{fault} {tls}: {end}");
            assert!(end.contains(ended), "{fault} {tls}: {end}");
        }
    }
}

/// The DATA frames of a stream, and whether the last of them ends it.
fn data_of(stream: u8, mut bytes: &[u8]) -> (String, bool) {
    let (mut body, mut ended) = (Vec::new(), false);
    while let [a, b, c, kind, flags, _, _, _, id, rest @ ..] = bytes {
        let length = usize::from(*a) << 16 | usize::from(*b) << 8 | usize::from(*c);
        let Some((payload, rest)) = rest.split_at_checked(length) else { break };
        if (*kind, *id) == (0, stream) {
            body.extend(payload);
            ended |= flags & 1 != 0;
        }
        bytes = rest;
    }
    (String::from_utf8(body).unwrap(), ended)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_over_http_2_is_cut_in_its_own_stream_whatever_goes_out_beside_it() {
    let port = Port::open().await;
    for (fault, body, ended) in
        [("5", "01234", false), ("0", "", false), ("999", BODY, true), ("empty", "", true)]
    {
        for round in 0..40_u8 {
            let mut paths = ["/a", "/b", "/c", "/d"];
            let path = format!("/fault/{fault}");
            paths[usize::from(round % 4)] = &path;
            let mut stream = port.dial().await;
            stream.write_all(&h2_gets(&paths)).await.unwrap();
            let (bytes, saw) = whole(&mut stream).await;
            let came = data_of(round % 4 * 2 + 1, &bytes);
            assert_eq!((came, saw), ((body.to_owned(), ended), Saw::Close), "{fault} in round {round}");
        }
    }
}

#[tokio::test]
async fn an_answer_over_http_2_is_cut_where_its_client_had_to_ask_for_more() {
    let port = Port::open().await;
    let (mut client, _connection) = h2(port.dial().await).await;
    let request = Request::get("http://h/fault/huge").body(Empty::<Bytes>::new()).unwrap();
    let answer = client.send_request(request).await.unwrap();
    assert_eq!(answer.headers()["content-length"], HUGE.to_string());
    let (mut body, mut came) = (answer.into_body(), 0);
    let broken = async {
        while let Ok(frame) = body.frame().await.expect("no end of the body") {
            came += frame.into_data().unwrap().len();
        }
    };
    tokio::time::timeout(LIMIT, broken).await.expect("an end in time");
    assert_eq!(came, HUGE - 7);
}

#[tokio::test]
async fn an_answer_to_head_is_cut_behind_its_head() {
    let port = Port::open().await;
    let answer = port.raw("HEAD /fault/5/unannounced HTTP/1.1\r\nHost: h\r\n\r\n").await;
    assert_eq!(answer, "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n");
}

#[tokio::test]
async fn a_trickle_comes_in_pieces_and_the_connection_goes_on() {
    let port = Port::open().await;
    let mut stream = port.dial().await;
    for _ in 0..2 {
        stream.write_all(b"GET /fault/trickle HTTP/1.1\r\nHost: h\r\n\r\n").await.unwrap();
        let head = head(&mut stream).await;
        assert!(head.contains("content-length: 10\r\n"), "{head}");
        let (mut body, mut pieces) = (Vec::new(), 0);
        while body.len() < BODY.len() {
            assert!(stream.read_buf(&mut body).await.unwrap() <= 3);
            pieces += 1;
        }
        assert_eq!((String::from_utf8(body).unwrap().as_str(), pieces >= 4), (BODY, true));
    }
}

#[tokio::test]
async fn a_trickle_is_under_way_until_its_last_piece() {
    // It takes longer than its client may be idle, and than one that has ended its side is waited for.
    let timeouts = Timeouts { idle: SOON, ..Timeouts::default() };
    let request = "GET /fault/drip HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    let mut port = Port::with(timeouts, async |_| {}).await;
    for (n, leaves) in [(1, false), (2, true)] {
        let mut stream = port.dial().await;
        stream.write_all(request.as_bytes()).await.unwrap();
        if leaves {
            // As nc does, which still reads.
            stream.shutdown().await.unwrap();
        }
        let answer = rest(&mut stream).await;
        assert!(answer.ends_with(&format!("\r\n\r\n{BODY}")), "{answer}");
        port.expect(&[&format!("Opened {{ #{n} }}"), &format!("Closed {{ #{n} }}")]).await;
    }
}

#[tokio::test]
async fn a_client_that_does_not_close_its_side_is_not_waited_for() {
    let mut port = Port::open().await;
    let mut stream = port.dial().await;
    assert_eq!(http1(&mut stream, "end").await, (None, Saw::Close));
    // It keeps its side open until the listener has let go of it.
    port.expect(&["Opened { #1 }", "EndedByRule { #1 }", "Closed { #1 }"]).await;
    drop(stream);
}
