//! The database of a state directory: records by name, and the history of changes. Every change is
//! one transaction, durable when it returns.
//!
//! Tests: in this file, `tests/suite/state`.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use airssys_wasm_core::ComponentName;
use parking_lot::Mutex;
use redb::backends::InMemoryBackend;
use redb::{
    ReadableDatabase as _, ReadableTable, ReadableTableMetadata as _, StorageBackend as _,
    TableDefinition, TableHandle as _,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::change::{Change, ChangeRecord};
use super::record::{DeploymentRecord, PipelineRecord, from_bytes, to_bytes};
use super::{RecordSubject, Transaction, UnreadableRecord};
use crate::disk::{remove_if_exists, rename};
use crate::{Error, ErrorKind, Result};

const FORMAT: u64 = 1;

/// Numbers about the database itself.
const METADATA: TableDefinition<'_, &str, u64> = TableDefinition::new("about");
/// The record of each deployment.
const NAMES: RecordTable = TableDefinition::new("names");
/// The record of each pipeline.
const PIPELINES: RecordTable = TableDefinition::new("pipelines");

/// The deployments that serve HTTP requests, by their routes.
const ROUTES: RecordTable = TableDefinition::new("routes");
/// The history of changes, by number.
const CHANGES: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("changes");

/// The maximum number of changes stored.
const CHANGES_MAX: u64 = 10_000;

/// A table of records by name.
type RecordTable = TableDefinition<'static, &'static [u8], &'static [u8]>;

/// Records by table and encoded name; `None` for absent records.
type Records = Vec<(RecordTable, Vec<u8>, Option<Vec<u8>>)>;

/// A database that survives I/O errors: after a failed read or write, it is reopened before the
/// next use.
pub(super) struct Database {
    path: PathBuf,
    state: Mutex<DatabaseInner>,
}

struct DatabaseInner {
    /// `None` after a failed read or write.
    open: Option<redb::Database>,
    /// The previous contents of a failed change, since the change may or may not have reached the
    /// disk.
    undo: Option<UndoRecord>,
}

/// The contents of the database before a change.
struct UndoRecord {
    records: Records,
    last_change: u64,
}

/// The contents of the database.
#[derive(Default)]
pub(crate) struct Snapshot {
    pub(crate) names: BTreeMap<ComponentName, DeploymentRecord>,
    pub(crate) pipelines: BTreeMap<ComponentName, PipelineRecord>,
    #[cfg_attr(
        not(feature = "http"),
        expect(dead_code, reason = "routes are only served with the feature `http`")
    )]
    pub(crate) routes: BTreeMap<String, String>,
    pub(crate) unreadable: Vec<UnreadableRecord>,
}

impl Database {
    /// Opens the database in a file.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::StateDamaged`] if the file is not a database, or has another format;
    /// [`ErrorKind::StateUnavailable`].
    pub(super) fn open(path: &Path) -> Result<Self> {
        check_integrity(path)?;
        let open = redb::Database::open(path).map_err(|error| cannot_open(path, error))?;
        check_format(&open, path)?;
        add_routes_table(&open).map_err(unavailable_error)?;
        Ok(Self::from_open(open, path))
    }

    /// Creates a database in a file that does not exist. A crash leaves either no file or a
    /// complete database.
    pub(super) fn create(path: &Path) -> Result<Self> {
        let aside = path.with_extension("new");
        let made = remove_if_exists(&aside)
            .map_err(unavailable_error)
            .and_then(|()| {
                let open =
                    redb::Database::create(&aside).map_err(|error| cannot_open(&aside, error))?;
                create_tables(&open).map_err(unavailable_error)?;
                rename(&aside, path).map_err(unavailable_error)?;
                Ok(Self::from_open(open, path))
            });
        if made.is_err() {
            // A remaining temporary file is harmless.
            let _ = remove_if_exists(&aside);
        }
        made
    }

