//! The columns of the real data set, by sensor, and how the numbers of each come about.

use super::names::{
    AUDIO, DEVIATIONS, DISCRETE, HEADING, HOURS, LOCATION, MEANS, MEASURED, QUICK, RELATIONS, SPECTRUM,
};

pub(super) const TIMESTAMP: &str = "timestamp";
pub(super) const LABEL_SOURCE: &str = "label_source";

/// The features in use, in the order of `Sample::acceleration`.
pub(super) const USED_FEATURES: [&str; 7] = [
    "raw_acc:magnitude_stats:mean",
    "raw_acc:3d:mean_x",
    "raw_acc:3d:mean_y",
    "raw_acc:3d:mean_z",
    "raw_acc:3d:std_x",
    "raw_acc:3d:std_y",
    "raw_acc:3d:std_z",
];

/// How the numbers of a feature come about.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Draw {
    /// A feature in use, by its place in [`USED_FEATURES`].
    Used(usize),
    /// Around a centre.
    Around(f64, f64),
    /// Positive, growing with the activity level.
    Moved(f64),
    /// One of so many options holds; this is the option's place and the number of options.
    Option(usize, usize),
    /// Whether the time of day lies between these hours.
    Hours(usize, usize),
}

/// A sensor, which is there or silent as a whole, and its features.
#[derive(Debug)]
pub(super) struct Sensor {
    pub(super) features: Vec<(String, Draw)>,
    /// Share of the minutes in which it is silent.
    pub(super) silent: f64,
}

/// All sensors, in the order of their columns.
pub(super) fn sensors() -> Vec<Sensor> {
    let magnet = lags("raw_magnet:");
    let watch = ["x", "y", "z"]
        .iter()
        .flat_map(|axis| {
            (0..5).map(move |band| format!("watch_acceleration:spectrum:{axis}_log_energy_band{band}"))
        })
        .map(|name| (name, Draw::Around(2.0, 1.5)))
        .chain(lags("watch_acceleration:relative_directions:"));
    let audio = ["mean", "std"].iter().flat_map(|kind| {
        (0..13).map(move |band| (format!("audio_naive:mfcc{band}:{kind}"), Draw::Around(0.4, 0.9)))
    });
    let mut all = vec![
        // Its silent minutes are decided with the samples.
        Sensor { features: motion("raw_acc", 1.0), silent: 0.0 },
        Sensor { features: motion("proc_gyro", 0.3), silent: 0.04 },
        Sensor { features: motion("raw_magnet", 48.0).into_iter().chain(magnet).collect(), silent: 0.06 },
        Sensor {
            features: motion("watch_acceleration", 1000.0).into_iter().chain(watch).collect(),
            silent: 0.35,
        },
        Sensor { features: listed("watch_heading:", &HEADING, Draw::Around(0.0, 0.3)), silent: 0.40 },
        Sensor { features: listed("location:", &LOCATION, Draw::Moved(8.0)), silent: 0.25 },
        Sensor { features: listed("location_quick_features:", &QUICK, Draw::Moved(0.0004)), silent: 0.30 },
        Sensor { features: audio.collect(), silent: 0.08 },
        Sensor { features: listed("audio_properties:", &AUDIO, Draw::Moved(0.6)), silent: 0.08 },
    ];
    let discrete = DISCRETE.iter().flat_map(|(group, options)| {
        let of = options.len();
        options
            .iter()
            .enumerate()
            .map(move |(at, option)| (format!("discrete:{group}:{option}"), Draw::Option(at, of)))
    });
    all.push(Sensor { features: discrete.collect(), silent: 0.0 });
    all.push(Sensor {
        features: listed("lf_measurements:", &MEASURED, Draw::Around(0.5, 0.15)),
        silent: 0.15,
    });
    let hours = HOURS
        .iter()
        .map(|&(from, to)| (format!("discrete:time_of_day:between{from}and{to}"), Draw::Hours(from, to)));
    all.push(Sensor { features: hours.collect(), silent: 0.0 });
    all
}

/// The 26 features that every motion sensor has.
fn motion(sensor: &str, scale: f64) -> Vec<(String, Draw)> {
    let centred = |size: f64| Draw::Around(scale, scale * size);
    let mut features = vec![
        ("magnitude_stats:mean", centred(0.1)),
        ("magnitude_stats:std", Draw::Moved(0.03 * scale)),
        ("magnitude_stats:moment3", Draw::Around(0.0, 0.05 * scale)),
        ("magnitude_stats:moment4", Draw::Moved(0.06 * scale)),
        ("magnitude_stats:percentile25", centred(0.08)),
        ("magnitude_stats:percentile50", centred(0.08)),
        ("magnitude_stats:percentile75", centred(0.08)),
        ("magnitude_stats:value_entropy", Draw::Around(1.7, 0.4)),
        ("magnitude_stats:time_entropy", Draw::Around(6.684, 0.004)),
    ];
    features.extend(SPECTRUM.iter().map(|&name| (name, Draw::Around(2.5, 1.5))));
    features.extend([
        ("magnitude_autocorrelation:period", Draw::Moved(1.5)),
        ("magnitude_autocorrelation:normalized_ac", Draw::Around(0.4, 0.15)),
    ]);
    features.extend(MEANS.iter().map(|&name| (name, Draw::Around(0.0, 0.4 * scale))));
    features.extend(DEVIATIONS.iter().map(|&name| (name, Draw::Moved(0.03 * scale))));
    features.extend(RELATIONS.iter().map(|&name| (name, Draw::Around(0.0, 0.25))));
    let named = |(name, draw): (&str, Draw)| {
        let name = format!("{sensor}:{name}");
        let draw = USED_FEATURES.iter().position(|&used| used == name).map_or(draw, Draw::Used);
        (name, draw)
    };
    features.into_iter().map(named).collect()
}

fn lags(prefix: &str) -> Vec<(String, Draw)> {
    let name = |lag| format!("{prefix}avr_cosine_similarity_lag_range{lag}");
    (0..5).map(|lag| (name(lag), Draw::Around(0.9, 0.03))).collect()
}

fn listed(prefix: &str, names: &[&str], draw: Draw) -> Vec<(String, Draw)> {
    names.iter().map(|name| (format!("{prefix}{name}"), draw)).collect()
}
