//! Fetching, scrolling, and going from one result to the next (SEMANTICS, "Cursor").
//!
//! A named cursor gets its rows a FETCH at a time. Iteration (`next`) asks for many and hands them out one by one;
//! whatever else is called meanwhile sees the rows that are left of them as not fetched yet.

use std::mem;

use super::cursor::{Cursor, ResultFormat};
use super::result::{Reply, ResultSet, RowBlock, no_results};
use super::stream::More;
use crate::error::{Error, Result};
use crate::types::value::Value;

impl Cursor {
    /// Decodes the next rows into `block`, at most `most`; how many they are comes back. None are left if
    /// that is 0.
    pub(crate) fn fetch(&mut self, most: u64, block: &mut RowBlock) -> Result<usize> {
        // What a stream ended with comes behind its rows, also if it was the connection's end.
        if let Some(failure) = self.stream_failure.take() {
            block.clear();
            return Err(failure);
        }
        self.check_open()?;
        block.clear();
        if self.streamed {
            return self.fetch_streamed(most, block);
        }
        if self.server.is_none() {
            let result = self.result.as_mut().ok_or_else(no_results)?;
            return match most {
                1 => {
                    let count = result.fetch_ahead(block)?;
                    block.end_at(result.end());
                    Ok(count)
                }
                _ => result.fetch(most, block),
            };
        }
        let held = self.held();
        if most <= held {
            self.check_named_alive()?;
            return self.take_held(most, block);
        }
        let asked = match most {
            u64::MAX => u64::MAX,
            most => most - held,
        };
        let mut earlier = self.receive(asked)?;
        // The rows of both lie in one block, so the memory of both must stay.
        let mut count = 0;
        if held > 0
            && let Some(earlier) = &mut earlier
        {
            count = earlier.fetch(held, block)?;
            self.row_count = self.row_count.saturating_add_unsigned(held);
        }
        self.earlier = earlier;
        count += self.take_held(asked, block)?;
        Ok(count)
    }

    /// Fetches rows of a streamed result: those that have been received, then those that the server sends next.
    fn fetch_streamed(&mut self, most: u64, block: &mut RowBlock) -> Result<usize> {
        let timeout = self.time_for_a_call();
        let result = self.result.as_mut().ok_or_else(no_results)?;
        result.forget_shown();
        let mut count = 0;
        loop {
            let fetched = match most {
                1 => result.fetch_ahead(block),
                _ => result.fetch(most - count as u64, block),
            };
            match fetched {
                Ok(fetched) => count += fetched,
                // Whoever fetches next meets it again.
                Err(_) if count > 0 => return Ok(count),
                Err(error) => return Err(error),
            }
            if count as u64 == most {
                return Ok(count);
            }
            let failure = match &self.token {
                None => return Ok(count),
                Some(token) => {
                    let more = self
                        .connection
                        .command_of_stream(timeout, |session| session.more_of(token));
                    match more {
                        Ok(More::Rows(rows)) => {
                            result.go_on(rows, count > 0);
                            continue;
                        }
                        Ok(More::End(tag)) => {
                            result.ended(tag);
                            self.row_count = result.row_count;
                            self.token = None;
                            return Ok(count);
                        }
                        Err(error) => error,
                    }
                }
            };
            self.token = None;
            if count > 0 {
                // After the rows that came before it.
                self.stream_failure = Some(failure);
                return Ok(count);
            }
            return Err(failure);
        }
    }

