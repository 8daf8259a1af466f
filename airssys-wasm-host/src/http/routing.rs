//! The routes of a host, which it keeps if it has a state directory.
//!
//! Tests: the workspace's `tests/suite/http` and `tests/suite/state`.

use std::collections::BTreeMap;
use std::sync::Arc;

use airssys_wasm_core::ComponentName;
use arc_swap::ArcSwap;
use parking_lot::Mutex;

use super::route::{Route, Routes};
use super::service::HttpService;
use crate::aside::may_write;
use crate::host::{Host, Shared};
use crate::state::Transaction;
use crate::{Error, Result};

/// Which deployment answers which requests.
pub(crate) struct Routing {
    /// Held while they are written.
    said: Mutex<BTreeMap<Route, ComponentName>>,
    table: Arc<ArcSwap<Routes<HttpService>>>,
}

impl Routing {
    /// As they were kept; those that cannot be read are told.
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
            said: Mutex::new(said),
            table: Arc::default(),
        }
    }

    /// Has requests find what is said.
    pub(crate) fn fill(&self, host: &Arc<Shared>) {
        self.publish(host, &self.said.lock());
    }

    /// A service that was there stays: updates are checked against what it serves.
    fn publish(&self, host: &Arc<Shared>, said: &BTreeMap<Route, ComponentName>) {
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

    /// What requests find, whenever they look.
    pub(super) fn table(&self) -> Arc<ArcSwap<Routes<HttpService>>> {
        Arc::clone(&self.table)
    }

    /// Changes a route, once that is kept. Gives what it led to before.
    fn change(
        &self,
        host: &Arc<Shared>,
        route: Route,
        name: Option<ComponentName>,
    ) -> Result<Option<ComponentName>> {
        let mut said = self.said.lock();
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

/// Over HTTP.
impl Host {
    /// Has whatever is deployed under a name answer HTTP requests, which exports
    /// `wasi:http/incoming-handler`, or `wasi:http/handler` of WASI 0.3: a service to be mounted in
    /// a server. Until something is deployed under that name, and once it is removed, it answers
    /// `503`; so it does once this host is dropped, which is to be kept beside it.
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

    /// Has the requests of a route answered by whatever is deployed under a name, which sees their
    /// paths whole (a route takes nothing away), by every
    /// [`HttpServer`](super::HttpServer) of this host, from now on and after a restart. Gives the
    /// name that answered them before. Cancel safe: it is done wholly or not at all.
    ///
    /// # Errors
    ///
    /// [`InvalidName`](crate::ErrorKind::InvalidName) for what is no route or no name;
    /// [`StateUnavailable`](crate::ErrorKind::StateUnavailable) if it cannot be kept.
    pub async fn route(&self, route: &str, name: &str) -> Result<Option<ComponentName>> {
        self.change_route(route.parse()?, Some(name.parse()?)).await
    }

    /// Has the requests of a route answered as if it had never been said. Gives the name that
    /// answered them, if one did. Cancel safe.
    ///
    /// # Errors
    ///
    /// As [`Host::route`].
    pub async fn remove_route(&self, route: &str) -> Result<Option<ComponentName>> {
        self.change_route(route.parse()?, None).await
    }

    async fn change_route(
        &self,
        route: Route,
        name: Option<ComponentName>,
    ) -> Result<Option<ComponentName>> {
        let host = Arc::clone(&self.0);
        may_write(&self.0.runtime, move || {
            host.routing.change(&host, route, name)
        })
        .await
    }

    /// The routes, and the names that answer.
    #[must_use]
    pub fn routes(&self) -> Vec<(Route, ComponentName)> {
        let said = self.0.routing.said.lock();
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
