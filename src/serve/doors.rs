//! Connections: so many in all, so many of an address, and none that only waits.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Who sent a request, by the address of the connection that it came over.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer(pub(super) SocketAddr);

/// Who is connected.
#[derive(Debug)]
pub(super) struct Doors {
    most: usize,
    of_address: usize,
    all: Mutex<HashMap<IpAddr, usize>>,
}

/// Why nobody more is let in: what is open, and what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Full {
    #[error("{0} are open; close some, or let more in with --connections")]
    All(usize),
    #[error("{0} of your address are open, the most that one address may have; close some")]
    OfAddress(usize),
}

/// Counted as long as it is held.
#[derive(Debug)]
pub(super) struct Inside {
    doors: Arc<Doors>,
    address: IpAddr,
}

impl Doors {
    pub(super) fn new(most: usize, of_address: usize) -> Arc<Self> {
        Arc::new(Self { most, of_address, all: Mutex::default() })
    }

    fn all(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a connection in, unless there are too many.
    pub(super) fn enter(self: &Arc<Self>, address: IpAddr) -> Result<Inside, Full> {
        let mut all = self.all();
        if all.values().sum::<usize>() >= self.most {
            return Err(Full::All(self.most));
        }
        let own = all.entry(address).or_default();
        if *own >= self.of_address {
            return Err(Full::OfAddress(self.of_address));
        }
        *own += 1;
        Ok(Inside { doors: Arc::clone(self), address })
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        let mut all = self.doors.all();
        if let Some(own) = all.get_mut(&self.address) {
            *own -= 1;
            if *own == 0 {
                all.remove(&self.address);
            }
        }
    }
}

/// What a connection does: requests at work, and when the last one came or ended.
#[derive(Debug)]
pub(super) struct Activity {
    begun: Instant,
    at_work: AtomicUsize,
    last: Mutex<Option<Instant>>,
}

impl Activity {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self { begun: Instant::now(), at_work: AtomicUsize::new(0), last: Mutex::new(None) })
    }

    /// A request begins; it ends when what is given back is dropped.
    pub(super) fn request(self: &Arc<Self>) -> Request {
        self.at_work.fetch_add(1, Ordering::Relaxed);
        self.touch();
        Request(Arc::clone(self))
    }

    fn touch(&self) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// Whether it has waited too long: for a first request, or for another one.
    pub(super) fn is_idle(&self, head: Duration, idle: Duration) -> bool {
        if self.at_work.load(Ordering::Relaxed) > 0 {
            return false;
        }
        match *self.last.lock().unwrap_or_else(PoisonError::into_inner) {
            None => self.begun.elapsed() > head,
            Some(last) => last.elapsed() > idle,
        }
    }
}

/// A request at work.
#[derive(Debug)]
pub(super) struct Request(Arc<Activity>);

impl Drop for Request {
    fn drop(&mut self) {
        self.0.at_work.fetch_sub(1, Ordering::Relaxed);
        self.0.touch();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_takes_all_the_doors() {
        let doors = Doors::new(3, 2);
        let (one, other) = (IpAddr::from([127, 0, 0, 1]), IpAddr::from([127, 0, 0, 2]));
        let inside = [doors.enter(one).unwrap(), doors.enter(one).unwrap()];
        assert_eq!(doors.enter(one).unwrap_err(), Full::OfAddress(2));
        let third = doors.enter(other).unwrap();
        assert_eq!(doors.enter(other).unwrap_err(), Full::All(3));
        drop(inside);
        assert!(doors.enter(one).is_ok());
        drop(third);
        assert!(doors.all().is_empty());
    }

    #[test]
    fn a_request_at_work_is_not_idle() {
        let activity = Activity::new();
        assert!(activity.is_idle(Duration::ZERO, Duration::from_mins(1)));
        let request = activity.request();
        assert!(!activity.is_idle(Duration::ZERO, Duration::ZERO));
        drop(request);
        assert!(!activity.is_idle(Duration::ZERO, Duration::from_mins(1)));
        assert!(activity.is_idle(Duration::ZERO, Duration::ZERO));
    }
}
