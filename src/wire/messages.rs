//! What each message from the server means, by what is owed: the state machine's steps.

use std::sync::Arc;

use super::inbox::Frame;
use super::{
    Copying, Event, MOST_SETTINGS, MOST_SETTINGS_BYTES, Owed, Phase, RowShape, Step, Tag,
    TransactionStatus, Wire, backend, version,
};
use crate::error::{Error, Result, ServerFields};

impl Wire {
    #[inline(never)]
    pub(super) fn row(&mut self, frame: Frame) -> Result<()> {
        let columns = match self.owed.front() {
            Some(Owed::Query | Owed::Execute(RowShape::Described)) => self.columns,
            Some(Owed::Execute(RowShape::Known(columns))) => Some(*columns),
            Some(Owed::Execute(RowShape::Unwanted | RowShape::Counted)) => return Ok(()),
            _ => None,
        };
        match columns {
            Some(columns) => self.inbox.accept_rows(frame, columns, backend::LONGEST),
            None => Err(Error::protocol("a row where none belongs")),
        }
    }

    /// Handles one message that is not a row.
    #[inline]
    pub(super) fn message(&mut self, frame: Frame) -> Result<Option<Event>> {
        match (frame.kind, &self.phase) {
            (b'E' | b'N' | b'A' | b'S', _) | (_, Phase::Startup(_)) => self.unusual(frame),
            _ => self.answer(frame),
        }
    }

    /// Handles one message that answers no request: it may come at any time, or belongs to the start.
    #[inline(never)]
    fn unusual(&mut self, frame: Frame) -> Result<Option<Event>> {
        let body = self.inbox.body(frame);
        match frame.kind {
            b'E' => {
                let fields = backend::fields("ErrorResponse", body)?;
                self.failure(fields).map(Some)
            }
            b'N' => {
                let fields = backend::fields("NoticeResponse", body)?;
                Ok(Some(Event::Notice(Box::new(fields))))
            }
            b'A' if matches!(self.phase, Phase::Running) => {
                let notification = backend::notification(body)?;
                Ok(Some(Event::Notification(Box::new(notification))))
            }
            b'S' if self.is_authenticated() => {
                let (name, value) = backend::parameter_status(self.inbox.body(frame))?;
                self.setting(name, value).map(|()| None)
            }
            _ => self.startup_message(frame),
        }
    }

    /// Handles what answers a request, but for rows.
    #[inline(never)]
    fn answer(&mut self, frame: Frame) -> Result<Option<Event>> {
        if let Some(Owed::Run(_) | Owed::Statement) = self.owed.front() {
            self.owe_one_by_one();
        }
        let body = self.inbox.body(frame);
        let front = self.owed.front().copied();
        match (frame.kind, front) {
            (b'Z', Some(Owed::Query | Owed::Sync)) => {
                let status = ready(body)?;
                Ok(Some(self.ready(status)))
            }
            (b'1', Some(Owed::Parse)) | (b'2', Some(Owed::Bind)) | (b'3', Some(Owed::Close)) => {
                self.owed.pop_front();
                Ok(None)
            }
            (b't', Some(Owed::DescribeStatement)) => {
                backend::parameter_description(body).map(|_| None)
            }
            (b'T', Some(Owed::Query | Owed::DescribeStatement | Owed::DescribePortal)) => {
                if front != Some(Owed::Query) {
                    self.owed.pop_front();
                }
                self.described(frame).map(Some)
            }
            (b'n', Some(Owed::DescribeStatement | Owed::DescribePortal)) => {
                self.columns = None;
                self.owed.pop_front();
                Ok(Some(Event::NoData))
            }
            (b'C', Some(Owed::Execute(RowShape::Counted)))
                if !body.is_empty() && body == self.counted_tag =>
            {
                self.owed.pop_front();
                self.copying = None;
                self.repeats += 1;
                Ok(None)
            }
            (b'C' | b'I', Some(Owed::Query | Owed::Execute(_))) => {
                if front == Some(Owed::Execute(RowShape::Counted)) {
                    self.counted_tag.clear();
                    self.counted_tag.extend_from_slice(body);
                }
                let event = match frame.kind {
                    b'C' => Event::Complete(Tag::read(body)?),
                    _ => {
                        self.inbox.drop_rows();
                        Event::EmptyQuery
                    }
                };
                self.columns = None;
                self.copying = None;
                if front != Some(Owed::Query) {
                    self.owed.pop_front();
                }
                Ok(Some(event))
            }
            (b's', Some(Owed::Execute(_))) => {
                self.owed.pop_front();
                Ok(Some(Event::Suspended))
            }
            // One a statement: each CopyIn is answered, so many would have us write without end.
            (b'G' | b'H', Some(Owed::Query | Owed::Execute(_))) if self.copying.is_none() => {
                backend::copy_response(body)?;
                let (copying, event) = match frame.kind {
                    b'G' => (Copying::In, Event::CopyIn),
                    _ => (Copying::Out, Event::CopyOut),
                };
                self.copying = Some(copying);
                Ok(Some(event))
            }
            (b'd' | b'c', Some(Owed::Query | Owed::Execute(_)))
                if self.copying == Some(Copying::Out) =>
            {
                Ok(None)
            }
            (b'W', _) => Err(Error::not_supported(
                "streaming replication (CopyBoth) is not supported",
            )
            .breaking_connection()),
            (kind, _) => Err(Error::protocol(format_args!(
                "a message of type {:?} where none belongs",
                char::from(kind)
            ))),
        }
    }

