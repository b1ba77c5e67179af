//! The audit log: who signed in and who called what, newest first, bounded.

use std::{borrow::Cow, collections::VecDeque};

use jiff::Timestamp;

use crate::world::{UserIx, WorkspaceIx};

/// How many lines are kept.
const MOST_LINES: usize = 10_000;

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its number, counted from 1.
    pub ordinal: u64,
    /// The workspace it happened in.
    pub workspace: WorkspaceIx,
    /// Who did it: the user who made the API client (seed 003).
    pub user: UserIx,
    /// `category`.
    pub category: Cow<'static, str>,
    /// `description`.
    pub description: String,
    /// When.
    pub at: Timestamp,
}

/// The lines of all workspaces.
#[derive(Clone, Debug, Default)]
pub struct AuditLog {
    lines: VecDeque<Line>,
    written: u64,
}

impl AuditLog {
    /// Adds a line, dropping the oldest one when the log is full.
    pub fn write(
        &mut self,
        workspace: WorkspaceIx,
        user: UserIx,
        category: &'static str,
        description: String,
        at: Timestamp,
    ) {
        self.written = self.written.saturating_add(1);
        if self.lines.len() == MOST_LINES {
            self.lines.pop_front();
        }
        self.lines.push_back(Line {
            ordinal: self.written,
            workspace,
            user,
            category: category.into(),
            description,
            at,
        });
    }

    /// The lines of one workspace, newest first.
    pub fn of(&self, workspace: WorkspaceIx) -> impl Iterator<Item = &Line> {
        self.lines.iter().rev().filter(move |line| line.workspace == workspace)
    }

    /// All lines, oldest first.
    pub(crate) fn lines(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter()
    }

    /// How many lines were ever written.
    pub(crate) fn written(&self) -> u64 {
        self.written
    }

    /// A log that goes on after `lines`, the newest of which are kept, and `written` lines in all.
    pub(crate) fn resume(lines: impl Iterator<Item = Line>, written: u64) -> Self {
        let mut log = Self { lines: lines.collect(), written };
        let surplus = log.lines.len().saturating_sub(MOST_LINES);
        log.lines.drain(..surplus);
        log.written = log.lines.iter().map(|line| line.ordinal).max().unwrap_or_default().max(written);
        log
    }
}
