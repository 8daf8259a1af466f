//! A reference implementation of decisions, which states the meaning of rules as plainly as
//! possible.
//!
//! Works on the canonical texts of rules and shares nothing with the implementation except the list
//! of public addresses. It is slow, which does not matter here. The fuzz target `policy` uses it
//! too.

mod host;
mod http;
mod path;
mod text;

use core::net::IpAddr;

use airssys_wasm_core::policy::{
    FileAccess, Grants, HttpHost, Operation, Requested, SocketAccess, Special, SpecialType,
    is_public,
};
use host::{is_any, is_in, leads_into, name_fits};
use text::{Line, has_port};

/// The origin of a rule.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Request,
    Grant,
    Deny,
}

/// Returns `true` if the operation is allowed at the beginning of 1970, when only rules that end at
/// that moment have expired.
pub(crate) fn allows(requested: &Requested, grants: &Grants, operation: &Operation) -> bool {
    let speaks = |side: Side| move |rule: &String| speaks(side, &Line::read(rule), operation);
    let texts = |rules: Vec<String>, side: Side| rules.iter().any(speaks(side));
    let is_taken = texts(
        grants.denied().map(ToString::to_string).collect(),
        Side::Deny,
    ) || texts(
        grants.revoked().map(ToString::to_string).collect(),
        Side::Deny,
    );
    let is_requested = match requested {
        Requested::Anything => true,
        Requested::These(all) => texts(
            all.iter().map(|(rule, _)| rule.to_string()).collect(),
            Side::Request,
        ),
    };
    let is_granted = texts(
        grants.allowed().map(ToString::to_string).collect(),
        Side::Grant,
    );
    !is_taken && (is_given_to_all(operation) || (is_requested && is_granted))
}

/// Returns `true` if the operation is implied by a grant for another operation, and ends with that
/// grant. This matcher does not model that.
pub(crate) fn comes_with_another(operation: &Operation) -> bool {
    match operation {
        Operation::File { access, .. } | Operation::SpecialFile { access, .. } => {
            matches!(access, FileAccess::Look | FileAccess::Walk)
        }
        Operation::Socket { access, .. } => {
            !matches!(access, SocketAccess::TcpConnect | SocketAccess::UdpSend)
        }
        Operation::Lookup { .. } => true,
        _ => false,
    }
}

fn is_given_to_all(operation: &Operation) -> bool {
    matches!(operation, Operation::Named { kind, name }
    if matches!(
        (kind.word(), name.as_str()),
        ("clock", "wall" | "monotonic") | ("random", "secure" | "insecure") | ("stdio", "stdout" | "stderr")
    ))
}

fn speaks(side: Side, line: &Line, operation: &Operation) -> bool {
    if side == Side::Grant && line.option("until") == Some("1970-01-01T00:00:00Z") {
        return false;
    }
    match operation {
        Operation::File { access, path } => file(side, line, *access, path),
        Operation::SpecialFile {
            access,
            path,
            special,
        } => file(side, line, *access, path) && (side != Side::Grant || names(line, special)),
        Operation::Http { target, addresses } => {
            let (name, addresses) = match &target.host {
                HttpHost::Name(name) => (vec![name.as_str()], addresses.clone()),
                HttpHost::Address(address) => (Vec::new(), vec![*address]),
            };
            let reached =
                |host: &str| reaches(side, line, host, &name, &addresses, name.is_empty());
            match line.kind() {
                "http" => http::fits(side, line, target) && reached(&http::host_of(line)),
                "network-outbound" => has_port(line.ports(), target.port) && reached(line.host()),
                _ => false,
            }
        }
        Operation::Socket {
            access,
            address,
            names,
        } => {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            socket(
                side,
                line,
                *access,
                address.ip().to_canonical(),
                address.port(),
                &names,
            )
        }
        Operation::Lookup { name } => {
            let kinds: &[&str] = match side {
                Side::Deny => &["dns", "network-outbound"],
                _ => &["dns", "network-outbound", "tcp", "udp"],
            };
            kinds.contains(&line.kind()) && name_fits(line.host(), name)
        }
        Operation::Named { kind, name } => {
            line.kind() == kind.word() && path::star(line.target().as_bytes(), name.as_bytes())
        }
        Operation::Custom { kind, target } => line.kind() == kind && line.own_words() == target,
        _ => false,
    }
}

