//! Which names are taken, and by what.
//!
//! Tests: the workspace's `tests/bad_input`.

use std::sync::Arc;

use airssys_wasm_core::ComponentName;
use airssys_wasm_core::suggest::nearest;

use crate::deployment::Named;
use crate::registry::{Entries, Registry, Reserved};
use crate::{Error, ErrorKind, Result};

/// Every name of a host.
#[derive(Default)]
pub(crate) struct Names(Registry<Named>);

impl Names {
    /// Takes a name for a deployment that is under way.
    pub(crate) fn reserve(&self, name: &ComponentName) -> Result<Reserved<'_, Named>> {
        self.0.reserve(name).ok_or_else(|| {
            Error::new(
                ErrorKind::NameTaken,
                format!(
                    "`{name}` is deployed already; replace it with `host.update(\"{name}\", ...)`, or say another name with `.name(...)`"
                ),
            )
        })
    }

    pub(crate) fn get(&self, name: &str) -> Result<Arc<Named>> {
        get(&self.0.0.read(), name)
    }

    /// Frees a name, if it may go: `may_go` is told as well whether another name is deployed.
    pub(crate) fn remove(
        &self,
        going: &[&str],
        may_go: impl Fn(&Named, &dyn Fn(&ComponentName) -> bool) -> Result<()>,
    ) -> Result<Vec<Arc<Named>>> {
        let mut names = self.0.0.write();
        let going: Vec<_> = going.iter().map(|name| get(&names, name)).collect::<Result<_>>()?;
        let stays = |name: &ComponentName| {
            names.get(name).is_some_and(Option::is_some) && !going.iter().any(|named| named.name == *name)
        };
        going.iter().try_for_each(|named| may_go(named, &stays))?;
        // One that is named twice goes once.
        Ok(going.into_iter().filter(|named| names.remove(&named.name).is_some()).collect())
    }

    pub(crate) fn all(&self) -> Vec<Arc<Named>> {
        self.0.0.read().values().flatten().cloned().collect()
    }
}

fn get(names: &Entries<Named>, name: &str) -> Result<Arc<Named>> {
    match name.parse::<ComponentName>().ok().and_then(|name| names.get(&name)) {
        Some(Some(named)) => Ok(Arc::clone(named)),
        Some(None) => Err(Error::new(
            ErrorKind::NotDeployed,
            format!("`{name}` is being deployed; it can be called when `deploy` has returned"),
        )),
        None => Err(unknown(name, names)),
    }
}

fn unknown(name: &str, names: &Entries<Named>) -> Error {
    let shown = name.escape_debug();
    let hint = match nearest(name, names.keys().map(ComponentName::as_str)) {
        Some(near) => format!("; did you mean `{near}`?"),
        None => String::new(),
    };
    Error::new(ErrorKind::NotDeployed, format!("nothing is deployed as `{shown}`{hint}"))
}
