//! How much each client may have under way, and all of them together. A client is an address; of IPv6 its first 64 bits,
//! which is what one subscriber has.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What a client and all clients may have at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bound {
    pub client: u32,
    pub all: u32,
}

/// Whose bound was met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Full {
    Client,
    All,
}

/// Connections or requests that are under way. Of a client that has none nothing is kept.
#[derive(Debug)]
pub(crate) struct Clients {
    bound: Bound,
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    all: u32,
    clients: HashMap<IpAddr, u32>,
}

/// One that is under way, until it is dropped.
#[derive(Debug)]
pub(crate) struct Admitted {
    clients: Arc<Clients>,
    client: IpAddr,
}

impl Clients {
    pub(crate) fn new(bound: Bound) -> Arc<Self> {
        Arc::new(Self { bound, counts: Mutex::default() })
    }

    pub(crate) fn admit(self: &Arc<Self>, address: IpAddr) -> Result<Admitted, Full> {
        let client = client(address);
        let mut counts = self.counts();
        let of_client = counts.clients.get(&client).copied().unwrap_or_default();
        if of_client >= self.bound.client {
            return Err(Full::Client);
        }
        if counts.all >= self.bound.all {
            return Err(Full::All);
        }
        counts.all += 1;
        counts.clients.insert(client, of_client + 1);
        Ok(Admitted { clients: Arc::clone(self), client })
    }

    /// Nothing panics with the counts in hand, and each change is whole.
    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        let mut counts = self.clients.counts();
        counts.all -= 1;
        if let Entry::Occupied(mut of_client) = counts.clients.entry(self.client) {
            *of_client.get_mut() -= 1;
            if *of_client.get() == 0 {
                of_client.remove();
            }
        }
    }
}

fn client(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        address @ IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6([a, b, c, d, 0, 0, 0, 0].into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_client_meets_its_own_bound_and_then_that_of_all() {
        let clients = Clients::new(Bound { client: 2, all: 3 });
        let [one, two] = ["192.0.2.1", "192.0.2.2"].map(address);
        let held = [clients.admit(one).unwrap(), clients.admit(one).unwrap(), clients.admit(two).unwrap()];
        assert_eq!((clients.admit(one).unwrap_err(), clients.admit(two).unwrap_err()), (Full::Client, Full::All));
        drop(held);
        let counts = clients.counts();
        assert_eq!((counts.all, counts.clients.len()), (0, 0), "nobody is remembered");
        drop(counts);
        clients.admit(one).unwrap();
    }

    #[test]
    fn addresses_of_one_subscriber_are_one_client() {
        let same = |one, other| client(address(one)) == client(address(other));
        assert!(same("2001:db8:1:2::1", "2001:db8:1:2:ffff::9"));
        assert!(!same("2001:db8:1:2::1", "2001:db8:1:3::1"));
        assert!(same("::ffff:192.0.2.1", "192.0.2.1"));
    }
}
