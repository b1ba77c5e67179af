//! Reading the body of a request: not larger than 1 MiB, and not for ever.

use std::time::Duration;

use bytes::Bytes;
use greenroom_model::refusal::Refusal;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body as _, Incoming};

/// The largest body that is read (`glp.md §11 U20`).
const LARGEST: usize = 1 << 20;

/// The whole body, or why it cannot be had. One that announces too much is not waited for.
pub(crate) async fn read(body: Incoming, timeout: Duration) -> Result<Bytes, Refusal> {
    if body.size_hint().lower() > LARGEST as u64 {
        return Err(Refusal::BodyTooLarge);
    }
    match tokio::time::timeout(timeout, Limited::new(body, LARGEST).collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Refusal::BodyTooLarge),
        Ok(Err(_)) => Err(Refusal::Malformed("the body broke off".to_owned())),
        Err(_) => Err(Refusal::BodyTooSlow),
    }
}
