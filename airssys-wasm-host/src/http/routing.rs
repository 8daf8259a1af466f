//! The routes of a host, persisted if it has a state directory.
//!
//! Tests: `tests/suite/http`, `tests/suite/state`.

use std::collections::BTreeMap;
use std::sync::Arc;

use airssys_wasm_core::ComponentName;
use arc_swap::ArcSwap;
use parking_lot::Mutex;

use super::route::{Route, RouteTable};
use super::service::HttpService;
use crate::host::{Host, HostShared};
use crate::state::Transaction;
use crate::{Error, Result};

/// The deployments that serve requests, by route.
pub(crate) struct HostRoutes {
    /// The configured routes. Locked while they are written.
    configured: Mutex<BTreeMap<Route, ComponentName>>,
    table: Arc<ArcSwap<RouteTable<HttpService>>>,
}

impl HostRoutes {
    /// Restores the stored routes; those that cannot be read are added to `lost`.
    pub(crate) fn restored(
        found: BTreeMap<String, String>,
        lost: &mut Vec<(String, String)>,
    ) -> Self {
        let mut said = BTreeMap::new();
        for (route, name) in found {
            let read = route.parse::<Route>().map_err(|error| error.to_string());
            let name = name
                .parse::<ComponentName>()
                .map_err(|error| error.to_string());
            match read.and_then(|route| Ok((route, name?))) {
                Ok((route, name)) => drop(said.insert(route, name)),
                Err(problem) => lost.push((route, problem)),
            }
        }
        Self {
            configured: Mutex::new(said),
            table: Arc::default(),
        }
    }

    /// Publishes the restored routes.
    pub(crate) fn publish_restored(&self, host: &Arc<HostShared>) {
        self.publish(host, &self.configured.lock());
    }

    /// Publishes routes. Keeps existing services, because updates are checked against what they
    /// serve.
    fn publish(&self, host: &Arc<HostShared>, said: &BTreeMap<Route, ComponentName>) {
        let before = self.table.load();
        let service = |name: &ComponentName| {
            let known = before.targets().find(|service| service.component() == name);
            known
                .cloned()
                .unwrap_or_else(|| HttpService::new(host, name.clone()))
        };
        let routes = said
            .iter()
            .map(|(route, name)| (route.clone(), service(name)));
        self.table.store(Arc::new(routes.collect()));
    }

    /// Returns the current routes, as updated by changes.
    pub(super) fn table(&self) -> Arc<ArcSwap<RouteTable<HttpService>>> {
        Arc::clone(&self.table)
    }

    /// Changes a route after persisting the change. Returns the previous deployment.
    fn change(
        &self,
        host: &Arc<HostShared>,
        route: Route,
        name: Option<ComponentName>,
    ) -> Result<Option<ComponentName>> {
        let mut said = self.configured.lock();
        if let Some(state) = host.runtime.state() {
            let text = route.to_string();
            let routes = [(text.as_str(), name.as_ref().map(ComponentName::as_str))];
            state.commit(&Transaction {
                routes: &routes,
                ..Transaction::default()
            })?;
        }
        let before = match name {
            Some(name) => said.insert(route, name),
            None => said.remove(&route),
        };
        self.publish(host, &said);
        Ok(before)
    }
}

/// HTTP.
impl Host {
    /// Returns a service that has a deployment handle HTTP requests, to be mounted in a server. The
    /// component must export `wasi:http/incoming-handler`, or `wasi:http/handler` of WASI 0.3. The
    /// service responds `503` while nothing is deployed under that name, and once this host is
    /// dropped, so keep the host alive.
    ///
    /// # Errors
    ///
    /// [`InvalidName`](crate::ErrorKind::InvalidName).
    ///
    /// ```no_run
    /// # async fn program(host: airssys_wasm_host::Host) -> Result<(), Box<dyn std::error::Error>> {
    /// let router = axum::Router::<()>::new().nest_service("/shop", host.http("shop")?);
    /// let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
    /// axum::serve(listener, router).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn http(&self, name: &str) -> Result<HttpService> {
        Ok(HttpService::new(&self.0, name.parse()?))
    }

    /// Routes requests to a deployment, in every [`HttpServer`](super::HttpServer) of this host,
    /// from now on and after a restart. The guest sees complete paths, including the route's.
    /// Returns the deployment that the route pointed to before. Cancel safe: the change is made
    /// completely or not at all.
    ///
    /// # Errors
    ///
    /// [`InvalidName`](crate::ErrorKind::InvalidName) if the route or the name is invalid;
    /// [`StateUnavailable`](crate::ErrorKind::StateUnavailable) if the change cannot be persisted.
    pub async fn route(&self, route: &str, name: &str) -> Result<Option<ComponentName>> {
        self.change_route(route.parse()?, Some(name.parse()?)).await
    }

    /// Removes a route. Returns the deployment it pointed to, if any. Cancel safe.
    ///
    /// # Errors
    ///
    /// Those of [`Host::route`].
    pub async fn remove_route(&self, route: &str) -> Result<Option<ComponentName>> {
        self.change_route(route.parse()?, None).await
    }

    async fn change_route(
        &self,
        route: Route,
        name: Option<ComponentName>,
    ) -> Result<Option<ComponentName>> {
        let host = Arc::clone(&self.0);
        self.0
            .runtime
            .run_state_write(move || host.routing.change(&host, route, name))
            .await
    }

    /// Returns the routes with the names of their deployments.
    #[must_use]
    pub fn routes(&self) -> Vec<(Route, ComponentName)> {
        let said = self.0.routing.configured.lock();
        said.iter()
            .map(|(route, name)| (route.clone(), name.clone()))
            .collect()
    }
}

impl From<super::RouteError> for Error {
    fn from(error: super::RouteError) -> Self {
        Self::new(crate::ErrorKind::InvalidName, error.to_string())
    }
}
