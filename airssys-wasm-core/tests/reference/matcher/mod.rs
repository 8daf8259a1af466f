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
    FileAccess, Grants, HttpHost, Operation, RequestedCapabilities, SocketAccess, SpecialFile,
    SpecialFileType, is_public,
};
use host::{is_any, may_reach, name_matches, network_contains};
use text::{RuleLine, has_port};

/// The origin of a rule.
#[derive(Clone, Copy, PartialEq, Eq)]
enum RuleOrigin {
    Request,
    Grant,
    Deny,
}

/// Returns `true` if the operation is allowed at the beginning of 1970, when only rules that end at
/// that moment have expired.
pub(crate) fn allows(
    requested: &RequestedCapabilities,
    grants: &Grants,
    operation: &Operation,
) -> bool {
    let speaks = |side: RuleOrigin| {
        move |rule: &String| rule_matches(side, &RuleLine::read(rule), operation)
    };
    let texts = |rules: Vec<String>, side: RuleOrigin| rules.iter().any(speaks(side));
    let is_taken = texts(
        grants.denied().map(ToString::to_string).collect(),
        RuleOrigin::Deny,
    ) || texts(
        grants.revoked().map(ToString::to_string).collect(),
        RuleOrigin::Deny,
    );
    let is_requested = match requested {
        RequestedCapabilities::Unlisted => true,
        RequestedCapabilities::Listed(all) => texts(
            all.iter().map(|(rule, _)| rule.to_string()).collect(),
            RuleOrigin::Request,
        ),
    };
    let is_granted = texts(
        grants.allowed().map(ToString::to_string).collect(),
        RuleOrigin::Grant,
    );
    !is_taken && (is_baseline(operation) || (is_requested && is_granted))
}

/// Returns `true` if the operation is implied by a grant for another operation, and ends with that
/// grant. This matcher does not model that.
pub(crate) fn is_implied_by_another_grant(operation: &Operation) -> bool {
    match operation {
        Operation::File { access, .. } | Operation::SpecialFile { access, .. } => {
            matches!(access, FileAccess::Stat | FileAccess::Traverse)
        }
        Operation::Socket { access, .. } => {
            !matches!(access, SocketAccess::TcpConnect | SocketAccess::UdpSend)
        }
        Operation::Lookup { .. } => true,
        _ => false,
    }
}

fn is_baseline(operation: &Operation) -> bool {
    matches!(operation, Operation::Named { kind, name }
    if matches!(
        (kind.as_str(), name.as_str()),
        ("clock", "wall" | "monotonic") | ("random", "secure" | "insecure") | ("stdio", "stdout" | "stderr")
    ))
}

