//! What a request is: pure, from host, method and path to operation, route and speaker.

use greenroom_model::{
    access::ApiFamily,
    call::OpKind,
    dialect::{ApigwHosts, CentralDeleteAlias, Dialect},
    host::{HostFamily, REGIONAL_DATA_SERVICES},
};
use http::Method;

use crate::{
    central::DELETE_ALIAS,
    envelope::Speaker,
    oauth::Endpoint,
    route::{self, Action, Route, Segments},
};

/// What was found behind a host and a path.
#[derive(Clone)]
pub(crate) struct Identified {
    pub(crate) op: OpKind,
    pub(crate) target: Target,
    pub(crate) segments: Segments,
}

/// Who answers.
#[derive(Clone)]
pub(crate) enum Target {
    /// This route.
    Route(&'static Route),
    /// The path exists, the method does not: the routes of the path.
    WrongMethod(&'static [&'static Route]),
    /// The family has no such route. Its gateway checks the token first.
    NoRoute(ApiFamily),
    /// A host of issuers, where nothing lies at this path. No token is checked.
    NothingThere,
}

impl Target {
    /// Which endpoint for tokens it is, if it is one.
    pub(crate) fn endpoint(&self) -> Option<Endpoint> {
        let route = match self {
            Self::Route(route) => route,
            Self::WrongMethod(routes) => routes.first()?,
            Self::NoRoute(_) | Self::NothingThere => return None,
        };
        match route.action {
            Action::Token => Some(Endpoint::Issuer),
            Action::SignIn(endpoint) => Some(endpoint),
            Action::Document(_) | Action::Api(..) => None,
        }
    }

    /// Who speaks for a refusal, if it is a resource family.
    pub(crate) fn speaker(&self) -> Option<Speaker> {
        match self {
            Self::Route(route) => speaker(route),
            Self::WrongMethod(routes) => routes.first().and_then(|route| speaker(route)),
            Self::NoRoute(family) => Some(Speaker::Gateway(*family)),
            Self::NothingThere => None,
        }
    }
}

fn speaker(route: &'static Route) -> Option<Speaker> {
    match route.action {
        Action::Api(api, ..) => Some(Speaker::Service(api, route)),
        Action::SignIn(_) => Some(Speaker::Gateway(ApiFamily::Classic)),
        Action::Token | Action::Document(_) => None,
    }
}

/// The Allow header of a path.
pub(crate) fn allow(routes: &[&Route]) -> String {
    let mut methods: Vec<_> = routes.iter().map(|route| route.method.as_str()).collect();
    if methods.contains(&"GET") {
        methods.push("HEAD");
    }
    methods.join(", ")
}

/// What the dialect says about which paths there are.
#[derive(Clone, Copy)]
pub(crate) struct Paths {
    /// Whether the host is one of the regional ones that have data services too.
    regional: bool,
    apigw: ApigwHosts,
    delete_alias: CentralDeleteAlias,
}

impl Paths {
    pub(crate) fn of(dialect: &Dialect, host: &str) -> Self {
        Self {
            regional: REGIONAL_DATA_SERVICES.contains(&host),
            apigw: dialect.apigw_hosts,
            delete_alias: dialect.central_delete_alias,
        }
    }
}

/// Looks behind `family` for `path`. A right path on a wrong host is not there, as live.
pub(crate) fn identify(family: &HostFamily, paths: Paths, method: &Method, path: &str) -> Identified {
    let found =
        route::at_path(path).filter(|(routes, _)| routes.iter().any(|route| serves(family, paths, route)));
    let Some((routes, segments)) = found else {
        let target = nothing(family, paths.apigw, path);
        let op = if matches!(target, Target::NothingThere) { OpKind::Other } else { OpKind::Api };
        return Identified { op, target, segments: Vec::new() };
    };
    let op = match routes[0].action {
        Action::Token | Action::SignIn(Endpoint::Token | Endpoint::Issuer) => OpKind::Mint,
        Action::SignIn(Endpoint::Login | Endpoint::Authorize) => OpKind::SignIn,
        Action::Document(_) => OpKind::Jwks,
        Action::Api(..) => OpKind::Api,
    };
    // HEAD is answered as GET without a body (RFC 9110 §9.3.2).
    let wanted = if method == Method::HEAD { &Method::GET } else { method };
    let target = match routes.iter().find(|route| route.method == wanted) {
        Some(route) => Target::Route(route),
        None => Target::WrongMethod(routes),
    };
    Identified { op, target, segments }
}

