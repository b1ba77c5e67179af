//! Workspaces of GLP: the tenants of an MSP, and each workspace's own entry.

use serde_json::{Value, json};

use super::{TENANTS, WORKSPACES};
use crate::client::Client;

const ALL_TENANTS: [&str; 6] = [
    "Example Tenant Name",
    "Tenant ABC",
    "Customer-Owned Ltd",
    "O'Neil & Sons",
    "Käserei Zürich 東京",
    "Tenant Without Devices",
];

#[tokio::test]
async fn tenants_are_filtered_by_their_name() {
    let client = Client::start().await;
    let msp = client.mint("msp").await;
    for name in ALL_TENANTS {
        let filter = format!("workspaceName eq '{}'", name.replace('\'', "''"));
        let answer = client.list(&msp, TENANTS, &[("filter", &filter)]).await.ended_with(200);
        assert_eq!(answer.column("workspaceName"), [name]);
        assert_eq!(answer.json()["total"], 1);
    }
    // Spaces as httpx and as curl send them, and the quote as both do.
    for filter in [
        "workspaceName+eq+%27Tenant+ABC%27",
        "workspaceName%20eq%20%27Tenant%20ABC%27",
        "workspaceName%20eq%20'Tenant%20ABC'",
    ] {
        let answer = client.get(&msp, &format!("{TENANTS}?filter={filter}")).await.ended_with(200);
        assert_eq!(answer.column("workspaceName"), ["Tenant ABC"], "{filter}");
    }
    let none = client.list(&msp, TENANTS, &[("filter", "workspaceName eq 'tenant abc'")]).await;
    assert_eq!(none.ended_with(200).json()["count"], 0, "names are compared with case");
    let blank = client.get(&msp, &format!("{TENANTS}?filter=")).await.ended_with(200);
    assert_eq!(blank.column("workspaceName"), ALL_TENANTS, "an empty filter is none");
}

#[tokio::test]
async fn tenants_are_filtered_by_every_property() {
    let client = Client::start().await;
    let msp = client.mint("msp").await;
    let all = client.get(&msp, TENANTS).await.ended_with(200);
    let names = async |filter: &str| {
        client.list(&msp, TENANTS, &[("filter", filter)]).await.ended_with(200).column("workspaceName")
    };
    let (ids, dates) = (all.column("id"), all.column("createdAt"));
    assert_eq!(names(&format!("id eq '{}'", ids[1])).await, ["Tenant ABC"]);
    assert_eq!(names(&format!("id in ['{}','{}']", ids[0], ids[5])).await, [ALL_TENANTS[0], ALL_TENANTS[5]]);
    assert_eq!(
        names("inventoryOwnership eq 'CUSTOMER_OWNED_INVENTORY'").await,
        [ALL_TENANTS[2], ALL_TENANTS[4]]
    );
    assert_eq!(names(&format!("createdAt gt '{}'", dates[3])).await, ALL_TENANTS[4..]);
    // Quoted and without a zone, as HPE's sample writes it.
    assert_eq!(names(&format!("updatedAt le '{}'", dates[3].trim_end_matches('Z'))).await, ALL_TENANTS[..4]);
    assert_eq!(names("createdBy eq 'msp.admin@example.com'").await, ALL_TENANTS);
    assert_eq!(names("createdBy ne 'msp.admin@example.com'").await, [""; 0]);
    assert_eq!(
        names("contains(workspaceName,'Tenant') and startswith(workspaceName,'Tenant')").await,
        ["Tenant ABC", "Tenant Without Devices"]
    );
    for bad in [
        "colour eq 'red'",
        "workspaceName like 'a'",
        "workspaceName eq",
        "workspaceName eq ABC",
        "'workspaceName eq x",
        "workspaceName eq 'a' or id eq 'b'",
        "workspaceName",
    ] {
        let answer = client.list(&msp, TENANTS, &[("filter", bad)]).await.ended_with(422);
        assert_eq!(answer.json()["errorCode"], "HPE_GL_ERROR_UNPROCESSABLE_ENTITY", "{bad}");
    }
}

