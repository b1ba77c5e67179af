//! Where things are: the issuers, the APIs, the clusters of New Central.

use reqwest::Url;

use crate::failure::{Failure, Kind};

/// The issuer for clients of one service.
const SSO: &str = "https://sso.common.cloud.hpe.com/as/token.oauth2";
/// The issuers of workspaces, and the APIs of GLP.
const GLP: &str = "https://global.api.greenlake.hpe.com";

/// The clusters of New Central by the names that HPE gives them.
const CLUSTERS: [(&str, &str); 16] = [
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

/// Of a URL that this program made up, or was given.
fn url(text: &str) -> Result<Url, Failure> {
    Url::parse(text).map_err(|error| Failure::new(Kind::Other, format!("{text} is no URL: {error}")))
}

/// The token endpoint for clients of one service.
pub(crate) fn sso() -> Result<Url, Failure> {
    url(SSO)
}

/// The token endpoint of a workspace.
pub(crate) fn issuer(workspace: &str) -> Result<Url, Failure> {
    url(&format!("{GLP}/authorization/v2/oauth2/{}/token", plain(workspace)))
}

/// The same with the id as it is given: [`M54`](crate::mutant::Mutant::M54).
pub(crate) fn issuer_as_given(workspace: &str) -> Result<Url, Failure> {
    url(&format!("{GLP}/authorization/v2/oauth2/{workspace}/token"))
}

/// A workspace id as it stands in token URLs: without dashes.
pub(crate) fn plain(workspace: &str) -> String {
    workspace.chars().filter(|c| *c != '-').collect()
}

/// The APIs of GLP.
pub(crate) fn glp() -> Result<Url, Failure> {
    url(GLP)
}

/// The API of New Central, or of Classic Central, at this address, which is for https only.
pub(crate) fn central(address: &str) -> Result<Url, Failure> {
    let central = url(address)?;
    if central.scheme() != "https" {
        return Err(Failure::new(Kind::Other, format!("{address}: a token goes over https only")));
    }
    Ok(central)
}

/// The API of New Central in the cluster of this name.
pub(crate) fn cluster(name: &str) -> Result<Url, Failure> {
    match CLUSTERS.iter().find(|(known, _)| *known == name) {
        Some((_, host)) => url(&format!("https://{host}")),
        None => {
            let names = CLUSTERS.map(|(name, _)| name).join(", ");
            Err(Failure::new(Kind::Other, format!("no cluster is called {name}: they are {names}")))
        }
    }
}

/// A path and query of this API. Whatever the path is, the host stays.
pub(crate) fn at(base: &Url, path: &str, query: &[(String, String)]) -> Result<Url, Failure> {
    let base = base.as_str().trim_end_matches('/');
    let mut url = url(&format!("{base}/{}", path.trim_start_matches('/')))?;
    if !query.is_empty() {
        url.query_pairs_mut().extend_pairs(query);
    }
    Ok(url)
}

/// An endpoint as messages name it: without its query, which may hold anything.
pub(crate) fn name(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    url.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_urls_have_no_dashes() {
        let dashed = issuer("7c1de0a2-5b3f-11ee-86a1-9d42f7b35e60").unwrap();
        assert_eq!(dashed, issuer("7c1de0a25b3f11ee86a19d42f7b35e60").unwrap());
        assert_eq!(dashed.path(), "/authorization/v2/oauth2/7c1de0a25b3f11ee86a19d42f7b35e60/token");
    }

    #[test]
    fn a_path_never_leads_to_another_host() {
        let base = glp().unwrap();
        for path in
            ["@evil.example.net/x", "//evil.example.net/x", "https://evil.example.net/", ":80/x", "/x"]
        {
            assert_eq!(at(&base, path, &[]).unwrap().host_str(), base.host_str(), "{path}");
        }
        let query = [("filter".to_owned(), "workspaceName eq 'O''Neil & Co'".to_owned())];
        let url = at(&base, "workspaces/v1/msp-tenants", &query).unwrap();
        assert_eq!(url.query(), Some("filter=workspaceName+eq+%27O%27%27Neil+%26+Co%27"));
        assert_eq!(name(&url), "https://global.api.greenlake.hpe.com/workspaces/v1/msp-tenants");
    }

    #[test]
    fn clusters_are_known_by_name() {
        assert_eq!(
            cluster("US-WEST-5").unwrap(),
            central("https://us5.api.central.arubanetworks.com").unwrap()
        );
        assert!(cluster("Mars-1").unwrap_err().message.contains("EU-Central2"));
        assert!(central("http://us5.api.central.arubanetworks.com").is_err());
    }
}
