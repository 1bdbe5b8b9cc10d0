//! Every result of a call with several statements in it (SEMANTICS, "Cursor": `dbapi_cursor_set_all_results`).

use std::collections::VecDeque;

use super::exchange::{self, Answers};
use super::result::Reply;
use super::session::Session;
use crate::error::{Error, Result};

/// The results before the last.
pub(super) struct Earlier {
    replies: VecDeque<Reply>,
    /// How many more there can be: what a server sends beyond is no answer, and must not fill the memory.
    room: usize,
}

impl Earlier {
    /// For the results of `sql`. A semicolon ends a statement, so there is at most one more than of those.
    fn of(sql: &str) -> Earlier {
        Earlier {
            replies: VecDeque::new(),
            room: memchr::memchr_iter(b';', sql.as_bytes()).count(),
        }
    }

    pub(super) fn keep(&mut self, reply: Reply) -> Result<()> {
        self.room = self
            .room
            .checked_sub(1)
            .ok_or_else(|| Error::protocol("more results than statements"))?;
        self.replies
            .try_reserve(1)
            .map_err(|_| Error::out_of_memory("for a result").breaking_connection())?;
        self.replies.push_back(reply);
        Ok(())
    }
}

impl Session {
    /// Runs `sql` by the simple protocol. The first statement's reply comes back; `later` gets the others.
    pub(super) fn run_all(&mut self, sql: &str, later: &mut VecDeque<Reply>) -> Result<Reply> {
        let begin = self.begin()?;
        self.queue(|wire| {
            if let Some(begin) = &begin {
                wire.start_command_before(begin)?;
            }
            wire.start_query(sql)
        })?;
        let answers = Answers {
            began: begin.is_some(),
            before: Some(Earlier::of(sql)),
            ..Answers::default()
        };
        let answers = self.finish(answers, sql)?;
        let mut replies = answers
            .before
            .map(|before| before.replies)
            .unwrap_or_default();
        replies.extend(answers.last);
        for reply in &mut replies {
            *reply = self.with_types(std::mem::take(reply))?;
        }
        match replies.pop_front() {
            Some(first) => {
                *later = replies;
                Ok(first)
            }
            None if answers.empty => Err(exchange::empty_query()),
            None => Err(Error::protocol("no answer to a statement")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_results_than_statements() {
        let mut earlier = Earlier::of("a; b; c");
        assert!(earlier.keep(Reply::default()).is_ok());
        assert!(earlier.keep(Reply::default()).is_ok());
        assert!(earlier.keep(Reply::default()).is_err());
        assert_eq!(earlier.replies.len(), 2);
    }
}
