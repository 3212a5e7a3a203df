//! Actions: prepared statements, and ends before the end.

use arrow_flight::sql::{
    ActionCancelQueryRequest, ActionCancelQueryResult, ActionClosePreparedStatementRequest,
    ActionCreatePreparedStatementRequest, ProstMessageExt,
};
use arrow_flight::{Action, CancelFlightInfoRequest, CancelFlightInfoResult, CancelStatus, FlightInfo};
use bytes::Bytes;
use prost::Message;

use super::command::{no_transactions, outside, plain, request};
use super::door::Door;
use super::login::Who;
use crate::serve::access::{Ended, Ending};

/// Those that are done.
pub(super) const DONE: [(&str, &str); 5] = [
    ("CreatePreparedStatement", "plans a statement: ActionCreatePreparedStatementRequest to …Result"),
    ("ClosePreparedStatement", "lets one go: ActionClosePreparedStatementRequest"),
    ("CancelFlightInfo", "ends what was asked: CancelFlightInfoRequest to CancelFlightInfoResult"),
    ("CancelQuery", "the same as it was before: ActionCancelQueryRequest to …Result"),
    ("CloseSession", "lets all go that was prepared on this connection: CloseSessionRequest to …Result"),
];

/// Those that the protocol has besides.
const NOT_DONE: [&str; 8] = [
    "BeginTransaction",
    "EndTransaction",
    "BeginSavepoint",
    "EndSavepoint",
    "CreatePreparedSubstraitPlan",
    "RenewFlightEndpoint",
    "SetSessionOptions",
    "GetSessionOptions",
];

/// `CloseSessionResult` with the status `CLOSED`.
const CLOSED: &[u8] = &[0x08, 0x01];

/// Does one; gives its results.
pub(super) async fn act(
    door: &Door,
    who: &Who,
    database: Option<&str>,
    action: &Action,
) -> Result<Vec<Bytes>, Ended> {
    let body = &action.body;
    match action.r#type.as_str() {
        "CreatePreparedStatement" => {
            let asked: ActionCreatePreparedStatementRequest = request(body)?;
            outside(asked.transaction_id.as_deref())?;
            let prepared = door.prepare(who, database, asked.query).await?;
            Ok(vec![prepared.as_any().encode_to_vec().into()])
        }
        "ClosePreparedStatement" => {
            let asked: ActionClosePreparedStatementRequest = request(body)?;
            door.close(who, &asked.prepared_statement_handle);
            Ok(Vec::new())
        }
        "CancelFlightInfo" => {
            let asked: CancelFlightInfoRequest = plain(body)?;
            let was = door.cancel(who, &asked.info.unwrap_or_default())?;
            Ok(vec![CancelFlightInfoResult { status: status(was) }.encode_to_vec().into()])
        }
        "CancelQuery" => {
            let asked: ActionCancelQueryRequest = request(body)?;
            let was = door.cancel(who, &plain::<FlightInfo>(&asked.info)?)?;
            // Its results have the numbers of those of the other.
            let result = ActionCancelQueryResult { result: status(was) };
            Ok(vec![result.as_any().encode_to_vec().into()])
        }
        "CloseSession" => {
            door.leave(who);
            Ok(vec![Bytes::from_static(CLOSED)])
        }
        other => Err(not_done(other)),
    }
}

fn status(was_at_work: bool) -> i32 {
    let status = if was_at_work { CancelStatus::Cancelled } else { CancelStatus::NotCancellable };
    status as i32
}

fn not_done(name: &str) -> Ended {
    if !NOT_DONE.contains(&name) {
        let known = DONE.map(|(name, _)| name);
        return Ended::unknown(
            Ending::NotSupported,
            "action",
            &name.chars().take(100).collect::<String>(),
            &known,
        );
    }
    if name.contains("Transaction") || name.contains("Savepoint") {
        return no_transactions();
    }
    let hint = match name {
        "CreatePreparedSubstraitPlan" => "ask in SQL",
        "RenewFlightEndpoint" => "a ticket is kept for 10 minutes; ask again for another one",
        _ => "the head `database` of a call names its source",
    };
    Ended::new(Ending::NotSupported, format!("{name} is not done here\n(hint: {hint})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_done_says_what_is() {
        for name in NOT_DONE {
            let said = not_done(name);
            assert!(said.ending == Ending::NotSupported && said.hint.is_some(), "{said:?}");
        }
        assert_eq!(not_done("CancelQueri").hint.as_deref(), Some("is it CancelQuery?"));
    }
}