#[tokio::test]
async fn tenants_come_in_pages() {
    let client = Client::start().await;
    let msp = client.mint("msp").await;
    let page = async |offset: &str, limit: &str| {
        client.list(&msp, TENANTS, &[("offset", offset), ("limit", limit)]).await
    };
    let second = page("2", "2").await.ended_with(200);
    assert_eq!(second.column("workspaceName"), ALL_TENANTS[2..4]);
    let body = second.json();
    assert_eq!([&body["offset"], &body["count"], &body["total"]], [2, 2, 6]);
    assert_eq!(page("5", "300").await.ended_with(200).column("workspaceName"), ALL_TENANTS[5..]);
    let past = page("6", "2").await.ended_with(200).json();
    assert_eq!([&past["count"], &past["total"]], [0, 6]);
    for (offset, limit) in
        [("0", "301"), ("0", "0"), ("-1", "5"), ("x", "5"), ("0", "1.5"), ("99999999999", "5")]
    {
        page(offset, limit).await.ended_with(422);
    }
    // GLP ignores what it does not know.
    client.list(&msp, TENANTS, &[("search", "x")]).await.ended_with(200);
    client.dialect(&["offset_unit=pages"]);
    assert_eq!(page("2", "2").await.ended_with(200).column("workspaceName"), ALL_TENANTS[4..]);
    client.dialect(&["offset_unit=items", "limit_over_max=clamp", "page_past_end=400"]);
    assert_eq!(page("0", "5000").await.ended_with(200).json()["count"], 6);
    page("6", "2").await.ended_with(422);
    page("5", "2").await.ended_with(200);
    client.dialect(&["unknown_query=reject"]);
    client.list(&msp, TENANTS, &[("search", "x")]).await.ended_with(422);
}

#[tokio::test]
async fn only_an_msp_has_tenants() {
    let client = Client::start().await;
    let msp = client.mint("msp").await;
    for token in [client.exchange(&msp, "abc").await, client.mint("standard").await] {
        let answer = client.get(&token, TENANTS).await.ended_with(403);
        assert_eq!(answer.json()["errorCode"], "HPE_GL_ERROR_FORBIDDEN");
    }
    client.get(&client.mint_sso("msp").await, TENANTS).await.ended_with(200);
}

#[tokio::test]
async fn a_workspace_shows_itself_and_no_other() {
    let client = Client::start().await;
    let msp = client.mint("msp").await;
    let abc = client.exchange(&msp, "abc").await;
    let path = |symbol: &str| format!("{WORKSPACES}/{}", client.workspace(symbol));
    let own = client.get(&abc, &path("abc")).await.ended_with(200).json();
    assert_eq!(
        (own["workspaceName"].as_str(), own["workspaceType"].as_str()),
        (Some("Tenant ABC"), Some("MSP_TENANT"))
    );
    // The id in its other form is the same id.
    client.get(&abc, &path("abc").replace('-', "")).await.ended_with(200);
    assert_eq!(client.get(&msp, &path("msp")).await.ended_with(200).json()["workspaceType"], "MSP");
    let stranger = format!("{WORKSPACES}/00000000-0000-4000-8000-000000000000");
    let foreign = client.get(&abc, &path("oneil")).await.ended_with(403);
    let nobody = client.get(&abc, &stranger).await.ended_with(403);
    let without_id = |mut body: Value| {
        body.as_object_mut().unwrap().remove("debugId");
        body
    };
    assert_eq!(without_id(foreign.json()), without_id(nobody.json()), "a stranger cannot tell them apart");
    client.get(&msp, &path("abc")).await.ended_with(403);
    client.get(&abc, &path("msp")).await.ended_with(403);
    for garbage in ["garbage", "123", "%00", "7c1de0a2-5b3f-11ee-86a1-9d42f7b35e6", "%27"] {
        client.get(&abc, &format!("{WORKSPACES}/{garbage}")).await.ended_with(422);
    }
    client.dialect(&["wrong_workspace_token=unauthorized_401"]);
    client.get(&abc, &path("oneil")).await.ended_with(401);
}

#[tokio::test]
async fn a_workspace_tells_how_to_reach_it_and_nobody_else() {
    let client = Client::start().await;
    let msp = client.mint("msp").await;
    let abc = client.exchange(&msp, "abc").await;
    let path = |symbol: &str| format!("{WORKSPACES}/{}/contact", client.workspace(symbol));
    for (token, symbol, email) in [
        (&msp, "msp", "msp.admin@example.com"),
        (&abc, "abc", "msp.admin@example.com"),
        (&client.mint("standard").await, "standard", "ops.user@example.com"),
    ] {
        let contact = client.get(token, &path(symbol)).await.ended_with(200).json();
        let expected = json!({"address": {"countryCode": "US"}, "email": email, "resourceUri": path(symbol)});
        assert_eq!(contact, expected, "what is not known is left out");
    }
    for (token, symbol) in [(&abc, "oneil"), (&msp, "abc"), (&abc, "msp")] {
        client.get(token, &path(symbol)).await.ended_with(403);
    }
    client.get(&abc, &format!("{WORKSPACES}/garbage/contact")).await.ended_with(422);
    client.get(&abc, &format!("{WORKSPACES}//contact")).await.ended_with(422);
    client.get(&abc, &format!("{}/more", path("abc"))).await.ended_with(404);
}