    fn from_open(open: redb::Database, path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            state: Mutex::new(DatabaseInner {
                open: Some(open),
                undo: None,
            }),
        }
    }

    /// Reads all records.
    pub(super) fn read(&self) -> Result<Snapshot> {
        self.state.lock().with_database(&self.path, |database| {
            let transaction = database.begin_read()?;
            let mut unreadable = Vec::new();
            let names = read(&transaction, RecordSubject::Deployment, &mut unreadable)?;
            let pipelines = read(&transaction, RecordSubject::Pipeline, &mut unreadable)?;
            let routes = read(&transaction, RecordSubject::Route, &mut unreadable)?;
            Ok(Snapshot {
                names,
                pipelines,
                routes,
                unreadable,
            })
        })
    }

    /// Writes a transaction, all of it or nothing.
    pub(super) fn commit(&self, transaction: &Transaction) -> Result<()> {
        let mut records = to_records(NAMES, &transaction.deployments)?;
        records.extend(to_records(PIPELINES, &transaction.pipelines)?);
        records.extend(to_records(ROUTES, &transaction.routes)?);
        let changes = transaction
            .changes
            .iter()
            .map(|change| to_bytes(&ChangeRecord::from(change)).map_err(unavailable_error));
        let changes = changes.collect::<Result<Vec<_>>>()?;
        let mut inner = self.state.lock();
        let before = inner.with_database(&self.path, |database| {
            UndoRecord::capture(database, &records)
        })?;
        let written =
            inner.with_database(&self.path, |database| write(database, &records, &changes));
        if written.is_err() {
            inner.undo = Some(before);
        }
        written
    }

    /// Returns the history of changes, oldest first, without those that cannot be read.
    pub(super) fn changes(&self) -> Result<Vec<Change>> {
        self.state.lock().with_database(&self.path, |database| {
            let transaction = database.begin_read()?;
            let mut changes = Vec::new();
            for entry in transaction.open_table(CHANGES)?.iter()? {
                let (_, bytes) = entry?;
                changes.extend(
                    from_bytes::<ChangeRecord>(bytes.value())
                        .ok()
                        .map(Change::from),
                );
            }
            Ok(changes)
        })
    }
}

impl DatabaseInner {
    /// Calls `act` with the database, reopening it first if its last use failed.
    fn with_database<T>(
        &mut self,
        path: &Path,
        act: impl FnOnce(&redb::Database) -> std::result::Result<T, redb::Error>,
    ) -> Result<T> {
        let database = match self.open.take() {
            Some(database) => database,
            None => self.reopen(path)?,
        };
        let done = act(&database).map_err(unavailable_error)?;
        self.open = Some(database);
        Ok(done)
    }

    /// Reopens the database, and undoes the failed change if there was one.
    fn reopen(&mut self, path: &Path) -> Result<redb::Database> {
        let database = redb::Database::open(path).map_err(|error| cannot_open(path, error))?;
        if let Some(before) = &self.undo {
            before.restore(&database).map_err(unavailable_error)?;
            self.undo = None;
        }
        Ok(database)
    }
}

impl UndoRecord {
    fn capture(
        database: &redb::Database,
        records: &Records,
    ) -> std::result::Result<Self, redb::Error> {
        let transaction = database.begin_read()?;
        let mut before = Records::new();
        for (table, name, _) in records {
            let bytes = transaction
                .open_table(*table)?
                .get(&**name)?
                .map(|bytes| bytes.value().to_vec());
            before.push((*table, name.clone(), bytes));
        }
        let last_change = last_change_number(&transaction.open_table(CHANGES)?)?;
        Ok(Self {
            records: before,
            last_change,
        })
    }

    fn restore(&self, database: &redb::Database) -> std::result::Result<(), redb::Error> {
        let transaction = database.begin_write()?;
        put_records(&transaction, &self.records)?;
        transaction
            .open_table(CHANGES)?
            .retain(|number, _| number <= self.last_change)?;
        transaction.commit()?;
        Ok(())
    }
}

fn create_tables(database: &redb::Database) -> std::result::Result<(), redb::Error> {
    let transaction = database.begin_write()?;
    transaction.open_table(METADATA)?.insert("format", FORMAT)?;
    transaction.open_table(NAMES)?;
    transaction.open_table(PIPELINES)?;
    transaction.open_table(ROUTES)?;
    transaction.open_table(CHANGES)?;
    transaction.commit()?;
    Ok(())
}

fn check_format(database: &redb::Database, path: &Path) -> Result<()> {
    let transaction = database.begin_read().map_err(unavailable_error)?;
    let about = transaction
        .open_table(METADATA)
        .map_err(|error| damaged_error(path, &error))?;
    match about
        .get("format")
        .map_err(unavailable_error)?
        .map(|format| format.value())
    {
        Some(FORMAT) => Ok(()),
        format => {
            let format = format.map_or("none".into(), |format| format.to_string());
            let problem = format!(
                "its format is {format}, but airssys-wasm {} supports only format {FORMAT}",
                env!("CARGO_PKG_VERSION")
            );
            Err(damaged_error(path, &problem))
        }
    }
}

/// Adds the table of routes to a database created before routes existed.
fn add_routes_table(database: &redb::Database) -> std::result::Result<(), redb::Error> {
    if database
        .begin_read()?
        .list_tables()?
        .any(|table| table.name() == ROUTES.name())
    {
        return Ok(());
    }
    let transaction = database.begin_write()?;
    transaction.open_table(ROUTES)?;
    transaction.commit()?;
    Ok(())
}

