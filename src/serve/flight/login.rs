//! Who calls: looked at before any call reaches the service, whichever it is.
//!
//! Nothing is let through without a login, the handshake included, so that a call which is added one day is closed until it
//! has one. A browser adds no `authorization` by itself: neither pages elsewhere nor names that are not the service's can
//! make it call.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::middleware::Next;
use axum::response::Response;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, Engine, GeneralPurpose, GeneralPurposeConfig};
use tonic::Status;

use crate::serve::access::{Ended, Ending, Secret};
use crate::serve::desk::{Caller, Desk};
use crate::serve::doors::Peer;

/// By what calls come.
pub(super) const PROTOCOL: &str = "flight";

/// Somebody who may call, and over which connection.
#[derive(Debug, Clone)]
pub(super) struct Who {
    pub(super) caller: Caller,
    pub(super) connection: SocketAddr,
}

impl Who {
    /// Who sent a call. The layer has put it there; without it nobody is let in.
    pub(super) fn of<T>(request: &tonic::Request<T>) -> Result<Self, Status> {
        let who = request.extensions().get::<Self>().cloned();
        who.ok_or_else(|| Status::unauthenticated("nobody is signed in"))
    }

    /// Name of the token.
    pub(super) fn token(&self) -> &str {
        &self.caller.login.token.name
    }
}

/// Lets calls in that have a login.
pub(super) async fn known(State(desk): State<Arc<Desk>>, mut request: Request, next: Next) -> Response {
    match who(&desk, &request) {
        Ok(who) => {
            request.extensions_mut().insert(who);
            next.run(request).await
        }
        Err(ended) => Status::from(ended).into_http::<Body>(),
    }
}

fn who(desk: &Desk, request: &Request) -> Result<Who, Ended> {
    let nowhere = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);
    let connection = request.extensions().get::<Peer>().map_or(nowhere, |peer| peer.0);
    // Nothing, or something else, is tried as any wrong token is, and refused with the same words.
    let sent = secret(request.headers()).unwrap_or_else(|| Secret::sent(""));
    let login = desk.login(&sent, connection.ip(), PROTOCOL)?;
    if *login.ended.borrow() {
        return Err(Ended::new(Ending::Login, "the token has ended"));
    }
    let caller = Caller { login, address: connection.ip(), protocol: PROTOCOL };
    Ok(Who { caller, connection })
}

/// Padding may be left out.
const LETTERS: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The token of `Bearer TOKEN`, or of `Basic` with any user and the token as the password.
pub(super) fn secret(heads: &HeaderMap) -> Option<Secret> {
    let (scheme, rest) = heads.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(Secret::sent(rest));
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = String::from_utf8(LETTERS.decode(rest.trim()).ok()?).ok()?;
    pair.split_once(':').map(|(_, password)| Secret::sent(password))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_comes_as_bearer_or_as_password() {
        let of = |value: &str| {
            let heads = HeaderMap::from_iter([(AUTHORIZATION, value.parse().unwrap())]);
            secret(&heads).map(|secret| secret.reveal().to_owned())
        };
        assert_eq!(of("Bearer rs_x").as_deref(), Some("rs_x"));
        assert_eq!(of("bearer  rs_x ").as_deref(), Some("rs_x"));
        // anyone:rs_x:y
        assert_eq!(of("Basic YW55b25lOnJzX3g6eQ==").as_deref(), Some("rs_x:y"));
        for wrong in ["rs_x", "Basic rs_x", "Basic", "Digest rs_x", "Basic !!!!"] {
            assert_eq!(of(wrong), None, "{wrong}");
        }
        assert!(secret(&HeaderMap::new()).is_none());
    }
}
