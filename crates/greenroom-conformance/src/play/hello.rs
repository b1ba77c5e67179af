//! The first question: who a client is.

use std::time::Duration;

use greenroom_emulator::Emulator;
use tokio::time::{Instant, timeout_at};

use super::{how, seconds};
use crate::{
    adapter::{Adapter, Heard, Running, StartError},
    drive::{Ask, Hello, VERSION, Verb},
    run::EXITED,
    verdict::ClientInfo,
};

/// How long a client may take to say who it is.
const HELLO: Duration = Duration::from_secs(30);

/// How long one that only said who it is may take to end.
const FAREWELL: Duration = Duration::from_secs(5);

/// Asks a client that was just started who it is, or says in a sentence why that cannot be known. `note` is told
/// what else is heard. It may take as long as `patience` says.
pub(super) async fn of(
    running: &mut Running,
    id: u64,
    patience: Option<Duration>,
    mut note: impl FnMut(&Heard),
) -> Result<ClientInfo, String> {
    let patience = patience.unwrap_or(HELLO);
    let deadline = Instant::now() + patience;
    // One that has ended already is heard to have.
    let _ = running.send(&Ask { id, verb: Verb::Hello(Hello { v: VERSION }) });
    loop {
        let Ok(heard) = timeout_at(deadline, running.next()).await else {
            return Err(format!("the client did not reply to hello within {}", seconds(patience)));
        };
        if let Some(heard) = &heard {
            note(heard);
        }
        match heard {
            Some(Heard::Reply(reply)) if reply.id == id => {
                let introduction =
                    reply.introduction().map_err(|error| format!("the client breaks drive/1: {error}"))?;
                return Ok(ClientInfo {
                    name: introduction.name,
                    version: introduction.version,
                    scheme: introduction.scheme,
                    can: introduction.can.known.into_iter().collect(),
                });
            }
            Some(Heard::Reply(reply)) => {
                return Err(format!(
                    "the client replied to question {}, and the question was {id}",
                    reply.id
                ));
            }
            Some(Heard::Wrong(error)) => return Err(format!("the client breaks drive/1: {error}")),
            Some(Heard::Flood(stream)) => {
                return Err(format!("the client wrote more to {} than anybody listens to", stream.name()));
            }
            Some(Heard::Exited(exit)) => {
                return Err(format!("{EXITED} {} before it said who it is", how(exit)));
            }
            Some(Heard::Sleep(_) | Heard::Output { .. } | Heard::Closed(_)) => {}
            None => return Err("the client has ended before it said who it is".to_owned()),
        }
    }
}

/// Starts a client only to ask who it is, or says in a sentence why that cannot be known.
pub(crate) async fn introduce(
    emulator: &Emulator,
    adapter: &Adapter,
    patience: Option<Duration>,
) -> Result<Result<ClientInfo, String>, StartError> {
    let mut running = adapter.start(&emulator.client_env(), &[])?;
    match of(&mut running, 1, patience, |_| {}).await {
        Ok(client) => {
            running.finish(FAREWELL, drop).await;
            Ok(Ok(client))
        }
        Err(why) => {
            running.kill(drop).await;
            // Nobody told it a secret.
            let words = running.last_words();
            Ok(Err(if words.is_empty() { why } else { format!("{why}; its last words:\n{words}") }))
        }
    }
}
