//! Rules and operations with a small vocabulary.

use core::net::{IpAddr, SocketAddr};

use airssys_wasm_core::policy::{
    FileAccess, FileSystemType, Grants, HttpTarget, Operation, RequestedCapabilities, SocketAccess,
    SpecialFile, SpecialFileType,
};
use airssys_wasm_core::{CapabilityKind, Rule};
use proptest::prelude::*;
use proptest::sample::select;

/// A policy and an operation to decide.
#[derive(Clone, Debug)]
pub(crate) struct PolicyCase {
    /// `None` if the component has no list of requests.
    pub(crate) requests: Option<Vec<Rule>>,
    pub(crate) allowed: Vec<Rule>,
    pub(crate) denied: Vec<Rule>,
    pub(crate) revoked: Vec<Rule>,
    pub(crate) operation: Operation,
}

impl PolicyCase {
    pub(crate) fn requested(&self) -> RequestedCapabilities {
        self.requests
            .as_deref()
            .map_or(RequestedCapabilities::Unlisted, super::requested)
    }

    pub(crate) fn grants(&self) -> Grants {
        grants(&self.allowed, &self.denied, &self.revoked)
    }

    pub(crate) fn denied_rules(&self) -> Vec<Rule> {
        [self.denied.clone(), self.revoked.clone()].concat()
    }
}

pub(crate) fn grants(allowed: &[Rule], denied: &[Rule], revoked: &[Rule]) -> Grants {
    let lines = |word: &str, rules: &[Rule]| {
        rules
            .iter()
            .map(|rule| format!("{word}{rule}\n"))
            .collect::<String>()
    };
    let text = lines("", allowed) + &lines("deny ", denied) + &lines("revoked ", revoked);
    text.parse().expect("rules have texts")
}

/// The subject of a case.
#[derive(Clone, Copy, Debug)]
pub(crate) enum CaseSubject {
    File,
    Http,
    Socket,
    Lookup,
    Named,
}

pub(crate) fn subjects() -> impl Strategy<Value = CaseSubject> {
    select(vec![
        CaseSubject::File,
        CaseSubject::Http,
        CaseSubject::Http,
        CaseSubject::Socket,
        CaseSubject::Lookup,
        CaseSubject::Named,
    ])
}

pub(crate) fn cases() -> impl Strategy<Value = PolicyCase> {
    subjects().prop_flat_map(cases_of)
}

pub(crate) fn cases_of(subject: CaseSubject) -> impl Strategy<Value = PolicyCase> {
    let list = move |most| prop::collection::vec(rules(subject), 0..=most);
    let requests = prop::option::weighted(0.5, granting(subject));
    (
        requests,
        granting(subject),
        list(1),
        list(1),
        operations(subject),
    )
        .prop_map(
            |(requests, allowed, denied, revoked, operation)| PolicyCase {
                requests,
                allowed,
                denied,
                revoked,
                operation,
            },
        )
}

/// Often includes grants of everything, so that denies have something to deny.
fn granting(subject: CaseSubject) -> impl Strategy<Value = Vec<Rule>> {
    let list = prop::collection::vec(rules(subject), 0..=4);
    (list, any::<bool>()).prop_map(|(rules, all)| {
        if all {
            [rules, everything()].concat()
        } else {
            rules
        }
    })
}

/// Grants of everything.
pub(crate) fn everything() -> Vec<Rule> {
    let at = " at=0.0.0.0/0,::/0";
    let network = [
        "tcp **:*",
        "udp **:*",
        "network-outbound **",
        "http *://**:*",
    ];
    let others = [
        "file-read / types=fifo,device filesystems=any",
        "file-write / types=fifo,device filesystems=any",
        "network-inbound **",
        "dns **",
        "tcp 0.0.0.0/0:*",
        "tcp [::/0]:*",
        "udp 0.0.0.0/0:*",
        "udp [::/0]:*",
        "http *://[0.0.0.0/0]:*",
        "http *://[::/0]:*",
        "config *",
        "store *",
        "call *",
        "env a",
        "env b",
        "env ab",
        "secret a",
        "secret b",
        "secret ab",
    ];
    let network = network.into_iter().map(|text| format!("{text}{at}"));
    let all = network.chain(others.map(str::to_owned));
    all.map(|text| text.parse().unwrap_or_else(|error| panic!("{error}")))
        .collect()
}

pub(crate) fn rules(subject: CaseSubject) -> BoxedStrategy<Rule> {
    let text = match subject {
        CaseSubject::File => file_rules().boxed(),
        CaseSubject::Http => prop_oneof![4 => http_rules(), 1 => network_rules()].boxed(),
        CaseSubject::Socket | CaseSubject::Lookup => network_rules().boxed(),
        CaseSubject::Named => named_rules().boxed(),
    };
    text.prop_map(|text| text.parse().unwrap_or_else(|error| panic!("{error}")))
        .boxed()
}

