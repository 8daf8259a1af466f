//! HTTP services and routes of a host.
//!
//! Tests: `tests/suite/http`.

use std::sync::Arc;

use airssys_wasm_core::ComponentName;

use super::Host;
use crate::Result;
use crate::http::{HttpServer, HttpService, Route};

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
        Ok(HttpService::new(&self.0.context, name.parse()?))
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
        let (routes, context) = (Arc::clone(&self.0.routes), Arc::clone(&self.0.context));
        let change = move || routes.change(&context, route, name);
        self.0.context.runtime.run_state_write(change).await
    }

    /// Returns the routes with the names of their deployments.
    #[must_use]
    pub fn routes(&self) -> Vec<(Route, ComponentName)> {
        self.0.routes.all()
    }

    /// Returns a server of this host's routes.
    ///
    /// ```no_run
    /// # async fn program(host: airssys_wasm_host::Host) -> Result<(), Box<dyn std::error::Error>> {
    /// host.route("/shop", "shop").await?;
    /// let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
    /// let until = async { tokio::signal::ctrl_c().await.unwrap_or_default() };
    /// host.http_server().serve(listener, until).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn http_server(&self) -> HttpServer {
        HttpServer::new(&self.0.routes)
    }
}
