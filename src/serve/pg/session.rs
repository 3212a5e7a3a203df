//! A connection of somebody who is let in.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use pgwire::messages::response::{CommandComplete, ReadyForQuery};
use pgwire::messages::startup::ParameterStatus;
use tokio::sync::watch;

use super::fault::{Fault, notice};
use super::keys::Key;
use super::portal::Portals;
use super::rows::{Rows, Writer};
use super::settings::{Settings, TOLD};
use super::statement::Statement;
use super::transaction::Transaction;
use super::wire::{FULL, LONG, Message, Wire};
use crate::serve::access::{Ended, Ending, until_true};
use crate::serve::answer::{Ask, Format, PgSession, Spoken, Text};
use crate::serve::desk::{Caller, Desk, Shape};

/// How often is looked for what nobody uses.
const SWEEP: Duration = Duration::from_secs(30);

/// How long somebody may say nothing.
const IDLE: Duration = Duration::from_hours(1);

/// Shapes of statements that are known.
const SHAPES: usize = 128;

/// What a session has to do with.
pub(super) struct Place {
    pub(super) desk: Arc<Desk>,
    pub(super) caller: Caller,
    /// The source.
    pub(super) database: String,
    /// Where rows wait.
    pub(super) folder: PathBuf,
}

/// A connection of somebody who is let in.
pub(super) struct Session {
    pub(super) wire: Wire,
    pub(super) place: Place,
    pub(super) settings: Settings,
    pub(super) transaction: Transaction,
    pub(super) portals: Portals,
    shapes: HashMap<String, Arc<Shape>>,
    key: Key,
    cancelled: watch::Receiver<bool>,
    /// Until when the statement must be done.
    deadline: Option<Instant>,
    /// Whether what comes is passed over until the client has caught up with an error.
    pub(super) skips: bool,
}

impl Session {
    pub(super) fn new(wire: Wire, place: Place, settings: Settings, key: Key) -> Self {
        let cancelled = key.begin();
        Self {
            wire,
            place,
            settings,
            transaction: Transaction::none(),
            portals: Portals::default(),
            shapes: HashMap::new(),
            key,
            cancelled,
            deadline: None,
            skips: false,
        }
    }

    /// Answers until the end of the connection.
    pub(super) async fn run(mut self) {
        for name in TOLD {
            self.tell_setting(name);
        }
        self.ready();
        let mut turned = self.deliver().await.map(|()| true);
        let last = loop {
            match turned {
                Ok(true) => turned = self.turn().await,
                Ok(false) | Err(Fault::Gone) => break None,
                // Every statement has told its own: what comes here is the last.
                Err(Fault::Last(words) | Fault::Said(words)) => break Some(words),
            }
        };
        if let Some(words) = last {
            self.wire.put(&words.response("FATAL", ""));
        }
        self.wire.close().await;
    }

    /// One message, and its answer; whether it goes on.
    async fn turn(&mut self) -> Result<bool, Fault> {
        let Some(message) = self.next().await? else { return Ok(false) };
        if self.skips && !matches!(message, Message::Sync | Message::Terminate) {
            return Ok(true);
        }
        self.begin();
        if let Message::Torn(_, LONG, _) = &message {
            // It was read over: what it says is not known.
            self.refused("", Ending::TooLarge);
        }
        match message {
            Message::Terminate => return Ok(false),
            Message::Query(sql) => self.simple(&sql).await?,
            Message::Torn(false, code, words) => {
                self.failed(Fault::new(code, words), "")?;
                self.ready();
            }
            Message::Copy => return Ok(true),
            message => {
                let flushes = matches!(message, Message::Sync | Message::Flush);
                self.extended(message).await?;
                // What belongs together is sent together.
                if !flushes && self.wire.output.len() < FULL {
                    return Ok(true);
                }
            }
        }
        self.deliver().await?;
        Ok(true)
    }

    /// Sends the end of an answer, whatever was cancelled.
    async fn deliver(&mut self) -> Result<(), Fault> {
        tokio::select! {
            sent = self.wire.flush() => Ok(sent?),
            () = until_true(&mut self.place.caller.login.ended) => Err(revoked()),
        }
    }

    /// The next message.
    async fn next(&mut self) -> Result<Option<Message>, Fault> {
        let mut stopped = self.place.desk.stopped();
        let since = Instant::now();
        loop {
            tokio::select! {
                message = self.wire.next() => return message.map_err(|error| match error.kind() {
                    std::io::ErrorKind::InvalidData => Fault::last("08P01", error.to_string()),
                    _ => Fault::Gone,
                }),
                () = until_true(&mut self.place.caller.login.ended) => return Err(revoked()),
                () = until_true(&mut stopped) => return Err(Fault::last("57P01", "the service is stopping")),
                () = tokio::time::sleep(SWEEP) => {
                    self.portals.give_up();
                    if self.transaction.is_idle() {
                        let words = "the transaction was given up: nothing was asked in it for 10 minutes";
                        return Err(Fault::last("25P03", words));
                    }
                    if since.elapsed() > IDLE {
                        return Err(Fault::last("57P05", "nothing was asked for an hour"));
                    }
                }
            }
        }
    }

    /// A statement begins.
    pub(super) fn begin(&mut self) {
        self.cancelled = self.key.begin();
        self.deadline = self.settings.timeout().map(|time| Instant::now() + time);
        // Whoever asks all the time is never swept while nothing is said.
        self.portals.give_up();
    }

