//! Answers and refusals of Classic Central.

use crate::{
    classic::{Application, CUSTOMERS, DEVICES, GROUPS, LOG, TOKEN},
    client::{Ask, Client},
};

#[tokio::test]
async fn answers_of_classic_central() {
    let client = Client::start().await;
    let msp = Application::of("msp-classic");
    let code = msp.code(&client).await;
    let answer = client.send(msp.redeem(&code)).await.ended_with(200);
    let (access, refresh) = crate::classic::pair(&answer);
    let get = |path: &str| Ask::get(path).bearer(&access);
    let some = [("limit", "2"), ("offset", "1")];
    client.shot("classic-devices", get(DEVICES).query(&some)).await;
    client.shot("classic-groups", get(GROUPS)).await;
    client.shot("classic-customers", get(CUSTOMERS).query(&some)).await;
    client.shot("classic-audit-log", get(LOG).query(&[("limit", "2")])).await;
    client.shot("classic-401-missing", Ask::get(GROUPS)).await;
    client.shot("classic-404", get("/configuration/v2/nothing")).await;
    client.shot("classic-405", Ask::new("DELETE", GROUPS).bearer(&access)).await;
    client.shot("classic-400-limit", get(GROUPS).query(&[("limit", "x")])).await;
    client.shot("classic-refresh-400", Ask::new("POST", TOKEN)).await;
    client.send(msp.refresh(&refresh)).await.ended_with(200);
    client.shot("classic-401-rotated", get(GROUPS)).await;
    client.dialect(&["rate_limits=documented"]);
    let (access, _) = msp.pair(&client).await;
    for _ in 0..7 {
        client.get(&access, GROUPS).await.ended_with(200);
    }
    client.shot("classic-429", Ask::get(GROUPS).bearer(&access)).await;
}
