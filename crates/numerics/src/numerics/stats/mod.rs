//! Statistics over many users: pure functions.

mod location;
mod multiple;
mod normal;
mod shares;
mod sorted;
mod student;
mod wilcoxon;

pub use location::{
    Location, hodges_lehmann, hodges_lehmann_interval, hodges_lehmann_of_sorted, location, median,
    share_positive,
};
pub use multiple::{benjamini_hochberg, benjamini_yekutieli};
pub use shares::{clopper_pearson, ks_uniform};
pub use sorted::{Sorted, Stored};
pub use student::t_quantile;
pub use wilcoxon::{SignedRank, wilcoxon_of_sorted, wilcoxon_signed_rank};