    /// Goes on to the next row, if that is in `block` already, or if it is known that there is none. `None`: neither, and
    /// nothing has changed. Of a cursor that `is_open`.
    #[inline(always)]
    pub(crate) fn next_ahead<'a>(&mut self, block: &'a RowBlock) -> Option<Option<&'a [Value]>> {
        self.result.as_mut()?.next_ahead(block)
    }

    /// Fetches the only row of a result into `block`, if it is quickly decoded. False: it is not, or there is another or
    /// none, and no row has been fetched. Of a cursor that `is_open`. Does not panic.
    #[inline(always)]
    pub(crate) fn fetch_only(&mut self, block: &mut RowBlock) -> bool {
        if self.server.is_some() || self.streamed {
            return false;
        }
        let result = self.result.as_mut();
        result.is_some_and(|result| result.fetch_only(block))
    }

    /// Iteration: as `fetch` of one row, but a named cursor asks the server for `itersize` rows at a time.
    pub(crate) fn next(&mut self, block: &mut RowBlock) -> Result<usize> {
        self.check_open()?;
        if self.server.is_none() {
            return self.fetch(1, block);
        }
        block.clear();
        if self.held() > 0 {
            self.check_named_alive()?;
        } else {
            self.receive(self.iter_size as u64)?;
            self.earlier = None;
        }
        self.take_held(1, block)
    }

    /// Rows that a named cursor has received and not handed out.
    fn held(&self) -> u64 {
        match (&self.server, &self.result) {
            (Some(_), Some(result)) => result.left(),
            _ => 0,
        }
    }

    fn take_held(&mut self, most: u64, block: &mut RowBlock) -> Result<usize> {
        self.result
            .as_mut()
            .ok_or_else(no_results)?
            .fetch(most, block)
    }

    /// An error unless a named cursor's rows may still be had: as psycopg2 has it, those received already go with
    /// its transaction too, so that a commit in the midst of them shows at once.
    fn check_named_alive(&mut self) -> Result<()> {
        let timeout = self.time_for_a_call();
        match &self.server {
            Some(server) => self
                .connection
                .command(timeout, |session| server.check_alive(session)),
            None => Ok(()),
        }
    }

    /// Has the server send the next rows of a named cursor. What was the result till then comes back.
    fn receive(&mut self, most: u64) -> Result<Option<Box<ResultSet>>> {
        let timeout = self.time_for_a_call();
        let binary = self.format == ResultFormat::Binary;
        let server = self.server.as_mut().ok_or_else(no_results)?;
        let reply = self
            .connection
            .command(timeout, |session| server.fetch(session, most, binary))?;
        let result = ResultSet::new(reply);
        self.row_count = result.row_count;
        Ok(self.result.replace(result))
    }

    /// Of the next row, from 0; `None` when it cannot be known.
    pub(crate) fn row_number(&self) -> Option<u64> {
        match (&self.server, &self.result) {
            (Some(server), _) => server
                .place()
                .next()
                .map(|next| next.saturating_sub(self.held())),
            (None, Some(result)) => Some(result.position),
            (None, None) => Some(0),
        }
    }

    /// psycopg2's scroll: `value` rows on, or to row `value`, from 0. Among rows that were all received, a place
    /// where there is no row is an error; a named cursor moves as MOVE does.
    pub(crate) fn scroll(&mut self, value: i64, absolute: bool) -> Result<()> {
        self.check_open()?;
        if self.server.is_some() {
            return self.scroll_named(value, absolute);
        }
        let result = self.result.as_mut().ok_or_else(no_results)?;
        if self.streamed {
            return Err(Error::not_supported(
                "the rows of a streamed result can only be fetched one after the other",
            ));
        }
        result.scroll(value, absolute)
    }

    fn scroll_named(&mut self, value: i64, absolute: bool) -> Result<()> {
        let held = self.held();
        if !absolute
            && held > 0
            && let Ok(skipped) = u64::try_from(value)
            && skipped <= held
        {
            self.check_named_alive()?;
            if let Some(result) = &mut self.result {
                result.skip(skipped);
            }
            self.row_count = -1;
            return Ok(());
        }
        let timeout = self.time_for_a_call();
        let server = self.server.as_mut().ok_or_else(no_results)?;
        let reply = self.connection.command(timeout, |session| {
            if absolute {
                return server.move_to(session, value);
            }
            // The server is further on than the caller, by what was received and not handed out; and a step more
            // if it stands behind the last row, which the caller has not seen either.
            let mut rows = i128::from(value) - i128::from(held);
            if rows < 0 && held > 0 && server.place().is_behind_last() {
                rows -= 1;
            }
            server.move_by(session, rows)
        });
        if absolute || reply.is_ok() {
            self.moved(reply.as_ref().ok());
        }
        reply.map(drop)
    }

    /// After a MOVE: there are no rows, and the columns are as they were.
    fn moved(&mut self, reply: Option<&Reply>) {
        let columns = self.columns().cloned();
        self.row_count = -1;
        self.earlier = None;
        self.result = Some(ResultSet::new(Reply {
            columns,
            tag: reply.map(|reply| reply.tag.clone()).unwrap_or_default(),
            ..Reply::default()
        }));
    }

    /// PEP 249's nextset: goes to the next result, if there is one; false if not, and then nothing changes.
    pub(crate) fn next_set(&mut self) -> Result<bool> {
        self.check_open()?;
        let result = self.result.as_mut().ok_or_else(no_results)?;
        let Some(reply) = self.later.pop_front() else {
            return Ok(false);
        };
        let next = ResultSet::new(reply);
        self.row_count = next.row_count;
        drop(mem::replace(result, next));
        Ok(true)
    }
}
