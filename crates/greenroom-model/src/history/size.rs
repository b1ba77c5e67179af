//! How much memory an entry takes.

use std::{borrow::Cow, collections::BTreeMap};

use super::{Entry, Event, FileNote, IdSet, Leak, ReplyNote, Request, Response, StepNote, TokenView, Word};

/// About how many bytes an entry takes: all its text, and what holds it.
pub(super) fn size_of(event: &Event) -> usize {
    /// A string or a node of a map or list.
    const HOLD: usize = 32;
    let text = |text: &String| text.len() + HOLD;
    let texts = |list: &[String]| list.iter().map(text).sum::<usize>();
    let pairs = |map: &BTreeMap<String, String>| map.iter().map(|(a, b)| text(a) + text(b)).sum::<usize>();
    let word = |word: &Word| if let Cow::Owned(word) = word { text(word) } else { HOLD };
    let maybe = |text: &Option<String>| text.as_ref().map_or(0, |text| text.len());
    let view = |view: &Option<TokenView>| {
        let Some(TokenView { symbol, kind: _, standing: _, age: _, remaining: _ }) = view else { return 0 };
        symbol.len()
    };
    let ids = |IdSet { count: _, distinct: _, digest }: &IdSet| std::mem::size_of::<IdSet>() + text(digest);
    // Every field is named, so that a new one is not forgotten.
    std::mem::size_of::<(usize, Entry)>()
        + match event {
            Event::Request(request) => {
                let Request {
                    connection: _,
                    phase,
                    op: _,
                    route,
                    http,
                    tls: _,
                    host,
                    method,
                    path,
                    query,
                    headers,
                    auth: _,
                    form,
                    workspace,
                    client,
                    token,
                    subject,
                    actor,
                    body,
                    json,
                } = &**request;
                std::mem::size_of::<Request>()
                    + [http, method].into_iter().map(word).sum::<usize>()
                    + [host, path, query].into_iter().map(text).sum::<usize>()
                    + route.as_ref().map_or(0, word)
                    + [phase, workspace, client, actor, body, json].into_iter().map(maybe).sum::<usize>()
                    + [token, subject].into_iter().map(view).sum::<usize>()
                    + headers.size()
                    + pairs(form)
            }
            Event::Response(response) => {
                let Response {
                    request: _,
                    status: _,
                    handled: _,
                    decision: _,
                    refused,
                    why,
                    issued,
                    applied,
                    changes,
                } = response;
                [refused, why, issued].into_iter().map(maybe).sum::<usize>() + texts(applied) + texts(changes)
            }
            Event::World { seed: _, workspaces, clients, lists, traps } => {
                let list = |(name, list): (&String, &IdSet)| text(name) + ids(list);
                pairs(workspaces) + pairs(clients) + lists.iter().map(list).sum::<usize>() + texts(traps)
            }
            Event::Connection { connection: _, what, host, why } => text(what) + maybe(host) + maybe(why),
            Event::Fault { rule, request: _, connection: _, did } => text(rule) + text(did),
            Event::Gate { rule, waiting: _, asked: _, opened_by, did } => {
                text(rule) + text(opened_by) + texts(did)
            }
            Event::Clock { did } => text(did),
            Event::Note { text: note } => text(note),
            Event::Step(note) => {
                let StepNote {
                    id: _,
                    step,
                    nth: _,
                    verb,
                    object,
                    client,
                    workspace,
                    api,
                    method,
                    path,
                    query,
                    headers,
                    body,
                    log,
                    skipped,
                } = &**note;
                let texts = [object, client, workspace, api, method, path, query, body, log, skipped];
                std::mem::size_of::<StepNote>()
                    + [step, verb].into_iter().map(text).sum::<usize>()
                    + texts.into_iter().map(maybe).sum::<usize>()
                    + pairs(headers)
            }
            Event::Reply(ReplyNote { id: _, step, ok: _, status: _, kind, message, ids: list, cut }) => {
                let texts = [kind, message, cut].into_iter().map(maybe).sum::<usize>();
                text(step) + texts + list.as_ref().map_or(0, ids)
            }
            Event::Sleep { n: _, ms: _ } | Event::Wake { n: _ } | Event::Farewell {} => 0,
            Event::Output { stream: _, text: output } => text(output),
            Event::Leak(Leak { symbol, place: _, host, encoding: _, request: _, step, log }) => {
                text(symbol) + [host, step, log].into_iter().map(maybe).sum::<usize>()
            }
            Event::File(FileNote { which, mode, inode: _, replaced: _, holds }) => {
                text(which) + text(mode) + texts(holds)
            }
            Event::Exit { code: _, signal: _, why } => maybe(why),
        }
}
