//! The canonical text of a rule, split into its parts.

/// All options of rules.
const OPTIONS: [&str; 8] = [
    "at",
    "from",
    "max",
    "mode",
    "types",
    "filesystems",
    "value",
    "until",
];

/// The words of a rule without quotes; the last ones are options.
pub(crate) struct RuleLine {
    words: Vec<String>,
    options: Vec<(String, String)>,
    text: String,
}

impl RuleLine {
    pub(crate) fn read(text: &str) -> Self {
        let mut line = Self {
            words: Vec::new(),
            options: Vec::new(),
            text: text.into(),
        };
        for (word, is_quoted) in words(text) {
            match word.split_once('=') {
                Some((name, value)) if !is_quoted && OPTIONS.contains(&name) => {
                    line.options.push((name.into(), value.into()));
                }
                _ => line.words.push(word),
            }
        }
        line
    }

    pub(crate) fn kind(&self) -> &str {
        &self.words[0]
    }

    /// Everything between the kind and the expiry.
    pub(crate) fn own_words(&self) -> &str {
        let words = self.text.split_once(' ').map_or("", |(_, words)| words);
        words
            .rsplit_once("until=")
            .map_or(words, |(words, _)| words)
            .trim_end_matches(' ')
    }

    /// The last word; for `http`, methods precede it.
    pub(crate) fn target(&self) -> &str {
        &self.words[self.words.len() - 1]
    }

    pub(crate) fn methods(&self) -> Option<&str> {
        self.words
            .get(1)
            .filter(|_| self.words.len() == 3)
            .map(String::as_str)
    }

    pub(crate) fn option(&self, name: &str) -> Option<&str> {
        self.options
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// The host in a target of the form `host` or `host:ports`.
    pub(crate) fn host(&self) -> &str {
        host_and_ports(self.target()).0
    }

    pub(crate) fn ports(&self) -> &str {
        host_and_ports(self.target()).1.unwrap_or("*")
    }
}

pub(crate) fn host_and_ports(text: &str) -> (&str, Option<&str>) {
    let host_ends = if text.starts_with('[') {
        text.find(']').map(|at| at + 1)
    } else {
        text.find(':')
    };
    match host_ends {
        Some(at) if at < text.len() => (&text[..at], Some(&text[at + 1..])),
        _ => (text, None),
    }
}

pub(crate) fn has_port(ports: &str, port: u16) -> bool {
    port != 0
        && ports.split(',').any(|part| {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let number = |text: &str| text.parse::<u16>().expect("a port");
            part == "*" || (number(first)..=number(last)).contains(&port)
        })
}

fn words(text: &str) -> Vec<(String, bool)> {
    let mut words = vec![(String::new(), false)];
    let (mut in_quotes, mut chars) = (false, text.chars());
    while let Some(c) = chars.next() {
        let (word, is_quoted) = words.last_mut().expect("the list is never empty");
        match c {
            '"' => {
                *is_quoted |= word.is_empty();
                in_quotes = !in_quotes;
            }
            '\\' if in_quotes => word.extend(chars.next()),
            ' ' if !in_quotes => words.push((String::new(), false)),
            c => word.push(c),
        }
    }
    words
}
