//! A statement that is prepared, bound, described and run at once, and the answer to it: taken in as a whole where all of
//! it is here and goes as usual, and message by message where not.

use super::messages::ready;
use super::{Event, Owed, Phase, RowShape, Rows, Tag, Wire, backend, frontend};
use crate::error::Result;
use crate::types::Param;

impl Wire {
    /// Parse, Bind, Describe, Execute and Sync: runs a statement, as `start_parse` and the others one after the other do,
    /// for columns in text. Answered by Columns or NoData, Complete or EmptyQuery, then Ready; behind the first of these
    /// `poll_rest` may be asked.
    pub(crate) fn start_statement(&mut self, sql: &str, params: &[Param<'_>]) -> Result<()> {
        frontend::statement(sql, params, &mut self.out)?;
        self.owed.push_back(Owed::Statement);
        Ok(())
    }

    /// The first event of such an answer.
    pub(super) fn description(&mut self) -> Result<Option<Event>> {
        let Some(&[b'1', 0, 0, 0, 4, b'2', 0, 0, 0, 4, kind]) = self.inbox.peek() else {
            // Something else comes first, or not all is here yet.
            return self.next_event();
        };
        self.inbox.pass(10);
        self.owed.pop_front();
        self.owed.push_front(Owed::Sync);
        self.owed.push_front(Owed::Execute(RowShape::Described));
        if kind == b'T'
            && let Some(frame) = self.inbox.next_frame(|kind| backend::longest(kind, true))?
        {
            return self.described(frame).map(Some);
        }
        self.owed.push_front(Owed::DescribePortal);
        self.next_event()
    }

    /// What is left of a statement's answer behind its Columns or NoData, if all of it is here and it went as usual: true,
    /// its rows, where there were none, and its command tag, in place of what was there. Of any other, what has been
    /// understood so far is not said again by `poll_event`.
    pub(crate) fn poll_rest(&mut self, rows: &mut Rows, tag: &mut Tag) -> Result<bool> {
        let outcome = self.rest(rows, tag);
        if outcome.is_err() {
            self.phase = Phase::Ended;
        }
        outcome
    }

    fn rest(&mut self, rows: &mut Rows, tag: &mut Tag) -> Result<bool> {
        let mut owed = self.owed.iter();
        let is_rest = owed.next() == Some(&Owed::Execute(RowShape::Described))
            && owed.next() == Some(&Owed::Sync);
        if !is_rest || !matches!(self.phase, Phase::Running) || self.inbox.holds_rows() {
            return Ok(false);
        }
        let columns = self.columns;
        if let Some(status) = self.inbox.take_answer(&[], columns, rows, tag) {
            self.owed.pop_front();
            self.answered(status);
            return Ok(true);
        }
        // More rows than a few, or an unusual one.
        if let Some(columns) = columns {
            self.inbox.accept_run(columns, backend::LONGEST)?;
        }
        let Some((body, status)) = self.inbox.pass_ending() else {
            return Ok(false);
        };
        let status = ready(&[status])?;
        *tag = Tag::read(body)?;
        *rows = self.inbox.take_rows()?;
        self.owed.pop_front();
        self.answered(status);
        Ok(true)
    }
}
