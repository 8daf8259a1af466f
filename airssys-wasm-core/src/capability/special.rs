//! Special files and file systems without ordinary files: their names in the options `types` and
//! `filesystems` of a grant.
//!
//! Contains only names and numbers; the host queries the kernel.
//! Tests: in this file, `airssys-wasm-core/tests/reference`, `airssys-wasm-core/tests/forms.rs`.

use std::fmt;

use crate::suggest::did_you_mean;

/// The type of a file that is not an ordinary file, a directory or a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SpecialFileType {
    /// A character or block device, written `device`.
    Device,
    /// A named pipe, written `fifo`.
    Fifo,
    /// A socket. Cannot be granted, because no system opens a socket by its path.
    Socket,
}

impl SpecialFileType {
    /// The word for the option `types`, or `None` for a socket.
    #[must_use]
    pub fn word(self) -> Option<&'static str> {
        match self {
            Self::Device => Some("device"),
            Self::Fifo => Some("fifo"),
            Self::Socket => None,
        }
    }
}

/// A file system type, by its Linux number (`f_type` of `statfs`).
///
/// ```
/// use airssys_wasm_core::policy::FileSystemType;
///
/// let proc = FileSystemType::from_magic(0x9fa0);
/// assert_eq!(proc.to_string(), "proc");
/// assert!(!proc.holds_ordinary_files());
/// assert!(FileSystemType::from_magic(0xef53).holds_ordinary_files());
/// assert_eq!(FileSystemType::from_magic(0x1234_5678).to_string(), "0x12345678");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileSystemType(u32);

impl FileSystemType {
    /// A file system whose type the system does not report, written `unknown`.
    pub const UNKNOWN: Self = Self(0);

    /// Creates the type with this number.
    #[must_use]
    pub const fn from_magic(magic: u32) -> Self {
        Self(magic)
    }

    /// Returns `true` for types known to hold ordinary files: those of disks, memory, the network
    /// and archives.
    #[must_use]
    pub fn holds_ordinary_files(self) -> bool {
        ORDINARY_FILE_SYSTEMS
            .iter()
            .any(|(magic, _)| *magic == self.0)
    }

    /// Parses the `Display` format.
    fn parse(text: &str) -> Result<Self, String> {
        let number = text
            .strip_prefix("0x")
            .and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let named = SPECIAL_FILE_SYSTEMS
            .iter()
            .find(|(_, name)| *name == text)
            .map(|(magic, _)| *magic);
        let ordinary = ORDINARY_FILE_SYSTEMS
            .iter()
            .find(|(magic, name)| *name == text || number == Some(*magic))
            .map(|(_, name)| name);
        match (named.or(number), ordinary) {
            (_, Some(name)) => Err(format!("`{name}` holds ordinary files and needs no option; remove it")),
            (Some(magic), None) => Ok(Self(magic)),
            (None, None) => Err(match did_you_mean(text, SPECIAL_FILE_SYSTEMS.iter().map(|(_, name)| *name)) {
                Some(question) => format!("unknown file system; {question}"),
                None => "write types of file systems, for example `proc` or `proc,sysfs`, their numbers, `0x9fa0`, or `any`".into(),
            }),
        }
    }
}

impl fmt::Display for FileSystemType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match ORDINARY_FILE_SYSTEMS
            .iter()
            .chain(&SPECIAL_FILE_SYSTEMS)
            .find(|(magic, _)| *magic == self.0)
        {
            Some((_, name)) => f.write_str(name),
            None => write!(f, "{:#010x}", self.0),
        }
    }
}

/// The properties that make a file special. Access requires a grant that names all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SpecialFile {
    /// The type, or `None` for an ordinary file, a directory or a link.
    pub file_type: Option<SpecialFileType>,
    /// The file systems without ordinary files that the path traverses, including the file's own.
    pub file_systems: Vec<FileSystemType>,
}

impl SpecialFile {
    /// Returns `true` if the file is not special.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.file_type.is_none() && self.file_systems.is_empty()
    }

    /// Returns the grant options that allow the file, each after a space, or `None` if no grant
    /// can.
    #[must_use]
    pub fn grant_options(&self) -> Option<String> {
        let mut text = String::new();
        if let Some(file_type) = self.file_type {
            text.push_str(" types=");
            text.push_str(file_type.word()?);
        }
        if !self.file_systems.is_empty() {
            let mut all = self.file_systems.clone();
            all.sort_unstable();
            all.dedup();
            text.push_str(" filesystems=");
            text.push_str(&join_file_systems(&all));
        }
        Some(text)
    }
}

