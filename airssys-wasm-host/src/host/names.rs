//! Which names are taken, and by what.
//!
//! Tests: the workspace's `tests/suite/bad_input` and `tests/suite/state`.

use std::collections::BTreeMap;
use std::sync::Arc;

use airssys_wasm_core::ComponentName;
use airssys_wasm_core::suggest::nearest;
use parking_lot::Mutex;

use crate::deployment::{End, Named};
use crate::observe::Event;
use crate::registry::{Entries, Registry, Reserved};
use crate::restore::{Asleep, Linked, Sleeping, linked};
use crate::runtime::Runtime;
use crate::state::{Action, Change, NameRecord, Transaction};
use crate::{Error, ErrorKind, Result};

/// Every name of a host.
pub(crate) struct Names {
    awake: Registry<Named>,
    /// Those that a state directory has and nobody has asked for yet. Taken before the lock of
    /// those that are awake.
    asleep: Mutex<Sleeping>,
    runtime: Arc<Runtime>,
}

impl Names {
    /// Those of `records`. Blocks for each that is linked to others.
    pub(crate) fn new(runtime: &Arc<Runtime>, records: BTreeMap<ComponentName, NameRecord>) -> Self {
        let awake = Registry::default();
        let Linked { awake: woken, failed } = linked(runtime, &records);
        for named in woken {
            awake.0.write().insert(named.name.clone(), Some(named));
        }
        let mut asleep = Sleeping::new();
        for (name, record) in records {
            if let Some((_, error)) = failed.iter().find(|(other, _)| *other == name) {
                tracing::error!(component = %name, %error, "not restored");
                asleep.insert(name, Asleep::failed(record, error));
            } else if !awake.0.read().contains_key(&name) {
                asleep.insert(name, Asleep::new(record));
            }
        }
        Self { awake, asleep: Mutex::new(asleep), runtime: Arc::clone(runtime) }
    }

    /// Takes a name for a deployment that is under way.
    pub(crate) fn reserve(&self, name: &ComponentName) -> Result<Reserved<Named>> {
        let asleep = self.asleep.lock();
        let free = !asleep.contains_key(name);
        free.then(|| self.awake.reserve(name)).flatten().ok_or_else(|| {
            Error::new(
                ErrorKind::NameTaken,
                format!(
                    "`{name}` is deployed already; replace it with `host.update(\"{name}\", ...)`, or say another name with `.name(...)`"
                ),
            )
        })
    }

    /// What a name stands for; if it sleeps, it wakes: then this blocks.
    pub(crate) fn get(&self, name: &str) -> Result<Arc<Named>> {
        if let Some(found) = find(&self.awake.0.read(), name) {
            return found;
        }
        let mut asleep = self.asleep.lock();
        match name.parse::<ComponentName>().ok().filter(|name| asleep.contains_key(name)) {
            Some(known) => self.wake(&mut asleep, &known),
            // Somebody else may have woken it.
            None => find(&self.awake.0.read(), name).unwrap_or_else(|| Err(self.unknown(name, &asleep))),
        }
    }

    /// Frees names, if they may go, and ends what they stand for: `may_go` is told as well
    /// whether another name is deployed. Blocks while the state directory forgets them, if
    /// there is one.
    pub(crate) fn remove(
        &self,
        going: &[&str],
        pipeline: Option<&ComponentName>,
        may_go: impl Fn(&Named, &dyn Fn(&ComponentName) -> bool) -> Result<()>,
    ) -> Result<Vec<Arc<Named>>> {
        let (whole, broken) = self.wake_all(going, pipeline)?;
        let mut names = self.awake.0.write();
        let going = going_of(&names, &whole, may_go)?;
        let keeping: Vec<_> = going.iter().map(|named| named.keeping.lock()).collect();
        self.forget(going.iter().map(|named| &named.name).chain(&broken), pipeline)?;
        going.iter().for_each(|named| {
            names.remove(&named.name);
            named.end(End::Removed);
        });
        drop((keeping, names));
        for component in broken {
            self.asleep.lock().remove(&component);
            self.runtime.announcer.announce(Event::Removed { component });
        }
        Ok(going)
    }

