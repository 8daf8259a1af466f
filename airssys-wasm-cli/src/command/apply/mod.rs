//! `airssys-wasm apply`, and what it shares with `diff`.

mod diff;
mod report;
mod resolve;
mod steps;

use std::path::PathBuf;

use clap::Args;

pub(super) use diff::Diff;

use super::Common;
use super::dry_run::DryRun;
use crate::api::{Problem, kinds};
use crate::declared::{Declared, Lock};
use resolve::Resolver;
use steps::{How, Step, apply_all};

/// Make true what a file says should be deployed
///
/// What is there and not in the file is left alone. Components are resolved once: the lock file
/// beside it has the version and the digest of each. What somebody revoked stays so.
#[derive(Args, Debug)]
pub(super) struct Apply {
    #[command(flatten)]
    wanted: Wanted,
    /// Refuse if the lock file would change
    #[arg(long, conflicts_with = "upgrade")]
    locked: bool,
    #[command(flatten)]
    dry_run: DryRun,
}

/// What should be, and what may be done for it.
#[derive(Args, Debug)]
struct Wanted {
    /// The file; `deployments.example.toml` in the source has every key
    #[arg(value_name = "FILE", default_value = "deployments.toml")]
    file: PathBuf,
    /// Resolve components anew, instead of as the lock file has them
    #[arg(long)]
    upgrade: bool,
    /// Remove pipelines whose stages are connected otherwise than they should be, and deploy
    /// them anew
    #[arg(long)]
    recreate: bool,
    /// Grant again what was revoked since and the file grants
    #[arg(long)]
    grant_again: bool,
}

impl Apply {
    pub(super) async fn run(self, common: &Common) -> Result<(), Problem> {
        let (steps, lock) = self
            .wanted
            .resolve(common, self.dry_run.dry_run || self.locked)
            .await?;
        let path = Lock::path_of(&self.wanted.file);
        if self.locked && lock != Lock::read(&path)? {
            let message = format!(
                "`{}` would change; run without `--locked` to have it so",
                path.display()
            );
            return Err(Problem::new(kinds::OTHERWISE, message));
        }
        if !self.dry_run.dry_run {
            lock.write(&path)?;
        }
        apply_all(&common.client()?, &steps, self.wanted.how(self.dry_run))
            .await
            .finish(common)
    }
}

impl Wanted {
    /// Every component of the file, and the lock as it is then. Nothing is deployed.
    async fn resolve(&self, common: &Common, dry_run: bool) -> Result<(Vec<Step>, Lock), Problem> {
        let declared = Declared::read(&self.file)?;
        let before = Lock::read(&Lock::path_of(&self.file))?;
        let mut resolver = Resolver::new(common, &declared, before, self.upgrade, dry_run);
        let mut steps = Vec::new();
        for name in declared.in_order() {
            steps.push(
                resolver
                    .deployment(name, &declared.deployments[name])
                    .await?,
            );
        }
        for (name, pipeline) in &declared.pipelines {
            steps.push(resolver.pipeline(name, pipeline).await?);
        }
        Ok((steps, resolver.lock()))
    }

    fn how(&self, dry_run: DryRun) -> How {
        How {
            dry_run,
            recreate: self.recreate,
            grant_again: self.grant_again,
        }
    }
}
