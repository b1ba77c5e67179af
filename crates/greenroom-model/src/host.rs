//! Which cloud a host name belongs to. One table for routing, certificates and access.

use core::net::IpAddr;

use serde::{Deserialize, Serialize};

/// The families of hosts that Greenroom stands in for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum HostFamily {
    /// `sso.common.cloud.hpe.com`: the SSO issuer (`glp.md §1`).
    Sso,
    /// `global.api.greenlake.hpe.com` and the regional `*.api.greenlake.hpe.com`.
    Glp,
    /// `*.api.central.arubanetworks.com[.cn]`: one cluster of New Central (`central.md §3`).
    Central,
    /// The API gateways of Classic Central (`central.md §7.1`).
    ClassicGateway,
    /// `*.data.cloud.hpe.com`: data services.
    DataServices,
    /// A host that a world names for a Dedicated Platform.
    Dedicated,
    /// Greenroom under its own address: every service, any cluster.
    Emulator,
    /// A host that is no part of the cloud.
    Foreign,
}

/// The sixteen New Central clusters: SDK name and host (`central.md §3`, documented).
pub const CLUSTERS: [(&str, &str); 16] = [
    ("EU-1", "de1.api.central.arubanetworks.com"),
    ("EU-Central2", "de2.api.central.arubanetworks.com"),
    ("EU-Central3", "de3.api.central.arubanetworks.com"),
    ("UK", "gb1.api.central.arubanetworks.com"),
    ("US-1", "us1.api.central.arubanetworks.com"),
    ("US-2", "us2.api.central.arubanetworks.com"),
    ("US-WEST-4", "us4.api.central.arubanetworks.com"),
    ("US-WEST-5", "us5.api.central.arubanetworks.com"),
    ("US-East1", "us6.api.central.arubanetworks.com"),
    ("Canada-1", "ca1.api.central.arubanetworks.com"),
    ("APAC-1", "in1.api.central.arubanetworks.com"),
    ("APAC-EAST1", "jp1.api.central.arubanetworks.com"),
    ("APAC-SOUTH1", "au1.api.central.arubanetworks.com"),
    ("UAE", "ae1.api.central.arubanetworks.com"),
    ("China", "cn1.api.central.arubanetworks.com.cn"),
    ("Internal", "internal.api.central.arubanetworks.com"),
];

/// The API gateways of Classic Central (`central.md §7.1`), by the SDK's name for the cluster of New Central beside.
const GATEWAYS: [(&str, &str); 14] = [
    ("US-1", "app1-apigw.central.arubanetworks.com"),
    ("US-2", "apigw-prod2.central.arubanetworks.com"),
    ("US-East1", "apigw-us-east-1.central.arubanetworks.com"),
    ("US-WEST-4", "apigw-uswest4.central.arubanetworks.com"),
    ("US-WEST-5", "apigw-uswest5.central.arubanetworks.com"),
    ("EU-1", "eu-apigw.central.arubanetworks.com"),
    ("EU-Central2", "apigw-eucentral2.central.arubanetworks.com"),
    ("EU-Central3", "apigw-eucentral3.central.arubanetworks.com"),
    ("Canada-1", "apigw-ca.central.arubanetworks.com"),
    ("APAC-1", "api-ap.central.arubanetworks.com"),
    ("APAC-EAST1", "apigw-apaceast.central.arubanetworks.com"),
    ("APAC-SOUTH1", "apigw-apacsouth.central.arubanetworks.com"),
    ("UAE", "apigw-uaenorth1.central.arubanetworks.com"),
    ("China", "apigw.central.arubanetworks.com.cn"),
];

/// The host of the SSO issuer.
pub const SSO_HOST: &str = "sso.common.cloud.hpe.com";
/// The host of the workspace issuers and of every GLP API.
pub const GLP_HOST: &str = "global.api.greenlake.hpe.com";

/// The hosts of GLP that have Private Cloud Business Edition too (HPE's private-cloud-business.json); the global one
/// is not among them.
pub const REGIONAL_DATA_SERVICES: [&str; 4] = [
    "us-west.api.greenlake.hpe.com",
    "eu-west.api.greenlake.hpe.com",
    "eu-central.api.greenlake.hpe.com",
    "ap-northeast.api.greenlake.hpe.com",
];

/// A host of New Central, which stands for its cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cluster(String);

impl Cluster {
    /// The cluster of an SDK name such as `US-WEST-5`.
    pub fn named(name: &str) -> Option<Self> {
        CLUSTERS.iter().find(|(known, _)| *known == name).map(|(_, host)| Self((*host).to_owned()))
    }

    /// The cluster behind a host, if the host is one of New Central or a Classic gateway.
    pub fn of_host(host: &str) -> Option<Self> {
        matches!(family(host, &[])?, HostFamily::Central | HostFamily::ClassicGateway)
            .then(|| Self(host.to_ascii_lowercase()))
    }

    /// Its host.
    pub fn host(&self) -> &str {
        &self.0
    }

    /// The API gateway of Classic Central that belongs to it, if one is known to.
    pub fn gateway(&self) -> Option<&str> {
        let name = self.name();
        let known = GATEWAYS.iter().find(|(cluster, _)| *cluster == name).map(|(_, host)| *host);
        let own = || family(&self.0, &[]) == Some(HostFamily::ClassicGateway);
        known.or_else(|| own().then_some(self.host()))
    }

    /// Whether a host leads to it.
    pub fn is_behind(&self, host: &str) -> bool {
        self.0 == host || self.gateway() == Some(host)
    }

    /// Its SDK name, or its host where it has none.
    pub fn name(&self) -> &str {
        CLUSTERS.iter().find(|(_, host)| *host == self.0).map_or(&self.0, |(name, _)| name)
    }
}

