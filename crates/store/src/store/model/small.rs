//! The functions of the protocol on files of a few bytes, so that many orders can be tried.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::{Mutex, OnceLock};

use super::cast::Cast;
use super::faulty::{Asks, Faulty};
use super::rng::Rng;
use super::stage::{Actor, Died, Part, Stage};
use super::world::{Answer, Request, Row, World};
use super::{Failure, Seen, Setting};
use crate::attempts::{Dead, Moved, remove_dead};
use crate::compact::{dead_data, next_number, remove_replaced, take_number};
use crate::store::broken::{Break, break_it, is_broken};
use crate::store::void::{settle, void_in, void_object};
use crate::store::{
    Assignment, Entry, Made, Object, Storage, StoreError, Voided, Writer, committed_as, compaction_ledger,
    publish_by_names, read_listed, rewritten, snapshot,
};

const TABLES: [&str; 2] = ["gc", "te"];
const LEDGER: &str = "users/shard=0/user_bucket=0000";

fn path(table: &str, name: &str) -> String {
    format!("{table}/shard=0/user_bucket=0000/{name}.parquet")
}

fn object(path: String, bytes: impl Into<Vec<u8>>) -> Object {
    Object { path, bytes: bytes.into() }
}

/// Rows as lines of text.
fn ledger(name: &str, rows: &[Row]) -> Object {
    let line = |row: &Row| format!("{} {} {}", row.user, row.attempt, row.files.join(","));
    object(path("users", name), rows.iter().map(line).collect::<Vec<_>>().join("\n"))
}

fn decode(_: &str, bytes: &[u8]) -> Vec<Row> {
    let Ok(text) = std::str::from_utf8(bytes) else { return Vec::new() };
    let line = |line: &str| {
        let mut words = line.split(' ').map(str::to_owned);
        let (user, attempt, files) = (words.next()?, words.next()?, words.next()?);
        Some(Row { user, attempt, files: files.split(',').map(str::to_owned).collect() })
    };
    if text.starts_with("PAR1") { Vec::new() } else { text.lines().filter_map(line).collect() }
}

fn writer(lease: u64) -> Writer {
    Writer { share: Assignment::ALL, lease: Some(lease) }
}

/// A real void, made once for each lease.
fn void(lease: u64, path: &str) -> Object {
    static VOIDS: OnceLock<Mutex<BTreeMap<u64, Vec<u8>>>> = OnceLock::new();
    let mut known = VOIDS.get_or_init(Mutex::default).lock().unwrap();
    let new =
        || void_object("users/shard=0/user_bucket=0000/x.parquet", writer(lease), ("r", "c")).unwrap().bytes;
    object(path.to_owned(), known.entry(lease).or_insert_with(new).clone())
}

/// The ledger as a reader sees it: files and their rows, all of which were there.
type Files = Vec<(String, Vec<Row>)>;

fn files_of(storage: &dyn Storage, entries: &[Entry]) -> Result<Files, StoreError> {
    let mut files = Vec::new();
    for entry in entries {
        if let Some(bytes) = read_listed(storage, entry)? {
            files.push((entry.path.clone(), decode(&entry.path, &bytes)));
        }
    }
    Ok(files)
}

fn read_ledger(storage: &dyn Storage) -> Result<Vec<Row>, StoreError> {
    let files = snapshot(
        storage,
        || storage.list(LEDGER),
        |entries| {
            let files = files_of(storage, entries)?;
            let is_whole = files.len() == entries.len();
            Ok((files, is_whole))
        },
    )?;
    Ok(files.into_iter().flat_map(|(_, rows)| rows).collect())
}

fn counting(rows: Vec<Row>) -> Vec<Row> {
    let moved = Moved::among(rows.iter().map(|row| row.attempt.as_str()));
    rows.into_iter().filter(|row| !moved.has(&row.attempt)).collect()
}

/// What is told about a worker.
trait Told {
    fn committed(&self, rows: &[Row]) -> Result<(), String>;
    fn fenced(&self) {}
    fn voided(&self) {}
}

impl Told for Actor {
    fn committed(&self, rows: &[Row]) -> Result<(), String> {
        let told: Vec<_> = rows.iter().map(|row| (row.user.clone(), row.attempt.clone())).collect();
        self.with(|world, _| world.tell(told))
    }

    fn fenced(&self) {
        self.with(|_, seen| seen.fenced += 1);
    }

    fn voided(&self) {
        self.with(|_, seen| seen.voids += 1);
    }
}