fn rule_matches(side: RuleOrigin, line: &RuleLine, operation: &Operation) -> bool {
    if side == RuleOrigin::Grant && line.option("until") == Some("1970-01-01T00:00:00Z") {
        return false;
    }
    match operation {
        Operation::File { access, path } => file_matches(side, line, *access, path),
        Operation::SpecialFile {
            access,
            path,
            special,
        } => {
            file_matches(side, line, *access, path)
                && (side != RuleOrigin::Grant || names_special(line, special))
        }
        Operation::Http { target, addresses } => {
            let (name, addresses) = match &target.host {
                HttpHost::Name(name) => (vec![name.as_str()], addresses.clone()),
                HttpHost::Address(address) => (Vec::new(), vec![*address]),
            };
            let reached =
                |host: &str| host_matches(side, line, host, &name, &addresses, name.is_empty());
            match line.kind() {
                "http" => http::url_matches(side, line, target) && reached(&http::host_of(line)),
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
            socket_matches(
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
                RuleOrigin::Deny => &["dns", "network-outbound"],
                _ => &["dns", "network-outbound", "tcp", "udp"],
            };
            kinds.contains(&line.kind()) && name_matches(line.host(), name)
        }
        Operation::Named { kind, name } => {
            line.kind() == kind.as_str()
                && path::name_matches(line.target().as_bytes(), name.as_bytes())
        }
        Operation::Custom { kind, target } => line.kind() == kind && line.own_words() == target,
        _ => false,
    }
}

fn file_matches(side: RuleOrigin, line: &RuleLine, access: FileAccess, path: &str) -> bool {
    let matches = path::path_matches(line.target(), path);
    let on_the_way = access == FileAccess::Traverse
        && side != RuleOrigin::Deny
        && path::may_match_below(line.target(), path);
    match (line.kind(), access) {
        ("file-read", FileAccess::Read | FileAccess::Stat | FileAccess::Traverse) => {
            matches || on_the_way
        }
        ("file-write", FileAccess::Stat | FileAccess::Traverse) => {
            side != RuleOrigin::Deny && (matches || on_the_way)
        }
        ("file-write", FileAccess::Append) => matches,
        ("file-write", FileAccess::Write) => matches && line.option("mode") != Some("append"),
        _ => false,
    }
}

/// Returns `true` if a grant names everything that is special about a file.
fn names_special(line: &RuleLine, special: &SpecialFile) -> bool {
    let has = |option: &str, word: &str| {
        line.option(option)
            .is_some_and(|words| words.split(',').any(|it| it == word || it == "any"))
    };
    let file_type = match special.file_type {
        None => true,
        Some(SpecialFileType::Device) => has("types", "device"),
        Some(SpecialFileType::Fifo) => has("types", "fifo"),
        Some(SpecialFileType::Socket) => false,
    };
    file_type
        && special
            .file_systems
            .iter()
            .all(|it| has("filesystems", &it.to_string()))
}

fn socket_matches(
    side: RuleOrigin,
    line: &RuleLine,
    access: SocketAccess,
    ip: IpAddr,
    port: u16,
    names: &[&str],
) -> bool {
    let outbound = || {
        has_port(line.ports(), port) && host_matches(side, line, line.host(), names, &[ip], true)
    };
    let nobody_chose = port == 0 && ip.is_unspecified() && side != RuleOrigin::Deny;
    match (line.kind(), access) {
        ("tcp" | "network-outbound", SocketAccess::TcpConnect) => outbound(),
        ("udp" | "network-outbound", SocketAccess::UdpSend | SocketAccess::UdpReceive) => {
            outbound()
        }
        ("tcp" | "network-outbound", SocketAccess::TcpBind) => nobody_chose,
        ("udp" | "network-outbound", SocketAccess::UdpBind) => nobody_chose,
        ("tcp" | "network-outbound" | "network-inbound", SocketAccess::TcpOpen) => {
            side != RuleOrigin::Deny
        }
        ("udp" | "network-outbound" | "network-inbound", SocketAccess::UdpOpen) => {
            side != RuleOrigin::Deny
        }
        ("network-inbound", SocketAccess::TcpAccept | SocketAccess::UdpReceive) => {
            side != RuleOrigin::Deny || (!is_any(line.host()) && may_reach(line.host(), ip))
        }
        (
            "network-inbound",
            SocketAccess::TcpBind | SocketAccess::TcpListen | SocketAccess::UdpBind,
        ) => {
            let here = is_any(line.host()) || network_contains(line.host(), ip);
            has_port(line.ports(), port)
                && (here || (side == RuleOrigin::Deny && may_reach(line.host(), ip)))
        }
        _ => false,
    }
}

/// Returns `true` if a rule about a host matches a connection to it.
fn host_matches(
    side: RuleOrigin,
    line: &RuleLine,
    host: &str,
    names: &[&str],
    ips: &[IpAddr],
    by_address: bool,
) -> bool {
    let ips: Vec<IpAddr> = ips.iter().map(IpAddr::to_canonical).collect();
    let named = names.iter().any(|name| name_matches(host, name));
    match side {
        RuleOrigin::Deny => named || ips.iter().any(|ip| may_reach(host, *ip)),
        RuleOrigin::Request => {
            named
                || (by_address
                    && ips
                        .iter()
                        .any(|ip| is_any(host) || network_contains(host, *ip)))
        }
        RuleOrigin::Grant => {
            let each_in =
                by_address && !ips.is_empty() && ips.iter().all(|ip| network_contains(host, *ip));
            let spelled_out = |ip: &IpAddr| {
                line.option("at")
                    .is_some_and(|at| at.split(',').any(|at| network_contains(at, *ip)))
            };
            let each_open = ips.iter().all(|ip| is_public(*ip) || spelled_out(ip));
            each_in || ((named || (by_address && is_any(host))) && each_open)
        }
    }
}