    /// Takes in a RowDescription.
    pub(super) fn described(&mut self, frame: Frame) -> Result<Event> {
        let columns = self.last_description.of(self.inbox.body(frame))?;
        self.columns = Some(columns.len() as u16);
        // A rule's second SELECT is described without an end of the first. Rows of two widths must not be one result:
        // whoever reads them trusts its width.
        if self.inbox.holds_rows() {
            self.inbox.drop_rows();
        }
        Ok(Event::Columns(columns))
    }

    fn startup_message(&mut self, frame: Frame) -> Result<Option<Event>> {
        let Phase::Startup(authentication) = &mut self.phase else {
            return Ok(None);
        };
        let done = authentication.is_done();
        let body = self.inbox.body(frame);
        match frame.kind {
            b'R' if !done => {
                let outcome = authentication.handle(body, &mut self.out);
                self.password_use = authentication.password_use();
                self.let_in = authentication.is_done();
                outcome.map(|()| None)
            }
            b'K' if done => {
                self.backend_key = Some(version::backend_key(body, self.negotiation.version())?);
                Ok(None)
            }
            b'Z' if done => {
                self.status = ready(body)?;
                self.phase = Phase::Running;
                Ok(Some(Event::Ready))
            }
            b'v' if !done => {
                self.negotiation.handle(body)?;
                Ok(None)
            }
            kind => Err(Error::protocol(format_args!(
                "a message of type {:?} while connecting",
                char::from(kind)
            ))),
        }
    }

    fn failure(&mut self, fields: ServerFields) -> Result<Event> {
        if matches!(self.phase, Phase::Startup(_)) || fields.is_fatal() {
            return Err(Error::from_server(fields, None).breaking_connection());
        }
        self.columns = None;
        self.copying = None;
        self.counted_tag.clear();
        let step = match self.owed.front() {
            Some(Owed::Query | Owed::Execute(_) | Owed::Sync) | None => Step::Running,
            Some(_) => Step::Before,
        };
        match self.owed.front() {
            // Nothing was asked: the server has something to say all the same.
            None => return Ok(Event::Notice(Box::new(fields))),
            // Nothing but Ready may follow.
            Some(Owed::Query) => {
                self.owed.pop_front();
                self.owed.push_front(Owed::Sync);
            }
            Some(_) => {
                // The server skips to the next Sync; so do we. Without one it would wait for it forever.
                while let Some(owed) = self.owed.pop_front() {
                    if matches!(owed, Owed::Sync | Owed::Run(_) | Owed::Statement) {
                        self.owed.push_front(Owed::Sync);
                        break;
                    }
                }
                if self.owed.is_empty() {
                    self.start_sync();
                }
            }
        }
        self.inbox.drop_rows();
        Ok(Event::Failed(Box::new(fields), step))
    }

    fn setting(&mut self, name: String, value: String) -> Result<()> {
        // Whoever looks at those of before keeps them.
        let settings = Arc::make_mut(&mut self.settings);
        settings.retain(|(known, _)| *known != name);
        let bytes: usize = settings.iter().map(|(n, v)| n.len() + v.len()).sum();
        if settings.len() >= MOST_SETTINGS || bytes + name.len() + value.len() > MOST_SETTINGS_BYTES
        {
            return Err(Error::protocol("it reports more settings than there are"));
        }
        settings.push((name, value));
        self.settings_changed = true;
        Ok(())
    }
}

/// A ReadyForQuery's status.
pub(super) fn ready(body: &[u8]) -> Result<TransactionStatus> {
    match body {
        b"I" => Ok(TransactionStatus::Idle),
        b"T" => Ok(TransactionStatus::InTransaction),
        b"E" => Ok(TransactionStatus::InError),
        _ => Err(Error::protocol("an unknown transaction status")),
    }
}
