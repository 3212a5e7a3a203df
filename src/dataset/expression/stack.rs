//! Room for expressions that are nested deeply.

/// From so many parts on, an expression can be nested deeper than a thread's usual stack allows.
const LONG: usize = 100;

/// Stack of the thread that works on a long expression.
const STACK: usize = 64 << 20;

/// Works on a thread with a large stack if the expression is long.
pub(super) fn with_stack<T: Send>(
    parts: usize,
    work: impl FnOnce() -> Result<T, String> + Send,
) -> Result<T, String> {
    if parts < LONG {
        return work();
    }
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work);
        let thread = thread.map_err(|error| format!("no thread for so long an expression: {error}"))?;
        thread.join().unwrap_or_else(|_| Err("the planner gave up on it".to_owned()))
    })
}
