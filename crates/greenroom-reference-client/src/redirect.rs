//! Where a redirect may lead: to the same host, over https, and only for requests that ask and change nothing. Token
//! requests go nowhere.

use reqwest::{Method, Url};

use crate::{
    failure::{Failure, Kind},
    http::{Answer, Request},
};

/// More than a service needs.
pub(crate) const HOPS: u32 = 5;

/// Where an answer sends its client, if it does.
pub(crate) fn target(request: &Request, answer: &Answer) -> Option<Url> {
    if !matches!(answer.status, 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    request.url.join(answer.location()?).ok()
}

/// Whether a request may be sent on to `target`.
pub(crate) fn is_allowed(request: &Request, target: &Url) -> bool {
    let asks_only = [Method::GET, Method::HEAD].contains(&request.method);
    asks_only && target.scheme() == "https" && target.origin() == request.url.origin()
}

/// What the caller is told of a redirect that is not followed.
pub(crate) fn refused(request: &Request, answer: &Answer) -> Failure {
    let message = format!("{request}: a redirect that is not followed ({})", answer.status);
    Failure::new(Kind::Protocol, message).with_status(answer.status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_stay_on_their_host_and_off_plain_http() {
        let url = |text: &str| Url::parse(text).unwrap();
        let here = "https://global.api.greenlake.hpe.com/devices/v1/devices";
        let get = Request::new(Method::GET, url(here));
        assert!(is_allowed(&get, &url("https://global.api.greenlake.hpe.com/devices/v1/devices/")));
        for elsewhere in [
            "http://global.api.greenlake.hpe.com/devices/v1/devices",
            "https://global.api.greenlake.hpe.com:8443/",
            "https://evil.example.net/",
            "https://global.api.greenlake.hpe.com.evil.example.net/",
        ] {
            assert!(!is_allowed(&get, &url(elsewhere)), "{elsewhere}");
        }
        assert!(!is_allowed(&Request::new(Method::POST, url(here)), &url(here)));
    }
}
