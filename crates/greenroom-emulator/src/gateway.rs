//! Where a request wants to go: to an imitated host, to Greenroom itself, to its control, or nowhere.
//!
//! Pure: it looks at the connection and the head of the request, and at nothing else.

use greenroom_model::{host::HostFamily, world::Door};
use http::{Uri, Version, header, request::Parts};

use crate::listen::Peer;

/// Where a request goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Road {
    /// An imitated host, or Greenroom under its own address.
    Imitated(Door),
    /// The control surface, on the plain side only.
    Control,
    /// A host that Greenroom does not stand in for.
    UnknownHost(String),
}

/// The path below which control lives.
pub(crate) const CONTROL: &str = "/_greenroom";

/// Decides the road of a request.
pub(crate) fn road(peer: &Peer, head: &Parts, family: impl Fn(&str) -> Option<HostFamily>) -> Road {
    let named = named_host(head);
    let absolute = head.version < Version::HTTP_2 && head.uri.authority().is_some();
    if absolute || peer.tunnel.is_some() {
        // In a tunnel a request that names no host means the host of the tunnel.
        let host = named.or_else(|| peer.tunnel.clone()).unwrap_or_default();
        return match family(&host) {
            Some(family) if !absolute || is_web(&head.uri) => Road::Imitated(Door { family, host }),
            _ => Road::UnknownHost(host),
        };
    }
    let host = named.unwrap_or_default();
    match family(&host) {
        Some(family) => Road::Imitated(Door { family, host }),
        None if !peer.tls && is_control(&head.uri) => Road::Control,
        None => Road::Imitated(Door { family: HostFamily::Emulator, host }),
    }
}

/// The host a request names: in its target, else in its Host header. Lower case, without port and
/// without the dot of the root.
fn named_host(head: &Parts) -> Option<String> {
    let target = head.uri.host().map(str::to_owned);
    let header = || {
        let value = head.headers.get(header::HOST)?.to_str().ok()?;
        Some(value.parse::<http::uri::Authority>().ok()?.host().to_owned())
    };
    target.or_else(header).map(|host| host.trim_end_matches('.').to_ascii_lowercase())
}

/// Whether a target is that of a web server: like a tunnel, no other port leads anywhere.
fn is_web(uri: &Uri) -> bool {
    matches!(uri.scheme_str(), Some("http" | "https")) && matches!(uri.port_u16(), None | Some(80 | 443))
}

fn is_control(uri: &Uri) -> bool {
    let path = uri.path();
    path == "/" || path == CONTROL || path.strip_prefix(CONTROL).is_some_and(|rest| rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use greenroom_model::host;
    use http::Request;

    use super::*;

    fn go(tls: bool, tunnel: Option<&str>, version: Version, uri: &str, host: Option<&str>) -> String {
        let peer = Peer { connection: 1, tls, tunnel: tunnel.map(str::to_owned), sni: None };
        let mut request = Request::builder().uri(uri).version(version);
        if let Some(host) = host {
            request = request.header(header::HOST, host);
        }
        let (head, ()) = request.body(()).unwrap().into_parts();
        let family = |host: &str| match host {
            "trap.example.net" => Some(HostFamily::Foreign),
            _ => host::family(host, &[]),
        };
        match road(&peer, &head, family) {
            Road::Imitated(door) => format!("{:?} {}", door.family, door.host),
            Road::Control => "control".to_owned(),
            Road::UnknownHost(host) => format!("unknown {host}"),
        }
    }

    #[test]
    fn roads() {
        let sso = "sso.common.cloud.hpe.com";
        let h1 = Version::HTTP_11;
        for (got, expected) in [
            (go(false, None, h1, "/as/token.oauth2", Some("127.0.0.1:4020")), "Emulator 127.0.0.1"),
            (go(false, None, h1, "/_greenroom/v1/clock", Some("127.0.0.1:4020")), "control"),
            (go(false, None, h1, "/_greenroom", None), "control"),
            (go(false, None, h1, "/_greenroomy", Some("localhost")), "Emulator localhost"),
            (go(true, None, h1, "/_greenroom/v1/clock", Some("localhost")), "Emulator localhost"),
            (go(false, None, h1, "/_greenroom/v1/clock", Some(sso)), "Sso sso.common.cloud.hpe.com"),
            (go(true, Some(sso), h1, "/_greenroom/v1/clock", Some("127.0.0.1")), "unknown 127.0.0.1"),
            (
                go(true, Some(sso), h1, "/x", Some("SSO.common.cloud.hpe.com:443")),
                "Sso sso.common.cloud.hpe.com",
            ),
            (go(true, Some(sso), h1, "/x", None), "Sso sso.common.cloud.hpe.com"),
            (go(true, Some(sso), h1, "/x", Some("evil.example.net")), "unknown evil.example.net"),
            (
                go(false, None, h1, "http://sso.common.cloud.hpe.com/x", Some("ignored")),
                "Sso sso.common.cloud.hpe.com",
            ),
            (go(false, None, h1, "http://127.0.0.1:4020/_greenroom/v1/clock", None), "unknown 127.0.0.1"),
            (
                go(false, None, h1, "http://sso.common.cloud.hpe.com:8080/x", None),
                "unknown sso.common.cloud.hpe.com",
            ),
            (
                go(false, None, h1, "ftp://sso.common.cloud.hpe.com/x", None),
                "unknown sso.common.cloud.hpe.com",
            ),
            (go(false, None, h1, "/x", Some("sso.common.cloud.hpe.com.")), "Sso sso.common.cloud.hpe.com"),
            (go(false, None, h1, "http://trap.example.net/x", None), "Foreign trap.example.net"),
            (
                go(false, None, h1, "/_greenroom/v1/clock", Some("trap.example.net")),
                "Foreign trap.example.net",
            ),
            (go(false, None, h1, "http://trap.example.net:8080/x", None), "unknown trap.example.net"),
            (go(true, Some("trap.example.net"), h1, "/x", None), "Foreign trap.example.net"),
            (
                go(false, None, h1, "http://www.example.com/", Some("www.example.com")),
                "unknown www.example.com",
            ),
            (go(false, None, Version::HTTP_2, "http://127.0.0.1:4020/_greenroom/v1/clock", None), "control"),
            (
                go(true, None, Version::HTTP_2, "https://us5.api.central.arubanetworks.com/x", None),
                "Central us5.api.central.arubanetworks.com",
            ),
        ] {
            assert_eq!(got, expected);
        }
    }
}