/// The family of `host` (no port, any case), or `None` for a host Greenroom does not stand in for.
/// `dedicated` lists the hosts that the world names for Dedicated Platforms.
pub fn family(host: &str, dedicated: &[String]) -> Option<HostFamily> {
    let host = host.to_ascii_lowercase();
    if host == SSO_HOST {
        return Some(HostFamily::Sso);
    }
    if dedicated.contains(&host) {
        return Some(HostFamily::Dedicated);
    }
    if label_before(&host, ".api.greenlake.hpe.com").is_some() {
        return Some(HostFamily::Glp);
    }
    if label_before(&host, ".data.cloud.hpe.com").is_some() {
        return Some(HostFamily::DataServices);
    }
    for suffix in [".central.arubanetworks.com", ".central.arubanetworks.com.cn"] {
        let Some(front) = host.strip_suffix(suffix) else { continue };
        if label_before(front, ".api").is_some() {
            return Some(HostFamily::Central);
        }
        let is_gateway = |label: &str| {
            label == "apigw"
                || label.starts_with("apigw-")
                || label.starts_with("api-")
                || label.ends_with("-apigw")
        };
        if label_before(front, "").is_some_and(is_gateway) {
            return Some(HostFamily::ClassicGateway);
        }
    }
    None
}

/// Traps, hosts that are there to see who sends something to them, as they are compared: in lower case and without the
/// dot of the root. Or why one of them can be no trap.
pub fn traps(names: &[String], dedicated: &[String]) -> Result<Vec<String>, String> {
    let trap = |name: &String| {
        let host = name.trim_end_matches('.').to_ascii_lowercase();
        let part = |label: &str| {
            let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
            (1..=63).contains(&label.len()) && label.bytes().all(allowed)
        };
        if host.len() > 253 || !host.split('.').all(part) || host.parse::<IpAddr>().is_ok() {
            return Err(format!("{name:?} is no host name: say evil.example.net, without scheme and port"));
        }
        if host == "localhost" || family(&host, dedicated).is_some() {
            return Err(format!("{host} is a host that Greenroom answers for: choose one that is nobody's"));
        }
        Ok(host)
    };
    names.iter().map(trap).collect()
}

/// The single host name label before `suffix`.
fn label_before<'a>(host: &'a str, suffix: &str) -> Option<&'a str> {
    host.strip_suffix(suffix).filter(|label| {
        !label.is_empty()
            && label.len() <= 63
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_host_table_is_recognised() {
        let dedicated = ["dedicated.example.com".to_owned()];
        for (host, expected) in [
            ("sso.common.cloud.hpe.com", HostFamily::Sso),
            ("SSO.common.cloud.HPE.com", HostFamily::Sso),
            ("global.api.greenlake.hpe.com", HostFamily::Glp),
            ("us-west.api.greenlake.hpe.com", HostFamily::Glp),
            ("us5.api.central.arubanetworks.com", HostFamily::Central),
            ("cn1.api.central.arubanetworks.com.cn", HostFamily::Central),
            ("apigw-prod2.central.arubanetworks.com", HostFamily::ClassicGateway),
            ("app1-apigw.central.arubanetworks.com", HostFamily::ClassicGateway),
            ("eu-apigw.central.arubanetworks.com", HostFamily::ClassicGateway),
            ("api-ap.central.arubanetworks.com", HostFamily::ClassicGateway),
            ("apigw.central.arubanetworks.com.cn", HostFamily::ClassicGateway),
            ("us1.data.cloud.hpe.com", HostFamily::DataServices),
            ("dedicated.example.com", HostFamily::Dedicated),
        ] {
            assert_eq!(family(host, &dedicated), Some(expected), "{host}");
        }
    }

    #[test]
    fn neighbours_of_the_table_stay_strangers() {
        for host in [
            "",
            "hpe.com",
            "common.cloud.hpe.com",
            "api.greenlake.hpe.com",
            ".api.greenlake.hpe.com",
            "a.b.api.greenlake.hpe.com",
            "evil-api.greenlake.hpe.com.example.net",
            "us5.api.central.arubanetworks.com.evil.example",
            "central.arubanetworks.com",
            "www.central.arubanetworks.com",
            "dedicated.example.com",
            "www.example.com",
            "127.0.0.1",
        ] {
            assert_eq!(family(host, &[]), None, "{host}");
        }
    }

    #[test]
    fn clusters_have_distinct_hosts_that_lead_back_to_their_names() {
        for (name, host) in CLUSTERS {
            let cluster = Cluster::named(name).unwrap();
            assert_eq!((cluster.host(), cluster.name()), (host, name));
            assert_eq!(Cluster::of_host(host), Some(cluster));
        }
        assert_eq!(Cluster::named("Mars-1"), None);
        assert_eq!(Cluster::of_host("sso.common.cloud.hpe.com"), None);
    }

    #[test]
    fn a_trap_is_a_host_that_is_nobodys() {
        let one = |name: &str| traps(&[name.to_owned()], &["dedicated.example.com".to_owned()]);
        assert_eq!(one("Evil.example.net."), Ok(vec!["evil.example.net".to_owned()]));
        for wrong in ["", "http://evil.example.net", "evil.example.net:443", "a..b", "127.0.0.1", "::1"] {
            assert!(one(wrong).unwrap_err().contains("is no host name"), "{wrong}");
        }
        for ours in ["localhost", "sso.common.cloud.hpe.com", "dedicated.example.com"] {
            assert!(one(ours).unwrap_err().contains("Greenroom answers for"), "{ours}");
        }
    }
}
