//! Matching of hosts: names by label, networks by their leading bits.

use core::net::IpAddr;

use super::path::name_matches as glob_matches;

pub(crate) fn is_any(host: &str) -> bool {
    host == "**"
}

pub(crate) fn name_matches(host: &str, name: &str) -> bool {
    let (host, name): (Vec<&str>, Vec<&str>) =
        (host.split('.').collect(), name.split('.').collect());
    labels_match(&host, &name)
}

fn labels_match(host: &[&str], name: &[&str]) -> bool {
    match host {
        [] => name.is_empty(),
        ["**"] => true,
        ["**", rest @ ..] => {
            (1..=name.len()).any(|n| !name[n - 1].is_empty() && labels_match(rest, &name[n..]))
        }
        [first, rest @ ..] => name.split_first().is_some_and(|(label, name)| {
            !label.is_empty()
                && glob_matches(first.as_bytes(), label.as_bytes())
                && labels_match(rest, name)
        }),
    }
}

/// Matches an address against `10.0.0.0/8`, `127.0.0.1`, `[::1]`, `::1` or `[10.0.0.0/8]`, but not
/// against `**`.
pub(crate) fn network_contains(network: &str, ip: IpAddr) -> bool {
    let network = network.trim_matches(['[', ']']);
    let (base, length) = network.split_once('/').unwrap_or((network, "128"));
    let Ok(base) = base.parse::<IpAddr>() else {
        return false;
    };
    let length: usize = length.parse().expect("a length");
    base.is_ipv4() == ip.is_ipv4() && bits(base).zip(bits(ip)).take(length).all(|(a, b)| a == b)
}

/// Matches an address that might stand for another one; `**` matches every address.
pub(crate) fn may_reach(host: &str, ip: IpAddr) -> bool {
    let is_network = network_contains(host, "0.0.0.0".parse().expect("an address"))
        || host.contains(['/', '['])
        || { host.parse::<IpAddr>().is_ok() };
    is_any(host)
        || network_contains(host, ip)
        || (ip.is_unspecified() && is_network)
        || embedded_ipv4(ip).is_some_and(|inner| network_contains(host, inner))
}

/// Returns the IPv4 address embedded in an IPv6 address.
fn embedded_ipv4(ip: IpAddr) -> Option<IpAddr> {
    let IpAddr::V6(v6) = ip else { return None };
    let octets = v6.octets();
    let text = |from: usize| {
        octets[from..from + 4]
            .iter()
            .map(u8::to_string)
            .collect::<Vec<_>>()
            .join(".")
    };
    let starts = |prefix: &str| {
        octets[..12]
            == prefix
                .parse::<core::net::Ipv6Addr>()
                .expect("a prefix")
                .octets()[..12]
    };
    let found = match () {
        () if octets[..2] == [0x20, 0x02] => text(2),
        () if starts("64:ff9b::") || starts("::ffff:0:0:0") => text(12),
        () if starts("::") && octets[12..14] != [0, 0] => text(12),
        () => return None,
    };
    found.parse().ok()
}

fn bits(ip: IpAddr) -> impl Iterator<Item = bool> {
    let octets = match ip {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    };
    octets
        .into_iter()
        .flat_map(|octet| (0..8).rev().map(move |n| octet >> n & 1 == 1))
}