/// The worker of a lease: removes what the dead left, and does what nobody has done.
fn worker(
    storage: &dyn Storage,
    told: &dyn Told,
    lease: u64,
    (users, group): (&[String], usize),
) -> Result<Result<(), String>, StoreError> {
    let folders = TABLES.map(|table| format!("{table}/shard=0"));
    let known = || {
        let rows = read_ledger(storage)?;
        Ok(rows.iter().map(|row| committed_as(&row.attempt).to_owned()).collect())
    };
    let void = |path: &str| {
        let done = settle(storage, &void(lease, path))?;
        if done == Voided::Made {
            told.voided();
        }
        Ok(done)
    };
    remove_dead(storage, &folders, Dead { by: writer(lease), after: 0 }, known, void)?;
    let done: HashSet<String> = read_ledger(storage)?.into_iter().map(|row| row.user).collect();
    let todo: Vec<&String> = users.iter().filter(|user| !done.contains(*user)).collect();
    for (n, units) in todo.chunks(group).enumerate() {
        let own = if is_broken(Break::NamesAgain) { 1 } else { lease };
        let name = format!("20261129T10{n:02}00-0of1f{own}");
        let files: Vec<String> = TABLES.iter().map(|table| path(table, &name)).collect();
        let row = |user: &&String| {
            let (user, attempt) = ((*user).clone(), format!("{name}.{user}"));
            Row { user, attempt, files: files.clone() }
        };
        let rows: Vec<Row> = units.iter().map(row).collect();
        let body = |file: &String| object(file.clone(), format!("{name} {lease} {units:?}"));
        let mut objects: Vec<Object> = files.iter().map(body).collect();
        objects.push(ledger(&name, &rows));
        match publish_by_names(storage, &objects)? {
            Made::Ours => {
                if let Err(what) = told.committed(&rows) {
                    return Ok(Err(what));
                }
            }
            Made::Theirs(there) => {
                told.fenced();
                let by = void_in(&there).and_then(|void| void.by.lease);
                let is_fenced = by.is_some_and(|by| by > lease);
                let what = || format!("worker {lease} stops at {name}, and no later one has fenced it off");
                return Ok(if is_fenced { Ok(()) } else { Err(what()) });
            }
        }
    }
    Ok(Ok(()))
}

/// A compaction: some of the files that count as one, under the next number.
fn compact(storage: &dyn Storage, tag: usize, choose: impl Fn(usize) -> usize) -> Result<bool, StoreError> {
    let mut data = Vec::new();
    for table in TABLES {
        data.extend(storage.list(&format!("{table}/shard=0"))?.into_iter().map(|entry| entry.path));
    }
    let Some((entries, number)) = next_number(storage, LEDGER)? else { return Ok(false) };
    let files = files_of(storage, &entries)?;
    if files.len() == entries.len() {
        let known =
            files.iter().flat_map(|(_, rows)| rows).flat_map(|row| &row.files).map(String::as_str).collect();
        for path in dead_data(&data.iter().map(String::as_str).collect(), number, &known) {
            storage.remove(path)?;
        }
    }
    let files: Files = files.into_iter().filter(|(_, rows)| !rows.is_empty()).collect();
    let moved = Moved::among(files.iter().flat_map(|(_, rows)| rows).map(|row| row.attempt.as_str()));
    let is_old = |rows: &[Row]| rows.iter().all(|row| moved.has(&row.attempt));
    let (old, current): (Files, Files) = files.into_iter().partition(|(_, rows)| is_old(rows));
    remove(storage, &old)?;
    // Large files are left out: whichever they are.
    let current: Files = current.into_iter().filter(|_| choose(4) > 0).collect();
    // A file of which some rows are in others too is left alone.
    let current: Files =
        current.into_iter().filter(|(_, rows)| !rows.iter().any(|row| moved.has(&row.attempt))).collect();
    if current.len() < 2 {
        return Ok(false);
    }
    let own = format!("20261129T120000-{tag}-c{number:08}-compact");
    let own_files: Vec<String> = TABLES.iter().map(|table| path(table, &own)).collect();
    let rows: Vec<Row> = current
        .iter()
        .flat_map(|(_, rows)| rows)
        .map(|row| Row { user: row.user.clone(), attempt: rewritten(&row.attempt), files: own_files.clone() })
        .collect();
    let body = |file: &String| object(file.clone(), format!("{own} {}", rows.len()));
    let Made::Ours = publish_by_names(storage, &own_files.iter().map(body).collect::<Vec<_>>())? else {
        return Ok(false);
    };
    let name =
        if is_broken(Break::NoNumber) { format!("c{number:08}-{tag}") } else { compaction_ledger(number) };
    let mut ledger = ledger(&name, &rows);
    // No two are equal.
    ledger.bytes.extend(format!("\nby {tag}").into_bytes());
    if !take_number(storage, &ledger, &own_files)? {
        return Ok(false);
    }
    remove(storage, &current)?;
    Ok(true)
}

fn remove(storage: &dyn Storage, files: &Files) -> Result<(), StoreError> {
    for (ledger, rows) in files {
        let data: BTreeSet<&str> = rows.iter().flat_map(|row| &row.files).map(String::as_str).collect();
        remove_replaced(storage, data, ledger)?;
    }
    Ok(())
}

/// Reads the ledger, and all data if asked for; begins anew if one has gone. Gives the users that it saw, and how often
/// it began anew.
fn reader(storage: &dyn Storage, with_data: bool) -> Result<(Vec<Row>, u64), StoreError> {
    let mut again = 0;
    loop {
        let rows = counting(read_ledger(storage)?);
        let mut is_whole = true;
        for file in rows.iter().flat_map(|row| &row.files).filter(|_| with_data) {
            is_whole = is_whole && storage.read(file)?.is_some();
        }
        if is_whole {
            return Ok((rows, again));
        }
        again += 1;
    }
}

