//! Login by SCRAM-SHA-256, with the certificate of the connection in it where the client does that too. Nothing weaker is
//! offered.

use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pgwire::messages::startup::Authentication;

use super::PROTOCOL;
use super::fault::{Fault, Words};
use super::wire::{Message, Wire, first_of_login};
use crate::serve::access::{Access, Challenge, Ended, Ending, Login, nonce};

const PLAIN: &str = "SCRAM-SHA-256";
const BOUND: &str = "SCRAM-SHA-256-PLUS";

/// What a client says about the certificate, in front of its first message.
#[derive(Debug, PartialEq, Eq)]
enum Binding {
    /// It does not know of that.
    Unknown,
    /// It does, and believes that this side does not.
    Unoffered,
    /// The certificate is part of the proof.
    EndPoint,
}

/// The first message of a client.
#[derive(Debug, PartialEq, Eq)]
struct First<'a> {
    binding: Binding,
    /// What is in front of the rest: said again in the end.
    head: &'a str,
    /// The rest.
    bare: &'a str,
    nonce: &'a str,
}

impl<'a> First<'a> {
    fn of(text: &'a str) -> Option<Self> {
        let mut parts = text.splitn(3, ',');
        let (flag, identity, bare) = (parts.next()?, parts.next()?, parts.next()?);
        let binding = match flag {
            "n" => Binding::Unknown,
            "y" => Binding::Unoffered,
            "p=tls-server-end-point" => Binding::EndPoint,
            _ => return None,
        };
        // Nobody acts for somebody else.
        if !identity.is_empty() {
            return None;
        }
        let head = &text[..flag.len() + 2];
        let nonce = bare.split(',').find_map(|part| part.strip_prefix("r="))?;
        (bare.starts_with("n=") && !nonce.is_empty()).then_some(Self { binding, head, bare, nonce })
    }
}

/// The last message of a client.
#[derive(Debug, PartialEq, Eq)]
struct Last<'a> {
    /// All but the proof.
    bare: &'a str,
    binding: &'a str,
    nonce: &'a str,
    proof: &'a str,
}

impl<'a> Last<'a> {
    fn of(text: &'a str) -> Option<Self> {
        let (bare, proof) = text.rsplit_once(",p=")?;
        let mut parts = bare.split(',');
        let binding = parts.next()?.strip_prefix("c=")?;
        let nonce = parts.next()?.strip_prefix("r=")?;
        Some(Self { bare, binding, nonce, proof })
    }
}

/// Whether what a client says in the end about the certificate is what it must say.
fn is_bound(first: &First<'_>, end_point: Option<&[u8]>, said: &str) -> bool {
    let mut must = first.head.as_bytes().to_vec();
    match (&first.binding, end_point) {
        (Binding::EndPoint, Some(end_point)) => must.extend_from_slice(end_point),
        // It was offered: somebody between the two took the offer away.
        (Binding::EndPoint, None) | (Binding::Unoffered, Some(_)) => return false,
        _ => {}
    }
    STANDARD.decode(said).is_ok_and(|said| said == must)
}