fn write(
    database: &redb::Database,
    records: &Records,
    changes: &[Vec<u8>],
) -> std::result::Result<(), redb::Error> {
    let transaction = database.begin_write()?;
    put_records(&transaction, records)?;
    {
        let mut kept = transaction.open_table(CHANGES)?;
        for change in changes {
            let number = last_change_number(&kept)? + 1;
            kept.insert(number, &**change)?;
        }
        while kept.len()? > CHANGES_MAX {
            kept.pop_first()?;
        }
    }
    transaction.commit()?;
    Ok(())
}

fn put_records(
    transaction: &redb::WriteTransaction,
    records: &Records,
) -> std::result::Result<(), redb::Error> {
    for (table, name, bytes) in records {
        let mut table = transaction.open_table(*table)?;
        match bytes {
            Some(bytes) => table.insert(&**name, &**bytes)?,
            None => table.remove(&**name)?,
        };
    }
    Ok(())
}

fn to_records<K: Display, T: Serialize>(
    table: RecordTable,
    all: &[(K, Option<T>)],
) -> Result<Records> {
    let record = |(name, record): &(K, Option<T>)| {
        let bytes = record
            .as_ref()
            .map(to_bytes)
            .transpose()
            .map_err(unavailable_error)?;
        Ok((table, name.to_string().into_bytes(), bytes))
    };
    all.iter().map(record).collect()
}

/// Reads every record of a subject; those that cannot be read are added to `unreadable`.
fn read<K, T: DeserializeOwned>(
    transaction: &redb::ReadTransaction,
    subject: RecordSubject,
    unreadable: &mut Vec<UnreadableRecord>,
) -> std::result::Result<BTreeMap<K, T>, redb::Error>
where
    K: FromStr<Err: Display> + Ord,
{
    let table = match subject {
        RecordSubject::Deployment => NAMES,
        RecordSubject::Pipeline => PIPELINES,
        RecordSubject::Route => ROUTES,
    };
    let mut records = BTreeMap::new();
    for entry in transaction.open_table(table)?.iter()? {
        let (name, bytes) = entry?;
        let name = String::from_utf8_lossy(name.value());
        let read = name.parse::<K>().map_err(|error| error.to_string());
        match read.and_then(|name| Ok((name, from_bytes(bytes.value())?))) {
            Ok((name, record)) => drop(records.insert(name, record)),
            Err(problem) => unreadable.push(UnreadableRecord {
                subject,
                name: name.into_owned(),
                problem,
            }),
        }
    }
    Ok(records)
}

/// Returns the number of the last change.
fn last_change_number(
    changes: &impl ReadableTable<u64, &'static [u8]>,
) -> std::result::Result<u64, redb::Error> {
    Ok(changes.last()?.map_or(0, |(number, _)| number.value()))
}

/// Checks the whole file in memory. Opening a damaged database would repair it, possibly by
/// reverting to an older state.
fn check_integrity(path: &Path) -> Result<()> {
    let bytes = std::fs::read(path).map_err(unavailable_error)?;
    // Damaged data may break invariants that the database relies on.
    match std::panic::catch_unwind(|| is_intact(&bytes)) {
        Ok(Ok(true)) => Ok(()),
        Ok(Ok(false)) => Err(damaged_error(path, &"its checksums do not match")),
        Ok(Err(error)) => Err(damaged_error(path, &error)),
        Err(_) => Err(damaged_error(path, &"it is not a database")),
    }
}

fn is_intact(bytes: &[u8]) -> std::result::Result<bool, redb::DatabaseError> {
    let memory = InMemoryBackend::new();
    memory
        .set_len(bytes.len() as u64)
        .and_then(|()| memory.write(0, bytes))
        .map_err(redb::StorageError::Io)?;
    redb::Database::builder()
        .create_with_backend(memory)?
        .check_integrity()
}

fn unavailable_error(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    let message = format!("the state directory cannot be read or written: {error}");
    Error::new(ErrorKind::StateUnavailable, message).with_source(error)
}

fn cannot_open(path: &Path, error: redb::DatabaseError) -> Error {
    use redb::{DatabaseError, StorageError};
    match &error {
        DatabaseError::Storage(StorageError::Io(cause))
            if cause.kind() != std::io::ErrorKind::InvalidData =>
        {
            unavailable_error(error)
        }
        _ => damaged_error(path, &error),
    }
}

