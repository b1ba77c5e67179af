//! What POST and PUT of msp-tenants say about a tenant, and everything that can be wrong with it.
//!
//! Members, lengths and lists of values are those of HPE's OpenAPI file (`glp.md §5`). Where it sets no
//! bound, the bound is ours, so that a tenant stays small and a world file can hold it. The service's
//! errors have no list of details, so one message names every member that is wrong, in the words that the
//! service catalog's are known in (`glp.md §7.3`).

use serde_json::{Map, Value};

use crate::{
    refusal::Refusal,
    tenancy::{Address, Contact, LONGEST_EMAIL, Ownership, is_country, is_email},
};

/// The longest text where HPE documents none, in characters.
const LONGEST: usize = 256;

/// The longest `phoneNumber`.
const LONGEST_PHONE: usize = 30;

/// The longest `description`.
const LONGEST_DESCRIPTION: usize = 4_096;

/// What a tenant shall be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TenantForm {
    /// `workspaceName`: the one member that must be there.
    pub name: String,
    /// `address`, `phoneNumber` and `email`. An address needs a country.
    pub contact: Contact,
    /// `description`.
    pub description: Option<String>,
    /// `inventoryOwnership`.
    pub ownership: Option<Ownership>,
}

impl TenantForm {
    /// A tenant of that name, of which no more is known.
    pub fn named(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    /// Reads the body of a request. Members that nobody documented are ignored: Aruba's own client sends
    /// one. `resourceUri` is checked and has no effect; null, and empty text where text may be absent, are
    /// as good as nothing.
    pub fn read(members: &Map<String, Value>) -> Result<Self, Refusal> {
        let mut faults = Vec::new();
        let mut top = Members { of: members, path: "", faults: &mut faults };
        let name = top.required("workspaceName", LONGEST);
        let phone = top.line("phoneNumber", LONGEST_PHONE);
        let email = top.email("email");
        let description = top.text("description", LONGEST_DESCRIPTION);
        top.line("resourceUri", LONGEST);
        let ownership = top.choice("inventoryOwnership", Ownership::of_inventory, || {
            [Ownership::Msp, Ownership::Customer].map(Ownership::inventory).join(", ")
        });
        let address = match members.get("address") {
            None | Some(Value::Null) => Address::default(),
            Some(Value::Object(members)) => {
                Members { of: members, path: "address/", faults: &mut faults }.address()
            }
            Some(_) => {
                top.wrong("address", "Value is not a valid object");
                Address::default()
            }
        };
        match faults.into_iter().reduce(|first, next| (first.0, format!("{}; {}", first.1, next.1))) {
            Some((member, message)) => Err(Refusal::Body { member, message }),
            None => Ok(Self {
                name: name.unwrap_or_default(),
                contact: Contact { address, phone, email },
                description,
                ownership,
            }),
        }
    }
}

/// The members of an object, and what is wrong with them: path and message.
struct Members<'a> {
    of: &'a Map<String, Value>,
    path: &'static str,
    faults: &'a mut Vec<(String, String)>,
}

