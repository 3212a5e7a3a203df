//! A child of this process, from its start to its end.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use nix::sys::signal::Signal;
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::task::JoinHandle;

use super::asking::{Alive, Counts};
use super::child::{MEMORY, MEMORY_LEAST};
use super::frame::{self, Frame};
use super::job::Job;
use super::starter::Starter;
use crate::progress::bytes;
use crate::serve::access::{Ended, Ending};
use crate::store::StoreEnvironment;
use crate::system::{LITTLE_RESERVE, STACK_IS_OVER};

/// What a child says last is kept to this length.
const LAST_WORDS: usize = 4 << 10;

/// A child that has limited itself and waits for its job, or is at it.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    said: Arc<Mutex<Vec<u8>>>,
    listening: JoinHandle<()>,
    memory: u64,
    alive: Alive,
    /// Removed whatever becomes of the process.
    _scratch: Folder,
}

/// A folder that goes with its owner.
#[derive(Debug)]
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed goes with the folder above.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Process {
    /// Starts one. It waits for its job.
    pub(super) async fn start(
        starter: &Starter,
        program: &Path,
        folder: &Path,
        (memory, environment): (u64, &StoreEnvironment),
        counts: &Arc<Counts>,
    ) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let scratch = Folder(folder.to_owned());
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700))?;
        let mut command = Command::new(program);
        command
            .arg("answer")
            .env_clear()
            .env(MEMORY, memory.to_string())
            .env("TMPDIR", folder)
            .envs(LITTLE_RESERVE)
            .envs(environment.iter())
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let mut child = starter.start(command).await?;
        let alive = Alive::new(counts, child.id());
        let piped = || io::Error::other("a pipe of the process is missing");
        let input = child.stdin.take().ok_or_else(piped)?;
        let output = BufReader::new(child.stdout.take().ok_or_else(piped)?);
        let mut errors = child.stderr.take().ok_or_else(piped)?;
        let said = Arc::new(Mutex::new(Vec::new()));
        let keep = Arc::clone(&said);
        let listening = tokio::spawn(async move {
            let mut part = [0; 1024];
            while let Ok(read @ 1..) = errors.read(&mut part).await {
                let mut keep = keep.lock().unwrap_or_else(PoisonError::into_inner);
                keep.extend_from_slice(&part[..read]);
                let beyond = keep.len().saturating_sub(LAST_WORDS);
                keep.drain(..beyond);
            }
        });
        Ok(Self { child, input, output, said, listening, memory, alive, _scratch: scratch })
    }

    /// Whether it is there still.
    pub(super) fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Gives it its job. A pipe that is closed is told by what is read.
    pub(super) async fn give(&mut self, job: &Job) -> Result<(), Ended> {
        let bytes = serde_json::to_vec(job).map_err(|e| Ended::new(Ending::Died, e.to_string()))?;
        let length = u32::try_from(bytes.len()).map_err(|e| Ended::new(Ending::TooLarge, e.to_string()))?;
        let told = async {
            self.input.write_all(&length.to_be_bytes()).await?;
            self.input.write_all(&bytes).await?;
            self.input.flush().await
        };
        let _ = told.await;
        Ok(())
    }

    /// The next part of the answer. That it ends before its end is an error.
    pub(super) async fn next(&mut self) -> Result<Frame, Ended> {
        match frame::read(&mut self.output).await {
            Ok(Some(frame)) => Ok(frame),
            Ok(None) => Err(self.ended().await),
            Err(error) => {
                let _ = self.child.start_kill();
                tracing::error!("a process that answers said what isn't an answer: {error}");
                Err(self.ended().await)
            }
        }
    }

    /// Ends it at once.
    pub(super) async fn kill(mut self) {
        let _ = self.child.kill().await;
    }

    /// The same while it is at work, for a cause.
    pub(super) async fn end(self, cause: Ending) {
        self.alive.counts.died(cause);
        self.kill().await;
    }

    /// Waits until it has gone, which it does by itself.
    pub(super) async fn leave(mut self) {
        drop(self.input);
        let _ = self.child.wait().await;
    }

    /// Why there is no more of it.
    async fn ended(&mut self) -> Ended {
        let status = self.child.wait().await;
        let _ = (&mut self.listening).await;
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let said = String::from_utf8_lossy(&said);
        let ended = match status {
            Ok(status) => words(status, &said, self.memory),
            Err(error) => Ended::new(Ending::Died, format!("the process that answered is gone: {error}")),
        };
        self.alive.counts.died(ended.ending);
        ended
    }
}

/// How a process ended that did not say so itself.
fn words(status: ExitStatus, said: &str, memory: u64) -> Ended {
    match status.signal().and_then(|signal| Signal::try_from(signal).ok()) {
        Some(Signal::SIGABRT | Signal::SIGSEGV) if said.contains(STACK_IS_OVER) => Ended::new(
            Ending::TooDeep,
            "the query is nested too deeply\n(hint: write it in smaller steps, each a name of WITH)",
        ),
        // What the allocator does when it is refused.
        Some(Signal::SIGABRT) => Ended::new(
            Ending::Memory,
            format!(
                "this needs more memory than a query may have ({})\n(hint: --query-memory gives it more; or ask for \
                 less at once)",
                bytes(memory.max(MEMORY_LEAST))
            ),
        ),
        Some(Signal::SIGKILL) => Ended::new(
            Ending::Memory,
            "ended by the system, which may have had no more memory\n(hint: --query-memory and --queries take less of it)",
        ),
        _ => {
            // A number by which whoever runs the service finds what is not for everybody's eyes.
            let number = &blake3::hash(format!("{said}{status}").as_bytes()).to_hex()[..8];
            tracing::error!("a process that answered ended with {status} (number {number}): {said}");
            let words = format!(
                "the process that answered ended with {status}; number {number} in the log of the service says more\n\
                 (hint: this is a defect; please report it with the query)"
            );
            Ended::new(Ending::Died, words)
        }
    }
}
