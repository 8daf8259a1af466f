//! The kinds of capabilities there are, and the word for each.
//!
//! Tests: beside `rule`.

/// What a capability is about: the first word of its text.
///
/// ```
/// use airssys_wasm_core::Kind;
///
/// assert_eq!(Kind::FileRead.word(), "file-read");
/// assert_eq!(Kind::from_word("udp"), Some(Kind::Udp));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Kind {
    /// Call an interface of another component.
    Call,
    /// Read a clock. Every component may, unless it is denied.
    Clock,
    /// Read a value of the configuration.
    Config,
    /// Ask which addresses a name has.
    Dns,
    /// Read an environment variable.
    Env,
    /// Read files.
    FileRead,
    /// Create, write and remove files.
    FileWrite,
    /// Send HTTP requests.
    Http,
    /// Ask a language model.
    Llm,
    /// Publish and receive messages.
    Messaging,
    /// Accept connections and datagrams.
    NetworkInbound,
    /// Open connections of any protocol.
    NetworkOutbound,
    /// Draw random numbers. Every component may, unless it is denied.
    Random,
    /// Read a secret.
    Secret,
    /// Write to standard output and error. Every component may, unless it is denied.
    Stdio,
    /// Use a bucket of the key-value store.
    Store,
    /// Open TCP connections.
    Tcp,
    /// Exchange datagrams.
    Udp,
}

impl Kind {
    /// Every kind, in the order of the words.
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

    /// The word that begins the text.
    #[must_use]
    pub const fn word(self) -> &'static str {
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

    /// The kind that a word names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// Whether a component may do this without asking, unless it is denied:
    /// runtimes of most languages do while they start.
    #[must_use]
    pub const fn is_given_to_all(self) -> bool {
        matches!(self, Self::Clock | Self::Random | Self::Stdio)
    }
}
