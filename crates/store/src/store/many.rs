//! Many questions to a storage, of which none waits for another.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::error::StoreError;

/// So many are asked at once.
const AT_ONCE: usize = 16;

/// Asks about each of several things; the answers are in their order.
///
/// # Errors
/// The first one that an answer has.
pub fn ask_each<T: Sync, A: Send>(
    about: &[T],
    ask: impl Fn(&T) -> Result<A, StoreError> + Sync,
) -> Result<Vec<A>, StoreError> {
    let (next, told) = (AtomicUsize::new(0), Mutex::new(Vec::with_capacity(about.len())));
    let work = || -> Result<(), StoreError> {
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some(one) = about.get(place) else { return Ok(()) };
            let answer = ask(one)?;
            told.lock().unwrap_or_else(PoisonError::into_inner).push((place, answer));
        }
    };
    std::thread::scope(|scope| {
        let asking: Vec<_> = (0..AT_ONCE.min(about.len())).map(|_| scope.spawn(work)).collect();
        asking.into_iter().try_for_each(|one| one.join().unwrap_or(Ok(())))
    })?;
    let mut told = told.into_inner().unwrap_or_else(PoisonError::into_inner);
    told.sort_by_key(|(place, _)| *place);
    Ok(told.into_iter().map(|(_, answer)| answer).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_in_order_and_an_error_is_told() {
        let about: Vec<usize> = (0..100).collect();
        assert_eq!(ask_each(&about, |n| Ok(n * 2)).unwrap(), (0..200).step_by(2).collect::<Vec<_>>());
        assert!(ask_each(&[] as &[usize], |n| Ok(*n)).unwrap().is_empty());
        let no = |n: &usize| if *n == 57 { Err(StoreError::NoRun { dir: "a".into() }) } else { Ok(*n) };
        assert!(matches!(ask_each(&about, no), Err(StoreError::NoRun { .. })));
    }
}
