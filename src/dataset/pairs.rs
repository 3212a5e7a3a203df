//! Two people beside each other: the source of one, the target and condition of another.
//!
//! Nothing can be coupled there. What is left is what people have in common, which is the clock; so the recordings are
//! moved by whole days only, and put beside each other by the time of day on the wall.

use std::collections::HashMap;

use super::clock::WallClock;
use super::error::DatasetError;
use super::fingerprint;
use super::frame::UserFrame;
use super::inputs::UserInput;
use super::pace::period;
use super::place::Lines;
use super::recipe::Recipe;

const HOUR: f64 = 3600.0;
const DAY: f64 = 24.0 * HOUR;

/// What a unit is made of.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(untagged)]
pub enum Input {
    /// Two people.
    Pair(PairInput),
    /// A user.
    User(UserInput),
}

/// Two people, of whom nothing can be coupled.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct PairInput {
    /// Whose source it is.
    pub source: UserInput,
    /// Whose target and condition it is.
    pub target: UserInput,
}

impl Input {
    /// Hash (hex) of the bytes of the files; of a pair, of both, so that a change of either is seen.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn fingerprint(&self) -> Result<String, DatasetError> {
        match self {
            Self::User(user) => user.fingerprint(),
            Self::Pair(PairInput { source, target }) => {
                Ok(fingerprint::joint(vec![source.fingerprint()?, target.fingerprint()?]))
            }
        }
    }

    /// Bytes of the files together.
    pub fn bytes(&self) -> u64 {
        self.users().iter().map(|user| user.bytes).sum()
    }

    /// The users it is made of.
    pub fn users(&self) -> Vec<&UserInput> {
        match self {
            Self::User(user) => vec![user],
            Self::Pair(PairInput { source, target }) => vec![source, target],
        }
    }

    /// The same, to be changed.
    pub fn users_mut(&mut self) -> Vec<&mut UserInput> {
        match self {
            Self::User(user) => vec![user],
            Self::Pair(PairInput { source, target }) => vec![source, target],
        }
    }
}

impl PairInput {
    /// The id of the pair: `source~target`.
    pub fn id(&self) -> String {
        format!("{}~{}", self.source.id, self.target.id)
    }
}

impl Recipe {
    /// Reads what a unit is made of, once for all feature modes.
    ///
    /// # Errors
    /// As [`Recipe::read`]; of a pair, the message names the user.
    pub fn read_input(&self, input: &Input) -> Result<UserFrame, DatasetError> {
        match input {
            Input::User(user) => self.read(user),
            Input::Pair(pair) => self.read_pair(pair),
        }
    }

    fn read_pair(&self, pair: &PairInput) -> Result<UserFrame, DatasetError> {
        let read = |user: &UserInput| self.read(user).map_err(|error| error.of(&user.id));
        let (source, target) = (read(&pair.source)?, read(&pair.target)?);
        let beside = match (&source.timestamp, &target.timestamp) {
            (Some(one), Some(other)) => beside(self.wall_clock(), one, other),
            // Without a clock there is only the order.
            _ => (0..source.rows().min(target.rows())).map(|row| (row, row)).collect(),
        };
        let of_target = |values: &[f64]| beside.iter().map(|&(_, row)| values[row]).collect::<Vec<f64>>();
        let values = |(mode, values): (&String, &Result<Vec<f64>, DatasetError>)| {
            // What is wrong with the source alone is told with its own lines.
            let alone = self.series(&source, mode).map_err(|error| error.of(&source.id));
            let values = alone.and_then(|_| values.clone());
            let values = values.map(|values| beside.iter().map(|&(row, _)| values[row]).collect());
            (mode.clone(), values)
        };
        Ok(UserFrame {
            id: pair.id(),
            lines: Lines::new(beside.iter().map(|&(_, row)| target.lines.as_slice()[row]).collect()),
            timestamp: target.timestamp.as_deref().map(of_target),
            target: of_target(&target.target),
            condition: target.condition.as_deref().map(of_target),
            sources: source.sources.iter().map(values).collect(),
            fingerprint: fingerprint::joint(vec![source.fingerprint.clone(), target.fingerprint.clone()]),
        })
    }
}

/// Rows of two recordings that stand beside each other, each at most once, in time.
///
/// The first is moved by that number of whole days which leaves the most in common, and a row of the second has beside
/// it the nearest of the first, at most half of the second's period away (of two equally near, the earlier).
fn beside(wall: WallClock, one: &[f64], other: &[f64]) -> Vec<(usize, usize)> {
    let (one, other) = (onward(wall, one), onward(wall, other));
    let times: Vec<f64> = other.iter().map(|row| row.local).collect();
    let order: Vec<usize> = (0..times.len()).collect();
    let Some(period) = period(&times, &order) else { return Vec::new() };
    let shift = DAY * days_apart(&one, &other) as f64;
    let mut found = Vec::with_capacity(other.len().min(one.len()));
    let mut next = 0;
    for row in &other {
        let distance =
            |place: usize| one.get(place).map(|row_of_one| (row_of_one.local - shift - row.local).abs());
        while let (Some(here), Some(after)) = (distance(next), distance(next + 1))
            && after < here
        {
            next += 1;
        }
        if distance(next).is_some_and(|distance| distance <= period / 2.0) {
            found.push((one[next].row, row.row));
            next += 1;
        }
    }
    found
}

/// A row, and what the clock on the wall shows.
#[derive(Debug, Clone, Copy)]
struct Local {
    local: f64,
    row: usize,
}

/// The rows in time, without those at which the clock shows what it has shown before: it was set back, or they are of
/// one time.
fn onward(wall: WallClock, times: &[f64]) -> Vec<Local> {
    let mut rows: Vec<usize> = (0..times.len()).filter(|&row| times[row].is_finite()).collect();
    rows.sort_by(|&a, &b| times[a].total_cmp(&times[b]));
    let mut latest = f64::NEG_INFINITY;
    let onward = |row: usize| {
        let local = wall.local(times[row]);
        let is_later = local > latest;
        latest = latest.max(local);
        is_later.then_some(Local { local, row })
    };
    rows.into_iter().filter_map(onward).collect()
}

/// By how many days the first is later than the second, so that the hours in which both have rows hold the most of
/// them; of several such numbers the smallest.
fn days_apart(one: &[Local], other: &[Local]) -> i64 {
    let (one, other) = (hours(one), hours(other));
    let mut common: HashMap<i64, usize> = HashMap::new();
    for (hour, rows) in &one {
        for (beside, others) in other.iter().filter(|(beside, _)| (hour - beside).rem_euclid(24) == 0) {
            *common.entry((hour - beside).div_euclid(24)).or_default() += rows.min(others);
        }
    }
    let best = common.into_iter().max_by_key(|&(days, rows)| (rows, std::cmp::Reverse(days)));
    best.map_or(0, |(days, _)| days)
}

/// How many rows each hour has.
fn hours(rows: &[Local]) -> Vec<(i64, usize)> {
    let hour = |row: &Local| (row.local / HOUR).floor() as i64;
    rows.chunk_by(|a, b| hour(a) == hour(b)).map(|same| (hour(&same[0]), same.len())).collect()
}

#[cfg(test)]
mod tests;