impl Members<'_> {
    fn address(&mut self) -> Address {
        Address {
            street: self.line("streetAddress", LONGEST),
            complement: self.line("streetAddressComplement", 60),
            city: self.line("city", 40),
            state: self.line("stateOrRegion", 220),
            zip: self.line("zip", 10),
            country: self.country(),
        }
    }

    fn country(&mut self) -> Option<String> {
        let code = self.required("countryCode", LONGEST)?;
        if !is_country(&code) {
            self.wrong("countryCode", "Value is not a country code of ISO 3166 alpha-2");
            return None;
        }
        Some(code)
    }

    /// A line that must be there and not be blank.
    fn required(&mut self, name: &str, most: usize) -> Option<String> {
        match self.of.get(name) {
            None | Some(Value::Null) => {
                self.wrong(name, "Field required");
                None
            }
            Some(Value::String(text)) if text.trim().is_empty() => {
                self.wrong(name, "Ensure this value has at least 1 characters");
                None
            }
            Some(_) => self.line(name, most),
        }
    }

    fn email(&mut self, name: &str) -> Option<String> {
        let text = self.line(name, LONGEST_EMAIL)?;
        if !is_email(&text) {
            self.wrong(name, "Value is not a valid email address");
            return None;
        }
        Some(text)
    }

    fn choice<T>(
        &mut self,
        name: &str,
        read: impl Fn(&str) -> Option<T>,
        known: impl Fn() -> String,
    ) -> Option<T> {
        let text = self.line(name, LONGEST)?;
        let choice = read(&text);
        if choice.is_none() {
            self.wrong(name, &format!("Value is not one of {}", known()));
        }
        choice
    }

    /// Text without control characters.
    fn line(&mut self, name: &str, most: usize) -> Option<String> {
        let text = self.text(name, most)?;
        if text.chars().any(char::is_control) {
            self.wrong(name, "Value is not a line without control characters");
            return None;
        }
        Some(text)
    }

    fn text(&mut self, name: &str, most: usize) -> Option<String> {
        match self.of.get(name)? {
            Value::Null => None,
            Value::String(text) if text.chars().count() > most => {
                self.wrong(name, &format!("Ensure this value has at most {most} characters"));
                None
            }
            Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
            _ => {
                self.wrong(name, "Value is not a valid string");
                None
            }
        }
    }

    fn wrong(&mut self, name: &str, message: &str) {
        let member = format!("{}{name}", self.path);
        let message = format!("{message} for field {member}");
        self.faults.push((member, message));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(body: Value) -> Result<TenantForm, Refusal> {
        TenantForm::read(body.as_object().unwrap())
    }

    #[test]
    fn every_member_is_read() {
        let body = json!({
            "workspaceName": "Acme", "phoneNumber": "+1 555 0100", "email": "ops@acme.example",
            "description": "two\nlines", "inventoryOwnership": "CUSTOMER_OWNED_INVENTORY",
            "resourceUri": "/workspaces/v1/workspaces/x", "colour": {"of": "a client's own"},
            "address": {
                "streetAddress": "1 Main St", "streetAddressComplement": "Suite 2", "city": "Zürich",
                "stateOrRegion": "ZH", "zip": "8001", "countryCode": "CH", "postalCode": "8001",
            },
        });
        let form = read(body).unwrap();
        let Contact { address, phone, email } = &form.contact;
        let told = [
            &address.street,
            &address.complement,
            &address.city,
            &address.state,
            &address.zip,
            &address.country,
            phone,
            email,
            &form.description,
        ];
        let told: Vec<_> = told.map(|text| text.as_deref().unwrap_or_default()).to_vec();
        assert_eq!(
            told,
            [
                "1 Main St",
                "Suite 2",
                "Zürich",
                "ZH",
                "8001",
                "CH",
                "+1 555 0100",
                "ops@acme.example",
                "two\nlines"
            ]
        );
        assert_eq!((form.name.as_str(), form.ownership), ("Acme", Some(Ownership::Customer)));
    }

    #[test]
    fn a_name_is_enough_and_nothing_is_nothing() {
        let form = read(json!({"workspaceName": "Acme"})).unwrap();
        assert_eq!(form, TenantForm::named("Acme"));
        let nothing = json!({
            "workspaceName": "Acme", "address": null, "email": "", "phoneNumber": null, "description": "",
            "inventoryOwnership": null,
        });
        assert_eq!(read(nothing).unwrap(), form);
    }

    #[test]
    fn all_that_is_wrong_is_said_at_once() {
        let body = json!({
            "workspaceName": " ", "email": "nobody", "address": {"city": "x".repeat(41), "zip": 8001},
        });
        let Err(Refusal::Body { member, message }) = read(body) else { panic!("a refusal") };
        assert_eq!(member, "workspaceName");
        assert_eq!(
            message.split("; ").collect::<Vec<_>>(),
            [
                "Ensure this value has at least 1 characters for field workspaceName",
                "Value is not a valid email address for field email",
                "Ensure this value has at most 40 characters for field address/city",
                "Value is not a valid string for field address/zip",
                "Field required for field address/countryCode",
            ]
        );
    }

    #[test]
    fn lengths_are_in_characters_and_the_bound_is_allowed() {
        for (member, most) in [
            ("streetAddress", 256),
            ("streetAddressComplement", 60),
            ("city", 40),
            ("stateOrRegion", 220),
            ("zip", 10),
        ] {
            let body = |length| {
                let address = json!({"countryCode": "CH", member: "ü".repeat(length)});
                json!({"workspaceName": "Acme", "address": address})
            };
            assert!(read(body(most)).is_ok(), "{member}");
            assert!(read(body(most + 1)).is_err(), "{member}");
        }
        for (member, most) in [("workspaceName", 256), ("phoneNumber", 30), ("description", 4_096)] {
            let body = |length| {
                let mut body = json!({"workspaceName": "Acme"});
                body[member] = "ü".repeat(length).into();
                body
            };
            assert!(read(body(most)).is_ok(), "{member}");
            assert!(read(body(most + 1)).is_err(), "{member}");
        }
    }

    #[test]
    fn countries_and_addresses_of_mail_are_checked() {
        let country = |code: Value| read(json!({"workspaceName": "A", "address": {"countryCode": code}}));
        for good in ["US", "AW", "ZW", "CU", "KP"] {
            assert!(country(good.into()).is_ok(), "{good}");
        }
        for bad in [
            json!("us"),
            json!("USA"),
            json!("XX"),
            json!("U"),
            json!(" "),
            json!("S A"),
            json!(1),
            json!(null),
        ] {
            assert!(country(bad.clone()).is_err(), "{bad}");
        }
        let mail = |email: &str| read(json!({"workspaceName": "A", "email": email}));
        for good in ["a@b.c", "ops+x@mail.acme.example", "ü@müller.example"] {
            assert!(mail(good).is_ok(), "{good}");
        }
        for bad in ["a", "a@b", "@b.c", "a@@b.c", "a@b.c@d.e", "a b@c.d", "a@.c", "a@b.", "a@b..c", "a@b.c\n"]
        {
            assert!(mail(bad).is_err(), "{bad:?}");
        }
    }
}