    /// Waits for something, as long as anybody waits for it.
    pub(super) async fn wait<T>(&mut self, work: impl Future<Output = Result<T, Ended>>) -> Result<T, Fault> {
        let deadline = self.deadline;
        let late = async move {
            match deadline {
                Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            done = work => Ok(done?),
            () = until_true(&mut self.cancelled) => Err(cancelled()),
            () = until_true(&mut self.place.caller.login.ended) => Err(revoked()),
            () = self.wire.closed() => Err(Fault::Gone),
            () = late => Err(Fault::with_hint(
                "57014",
                "the query takes longer than statement_timeout",
                "SET statement_timeout = DEFAULT gives it what the service gives",
            )),
        }
    }

    /// Sends what there is, in the midst of an answer.
    async fn flush(&mut self) -> Result<(), Fault> {
        tokio::select! {
            biased;
            sent = self.wire.flush() => Ok(sent?),
            () = until_true(&mut self.cancelled) => Err(cancelled()),
            () = until_true(&mut self.place.caller.login.ended) => Err(revoked()),
        }
    }

    /// Which statement a text is, and whether it can be carried out now.
    pub(super) fn statement(&mut self, sql: &str) -> Result<Statement, Fault> {
        let transaction = &mut self.transaction;
        let statement = Statement::of(sql).and_then(|statement| {
            transaction.check(&statement)?;
            Ok(statement)
        });
        statement.inspect_err(|fault| self.refused(sql, fault.ending()))
    }

    /// Writes down what is refused without asking a child.
    pub(super) fn refused(&self, sql: &str, ending: Ending) {
        let Place { desk, caller, database, .. } = &self.place;
        desk.refused(caller, database, sql, ending);
    }

    /// Asks a child.
    pub(super) async fn ask(
        &mut self,
        sql: &str,
        values: Option<Vec<u8>>,
        what: &str,
    ) -> Result<Rows, Fault> {
        let held = self.transaction.held();
        let text = self.text(sql, values);
        let ask = Ask::Query { text, format: Format::Messages, most: None };
        let (desk, caller) = (Arc::clone(&self.place.desk), self.place.caller.clone());
        let source = desk.whole(&caller, &self.place.database, what)?;
        let begun = async {
            let begun = desk.begin(&caller, &source, Transaction::at(held.as_ref()), ask, what).await?;
            Rows::begin(begun).await
        };
        self.wait(begun).await
    }

    /// What a query takes and gives.
    pub(super) async fn shape(&mut self, sql: &str) -> Result<Arc<Shape>, Fault> {
        if let Some(known) = self.shapes.get(sql) {
            return Ok(Arc::clone(known));
        }
        let held = self.transaction.held();
        let ask = Ask::Shape(self.text(sql, None));
        let (desk, caller) = (Arc::clone(&self.place.desk), self.place.caller.clone());
        let source = desk.whole(&caller, &self.place.database, sql)?;
        let read = async {
            let (body, ..) = desk.read(&caller, &source, Transaction::at(held.as_ref()), ask, sql).await?;
            Shape::parse(&body)
        };
        let shape = Arc::new(self.wait(read).await?);
        if self.shapes.len() >= SHAPES {
            self.shapes.clear();
        }
        self.shapes.insert(sql.to_owned(), Arc::clone(&shape));
        Ok(shape)
    }

    fn text(&self, sql: &str, values: Option<Vec<u8>>) -> Text {
        let place = &self.place;
        let databases = place.desk.sources(&place.caller).iter().map(|source| source.name.clone()).collect();
        let user = place.caller.login.token.name.clone();
        let settings = self.settings.all(place.desk.pool.limits().time).into_iter().collect();
        let (database, number) = (place.database.clone(), self.key.number);
        let session = PgSession { user, database, databases, number, settings };
        Text { sql: sql.to_owned(), values, spoken: Spoken::Postgres(session), ..Text::default() }
    }

    /// Sends rows, so many at most; how many.
    pub(super) async fn send(
        &mut self,
        rows: &mut Rows,
        writer: &mut Writer,
        most: Option<u64>,
    ) -> Result<u64, Fault> {
        let mut sent = 0;
        loop {
            let left = most.map_or(u64::MAX, |most| most - sent);
            if left == 0 || !self.wait(rows.ready()).await? {
                break;
            }
            sent += rows.write(writer, left, &mut self.wire.output)?;
            if self.wire.output.len() >= FULL {
                self.flush().await?;
            }
        }
        for note in rows.notes.drain(..) {
            self.wire.put(&notice("WARNING", "01000", &note));
        }
        Ok(sent)
    }

    /// A statement is done.
    pub(super) fn done(&mut self, tag: impl Into<String>) {
        self.wire.put(&CommandComplete::new(tag.into()));
    }

    /// The next statement is waited for.
    pub(super) fn ready(&mut self) {
        let status = self.transaction.status();
        self.wire.put(&ReadyForQuery::new(status));
    }

    /// Tells an error of a text; one after which nothing can be told comes back.
    pub(super) fn failed(&mut self, fault: Fault, sql: &str) -> Result<(), Fault> {
        let Fault::Said(words) = fault else { return Err(fault) };
        self.wire.put(&words.response("ERROR", sql));
        self.transaction.fail();
        Ok(())
    }

    /// Tells the value of a setting.
    pub(super) fn tell_setting(&mut self, name: &str) {
        if let Ok(value) = self.settings.get(name) {
            self.wire.put(&ParameterStatus::new(name.to_owned(), value));
        }
    }
}

fn revoked() -> Fault {
    Fault::last("57P01", "the login has ended: its token was revoked, or is over")
}

fn cancelled() -> Fault {
    Fault::new("57014", "the query was cancelled")
}