/// Whether a host has a route.
fn serves(family: &HostFamily, Paths { regional, apigw, delete_alias }: Paths, route: &Route) -> bool {
    if route.name == DELETE_ALIAS && delete_alias == CentralDeleteAlias::Off {
        return false;
    }
    let sso_path = route.path.starts_with("/as/")
        || route.path.starts_with("/pf/")
        || route.path.starts_with("/.well-known/");
    match (family, &route.action) {
        (HostFamily::Emulator, _) => true,
        (HostFamily::Sso, Action::Token | Action::Document(_)) => sso_path,
        (HostFamily::Glp | HostFamily::Dedicated, Action::Token | Action::Document(_)) => !sso_path,
        (HostFamily::Glp, Action::Api(api, ..)) => match api.family() {
            ApiFamily::Glp => true,
            ApiFamily::DataServices => regional,
            ApiFamily::Central | ApiFamily::Classic => false,
        },
        (HostFamily::Dedicated, Action::Api(api, ..)) => api.on_dedicated_platforms(),
        (HostFamily::Central, Action::Api(api, ..)) => api.family() == ApiFamily::Central,
        (HostFamily::ClassicGateway, Action::SignIn(_)) => true,
        (HostFamily::ClassicGateway, Action::Api(api, ..)) => {
            let central = apigw == ApigwHosts::Both && api.family() == ApiFamily::Central;
            central || api.family() == ApiFamily::Classic
        }
        (HostFamily::DataServices, Action::Api(api, ..)) => api.family() == ApiFamily::DataServices,
        _ => false,
    }
}

