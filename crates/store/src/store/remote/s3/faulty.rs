//! A store in memory that goes wrong on purpose.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::stream::BoxStream;
use futures::{FutureExt, StreamExt};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMode,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

/// What befalls a create.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// Done, and no answer comes.
    Lost,
    /// Not done, and no answer comes.
    Silent,
    /// No answer comes; done a little later.
    Late,
    /// Done twice, as by a client that tries again; the second answer comes.
    Twice,
    /// Not done, as another create of the name is on its way.
    Conflict,
    /// Not done: the server has an error.
    Broken,
    /// Done, and the server has an error.
    DoneBroken,
    /// Not done: it is not allowed.
    Denied,
    /// Done after a while.
    Slow,
}

impl Fault {
    /// All of which whoever makes an object gets the better.
    pub(super) const MENDED: [Self; 8] = [
        Self::Lost,
        Self::Silent,
        Self::Late,
        Self::Twice,
        Self::Conflict,
        Self::Broken,
        Self::DoneBroken,
        Self::Slow,
    ];
}

/// The store.
#[derive(Debug, Default)]
pub(super) struct Faulty {
    inner: Arc<InMemory>,
    /// What befalls the next creates.
    pub(super) next: Mutex<VecDeque<Option<Fault>>>,
    /// What befalls a create with a chance of one in so many; none if it is 0.
    pub(super) one_in: AtomicUsize,
    random: AtomicUsize,
    /// Whether it overwrites what is there.
    pub(super) overwrites: AtomicBool,
    /// Whether it does so when several ask at once.
    pub(super) overwrites_at_once: AtomicBool,
    /// Whether listings show nothing.
    pub(super) lists_nothing: AtomicBool,
    /// Creates in flight, and the most that were.
    flying: AtomicUsize,
    pub(super) most_flying: AtomicUsize,
    /// Creates, and bytes and requests of reads.
    pub(super) puts: AtomicUsize,
    pub(super) gets: AtomicUsize,
    /// Listings.
    pub(super) lists: AtomicUsize,
    pub(super) got: Arc<AtomicUsize>,
}

impl fmt::Display for Faulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a store that goes wrong")
    }
}

impl Faulty {
    pub(super) fn with(next: &[Fault]) -> Arc<Self> {
        let next = Mutex::new(next.iter().copied().map(Some).collect());
        Arc::new(Self { next, ..Self::default() })
    }

    /// One that goes wrong at random.
    pub(super) fn at_random(seed: usize, one_in: usize) -> Arc<Self> {
        Arc::new(Self { random: (seed * 2 + 1).into(), one_in: one_in.into(), ..Self::default() })
    }

    fn draw(&self, below: usize) -> usize {
        let step = |n: usize| {
            Some(n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407))
        };
        let drawn = self.random.fetch_update(Ordering::Relaxed, Ordering::Relaxed, step).unwrap();
        (drawn >> 33) % below
    }

    fn fault(&self) -> Option<Fault> {
        if let Some(next) = self.next.lock().unwrap().pop_front() {
            return next;
        }
        let one_in = self.one_in.load(Ordering::Relaxed);
        (one_in > 0 && self.draw(one_in) == 0).then(|| Fault::MENDED[self.draw(Fault::MENDED.len())])
    }

    async fn create(&self, path: &Path, payload: PutPayload) -> Result<PutResult> {
        let at_once = self.flying.load(Ordering::SeqCst) > 1;
        let overwrites = self.overwrites.load(Ordering::Relaxed)
            || (at_once && self.overwrites_at_once.load(Ordering::Relaxed));
        let mode = if overwrites { PutMode::Overwrite } else { PutMode::Create };
        self.inner.put_opts(path, payload, mode.into()).await
    }

    async fn put(&self, path: &Path, payload: PutPayload, opts: PutOptions) -> Result<PutResult> {
        if opts.mode != PutMode::Create {
            return self.inner.put_opts(path, payload, opts).await;
        }
        self.puts.fetch_add(1, Ordering::SeqCst);
        let broken = || answer(500, "InternalError");
        match self.fault() {
            None => self.create(path, payload).await,
            Some(Fault::Lost) => self.create(path, payload).await.and(Err(silence())),
            Some(Fault::Silent) => Err(silence()),
            Some(Fault::Late) => {
                let (inner, path) = (Arc::clone(&self.inner), path.clone());
                tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_millis(3)).await;
                    inner.put_opts(&path, payload, PutMode::Create.into()).await
                });
                Err(silence())
            }
            Some(Fault::Twice) => {
                let _first = self.create(path, payload.clone()).await;
                self.create(path, payload).await
            }
            Some(Fault::Conflict) => {
                let source = answer(409, "ConditionalRequestConflict").into();
                Err(Error::AlreadyExists { path: path.to_string(), source })
            }
            Some(Fault::Broken) => Err(broken()),
            Some(Fault::DoneBroken) => self.create(path, payload).await.and(Err(broken())),
            Some(Fault::Denied) => {
                let source = answer(403, "AccessDenied").into();
                Err(Error::PermissionDenied { path: path.to_string(), source })
            }
            Some(Fault::Slow) => {
                tokio::time::sleep(Duration::from_millis(5)).await;
                self.create(path, payload).await
            }
        }
    }
}

