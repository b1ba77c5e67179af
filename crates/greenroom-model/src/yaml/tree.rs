//! YAML as a tree that knows where everything stands, so that a mistake can name its place.

use std::borrow::Cow;

use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, Span};
use serde_json::Value;

/// How deep lists and maps may lie in one another.
const DEEPEST: usize = 64;

/// The number of a node. A node's descendants follow it directly.
pub type Id = usize;

/// What a node is. Most texts stand in the file just as they are meant, and are not kept twice.
#[derive(Clone, Copy, Debug, PartialEq)]
enum What {
    /// A word without quotes: text, a number, `true` or nothing, as YAML 1.2 says.
    Plain,
    /// Text in quotes.
    Quoted,
    /// A word that goes over several lines.
    PlainOdd(u32),
    /// Text in quotes with escapes, or in a block.
    QuotedOdd(u32),
    List,
    /// Keys and values in turn.
    Map,
    /// `*name`, which is not followed.
    Alias,
}

/// The kinds of value that YAML 1.2 (core schema) and JSON tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Nothing, or `null`.
    Nothing,
    /// `true` or `false`.
    Truth,
    /// A number.
    Number,
    /// Text.
    Text,
    /// A list.
    List,
    /// Keys and values.
    Map,
}

impl Kind {
    /// What it is called in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Truth => "true or false",
            Self::Number => "a number",
            Self::Text => "text",
            Self::List => "a list",
            Self::Map => "a map",
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Node {
    what: What,
    start: u32,
    end: u32,
    /// The node after the last descendant.
    next: u32,
    /// The text broke off inside it.
    open: bool,
}

/// Something that is wrong with the YAML itself.
#[derive(Debug)]
pub struct Fault {
    /// The node that it is about, or in which the reading stopped.
    pub node: Option<Id>,
    /// Where, in bytes.
    pub start: usize,
    /// Where it ends, in bytes.
    pub end: usize,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub mend: &'static str,
}

/// One document.
#[derive(Debug)]
pub struct Tree<'t> {
    text: &'t str,
    nodes: Vec<Node>,
    /// Texts that do not stand in the file as they are meant.
    odd: Vec<String>,
    /// Where the text of the last node ended.
    reached: u32,
}

impl<'t> Tree<'t> {
    /// Reads the one document of `text`. What is wrong with it goes into `faults`; the tree then holds
    /// what stood before. `text` must be shorter than 4 GiB.
    pub fn read(text: &'t str, faults: &mut Vec<Fault>) -> Self {
        let mut options = granit_parser::options! {
            emit_unresolved_aliases: true,
            flow_nesting_limit: DEEPEST,
            block_nesting_limit: DEEPEST,
        };
        options.set_emit_comments(false);
        let mut tree = Self { text, nodes: Vec::new(), odd: Vec::new(), reached: 0 };
        let mut open: Vec<Id> = Vec::new();
        let mut documents = 0;
        for event in Parser::new_from_str_with_options(text, options) {
            let (event, span) = match event {
                Ok(event) => event,
                Err(error) => {
                    let at = error.marker().byte_offset().unwrap_or(text.len()).min(text.len());
                    let (message, mend) = explain(error.kind(), &error.info());
                    let node = open.last().copied();
                    faults.push(Fault { node, start: at, end: at, message, mend });
                    break;
                }
            };
            let (what, tag) = match event {
                Event::DocumentStart(..) => {
                    documents += 1;
                    if documents > 1 {
                        let message = "a second document starts here".to_owned();
                        faults.push(fault(None, &span, message, "a file is one document"));
                        break;
                    }
                    continue;
                }
                Event::SequenceEnd | Event::MappingEnd => {
                    if let Some(id) = open.pop() {
                        tree.close(id, &span);
                    }
                    continue;
                }
                Event::Scalar(value, style, _, tag) => (tree.scalar(value, style, &span), tag),
                Event::SequenceStart(_, _, tag) => (What::List, tag),
                Event::MappingStart(_, _, tag) => (What::Map, tag),
                Event::Alias(_) | Event::UnresolvedAlias(_) => (What::Alias, None),
                _ => continue,
            };
            let id = tree.nodes.len();
            if tag.is_some() {
                let message = "tags are not read here".to_owned();
                let span = span.tag_span().unwrap_or(span);
                faults.push(fault(Some(id), &span, message, "leave out the word with the exclamation mark"));
            }
            if what == What::Alias {
                let message = "anchors and aliases are not read here".to_owned();
                faults.push(fault(Some(id), &span, message, "write the value out"));
            }
            let inner = matches!(what, What::List | What::Map);
            let (start, end) = (offset(span.start.byte_offset()), offset(span.end.byte_offset()));
            tree.nodes.push(Node { what, start, end, next: id as u32 + 1, open: inner });
            if inner {
                open.push(id);
            } else {
                tree.reached = end;
            }
        }
        for id in open {
            let next = tree.nodes.len() as u32;
            (tree.nodes[id].next, tree.nodes[id].end) = (next, tree.reached.max(tree.nodes[id].end));
        }
        tree
    }

