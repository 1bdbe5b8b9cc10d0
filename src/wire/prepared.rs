//! A prepared statement that is bound and run at once, and the answer to it: taken in as a whole where all of it is here and
//! goes as usual, and message by message where not.

use super::messages::ready;
use super::{Call, Owed, Phase, RowShape, Rows, Tag, Wire, backend};
use crate::error::Result;
use crate::types::Param;

/// BindComplete.
const BOUND: &[u8; 5] = b"2\0\0\0\x04";

impl Wire {
    /// Bind, Execute and Sync: runs a prepared statement, as `start_bind`, `start_execute` and `start_sync` one after
    /// the other do. Answered by Complete, then Ready, or by what `poll_answer` gives. Not for rows that are taken as
    /// they come.
    pub(crate) fn start_prepared(
        &mut self,
        call: &Call,
        params: &[Param<'_>],
        shape: RowShape,
    ) -> Result<()> {
        call.write(params, &mut self.out)?;
        self.owed.push_back(Owed::Run(shape));
        Ok(())
    }

    /// The answer to a prepared statement that was started last, if all of it is here and it went as usual: true, its rows,
    /// where there were none, and its command tag, in place of what was there. Of any other, what has been understood so
    /// far is not said again by `poll_event`.
    #[inline]
    pub(crate) fn poll_answer(&mut self, rows: &mut Rows, tag: &mut Tag) -> Result<bool> {
        if self.inbox.is_empty() || !matches!(self.phase, Phase::Running) {
            return Ok(false);
        }
        let Some(&Owed::Run(shape)) = self.owed.front() else {
            return Ok(false);
        };
        let columns = match shape {
            RowShape::Known(columns) => Some(columns),
            _ => None,
        };
        if let Some(status) = self.inbox.take_answer(BOUND, columns, rows, tag) {
            self.answered(status);
            return Ok(true);
        }
        let outcome = self.whole_answer(shape, rows, tag);
        if outcome.is_err() {
            self.phase = Phase::Ended;
        }
        outcome
    }

    /// The same, of rows that are more than a few or else unusual.
    #[inline(never)]
    fn whole_answer(&mut self, shape: RowShape, rows: &mut Rows, tag: &mut Tag) -> Result<bool> {
        if self.inbox.peek() != Some(BOUND) {
            self.owe_one_by_one();
            return Ok(false);
        }
        self.inbox.pass(5);
        if let RowShape::Known(columns) = shape {
            self.inbox.accept_run(columns, backend::LONGEST)?;
        }
        let Some((body, status)) = self.inbox.pass_ending() else {
            self.owe_one_by_one();
            self.owed.pop_front();
            return Ok(false);
        };
        let status = ready(&[status])?;
        *tag = Tag::read(body)?;
        *rows = self.inbox.take_rows()?;
        self.answered(status);
        Ok(true)
    }
}