/// Lets somebody prove that they have a token; `end_point` is the mark of the certificate, if there is one.
pub(super) async fn login(
    wire: &mut Wire,
    access: &Access,
    (name, from): (&str, IpAddr),
    end_point: Option<&[u8]>,
) -> Result<Login, Fault> {
    let mut offered = vec![PLAIN.to_owned()];
    if end_point.is_some() {
        offered.insert(0, BOUND.to_owned());
    }
    wire.put(&Authentication::SASL(offered));
    wire.flush().await?;
    let challenge = access.challenge(name, from).map_err(refused)?;
    let failed = || refused(access.not_proven(from, PROTOCOL));
    let bytes = password(wire).await?.ok_or_else(failed)?;
    let (mechanism, bytes) = first_of_login(bytes).ok_or_else(failed)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| failed())?;
    let first = First::of(text).ok_or_else(failed)?;
    let wants_binding = first.binding == Binding::EndPoint;
    if !(mechanism == BOUND && wants_binding || mechanism == PLAIN && !wants_binding) {
        return Err(failed());
    }
    let own = nonce().map_err(|error| Fault::last("XX000", error.to_string()))?;
    let nonce = format!("{}{own}", first.nonce);
    let reply = format!("r={nonce},s={},i={}", challenge.keys.salt, challenge.keys.iterations);
    wire.put(&Authentication::SASLContinue(reply.clone().into()));
    wire.flush().await?;
    let bytes = password(wire).await?.ok_or_else(failed)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| failed())?;
    let last = Last::of(text).ok_or_else(failed)?;
    if last.nonce != nonce || !is_bound(&first, end_point, last.binding) {
        return Err(failed());
    }
    let said = format!("{},{reply},{}", first.bare, last.bare);
    prove(access, challenge, (&said, last.proof), from, wire)
}

fn prove(
    access: &Access,
    challenge: Challenge,
    (said, proof): (&str, &str),
    from: IpAddr,
    wire: &mut Wire,
) -> Result<Login, Fault> {
    let (login, proof) = access.by_proof(challenge, (said, proof), from, PROTOCOL).map_err(refused)?;
    wire.put(&Authentication::SASLFinal(format!("v={proof}").into()));
    wire.put(&Authentication::Ok);
    Ok(login)
}

/// The next message, which must be one of a login.
async fn password(wire: &mut Wire) -> Result<Option<bytes::Bytes>, Fault> {
    match wire.next().await? {
        Some(Message::Password(bytes)) => Ok(Some(bytes)),
        Some(_) => Ok(None),
        None => Err(Fault::Gone),
    }
}

fn refused(ended: Ended) -> Fault {
    // Too many wrong logins are told apart by their words only.
    debug_assert!(matches!(ended.ending, Ending::Login | Ending::TooManyLogins), "{ended:?}");
    let words = Words { code: "28P01", text: ended.detail, hint: ended.hint, place: None };
    Fault::Last(Box::new(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_read_as_the_standard_has_them() {
        let first = First::of("n,,n=,r=abc").unwrap();
        assert_eq!(
            (first.binding, first.head, first.bare, first.nonce),
            (Binding::Unknown, "n,,", "n=,r=abc", "abc")
        );
        assert_eq!(First::of("p=tls-server-end-point,,n=,r=x").unwrap().head, "p=tls-server-end-point,,");
        for wrong in
            ["", "n", "n,,", "n,,r=a", "n,a=x,n=,r=a", "p=tls-unique,,n=,r=a", "n,,n=,r=", "x,,n=,r=a"]
        {
            assert_eq!(First::of(wrong), None, "{wrong}");
        }
        let last = Last::of("c=biws,r=abc,p=cHJvb2Y=").unwrap();
        assert_eq!(
            (last.bare, last.binding, last.nonce, last.proof),
            ("c=biws,r=abc", "biws", "abc", "cHJvb2Y=")
        );
        assert_eq!(Last::of("c=biws,r=abc"), None);
    }

    #[test]
    fn an_offer_that_was_taken_away_ends_the_login() {
        let said = |first: &str, end_point: Option<&[u8]>, said: &[u8]| {
            is_bound(&First::of(first).unwrap(), end_point, &STANDARD.encode(said))
        };
        assert!(said("n,,n=,r=a", None, b"n,,") && said("n,,n=,r=a", Some(b"mark"), b"n,,"));
        assert!(said("y,,n=,r=a", None, b"y,,") && !said("y,,n=,r=a", Some(b"mark"), b"y,,"));
        let bound = "p=tls-server-end-point,,n=,r=a";
        assert!(said(bound, Some(b"mark"), b"p=tls-server-end-point,,mark"));
        assert!(!said(bound, Some(b"mark"), b"p=tls-server-end-point,,other"));
        assert!(!said(bound, None, b"p=tls-server-end-point,,"));
    }
}