    fn scalar(&mut self, value: Cow<'_, str>, style: ScalarStyle, span: &Span) -> What {
        let (start, end) = (offset(span.start.byte_offset()) as usize, end(span) as usize);
        let plain = style == ScalarStyle::Plain;
        let (start, end) = if plain { (start, end) } else { (start + 1, end.saturating_sub(1)) };
        if self.text.get(start..end) == Some(&*value) {
            return if plain { What::Plain } else { What::Quoted };
        }
        self.odd.push(value.into_owned());
        let at = self.odd.len() as u32 - 1;
        if plain { What::PlainOdd(at) } else { What::QuotedOdd(at) }
    }

    /// Ends a list or map: with its bracket, or with the text of its last descendant.
    fn close(&mut self, id: Id, span: &Span) {
        self.reached = self.reached.max(if span.is_empty() { 0 } else { end(span) });
        let next = self.nodes.len() as u32;
        let node = &mut self.nodes[id];
        (node.next, node.end, node.open) = (next, self.reached, false);
    }

    /// The topmost node, if the text holds any.
    pub fn root(&self) -> Option<Id> {
        (!self.nodes.is_empty()).then_some(0)
    }

    /// Whether the text broke off before its end.
    pub fn broke_off(&self) -> bool {
        self.root().is_some_and(|root| self.is_open(root))
    }

    /// Whether the text broke off inside a node.
    pub fn is_open(&self, id: Id) -> bool {
        self.nodes[id].open
    }

    /// Whether a word without quotes goes over several lines.
    pub fn is_folded(&self, id: Id) -> bool {
        matches!(self.nodes[id].what, What::PlainOdd(_))
    }

    /// Whether a node is `*name`, which is not followed.
    pub fn is_alias(&self, id: Id) -> bool {
        matches!(self.nodes[id].what, What::Alias)
    }

    /// Where a node stands, in bytes.
    pub fn place(&self, id: Id) -> (usize, usize) {
        (self.nodes[id].start as usize, self.nodes[id].end as usize)
    }

    /// What kind of value a node is. An alias counts as nothing.
    pub fn kind(&self, id: Id) -> Kind {
        match self.nodes[id].what {
            What::Quoted | What::QuotedOdd(_) => Kind::Text,
            What::Plain | What::PlainOdd(_) => kind_of(self.characters(id).unwrap_or_default()),
            What::List => Kind::List,
            What::Map => Kind::Map,
            What::Alias => Kind::Nothing,
        }
    }

