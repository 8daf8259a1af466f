//! The database of a state directory: what is kept by name, and what was done.
//!
//! Every change is one transaction that is on disk when it returns.
//! Tests: the workspace's `tests/suite/state`, which kills the process at each write.

use std::fmt::Display;
use std::path::Path;

use airssys_wasm_core::ComponentName;
use redb::backends::InMemoryBackend;
use redb::{
    ReadableDatabase as _, ReadableTable as _, ReadableTableMetadata as _, StorageBackend as _,
    TableDefinition,
};

use super::change::{Change, ChangeRecord};
use super::record::{NameRecord, from_bytes, to_bytes};
use crate::disk::{remove_if_there, rename};
use crate::{Error, ErrorKind, Result};

const FORMAT: u64 = 1;

/// Numbers about the database itself.
const ABOUT: TableDefinition<'_, &str, u64> = TableDefinition::new("about");
/// A record a name.
const NAMES: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("names");
/// What was done, in its order.
const CHANGES: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("changes");

/// How many changes are kept.
const CHANGES_MAX: u64 = 10_000;

pub(super) struct Database(redb::Database);

/// What a database has.
#[derive(Default)]
pub(crate) struct Kept {
    pub(crate) names: Vec<(ComponentName, NameRecord)>,
    /// What cannot be read any more, with what is wrong.
    pub(crate) lost: Vec<(String, String)>,
}

impl Database {
    /// Opens the database in a file.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::StateDamaged`] if the file is no database or one of another format;
    /// [`ErrorKind::StateUnavailable`].
    pub(super) fn open(path: &Path) -> Result<Self> {
        check_integrity(path)?;
        let database = Self(redb::Database::open(path).map_err(|error| cannot_open(path, error))?);
        database.check_format(path)?;
        Ok(database)
    }

    /// Makes a database in a file that is not there. Whatever happens meanwhile, none is there
    /// or a whole one.
    pub(super) fn create(path: &Path) -> Result<Self> {
        let aside = path.with_extension("new");
        let made = remove_if_there(&aside).map_err(failed).and_then(|()| {
            let database = Self(redb::Database::create(&aside).map_err(|error| cannot_open(&aside, error))?);
            database.begin()?;
            rename(&aside, path).map_err(failed)?;
            Ok(database)
        });
        if made.is_err() {
            // What is left aside is nobody's.
            let _ = remove_if_there(&aside);
        }
        made
    }

    fn begin(&self) -> Result<()> {
        let transaction = self.0.begin_write().map_err(failed)?;
        transaction.open_table(ABOUT).map_err(failed)?.insert("format", FORMAT).map_err(failed)?;
        transaction.open_table(NAMES).map_err(failed)?;
        transaction.open_table(CHANGES).map_err(failed)?;
        transaction.commit().map_err(failed)
    }

    fn check_format(&self, path: &Path) -> Result<()> {
        let transaction = self.0.begin_read().map_err(failed)?;
        let about = transaction.open_table(ABOUT).map_err(|error| damaged(path, &error))?;
        match about.get("format").map_err(failed)?.map(|format| format.value()) {
            Some(FORMAT) => Ok(()),
            format => {
                let format = format.map_or("none".into(), |format| format.to_string());
                let problem = format!(
                    "its format is {format}, and this is airssys-wasm {}, which knows {FORMAT}",
                    env!("CARGO_PKG_VERSION")
                );
                Err(damaged(path, &problem))
            }
        }
    }

    /// Every name that is kept.
    pub(super) fn names(&self) -> Result<Kept> {
        let transaction = self.0.begin_read().map_err(failed)?;
        let table = transaction.open_table(NAMES).map_err(failed)?;
        let mut kept = Kept::default();
        for entry in table.iter().map_err(failed)? {
            let (name, bytes) = entry.map_err(failed)?;
            let name = String::from_utf8_lossy(name.value());
            let read = name.parse::<ComponentName>().map_err(|error| error.to_string());
            match read.and_then(|name| Ok((name, from_bytes(bytes.value())?))) {
                Ok(record) => kept.names.push(record),
                Err(problem) => kept.lost.push((name.into_owned(), problem)),
            }
        }
        Ok(kept)
    }