fn damaged_error(path: &Path, problem: &dyn Display) -> Error {
    let message = format!(
        "`{}` cannot be used, and nothing was changed: {problem}; restore it from a backup, or move its directory away to start without deployments",
        path.display()
    );
    Error::new(ErrorKind::StateDamaged, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::Action;

    fn database() -> (tempfile::TempDir, PathBuf, Database) {
        let place = tempfile::tempdir().expect("a directory");
        let path = place.path().join("state.redb");
        let database = Database::create(&path).expect("made");
        (place, path, database)
    }

    fn put_raw(database: &Database, act: impl FnOnce(&redb::WriteTransaction)) {
        let inner = database.state.lock();
        let transaction = inner
            .open
            .as_ref()
            .expect("open")
            .begin_write()
            .expect("begun");
        act(&transaction);
        transaction.commit().expect("written");
    }

    #[test]
    fn history_is_limited_to_the_last_changes() {
        let (_place, _, database) = database();
        let name = "greeter".parse().expect("a name");
        let all = CHANGES_MAX as usize + 3;
        let changes: Vec<Change> = (0..all)
            .map(|_| Change::now(&name, Action::Removed))
            .collect();
        database
            .commit(&Transaction::new().with_changes(changes))
            .expect("written");
        assert_eq!(
            database.changes().expect("readable").len(),
            CHANGES_MAX as usize
        );
    }

    /// Routes were added to the format later.
    #[test]
    fn database_without_a_routes_table_opens_empty() {
        let (_place, path, database) = database();
        put_raw(&database, |transaction| {
            assert!(transaction.delete_table(ROUTES).expect("there"))
        });
        drop(database);
        let database = Database::open(&path).expect("it can be opened");
        assert!(database.read().expect("readable").routes.is_empty());
        let web = "web".parse().expect("a name");
        database
            .commit(&Transaction::new().with_route("/".into(), Some(&web)))
            .expect("kept");
        assert_eq!(database.read().expect("readable").routes.len(), 1);
    }

    #[test]
    fn unsupported_format_is_rejected_and_left_unchanged() {
        let (_place, path, database) = database();
        put_raw(&database, |transaction| {
            let mut about = transaction.open_table(METADATA).expect("a table");
            about.insert("format", FORMAT + 1).expect("put");
        });
        drop(database);
        let error = Database::open(&path).map(drop).expect_err("another format");
        assert!(error.to_string().contains("its format is 2"), "{error}");
    }

    /// The unreadable record may refer to bytes that no other record needs.
    #[test]
    fn blobs_are_retained_while_a_record_is_unreadable() {
        let place = tempfile::tempdir().expect("a directory");
        let (state, _) = crate::state::StateDirectory::open(place.path()).expect("made");
        let component = crate::Component::from_bytes(wat::parse_str("(component)").expect("bytes"));
        let component = component.expect("a component");
        let pin = state.store_component(&component).expect("kept");
        put_raw(&state.database, |transaction| {
            let mut names = transaction.open_table(NAMES).expect("a table");
            names.insert(&b"greeter"[..], &b"damaged"[..]).expect("put");
        });
        // Simulates a killed process.
        std::mem::forget(pin);
        drop(state);
        let (state, found) =
            crate::state::StateDirectory::open(place.path()).expect("opened again");
        assert_eq!(found.unreadable.len(), 1);
        assert!(state.blobs.store().read(component.digest()).is_ok());
    }

    /// They must not be mistaken for stages of a pipeline whose deployment failed.
    #[test]
    fn stages_of_an_unreadable_pipeline_are_retained() {
        let place = tempfile::tempdir().expect("a directory");
        let (state, _) = crate::state::StateDirectory::open(place.path()).expect("made");
        let component = crate::Component::from_bytes(wat::parse_str("(component)").expect("bytes"));
        let component = component.expect("a component");
        let pin = state.store_component(&component).expect("kept");
        let stage = DeploymentRecord {
            active: 1,
            served: vec![1],
            last_number: 1,
            revisions: Vec::new(),
            waiting: Some(crate::state::ComponentRecord::from_component(&component)),
            pipeline: Some("sums".parse().expect("a name")),
        };
        let name = "sums:first".parse().expect("a name");
        state
            .commit(&Transaction::new().with_deployment(&name, stage))
            .expect("written");
        drop(pin);
        put_raw(&state.database, |transaction| {
            let mut pipelines = transaction.open_table(PIPELINES).expect("a table");
            pipelines
                .insert(&b"sums"[..], &b"damaged"[..])
                .expect("put");
        });
        drop(state);
        let (state, found) =
            crate::state::StateDirectory::open(place.path()).expect("opened again");
        let subjects: Vec<_> = found.unreadable.iter().map(|lost| lost.subject).collect();
        assert_eq!(subjects, [RecordSubject::Pipeline]);
        assert!(
            found.names.contains_key(&name),
            "its stage is still recorded"
        );
        assert!(
            state.blobs.store().read(component.digest()).is_ok(),
            "and its bytes"
        );
    }
}
