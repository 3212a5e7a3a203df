//! A user of the data set: what is fixed before the first minute.

use super::random::Stream;

/// Rows of the shortest and of the longest recording.
pub(super) const ROWS: (u32, u32) = (1_600, 12_000);

/// A user.
#[derive(Debug, Clone)]
pub(super) struct Person {
    pub(super) seed: u64,
    pub(super) index: u32,
    /// Upper-case, in the shape of a UUID.
    pub(super) id: String,
    /// How strongly activity drives sitting.
    pub(super) coupling: f64,
    /// Samples in the file.
    pub(super) rows: u32,
    /// Time stamp of the first sample.
    pub(super) start: u64,
    /// Where the phone usually lies: gravity along its axes.
    pub(super) pose: [f64; 3],
}

impl Person {
    pub(super) fn draw(seed: u64, index: u32) -> Self {
        // What all users share is drawn from one stream; an index of its own keeps it apart.
        let mut shared = Stream::of(seed, u32::MAX, "shared");
        let (offset, quarter) = (shared.uniform(), shared.bits() % 4);
        let mut own = Stream::of(seed, index, "person");
        let (high, low) = (own.bits(), own.bits());
        let id = format!(
            "{:08X}-{:04X}-4{:03X}-{:04X}-{:012X}",
            high >> 32,
            (high >> 16) & 0xFFFF,
            high & 0xFFF,
            0x8000 | (low >> 48) & 0x3FFF,
            low & 0xFFFF_FFFF_FFFF
        );
        let strength = 1.0 + 0.8 * own.uniform();
        let independent = u64::from(index) % 4 == quarter;
        Self {
            seed,
            index,
            id,
            coupling: if independent { 0.0 } else { strength },
            rows: rows((offset + f64::from(index) * GOLDEN).fract()),
            start: 1_433_789_351 + 60 * (own.bits() % (7 * 1_440)),
            pose: pose(&mut own),
        }
    }
}

/// Steps of the golden ratio spread evenly over the unit interval however many there are, so that a
/// dozen users have the mean length that many users have.
const GOLDEN: f64 = 0.618_033_988_749_894_9;

/// Maps the unit interval to lengths with mean 6,333: the mean of xᵖ is 1 / (1 + p).
fn rows(share: f64) -> u32 {
    let range = f64::from(ROWS.1 - ROWS.0);
    let power = range / (6_333.0 - f64::from(ROWS.0)) - 1.0;
    ROWS.0 + (range * share.powf(power)).round() as u32
}

fn pose(stream: &mut Stream) -> [f64; 3] {
    // Away from the axes, where a small turn would change the mean of |x|, |y|, |z| the most.
    let raw = [0.5 + stream.uniform(), -(0.3 + 0.6 * stream.uniform()), -(0.5 + stream.uniform())];
    let length = raw.iter().map(|v| v * v).sum::<f64>().sqrt();
    raw.map(|v| v / length)
}
