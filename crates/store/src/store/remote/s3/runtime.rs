//! Where requests are made: a few threads of this process, which live as long as it does.

use std::io;
use std::sync::{Mutex, PoisonError, mpsc};

use tokio::runtime::{Builder, Handle, Runtime};

/// Threads that wait for answers. Little is to be done with one.
const WORKERS: usize = 2;

/// The runtime of all stores; connections belong to it.
pub(super) fn handle() -> io::Result<Handle> {
    static RUNTIME: Mutex<Option<Runtime>> = Mutex::new(None);
    let mut runtime = RUNTIME.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(runtime) = &*runtime {
        return Ok(runtime.handle().clone());
    }
    let made =
        Builder::new_multi_thread().worker_threads(WORKERS).thread_name("store").enable_all().build()?;
    Ok(runtime.insert(made).handle().clone())
}

/// Waits for something done there, on whatever thread this is, one of another runtime too.
pub(super) fn wait<T: Send + 'static>(
    on: &Handle,
    work: impl Future<Output = io::Result<T>> + Send + 'static,
) -> io::Result<T> {
    let (done, answer) = mpsc::sync_channel(1);
    on.spawn(async move { done.send(work.await) });
    answer.recv().unwrap_or_else(|_| Err(io::Error::other("a request to the store ended without an answer")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_thread_can_wait() {
        let on = handle().unwrap();
        let one = || wait(&on, async { Ok(tokio::task::spawn(async { 1 }).await.unwrap()) }).unwrap();
        assert_eq!(one(), 1);
        // Where waiting by the runtime's own means is refused.
        let other = Builder::new_current_thread().build().unwrap();
        assert_eq!(other.block_on(async { one() }), 1);
        let ones = std::thread::scope(|scope| {
            let all: Vec<_> = (0..16).map(|_| scope.spawn(one)).collect();
            all.into_iter().map(|one| one.join().unwrap()).sum::<i32>()
        });
        assert_eq!(ones, 16);
    }

    #[test]
    fn work_that_panics_is_an_error() {
        let on = handle().unwrap();
        assert!(wait::<()>(&on, async { panic!("made by a test") }).is_err());
        assert_eq!(wait(&on, async { Ok(2) }).unwrap(), 2);
    }
}
