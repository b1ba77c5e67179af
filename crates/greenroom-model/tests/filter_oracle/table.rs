//! The table of `glp.md §9` and `central.md §1.4`, once more and by hand.

use greenroom_model::filter::{
    Field, Grammar,
    grammars::{
        CENTRAL_DEVICE_INVENTORY, CENTRAL_DEVICES, CENTRAL_LIST_TENANTS, GLP_AUDIT_LOG_V1,
        GLP_AUDIT_LOG_V2BETA1, GLP_CREDENTIALS, GLP_DEVICE_TAGS, GLP_DEVICES, GLP_PROVISIONS,
        GLP_SUBSCRIPTIONS, GLP_USERS, GLP_WORKSPACES,
    },
};

use crate::ask::Dice;

/// What a field holds. `Word` is text that rows give without regard to case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holds {
    Text,
    Word,
    Number,
    Truth,
    Instant,
}

use Holds::{Instant, Number, Text, Truth, Word};

#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) name: &'static str,
    pub(crate) holds: Holds,
    /// What may be asked of it, with spaces between.
    pub(crate) ops: &'static str,
}

#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) grammar: Grammar,
    pub(crate) fields: &'static [Known],
    /// Names are keys of tags, and quoted.
    pub(crate) tags: bool,
    /// `or`, `not`, groups.
    pub(crate) logic: bool,
    pub(crate) infix_contains: bool,
    pub(crate) literal_first: bool,
    /// The brackets that lists may have: of `,`, `[` and `(`.
    pub(crate) lists: &'static str,
    pub(crate) null: bool,
    /// Whether text, numbers, truth values and instants may stand bare (`b`), quoted (`q`).
    pub(crate) marks: [&'static str; 4],
    pub(crate) backslash: bool,
    pub(crate) doubled: bool,
    pub(crate) quoted_whole: bool,
}

const fn known(name: &'static str, holds: Holds, ops: &'static str) -> Known {
    Known { name, holds, ops }
}

const ALL: &str = "eq ne gt ge lt le in";
const FUNCTIONS_TOO: &str = "eq ne gt ge lt le in contains startswith endswith";

const GLP: Row = Row {
    name: "",
    grammar: GLP_DEVICES,
    fields: &[],
    tags: false,
    logic: false,
    infix_contains: false,
    literal_first: false,
    lists: ",[(",
    null: false,
    marks: ["q", "b", "b", "bq"],
    backslash: false,
    doubled: false,
    quoted_whole: false,
};

const CENTRAL: Row = Row { lists: "(", marks: ["bq", "", "", ""], backslash: true, ..GLP };

