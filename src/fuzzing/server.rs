//! A server that says anything: the target `wire_server_bytes`.

use crate::conninfo::{ChannelBinding, ProtocolVersion, RequireAuth};
use crate::error::Result;
use crate::types::{Datum, Param};
use crate::wire::{Call, Credentials, Event, ProtocolVersions, RowShape, Rows, Tag, Wire};

/// What the library holds for a connection that receives nothing long.
const FIXED: usize = 600 << 10;

/// Where the server's bytes begin.
const STATES: u8 = 11;

/// Bytes from a server. The first says what they answer, the second how many come at a time.
pub fn wire_server_bytes(data: &[u8]) {
    let Some((&[state, step], bytes)) = data.split_first_chunk::<2>() else {
        return;
    };
    let mut session = Session {
        wire: begin(state % STATES),
        width: None,
        rows: Vec::new(),
        answer: Default::default(),
        events: 0,
        received: 0,
    };
    if matches!(state % STATES, 8 | 9) {
        session.width = Some(2);
    }
    // 0 for all at once.
    let step = if step == 0 { usize::MAX } else { step.into() };
    for piece in bytes.chunks(step) {
        if session.hear(piece).is_err() {
            for _ in 0..3 {
                assert!(session.wire.poll_event().is_err(), "heard after an error");
            }
            assert!(!session.wire.is_authenticated());
            break;
        }
    }
    // Rows live on when their connection has ended.
    let Session { mut wire, rows, .. } = session;
    assert!(wire.handle_eof().breaks_connection());
    drop(wire);
    for (rows, width) in &rows {
        check(rows, *width);
    }
}

/// A connection, and what it has asked for.
fn begin(state: u8) -> Wire {
    let credentials = Credentials {
        user: "alice".into(),
        password: Some(b"secret".to_vec()),
        scram_max_iterations: 10,
        scram_client_key: None,
        scram_server_key: None,
        channel_binding: ChannelBinding::Prefer,
        require_auth: RequireAuth::default(),
        tls: None,
    };
    let versions = ProtocolVersions {
        min: ProtocolVersion::V3_0,
        max: ProtocolVersion::V3_2,
    };
    let mut wire = Wire::start_startup(credentials, versions, &[("database", "shop")]).unwrap();
    if state > 0 {
        wire.handle_sent(usize::MAX);
        let welcome = b"R\0\0\0\x08\0\0\0\0K\0\0\0\x0c\0\0\0\x01keykZ\0\0\0\x05I";
        wire.receive_space().unwrap().0.extend_from_slice(welcome);
        assert!(matches!(wire.poll_event(), Ok(Some(Event::Ready))));
    }
    ask(&mut wire, state).unwrap();
    wire
}

fn ask(wire: &mut Wire, state: u8) -> Result<()> {
    let number = Param {
        oid: 0,
        datum: Datum::Int(7),
    };
    match state {
        0 | 1 => {}
        2 => wire.start_query("SELECT 1; SELECT 2")?,
        3 => {
            wire.start_command_before("BEGIN")?;
            wire.start_query("SELECT 1")?;
        }
        4 | 5 => {
            for _ in 0..state - 3 {
                wire.start_parse("", "SELECT $1", &[23])?;
                wire.start_bind("", &[number], &[])?;
                wire.start_describe_portal()?;
                wire.start_execute(0, RowShape::Described)?;
            }
            wire.start_sync();
        }
        6 => {
            wire.start_parse("", "SELECT $1", &[23])?;
            wire.start_describe_statement("")?;
            wire.start_flush();
        }
        7 => {
            for _ in 0..5 {
                wire.start_bind("s", &[number], &[])?;
                wire.start_execute(0, RowShape::Unwanted)?;
            }
            wire.start_sync();
        }
        8 => {
            wire.start_execute(0, RowShape::Known(2))?;
            wire.start_sync();
        }
        9 => {
            wire.start_close_statement("old")?;
            for name in ["s", "t"] {
                wire.start_prepared(&Call::new(name, &[1]), &[number], RowShape::Known(2))?;
            }
        }
        _ => {
            wire.start_command_before("BEGIN")?;
            for _ in 0..2 {
                wire.start_statement("SELECT $1", &[number])?;
            }
        }
    }
    Ok(())
}

struct Session {
    wire: Wire,
    /// How wide the rows to come are.
    width: Option<usize>,
    rows: Vec<(Rows, usize)>,
    /// Where a whole answer goes, with what is left there of the one before.
    answer: (Rows, Tag),
    events: usize,
    received: usize,
}

impl Session {
    fn hear(&mut self, mut piece: &[u8]) -> Result<()> {
        while !piece.is_empty() {
            let (buffer, most) = self.wire.receive_space()?;
            assert!(most > 0, "no space");
            let (now, later) = piece.split_at(most.min(piece.len()));
            buffer.extend_from_slice(now);
            self.received += now.len();
            piece = later;
            loop {
                let (rows, tag) = &mut self.answer;
                rows.clear();
                if self.wire.poll_answer(rows, tag)? {
                    self.whole()?;
                } else if let Some(event) = self.wire.poll_event()? {
                    let described = matches!(event, Event::Columns(_) | Event::NoData);
                    self.take(event)?;
                    let (rows, tag) = &mut self.answer;
                    rows.clear();
                    if described && self.wire.poll_rest(rows, tag)? {
                        self.whole()?;
                    }
                } else {
                    break;
                }
            }
            let memory = self.wire.memory();
            assert!(
                memory <= FIXED + 4 * self.received,
                "{memory} for {}",
                self.received
            );
        }
        Ok(())
    }

    fn whole(&mut self) -> Result<()> {
        self.events += 1;
        let rows = std::mem::take(&mut self.answer.0);
        self.keep(rows);
        self.take(Event::Ready)
    }

    fn keep(&mut self, rows: Rows) {
        if let Some(width) = self.width {
            check(&rows, width);
            self.rows.push((rows, width));
        } else {
            assert_eq!(rows.len(), 0, "rows without columns");
        }
    }

    fn take(&mut self, event: Event) -> Result<()> {
        self.events += 1;
        // A message takes five bytes at least.
        assert!(5 * self.events <= self.received, "{} events", self.events);
        match event {
            Event::Columns(columns) => {
                self.width = Some(columns.len());
                if !self.wire.is_busy() {
                    // As dbapi does when columns are to come in binary.
                    let shape = RowShape::Known(columns.len() as u16);
                    self.wire.start_execute(0, shape)?;
                    self.wire.start_sync();
                }
            }
            Event::Complete(_) => {
                let rows = self.wire.take_rows()?;
                self.keep(rows);
            }
            Event::CopyIn => self.wire.start_copy_fail("no")?,
            Event::Ready => {
                assert!(self.received > 0);
                // Some of what waits goes out now and then.
                let waiting = self.wire.poll_transmit().len();
                self.wire.handle_sent(waiting / 2);
            }
            _ => {}
        }
        Ok(())
    }
}

/// Every cell is there, and is followed by a NUL.
fn check(rows: &Rows, width: usize) {
    for number in 0..rows.len() {
        let mut row = rows.row(number).unwrap();
        for _ in 0..width {
            if let Some(cell) = row.next_cell() {
                assert_eq!(rows.byte_behind(cell), Some(0), "no NUL in row {number}");
            }
        }
    }
    assert!(rows.row(rows.len()).is_none());
}
