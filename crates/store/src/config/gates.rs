//! Quality gates: what they are by default, and how profiles and files set them.

use std::collections::BTreeMap;
use std::path::Path;

use super::catalogue::{GateSettings, MeasureSettings, gates};
use super::error::ConfigError;
use super::model::{Compat, Config};
use super::presets;
use super::quality::{Gate, GateAction, Quality};
use super::read::{Findings, Section, nearest};
use super::tree::Node;

/// Reads the profile's gates and the file's own.
pub(super) fn read_quality(
    root: &mut Section<'_>,
    c: &mut Config,
    folder: Option<&Path>,
    measures: &[MeasureSettings],
) -> Result<(), ConfigError> {
    root.set("quality_profile", "a name", &mut c.quality_profile);
    if let Some((file, text)) = presets::quality(&c.quality_profile, folder)? {
        c.quality_control = parse_quality(&file, &text, measures)?;
    } else {
        let known = presets::quality_names(folder);
        let near = nearest(&c.quality_profile, known.iter().map(String::as_str));
        let near = near.map_or(String::new(), |n| format!("; did you mean `{n}`?"));
        let message =
            format!("names the unknown profile `{}`{near} (known: {})", c.quality_profile, known.join(", "));
        root.fault("quality_profile", &message);
    }
    if let Some(mut s) = root.section("quality_control") {
        let whole_blocks = c.compat == Compat::Predecessor;
        read_gates(&mut s, &mut c.quality_control, whole_blocks, measures);
        s.finish();
    }
    // A measure that is not computed leaves no trace in the fingerprint.
    let asked = measures.iter().filter(|measure| c.analysis_modes.iter().any(|key| key == measure.key));
    let asked: Vec<&str> = asked.filter_map(|measure| Some(measure.gate?.name)).collect();
    c.quality_control.more.retain(|name, _| asked.contains(&name.as_str()));
    Ok(())
}

fn parse_quality(file: &str, text: &str, measures: &[MeasureSettings]) -> Result<Quality, ConfigError> {
    let findings = Findings::new(file);
    let mut gates = built_in_gates(measures);
    match Node::parse(text) {
        Ok(node) => {
            let mut s = Section::root(&node, &findings);
            read_gates(&mut s, &mut gates, false, measures);
            s.finish();
        }
        Err((line, fault)) => findings.problem(line, format!("invalid YAML: {fault}")),
    }
    let problems = findings.problems.into_inner();
    if problems.is_empty() { Ok(gates) } else { Err(ConfigError::Problems(problems)) }
}

/// Gates when a profile leaves a block out.
pub(super) fn built_in_gates(measures: &[MeasureSettings]) -> Quality {
    let usual = Gate::USUAL;
    let mut all =
        Quality { global: usual, te: usual, cte: usual, ste: usual, gc: usual, more: BTreeMap::new() };
    for gate in gates(measures) {
        *all.gate_mut(gate.name) = gate.default;
    }
    all
}

/// Reads the gates; with `whole_blocks` a block that is there starts from the built-in gate.
fn read_gates(s: &mut Section<'_>, to: &mut Quality, whole_blocks: bool, measures: &[MeasureSettings]) {
    let of_measures = gates(measures);
    let with_bins: Vec<String> =
        of_measures.iter().filter(|gate| gate.bins).map(|gate| format!("`{}`", gate.name)).collect();
    let with_bins = with_bins.join(", ");
    let global = GateSettings { name: "global", default: Gate::USUAL, bins: false };
    for GateSettings { name, default, bins } in [global].into_iter().chain(of_measures) {
        if let Some(section) = s.section(name) {
            let gate = to.gate_mut(name);
            if whole_blocks {
                *gate = default;
            }
            read_gate(section, gate, bins, &with_bins);
        }
    }
}

fn read_gate(mut s: Section<'_>, gate: &mut Gate, has_bins: bool, with_bins: &str) {
    s.set("min_samples", "a whole number from 0", &mut gate.min_samples);
    s.set("min_samples_per_state", "a number or null", &mut gate.min_samples_per_state);
    let is_count = gate.min_samples_per_state.is_none_or(|min| min >= 0.0);
    s.require("min_samples_per_state", is_count, "must be from 0");
    s.set("min_samples_per_bin", "a whole number or null", &mut gate.min_samples_per_bin);
    s.set("action", "skip, warn, filter_bins or error", &mut gate.action);
    // Elsewhere there are no bins, and both would pass unnoticed.
    let only = format!("is for {with_bins} only");
    s.require("min_samples_per_bin", has_bins || gate.min_samples_per_bin.is_none(), &only);
    let filters = gate.action == GateAction::FilterBins;
    s.require("action", has_bins || !filters, &format!("`filter_bins` {only}"));
    s.finish();
}
