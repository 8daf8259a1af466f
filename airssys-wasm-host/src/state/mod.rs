//! The state that a host persists, so that deployments survive a restart.
//!
//! | file | purpose |
//! |---|---|
//! | `database` | records by name and the history of changes, in transactions |
//! | `record` | the stored form of deployments, and its encoding |
//! | `change` | an entry of the history |
//! | `blob_usage` | the component blobs that are needed |
//! | `lock` | the lock of the directory |
//! | `transaction` | changes that are committed together |
//! | `package` | published names and versions |
//! | `unreadable` | records that cannot be read |
//! | `text` | serde helpers for values stored as text |
//!
//! Does not know running revisions: `deployment` and `rollout` write the records, `restore` reads
//! them.
//!
//! Tests: `tests/suite/state`.

mod blob_usage;
mod change;
mod database;
mod lock;
mod package;
mod record;
mod text;
mod transaction;
mod unreadable;

use std::collections::BTreeSet;
use std::fmt::Display;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use airssys_wasm_core::suggest::with_suggestion;
use airssys_wasm_core::{ComponentName, Digest, PackageRef};
use semver::Version;

pub(crate) use blob_usage::BlobPin;
pub use change::{Action, Change, RevisionSummary};
pub(crate) use database::Snapshot;
pub use package::{Package, PackageVersion};
pub(crate) use record::{ComponentRecord, DeploymentRecord, PipelineRecord, RevisionRecord};
pub(crate) use transaction::Transaction;
pub use unreadable::{RecordSubject, UnreadableRecord};

use crate::disk::open_private;
use crate::store::BlobStore;
use crate::{Component, Error, ErrorClass, ErrorKind, Result};
use blob_usage::BlobUsage;
use database::Database;
use lock::StateLock;

/// The state directory of a host.
pub(crate) struct StateDirectory {
    database: Database,
    blobs: Arc<BlobUsage>,
    // Dropped last, to release the directory.
    _lock: StateLock,
}

impl StateDirectory {
    /// Locks a state directory, and reads its contents.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::StateUnavailable`], [`ErrorKind::StateDamaged`].
    pub(crate) fn open(directory: &Path) -> Result<(Self, Snapshot)> {
        open_private(directory).map_err(|error| unavailable(&error))?;
        let held = StateLock::acquire(directory)?;
        let file = directory.join("state.redb");
        let store =
            BlobStore::open(&directory.join("components")).map_err(|error| unavailable(&error))?;
        // An error is no proof that the file is missing.
        let is_there = file.try_exists();
        let database = if is_there.map_err(|error| unavailable(&error))? {
            Database::open(&file)?
        } else {
            check_is_new(directory, &store)?;
            Database::create(&file)?
        };
        let mut found = database.read()?;
        // A record that cannot be read may refer to stages or bytes that no other record needs.
        if found.unreadable.is_empty() {
            remove_unfinished_pipelines(&database, &mut found)?;
        }
        let used = BlobUsage::new(
            store,
            found
                .names
                .iter()
                .map(|(name, record)| (name, record.digests().collect())),
        );
        if found.unreadable.is_empty() {
            used.sweep().map_err(|error| unavailable(&error))?;
        }
        Ok((
            Self {
                database,
                blobs: Arc::new(used),
                _lock: held,
            },
            found,
        ))
    }

    /// The default directory of the code cache.
    pub(crate) fn code_cache_path(directory: &Path) -> PathBuf {
        directory.join("code")
    }

    /// Stores the bytes of a component, at least as long as the pin is held.
    pub(crate) fn store_component(&self, component: &Component) -> Result<BlobPin> {
        let whole = (component.digest(), component.bytes());
        let parts = component
            .parts()
            .iter()
            .map(|part| (part.digest(), part.bytes()));
        let all: Vec<_> = std::iter::once(whole).chain(parts).collect();
        self.blobs.pin(&all).map_err(|error| unavailable(&error))
    }

    /// Loads a component as it was deployed.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::StateDamaged`] if its bytes are missing or different,
    /// [`ErrorKind::StateUnavailable`] if they cannot be read.
    pub(crate) fn component(&self, record: &ComponentRecord) -> Result<Component> {
        record.to_component(&|digest| {
            let read = self.blobs.store().read(digest);
            read.map_err(|error| match error.kind() {
                io::ErrorKind::NotFound | io::ErrorKind::InvalidData => {
                    let message = format!(
                        "its bytes are lost: {error}; remove it, then deploy it from its source"
                    );
                    Error::new(ErrorKind::StateDamaged, message)
                }
                _ => unavailable(&error),
            })
        })
    }

    /// Publishes a component under its name and version.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidName`] if it lacks one of them, [`ErrorKind::AlreadyExists`],
    /// [`ErrorKind::StateUnavailable`].
    pub(crate) fn publish(&self, component: &Component) -> Result<PackageVersion> {
        let (name, version) = name_and_version(component)?;
        let _pin = self.store_component(component)?;
        match self
            .blobs
            .store()
            .publish(name, version, component.digest())
        {
            Ok(()) => Ok(PackageVersion {
                name: name.clone(),
                version: version.clone(),
            }),
            Err(error) => Err(not_publishable(&error)),
        }
    }

