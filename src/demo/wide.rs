//! The file at its real width: 278 columns, whole sensors silent in stretches.

use std::io::{self, Write};

use super::columns::{Draw, Sensor, sensors};
use super::model::{Life, Sample, hour};
use super::names::{LABELS, USED_LABELS};
use super::person::Person;
use super::random::Stream;
use super::rows::{Line, feature, header, label};

/// Mean length of a stretch in which a sensor is silent, in rows.
const STRETCH: f64 = 45.0;
/// Share of the labels of which a user never says anything.
const UNTOLD: f64 = 0.3;

/// Writes the file with all columns; the used ones hold what the narrow file holds.
pub(super) fn write_all(person: &Person, out: &mut dyn Write) -> io::Result<()> {
    let sensors = sensors();
    let names = sensors.iter().flat_map(|sensor| sensor.features.iter().map(|(name, _)| name.clone()));
    header(names.chain(LABELS.iter().map(|label| format!("label:{label}"))), out)?;
    // A stream of its own: the samples must not depend on the width.
    let mut stream = Stream::of(person.seed, person.index, "wide");
    let mut silent: Vec<bool> = sensors.iter().map(|sensor| stream.chance(sensor.silent)).collect();
    let mut told = Told::draw(&mut stream);
    let mut line = Line::default();
    for sample in Life::of(person) {
        line.start(sample.timestamp);
        for (sensor, silent) in sensors.iter().zip(&mut silent) {
            *silent = stays_silent(sensor, *silent, &mut stream);
            fill(sensor, *silent, &sample, &mut stream, &mut line);
        }
        for column in 0..USED_LABELS {
            line.number(label(&sample, column));
        }
        told.fill(&sample, &mut stream, &mut line);
        out.write_all(line.end())?;
    }
    Ok(())
}

/// One step of the two-state chain whose share of silence is the sensor's.
fn stays_silent(sensor: &Sensor, silent: bool, stream: &mut Stream) -> bool {
    if silent {
        !stream.chance(1.0 / STRETCH)
    } else {
        stream.chance(sensor.silent / (1.0 - sensor.silent) / STRETCH)
    }
}

fn fill(sensor: &Sensor, silent: bool, sample: &Sample, stream: &mut Stream, line: &mut Line) {
    let shake = (0.8 * sample.level).exp();
    let mut chosen = 0;
    // The accelerometer is one sensor: where its used features are missing, all are.
    let silent = silent
        || sample.acceleration.is_none()
            && sensor.features.iter().any(|(_, draw)| matches!(draw, Draw::Used(_)));
    for (_, draw) in &sensor.features {
        let value = match *draw {
            Draw::Used(column) => feature(sample, column),
            Draw::Around(centre, spread) => Some(centre + spread * stream.normal()),
            Draw::Moved(scale) => Some(scale * shake * (1.0 + 0.25 * stream.normal())),
            Draw::Option(at, of) => {
                if at == 0 {
                    chosen = (stream.bits() % of as u64) as usize;
                }
                Some(f64::from(u8::from(at == chosen)))
            }
            Draw::Hours(from, to) => Some(f64::from(u8::from(between(hour(sample.timestamp), from, to)))),
        };
        line.number(value.filter(|_| !silent));
    }
}

fn between(hour: usize, from: usize, to: usize) -> bool {
    if from < to { (from..to).contains(&hour) } else { hour >= from || hour < to }
}

/// The labels not in use: rare, and lasting a while once they hold.
struct Told(Vec<Option<bool>>);

impl Told {
    fn draw(stream: &mut Stream) -> Self {
        Self(LABELS[USED_LABELS..].iter().map(|_| (!stream.chance(UNTOLD)).then_some(false)).collect())
    }

    fn fill(&mut self, sample: &Sample, stream: &mut Stream, line: &mut Line) {
        for state in &mut self.0 {
            if let Some(holds) = state {
                *holds = if *holds { !stream.chance(0.05) } else { stream.chance(0.005) };
            }
            let value = state.map(|holds| f64::from(u8::from(holds)));
            line.number(value.filter(|_| sample.labels.is_some()));
        }
    }
}