    /// Keeps what changes have made of names, or forgets names that have no record: all of it
    /// or none.
    pub(super) fn commit(
        &self,
        changed: &[(&ComponentName, Option<&NameRecord>)],
        changes: &[Change],
    ) -> Result<()> {
        let transaction = self.0.begin_write().map_err(failed)?;
        {
            let mut names = transaction.open_table(NAMES).map_err(failed)?;
            for (name, record) in changed {
                match record {
                    Some(record) => {
                        names.insert(name.as_str().as_bytes(), &*to_bytes(record).map_err(failed)?)
                    }
                    None => names.remove(name.as_str().as_bytes()),
                }
                .map_err(failed)?;
            }
            let mut kept = transaction.open_table(CHANGES).map_err(failed)?;
            for change in changes {
                let last = kept.last().map_err(failed)?.map_or(0, |(number, _)| number.value());
                let bytes = to_bytes(&ChangeRecord::from(change)).map_err(failed)?;
                kept.insert(last + 1, &*bytes).map_err(failed)?;
            }
            while kept.len().map_err(failed)? > CHANGES_MAX {
                kept.pop_first().map_err(failed)?;
            }
        }
        transaction.commit().map_err(failed)
    }

    /// What was done, oldest first; one that cannot be read is left out.
    pub(super) fn changes(&self) -> Result<Vec<Change>> {
        let transaction = self.0.begin_read().map_err(failed)?;
        let table = transaction.open_table(CHANGES).map_err(failed)?;
        let mut changes = Vec::new();
        for entry in table.iter().map_err(failed)? {
            let (_, bytes) = entry.map_err(failed)?;
            changes.extend(from_bytes::<ChangeRecord>(bytes.value()).ok().map(Change::from));
        }
        Ok(changes)
    }
}

/// Checks everything that is in the file, in memory: a database that is opened mends what it
/// can, and that may be by going back to what was before.
fn check_integrity(path: &Path) -> Result<()> {
    let bytes = std::fs::read(path).map_err(failed)?;
    // What is empty would be taken for new.
    if bytes.is_empty() {
        return Err(damaged(path, &"it is empty"));
    }
    // What is damaged may break what the database takes for granted.
    match std::panic::catch_unwind(|| is_intact(&bytes)) {
        Ok(Ok(true)) => Ok(()),
        Ok(Ok(false)) => Err(damaged(path, &"its checksums do not match")),
        Ok(Err(error)) => Err(damaged(path, &error)),
        Err(_) => Err(damaged(path, &"it is not what a database looks like")),
    }
}

fn is_intact(bytes: &[u8]) -> std::result::Result<bool, redb::DatabaseError> {
    let memory = InMemoryBackend::new();
    memory
        .set_len(bytes.len() as u64)
        .and_then(|()| memory.write(0, bytes))
        .map_err(redb::StorageError::Io)?;
    redb::Database::builder().create_with_backend(memory)?.check_integrity()
}

fn failed(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    let message = format!("the state directory cannot be read or written: {error}");
    Error::new(ErrorKind::StateUnavailable, message).with_source(error)
}

fn cannot_open(path: &Path, error: redb::DatabaseError) -> Error {
    use redb::{DatabaseError, StorageError};
    match &error {
        DatabaseError::Storage(StorageError::Io(cause))
            if cause.kind() != std::io::ErrorKind::InvalidData =>
        {
            failed(error)
        }
        _ => damaged(path, &error),
    }
}

fn damaged(path: &Path, problem: &dyn Display) -> Error {
    let message = format!(
        "`{}` cannot be used, and nothing was changed: {problem}; put a copy of it back, or move the directory that it is in away to begin without deployments",
        path.display()
    );
    Error::new(ErrorKind::StateDamaged, message)
}