    /// Checks that a component could be published.
    ///
    /// # Errors
    ///
    /// Those of [`publish`](Self::publish).
    pub(crate) fn check_publication(&self, component: &Component) -> Result<()> {
        let (name, version) = name_and_version(component)?;
        let checked = self
            .blobs
            .store()
            .packages()
            .check(name, version, component.digest());
        checked.map_err(|error| not_publishable(&error))
    }

    /// Returns every published name with its versions, ordered by name.
    pub(crate) fn packages(&self) -> Result<Vec<Package>> {
        let packages = self.blobs.store().packages();
        let names = packages.names().map_err(|error| unavailable(&error))?;
        let published = names.into_iter().map(|name| {
            let versions = self.versions(&name)?;
            Ok(Package { name, versions })
        });
        let mut published = published.collect::<Result<Vec<_>>>()?;
        published.retain(|package| !package.versions.is_empty());
        Ok(published)
    }

    fn versions(&self, name: &ComponentName) -> Result<Vec<Version>> {
        self.blobs
            .store()
            .packages()
            .versions(name)
            .map_err(|error| unavailable(&error))
    }

    /// Loads a published component.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotPublished`] with the published names or versions;
    /// [`ErrorKind::StateDamaged`] if the bytes are not the published ones.
    pub(crate) fn package(&self, wanted: &PackageRef) -> Result<Component> {
        let versions = self.versions(&wanted.name)?;
        let Some(version) = wanted.version.select(&versions) else {
            return Err(self.not_published(wanted, &versions)?);
        };
        let bytes = self
            .blobs
            .store()
            .read_published(&wanted.name, version)
            .map_err(|error| match error.kind() {
                io::ErrorKind::InvalidData => {
                    Error::new(ErrorKind::StateDamaged, error.to_string())
                }
                _ => unavailable(&error),
            })?;
        let component = Component::from_bytes(bytes)?;
        Ok(component
            .with_name(wanted.name.as_str())?
            .with_version(version.clone()))
    }

    fn not_published(&self, wanted: &PackageRef, versions: &[Version]) -> Result<Error> {
        let there = if versions.is_empty() {
            let packages = self.packages()?;
            let names = packages.iter().map(|package| package.name.as_str());
            let message = "no component of that name is".to_owned();
            with_suggestion(message, wanted.name.as_str(), names)
        } else {
            let versions: Vec<String> = versions.iter().map(ToString::to_string).collect();
            format!("published versions: {}", versions.join(", "))
        };
        Ok(Error::new(
            ErrorKind::NotPublished,
            format!("`{wanted}` is not published; {there}"),
        ))
    }

    /// Commits a transaction, all of it or nothing.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::StateUnavailable`]; the previous contents remain.
    pub(crate) fn commit(&self, transaction: &Transaction) -> Result<()> {
        self.database.commit(transaction)?;
        let digests = |record: &Option<DeploymentRecord>| -> BTreeSet<Digest> {
            record.iter().flat_map(DeploymentRecord::digests).collect()
        };
        let records = transaction.deployments.iter();
        self.blobs
            .update_records(records.map(|(name, record)| (name, digests(record))));
        Ok(())
    }

    /// Returns the history of changes, oldest first.
    pub(crate) fn changes(&self) -> Result<Vec<Change>> {
        self.database.changes()
    }
}

/// Returns the name and the version of a component.
fn name_and_version(component: &Component) -> Result<(&ComponentName, &Version)> {
    component.name().zip(component.version()).ok_or_else(|| {
        let remedy = "set them with `with_name` and `with_version`";
        Error::new(ErrorClass::UNNAMED, "it has no name or no version").with_remedy(remedy)
    })
}

fn not_publishable(error: &io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::AlreadyExists => Error::new(ErrorClass::VERSION_TAKEN, error.to_string()),
        _ => unavailable(error),
    }
}

/// Removes the stages of pipelines whose deployment did not complete.
fn remove_unfinished_pipelines(database: &Database, found: &mut Snapshot) -> Result<()> {
    let has = |pipeline: &ComponentName| found.pipelines.contains_key(pipeline);
    let is_begun = |record: &DeploymentRecord| {
        record
            .pipeline
            .as_ref()
            .is_some_and(|pipeline| !has(pipeline))
    };
    let begun: Vec<ComponentName> = found
        .names
        .iter()
        .filter(|(_, record)| is_begun(record))
        .map(|(name, _)| name.clone())
        .collect();
    if begun.is_empty() {
        return Ok(());
    }
    let transaction = begun
        .iter()
        .fold(Transaction::new(), Transaction::without_deployment);
    database.commit(&transaction)?;
    found.names.retain(|name, _| !begun.contains(name));
    Ok(())
}

/// Checks that the directory is new: stored components without a database mean that the database
/// was lost.
fn check_is_new(directory: &Path, store: &BlobStore) -> Result<()> {
    if store
        .digests()
        .map_err(|error| unavailable(&error))?
        .is_empty()
    {
        return Ok(());
    }
    let message = format!(
        "`{}` contains components but no `state.redb`: restore that file from a backup, or move the directory away to start without deployments",
        directory.display()
    );
    Err(Error::new(ErrorKind::StateDamaged, message))
}

fn unavailable(error: &dyn Display) -> Error {
    Error::new(
        ErrorKind::StateUnavailable,
        format!("the state directory cannot be used: {error}"),
    )
}
