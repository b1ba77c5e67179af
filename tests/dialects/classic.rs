//! Dialects of Classic Central.

use super::{Case, check};
use crate::{
    classic::{Application, GROUPS, pair},
    client::Client,
};

pub(super) const CASES: &[Case] = &[
    ("classic_refresh_refused", &[("400", "400 invalid_request"), ("401", "401 invalid_request")]),
    (
        "classic_sign_in_refused",
        &[("unauthorized_401", "401"), ("forbidden_403", "403"), ("bad_request_400", "400")],
    ),
    ("classic_replaced_access", &[("revoked", "401 invalid_token"), ("until_exp", "200 ok")]),
];

#[tokio::test]
async fn dialects_of_classic() {
    check(CASES, observe).await;
}

async fn observe(client: &Client, row: &str) -> String {
    let msp = Application::of("msp-classic");
    let (access, refresh) = msp.pair(client).await;
    match row {
        "classic_refresh_refused" => client.send(msp.refresh("gro_00ff")).await.verdict(),
        "classic_sign_in_refused" => {
            let wrong = Application { password: "wrong".to_owned(), ..Application::of("msp-classic") };
            client.send(wrong.login()).await.status.to_string()
        }
        "classic_replaced_access" => {
            pair(&client.send(msp.refresh(&refresh)).await.ended_with(200));
            client.get(&access, GROUPS).await.verdict()
        }
        other => panic!("{other} has no observation"),
    }
}
