//! The system software catalogs of Private Cloud Business Edition: eleven, on the hosts that have them.

use std::collections::BTreeSet;

use greenroom_model::{host::REGIONAL_DATA_SERVICES, software_catalog::CATALOGS as ALL};

use super::{cell, rows};
use crate::client::{Ask, CENTRAL, Client, GLP};

const CATALOGS: &str = "/private-cloud-business/v1beta1/system-software-catalogs";

#[tokio::test]
async fn eleven_catalogs_are_paged_by_ten_to_a_hundred() {
    let client = Client::start().await;
    let token = client.mint("standard").await;
    let list = async |query: &[(&str, &str)]| client.list(&token, CATALOGS, query).await;
    let first = list(&[]).await.ended_with(200).json();
    assert_eq!(["count", "offset", "total"].map(|name| &first[name]), [10, 0, 11]);
    let second = list(&[("offset", "10")]).await.ended_with(200);
    assert_eq!(["count", "offset", "total"].map(|name| second.json()[name].clone()), [1, 10, 11]);
    let all = rows(&list(&[("limit", "100")]).await.ended_with(200));
    assert_eq!(all, **ALL);
    assert_eq!(all[..10], *first["items"].as_array().unwrap());
    assert_eq!(all[10..], rows(&second));
    let beyond = list(&[("offset", "11")]).await.ended_with(200).json();
    assert_eq!([&beyond["count"], &beyond["total"]], [0, 11]);
    for query in [("limit", "9"), ("limit", "101"), ("limit", "ten"), ("offset", "-1"), ("filter", "version")]
    {
        let refused = list(&[query]).await.ended_with(400);
        assert_eq!(refused.json()["errorCode"], "HPE_GL_ERROR_BAD_REQUEST", "{query:?}");
    }
    for row in &all {
        let one = client.get(&token, &cell(row, "resourceUri")).await.ended_with(200).json();
        assert_eq!(one, *row);
    }
    client.get(&token, &format!("{CATALOGS}/00000000-0000-4000-8000-000000000000")).await.ended_with(404);
    client.dialect(&["page_past_end=400"]);
    list(&[("offset", "11")]).await.ended_with(400);
    client.dialect(&["limit_over_max=clamp"]);
    assert_eq!(rows(&list(&[("limit", "101")]).await.ended_with(200)).len(), 11);
}

#[tokio::test]
async fn filters_take_values_with_quotes_and_without() {
    let client = Client::start().await;
    let token = client.mint("standard").await;
    let list =
        async |filter: &str| client.list(&token, CATALOGS, &[("filter", filter), ("limit", "100")]).await;
    for (filter, versions) in [
        ("version eq '1.70'", &["1.70"][..]),
        ("version eq 1.70", &["1.70"]),
        ("name in ('1.69', '1.70')", &["1.70", "1.69"]),
        ("id eq f3b72767-4f59-4af5-8e34-cc2828baa954", &["2.98"]),
        ("hypervisor/name eq 'ESXi 7.0U2 May 2021'", &["1.70"]),
        ("hypervisor/name ne null", &["1.70", "1.69"]),
        ("serverFirmware/releaseDate eq 2022-09-28", &["1.70"]),
        ("generation eq 991063", &["2.98"]),
        ("generation eq '991063'", &["2.98"]),
        ("generation gt 3000000 and releaseDate eq '2023-06-01'", &["1.70", "1.69"]),
        ("createdAt lt 2024-01-01T00:00:00Z", &["1.70", "1.69"]),
        ("createdAt lt '2024-01-01T00:00:00Z'", &["1.70", "1.69"]),
        ("hypervisor/name eq 'ESXi'", &[]),
    ] {
        let answer = list(filter).await.ended_with(200);
        assert_eq!(answer.column("version"), versions, "{filter}");
        assert_eq!(answer.json()["total"], versions.len(), "{filter}");
    }
    let notes = cell(&ALL[3]["hypervisor"], "releaseNotesURL");
    let found = list(&format!("hypervisor/releaseNotesUrl eq '{notes}'")).await.ended_with(200);
    assert_eq!(found.column("version"), ["1.70"]);
    let narrow = [("select", "version,id"), ("select", "nonsense")];
    for row in rows(&client.list(&token, CATALOGS, &narrow).await.ended_with(200)) {
        let members: BTreeSet<_> = row.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(members, ["id", "version"].into());
        let one = client.list(&token, &format!("{CATALOGS}/{}", cell(&row, "id")), &narrow).await;
        assert_eq!(one.ended_with(200).json(), row);
    }
    client.dialect(&["unquoted_literal=reject"]);
    list("version eq x").await.ended_with(400);
}

#[tokio::test]
async fn the_regional_hosts_have_them_and_the_others_have_not() {
    let client = Client::start().await;
    let [standard, msp] = [client.mint("standard").await, client.mint("msp").await];
    let ask = |host: &str, token: &str| Ask::get(CATALOGS).bearer(token).at(host);
    for host in REGIONAL_DATA_SERVICES.into_iter().chain(["us1.data.cloud.hpe.com", "eu1.data.cloud.hpe.com"])
    {
        for token in [&standard, &msp] {
            assert_eq!(client.send(ask(host, token)).await.ended_with(200).json()["total"], 11, "{host}");
        }
        client.send(Ask::get(CATALOGS).at(host)).await.ended_with(401);
    }
    for host in [GLP, CENTRAL] {
        client.send(ask(host, &standard)).await.ended_with(404);
    }
    client.advance("1h");
    client.send(ask("us1.data.cloud.hpe.com", &standard)).await.ended_with(401);
}
