//! Idle connections, reused for requests of the same component to the same origin.
//!
//! A connection is reused only if its address is among those just checked.
//! Tests: `tests/suite/capabilities/http.rs`.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Weak};
use std::time::Duration;

use airssys_wasm_core::policy::{HttpHost, HttpTarget};
use parking_lot::Mutex;
use tokio::time::Instant;

use super::connection::ClientConnection;

/// The largest number of idle connections; further ones are closed.
const IDLE_MAX: usize = 64;

/// Time after which an idle connection is closed; many servers close theirs after a minute.
const IDLE_TIME: Duration = Duration::from_secs(30);

/// The idle connections of a revision.
#[derive(Default)]
pub(super) struct IdleConnections(Mutex<ConnectionTable>);

#[derive(Default)]
struct ConnectionTable {
    by_origin: HashMap<Origin, Vec<(ClientConnection, Instant)>>,
    count: usize,
    /// `true` while a task closes connections that have been idle for too long.
    has_sweeper: bool,
}

/// The server that a connection leads to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Origin {
    is_tls: bool,
    host: HttpHost,
    port: u16,
}

impl Origin {
    pub(super) fn from_target(target: &HttpTarget) -> Self {
        Self {
            is_tls: target.is_tls,
            host: target.host.clone(),
            port: target.port,
        }
    }
}

impl IdleConnections {
    /// Takes an idle connection to one of `addresses` that is still open.
    pub(super) fn take(&self, origin: &Origin, addresses: &[IpAddr]) -> Option<ClientConnection> {
        let mut idle = self.0.lock();
        while let Some((connection, _)) = idle.by_origin.get_mut(origin).and_then(Vec::pop) {
            idle.count -= 1;
            if connection.is_ready() && addresses.contains(&connection.address) {
                return Some(connection);
            }
        }
        None
    }

    /// Puts a connection back, once its response has been read to the end.
    pub(super) fn give_back(self: Arc<Self>, origin: Origin, mut connection: ClientConnection) {
        if connection.is_ready() {
            return self.insert(origin, connection);
        }
        tokio::spawn(async move {
            // A connection whose server does not read is not worth waiting for any longer.
            if tokio::time::timeout(IDLE_TIME, connection.ready()).await == Ok(true) {
                self.insert(origin, connection);
            }
        });
    }

    fn insert(self: &Arc<Self>, origin: Origin, connection: ClientConnection) {
        let mut idle = self.0.lock();
        if idle.count == IDLE_MAX {
            return;
        }
        idle.count += 1;
        idle.by_origin
            .entry(origin)
            .or_default()
            .push((connection, Instant::now()));
        if !std::mem::replace(&mut idle.has_sweeper, true) {
            tokio::spawn(sweep(Arc::downgrade(self)));
        }
    }

    /// Closes all idle connections.
    pub(super) fn clear(&self) {
        drop(self.take_all());
    }

    /// Closes all idle connections, and waits until they have returned their descriptors.
    pub(super) async fn close_all(&self) {
        for (connection, _) in self.take_all().into_values().flatten() {
            connection.close().await;
        }
    }

    fn take_all(&self) -> HashMap<Origin, Vec<(ClientConnection, Instant)>> {
        let mut idle = self.0.lock();
        idle.count = 0;
        std::mem::take(&mut idle.by_origin)
    }

    /// Closes connections that the server has closed or that have been idle for too long. Returns
    /// `false` if none are left.
    fn close_expired(&self) -> bool {
        let mut idle = self.0.lock();
        let ConnectionTable {
            by_origin,
            count,
            has_sweeper,
        } = &mut *idle;
        by_origin.retain(|_, connections| {
            connections.retain(|(idle, since)| !idle.is_closed() && since.elapsed() < IDLE_TIME);
            !connections.is_empty()
        });
        *count = by_origin.values().map(Vec::len).sum();
        *has_sweeper = *count > 0;
        *has_sweeper
    }
}

async fn sweep(connections: Weak<IdleConnections>) {
    loop {
        tokio::time::sleep(IDLE_TIME).await;
        if !connections
            .upgrade()
            .is_some_and(|idle| idle.close_expired())
        {
            return;
        }
    }
}
