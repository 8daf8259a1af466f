//! Parsing of operations, for operators who check whether an operation would be allowed.
//!
//! Accepts the text of audit records, `tcp-connect 10.0.0.1:80`, and the short form of rules, `tcp
//! 10.0.0.1:80`.
//! Tests: in this file, `fuzz/fuzz_targets/operation.rs`.

use core::net::SocketAddr;
use std::str::FromStr;

use thiserror::Error;

use super::{FileAccess, HttpTarget, Operation, SocketAccess};
use crate::CapabilityKind;
use crate::capability::escape_for_message;
use crate::suggest::did_you_mean;

/// A text that is not an operation.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{text}` is not a valid operation: {problem}")]
pub struct OperationError {
    /// The text as given, escaped.
    pub text: String,
    /// The problem and how to fix it.
    pub problem: String,
}

/// The words for file and socket access.
const FILE_ACTIONS: [(&str, FileAccess); 5] = [
    ("file-read", FileAccess::Read),
    ("file-look", FileAccess::Stat),
    ("file-walk", FileAccess::Traverse),
    ("file-write", FileAccess::Write),
    ("file-append", FileAccess::Append),
];
const SOCKET_ACTIONS: [(&str, SocketAccess); 12] = [
    ("tcp", SocketAccess::TcpConnect),
    ("udp", SocketAccess::UdpSend),
    ("network-inbound", SocketAccess::TcpListen),
    ("tcp-open", SocketAccess::TcpOpen),
    ("tcp-connect", SocketAccess::TcpConnect),
    ("tcp-bind", SocketAccess::TcpBind),
    ("tcp-listen", SocketAccess::TcpListen),
    ("tcp-accept", SocketAccess::TcpAccept),
    ("udp-open", SocketAccess::UdpOpen),
    ("udp-bind", SocketAccess::UdpBind),
    ("udp-send", SocketAccess::UdpSend),
    ("udp-receive", SocketAccess::UdpReceive),
];

impl FromStr for Operation {
    type Err = OperationError;

    /// Parses an action and its target.
    ///
    /// ```
    /// use airssys_wasm_core::policy::Operation;
    ///
    /// for text in ["file-read /data/a", "http GET https://api.example.com/v1", "config colour"] {
    ///     assert_eq!(text.parse::<Operation>()?.to_string(), text);
    /// }
    /// # Ok::<(), airssys_wasm_core::policy::OperationError>(())
    /// ```
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (word, target) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
        parse_operation(word, target.trim()).map_err(|problem| OperationError {
            text: escape_for_message(text),
            problem,
        })
    }
}

fn parse_operation(word: &str, target: &str) -> Result<Operation, String> {
    let of = |words: &[(&str, FileAccess)]| {
        words
            .iter()
            .find(|(known, _)| *known == word)
            .map(|it| it.1)
    };
    if let Some(access) = of(&FILE_ACTIONS) {
        return parse_file(access, target);
    }
    if let Some((_, access)) = SOCKET_ACTIONS.iter().find(|(known, _)| *known == word) {
        return parse_socket(*access, target);
    }
    match (word, CapabilityKind::from_word(word)) {
        ("http", _) => parse_http(target),
        ("dns", _) => Ok(Operation::Lookup {
            name: require_target(target, "dns api.example.com")?.to_lowercase(),
        }),
        (_, Some(CapabilityKind::NetworkOutbound)) => {
            parse_socket(SocketAccess::TcpConnect, target)
        }
        (_, Some(kind)) => {
            let is_whole = matches!(
                kind,
                CapabilityKind::Clock | CapabilityKind::Random | CapabilityKind::Stdio
            );
            let name = if is_whole {
                target
            } else {
                require_target(target, "config colour")?
            };
            Ok(Operation::Named {
                kind,
                name: name.to_owned(),
            })
        }
        (custom, None) if custom.contains(':') => Ok(Operation::Custom {
            kind: custom.to_owned(),
            target: target.to_owned(),
        }),
        (unknown, None) => Err(unknown_word(unknown)),
    }
}

