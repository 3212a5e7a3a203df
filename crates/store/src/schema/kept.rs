//! Names that are the store's: of columns that it knows of every row, and of tables that are not made of files of units.

/// The user of a row.
pub const USER: &str = "user_id";
/// The shard of the plan a row was written by.
pub const SHARD: &str = "shard";
/// The attempt a row was made by.
pub const ATTEMPT: &str = "attempt";
/// The run a row is in.
pub const RUN: &str = "run";

/// The table of the attempts: its rows are the commits.
pub const LEDGER: &str = "users";
/// The user as the ledger stores it.
pub const LEDGER_USER: &str = "id";
/// The attempt as the ledger stores it.
pub const LEDGER_ATTEMPT: &str = "attempt_id";

/// Columns that the path of a unit's file says of its rows.
pub const OF_UNITS: [&str; 4] = [USER, SHARD, ATTEMPT, RUN];
/// Columns that the path of a group's file says of its rows.
pub const OF_GROUPS: [&str; 2] = [SHARD, RUN];

/// The table of what a control has found.
pub const CONTROL: &str = "control";

/// Tables that are made of all users together.
const OF_ALL_USERS: [&str; 3] = ["group_tests", "families", CONTROL];

/// What the rows of a table are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MadeOf {
    /// Files that the units wrote.
    Units,
    /// The commits themselves.
    Ledger,
    /// All users together, when they are merged; the rows have no user.
    AllUsers,
}

/// What the rows of the table of that name are made of.
pub fn made_of(table: &str) -> MadeOf {
    match table {
        LEDGER => MadeOf::Ledger,
        table if OF_ALL_USERS.contains(&table) => MadeOf::AllUsers,
        _ => MadeOf::Units,
    }
}

/// Whether a column is the store's, so that no table may have one of the name.
pub fn is_kept_by_the_store(column: &str) -> bool {
    [USER, SHARD, ATTEMPT].contains(&column)
}

/// Whether a column holds a name, one a unit, so that values hardly repeat.
pub fn is_name(column: &str) -> bool {
    [USER, ATTEMPT].contains(&column) || is_renamed(column)
}

/// Whether a stored column of the ledger is shown under another name.
pub(super) fn is_renamed(column: &str) -> bool {
    [LEDGER_USER, LEDGER_ATTEMPT].contains(&column)
}

/// The stored column with what a column of the ledger shows.
pub fn ledger_column(shown: &str) -> &str {
    match shown {
        USER => LEDGER_USER,
        ATTEMPT => LEDGER_ATTEMPT,
        other => other,
    }
}