    /// The characters of a node that is neither list nor map.
    pub fn characters(&self, id: Id) -> Option<&str> {
        let Node { what, start, end, .. } = self.nodes[id];
        match what {
            What::Plain => self.text.get(start as usize..end as usize),
            What::Quoted => self.text.get(start as usize + 1..end as usize - 1),
            What::PlainOdd(at) | What::QuotedOdd(at) => self.odd.get(at as usize).map(String::as_str),
            What::List | What::Map | What::Alias => None,
        }
    }

    /// The items of a list, or the keys and values of a map in turn.
    pub fn children(&self, id: Id) -> impl Iterator<Item = Id> {
        let end = self.nodes[id].next as usize;
        let mut at = id + 1;
        std::iter::from_fn(move || {
            let child = (at < end).then_some(at)?;
            at = self.nodes[child].next as usize;
            Some(child)
        })
    }

    /// The keys and values of a map. A last key whose value is missing because the text broke off is
    /// left out.
    pub fn pairs(&self, id: Id) -> impl Iterator<Item = (Id, Id)> {
        let mut children = self.children(id);
        std::iter::from_fn(move || Some((children.next()?, children.next()?)))
    }

    /// The value of a node as JSON. Of a key that comes twice the last value is taken; numbers that JSON does not
    /// have are texts.
    pub fn json(&self, id: Id) -> Value {
        let characters = || self.characters(id).unwrap_or_default();
        match self.kind(id) {
            Kind::Nothing => Value::Null,
            Kind::Truth => Value::Bool(characters().starts_with(['t', 'T'])),
            Kind::Number => number(characters()).unwrap_or_else(|| Value::String(characters().to_owned())),
            Kind::Text => Value::String(characters().to_owned()),
            Kind::List => self.children(id).map(|item| self.json(item)).collect(),
            Kind::Map => {
                let pair = |(key, value)| Some((self.characters(key)?.to_owned(), self.json(value)));
                Value::Object(self.pairs(id).filter_map(pair).collect())
            }
        }
    }

    /// The key and the value under a name of a map.
    pub fn member(&self, map: Id, name: &str) -> Option<(Id, Id)> {
        let named = |(key, _): &(Id, Id)| self.characters(*key) == Some(name);
        if self.kind(map) == Kind::Map { self.pairs(map).find(named) } else { None }
    }

    /// The way to a node in words: `workspaces[1].cluster`.
    pub fn path(&self, target: Id) -> String {
        let mut path = String::new();
        let mut at = 0;
        while at < target {
            let found = match self.nodes[at].what {
                What::List => {
                    let item = self.children(at).enumerate().take_while(|(_, child)| *child <= target).last();
                    item.map(|(number, child)| {
                        path.push_str(&format!("[{number}]"));
                        child
                    })
                }
                What::Map => {
                    let pair = self.children(at).collect::<Vec<_>>();
                    let pair = pair.chunks(2).take_while(|pair| pair[0] <= target).last();
                    pair.map(|pair| {
                        if !path.is_empty() {
                            path.push('.');
                        }
                        let whole = pair[0] != target && !path.contains("clients[");
                        let key = self.characters(pair[0]).map(|key| quoted_if_odd(key, whole));
                        path.push_str(&key.unwrap_or(Cow::Borrowed("?")));
                        if pair[0] == target { target } else { pair.get(1).copied().unwrap_or(target) }
                    })
                }
                _ => None,
            };
            // Each step goes deeper; a key that is itself a list or map ends the way.
            match found {
                Some(next) if next > at && next <= target => at = next,
                _ => break,
            }
        }
        path
    }
}

/// A key as a path shows it. One that is not known to be `whole` ends where a value may begin whose colon or
/// blank was forgotten: it may be a secret.
fn quoted_if_odd(key: &str, whole: bool) -> Cow<'_, str> {
    let end = |c: char| matches!(c, ':' | '=') || (!whole && c.is_whitespace());
    if let Some((before, _)) = key.split_once(end) {
        let short: String = before.chars().take(64).collect();
        return format!("\"{}…\"", short.escape_debug()).into();
    }
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    if !key.is_empty() && key.chars().count() <= 64 && key.chars().all(plain) {
        return key.into();
    }
    let short: String = key.chars().take(64).collect();
    format!("{short:?}").into()
}

