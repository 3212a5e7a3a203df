//! Wrong logins: after a few of an address the next must wait, and longer each time.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Wrong logins that cost nothing.
const FREE: u32 = 5;

/// The longest delay.
const LONGEST: Duration = Duration::from_mins(5);

/// After so long without a wrong login all is forgotten.
const FORGET: Duration = Duration::from_mins(15);

/// Addresses at most that are remembered.
const MOST: usize = 10_000;

/// Wrong logins by address.
#[derive(Debug, Default)]
pub(crate) struct Delay(Mutex<HashMap<IpAddr, (u32, Instant)>>);

impl Delay {
    /// How long an address must wait still before it may try again.
    pub(crate) fn left(&self, address: IpAddr, now: Instant) -> Option<Duration> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (failures, last) = all.get(&address)?;
        let left = delay(*failures).saturating_sub(now.saturating_duration_since(*last));
        (!left.is_zero()).then_some(left)
    }

    /// A wrong login.
    pub(crate) fn failed(&self, address: IpAddr, now: Instant) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST {
            all.retain(|_, (_, last)| now.saturating_duration_since(*last) < FORGET);
        }
        if all.len() >= MOST && !all.contains_key(&address) {
            return;
        }
        let (failures, last) = all.entry(address).or_insert((0, now));
        if now.saturating_duration_since(*last) > FORGET {
            *failures = 0;
        }
        *failures += 1;
        *last = now;
    }

    /// A right login.
    pub(crate) fn passed(&self, address: IpAddr) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&address);
    }
}

/// 1 s after the fifth wrong login, then twice as long each time.
fn delay(failures: u32) -> Duration {
    let Some(beyond) = failures.checked_sub(FREE) else { return Duration::ZERO };
    Duration::from_secs(1 << beyond.min(16)).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delay_grows_and_is_forgotten() {
        let (delay, now) = (Delay::default(), Instant::now());
        let address = IpAddr::from([127, 0, 0, 1]);
        for _ in 0..4 {
            delay.failed(address, now);
        }
        assert_eq!(delay.left(address, now), None);
        delay.failed(address, now);
        assert_eq!(delay.left(address, now), Some(Duration::from_secs(1)));
        assert_eq!(delay.left(IpAddr::from([127, 0, 0, 2]), now), None);
        delay.failed(address, now);
        assert_eq!(delay.left(address, now), Some(Duration::from_secs(2)));
        assert_eq!(delay.left(address, now + Duration::from_secs(3)), None);
        for _ in 0..40 {
            delay.failed(address, now);
        }
        assert_eq!(delay.left(address, now), Some(LONGEST));
        delay.passed(address);
        assert_eq!(delay.left(address, now), None);
    }
}
