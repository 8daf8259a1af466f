//! The network state of an instance: the addresses it has resolved, and the peers it has heard
//! from.
//!
//! Tests: in this file.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};

use parking_lot::Mutex;

/// The limit on recorded addresses, names per address, and peers. An instance that reaches it
/// resolves names in a loop.
const ADDRESSES_MAX: usize = 4096;

/// The network state of an instance, shared with the checks that wasmtime calls without access to
/// the store.
#[derive(Default)]
pub(crate) struct InstanceNetwork {
    names: Mutex<HashMap<IpAddr, Vec<String>>>,
    peers: Mutex<HashMap<SocketAddr, ()>>,
}

impl InstanceNetwork {
    /// Records the addresses of a name. Returns `false` if the instance has resolved too many.
    pub(super) fn record_addresses(&self, name: &str, addresses: &[IpAddr]) -> bool {
        let mut names = self.names.lock();
        if names.len() + addresses.len() > ADDRESSES_MAX {
            return false;
        }
        for address in addresses {
            let known = names.entry(*address).or_default();
            if !known.iter().any(|known| known == name) && known.len() < ADDRESSES_MAX {
                known.push(name.to_owned());
            }
        }
        true
    }

    /// Returns the names for which this address was resolved.
    pub(super) fn names_of(&self, address: IpAddr) -> Vec<String> {
        self.names.lock().get(&address).cloned().unwrap_or_default()
    }

    /// Records the sender of a datagram that was allowed in.
    pub(super) fn record_peer(&self, peer: SocketAddr) {
        let mut peers = self.peers.lock();
        if peers.len() < ADDRESSES_MAX {
            peers.insert(peer, ());
        }
    }

    /// Returns `true` if the peer has sent something, and so may be answered.
    pub(super) fn has_peer(&self, peer: SocketAddr) -> bool {
        self.peers.lock().contains_key(&peer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remembers_the_names_an_address_was_resolved_for() {
        let network = InstanceNetwork::default();
        let address: IpAddr = "93.184.216.34".parse().expect("an address");
        assert!(
            network.record_addresses("a.com", &[address])
                && network.record_addresses("b.com", &[address])
        );
        assert_eq!(network.names_of(address), ["a.com", "b.com"]);
        assert!(
            network
                .names_of("1.1.1.1".parse().expect("an address"))
                .is_empty()
        );
        let many: Vec<IpAddr> = (0..5_000)
            .map(|n| std::net::Ipv4Addr::from_bits(n).into())
            .collect();
        assert!(!network.record_addresses("c.com", &many));
    }
}