    /// Whether [`remove`](Self::remove) would free names. Blocks while those wake that sleep.
    pub(crate) fn check_removal(
        &self,
        going: &[&str],
        pipeline: Option<&ComponentName>,
        may_go: impl Fn(&Named, &dyn Fn(&ComponentName) -> bool) -> Result<()>,
    ) -> Result<()> {
        let (whole, _) = self.wake_all(going, pipeline)?;
        going_of(&self.awake.0.read(), &whole, may_go).map(drop)
    }

    /// Names, woken; and those that are deployed and cannot be, unless one is a stage of another
    /// pipeline.
    fn wake_all<'a>(
        &self,
        names: &[&'a str],
        pipeline: Option<&ComponentName>,
    ) -> Result<(Vec<&'a str>, Vec<ComponentName>)> {
        let broken = self.broken(names);
        for name in &broken {
            let owner = self.asleep.lock().get(name).and_then(|asleep| asleep.pipeline().cloned());
            match owner {
                Some(owner) if Some(&owner) != pipeline => return Err(is_stage(name, &owner)),
                _ => {}
            }
        }
        let is_broken = |name: &str| broken.iter().any(|known| known.as_str() == name);
        let whole: Vec<&str> = names.iter().copied().filter(|name| !is_broken(name)).collect();
        whole.iter().try_for_each(|name| self.get(name).map(drop))?;
        Ok((whole, broken))
    }

    /// Which of these names are deployed and cannot be woken.
    fn broken(&self, names: &[&str]) -> Vec<ComponentName> {
        let mut asleep = self.asleep.lock();
        let known: Vec<ComponentName> = names
            .iter()
            .filter_map(|name| name.parse().ok())
            .filter(|name| asleep.contains_key(name))
            .collect();
        known.into_iter().filter(|name| self.wake(&mut asleep, name).is_err()).collect()
    }

