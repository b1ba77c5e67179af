//! Traps: hosts that are there to see who sends something to them.

use std::net::IpAddr;

use greenroom_model::host;

/// The hosts as they are compared, in lower case and without the dot of the root, or why one of them can be no
/// trap.
pub(crate) fn hosts(names: &[String], dedicated: &[String]) -> Result<Vec<String>, String> {
    let trap = |name: &String| {
        let host = name.trim_end_matches('.').to_ascii_lowercase();
        let part = |label: &str| {
            let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
            (1..=63).contains(&label.len()) && label.bytes().all(allowed)
        };
        if host.len() > 253 || !host.split('.').all(part) || host.parse::<IpAddr>().is_ok() {
            return Err(format!("{name:?} is no host name: say evil.example.net, without scheme and port"));
        }
        if host == "localhost" || host::family(&host, dedicated).is_some() {
            return Err(format!("{host} is a host that Greenroom answers for: choose one that is nobody's"));
        }
        Ok(host)
    };
    names.iter().map(trap).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trap_is_a_host_that_is_nobodys() {
        let one = |name: &str| hosts(&[name.to_owned()], &["dedicated.example.com".to_owned()]);
        assert_eq!(one("Evil.example.net."), Ok(vec!["evil.example.net".to_owned()]));
        for wrong in ["", "http://evil.example.net", "evil.example.net:443", "a..b", "127.0.0.1", "::1"] {
            assert!(one(wrong).unwrap_err().contains("is no host name"), "{wrong}");
        }
        for ours in ["localhost", "sso.common.cloud.hpe.com", "dedicated.example.com"] {
            assert!(one(ours).unwrap_err().contains("Greenroom answers for"), "{ours}");
        }
    }
}