pub(crate) const ROWS: &[Row] = &[
    Row {
        name: "devices",
        grammar: GLP_DEVICES,
        fields: &[
            known("id", Text, ALL),
            known("serialNumber", Text, ALL),
            known("macAddress", Text, ALL),
            known("partNumber", Text, ALL),
            known("deviceType", Text, ALL),
            known("model", Text, ALL),
            known("make", Text, ALL),
            known("assignedState", Text, ALL),
            known("category", Text, ALL),
            known("region", Text, ALL),
            known("archived", Truth, ALL),
            known("isFlex", Truth, ALL),
            known("billingTier", Text, ALL),
            known("management", Text, ALL),
            known("source", Text, ALL),
            known("createdAt", Instant, ALL),
            known("updatedAt", Instant, ALL),
            known("manufacturedDate", Instant, ALL),
            known("currentSupportLevelEndDate", Instant, ALL),
            known("tenantWorkspaceId", Text, ALL),
            known("inUseWorkspaceId", Text, ALL),
            known("application/id", Text, ALL),
        ],
        logic: true,
        null: true,
        doubled: true,
        ..GLP
    },
    Row {
        name: "tags",
        grammar: GLP_DEVICE_TAGS,
        fields: &[
            known("city", Text, "eq ne in"),
            known("it's a key", Text, "eq ne in"),
            known("", Text, "eq ne in"),
            known("eq", Text, "eq ne in"),
        ],
        tags: true,
        logic: true,
        ..GLP
    },
    Row {
        name: "workspaces",
        grammar: GLP_WORKSPACES,
        fields: &[
            known("id", Word, FUNCTIONS_TOO),
            known("createdAt", Instant, FUNCTIONS_TOO),
            known("updatedAt", Instant, FUNCTIONS_TOO),
            known("workspaceName", Text, FUNCTIONS_TOO),
            known("createdBy", Text, FUNCTIONS_TOO),
            known("inventoryOwnership", Text, FUNCTIONS_TOO),
        ],
        literal_first: true,
        null: true,
        ..GLP
    },
    Row {
        name: "users",
        grammar: GLP_USERS,
        fields: &[
            known("id", Word, FUNCTIONS_TOO),
            known("username", Text, FUNCTIONS_TOO),
            known("firstName", Text, FUNCTIONS_TOO),
            known("lastName", Text, FUNCTIONS_TOO),
            known("userStatus", Text, FUNCTIONS_TOO),
            known("createdAt", Instant, FUNCTIONS_TOO),
            known("updatedAt", Instant, FUNCTIONS_TOO),
            known("lastLogin", Instant, FUNCTIONS_TOO),
        ],
        logic: true,
        literal_first: true,
        null: true,
        ..GLP
    },
    Row {
        name: "credentials",
        grammar: GLP_CREDENTIALS,
        fields: &[known("tenantId", Word, "eq")],
        quoted_whole: true,
        ..GLP
    },
    Row {
        name: "provisions",
        grammar: GLP_PROVISIONS,
        fields: &[
            known("serviceManagerId", Word, "eq"),
            known("status", Text, "eq"),
            known("region", Text, "eq"),
        ],
        ..GLP
    },
    Row {
        name: "audit v1",
        grammar: GLP_AUDIT_LOG_V1,
        fields: &[
            known("createdAt", Instant, "lt ge"),
            known("category", Text, "eq in"),
            known("description", Text, "eq contains"),
            known("additionalInfo/ipAddress", Text, "eq contains"),
            known("user/username", Text, "eq contains"),
            known("workspace/workspaceName", Text, "eq contains"),
            known("application/id", Text, "eq"),
            known("region", Text, "eq"),
            known("hasDetails", Truth, "eq"),
        ],
        infix_contains: true,
        marks: ["q", "", "q", "q"],
        ..GLP
    },
    Row {
        name: "audit v2beta1",
        grammar: GLP_AUDIT_LOG_V2BETA1,
        fields: &[
            known("createdAt", Instant, "lt ge"),
            known("category", Text, "eq in"),
            known("description", Text, "eq contains"),
            known("ipAddress", Text, "eq contains"),
            known("username", Text, "eq contains"),
            known("workspace/name", Text, "eq contains"),
            known("workspace/type", Text, "eq"),
            known("serviceOffer/id", Text, "eq in"),
            known("region", Text, "eq"),
            known("hasDetails", Truth, "eq"),
        ],
        infix_contains: true,
        marks: ["q", "", "q", "q"],
        ..GLP
    },
    Row {
        name: "subscriptions",
        grammar: GLP_SUBSCRIPTIONS,
        fields: &[
            known("id", Text, ALL),
            known("subscriptionType", Text, ALL),
            known("subscriptionStatus", Text, ALL),
            known("key", Text, ALL),
            known("quantity", Number, ALL),
            known("availableQuantity", Number, ALL),
            known("isEval", Truth, ALL),
            known("sku", Text, ALL),
            known("skuDescription", Text, ALL),
            known("contract", Text, ALL),
            known("startTime", Instant, ALL),
            known("endTime", Instant, ALL),
            known("productType", Text, ALL),
            known("tier", Text, ALL),
            known("tierDescription", Text, ALL),
            known("quote", Text, ALL),
            known("po", Text, ALL),
            known("resellerPo", Text, ALL),
            known("createdAt", Instant, ALL),
            known("updatedAt", Instant, ALL),
        ],
        logic: true,
        null: true,
        marks: ["q", "q", "b", "bq"],
        ..GLP
    },
    Row {
        name: "inventory",
        grammar: CENTRAL_DEVICE_INVENTORY,
        fields: &[
            known("siteId", Text, "eq in"),
            known("siteName", Text, "eq in"),
            known("serialNumber", Text, "eq in"),
            known("deviceName", Text, "eq in"),
            known("deviceType", Word, "eq in"),
            known("model", Text, "eq in"),
            known("firmwareVersion", Text, "eq in"),
            known("deviceFunction", Word, "eq in"),
            known("isProvisioned", Word, "eq in"),
            known("deviceGroupName", Text, "eq in"),
            known("deployment", Word, "eq in"),
        ],
        ..CENTRAL
    },
    Row {
        name: "devices of Central",
        grammar: CENTRAL_DEVICES,
        fields: &[
            known("siteId", Text, "eq in"),
            known("siteName", Text, "eq in"),
            known("serialNumber", Text, "eq in"),
            known("deviceName", Text, "eq in"),
            known("deviceType", Word, "eq in"),
            known("status", Word, "eq in"),
            known("model", Text, "eq in"),
            known("firmwareVersion", Text, "eq in"),
            known("deployment", Word, "eq in"),
            known("clusterName", Text, "eq in"),
        ],
        ..CENTRAL
    },
    Row {
        name: "list-tenants",
        grammar: CENTRAL_LIST_TENANTS,
        fields: &[known("tenantName", Text, "eq"), known("deviceOwnership", Word, "in")],
        ..CENTRAL
    },
];