    fn forget<'a>(
        &self,
        going: impl Iterator<Item = &'a ComponentName>,
        pipeline: Option<&ComponentName>,
    ) -> Result<()> {
        let Some(state) = self.runtime.state() else { return Ok(()) };
        let (changed, changes): (Vec<_>, Vec<_>) =
            going.map(|name| ((name, None), Change::now(name, Action::Removed))).unzip();
        let pipelines: Vec<_> = pipeline.iter().map(|name| (*name, None)).collect();
        state.commit(&Transaction { names: &changed, pipelines: &pipelines, changes: &changes })
    }

    /// Frees those of these names that are stages of a pipeline, which was not deployed to its
    /// end. Blocks while the state directory forgets them, if there is one; what it does not
    /// forget now, it does at the next start.
    pub(crate) fn take_away(&self, names: &[ComponentName], pipeline: &ComponentName) {
        let is_its = |named: &Arc<Named>| named.pipeline.as_ref() == Some(pipeline);
        for name in names {
            let found = self.awake.0.read().get(name).cloned().flatten();
            if let Some(named) = found.filter(is_its) {
                if let Err(error) = named.forget_begun() {
                    tracing::warn!(%name, %error, "a stage of a pipeline that was not deployed is still kept");
                }
                self.awake.remove(name);
            }
        }
    }

    /// How often something was revoked from a name, if it is awake.
    pub(crate) fn revocations(&self, name: &str) -> Option<usize> {
        let named = find(&self.awake.0.read(), name)?.ok()?;
        Some(named.authorization.revocations())
    }

    /// The stages of a pipeline.
    pub(crate) fn stages_of(&self, pipeline: &ComponentName) -> Vec<ComponentName> {
        let asleep = self.asleep.lock();
        let awake = self.awake.0.read();
        let awake = awake.values().flatten().filter(|named| named.pipeline.as_ref() == Some(pipeline));
        let asleep = asleep.iter().filter(|(_, asleep)| asleep.pipeline() == Some(pipeline));
        awake.map(|named| &named.name).chain(asleep.map(|(name, _)| name)).cloned().collect()
    }

    /// Every name that can serve; those that sleep wake.
    pub(crate) fn all(&self) -> Vec<Arc<Named>> {
        while self.wake_next() {}
        self.awake()
    }

    /// Every name that is awake.
    pub(crate) fn awake(&self) -> Vec<Arc<Named>> {
        self.awake.0.read().values().flatten().cloned().collect()
    }

    /// Looks at those that sleep.
    pub(crate) fn look_at_sleeping<T>(&self, look: impl FnOnce(&Sleeping) -> T) -> T {
        look(&self.asleep.lock())
    }

    /// Wakes one that nobody has tried to wake, or says that there is none.
    pub(crate) fn wake_next(&self) -> bool {
        let mut asleep = self.asleep.lock();
        let next = asleep.iter().find(|(_, asleep)| asleep.is_untried()).map(|(name, _)| name.clone());
        if let Some(name) = &next {
            // What is in the way has been announced.
            let _ = self.wake(&mut asleep, name);
        }
        next.is_some()
    }

    /// Wakes nobody any more. Waits for one that is being woken.
    pub(crate) fn close(&self) {
        self.asleep.lock().clear();
    }

    fn wake(&self, asleep: &mut Sleeping, name: &ComponentName) -> Result<Arc<Named>> {
        let sleeper = asleep.get_mut(name).ok_or_else(|| not_deployed(name.as_str()))?;
        let named = sleeper.wake(&self.runtime, name)?;
        self.awake.0.write().insert(name.clone(), Some(Arc::clone(&named)));
        asleep.remove(name);
        Ok(named)
    }

    fn unknown(&self, name: &str, asleep: &Sleeping) -> Error {
        let awake = self.awake.0.read();
        let names = awake.keys().chain(asleep.keys()).map(ComponentName::as_str);
        let shown = name.escape_debug();
        let hint = match nearest(name, names) {
            Some(near) => format!("; did you mean `{near}`?"),
            None => String::new(),
        };
        Error::new(ErrorKind::NotDeployed, format!("nothing is deployed as `{shown}`{hint}"))
    }
}

/// What names stand for, if all of them may go.
fn going_of(
    names: &Entries<Named>,
    going: &[&str],
    may_go: impl Fn(&Named, &dyn Fn(&ComponentName) -> bool) -> Result<()>,
) -> Result<Vec<Arc<Named>>> {
    let known = going.iter().map(|name| find(names, name).unwrap_or_else(|| Err(not_deployed(name))));
    let mut going: Vec<_> = known.collect::<Result<_>>()?;
    // One that is named twice goes once, and all lock each other in one order.
    going.sort_by(|one, other| one.name.cmp(&other.name));
    going.dedup_by(|one, other| one.name == other.name);
    let stays = |name: &ComponentName| {
        names.get(name).is_some_and(Option::is_some) && !going.iter().any(|named| named.name == *name)
    };
    going.iter().try_for_each(|named| may_go(named, &stays))?;
    Ok(going)
}

/// What a name stands for, if it is known.
fn find(names: &Entries<Named>, name: &str) -> Option<Result<Arc<Named>>> {
    match names.get(&name.parse::<ComponentName>().ok()?)? {
        Some(named) => Some(Ok(Arc::clone(named))),
        None => Some(Err(Error::new(
            ErrorKind::NotDeployed,
            format!("`{name}` is being deployed; it can be called when `deploy` has returned"),
        ))),
    }
}

pub(super) fn is_stage(name: &ComponentName, pipeline: &ComponentName) -> Error {
    let message = format!("`{name}` is a stage of the pipeline `{pipeline}`: remove that");
    Error::new(ErrorKind::InUse, message)
}

fn not_deployed(name: &str) -> Error {
    Error::new(ErrorKind::NotDeployed, format!("nothing is deployed as `{}`", name.escape_debug()))
}
