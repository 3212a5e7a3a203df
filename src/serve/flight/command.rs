//! Messages of Flight SQL, out of the bytes that carry them.

use arrow_flight::FlightDescriptor;
use arrow_flight::flight_descriptor::DescriptorType;
use arrow_flight::sql::{Any, Command, ProstMessageExt};
use prost::Message;

use crate::serve::access::{Ended, Ending};

/// The command of a descriptor.
pub(super) fn described(descriptor: &FlightDescriptor) -> Result<Command, Ended> {
    if descriptor.r#type == DescriptorType::Path as i32 {
        let words =
            "there are no paths here\n(hint: tables are asked for by SQL, or by the commands of Flight SQL)";
        return Err(Ended::new(Ending::NotSupported, words));
    }
    command(&descriptor.cmd)
}

/// The command in a descriptor or a ticket.
pub(super) fn command(bytes: &[u8]) -> Result<Command, Ended> {
    let command = any(bytes).and_then(|any| Command::try_from(any).map_err(|_| torn()))?;
    match command {
        Command::Unknown(any) => Err(unsupported(&any.type_url)),
        command => Ok(command),
    }
}

/// The request of an action.
pub(super) fn request<M: ProstMessageExt>(bytes: &[u8]) -> Result<M, Ended> {
    any(bytes)?.unpack::<M>().ok().flatten().ok_or_else(torn)
}

/// A message that is not wrapped.
pub(super) fn plain<M: Message + Default>(bytes: &[u8]) -> Result<M, Ended> {
    M::decode(bytes).map_err(|_| torn())
}

fn any(bytes: &[u8]) -> Result<Any, Ended> {
    plain(bytes)
}

fn torn() -> Ended {
    Ended::new(
        Ending::Invalid,
        "this is not a message of Flight SQL\n(hint: the service speaks Flight SQL, not Flight alone)",
    )
}

/// What is said of a command that is not answered.
pub(super) fn unsupported(url: &str) -> Ended {
    let name: String = url.rsplit('.').next().unwrap_or(url).chars().take(100).collect();
    Ended::new(
        Ending::NotSupported,
        format!("{name} is not answered here\n(hint: docs/connect.md lists what is)"),
    )
}

/// What is said where something would be written.
pub(super) fn writes(what: &str) -> Ended {
    Ended::new(Ending::WouldWrite, format!("{what}\n(hint: queries only read here)"))
}

/// What is said of a query that is sent as an update.
pub(super) fn no_update() -> Ended {
    let words = "this is a query and not an update\n(hint: ask for its rows; for several rows of values, once for each)";
    Ended::new(Ending::WouldWrite, words)
}

/// What is said of transactions.
pub(super) fn no_transactions() -> Ended {
    let words = "there are no transactions by Flight SQL\n(hint: a query reads one state from its first row to its last; \
                 connect with autocommit; by Postgres `begin` has several queries read one state)";
    Ended::new(Ending::NotSupported, words)
}

/// A query stands outside of any transaction.
pub(super) fn outside(transaction: Option<&[u8]>) -> Result<(), Ended> {
    if transaction.is_some_and(|id| !id.is_empty()) { Err(no_transactions()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use arrow_flight::sql::{CommandGetCatalogs, CommandStatementQuery};

    use super::*;

    #[test]
    fn what_is_no_command_is_said_in_words() {
        let query = CommandStatementQuery { query: "select 1".into(), transaction_id: None };
        let bytes = query.as_any().encode_to_vec();
        assert!(matches!(command(&bytes), Ok(Command::CommandStatementQuery(found)) if found == query));
        for bytes in [&b"\xff\xff\xff"[..], b"hello", b""] {
            let said = command(bytes).unwrap_err();
            assert!(
                matches!(said.ending, Ending::Invalid | Ending::NotSupported) && said.hint.is_some(),
                "{said:?}"
            );
        }
        assert!(request::<CommandGetCatalogs>(&bytes).is_err());
        assert_eq!(
            unsupported("type.googleapis.com/a.b.CommandNew").detail,
            "CommandNew is not answered here"
        );
        assert!(outside(None).is_ok() && outside(Some(b"")).is_ok() && outside(Some(b"x")).is_err());
        let path = FlightDescriptor::new_path(vec!["te".into()]);
        assert_eq!(described(&path).unwrap_err().ending, Ending::NotSupported);
    }
}
