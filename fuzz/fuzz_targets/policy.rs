//! Compares the decision about an arbitrary operation under arbitrary grants with that of the
//! reference matcher, and checks that one more deny never allows more.
#![no_main]

#[path = "../../airssys-wasm-core/tests/reference/matcher/mod.rs"]
mod matcher;

use core::net::{IpAddr, Ipv6Addr, SocketAddr};

use airssys_wasm_core::CapabilityKind;
use airssys_wasm_core::policy::{
    FileAccess, FileSystemType, Grants, HttpHost, HttpTarget, Operation, Policy, RequestedCapabilities, SocketAccess,
    SpecialFile, SpecialFileType,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&str, u8, u8, &str, [u8; 16], u16)| {
    let (text, what, how, name, address, port) = input;
    let Ok(grants) = text.parse::<Grants>() else { return };
    let stars = |text: &str| text.matches('*').count();
    // The reference matcher is slow for many wildcards and long names.
    if text.lines().any(|line| stars(line) > 6) || name.len() > 60 {
        return;
    }
    let Some(operation) = operation(what, how, name, address, port) else { return };
    check(&grants, &operation);
});

fn check(grants: &Grants, operation: &Operation) {
    let decided = Policy::with_requested(RequestedCapabilities::Unlisted, grants.clone()).decide(operation, 0);
    if is_malformed(operation) {
        assert!(!decided.is_allowed(), "{operation:?}");
        return;
    }
    let expected = matcher::allows(&RequestedCapabilities::Unlisted, grants, operation);
    let is_taken = grants.denied().chain(grants.revoked()).next().is_some();
    if !(expected && is_taken && matcher::is_implied_by_another_grant(operation)) {
        assert_eq!(decided.is_allowed(), expected, "{grants}{operation:?} {decided:?}");
    }
    if let Some(rule) = operation.least_rule() {
        let least = Policy::with_requested(RequestedCapabilities::Unlisted, Grants::new().with_rule(rule.clone()));
        assert!(least.decide(operation, 0).is_allowed(), "{rule} {operation:?}");
        let kept = grants.review_revocations([&rule]).in_force;
        let under = Policy::with_requested(RequestedCapabilities::Unlisted, grants.clone().with_revoked(kept)).decide(operation, 0);
        assert!(decided.is_allowed() || !under.is_allowed(), "{grants}{operation:?}");
        let mut taken = grants.clone();
        taken.revoke(&rule);
        let taken = Policy::with_requested(RequestedCapabilities::Unlisted, taken).decide(operation, 0);
        assert!(decided.is_allowed() || !taken.is_allowed(), "{grants}{operation:?}");
    }
}

/// Returns `true` for operations that are not in canonical form, which are denied whatever is
/// granted.
fn is_malformed(operation: &Operation) -> bool {
    let odd = |name: &String| {
        name.ends_with('.') || name.chars().any(|c| !('!'..='~').contains(&c) || c.is_uppercase())
    };
    match operation {
        Operation::File { path, .. } | Operation::SpecialFile { path, .. } => {
            !path.starts_with('/')
                || path.contains('\0')
                || path.split('/').any(|name| [".", ".."].contains(&name))
        }
        Operation::Http { target, .. } => matches!(&target.host, HttpHost::Name(name) if odd(name)),
        Operation::Socket { names, .. } => names.iter().any(odd),
        Operation::Lookup { name } => odd(name),
        _ => false,
    }
}

fn operation(what: u8, how: u8, name: &str, address: [u8; 16], port: u16) -> Option<Operation> {
    let ip = IpAddr::V6(Ipv6Addr::from(address)).to_canonical();
    let names = || name.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect();
    let kinds = [CapabilityKind::Config, CapabilityKind::Store, CapabilityKind::Env, CapabilityKind::Call, CapabilityKind::Clock, CapabilityKind::Llm];
    Some(match what % 7 {
        0 => Operation::File { access: pick(&FILE, how), path: name.into() },
        1 => {
            let target = HttpTarget::parse(if how & 1 == 0 { "GET" } else { "post" }, name).ok()?;
            Operation::Http { target, addresses: if how & 2 == 0 { Vec::new() } else { vec![ip] } }
        }
        2 => {
            Operation::Socket { access: pick(&SOCKET, how), address: SocketAddr::new(ip, port), names: names() }
        }
        3 => Operation::Lookup { name: name.into() },
        4 => Operation::Named { kind: pick(&kinds, how), name: name.into() },
        5 => Operation::SpecialFile {
            access: pick(&FILE, how),
            path: name.into(),
            special: SpecialFile {
                file_type: pick(&TYPES, port as u8),
                file_systems: vec![FileSystemType::from_magic(pick(&MAGICS, address[0]))],
            },
        },
        _ => Operation::Custom { kind: "acme:x".into(), target: name.into() },
    })
}

fn pick<T: Copy>(all: &[T], n: u8) -> T {
    all[usize::from(n) % all.len()]
}

const FILE: [FileAccess; 5] =
    [FileAccess::Read, FileAccess::Stat, FileAccess::Traverse, FileAccess::Write, FileAccess::Append];

const TYPES: [Option<SpecialFileType>; 4] =
    [None, Some(SpecialFileType::Fifo), Some(SpecialFileType::Device), Some(SpecialFileType::Socket)];

/// The magic numbers of `proc` and `sysfs`, and an unknown one.
const MAGICS: [u32; 3] = [0x9fa0, 0x6265_6572, 0x1234_5678];

const SOCKET: [SocketAccess; 9] = [
    SocketAccess::TcpOpen,
    SocketAccess::UdpOpen,
    SocketAccess::TcpConnect,
    SocketAccess::TcpBind,
    SocketAccess::TcpListen,
    SocketAccess::TcpAccept,
    SocketAccess::UdpBind,
    SocketAccess::UdpSend,
    SocketAccess::UdpReceive,
];
