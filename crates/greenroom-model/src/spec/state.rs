//! What a world file says of a world that was running: written by export, so that nothing is lost.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{
    collections::Rows,
    record::{plain_maps, records},
    values::{Nth, NthOf},
    words::{Email, Json, Label, Note, Symbol, TokenName},
};
use crate::{
    access::Service,
    async_operation::{Accepted, Progress},
    secret::Digest,
    token::TokenKind,
};

records! {
    /// What happened in a world that was running. Written by export.
    State {} optional {
        /// The virtual time at which it was written.
        saved_at: Timestamp,
        /// How many of everything there have been.
        counters: Counters,
        /// The tokens that are still worth something or would be had they not been revoked, those that such a one
        /// was exchanged from, and those from outside.
        tokens: Rows<Token>,
        /// The SHA-256 of secrets and of tokens from outside that are worth nothing any more, and still are not
        /// shown: the newest last.
        retired: Vec<Digest>,
        /// The audit log, oldest line first.
        audit: Rows<AuditLine>,
        /// The asynchronous operations that can still be asked about, oldest first.
        operations: Rows<Operation>,
        /// Users who were removed from workspaces.
        removed_users: Rows<RemovedUser>,
    };

    /// A user who was removed from a workspace.
    RemovedUser {
        /// The e-mail address.
        user: Email => refers User,
        /// The symbol of the workspace.
        workspace: Symbol => refers Workspace,
        /// When.
        at: Timestamp,
    } optional {};

    /// How many of everything there have been. What comes next goes on from there.
    Counters {} optional {
        /// Tokens.
        tokens: Nth,
        /// Lines of the audit log.
        audit_lines: Nth,
        /// Tokens of each subject.
        subjects: BTreeMap<Label, NthOf>,
        /// Asynchronous operations.
        operations: Nth,
        /// Worlds that this one came after, by a reset or by being restored.
        epoch: NthOf,
        /// Rotations of the keys that sign tokens.
        key_rotations: NthOf,
    };

    /// A token, known by its digest.
    Token {
        /// Its number.
        number: Nth => defines Token,
        /// What it is called: msp#1.
        name: TokenName,
        /// Who issued it.
        kind: TokenKind,
        /// The id of the client it was issued to.
        client: Label => refers Client,
        /// The symbol of the workspace it acts in.
        workspace: Symbol => refers Workspace,
        /// When it was issued.
        issued_at: Timestamp,
        /// When it expires.
        expires_at: Timestamp,
    } optional {
        /// The SHA-256 of its value.
        sha256: Digest => defines TokenDigest,
        /// The number of the token it was exchanged from.
        parent: Nth,
        /// Whether it came from outside rather than from here.
        adopted: bool,
        /// Whether it was taken back.
        revoked: bool,
    };

    /// A line of the audit log.
    AuditLine {
        /// Its number.
        number: Nth,
        /// The symbol of the workspace it happened in.
        workspace: Symbol => refers Workspace,
        /// The e-mail address of who did it.
        user: Email => refers User,
        /// What it is about.
        category: Label,
        /// What was done.
        description: Note,
        /// When.
        at: Timestamp,
    } optional {
        /// The service it happened at. The platform, if nothing is said.
        service: Service,
        /// What there is to say besides.
        details: Vec<Note>,
    };

    /// An asynchronous operation.
    Operation {
        /// Its number, from which its id follows.
        number: Nth => defines Operation,
        /// Which service accepted it.
        service: Accepted,
        /// The symbol of the workspace that was acted in.
        workspace: Symbol => refers Workspace,
        /// The e-mail address of who did it.
        user: Email => refers User,
        /// When it was accepted.
        started_at: Timestamp,
        /// How it stands, as JSON.
        progress: Json<Progress>,
    } optional {
        /// How often somebody has asked about it.
        polls: NthOf,
    };
}

plain_maps!(State, Counters, Token, AuditLine, Operation, RemovedUser);
