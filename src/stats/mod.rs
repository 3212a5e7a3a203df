//! Statistics over many users: pure functions.

mod multiple;
mod wilcoxon;

pub use multiple::{benjamini_hochberg, benjamini_yekutieli};
pub use wilcoxon::{SignedRank, wilcoxon_signed_rank};
