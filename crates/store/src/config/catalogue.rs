//! What a configuration has to know of each measure. The catalogue of measures hands it over; none is known here.

use super::model::Config;
use super::quality::Gate;
use super::read::Section;

/// The settings of a measure.
#[derive(Debug, Clone, Copy)]
pub struct MeasureSettings {
    /// Its table, and the name of its block below `measures`.
    pub name: &'static str,
    /// Its name in `analysis_modes`.
    pub key: &'static str,
    /// Its family in `fdr.families`.
    pub family: &'static str,
    /// Whether it is computed where `analysis_modes` is not set.
    pub default: bool,
    /// Whether the guide computes it where `analysis_modes` is not set.
    pub in_guide: bool,
    /// Its quality gate; several measures may share one.
    pub gate: Option<GateSettings>,
    /// Settings of its own; several measures may share a block.
    pub block: Option<Block>,
}

/// A quality gate: a block of `quality_control` and of the profiles.
#[derive(Debug, Clone, Copy)]
pub struct GateSettings {
    /// The block.
    pub name: &'static str,
    /// What it is where a profile leaves it out.
    pub default: Gate,
    /// Whether it may ask for rows in every bin of the condition.
    pub bins: bool,
}

/// A block of settings, and what reads and checks it.
#[derive(Debug, Clone, Copy)]
pub enum Block {
    /// At the root of the file, kept in a field of [`Config`].
    Root {
        /// Its key.
        name: &'static str,
        /// Reads what the file sets.
        read: fn(&mut Section<'_>, &mut Config),
    },
    /// Below `measures`, kept in [`Config::measures`]: reads what the file sets and gives all settings back, the
    /// defaults included.
    Own(fn(&mut Section<'_>) -> serde_json::Value),
}

/// The gates there are, each once.
pub(super) fn gates(measures: &[MeasureSettings]) -> Vec<GateSettings> {
    let mut gates: Vec<GateSettings> = Vec::new();
    for gate in measures.iter().filter_map(|measure| measure.gate) {
        if gates.iter().all(|other| other.name != gate.name) {
            gates.push(gate);
        }
    }
    gates
}

/// Reads the block of each measure.
pub(super) fn read_blocks(root: &mut Section<'_>, c: &mut Config, measures: &[MeasureSettings]) {
    let mut read: Vec<&str> = Vec::new();
    for measure in measures {
        if let Some(Block::Root { name, read: reader }) = measure.block
            && !read.contains(&name)
        {
            read.push(name);
            if let Some(mut section) = root.section(name) {
                reader(&mut section, c);
                section.finish();
            }
        }
    }
    let own = measures.iter().filter_map(|measure| match measure.block {
        Some(Block::Own(read)) => Some((measure, read)),
        _ => None,
    });
    let own: Vec<_> = own.collect();
    // Without such a measure, `measures` is a key like any unknown one, unless all below it is commented out.
    let mut all = if own.is_empty() && !root.is_empty("measures") { None } else { root.section("measures") };
    for (measure, read) in own {
        let asked = c.analysis_modes.iter().any(|key| key == measure.key);
        let there = all.as_mut().and_then(|all| all.section(measure.name));
        if there.is_some() && !asked {
            let (name, key) = (measure.name, measure.key);
            root.notice(&format!("measures.{name}: no effect, `{key}` is not in `analysis_modes`"));
        }
        let mut section = there.unwrap_or_else(|| root.absent(measure.name));
        let settings = read(&mut section);
        section.finish();
        if asked {
            c.measures.insert(measure.name.to_owned(), settings);
        }
    }
    if let Some(all) = all {
        all.finish();
    }
}