pub(crate) fn operations(subject: CaseSubject) -> BoxedStrategy<Operation> {
    match subject {
        CaseSubject::File => file_operations().boxed(),
        CaseSubject::Http => http_operations().boxed(),
        CaseSubject::Socket => socket_operations().boxed(),
        CaseSubject::Lookup => names()
            .prop_map(|name| Operation::Lookup { name: name.into() })
            .boxed(),
        CaseSubject::Named => named_operations().boxed(),
    }
}

fn path(names: Vec<&str>) -> String {
    if names.is_empty() {
        "/".into()
    } else {
        names.into_iter().map(|name| format!("/{name}")).collect()
    }
}

fn file_rules() -> impl Strategy<Value = String> {
    let names = select(vec!["a", "a", "b", "ab", "*", "a*", "*b", "**"]);
    let kinds = select(vec![
        ("file-read", ""),
        ("file-write", ""),
        ("file-write", " mode=append"),
    ]);
    (
        kinds,
        prop::collection::vec(names, 0..4),
        special_options(),
        until(),
    )
        .prop_map(|((kind, mode), names, special, until)| {
            format!("{kind} {}{mode}{special}{until}", path(names))
        })
}

fn special_options() -> impl Strategy<Value = &'static str> {
    let some = [
        " types=fifo",
        " types=device,fifo",
        " filesystems=proc",
        " filesystems=proc,0x12345678",
        " filesystems=any",
        " types=device filesystems=sysfs",
        " types=fifo filesystems=any",
    ];
    prop_oneof![2 => Just(""), 1 => select(some.to_vec())]
}

fn file_operations() -> impl Strategy<Value = Operation> {
    let access = select(vec![
        FileAccess::Read,
        FileAccess::Stat,
        FileAccess::Traverse,
        FileAccess::Write,
        FileAccess::Append,
    ]);
    let names = prop::collection::vec(select(vec!["a", "a", "b", "ab", "a b"]), 0..4);
    (access, names, prop::option::weighted(0.4, specials())).prop_map(|(access, names, special)| {
        let path = path(names);
        match special {
            Some(special) => Operation::SpecialFile {
                access,
                path,
                special,
            },
            None => Operation::File { access, path },
        }
    })
}

fn specials() -> impl Strategy<Value = SpecialFile> {
    let types = prop::option::of(select(vec![
        SpecialFileType::Fifo,
        SpecialFileType::Device,
        SpecialFileType::Socket,
    ]));
    // `proc`, `sysfs`, and one without a name.
    let magics = select(vec![0x9fa0, 0x9fa0, 0x6265_6572, 0x1234_5678]);
    let file_systems = prop::collection::vec(magics.prop_map(FileSystemType::from_magic), 0..3);
    (types, file_systems).prop_map(|(file_type, file_systems)| SpecialFile {
        file_type,
        file_systems,
    })
}

/// Rarely an expired grant.
fn until() -> impl Strategy<Value = &'static str> {
    prop_oneof![6 => Just(""), 1 => Just(" until=1970-01-01T00:00:00Z"), 1 => Just(" until=1970-01-01T00:00:01Z")]
}

fn at() -> impl Strategy<Value = &'static str> {
    prop_oneof![3 => Just(""), 1 => select(vec![" at=10.0.0.0/8", " at=fd00::/8", " at=10.0.0.1,fd00::1"])]
}

const HOSTS: [&str; 12] = [
    "a",
    "a.b",
    "a.b",
    "b.a.b",
    "*.b",
    "**.b",
    "*.a.b",
    "**.*.b",
    "a*.b",
    "**",
    "10.0.0.1",
    "93.184.216.34",
];

/// Hosts as written in a URL; elsewhere IPv4 networks have no brackets.
fn hosts() -> impl Strategy<Value = &'static str> {
    let networks = [
        "[10.0.0.0/8]",
        "[93.184.216.0/24]",
        "[fd00::/8]",
        "[64:ff9b::/96]",
        "[::/0]",
        "[0.0.0.0/0]",
    ];
    prop_oneof![3 => select(HOSTS.to_vec()), 1 => select(networks.to_vec())]
}

fn names() -> impl Strategy<Value = &'static str> {
    select(vec!["a", "a.b", "a.b", "b.b", "ab.b", "b.a.b", "c.b.a.b"])
}

fn addresses() -> impl Strategy<Value = IpAddr> {
    let texts = [
        "93.184.216.34",
        "93.184.216.34",
        "10.0.0.1",
        "10.0.0.2",
        "fd00::1",
        "0.0.0.0",
        "::",
        "::ffff:10.0.0.1",
        "64:ff9b::93.184.216.34",
        "64:ff9b::10.0.0.1",
        "2002:5db8:d822::1",
        "::10.0.0.1",
        "2606:4700::1111",
    ];
    select(texts.to_vec()).prop_map(|text| text.parse().expect("an address"))
}