fn silence() -> Error {
    Error::Generic { store: "S3", source: "HTTP error: no answer within 15 s".into() }
}

fn answer(status: u16, code: &str) -> Error {
    let source =
        format!("Server returned non-2xx status code: {status} Word: <Error><Code>{code}</Code></Error>");
    Error::Generic { store: "S3", source: source.into() }
}

type Done<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

impl ObjectStore for Faulty {
    fn put_opts<'s, 'p, 'f>(
        &'s self,
        path: &'p Path,
        payload: PutPayload,
        opts: PutOptions,
    ) -> Done<'f, PutResult>
    where
        's: 'f,
        'p: 'f,
        Self: 'f,
    {
        async move {
            let flying = self.flying.fetch_add(1, Ordering::SeqCst) + 1;
            self.most_flying.fetch_max(flying, Ordering::SeqCst);
            // Others come in between.
            tokio::time::sleep(Duration::from_micros(300)).await;
            let done = self.put(path, payload, opts).await;
            self.flying.fetch_sub(1, Ordering::SeqCst);
            done
        }
        .boxed()
    }

    fn put_multipart_opts<'s, 'p, 'f>(
        &'s self,
        path: &'p Path,
        opts: PutMultipartOptions,
    ) -> Done<'f, Box<dyn MultipartUpload>>
    where
        's: 'f,
        'p: 'f,
        Self: 'f,
    {
        self.inner.put_multipart_opts(path, opts)
    }

    fn get_opts<'s, 'p, 'f>(&'s self, path: &'p Path, options: GetOptions) -> Done<'f, GetResult>
    where
        's: 'f,
        'p: 'f,
        Self: 'f,
    {
        async move {
            let result = self.inner.get_opts(path, options).await?;
            self.gets.fetch_add(1, Ordering::Relaxed);
            self.got.fetch_add((result.range.end - result.range.start) as usize, Ordering::Relaxed);
            Ok(result)
        }
        .boxed()
    }

    fn delete_stream(&self, paths: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(paths)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.lists.fetch_add(1, Ordering::Relaxed);
        if self.lists_nothing.load(Ordering::Relaxed) {
            futures::stream::empty().boxed()
        } else {
            self.inner.list(prefix)
        }
    }

    fn list_with_delimiter<'s, 'p, 'f>(&'s self, prefix: Option<&'p Path>) -> Done<'f, ListResult>
    where
        's: 'f,
        'p: 'f,
        Self: 'f,
    {
        self.inner.list_with_delimiter(prefix)
    }

    fn copy_opts<'s, 'p, 'q, 'f>(&'s self, from: &'p Path, to: &'q Path, options: CopyOptions) -> Done<'f, ()>
    where
        's: 'f,
        'p: 'f,
        'q: 'f,
        Self: 'f,
    {
        self.inner.copy_opts(from, to, options)
    }
}