impl fmt::Display for SpecialFile {
    /// Formats a predicate for a sentence: `is a FIFO`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.file_type {
            Some(SpecialFileType::Device) => f.write_str("is a device")?,
            Some(SpecialFileType::Fifo) => f.write_str("is a FIFO")?,
            Some(SpecialFileType::Socket) => f.write_str("is a socket")?,
            None => {}
        }
        for (n, file_system) in self.file_systems.iter().enumerate() {
            let and = if n > 0 || self.file_type.is_some() {
                " and "
            } else {
                ""
            };
            write!(f, "{and}is on a file system of type `{file_system}`")?;
        }
        Ok(())
    }
}

/// The special files that a grant allows. Boxed because few grants allow any.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct SpecialFileOptions(Option<Box<SpecialFileLists>>);

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct SpecialFileLists {
    /// Sorted, without duplicates.
    types: Vec<SpecialFileType>,
    file_systems: FileSystemSet,
}

const EMPTY_LISTS: &SpecialFileLists = &SpecialFileLists {
    types: Vec::new(),
    file_systems: FileSystemSet::Listed(Vec::new()),
};

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum FileSystemSet {
    /// Sorted, without duplicates.
    Listed(Vec<FileSystemType>),
    Any,
}

impl Default for FileSystemSet {
    fn default() -> Self {
        Self::Listed(Vec::new())
    }
}

impl SpecialFileOptions {
    fn lists(&self) -> &SpecialFileLists {
        self.0.as_deref().unwrap_or(EMPTY_LISTS)
    }

    fn lists_mut(&mut self) -> &mut SpecialFileLists {
        self.0.get_or_insert_default()
    }

    pub(super) fn set_types(&mut self, text: &str) -> Result<(), String> {
        let word = |text: &str| match text {
            "device" => Ok(SpecialFileType::Device),
            "fifo" => Ok(SpecialFileType::Fifo),
            "socket" => Err("a socket cannot be opened by its path; remove it".to_owned()),
            _ => Err("write `fifo`, `device`, or both with a comma".to_owned()),
        };
        self.lists_mut().types = parse_sorted(text, word)?;
        Ok(())
    }

    pub(super) fn set_file_systems(&mut self, text: &str) -> Result<(), String> {
        self.lists_mut().file_systems = match text {
            "any" => FileSystemSet::Any,
            text => FileSystemSet::Listed(parse_sorted(text, FileSystemType::parse)?),
        };
        Ok(())
    }

    /// Returns `true` if a grant with these options allows such a file.
    pub(crate) fn allows(&self, special: &SpecialFile) -> bool {
        let lists = self.lists();
        special
            .file_type
            .is_none_or(|file_type| lists.types.contains(&file_type))
            && match &lists.file_systems {
                FileSystemSet::Any => true,
                FileSystemSet::Listed(these) => {
                    special.file_systems.iter().all(|it| these.contains(it))
                }
            }
    }

    /// Returns these options extended to allow such a file, or `None` if no option does.
    pub(crate) fn extended_for(&self, special: &SpecialFile) -> Option<Self> {
        let mut wider = self.clone();
        if let Some(file_type) = special.file_type {
            file_type.word()?;
            let types = &mut wider.lists_mut().types;
            types.push(file_type);
            types.sort_unstable();
            types.dedup();
        }
        if !special.file_systems.is_empty()
            && let FileSystemSet::Listed(these) = &mut wider.lists_mut().file_systems
        {
            these.extend(&special.file_systems);
            these.sort_unstable();
            these.dedup();
        }
        Some(wider)
    }

    /// Returns `true` if these options allow everything that `narrow` allows.
    pub(super) fn covers(&self, narrow: &Self) -> bool {
        let (wide, narrow) = (self.lists(), narrow.lists());
        let file_systems = match (&wide.file_systems, &narrow.file_systems) {
            (FileSystemSet::Any, _) => true,
            (FileSystemSet::Listed(_), FileSystemSet::Any) => false,
            (FileSystemSet::Listed(wide), FileSystemSet::Listed(narrow)) => {
                narrow.iter().all(|it| wide.contains(it))
            }
        };
        file_systems && narrow.types.iter().all(|it| wide.types.contains(it))
    }
}

