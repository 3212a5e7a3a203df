//! What every request goes through: names of the service, pages elsewhere, who it is, and the heads of answers.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, COOKIE, HOST, HeaderName, ORIGIN};
use axum::http::{HeaderMap, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::Response;

use super::app::{App, PROTOCOL, Who};
use super::fields::texts;
use super::problem::{ELSEWHERE, Problem};
use super::told::told;
use crate::serve::access::{By, Ended, Ending, Secret};
use crate::serve::desk::Caller;
use crate::serve::doors::Peer;

/// What a page may load and do: its own things and nothing else.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
                      form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// Who made the browser ask.
const FETCH_SITE: &str = "sec-fetch-site";

/// Every request: refused under a foreign name, and where a page elsewhere sends it; every answer: heads that bind the
/// browser.
pub(super) async fn all(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let refused = own_name(&app, &request)
        .and_then(|()| own_page(&app, &request))
        .and_then(|()| texts(request.uri().query().unwrap_or_default().as_bytes()));
    let mut response = match refused {
        Ok(()) => next.run(request).await,
        Err(ended) => axum::response::IntoResponse::into_response(Problem(ended)),
    };
    if let Some(ended) = response.extensions_mut().remove::<Ended>() {
        response = told(&app, &path, &ended);
    }
    let heads = response.headers_mut();
    let mut set = |name: &'static str, value: &'static str| {
        heads.entry(HeaderName::from_static(name)).or_insert(HeaderValue::from_static(value));
    };
    set("content-security-policy", POLICY);
    set("x-content-type-options", "nosniff");
    // Nothing is told elsewhere; with `no-referrer` a browser would hide the origin of our own forms from us too.
    set("referrer-policy", "same-origin");
    set("x-frame-options", "DENY");
    set("cross-origin-opener-policy", "same-origin");
    set("cross-origin-resource-policy", "same-origin");
    set("cache-control", "no-store");
    response
}

/// Requests that need a login.
pub(super) async fn known(
    State(app): State<Arc<App>>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let address = address(&request);
    let from_elsewhere = is_from_elsewhere(request.headers());
    let heads = request.headers();
    let login = if let Some(sent) = heads.get(AUTHORIZATION) {
        let sent = sent.to_str().ok().and_then(|value| value.split_once(' '));
        let secret = sent.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        let Some((_, secret)) = secret else {
            let words = "the head `Authorization` is not of a kind that is known\n(hint: Authorization: Bearer TOKEN)";
            return Err(Problem(Ended::new(Ending::Login, words)));
        };
        app.desk.login(&Secret::sent(secret), address, PROTOCOL)?
    } else {
        let session = session(&app, heads).and_then(|secret| app.desk.access.by_session(&secret));
        session.ok_or_else(|| {
            let words = "nobody is signed in\n(hint: open the link that `results serve` printed, sign in with a token, \
                         or send `Authorization: Bearer TOKEN`)";
            Problem(Ended::new(Ending::Login, words))
        })?
    };
    let is_api = request.uri().path().starts_with("/api/");
    if login.by == By::Session && from_elsewhere && is_api {
        let words =
            format!("{ELSEWHERE} made the browser ask\n(hint: open the address itself, or ask with a token)");
        return Err(Problem(Ended::new(Ending::Forbidden, words)));
    }
    let ended = login.ended.clone();
    if *ended.borrow() {
        return Err(Problem(Ended::new(Ending::Login, "the token has ended")));
    }
    request
        .extensions_mut()
        .insert(Who { caller: Caller { login, address, protocol: PROTOCOL }, from_elsewhere });
    Ok(next.run(request).await)
}

/// The address that a request came from.
pub(super) fn address(request: &Request) -> IpAddr {
    let peer = request.extensions().get::<Peer>().map(|peer| peer.0.ip());
    peer.unwrap_or(IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED))
}

/// The session that a browser sends.
pub(super) fn session(app: &App, heads: &HeaderMap) -> Option<Secret> {
    let name = cookie_name(app);
    let cookies = heads.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| Secret::sent(value))
}

/// The name of the cookie. Cookies know no ports, so that it has it; `__Host-` binds it to this host and to TLS.
pub(super) fn cookie_name(app: &App) -> String {
    let port = app.address.port();
    if app.is_tls { format!("__Host-results_{port}") } else { format!("results_{port}") }
}

/// Refuses names that are not the service's: another name may have been turned to this address.
fn own_name(app: &App, request: &Request) -> Result<(), Ended> {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    let authority = request.uri().authority().map(axum::http::uri::Authority::as_str);
    // Under HTTP/2 the authority stands in the place of the head, and both must be ours.
    let names: Vec<&str> = host.into_iter().chain(authority).collect();
    if !names.is_empty() && names.iter().all(|name| is_own(app, name)) {
        return Ok(());
    }
    let named = names.first().copied().unwrap_or("nothing");
    let words = format!(
        "{named} isn't a name of this service\n(hint: open {}; `results serve --host-name NAME` takes another name)",
        app.url()
    );
    Err(Ended::new(Ending::Misdirected, words))
}

fn is_own(app: &App, named: &str) -> bool {
    let named = named.to_lowercase();
    let host = match named.strip_prefix('[') {
        Some(rest) => rest.split_once(']').map_or("", |(host, _)| host),
        None => named.rsplit_once(':').map_or(named.as_str(), |(host, _)| host),
    };
    let host = host.trim_end_matches('.');
    let is_address = host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback() || ip == app.address.ip());
    // Where it listens on all addresses, each of them may be asked.
    let is_any = app.address.ip().is_unspecified() && host.parse::<IpAddr>().is_ok();
    host == "localhost" || is_address || is_any || app.host_names.iter().any(|name| name == host)
}

/// Refuses what pages elsewhere send: forms and scripts that change something.
fn own_page(app: &App, request: &Request) -> Result<(), Ended> {
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return Ok(());
    }
    let heads = request.headers();
    let elsewhere = || {
        // A program that names another site is taken for a page of it, whatever it sends besides.
        let hint = if heads.contains_key(AUTHORIZATION) {
            "a program leaves out the heads `Origin` and `Sec-Fetch-Site`"
        } else {
            "use the pages of the service, or a token"
        };
        Ended::new(Ending::Forbidden, format!("{ELSEWHERE} sent this\n(hint: {hint})"))
    };
    if is_from_elsewhere(heads) {
        return Err(elsewhere());
    }
    let site = heads.get(FETCH_SITE);
    match heads.get(ORIGIN).map(|origin| origin.to_str().unwrap_or("null")) {
        Some(origin) => {
            let host = origin.split_once("://").map(|(_, host)| host);
            let is_same = host.is_some_and(|host| {
                is_own(app, host) && heads.get(HOST).is_none_or(|own| own.as_bytes() == host.as_bytes())
            });
            if is_same { Ok(()) } else { Err(elsewhere()) }
        }
        // A browser says where a form comes from; a program sends no cookie.
        None if site.is_none() && heads.contains_key(COOKIE) => Err(elsewhere()),
        None => Ok(()),
    }
}

fn is_from_elsewhere(heads: &HeaderMap) -> bool {
    heads.get(FETCH_SITE).is_some_and(|site| !matches!(site.as_bytes(), b"same-origin" | b"none"))
}