fn file(side: Side, line: &Line, access: FileAccess, path: &str) -> bool {
    let matches = path::fits(line.target(), path);
    let on_the_way =
        access == FileAccess::Walk && side != Side::Deny && path::leads(line.target(), path);
    match (line.kind(), access) {
        ("file-read", FileAccess::Read | FileAccess::Look | FileAccess::Walk) => {
            matches || on_the_way
        }
        ("file-write", FileAccess::Look | FileAccess::Walk) => {
            side != Side::Deny && (matches || on_the_way)
        }
        ("file-write", FileAccess::Append) => matches,
        ("file-write", FileAccess::Write) => matches && line.option("mode") != Some("append"),
        _ => false,
    }
}

/// Returns `true` if a grant names everything that is special about a file.
fn names(line: &Line, special: &Special) -> bool {
    let has = |option: &str, word: &str| {
        line.option(option)
            .is_some_and(|words| words.split(',').any(|it| it == word || it == "any"))
    };
    let file_type = match special.file_type {
        None => true,
        Some(SpecialType::Device) => has("types", "device"),
        Some(SpecialType::Fifo) => has("types", "fifo"),
        Some(SpecialType::Socket) => false,
    };
    file_type
        && special
            .file_systems
            .iter()
            .all(|it| has("filesystems", &it.to_string()))
}

fn socket(
    side: Side,
    line: &Line,
    access: SocketAccess,
    ip: IpAddr,
    port: u16,
    names: &[&str],
) -> bool {
    let outbound =
        || has_port(line.ports(), port) && reaches(side, line, line.host(), names, &[ip], true);
    let nobody_chose = port == 0 && ip.is_unspecified() && side != Side::Deny;
    match (line.kind(), access) {
        ("tcp" | "network-outbound", SocketAccess::TcpConnect) => outbound(),
        ("udp" | "network-outbound", SocketAccess::UdpSend | SocketAccess::UdpReceive) => {
            outbound()
        }
        ("tcp" | "network-outbound", SocketAccess::TcpBind) => nobody_chose,
        ("udp" | "network-outbound", SocketAccess::UdpBind) => nobody_chose,
        ("tcp" | "network-outbound" | "network-inbound", SocketAccess::TcpOpen) => {
            side != Side::Deny
        }
        ("udp" | "network-outbound" | "network-inbound", SocketAccess::UdpOpen) => {
            side != Side::Deny
        }
        ("network-inbound", SocketAccess::TcpAccept | SocketAccess::UdpReceive) => {
            side != Side::Deny || (!is_any(line.host()) && leads_into(line.host(), ip))
        }
        (
            "network-inbound",
            SocketAccess::TcpBind | SocketAccess::TcpListen | SocketAccess::UdpBind,
        ) => {
            let here = is_any(line.host()) || is_in(line.host(), ip);
            has_port(line.ports(), port)
                && (here || (side == Side::Deny && leads_into(line.host(), ip)))
        }
        _ => false,
    }
}

/// Returns `true` if a rule about a host matches a connection to it.
fn reaches(
    side: Side,
    line: &Line,
    host: &str,
    names: &[&str],
    ips: &[IpAddr],
    by_address: bool,
) -> bool {
    let ips: Vec<IpAddr> = ips.iter().map(IpAddr::to_canonical).collect();
    let named = names.iter().any(|name| name_fits(host, name));
    match side {
        Side::Deny => named || ips.iter().any(|ip| leads_into(host, *ip)),
        Side::Request => {
            named || (by_address && ips.iter().any(|ip| is_any(host) || is_in(host, *ip)))
        }
        Side::Grant => {
            let each_in = by_address && !ips.is_empty() && ips.iter().all(|ip| is_in(host, *ip));
            let spelled_out = |ip: &IpAddr| {
                line.option("at")
                    .is_some_and(|at| at.split(',').any(|at| is_in(at, *ip)))
            };
            let each_open = ips.iter().all(|ip| is_public(*ip) || spelled_out(ip));
            each_in || ((named || (by_address && is_any(host))) && each_open)
        }
    }
}
