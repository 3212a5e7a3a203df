//! Flight SQL: calls in, questions out, messages of Arrow through, none of them looked into.
//!
//! | file | |
//! |---|---|
//! | `login` | who calls, before any call is looked at |
//! | `service`, `actions` | the calls, one by one |
//! | `door`, `statement`, `prepared`, `kept` | queries between the call that asks and the call that reads |
//! | `listing`, `tables`, `info`, `types` | what there is |
//! | `rows`, `values`, `command`, `told` | messages there and back, and ends |

mod actions;
mod command;
mod door;
mod info;
mod kept;
mod listing;
mod login;
mod prepared;
mod rows;
mod service;
mod statement;
mod tables;
mod told;
mod types;
mod values;

use std::sync::Arc;
use std::time::Duration;

use arrow_flight::flight_service_server::FlightServiceServer;
use axum::Router;
use axum::middleware::from_fn_with_state;

use crate::serve::desk::Desk;
use door::Door;
use service::Service;

/// Where all calls are.
const CALLS: &str = "/arrow.flight.protocol.FlightService/{*call}";

/// Bytes of a message that is sent here at most.
const LARGEST: usize = 2 << 20;

/// How often is looked for what nobody uses.
const SWEEP: Duration = Duration::from_secs(5);

/// What the service answers, within a runtime.
pub(super) fn router(desk: &Arc<Desk>) -> Router {
    let door = Arc::new(Door::new(desk));
    let kept = Arc::downgrade(&door);
    tokio::spawn(async move {
        while let Some(door) = kept.upgrade() {
            door.give_up();
            drop(door);
            tokio::time::sleep(SWEEP).await;
        }
    });
    let service = FlightServiceServer::new(Service(door)).max_decoding_message_size(LARGEST);
    Router::new()
        .route_service(CALLS, service)
        .route_layer(from_fn_with_state(Arc::clone(desk), login::known))
}
