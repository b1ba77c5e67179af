//! Real children, ended in every way. Signals to the test process itself are sent by `kill`.

use std::{fs, future, os::unix::fs::PermissionsExt as _, process};

use tempfile::TempDir;
use tokio::sync::Mutex;

use super::*;

/// A signal that one test sends to this process reaches the children of all.
static TURN: Mutex<()> = Mutex::const_new(());

fn env() -> ClientEnv {
    ClientEnv { set: vec![("GREENROOM_PROBE".into(), "x".into())], unset: vec!["HOME".into()] }
}

/// The beginning of a script that `wait`s until a signal comes. It waits for a background process
/// that ends when the script does, however that ends, and that nothing else wakes.
struct Hold(TempDir);

impl Hold {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    /// The commands that start the process. Its pipe has the shell as its only writer, and closes
    /// with it.
    fn start(&self) -> String {
        let fifo = self.0.path().join("fifo").display().to_string();
        let deaf = r#"trap "" HUP INT QUIT TERM"#;
        format!(r#"mkfifo "{fifo}"; ({deaf}; exec cat < "{fifo}") & exec 3> "{fifo}""#)
    }
}

fn sh(script: &str) -> Vec<OsString> {
    ["/bin/sh", "-c", script].map(OsString::from).to_vec()
}

async fn end(group: Group, script: &str) -> Ended {
    run_in(group, GRACE, &sh(script), &env(), future::pending()).await
}

#[tokio::test]
async fn codes_and_signals_are_passed_on() {
    let _turn = TURN.lock().await;
    for group in [Group::Own, Group::Shared] {
        assert_eq!(end(group, "exit 0").await, Ended::Exit(0));
        assert_eq!(end(group, "exit 7").await.code(), 7);
        let ended = end(group, "kill -KILL $$").await;
        assert_eq!((ended.code(), ended), (137, Ended::Signal(9)));
    }
}

#[tokio::test]
async fn the_environment_is_changed_and_not_replaced() {
    let _turn = TURN.lock().await;
    let script = r#"test "$GREENROOM_PROBE" = x && test -z "${HOME+set}" && test -n "$PATH""#;
    assert_eq!(end(Group::Own, script).await, Ended::Exit(0));
}

#[tokio::test]
async fn what_cannot_run_says_so() {
    let _turn = TURN.lock().await;
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("plain");
    fs::write(&file, "x").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let start = async |program: OsString| run(&[program], &env(), future::pending()).await;
    let missing = start("greenroom-has-no-such-command".into()).await;
    assert_eq!(
        (missing.code(), missing.message()),
        (127, Some("greenroom-has-no-such-command: command not found"))
    );
    let plain = start(file.into()).await;
    assert_eq!(plain.code(), 126);
    assert!(plain.message().unwrap().contains("cannot be run: Permission denied"), "{plain:?}");
    assert_eq!(run(&[], &env(), future::pending()).await.code(), 127);
}

#[tokio::test]
async fn a_signal_reaches_the_whole_group() {
    let _turn = TURN.lock().await;
    for (name, number) in [("TERM", 15), ("HUP", 1), ("INT", 2), ("QUIT", 3)] {
        // The grandchild does the reporting: a signal to the child alone would never end this. It waits
        // in the foreground, because a shell makes background jobs deaf to the keyboard's signals.
        let hold = Hold::new();
        let script = format!(
            "sh -c '{}; trap \"exit 40\" {name}; kill -{name} {}; while :; do wait; done'; code=$?; \
             trap - {name}; exit $code",
            hold.start(),
            process::id()
        );
        let script = format!("trap : {name}; {script}");
        assert_eq!(end(Group::Own, &script).await, Ended::Exit(40), "{name} ({number})");
    }
}

#[tokio::test]
async fn in_a_shared_group_the_keyboards_signals_are_not_sent_twice() {
    let _turn = TURN.lock().await;
    let hold = Hold::new();
    // The signal to this process alone stands for the keyboard's, which CMD would have had itself. The
    // SIGHUP behind it comes back when this process has dealt with both, and only then SIGTERM is sent.
    let script = format!(
        "{}; trap 'exit 40' INT; trap 'exit 41' TERM; trap 'kill -TERM {1}' HUP; \
         kill -INT {1}; kill -HUP {1}; while :; do wait; done",
        hold.start(),
        process::id()
    );
    assert_eq!(end(Group::Shared, &script).await, Ended::Exit(41));
}

/// Runs a script that makes the file `$READY` when its traps are set, and then ends it by guard rail.
async fn railed(grace: Duration, script: &str) -> Ended {
    let hold = Hold::new();
    let ready = hold.0.path().join("ready");
    let rail = async {
        while !ready.exists() {
            tokio::task::yield_now().await;
        }
        "too many".to_owned()
    };
    let script = format!("READY='{}'; {}; {script}", ready.display(), hold.start());
    run_in(Group::Own, grace, &sh(&script), &env(), rail).await
}

#[tokio::test]
async fn a_guard_rail_ends_the_command_and_is_never_a_success() {
    let _turn = TURN.lock().await;
    for (on_term, code) in [("exit 0", 125), ("exit 9", 9), ("trap - TERM; kill -TERM $$", 143)] {
        let script = format!("trap '{on_term}' TERM; : > $READY; while :; do wait; done");
        let ended = railed(GRACE, &script).await;
        assert_eq!(ended, Ended::GuardRail { reason: "too many".into(), code }, "{on_term}");
    }
}

#[tokio::test]
async fn a_command_that_ignores_sigterm_is_killed() {
    let _turn = TURN.lock().await;
    let script = "trap '' TERM; : > $READY; while :; do wait; done";
    let ended = railed(Duration::from_millis(100), script).await;
    assert_eq!(ended, Ended::GuardRail { reason: "too many".into(), code: 137 });
}