impl fmt::Display for SpecialFileOptions {
    /// Writes the options, each after a space.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lists = self.lists();
        if !lists.types.is_empty() {
            let words: Vec<&str> = lists.types.iter().filter_map(|it| it.word()).collect();
            write!(f, " types={}", words.join(","))?;
        }
        match &lists.file_systems {
            FileSystemSet::Any => f.write_str(" filesystems=any"),
            FileSystemSet::Listed(these) if these.is_empty() => Ok(()),
            FileSystemSet::Listed(these) => write!(f, " filesystems={}", join_file_systems(these)),
        }
    }
}

/// Parses a comma-separated list; sorts it and removes duplicates.
fn parse_sorted<T: Ord>(
    text: &str,
    read: impl Fn(&str) -> Result<T, String>,
) -> Result<Vec<T>, String> {
    let mut all = text
        .split(',')
        .map(read)
        .collect::<Result<Vec<T>, String>>()?;
    all.sort_unstable();
    all.dedup();
    Ok(all)
}

fn join_file_systems(all: &[FileSystemType]) -> String {
    all.iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(",")
}

/// Types that hold ordinary files. All other types, including unknown ones, must be named in a
/// grant.
const ORDINARY_FILE_SYSTEMS: [(u32, &str); 43] = [
    // Disks.
    (0xef53, "ext4"),
    (0x5846_5342, "xfs"),
    (0x9123_683e, "btrfs"),
    (0xf2f5_2010, "f2fs"),
    (0x2fc1_2fc1, "zfs"),
    (0xca45_1a4e, "bcachefs"),
    (0x3153_464a, "jfs"),
    (0x5265_4973, "reiserfs"),
    (0x3434, "nilfs2"),
    (0x2405_1905, "ubifs"),
    (0x72b6, "jffs2"),
    (0x4d44, "vfat"),
    (0x2011_bab0, "exfat"),
    (0x5346_544e, "ntfs"),
    (0x7366_746e, "ntfs3"),
    (0x4244, "hfs"),
    (0x482b, "hfsplus"),
    (0xf15f, "ecryptfs"),
    // Memory, and layers over others.
    (0x0102_1994, "tmpfs"),
    (0x8584_58f6, "ramfs"),
    (0x794c_7630, "overlay"),
    (0x6175_6673, "aufs"),
    // Network, clusters and hypervisors.
    (0x6969, "nfs"),
    (0xff53_4d42, "cifs"),
    (0xfe53_4d42, "smb2"),
    (0x0102_1997, "9p"),
    (0x6573_5546, "fuse"),
    (0x00c3_6400, "ceph"),
    (0x0bd0_0bd0, "lustre"),
    (0x0116_1970, "gfs2"),
    (0x7461_636f, "ocfs2"),
    (0x4750_4653, "gpfs"),
    (0x2003_0528, "orangefs"),
    (0x5346_414f, "afs"),
    (0x6b41_4653, "kafs"),
    (0x786f_4256, "vboxsf"),
    (0xbacb_acbc, "vmhgfs"),
    // Media and archives.
    (0x9660, "iso9660"),
    (0x1501_3346, "udf"),
    (0x7371_7368, "squashfs"),
    (0xe0f5_e1e2, "erofs"),
    (0x28cd_3d45, "cramfs"),
    (0x7275, "romfs"),
];