fn fault(node: Option<Id>, span: &Span, message: String, mend: &'static str) -> Fault {
    let (start, end) = (offset(span.start.byte_offset()) as usize, end(span) as usize);
    Fault { node, start, end, message, mend }
}

fn end(span: &Span) -> u32 {
    offset(span.end.byte_offset())
}

/// A parser over a text knows all offsets, and they fit.
fn offset(bytes: Option<usize>) -> u32 {
    bytes.and_then(|bytes| u32::try_from(bytes).ok()).unwrap_or_default()
}

/// What the parser found wrong, and what to do about it.
fn explain(kind: &ErrorKind, info: &str) -> (String, &'static str) {
    let mend = match kind {
        ErrorKind::TabNotAllowed | ErrorKind::TabInBlockIndentation => "indent with spaces",
        ErrorKind::InvalidIndentation => "give all keys of one map the same indentation",
        ErrorKind::RecursionLimitExceeded => {
            return (
                format!("lists and maps are nested more than {DEEPEST} deep"),
                "nothing here needs that",
            );
        }
        _ => "look at the quotes, brackets and indentation here and on the lines before",
    };
    (format!("this is not YAML: {info}"), mend)
}

/// The kind of a word without quotes: YAML 1.2, core schema.
fn kind_of(word: &str) -> Kind {
    match word {
        "" | "~" | "null" | "Null" | "NULL" => Kind::Nothing,
        "true" | "True" | "TRUE" | "false" | "False" | "FALSE" => Kind::Truth,
        _ if is_number(word) => Kind::Number,
        _ => Kind::Text,
    }
}

/// A number as JSON has it.
fn number(word: &str) -> Option<Value> {
    let word = word.strip_prefix('+').unwrap_or(word);
    let radix = |prefix, radix| i64::from_str_radix(word.strip_prefix(prefix)?, radix).ok();
    if let Some(whole) = radix("0x", 16).or_else(|| radix("0o", 8)) {
        return Some(whole.into());
    }
    let whole = word.parse::<i64>().map(Value::from).or_else(|_| word.parse::<u64>().map(Value::from));
    whole.ok().or_else(|| serde_json::Number::from_f64(word.parse().ok()?).map(Value::Number))
}

