//! One run of a scenario, as it can be kept and judged again: who ran, and everything that was seen.

use std::{
    collections::BTreeMap,
    io::{self, BufRead, Write},
};

use greenroom_model::history::{Entry, Event};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{drive::Capability, verdict::ClientInfo};

/// The version of run files.
pub const FORMAT: u32 = 1;

/// How the `cut` of a reply begins where the client asked and asked.
pub const UNBOUNDED: &str = "unbounded";

/// How it begins where the client's process ended.
pub const EXITED: &str = "the client exited";

/// The connections that are open after these entries, with the entry in which each was opened.
pub(crate) fn open_connections(entries: &[Entry]) -> BTreeMap<u64, u64> {
    let mut open = BTreeMap::new();
    for Entry { n, event, .. } in entries {
        if let Event::Connection { connection, what, .. } = event {
            match what.as_str() {
                "opened" => drop(open.insert(*connection, *n)),
                "closed" => drop(open.remove(connection)),
                _ => {}
            }
        }
    }
    open
}

/// Whether waiting costs a client real time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Pace {
    /// It says when it would sleep, and is woken: waits are exact and cost nothing.
    SleepEvents,
    /// It sleeps in real time.
    Otherwise,
}

impl Pace {
    /// The pace of a client that can do this.
    pub fn of(can: &[Capability]) -> Self {
        if can.contains(&Capability::SleepEvents) { Self::SleepEvents } else { Self::Otherwise }
    }
}

/// What a run began with: the first line of its file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The version of this kind of file.
    pub format: u32,
    /// The name under which the scenario ran: `REF-02`, `EXC-02[live]`.
    pub scenario: String,
    /// The digest of the scenario that was played: another one may not be judged by this run.
    pub played: String,
    /// Who was judged; absent if it never said who it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<ClientInfo>,
    /// What went wrong with the adapter or the kit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
    /// How many entries were dropped to keep the history within its bounds.
    pub dropped: u64,
}

/// One run.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// What it began with.
    pub header: Header,
    /// What was seen.
    pub entries: Vec<Entry>,
}

/// Why a file is no run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// It cannot be read.
    #[error("it cannot be read: {0}")]
    Read(#[from] io::Error),
    /// A line is none.
    #[error("line {line}: {why}; give a file that `greenroom verify --record` wrote")]
    Line {
        /// Which, from 1.
        line: usize,
        /// Why.
        why: String,
    },
    /// It was written by another version.
    #[error("it is of format {0}, and this Greenroom reads format {FORMAT}: record the run again")]
    Format(u32),
}

impl Run {
    /// Writes it: a line for the header, and one for each entry.
    pub fn write(&self, mut out: impl Write) -> io::Result<()> {
        serde_json::to_writer(&mut out, &self.header)?;
        out.write_all(b"\n")?;
        for entry in &self.entries {
            serde_json::to_writer(&mut out, entry)?;
            out.write_all(b"\n")?;
        }
        out.flush()
    }

    /// Reads what [`Run::write`] wrote.
    pub fn read(file: impl BufRead) -> Result<Self, RunError> {
        let wrong = |line: usize, why: String| RunError::Line { line, why };
        let mut lines = file.lines().enumerate().map(|(nth, line)| line.map(|line| (nth + 1, line)));
        let (_, first) = lines.next().ok_or_else(|| wrong(1, "the file is empty".to_owned()))??;
        #[derive(Deserialize)]
        struct Version {
            format: u32,
        }
        let version: Version = serde_json::from_str(&first).map_err(|error| wrong(1, error.to_string()))?;
        if version.format != FORMAT {
            return Err(RunError::Format(version.format));
        }
        let header = serde_json::from_str(&first).map_err(|error| wrong(1, error.to_string()))?;
        let mut entries = Vec::new();
        for line in lines {
            let (nth, line) = line?;
            entries.push(serde_json::from_str(&line).map_err(|error| wrong(nth, error.to_string()))?);
        }
        Ok(Self { header, entries })
    }

    /// Whether waiting cost its client real time.
    pub fn pace(&self) -> Pace {
        self.header.client.as_ref().map_or(Pace::Otherwise, |client| Pace::of(&client.can))
    }
}
