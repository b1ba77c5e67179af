//! Where something stands in a scenario file, by its path.

use greenroom_model::{
    nearest,
    yaml::{Findings, Found, Id, Kind, Tree},
};

/// How a mistake begins about a `$` that nothing stands behind.
pub(super) const UNBOUND: &str = "nothing says what ";

/// The places of a file, and the mistakes that were found there.
pub(crate) struct Places<'t> {
    tree: &'t Tree<'t>,
    findings: Findings,
    /// Each mistake is told once, though a file is read once for each value of its axis.
    told: Vec<(usize, String)>,
}

impl<'t> Places<'t> {
    pub(super) fn new(tree: &'t Tree<'t>, findings: Findings) -> Self {
        Self { tree, findings, told: Vec::new() }
    }

    pub(super) fn into_findings(self) -> Findings {
        self.findings
    }

    /// Notes a mistake at a path; if there is nothing, at what is nearest to it.
    pub(crate) fn wrong(&mut self, path: &str, message: impl Into<String>, mend: impl Into<String>) {
        let node = self.node(path);
        self.wrong_at(node, path, message.into(), mend.into());
    }

    fn wrong_at(&mut self, node: Option<Id>, path: &str, message: String, mend: String) {
        let (start, end) = node.map(|node| self.tree.place(node)).unwrap_or_default();
        // What is said of a value that nothing could be put into follows from that.
        let follows = |told: &str| told == message || told.starts_with(UNBOUND);
        if self.told.iter().any(|(at, told)| *at == start && follows(told)) {
            return;
        }
        self.told.push((start, message.clone()));
        let mend = (!mend.is_empty()).then_some(mend);
        self.findings.note(|| Found { start, end, path: path.to_owned(), message, mend, other: None });
    }

    /// Notes that a part of the file could not be read.
    pub(super) fn unreadable(&mut self, part: &str, error: &serde_path_to_error::Error<serde_json::Error>) {
        let within = error.path().to_string();
        let path = match (part, within.as_str()) {
            (part, "." | "") => part.to_owned(),
            ("", within) => within.to_owned(),
            (part, within) if within.starts_with('[') => format!("{part}{within}"),
            (part, within) => format!("{part}.{within}"),
        };
        let text = error.inner().to_string();
        let (message, mend) = explain(&text);
        let unknown = text.strip_prefix("unknown field `").and_then(|rest| rest.split('`').next());
        if let Some(key) = unknown {
            // The path may end at the map or at its key.
            let map = self.node(&path).filter(|node| self.tree.kind(*node) == Kind::Map);
            let map = map.or_else(|| self.node(path.rsplit_once('.').map_or("", |(map, _)| map)));
            let place = map.and_then(|map| self.tree.member(map, key)).map(|(key, _)| key);
            let place = place.or(map);
            let path = if path.ends_with(key) { path } else { format!("{path}.{key}") };
            return self.wrong_at(place, path.trim_start_matches('.'), message, mend);
        }
        self.wrong(&path, message, mend);
    }

    /// Notes every key that comes twice in its map.
    pub(super) fn refuse_doubled_keys(&mut self) {
        let tree = self.tree;
        let mut open: Vec<Id> = tree.root().into_iter().collect();
        while let Some(node) = open.pop() {
            match tree.kind(node) {
                Kind::List => open.extend(tree.children(node)),
                Kind::Map => {
                    let mut seen: Vec<&str> = Vec::new();
                    for (key, value) in tree.pairs(node) {
                        open.push(value);
                        let Some(name) = tree.characters(key) else {
                            self.wrong_at(
                                Some(key),
                                &tree.path(key),
                                "a key must be text".into(),
                                String::new(),
                            );
                            continue;
                        };
                        if seen.contains(&name) {
                            let message = "this key was already given".to_owned();
                            self.wrong_at(
                                Some(key),
                                &tree.path(key),
                                message,
                                "keep one of the two".to_owned(),
                            );
                        }
                        seen.push(name);
                    }
                }
                _ => {}
            }
        }
    }

    /// The node at a path, or the last one on the way to it.
    fn node(&self, path: &str) -> Option<Id> {
        let mut node = self.tree.root()?;
        let mut rest = path;
        while !rest.is_empty() {
            let next = match rest.strip_prefix('[') {
                Some(item) => self.item(node, item),
                None => self.value(node, rest),
            };
            let Some((child, after)) = next else { break };
            (node, rest) = (child, after.strip_prefix('.').unwrap_or(after));
        }
        Some(node)
    }

    /// The item of a list whose number a path begins with.
    fn item<'p>(&self, list: Id, path: &'p str) -> Option<(Id, &'p str)> {
        let (nth, after) = path.split_once(']')?;
        let nth = nth.parse().ok()?;
        let child = (self.tree.kind(list) == Kind::List).then(|| self.tree.children(list).nth(nth))??;
        Some((child, after))
    }

    /// The value of the key that a path begins with. A key may have a dot in it.
    fn value<'p>(&self, map: Id, path: &'p str) -> Option<(Id, &'p str)> {
        let mut ends: Vec<_> = path.match_indices(['.', '[']).map(|(at, _)| at).chain([path.len()]).collect();
        ends.reverse();
        ends.into_iter().find_map(|end| {
            let (_, value) = self.tree.member(map, &path[..end])?;
            Some((value, &path[end..]))
        })
    }
}

/// What a library says is wrong, in the words of this one.
fn explain(text: &str) -> (String, String) {
    let names =
        |rest: &str| -> Vec<String> { rest.split('`').skip(1).step_by(2).map(str::to_owned).collect() };
    if let Some(rest) = text.strip_prefix("unknown field `") {
        let (found, rest) = rest.split_once('`').unwrap_or((rest, ""));
        return ("unknown key".to_owned(), meant(found, &names(rest)));
    }
    if let Some(rest) = text.strip_prefix("unknown variant `") {
        let (found, rest) = rest.split_once('`').unwrap_or((rest, ""));
        return (format!("{found:?} is none of the words that can stand here"), meant(found, &names(rest)));
    }
    if let Some(rest) = text.strip_prefix("missing field `") {
        return (format!("{} is missing", rest.trim_end_matches('`')), "add it".to_owned());
    }
    match text.split_once(": ") {
        Some(("invalid type", rest)) => (format!("wrong kind of value: {rest}"), String::new()),
        _ => (text.to_owned(), String::new()),
    }
}

/// What was probably meant.
fn meant(found: &str, known: &[String]) -> String {
    let known: Vec<_> = known.iter().map(String::as_str).collect();
    match nearest::of(found, &known) {
        Some(near) => format!("did you mean {near}?"),
        None if known.is_empty() => "leave it out".to_owned(),
        None => format!("there is {}", known.join(", ")),
    }
}