fn is_number(word: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if let Some(octal) = word.strip_prefix("0o") {
        return !octal.is_empty() && octal.bytes().all(|byte| (b'0'..=b'7').contains(&byte));
    }
    if let Some(hex) = word.strip_prefix("0x") {
        return !hex.is_empty() && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
    }
    if matches!(word, ".nan" | ".NaN" | ".NAN") {
        return true;
    }
    let word = word.strip_prefix(['+', '-']).unwrap_or(word);
    if matches!(word, ".inf" | ".Inf" | ".INF") {
        return true;
    }
    let (mantissa, exponent) = match word.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (word, None),
    };
    let exponent_fits = exponent.is_none_or(|text| digits(text.strip_prefix(['+', '-']).unwrap_or(text)));
    let mantissa_fits = match mantissa.split_once('.') {
        None => digits(mantissa),
        Some(("", fraction)) => digits(fraction),
        Some((whole, fraction)) => digits(whole) && (fraction.is_empty() || digits(fraction)),
    };
    exponent_fits && mantissa_fits
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Tree<'_>, Vec<Fault>) {
        let mut faults = Vec::new();
        let tree = Tree::read(text, &mut faults);
        (tree, faults)
    }

    #[test]
    fn every_node_knows_its_way_and_its_place() {
        let text = "a:\n  - b: x y\n    \"c d\": [1, {e: f}]\ng: end\n";
        let (tree, faults) = read(text);
        assert!(faults.is_empty());
        let mut seen = Vec::new();
        for id in 0..tree.nodes.len() {
            let (start, end) = tree.place(id);
            seen.push(format!("{} = {}", tree.path(id), &text[start..end]));
        }
        let expected = [
            " = a:\n  - b: x y\n    \"c d\": [1, {e: f}]\ng: end",
            "a = a",
            "a = - b: x y\n    \"c d\": [1, {e: f}]",
            "a[0] = b: x y\n    \"c d\": [1, {e: f}]",
            "a[0].b = b",
            "a[0].b = x y",
            "a[0].\"c…\" = \"c d\"",
            "a[0].\"c d\" = [1, {e: f}]",
            "a[0].\"c d\"[0] = 1",
            "a[0].\"c d\"[1] = {e: f}",
            "a[0].\"c d\"[1].e = e",
            "a[0].\"c d\"[1].e = f",
            "g = g",
            "g = end",
        ];
        assert_eq!(seen, expected);
    }

    #[test]
    fn words_are_of_the_kinds_of_yaml_1_2() {
        for (word, kind) in [
            ("~", Kind::Nothing),
            ("yes", Kind::Text),
            ("on", Kind::Text),
            ("NO", Kind::Text),
            ("True", Kind::Truth),
            ("12", Kind::Number),
            ("-1.5e+3", Kind::Number),
            ("0x1f", Kind::Number),
            ("0o17", Kind::Number),
            (".5", Kind::Number),
            ("-.inf", Kind::Number),
            ("1_000", Kind::Text),
            ("1e", Kind::Text),
            (".", Kind::Text),
            ("-", Kind::Text),
            ("15m", Kind::Text),
            ("7c1de0a25b3f11ee86a19d42f7b35e60", Kind::Text),
            ("2025-09-17T13:06:59.001Z", Kind::Text),
        ] {
            assert_eq!(kind_of(word), kind, "{word}");
        }
    }

    #[test]
    fn a_tree_is_json_that_knows_its_places() {
        let (tree, _) = read("{a: [1, -2, 1.5, 0x1f, true, ~, x, '1'], b: {c: +3, c: 4}, d: .inf}");
        let json =
            serde_json::json!({"a": [1, -2, 1.5, 31, true, null, "x", "1"], "b": {"c": 4}, "d": ".inf"});
        assert_eq!(tree.json(0), json);
        let (key, value) = tree.member(0, "d").unwrap();
        assert_eq!((tree.characters(key), tree.characters(value)), (Some("d"), Some(".inf")));
        assert_eq!(tree.member(value, "d"), None);
    }

    #[test]
    fn a_text_that_breaks_off_keeps_what_stood_before() {
        let (tree, faults) = read("a: 1\nb:\n  - c: 2\n    d: [3, \"x\n");
        assert_eq!(faults.len(), 1);
        assert!(tree.broke_off());
        let keys: Vec<_> = tree.pairs(0).filter_map(|(key, _)| tree.characters(key)).collect();
        assert_eq!(keys, ["a", "b"]);
        assert_eq!(faults[0].node.map(|node| tree.path(node)).as_deref(), Some("b[0].d"));
    }

    #[test]
    fn nesting_aliases_and_tags_are_bounded_or_refused() {
        let deep = format!("a: {}", "[".repeat(5_000));
        let (_, faults) = read(&deep);
        assert_eq!(faults[0].message, "lists and maps are nested more than 64 deep");
        let (_, faults) = read("a: &x [1]\nb: [*x, *x, *y]\nc: !!str 1\n");
        let messages: Vec<_> = faults.iter().map(|fault| fault.message.as_str()).collect();
        assert_eq!(
            messages,
            [
                "anchors and aliases are not read here",
                "anchors and aliases are not read here",
                "anchors and aliases are not read here",
                "tags are not read here"
            ]
        );
    }
}
