//! Real processes, well-behaved and not.

use std::{fs, path::Path};

use greenroom_emulator::client_env::ClientEnv;

use super::*;
use crate::{
    adapter::{Adapter, StartError, Stream},
    drive::{Close, Reply, Verb},
};

/// Longer than any machine needs.
const LONG: Duration = Duration::from_secs(60);

fn start(script: &str) -> Running {
    let env = ClientEnv {
        set: vec![("GREENROOM_URL".into(), "http://127.0.0.1:1".into())],
        unset: vec!["SSL_CERT_DIR".into()],
    };
    let extra = [("EXTRA".to_owned(), "x".to_owned())];
    Adapter::command("/bin/sh", ["-c", script]).start(&env, &extra).unwrap()
}

fn ask(id: u64, client: &str) -> Ask {
    Ask { id, verb: Verb::Close(Close { client: client.to_owned(), by: None }) }
}

async fn rest(running: &mut Running) -> Vec<Heard> {
    let mut heard = Vec::new();
    while let Some(one) = running.next().await {
        heard.push(one);
    }
    heard
}

/// Whether a process of this number runs: not even as one that nobody has waited for.
fn runs(pid: &str) -> bool {
    let stat = fs::read_to_string(Path::new("/proc").join(pid.trim()).join("stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}

/// A signal is obeyed in a moment, and not before.
async fn ended(pid: &str) {
    let ended = async {
        while runs(pid) {
            tokio::task::yield_now().await;
        }
    };
    timeout(LONG, ended).await.unwrap();
}

#[tokio::test]
async fn it_is_told_lines_and_heard_in_order_until_it_ends() {
    let mut client = start(r#"read a; echo "$a"; echo '{"id":2,"ok":true}'; read b || exit 3"#);
    client.send(&ask(2, "c")).unwrap();
    let Some(Heard::Wrong(error)) = client.next().await else { panic!() };
    assert_eq!(error.id, Some(2));
    assert_eq!(client.next().await, Some(Heard::Reply(Box::new(Reply::done(2)))));
    let exit = client.finish(LONG, |_| ()).await.unwrap();
    assert_eq!(exit, Exit { code: Some(3), signal: None, killed: false, left_behind: false });
    assert_eq!((client.next().await, client.send(&ask(3, "c"))), (None, Err(Gone)));
}

#[tokio::test]
async fn its_environment_is_changed_and_its_place_goes_with_it() {
    let mut client = start(r#"env; pwd; test -d "$TMPDIR" && touch "$TMPDIR/x""#);
    let place = client.place().to_owned();
    let mut text = String::new();
    for heard in rest(&mut client).await {
        if let Heard::Output { text: more, .. } = heard {
            text += &more;
        }
    }
    let has = |name: &str| text.lines().any(|line| line.starts_with(&format!("{name}=")));
    assert!(has("PATH") && has("GREENROOM_URL") && has("EXTRA"), "{text}");
    assert!(!has("SSL_CERT_DIR"), "{text}");
    assert!(place.join("x").exists());
    drop(client);
    assert!(!place.exists());
}

#[tokio::test]
async fn what_it_leaves_behind_ends_with_it() {
    let mut client = start("sleep 1000 & echo $!; exit 0");
    let heard = rest(&mut client).await;
    let Some(Heard::Output { text: pid, .. }) = heard.first() else { panic!("{heard:?}") };
    let exit = Exit { code: Some(0), signal: None, killed: false, left_behind: true };
    assert_eq!(heard.last(), Some(&Heard::Exited(exit)));
    ended(pid).await;
}

#[tokio::test]
async fn one_that_ignores_the_end_of_its_stdin_is_ended() {
    let mut client = start("sleep 1000 & echo $!; while :; do sleep 1000; done");
    let Some(Heard::Output { text: pid, .. }) = client.next().await else { panic!() };
    let exit = client.finish(Duration::from_millis(50), |_| ()).await.unwrap();
    assert_eq!(exit, Exit { code: None, signal: Some(9), killed: true, left_behind: false });
    ended(&pid).await;
}

#[tokio::test]
async fn one_that_is_dropped_is_ended() {
    let mut client = start("sleep 1000 & echo $!; wait");
    let Some(Heard::Output { text: pid, .. }) = client.next().await else { panic!() };
    drop(client);
    ended(&pid).await;
}

#[tokio::test]
async fn a_flood_ends_and_holds_nobody_up() {
    let flood = "yes 'one of very many lines, long enough to be read fast' | head -c 30000000";
    let mut client = start(&format!("{flood} >&2 & {flood}; wait"));
    let heard = rest(&mut client).await;
    assert!(heard.contains(&Heard::Flood(Stream::Stdout)) && heard.contains(&Heard::Flood(Stream::Stderr)));
    let bytes: usize =
        heard.iter().map(|heard| if let Heard::Output { text, .. } = heard { text.len() } else { 0 }).sum();
    assert!(bytes < 33 << 20, "{bytes}");
}

#[tokio::test]
async fn its_last_words_are_its_last_lines() {
    let mut client = start("for i in 1 2 3 4 5 6 7 8 9 10 11 12; do echo line $i; done; printf end");
    rest(&mut client).await;
    let words = client.last_words();
    assert!(words.starts_with("line 4\n") && words.ends_with("line 12\nend"), "{words}");
    let mut words = LastWords::default();
    words.hear(&"ü".repeat(LAST_BYTES));
    words.hear("and more");
    assert!(words.text().len() <= LAST_BYTES);
}

#[tokio::test]
async fn what_cannot_be_started_is_said() {
    let env = ClientEnv { set: Vec::new(), unset: Vec::new() };
    let none: [&str; 0] = [];
    let said = |adapter: Adapter| adapter.start(&env, &[]).err().unwrap().to_string();
    assert_eq!(said(Adapter::command("no-such-program", none)), "no-such-program: command not found");
    assert!(said(Adapter::command("/etc/passwd", none)).starts_with("/etc/passwd cannot be run: "));
    let nowhere = Adapter::command("true", none).in_directory("/nowhere");
    assert!(said(nowhere).starts_with("true cannot be run: "));
    assert!(matches!(Adapter::builtin("no-such"), Err(StartError::Unknown { .. })));
}
