//! The system software catalogs of Private Cloud Business Edition.

use crate::client::{Ask, Client};

const CATALOGS: &str = "/private-cloud-business/v1beta1/system-software-catalogs";

#[tokio::test]
async fn software_catalogs() {
    let client = Client::start().await;
    let token = client.mint("standard").await;
    let with = |query: &[(&str, &str)]| Ask::get(CATALOGS).bearer(&token).query(query);
    let one = |id: &str| Ask::get(&format!("{CATALOGS}/{id}")).bearer(&token);
    client
        .shots([
            ("catalogs", with(&[("filter", "version eq '1.70'")])),
            ("catalogs-last", with(&[("offset", "10")])),
            ("catalogs-selected", with(&[("select", "version,eula"), ("filter", "hypervisor/name ne null")])),
            ("catalogs-400-limit", with(&[("limit", "9")])),
            ("catalogs-400-filter", with(&[("filter", "systemsWithUpdatePath eq 'x'")])),
            ("catalogs-401", Ask::get(CATALOGS).header("authorization", "Bearer {'access_token': 'x'}")),
            ("catalogs-405", Ask::new("DELETE", CATALOGS).bearer(&token)),
            ("software-catalog", one("f3b72767-4f59-4af5-8e34-cc2828baa954")),
            ("software-catalog-404", one("nobody")),
        ])
        .await;
}
