//! A check as it is written: a field for each thing that can be asked, of which one is given.

use greenroom_model::rule::Selector;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    After, Alternative, By, Check, CountOf, Delays, Distinct, Each, FileIs, Gap, Grade, Judgement, LeakOf,
    Never, OneOrMore, ResultOf, Returns, Same, Sockets,
};
use crate::scenario::Level;

/// The names of what can be asked.
const VERBS: &str =
    "result, returns, count, never, order, gap, delays, same, distinct, each, sockets, leak, file or oneof";

/// Declares a form with an optional field for each thing that can be asked: exactly one is to be given.
macro_rules! asks {
    ($(#[$about:meta])* $name:ident, $shown:literal { $($(#[$field_about:meta])* $field:ident: $type:ty,)* } $($oneof:tt)?) => {
        $(#[$about])*
        #[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        #[schemars(rename = $shown)]
        pub(super) struct $name {
            $($(#[$field_about])* $field: $type,)*
            /// What the caller got.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            result: Option<ResultOf>,
            /// That the client came back at all.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            returns: Option<Returns>,
            /// How many there were.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            count: Option<CountOf>,
            /// That there was none.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            never: Option<Never>,
            /// That there were such ones, in this order, others between them or not.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            order: Option<Vec<Selector>>,
            /// How long it took from an answer to a request.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            gap: Option<Gap>,
            /// How long it took from each to the next.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            delays: Option<Delays>,
            /// That two requests were the same.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            same: Option<Same>,
            /// How many different ones there were.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            distinct: Option<Distinct>,
            /// How many there were in each group.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            each: Option<Each>,
            /// How many connections were open when the client was told to end.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            sockets: Option<Sockets>,
            /// How often a token or a secret came where it does not belong.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            leak: Option<LeakOf>,
            /// What a file holds.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            file: Option<FileIs>,
            $(
            /// One of several, the best first.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            $oneof: Option<Vec<Alternative>>,
            )?
        }

        impl $name {
            /// Nothing is asked yet.
            fn bare($($field: $type),*) -> Self {
                Self {
                    $($field,)*
                    result: None,
                    returns: None,
                    count: None,
                    never: None,
                    order: None,
                    gap: None,
                    delays: None,
                    same: None,
                    distinct: None,
                    each: None,
                    sockets: None,
                    leak: None,
                    file: None,
                    $($oneof: None,)?
                }
            }

            /// What is asked, if it is one thing.
            fn judgement(&mut self) -> Option<Judgement> {
                let all = [
                    self.result.take().map(Judgement::Result),
                    self.returns.take().map(Judgement::Returns),
                    self.count.take().map(Judgement::Count),
                    self.never.take().map(Judgement::Never),
                    self.order.take().map(Judgement::Order),
                    self.gap.take().map(Judgement::Gap),
                    self.delays.take().map(Judgement::Delays),
                    self.same.take().map(Judgement::Same),
                    self.distinct.take().map(Judgement::Distinct),
                    self.each.take().map(Judgement::Each),
                    self.sockets.take().map(Judgement::Sockets),
                    self.leak.take().map(Judgement::Leak),
                    self.file.take().map(Judgement::File),
                    $(self.$oneof.take().map(Judgement::OneOf),)?
                ];
                let mut given = all.into_iter().flatten();
                given.next().filter(|_| given.next().is_none())
            }

            /// Puts what is asked into its field.
            fn put(&mut self, judgement: Judgement) {
                match judgement {
                    Judgement::Result(it) => self.result = Some(it),
                    Judgement::Returns(it) => self.returns = Some(it),
                    Judgement::Count(it) => self.count = Some(it),
                    Judgement::Never(it) => self.never = Some(it),
                    Judgement::Order(it) => self.order = Some(it),
                    Judgement::Gap(it) => self.gap = Some(it),
                    Judgement::Delays(it) => self.delays = Some(it),
                    Judgement::Same(it) => self.same = Some(it),
                    Judgement::Distinct(it) => self.distinct = Some(it),
                    Judgement::Each(it) => self.each = Some(it),
                    Judgement::Sockets(it) => self.sockets = Some(it),
                    Judgement::Leak(it) => self.leak = Some(it),
                    Judgement::File(it) => self.file = Some(it),
                    #[allow(unreachable_patterns, reason = "an alternative has no alternatives")]
                    Judgement::OneOf(_it) => { $(self.$oneof = Some(_it);)? }
                }
            }
        }
    };
}

asks! {
    /// A check as it is written.
    Written, "Check" {
        /// Its name within the scenario.
        id: String,
        /// How binding it is, where that is not as the scenario says.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        level: Option<Level>,
        /// What usually causes a failure.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cause: Option<String>,
        /// The step, or steps, during which the requests came that it is about.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        phase: Option<OneOrMore>,
        /// After what they came.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<After>,
        /// Whether requests or answers make the order.
        #[serde(default)]
        by: By,
    } oneof
}

asks! {
    /// One of several ways, as it is written.
    WrittenAlternative, "Alternative" {
        /// How good it is.
        grade: Grade,
    }
}

impl TryFrom<Written> for Check {
    type Error = String;

    fn try_from(mut written: Written) -> Result<Self, String> {
        let judgement = written.judgement();
        let Written { id, level, cause, phase, after, by, .. } = written;
        if id.is_empty()
            || !id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        {
            return Err(format!("{id:?} is no name of a check: write lower-case words with dashes"));
        }
        let judgement =
            judgement.ok_or_else(|| format!("check {id:?} does not ask one thing: write one of {VERBS}"))?;
        match &judgement {
            Judgement::Order(list) if list.len() < 2 => {
                return Err("order: of fewer than two there is none: write count".to_owned());
            }
            Judgement::OneOf(ways) if ways.len() < 2 => {
                return Err("oneof: there are no alternatives: write the check itself".to_owned());
            }
            Judgement::Result(ResultOf {
                ok: None,
                status: None,
                kind: None,
                outcome: None,
                says: None,
                ids: None,
                ..
            }) => {
                return Err("result: say what it must be: ok, status, kind, outcome, says or ids".to_owned());
            }
            Judgement::Delays(Delays {
                grow: false,
                distinct: None,
                min: None,
                least: None,
                most: None,
                ..
            }) => {
                return Err("delays: say what they must be: grow, distinct, min, least or most".to_owned());
            }
            Judgement::File(FileIs { holds: None, mode: None, replaced: None, .. }) => {
                return Err("file: say what it must be: holds, mode or replaced".to_owned());
            }
            _ => {}
        }
        let phase = phase.map(|phase| phase.0).unwrap_or_default();
        Ok(Self { id, level, cause, phase, after, by, judgement })
    }
}

impl From<Check> for Written {
    fn from(Check { id, level, cause, phase, after, by, judgement }: Check) -> Self {
        let phase = (!phase.is_empty()).then_some(OneOrMore(phase));
        let mut written = Self::bare(id, level, cause, phase, after, by);
        written.put(judgement);
        written
    }
}

impl TryFrom<WrittenAlternative> for Alternative {
    type Error = String;

    fn try_from(mut written: WrittenAlternative) -> Result<Self, String> {
        let judgement = written.judgement();
        let judgement =
            judgement.ok_or_else(|| format!("an alternative asks one thing: write one of {VERBS}"))?;
        Ok(Self { grade: written.grade, judgement })
    }
}

impl From<Alternative> for WrittenAlternative {
    fn from(Alternative { grade, judgement }: Alternative) -> Self {
        let mut written = Self::bare(grade);
        written.put(judgement);
        written
    }
}
