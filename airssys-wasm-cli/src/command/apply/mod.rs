//! `airssys-wasm apply`, and the parts that it shares with `diff`.
//!
//! Tests: `airssys-wasm-cli/tests/cli/apply.rs`.

mod diff;
mod report;
mod resolve;
mod steps;

use std::path::PathBuf;

use clap::Args;

pub(super) use diff::DiffCommand;

use super::CommonOptions;
use super::dry_run::DryRun;
use super::registry::PullTarget;
use crate::api::{Problem, kinds};
use crate::declared::{DeploymentsFile, LockFile};
use resolve::Resolver;
use steps::{ApplyOptions, ApplyStep, apply_all};

/// Apply a file of deployments and pipelines
///
/// Leaves deployments that are not in the file unchanged. Resolves each component once: the lock
/// file next to FILE records its version and digest. Revoked access stays revoked.
#[derive(Args, Debug)]
pub(super) struct ApplyCommand {
    #[command(flatten)]
    arguments: ApplyArguments,
    /// Fail if the lock file would change
    #[arg(long, conflicts_with = "upgrade")]
    locked: bool,
    #[command(flatten)]
    dry_run: DryRun,
}

/// The options that `apply` and `diff` share.
#[derive(Args, Debug)]
struct ApplyArguments {
    /// Deployments file; `deployments.example.toml` in the source documents every key
    #[arg(value_name = "FILE", default_value = "deployments.toml")]
    file: PathBuf,
    /// Resolve components again instead of using the lock file
    #[arg(long)]
    upgrade: bool,
    /// Remove and redeploy pipelines whose stages are connected or run differently than in the file
    #[arg(long)]
    recreate: bool,
    /// Grant rules of the file even if they have been revoked
    #[arg(long)]
    grant_again: bool,
}

impl ApplyCommand {
    pub(super) async fn run(self, common: &CommonOptions) -> Result<(), Problem> {
        // With `--locked`, nothing is stored before the lock file is compared.
        let target = if self.locked {
            PullTarget::Memory
        } else {
            self.dry_run.pull_target()
        };
        let (steps, lock) = self.arguments.resolve(common, target).await?;
        let path = LockFile::path_for(&self.arguments.file);
        if self.locked && lock != LockFile::read(&path)? {
            let message = format!(
                "`{}` would change; run without `--locked` to update it",
                path.display()
            );
            return Err(Problem::new(kinds::DIFFERENT, message));
        }
        if !self.dry_run.dry_run {
            lock.write(&path)?;
        }
        apply_all(
            &common.client()?,
            &steps,
            self.arguments.options(self.dry_run),
        )
        .await
        .finish(common)
    }
}

impl ApplyArguments {
    /// Resolves every component of the file. Returns the steps, and the resulting lock. Deploys
    /// nothing.
    async fn resolve(
        &self,
        common: &CommonOptions,
        target: PullTarget,
    ) -> Result<(Vec<ApplyStep>, LockFile), Problem> {
        let declared = DeploymentsFile::read(&self.file)?;
        let before = LockFile::read(&LockFile::path_for(&self.file))?;
        let previous_lock = if self.upgrade { None } else { Some(before) };
        let mut resolver = Resolver::new(common, &declared, previous_lock, target);
        let mut steps = Vec::new();
        for name in declared.names_in_link_order() {
            steps.push(
                resolver
                    .resolve_deployment(name, &declared.deployments[name])
                    .await?,
            );
        }
        for (name, pipeline) in &declared.pipelines {
            steps.push(resolver.resolve_pipeline(name, pipeline).await?);
        }
        Ok((steps, resolver.into_lock()))
    }

    fn options(&self, dry_run: DryRun) -> ApplyOptions {
        ApplyOptions {
            dry_run,
            recreate: self.recreate,
            grant_again: self.grant_again,
        }
    }
}
