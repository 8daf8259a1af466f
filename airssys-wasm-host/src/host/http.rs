//! The HTTP services, routes and servers of a host.
//!
//! Tests: `tests/suite/http`.

use std::sync::Arc;

use airssys_wasm_core::ComponentName;

use super::Host;
use crate::Result;
use crate::http::{ConfiguredRoute, HttpServer, HttpService, Route};

/// HTTP requests to the deployments of a host: services, routes, and a server for the routes.
/// Returned by [`Host::http`].
///
/// ```no_run
/// # async fn program(host: airssys_wasm_host::Host) -> Result<(), Box<dyn std::error::Error>> {
/// host.http().set_route("/shop", "shop").await?;
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
/// let until = async { tokio::signal::ctrl_c().await.unwrap_or_default() };
/// host.http().server().serve(listener, until).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct HostHttp<'a>(&'a Host);

impl<'a> HostHttp<'a> {
    pub(super) fn new(host: &'a Host) -> Self {
        Self(host)
    }

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
    /// let shop = host.http().service("shop")?;
    /// let router = axum::Router::<()>::new().nest_service("/shop", shop);
    /// let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
    /// axum::serve(listener, router).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn service(self, name: &str) -> Result<HttpService> {
        Ok(HttpService::new(&self.0.0.context, name.parse()?))
    }

    /// Returns a server of this host's routes.
    #[must_use]
    pub fn server(self) -> HttpServer {
        HttpServer::new(&self.0.0.routes)
    }

    /// Returns the routes with the names of their deployments, ordered by route.
    #[must_use]
    pub fn routes(self) -> Vec<ConfiguredRoute> {
        self.0.0.routes.all()
    }

    /// Routes requests to a deployment, in every [`HttpServer`] of this host,
    /// from now on and after a restart. The guest sees complete paths, including the route's.
    /// Returns the deployment that the route pointed to before. Cancel safe: the change is made
    /// completely or not at all.
    ///
    /// # Errors
    ///
    /// [`InvalidName`](crate::ErrorKind::InvalidName) if the route or the name is invalid;
    /// [`StateUnavailable`](crate::ErrorKind::StateUnavailable) if the change cannot be persisted.
    pub async fn set_route(self, route: &str, name: &str) -> Result<Option<ComponentName>> {
        self.change_route(route.parse()?, Some(name.parse()?)).await
    }

    /// Removes a route. Returns the deployment it pointed to, if any. Cancel safe.
    ///
    /// # Errors
    ///
    /// Those of [`set_route`](Self::set_route).
    pub async fn remove_route(self, route: &str) -> Result<Option<ComponentName>> {
        self.change_route(route.parse()?, None).await
    }

    async fn change_route(
        self,
        route: Route,
        name: Option<ComponentName>,
    ) -> Result<Option<ComponentName>> {
        let parts = &self.0.0;
        let (routes, context) = (Arc::clone(&parts.routes), Arc::clone(&parts.context));
        let change = move || routes.change(&context, route, name);
        parts.context.services.run_state_write(change).await
    }
}