/// What a row holds in a field, or a filter compares it with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Null,
    Text(String),
    /// In halves, so that a filter can have decimals.
    Halves(i64),
    Truth(bool),
    /// One of [`INSTANTS`].
    Instant(usize),
}

/// Instants in order: as a service writes them, with another zone, and without one.
pub(crate) const INSTANTS: [[&str; 3]; 4] = [
    ["2020-09-21T14:19:09.769Z", "2020-09-21T16:19:09.769+02:00", "2020-09-21T14:19:09.769000"],
    ["2023-12-31T23:30:00.000Z", "2024-01-01T00:30:00+01:00", "2023-12-31T23:30:00"],
    ["2024-01-01T00:00:00.000Z", "2023-12-31T19:00:00-05:00", "2024-01-01T00:00:00.0"],
    ["2024-01-18T19:53:51.480Z", "2024-01-18T19:53:51.48+00:00", "2024-01-18T19:53:51.480"],
];

const TEXTS: [&str; 18] = [
    "a", "A", "ab", "AB", "b", "", "O'Neil", "''", "a b", "x,y", "(z)", "null", "true", "5", "2024", "\\",
    "a\\'b", "Zürich",
];

impl Value {
    /// Some value of the kind; never null.
    pub(crate) fn some(holds: Holds, dice: &mut Dice<'_>) -> Self {
        match holds {
            // Half of them are one of a few, so that they meet.
            Text | Word => {
                let few = [TEXTS.len(), 3][dice.roll(2)];
                Self::Text(TEXTS[dice.roll(few)].to_owned())
            }
            Number => Self::Halves(i64::try_from(dice.roll(9)).unwrap() - 4),
            Truth => Self::Truth(dice.roll(2) == 1),
            Instant => Self::Instant(dice.roll(INSTANTS.len())),
        }
    }
}

impl Row {
    /// The values of one row of a list. Numbers there are whole.
    pub(crate) fn values(&self, dice: &mut Dice<'_>) -> Vec<Value> {
        let value = |field: &Known| match Value::some(field.holds, dice) {
            _ if dice.roll(8) == 7 => Value::Null,
            Value::Halves(halves) => Value::Halves(halves / 2 * 2),
            value => value,
        };
        self.fields.iter().map(value).collect()
    }

    /// What the emulator's handlers would give for a field.
    pub(crate) fn field<'a>(&self, values: &'a [Value], name: &str) -> Field<'a> {
        let place = self.fields.iter().position(|field| field.name == name).expect("a known field");
        match (&values[place], self.fields[place].holds) {
            (Value::Null, _) => Field::Null,
            (Value::Text(text), Word) => Field::Word(text),
            (Value::Text(text), _) => Field::Text(text),
            (Value::Halves(halves), _) => Field::Number(halves / 2),
            (Value::Truth(truth), _) => Field::Truth(*truth),
            (Value::Instant(at), _) => Field::Instant(INSTANTS[*at][0].parse().unwrap()),
        }
    }
}
