//! The kinds of capabilities and their names.
//!
//! Tests: `airssys-wasm-core/src/capability/mod.rs`, `airssys-wasm-core/tests/section_text.rs`.

/// The kind of a capability: the first word of its text.
///
/// ```
/// use airssys_wasm_core::CapabilityKind;
///
/// assert_eq!(CapabilityKind::FileRead.as_str(), "file-read");
/// assert_eq!(CapabilityKind::from_word("udp"), Some(CapabilityKind::Udp));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum CapabilityKind {
    /// Call an interface of another component.
    Call,
    /// Read a clock. Allowed for every component unless denied.
    Clock,
    /// Read a configuration value.
    Config,
    /// Look up the addresses of a name.
    Dns,
    /// Read an environment variable.
    Env,
    /// Read files.
    FileRead,
    /// Create, write and remove files.
    FileWrite,
    /// Send HTTP requests.
    Http,
    /// Query a language model.
    Llm,
    /// Publish and receive messages.
    Messaging,
    /// Accept connections and datagrams.
    NetworkInbound,
    /// Open connections of any protocol.
    NetworkOutbound,
    /// Draw random numbers. Allowed for every component unless denied.
    Random,
    /// Read a secret.
    Secret,
    /// Write to standard output and error. Allowed for every component unless denied.
    Stdio,
    /// Use a bucket of the key-value store.
    Store,
    /// Open TCP connections.
    Tcp,
    /// Exchange UDP datagrams.
    Udp,
}

impl CapabilityKind {
    /// All kinds, sorted by their words.
    pub const ALL: [Self; 18] = [
        Self::Call,
        Self::Clock,
        Self::Config,
        Self::Dns,
        Self::Env,
        Self::FileRead,
        Self::FileWrite,
        Self::Http,
        Self::Llm,
        Self::Messaging,
        Self::NetworkInbound,
        Self::NetworkOutbound,
        Self::Random,
        Self::Secret,
        Self::Stdio,
        Self::Store,
        Self::Tcp,
        Self::Udp,
    ];

    /// The first word of the text of such a capability.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Clock => "clock",
            Self::Config => "config",
            Self::Dns => "dns",
            Self::Env => "env",
            Self::FileRead => "file-read",
            Self::FileWrite => "file-write",
            Self::Http => "http",
            Self::Llm => "llm",
            Self::Messaging => "messaging",
            Self::NetworkInbound => "network-inbound",
            Self::NetworkOutbound => "network-outbound",
            Self::Random => "random",
            Self::Secret => "secret",
            Self::Stdio => "stdio",
            Self::Store => "store",
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }

    /// Returns the kind with this word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// Returns `true` if every component may use this kind without requesting it, unless it is
    /// denied. The runtimes of most languages use these kinds at startup.
    #[must_use]
    pub const fn is_baseline(self) -> bool {
        matches!(self, Self::Clock | Self::Random | Self::Stdio)
    }
}
