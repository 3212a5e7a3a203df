//! Ends as gRPC tells them.

use arrow::error::ArrowError;
use arrow_flight::error::FlightError;
use tonic::{Code, Status};

use crate::serve::access::{Ended, Ending};

/// Characters of a message at most: it goes in a head, where each may take three bytes, and clients take 8 kB.
const LONGEST: usize = 2000;

impl From<Ended> for Status {
    fn from(ended: Ended) -> Self {
        let mut words = ended.to_string();
        if let Some((end, _)) = words.char_indices().nth(LONGEST) {
            words.truncate(end);
            words.push('…');
        }
        Self::new(Code::from_i32(ended.ending.grpc()), words)
    }
}

/// What cannot happen to rows that are made here.
#[expect(clippy::needless_pass_by_value, reason = "what `map_err` hands over")]
pub(super) fn of_flight(error: FlightError) -> Ended {
    Ended::new(Ending::Died, error.to_string())
}

/// The same of arrays and schemas.
#[expect(clippy::needless_pass_by_value, reason = "what `map_err` hands over")]
pub(super) fn of_arrow(error: ArrowError) -> Ended {
    Ended::new(Ending::Died, error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_keep_their_hint_and_fit_into_a_head() {
        let status = Status::from(Ended::new(Ending::NotFound, "unknown run x\n(hint: is it y?)"));
        assert_eq!((status.code(), status.message()), (Code::NotFound, "unknown run x\n(hint: is it y?)"));
        let long = Status::from(Ended::new(Ending::Invalid, "ä".repeat(3 * LONGEST)));
        assert_eq!(long.message().chars().count(), LONGEST + 1);
    }
}
