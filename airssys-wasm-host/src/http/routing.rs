//! The routes of a host, persisted if it has a state directory.
//!
//! Tests: in this file, `tests/suite/http`, `tests/suite/state`.

use std::collections::BTreeMap;
use std::sync::Arc;

use airssys_wasm_core::ComponentName;
use arc_swap::ArcSwap;
use parking_lot::Mutex;

use super::route::{Route, RouteError, RouteTable};
use super::service::HttpService;
use crate::context::HostContext;
use crate::state::{RecordSubject, Transaction, UnreadableRecord};
use crate::{Error, Result};

/// A route and the deployment that it points to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConfiguredRoute {
    /// The route.
    pub route: Route,
    /// The name of the deployment, which need not exist.
    pub deployment: ComponentName,
}

/// The deployments that serve requests, by route.
pub(crate) struct HostRoutes {
    /// The configured routes, as persisted.
    configured: ArcSwap<BTreeMap<Route, ComponentName>>,
    /// Held while a change is written and applied, so that one change is made at a time.
    change_lock: Mutex<()>,
    table: Arc<ArcSwap<RouteTable<HttpService>>>,
}

impl HostRoutes {
    /// Restores the stored routes; those that cannot be read are added to `unreadable`.
    pub(crate) fn restored(
        stored: BTreeMap<String, String>,
        unreadable: &mut Vec<UnreadableRecord>,
    ) -> Self {
        let mut configured = BTreeMap::new();
        for (route, name) in stored {
            let parsed = route.parse::<Route>().map_err(|error| error.to_string());
            let name = name
                .parse::<ComponentName>()
                .map_err(|error| error.to_string());
            match parsed.and_then(|route| Ok((route, name?))) {
                Ok((route, name)) => drop(configured.insert(route, name)),
                Err(problem) => unreadable.push(UnreadableRecord {
                    subject: RecordSubject::Route,
                    name: route,
                    problem,
                }),
            }
        }
        Self {
            configured: ArcSwap::from_pointee(configured),
            change_lock: Mutex::new(()),
            table: Arc::default(),
        }
    }

    /// Publishes the restored routes.
    pub(crate) fn publish_restored(&self, context: &Arc<HostContext>) {
        self.publish(context, &self.configured.load());
    }

    /// Publishes routes. Keeps existing services, because updates are checked against what they
    /// serve.
    fn publish(&self, context: &Arc<HostContext>, configured: &BTreeMap<Route, ComponentName>) {
        let previous = self.table.load();
        let service = |name: &ComponentName| {
            let known = previous.targets().find(|service| service.name() == name);
            known
                .cloned()
                .unwrap_or_else(|| HttpService::new(context, name.clone()))
        };
        let routes = configured
            .iter()
            .map(|(route, name)| (route.clone(), service(name)));
        self.table.store(Arc::new(routes.collect()));
    }

    /// Returns the current routes, as updated by changes.
    pub(super) fn table(&self) -> Arc<ArcSwap<RouteTable<HttpService>>> {
        Arc::clone(&self.table)
    }

    /// Returns the routes with the names of their deployments, ordered by route.
    pub(crate) fn all(&self) -> Vec<ConfiguredRoute> {
        let routes = self.configured.load();
        let routes = routes.iter().map(|(route, deployment)| ConfiguredRoute {
            route: route.clone(),
            deployment: deployment.clone(),
        });
        routes.collect()
    }

    /// Changes a route after persisting the change. Returns the previous deployment.
    pub(crate) fn change(
        &self,
        context: &Arc<HostContext>,
        route: Route,
        name: Option<ComponentName>,
    ) -> Result<Option<ComponentName>> {
        let _change = self.change_lock.lock();
        let mut configured = BTreeMap::clone(&self.configured.load());
        if let Some(state) = context.services.state() {
            state.commit(&Transaction::new().with_route(route.to_string(), name.as_ref()))?;
        }
        let previous = match name {
            Some(name) => configured.insert(route, name),
            None => configured.remove(&route),
        };
        self.publish(context, &configured);
        self.configured.store(Arc::new(configured));
        Ok(previous)
    }
}

impl From<RouteError> for Error {
    fn from(error: RouteError) -> Self {
        Self::new(crate::ErrorKind::InvalidName, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_stored_routes_that_cannot_be_read_as_routes() {
        let stored = [("/", "web"), ("/other", "not a name")];
        let stored = stored.map(|(route, name)| (route.to_owned(), name.to_owned()));
        let mut unreadable = Vec::new();
        let routes = HostRoutes::restored(stored.into(), &mut unreadable);
        assert_eq!(routes.all().len(), 1);
        let lost: Vec<_> = unreadable
            .iter()
            .map(|record| (record.subject, record.name.as_str()))
            .collect();
        assert_eq!(lost, [(RecordSubject::Route, "/other")]);
    }
}
