//! Dialects of Classic Central.

use super::{Case, check};
use crate::{
    classic::{Application, GROUPS, cookies, pair},
    client::Client,
};

pub(super) const CASES: &[Case] = &[
    ("classic_refresh_refused", &[("400", "400 invalid_request"), ("401", "401 invalid_request")]),
    (
        "classic_sign_in_refused",
        &[("unauthorized_401", "401"), ("forbidden_403", "403"), ("bad_request_400", "400")],
    ),
    (
        "classic_sign_in_limit",
        &[("none", "no end"), ("one_token_in_30m", "no token 2"), ("three_in_30m", "no sign-in 4")],
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
        "classic_sign_in_limit" => {
            for time in 2..=4 {
                let login = client.send(msp.login()).await;
                if login.status == 429 {
                    return format!("no sign-in {time}");
                }
                let (session, csrf) = cookies(&login.ended_with(200));
                let code = client.send(msp.authorize(&session, Some(&csrf))).await.ended_with(200).json();
                let code = code["auth_code"].as_str().unwrap();
                if client.send(msp.redeem(code)).await.status == 429 {
                    return format!("no token {time}");
                }
            }
            "no end".to_owned()
        }
        "classic_replaced_access" => {
            pair(&client.send(msp.refresh(&refresh)).await.ended_with(200));
            client.get(&access, GROUPS).await.verdict()
        }
        other => panic!("{other} has no observation"),
    }
}