fn http_rules() -> impl Strategy<Value = String> {
    let methods = select(vec!["", "", "GET ", "POST ", "GET,POST "]);
    let scheme = select(vec!["http", "https", "https", "*"]);
    let ports = select(vec!["", "", "", ":80", ":443", ":80,443", ":8443", ":*"]);
    let paths = vec![
        "",
        "",
        "/",
        "/a",
        "/a/",
        "/a/*",
        "/a/**",
        "/*",
        "/**/b",
        "/**/a/**",
        "/a*",
        "/@/**",
        "/%40",
        "/a;b",
        "/a%2A",
        "/a/%C3%A9",
    ];
    (
        methods,
        scheme,
        hosts(),
        ports,
        select(paths),
        at(),
        until(),
    )
        .prop_map(|(methods, scheme, host, ports, path, at, until)| {
            format!("http {methods}{scheme}://{host}{ports}{path}{at}{until}")
        })
}

fn http_operations() -> impl Strategy<Value = Operation> {
    let method = select(vec!["GET", "GET", "POST", "get"]);
    let scheme = select(vec!["http", "https", "https"]);
    let host = prop_oneof![
        4 => names(),
        1 => select(vec!["10.0.0.1", "93.184.216.34", "[fd00::1]", "[64:ff9b::5db8:d822]"]),
    ];
    let ports = select(vec!["", "", "", ":80", ":443", ":8443"]);
    let segments = select(vec![
        "a", "a", "b", "ab", "@", "%40", "a;b", "a%3Bb", "a*", "a%2A", "%2F", "%C3%A9", "",
    ]);
    let url = (scheme, host, ports, prop::collection::vec(segments, 0..3)).prop_map(
        |(scheme, host, ports, names)| format!("{scheme}://{host}{ports}{}", path(names)),
    );
    let target =
        (method, url).prop_map(|(method, url)| HttpTarget::parse(method, &url).expect("a URL"));
    (target, prop::collection::vec(addresses(), 0..3))
        .prop_map(|(target, addresses)| Operation::Http { target, addresses })
}

fn network_rules() -> impl Strategy<Value = String> {
    let kinds = select(vec![
        "tcp",
        "tcp",
        "udp",
        "network-outbound",
        "network-inbound",
        "dns",
    ]);
    let ports = select(vec!["80", "443", "80,443", "*", "1-100"]);
    (kinds, hosts(), ports, at(), until()).prop_map(|(kind, host, ports, at, until)| {
        let is_name = host.ends_with(|c: char| c.is_ascii_lowercase());
        let host = match kind {
            "dns" if !is_name => "**",
            "network-inbound" if is_name => "10.0.0.1",
            // Only IPv6 networks have brackets here.
            _ if host.contains(':') => host,
            _ => host.trim_matches(['[', ']']),
        };
        match kind {
            "dns" => format!("dns {host}{until}"),
            "network-inbound" => format!("{kind} {host}:{ports}{until}"),
            _ => format!("{kind} {host}:{ports}{at}{until}"),
        }
    })
}

fn socket_operations() -> impl Strategy<Value = Operation> {
    use SocketAccess::{
        TcpAccept, TcpBind, TcpConnect, TcpListen, TcpOpen, UdpBind, UdpOpen, UdpReceive, UdpSend,
    };
    let access = select(vec![
        TcpConnect, TcpConnect, TcpConnect, TcpBind, TcpListen, TcpAccept, UdpBind, UdpSend,
        UdpReceive, TcpOpen, UdpOpen,
    ]);
    let ports = select(vec![80, 80, 443, 8443, 0]);
    (
        access,
        addresses(),
        ports,
        prop::collection::vec(names(), 0..3),
    )
        .prop_map(|(access, ip, port, names)| {
            let names = names.into_iter().map(str::to_owned).collect();
            Operation::Socket {
                access,
                address: SocketAddr::new(ip, port),
                names,
            }
        })
}

fn named_rules() -> impl Strategy<Value = String> {
    let texts = [
        "config a",
        "config a*",
        "config *b",
        "config *",
        "store a",
        "env a",
        "secret a",
        "call a:b/c",
        "clock wall",
        "stdio stdout",
    ];
    (select(texts.to_vec()), until()).prop_map(|(text, until)| format!("{text}{until}"))
}

fn named_operations() -> impl Strategy<Value = Operation> {
    let kinds = select(vec![
        CapabilityKind::Config,
        CapabilityKind::Config,
        CapabilityKind::Store,
        CapabilityKind::Env,
        CapabilityKind::Secret,
    ]);
    let named = (kinds, select(vec!["a", "b", "ab", "a*"]));
    let others = vec![
        (CapabilityKind::Call, "a:b/c"),
        (CapabilityKind::Clock, "wall"),
        (CapabilityKind::Stdio, "stdout"),
        (CapabilityKind::Stdio, "stdin"),
    ];
    prop_oneof![4 => named, 1 => select(others)].prop_map(|(kind, name)| Operation::Named {
        kind,
        name: name.into(),
    })
}
