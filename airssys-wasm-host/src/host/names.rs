//! Which names are taken, and by what.
//!
//! Tests: the workspace's `tests/bad_input`.

use std::collections::BTreeMap;
use std::sync::Arc;

use airssys_wasm_core::ComponentName;
use airssys_wasm_core::suggest::nearest;
use parking_lot::RwLock;

use crate::deployment::Named;
use crate::{Error, ErrorKind, Result};

/// Every name of a host. A name that is being deployed is taken and has nothing
/// yet.
#[derive(Default)]
pub(crate) struct Names(RwLock<Entries>);

impl Names {
    /// Takes a name for a deployment that is under way.
    pub(crate) fn reserve(&self, name: &ComponentName) -> Result<Reserved<'_>> {
        let mut names = self.0.write();
        if names.contains_key(name) {
            return Err(Error::new(
                ErrorKind::NameTaken,
                format!(
                    "`{name}` is deployed already; replace it with `host.update(\"{name}\", ...)`, or say another name with `.name(...)`"
                ),
            ));
        }
        names.insert(name.clone(), None);
        Ok(Reserved { names: self, name: name.clone(), filled: false })
    }

    pub(crate) fn get(&self, name: &str) -> Result<Arc<Named>> {
        get(&self.0.read(), name)
    }

    /// Frees a name, if it may go.
    pub(crate) fn remove(&self, name: &str, may_go: impl FnOnce(&Named) -> Result<()>) -> Result<Arc<Named>> {
        let mut names = self.0.write();
        let named = get(&names, name)?;
        may_go(&named)?;
        names.remove(&named.name);
        Ok(named)
    }

    pub(crate) fn all(&self) -> Vec<Arc<Named>> {
        self.0.read().values().flatten().cloned().collect()
    }
}

/// A name that is taken. Dropped without being filled, it is free again.
pub(crate) struct Reserved<'a> {
    names: &'a Names,
    name: ComponentName,
    filled: bool,
}

impl Reserved<'_> {
    pub(crate) fn fill(mut self, named: &Arc<Named>) {
        self.names.0.write().insert(self.name.clone(), Some(Arc::clone(named)));
        self.filled = true;
    }
}

impl Drop for Reserved<'_> {
    fn drop(&mut self) {
        if !self.filled {
            self.names.0.write().remove(&self.name);
        }
    }
}

type Entries = BTreeMap<ComponentName, Option<Arc<Named>>>;

fn get(names: &Entries, name: &str) -> Result<Arc<Named>> {
    match name.parse::<ComponentName>().ok().and_then(|name| names.get(&name)) {
        Some(Some(named)) => Ok(Arc::clone(named)),
        Some(None) => Err(Error::new(
            ErrorKind::NotDeployed,
            format!("`{name}` is being deployed; it can be called when `deploy` has returned"),
        )),
        None => Err(unknown(name, names)),
    }
}

fn unknown(name: &str, names: &Entries) -> Error {
    let shown = name.escape_debug();
    let hint = match nearest(name, names.keys().map(ComponentName::as_str)) {
        Some(near) => format!("; did you mean `{near}`?"),
        None => String::new(),
    };
    Error::new(ErrorKind::NotDeployed, format!("nothing is deployed as `{shown}`{hint}"))
}
