//! The minutes of a user's life: the latent process and what of it is recorded.

use super::person::Person;
use super::random::Stream;

/// One recorded minute.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    pub(super) timestamp: u64,
    /// How active the user is, rhythm and deviation together; about −2 to 3.
    pub(super) level: f64,
    /// Magnitude, means of x, y, z, deviations of x, y, z; `None` where the sensor was silent.
    pub(super) acceleration: Option<[f64; 7]>,
    /// Lying down, sitting; `None` where the user told nothing.
    pub(super) labels: Option<[bool; 2]>,
}

/// The day rhythm, by blocks of four hours of the time stamp. Constant within a block, so that
/// conditioning on bins of four, two or one hours takes out all that the rhythm has in common.
const RHYTHM: [Block; 6] = [
    Block { activity: -0.7, sitting: -1.0, lying: 0.95 },
    Block { activity: -0.5, sitting: -0.8, lying: 0.80 },
    Block { activity: 0.3, sitting: 0.2, lying: 0.05 },
    Block { activity: 0.4, sitting: 0.4, lying: 0.03 },
    Block { activity: 0.5, sitting: 0.0, lying: 0.05 },
    Block { activity: 0.0, sitting: 0.3, lying: 0.30 },
];

struct Block {
    /// Mean of the activity level.
    activity: f64,
    /// Log-odds of sitting, before the past of either is looked at.
    sitting: f64,
    /// Chance of lying when not sitting.
    lying: f64,
}

/// How much of the activity deviation stays from one minute to the next.
const ACTIVITY_KEPT: f64 = 0.7;
/// Log-odds that having sat a minute ago adds, or not having sat takes away.
const SITTING_KEPT: f64 = 1.3;
/// Weights of the activity one and two minutes ago, in the coupling.
const LAGS: [f64; 2] = [0.7, 0.5];
/// Recording gaps begin this often a day, and last 3 minutes to 5 hours.
const GAPS_A_DAY: f64 = 4.0;
const MINUTES_A_DAY: f64 = 1_440.0;

/// The samples of a user, in time.
pub(super) struct Life<'a> {
    person: &'a Person,
    stream: Stream,
    minute: u64,
    left: u32,
    silent: u32,
    /// Activity without its rhythm: one and two minutes ago.
    past: [f64; 2],
    sitting: bool,
}

impl<'a> Life<'a> {
    pub(super) fn of(person: &'a Person) -> Self {
        let mut stream = Stream::of(person.seed, person.index, "life");
        let past = [stream.normal(), stream.normal()];
        Self { person, stream, minute: 0, left: person.rows, silent: 0, past, sitting: false }
    }

    /// Lives one minute, recorded or not.
    fn live(&mut self) -> Sample {
        let timestamp = self.person.start + 60 * self.minute;
        self.minute += 1;
        let block = &RHYTHM[(hour(timestamp) / 4) % RHYTHM.len()];
        let drive = LAGS[0] * self.past[0] + LAGS[1] * self.past[1];
        let kept = if self.sitting { SITTING_KEPT } else { -SITTING_KEPT };
        // Only the deviation couples: with coupling 0, activity tells nothing once the hour is known.
        let odds = block.sitting + kept - self.person.coupling * drive;
        self.sitting = self.stream.chance(1.0 / (1.0 + (-odds).exp()));
        let fresh = (1.0 - ACTIVITY_KEPT * ACTIVITY_KEPT).sqrt() * self.stream.normal();
        self.past = [ACTIVITY_KEPT * self.past[0] + fresh, self.past[0]];
        let lying = self.stream.chance(block.lying) && !self.sitting;
        let level = block.activity + self.past[0];
        let acceleration = self.acceleration(level);
        Sample {
            timestamp,
            level,
            acceleration: (!self.stream.chance(0.02)).then_some(acceleration),
            labels: (!self.stream.chance(0.03)).then_some([lying, self.sitting]),
        }
    }

    /// What the accelerometer shows of a level. Both the means and the deviations follow it, or a
    /// composite of the two would see mostly how the phone lies.
    fn acceleration(&mut self, level: f64) -> [f64; 7] {
        let pose = self.person.pose;
        let noise = &mut self.stream;
        let shake = 0.022 * (0.8 * level).exp();
        let size = 1.03 + 0.05 * level;
        let mean = pose.map(|part| part * size + 0.02 * noise.normal());
        let deviation = [0; 3].map(|_| shake * (0.2 * noise.normal()).exp());
        let magnitude = 1.03 + 0.5 * shake + 0.01 * noise.normal();
        [magnitude, mean[0], mean[1], mean[2], deviation[0], deviation[1], deviation[2]]
    }
}

impl Iterator for Life<'_> {
    type Item = Sample;

    fn next(&mut self) -> Option<Sample> {
        self.left = self.left.checked_sub(1)?;
        // Life goes on while nothing is recorded.
        for _ in 0..std::mem::take(&mut self.silent) {
            self.live();
        }
        let sample = self.live();
        if self.stream.chance(GAPS_A_DAY / MINUTES_A_DAY) {
            self.silent = (3.0 * 100.0_f64.powf(self.stream.uniform())) as u32;
        }
        Some(sample)
    }
}

/// The hour of the day, 0 to 23, of a time stamp.
pub(super) fn hour(timestamp: u64) -> usize {
    (timestamp / 3_600 % 24) as usize
}
