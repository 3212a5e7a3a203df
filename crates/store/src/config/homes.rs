//! Where the keys of a file stand.

use super::analysis::PROGRAM_KEYS;
use super::defaults::defaults;
use super::input::DataFormat;
use super::model::Compat;
use super::show::show;
use super::tree::{Kind, Node};

/// The dotted names of all keys, blocks included, measures with settings of their own left out.
pub(super) fn homes() -> Vec<String> {
    let mut config = defaults(Compat::None, &[]);
    // So that keys of columns are shown, too; the names of feature modes are no keys.
    config.data.format = DataFormat::Columns;
    config.data.sources.clear();
    let mut found: Vec<String> = PROGRAM_KEYS.iter().map(|key| format!("analysis.{key}")).collect();
    if let Ok(node) = Node::parse(&show(&config)) {
        collect(&node, "", &mut found);
    }
    found
}

fn collect(node: &Node, path: &str, found: &mut Vec<String>) {
    let Kind::Map(entries) = &node.kind else { return };
    for (key, _, below) in entries {
        let name = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        collect(below, &name, found);
        found.push(name);
    }
}