/// Names of types that do not hold ordinary files. Types without a name are written as numbers.
const SPECIAL_FILE_SYSTEMS: [(u32, &str); 26] = [
    (0, "unknown"),
    (0x9fa0, "proc"),
    (0x6265_6572, "sysfs"),
    (0x0027_e0eb, "cgroup"),
    (0x6367_7270, "cgroup2"),
    (0x6462_6720, "debugfs"),
    (0x7472_6163, "tracefs"),
    (0x7363_6673, "securityfs"),
    (0xcafe_4a11, "bpf"),
    (0x6265_6570, "configfs"),
    (0x6165_676c, "pstore"),
    (0xde5e_81e4, "efivarfs"),
    (0x1cd1, "devpts"),
    (0x1980_0202, "mqueue"),
    (0x9584_58f6, "hugetlbfs"),
    (0x4249_4e4d, "binfmt_misc"),
    (0xf97c_ff8c, "selinuxfs"),
    (0x4341_5d53, "smackfs"),
    (0x6e73_6673, "nsfs"),
    (0x6759_6969, "rpc_pipefs"),
    (0x0187, "autofs"),
    (0x6573_5543, "fusectl"),
    (0x6c6f_6f70, "binder"),
    (0x0765_5821, "resctrl"),
    (0xabba_1974, "xenfs"),
    (0x5345_434d, "secretmem"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Rule;

    fn rule(options: &str) -> Result<String, String> {
        let rule = format!("file-read /d {options}").parse::<Rule>();
        rule.map(|rule| rule.to_string())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn names_have_one_number_and_numbers_one_name() {
        let all: Vec<(u32, &str)> = ORDINARY_FILE_SYSTEMS
            .iter()
            .chain(&SPECIAL_FILE_SYSTEMS)
            .copied()
            .collect();
        for (n, (magic, name)) in all.iter().enumerate() {
            assert!(
                all[n + 1..]
                    .iter()
                    .all(|(other, same)| other != magic && same != name),
                "{name}"
            );
        }
    }

    #[test]
    fn options_have_a_canonical_text() {
        for (written, text) in [
            ("types=fifo,device,fifo", "types=device,fifo"),
            ("filesystems=sysfs,proc", "filesystems=proc,sysfs"),
            ("filesystems=0x9fa0", "filesystems=proc"),
            ("filesystems=0xABCDEF", "filesystems=0x00abcdef"),
            ("filesystems=any types=fifo", "types=fifo filesystems=any"),
        ] {
            assert_eq!(
                rule(written),
                Ok(format!("file-read /d {text}")),
                "{written}"
            );
            assert_eq!(rule(text), Ok(format!("file-read /d {text}")), "{text}");
        }
    }

    #[test]
    fn errors_contain_advice() {
        for (written, expected) in [
            ("types=pipe", "write `fifo`, `device`"),
            ("types=socket", "a socket cannot be opened"),
            ("types=", "write `fifo`"),
            ("filesystems=porc", "did you mean `proc`?"),
            ("filesystems=ext4", "needs no option"),
            ("filesystems=0xef53", "`ext4` holds ordinary files"),
            ("filesystems=proc,any", "write types of file systems"),
            ("filesystems=everything", "write types of file systems"),
        ] {
            let problem = rule(written).expect_err(written);
            assert!(problem.contains(expected), "{written}: {problem}");
        }
        assert!("tcp a:1 types=fifo".parse::<Rule>().is_err());
    }

    #[test]
    fn unknown_file_systems_hold_no_ordinary_files() {
        assert!(!FileSystemType::UNKNOWN.holds_ordinary_files());
        assert!(!FileSystemType::from_magic(0x1357_9bdf).holds_ordinary_files());
    }

    #[test]
    fn a_special_file_needs_all_of_its_options() {
        let specials = |text: &str| {
            format!("file-read /d {text}")
                .parse::<Rule>()
                .expect(text)
                .options
                .special
        };
        let proc = FileSystemType::from_magic(0x9fa0);
        let special = |file_type, file_systems: &[FileSystemType]| SpecialFile {
            file_type,
            file_systems: file_systems.to_vec(),
        };
        let both = special(Some(SpecialFileType::Fifo), &[proc]);
        assert_eq!(
            both.grant_options().as_deref(),
            Some(" types=fifo filesystems=proc")
        );
        assert_eq!(
            both.to_string(),
            "is a FIFO and is on a file system of type `proc`"
        );
        for (options, names) in [
            ("types=fifo", false),
            ("filesystems=proc", false),
            ("types=device filesystems=any", false),
            ("types=fifo filesystems=sysfs", false),
            ("types=fifo filesystems=proc", true),
            ("types=fifo filesystems=any", true),
        ] {
            assert_eq!(specials(options).allows(&both), names, "{options}");
        }
        assert!(
            !specials("types=fifo,device filesystems=any")
                .allows(&special(Some(SpecialFileType::Socket), &[]))
        );
        assert_eq!(
            special(Some(SpecialFileType::Socket), &[]).grant_options(),
            None
        );
    }
}