/// What becomes of an error: one who has died says nothing.
fn said(actor: &Actor, done: Result<Result<(), String>, StoreError>) -> Result<(), String> {
    match done {
        Ok(done) => done,
        Err(StoreError::Changed { .. }) => Ok(()),
        Err(_) if actor.is_dead() => Ok(()),
        Err(error) => Err(format!("{error}")),
    }
}

fn of_worker(lease: u64, users: Vec<String>, group: usize) -> Part {
    Box::new(move |actor| said(actor, worker(&Faulty(actor.clone()), actor, lease, (&users, group))))
}

fn of_compaction(tag: usize) -> Part {
    Box::new(move |actor| {
        let done = compact(&Faulty(actor.clone()), tag, |n| actor.below(n)).map(|done| {
            actor.with(|_, seen| seen.compactions += u64::from(done));
            Ok(())
        });
        said(actor, done)
    })
}

fn of_reader(with_data: bool) -> Part {
    Box::new(move |actor| {
        let before: BTreeSet<String> =
            actor.with(|world, _| world.counting().into_iter().map(|row| row.user.clone()).collect());
        let done = reader(&Faulty(actor.clone()), with_data).map(|(rows, again)| {
            actor.with(|_, seen| seen.readings_anew += again);
            let seen: BTreeSet<String> = rows.into_iter().map(|row| row.user).collect();
            let missing: Vec<&String> = before.difference(&seen).collect();
            if missing.is_empty() { Ok(()) } else { Err(format!("a reader did not see {missing:?}")) }
        });
        said(actor, done)
    })
}

/// The store when nobody else is there any more.
struct Alone(Mutex<World>);

impl Asks for &Alone {
    fn ask(&self, request: Request) -> Result<Option<Answer>, Died> {
        Ok(Some(self.0.lock().unwrap().serve("last", &request, "")))
    }

    fn page(&self) -> usize {
        1000
    }
}

impl Told for Alone {
    fn committed(&self, rows: &[Row]) -> Result<(), String> {
        let told: Vec<_> = rows.iter().map(|row| (row.user.clone(), row.attempt.clone())).collect();
        self.0.lock().unwrap().tell(told)
    }
}

/// One more worker without faults, and what must be there then.
fn finish(world: World, users: &[String]) -> Result<(), Failure> {
    let alone = Alone(Mutex::new(world));
    let storage = Faulty(&alone);
    let done = worker(&storage, &alone, 99, (users, 2)).and_then(|done| {
        let rows = reader(&storage, true)?.0;
        Ok(done.and_then(|()| {
            let seen: BTreeSet<&String> = rows.iter().map(|row| &row.user).collect();
            match users.iter().find(|user| !seen.contains(user)) {
                Some(user) => Err(format!("{user} is nowhere")),
                None => Ok(()),
            }
        }))
    });
    let mut world = alone.0.into_inner().unwrap();
    let what = match done {
        Ok(Ok(())) => world.check().err(),
        Ok(Err(what)) => Some(what),
        Err(error) => Some(error.to_string()),
    };
    what.map_or(Ok(()), |what| Err(Failure { what, trace: world.trace.take().unwrap_or_default() }))
}

/// A case: who acts, and what was there before.
pub(super) fn play(cast: &Cast, rng: &mut Rng, setting: Setting) -> Result<Seen, Failure> {
    break_it(setting.broken);
    let users: Vec<String> = ["a", "b", "c", "d"][..=rng.below(4)].iter().map(|u| (*u).to_owned()).collect();
    let mut world = World::new(decode, setting.is_told);
    for n in 0..[0, 0, 2, 3][rng.below(4)] {
        let (name, user) = (format!("20261129T0900{n:02}-0of1f0"), users[n % users.len()].clone());
        let files: Vec<String> = TABLES.iter().map(|table| path(table, &name)).collect();
        let row = Row { user: user.clone(), attempt: format!("{name}.{user}"), files: files.clone() };
        let mut objects: Vec<Object> = files.into_iter().map(|file| object(file, user.clone())).collect();
        objects.push(ledger(&name, &[row]));
        for object in objects {
            world.serve("before", &Request::Create(object.path, object.bytes.into()), "");
        }
    }
    let mut parts: Vec<(String, Part)> = Vec::new();
    for lease in 1..=1 + rng.below(3) as u64 {
        parts.push((format!("worker {lease}"), of_worker(lease, users.clone(), 1 + rng.below(2))));
    }
    for tag in 0..rng.below(4) {
        parts.push((format!("compaction {tag}"), of_compaction(tag)));
    }
    if rng.chance(60) {
        parts.push(("reader".into(), of_reader(rng.chance(50))));
    }
    let (end, seen) = Stage::play(cast, setting, (world, rng), parts);
    let end = end.and_then(|world| finish(world, &users));
    break_it(None);
    end.map(|()| seen)
}
