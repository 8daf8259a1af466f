//! Decides whether a request may be sent, and to which addresses.
//!
//! Tests: `tests/attacks`, `tests/suite/capabilities/http.rs`.

use std::net::IpAddr;

use airssys_wasm_core::policy::{DenialReason, HttpHost, HttpTarget, Operation};
use http::Request;
use wasmtime_wasi_http::{Error, WasiBody};

use crate::capability::{Authority, Permit, Resolver};
use crate::observe::CallId;

/// Parses the target of a request. Records a denial if it is malformed.
pub(super) fn parse_target(
    authority: &Authority,
    call: CallId,
    request: &Request<WasiBody>,
) -> Result<HttpTarget, Error> {
    let url = request.uri().to_string();
    HttpTarget::parse(request.method().as_str(), &url).map_err(|error| {
        let reason = DenialReason::Malformed {
            problem: error.problem.to_owned(),
        };
        let name = format!(
            "{} {}",
            request.method(),
            url.split('?').next().unwrap_or_default()
        );
        authority.refuse(
            &Operation::Custom {
                kind: "http".into(),
                target: name,
            },
            reason,
            call,
        );
        Error::HttpRequestUriInvalid
    })
}

/// Asks for permission, resolves the name once, and asks again with every address of the name.
pub(super) async fn authorize(
    authority: &Authority,
    resolver: &dyn Resolver,
    call: CallId,
    target: &HttpTarget,
) -> Result<(Vec<IpAddr>, Permit), Error> {
    let mut addresses = match &target.host {
        HttpHost::Name(name) => resolve(authority, resolver, call, target, name).await?,
        HttpHost::Address(_) => Vec::new(),
    };
    let permit = ask(authority, call, target, addresses.clone())?;
    if let HttpHost::Address(address) = target.host {
        addresses.push(address);
    }
    Ok((addresses, permit))
}

/// Resolves the name of a target, if requests to it are allowed.
async fn resolve(
    authority: &Authority,
    resolver: &dyn Resolver,
    call: CallId,
    target: &HttpTarget,
    name: &str,
) -> Result<Vec<IpAddr>, Error> {
    let unresolved = Operation::Http {
        target: target.clone(),
        addresses: Vec::new(),
    };
    let Some(mut permit) = authority.permit_unrecorded(unresolved.clone()) else {
        // A name that may not be reached is not resolved.
        let denial = authority.ask(unresolved, call).err();
        return Err(denial.map_or(Error::HttpRequestDenied, |reason| denial_error(&reason)));
    };
    let mut addresses = tokio::select! {
        biased;
        // The lookup may still wait for a slot.
        () = authority.until_denied(&mut permit, call) => return Err(Error::HttpRequestDenied),
        addresses = resolver.resolve(name) => addresses.unwrap_or_default(),
    };
    addresses
        .iter_mut()
        .for_each(|address| *address = address.to_canonical());
    if addresses.is_empty() {
        // Decided and recorded, but there is no address to connect to.
        ask(authority, call, target, Vec::new())?;
        return Err(Error::DnsError {
            rcode: None,
            info_code: None,
        });
    }
    Ok(addresses)
}

/// Asks for permission to send a request to `addresses`.
fn ask(
    authority: &Authority,
    call: CallId,
    target: &HttpTarget,
    addresses: Vec<IpAddr>,
) -> Result<Permit, Error> {
    let operation = Operation::Http {
        target: target.clone(),
        addresses,
    };
    authority
        .ask(operation, call)
        .map_err(|reason| denial_error(&reason))
}

/// Returns the error that the guest receives.
fn denial_error(reason: &DenialReason) -> Error {
    match reason {
        DenialReason::BlockedAddress { .. } => Error::DestinationIpProhibited,
        _ => Error::HttpRequestDenied,
    }
}
