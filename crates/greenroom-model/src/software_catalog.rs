//! The system software catalogs of Private Cloud Business Edition: eleven, the same for everybody.
//!
//! Ten are those of the listing of seed 003, in its order; it says that there is an eleventh and does not show
//! it, so that one is Greenroom's own.

mod listing;

use std::sync::LazyLock;

use serde_json::Value;

use self::listing::LISTING;
use crate::filter::Field;

/// Every catalog, as it is shown.
pub static CATALOGS: LazyLock<Vec<Value>> = LazyLock::new(|| {
    // Part of the source; a test reads it.
    serde_json::from_str(LISTING).expect("the listing is a list")
});

/// The members of a catalog.
pub const MEMBERS: &[&str] = &[
    "createdAt",
    "customerId",
    "eula",
    "generation",
    "hypervisor",
    "hypervisorManager",
    "id",
    "name",
    "releaseDate",
    "resourceUri",
    "serverFirmware",
    "storageConnectionManager",
    "storageSoftware",
    "systemsWithUpdatePath",
    "type",
    "updatedAt",
    "version",
];

/// The value of a field of a catalog, by the name that filters use. The listing spells `releaseNotesURL` what
/// HPE's file, and so a filter, calls `releaseNotesUrl`.
pub fn field<'a>(catalog: &'a Value, name: &str) -> Field<'a> {
    let found = match name.split_once('/') {
        Some((part, "releaseNotesUrl")) => &catalog[part]["releaseNotesURL"],
        Some((part, member)) => &catalog[part][member],
        None => &catalog[name],
    };
    match found {
        Value::String(text) if matches!(name, "createdAt" | "updatedAt") => {
            text.parse().map_or(Field::Null, Field::Instant)
        }
        Value::String(text) => Field::Text(text),
        Value::Number(number) => number.as_i64().map_or(Field::Null, Field::Number),
        _ => Field::Null,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn there_are_eleven_catalogs_each_with_every_member_and_an_address_of_its_own() {
        assert_eq!(CATALOGS.len(), 11);
        let ids: BTreeSet<_> = CATALOGS.iter().map(|catalog| catalog["id"].as_str().unwrap()).collect();
        assert_eq!(ids.len(), CATALOGS.len());
        for catalog in CATALOGS.iter() {
            assert_eq!(catalog.as_object().unwrap().keys().collect::<Vec<_>>(), MEMBERS);
            let uri = catalog["resourceUri"].as_str().unwrap();
            assert!(uri.ends_with(catalog["id"].as_str().unwrap()));
            assert!(matches!(field(catalog, "createdAt"), Field::Instant(_)));
            assert!(matches!(field(catalog, "generation"), Field::Number(1..)));
        }
    }

    #[test]
    fn a_field_of_a_part_is_found_and_one_of_no_part_is_null() {
        let catalog = &CATALOGS[3];
        assert!(matches!(field(catalog, "hypervisor/name"), Field::Text("ESXi 7.0U2 May 2021")));
        assert!(
            matches!(field(catalog, "hypervisor/releaseNotesUrl"), Field::Text(url) if url.starts_with("https"))
        );
        assert!(matches!(field(&CATALOGS[0], "hypervisor/name"), Field::Null));
    }
}