/// What answers where no route is.
fn nothing(family: &HostFamily, apigw: ApigwHosts, path: &str) -> Target {
    match family {
        HostFamily::Sso | HostFamily::Foreign => Target::NothingThere,
        HostFamily::Glp | HostFamily::Dedicated if path.starts_with("/authorization/") => {
            Target::NothingThere
        }
        HostFamily::Glp | HostFamily::Dedicated => Target::NoRoute(ApiFamily::Glp),
        HostFamily::Central => Target::NoRoute(ApiFamily::Central),
        HostFamily::ClassicGateway if apigw == ApigwHosts::Both && path.starts_with("/network-") => {
            Target::NoRoute(ApiFamily::Central)
        }
        HostFamily::ClassicGateway => Target::NoRoute(ApiFamily::Classic),
        HostFamily::DataServices => Target::NoRoute(ApiFamily::DataServices),
        // Under Greenroom's own address the path alone can tell.
        HostFamily::Emulator => match path.split('/').nth(1).unwrap_or_default() {
            first if first.starts_with("network-") => Target::NoRoute(ApiFamily::Central),
            "workspaces" | "devices" | "audit-log" | "service-catalog" | "identity" | "subscriptions" => {
                Target::NoRoute(ApiFamily::Glp)
            }
            "private-cloud-business" => Target::NoRoute(ApiFamily::DataServices),
            "oauth2"
            | "platform"
            | "configuration"
            | "monitoring"
            | "msp_api"
            | "central"
            | "auditlogs"
            | "firmware"
            | "rapids"
            | "visualrf_api"
            | "topology_external_api"
            | "accounts" => Target::NoRoute(ApiFamily::Classic),
            _ => Target::NothingThere,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn what(family: HostFamily, method: &str, path: &str) -> String {
        let paths = Paths::of(&Dialect::default(), "");
        let found = identify(&family, paths, &Method::try_from(method).unwrap(), path);
        let target = match found.target {
            Target::Route(route) => route.name.to_owned(),
            Target::WrongMethod(_) => "wrong method".to_owned(),
            Target::NoRoute(family) => format!("no route of {family:?}"),
            Target::NothingThere => "nothing".to_owned(),
        };
        format!("{} {target}", found.op)
    }

    #[test]
    fn host_and_path_decide() {
        use HostFamily::{Central, ClassicGateway, DataServices, Dedicated, Emulator, Foreign, Glp, Sso};
        let inventory = "/network-monitoring/v1/device-inventory";
        let issuer = "/authorization/v2/oauth2/7c1de0a25b3f11ee86a19d42f7b35e60/token";
        for (family, method, path, expected) in [
            (Sso, "POST", "/as/token.oauth2", "mint oauth.sso.token"),
            (Sso, "GET", "/as/token.oauth2", "mint wrong method"),
            (Sso, "GET", "/pf/JWKS", "jwks oauth.sso.jwks"),
            (Sso, "GET", "/devices/v1/devices", "other nothing"),
            (Sso, "POST", issuer, "other nothing"),
            (Glp, "POST", issuer, "mint oauth.workspace.token"),
            (Glp, "POST", "/authorization/v2/oauth2//token", "mint oauth.workspace.token"),
            (Glp, "POST", "/as/token.oauth2", "api no route of Glp"),
            (Glp, "GET", "/devices/v1/devices", "api glp.devices.list"),
            (Glp, "HEAD", "/devices/v1/devices", "api glp.devices.list"),
            (Glp, "PUT", "/devices/v1/devices", "api wrong method"),
            (Glp, "GET", inventory, "api no route of Glp"),
            (Central, "GET", inventory, "api central.device-inventory"),
            (Central, "GET", "/devices/v1/devices", "api no route of Central"),
            (Central, "DELETE", "/devices/SN1", "api no route of Central"),
            (Emulator, "DELETE", "/devices/SN1", "api no route of Glp"),
            (ClassicGateway, "GET", inventory, "api central.device-inventory"),
            (ClassicGateway, "GET", "/monitoring/v2/aps", "api no route of Classic"),
            (Dedicated, "POST", issuer, "mint oauth.workspace.token"),
            (Dedicated, "GET", "/devices/v1/devices", "api no route of Glp"),
            (DataServices, "GET", "/x", "api no route of DataServices"),
            (DataServices, "GET", CATALOGS, "api pcbe.catalogs.list"),
            (Central, "GET", CATALOGS, "api no route of Central"),
            (Emulator, "GET", CATALOGS, "api pcbe.catalogs.list"),
            (Emulator, "GET", "/private-cloud-business/v1/x", "api no route of DataServices"),
            (Emulator, "POST", "/as/token.oauth2", "mint oauth.sso.token"),
            (Emulator, "GET", inventory, "api central.device-inventory"),
            (Emulator, "GET", "/favicon.ico", "other nothing"),
            (Foreign, "POST", "/as/token.oauth2", "other nothing"),
            (Foreign, "GET", inventory, "other nothing"),
        ] {
            assert_eq!(what(family.clone(), method, path), expected, "{family:?} {method} {path}");
        }
    }

    const CATALOGS: &str = "/private-cloud-business/v1beta1/system-software-catalogs";

    #[test]
    fn the_regional_hosts_of_glp_have_data_services_and_the_global_one_has_not() {
        let served = |host: &str, path: &str| {
            let paths = Paths::of(&Dialect::default(), host);
            matches!(identify(&HostFamily::Glp, paths, &Method::GET, path).target, Target::Route(_))
        };
        for host in REGIONAL_DATA_SERVICES {
            assert!(served(host, CATALOGS) && served(host, "/devices/v1/devices"), "{host}");
        }
        for host in ["global.api.greenlake.hpe.com", "mars.api.greenlake.hpe.com"] {
            assert!(!served(host, CATALOGS) && served(host, "/devices/v1/devices"), "{host}");
        }
    }
}
