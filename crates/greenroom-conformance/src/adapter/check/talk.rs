//! Questions to an adapter and what comes of them: its replies, and everything else it does.

use std::{
    collections::{BTreeSet, HashMap},
    time::Duration,
};

use tokio::time::timeout;

use crate::{
    adapter::{Exit, Gone, Heard, Running, Stream},
    drive::{Ask, ProtocolError, Reply, Verb},
};

/// A conversation with an adapter.
pub(super) struct Talk {
    pub(super) running: Running,
    patience: Duration,
    last_id: u64,
    /// Asked and not answered.
    open: BTreeSet<u64>,
    /// Answered, and not yet waited for.
    early: HashMap<u64, Reply>,
    /// Everything it said beside the protocol.
    pub(super) output: String,
    /// What of it was on stdout, by its first line, and how many chunks.
    pub(super) noise: Option<String>,
    /// How often it said that it would sleep.
    pub(super) sleeps: u64,
    /// Texts of its replies.
    pub(super) messages: String,
}

/// Why there is no reply.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Trouble {
    /// It came, and is wrong.
    Wrong(ProtocolError),
    /// One came that nobody had asked for.
    Stray(u64),
    /// None came in time.
    Silent(Duration),
    /// It says too much.
    Flood(Stream),
    /// The adapter has ended.
    Ended(Option<Exit>),
}

impl Trouble {
    /// What the adapter did.
    pub(super) fn problem(&self) -> String {
        match self {
            Self::Wrong(error) => error.message.clone(),
            Self::Stray(id) => format!("a reply bears the id {id}, and no question that is open does"),
            Self::Silent(patience) => format!("no reply came within {patience:?}"),
            Self::Flood(stream) => format!("{} is flooded: more came than anybody listens to", stream.name()),
            Self::Ended(Some(Exit { code: Some(code), .. })) => {
                format!("the adapter ended with exit code {code} instead of replying")
            }
            Self::Ended(Some(Exit { signal: Some(signal), .. })) => {
                format!("signal {signal} ended the adapter before it replied")
            }
            Self::Ended(_) => "the adapter ended before it replied".to_owned(),
        }
    }

    /// How to mend it.
    pub(super) fn mend(&self) -> &'static str {
        match self {
            Self::Wrong(_) => "write the reply as docs/drive.md says",
            Self::Stray(_) => "copy \"id\" from the question to its reply, and reply once",
            Self::Silent(_) => {
                "write each reply as one line, flush stdout after it, and read stdin line by line, not until its end"
            }
            Self::Flood(_) => "print one line for each reply on stdout, and little else anywhere",
            Self::Ended(_) => "catch what goes wrong and reply with \"ok\": false; end only when stdin ends",
        }
    }
}

impl From<Gone> for Trouble {
    fn from(_: Gone) -> Self {
        Self::Ended(None)
    }
}

impl Talk {
    pub(super) fn new(running: Running, patience: Duration) -> Self {
        Self {
            running,
            patience,
            last_id: 0,
            open: BTreeSet::new(),
            early: HashMap::new(),
            output: String::new(),
            noise: None,
            sleeps: 0,
            messages: String::new(),
        }
    }

    /// Asks, and waits for the reply.
    pub(super) async fn ask(&mut self, verb: Verb) -> Result<Reply, Trouble> {
        let id = self.begin(verb)?;
        self.reply_to(id).await
    }

    /// Asks, and leaves the reply for later.
    pub(super) fn begin(&mut self, verb: Verb) -> Result<u64, Trouble> {
        let ask = Ask { id: self.last_id + 1, verb };
        self.line(ask.to_line())
    }

    /// Asks with a line that no kit of today writes. Its id must be the next one.
    pub(super) async fn ask_oddly(&mut self, line: impl FnOnce(u64) -> String) -> Result<Reply, Trouble> {
        let id = self.line(line(self.last_id + 1))?;
        self.reply_to(id).await
    }

    fn line(&mut self, line: String) -> Result<u64, Trouble> {
        self.running.speaker()?.line(line)?;
        self.last_id += 1;
        self.open.insert(self.last_id);
        Ok(self.last_id)
    }

    /// Waits for a reply.
    pub(super) async fn reply_to(&mut self, id: u64) -> Result<Reply, Trouble> {
        if let Some(reply) = self.early.remove(&id) {
            return Ok(reply);
        }
        let patience = self.patience;
        timeout(patience, self.listen_for(id)).await.unwrap_or(Err(Trouble::Silent(patience)))
    }

    async fn listen_for(&mut self, id: u64) -> Result<Reply, Trouble> {
        loop {
            match self.running.next().await {
                Some(Heard::Reply(reply)) => {
                    if !self.open.remove(&reply.id) {
                        return Err(Trouble::Stray(reply.id));
                    }
                    self.messages.extend(reply.message.iter().flat_map(|message| [message.as_str(), "\n"]));
                    if reply.id == id {
                        return Ok(*reply);
                    }
                    self.early.insert(reply.id, *reply);
                }
                Some(Heard::Wrong(error)) => {
                    error.id.map(|id| self.open.remove(&id));
                    return Err(Trouble::Wrong(error));
                }
                Some(Heard::Sleep(sleep)) => {
                    self.sleeps += 1;
                    self.running.wake(sleep.n)?;
                }
                Some(Heard::Flood(stream)) => return Err(Trouble::Flood(stream)),
                Some(Heard::Exited(exit)) => return Err(Trouble::Ended(Some(exit))),
                Some(heard) => self.overhear(&heard),
                None => return Err(Trouble::Ended(None)),
            }
        }
    }

    /// Remembers what is no reply.
    fn overhear(&mut self, heard: &Heard) {
        if let Heard::Output { stream, text } = heard {
            self.output.push_str(text);
            if *stream == Stream::Stdout && self.noise.is_none() {
                self.noise = text.lines().find(|line| !line.trim().is_empty()).map(str::to_owned);
            }
        }
    }

    /// Ends the adapter, in peace or not.
    pub(super) async fn end(&mut self, patience: Duration, in_peace: bool) -> Option<Exit> {
        let mut last = Vec::new();
        let exit = if in_peace {
            self.running.finish(patience, |heard| last.push(heard)).await
        } else {
            self.running.kill(|heard| last.push(heard)).await
        };
        last.iter().for_each(|heard| self.overhear(heard));
        exit
    }
}