fn parse_file(access: FileAccess, target: &str) -> Result<Operation, String> {
    let path = require_target(target, "file-read /data/a.txt")?;
    if !path.starts_with('/') {
        return Err("a path is absolute, as the component sees it: `file-read /data/a.txt`".into());
    }
    Ok(Operation::File {
        access,
        path: path.to_owned(),
    })
}

fn parse_http(target: &str) -> Result<Operation, String> {
    let target = require_target(target, "http GET https://api.example.com/v1")?;
    let (method, url) = target.split_once(' ').unwrap_or(("GET", target));
    let target = HttpTarget::parse(method, url.trim()).map_err(|error| error.to_string())?;
    Ok(Operation::Http {
        target,
        addresses: Vec::new(),
    })
}

/// `10.0.0.1:80`, or `api.example.com:80 (93.184.216.34)`.
fn parse_socket(access: SocketAccess, target: &str) -> Result<Operation, String> {
    let advice = || {
        "write an address and a port, `tcp-connect 10.0.0.1:80`, or a name with the address it resolved to, `tcp-connect api.example.com:80 (93.184.216.34)`"
            .to_owned()
    };
    let with_name = target
        .strip_suffix(')')
        .and_then(|target| target.split_once(" ("));
    let (address, names) = match with_name {
        Some((named, ip)) => {
            let (name, port) = named.rsplit_once(':').ok_or_else(advice)?;
            let (ip, port) = (
                ip.parse().map_err(|_| advice())?,
                port.parse().map_err(|_| advice())?,
            );
            (SocketAddr::new(ip, port), vec![name.to_lowercase()])
        }
        None => (target.parse().map_err(|_| advice())?, Vec::new()),
    };
    Ok(Operation::Socket {
        access,
        address,
        names,
    })
}

fn require_target<'a>(target: &'a str, example: &str) -> Result<&'a str, String> {
    if target.is_empty() {
        Err(format!(
            "the target is missing; write for example `{example}`"
        ))
    } else {
        Ok(target)
    }
}

fn unknown_word(word: &str) -> String {
    let words = FILE_ACTIONS
        .iter()
        .map(|it| it.0)
        .chain(SOCKET_ACTIONS.iter().map(|it| it.0));
    let words: Vec<&str> = words
        .chain(CapabilityKind::ALL.iter().map(|kind| kind.as_str()))
        .collect();
    let help = did_you_mean(word, words.iter().copied())
        .unwrap_or_else(|| "write for example `file-read /data/a.txt`".to_owned());
    format!("`{}` is not known; {help}", escape_for_message(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_the_text_of_audit_records() {
        for text in [
            "file-append /log/a b.txt",
            "http POST http://localhost:8080/a",
            "tcp-connect 10.0.0.1:80",
            "tcp-connect api.example.com:443 (93.184.216.34)",
            "udp-send [2001:db8::1]:53",
            "dns api.example.com",
            "secret db/password",
            "acme:quantum device=0",
        ] {
            let operation: Operation = text.parse().expect(text);
            assert_eq!(operation.to_string(), text);
        }
        let operation: Operation = "http https://api.example.com".parse().expect("a request");
        assert_eq!(operation.to_string(), "http GET https://api.example.com/");
        assert_eq!(
            "tcp 10.0.0.1:80"
                .parse::<Operation>()
                .expect("one")
                .action(),
            "tcp-connect"
        );
    }

    #[test]
    fn errors_contain_advice() {
        for (text, expected) in [
            ("file-raed /a", "did you mean `file-read`?"),
            ("file-read data", "absolute"),
            ("tcp api.example.com:80", "write an address and a port"),
            ("http ftp://x", "ftp"),
            ("config", "`config colour`"),
            ("", "is not known"),
        ] {
            let error = text.parse::<Operation>().expect_err(text).to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
