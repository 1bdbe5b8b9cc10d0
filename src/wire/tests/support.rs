//! The server's side of a transcript: messages to say, and a listener that writes down what is understood.

use crate::conninfo::{ChannelBinding, ProtocolVersion, RequireAuth};
use crate::error::Result;
use crate::wire::{Credentials, Event, ProtocolVersions, Rows, Tag, TransactionStatus, Wire};

pub(super) fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![kind];
    bytes.extend_from_slice(&(body.len() as u32 + 4).to_be_bytes());
    bytes.extend_from_slice(body);
    bytes
}

pub(super) fn authentication(code: i32, rest: &[u8]) -> Vec<u8> {
    message(b'R', &[&code.to_be_bytes(), rest].concat())
}

pub(super) fn ready(status: u8) -> Vec<u8> {
    message(b'Z', &[status])
}

pub(super) fn setting(name: &str, value: &str) -> Vec<u8> {
    message(b'S', format!("{name}\0{value}\0").as_bytes())
}

pub(super) fn backend_key(pid: i32, key: &[u8]) -> Vec<u8> {
    message(b'K', &[&pid.to_be_bytes(), key].concat())
}

pub(super) fn complete(tag: &str) -> Vec<u8> {
    message(b'C', format!("{tag}\0").as_bytes())
}

/// A RowDescription of text columns.
pub(super) fn columns(names: &[&str]) -> Vec<u8> {
    let mut body = (names.len() as u16).to_be_bytes().to_vec();
    for (number, name) in names.iter().enumerate() {
        body.extend_from_slice(name.as_bytes());
        body.push(0);
        body.extend_from_slice(&16384u32.to_be_bytes());
        body.extend_from_slice(&(number as u16).wrapping_add(1).to_be_bytes());
        body.extend_from_slice(&25u32.to_be_bytes());
        body.extend_from_slice(&(-1i16).to_be_bytes());
        body.extend_from_slice(&(-1i32).to_be_bytes());
        body.extend_from_slice(&0i16.to_be_bytes());
    }
    message(b'T', &body)
}

/// A ParameterDescription.
pub(super) fn parameters(types: &[u32]) -> Vec<u8> {
    let mut body = (types.len() as u16).to_be_bytes().to_vec();
    types
        .iter()
        .for_each(|oid| body.extend_from_slice(&oid.to_be_bytes()));
    message(b't', &body)
}

pub(super) fn row(cells: &[Option<&[u8]>]) -> Vec<u8> {
    let mut body = (cells.len() as u16).to_be_bytes().to_vec();
    for cell in cells {
        match cell {
            None => body.extend_from_slice(&(-1i32).to_be_bytes()),
            Some(cell) => {
                body.extend_from_slice(&(cell.len() as u32).to_be_bytes());
                body.extend_from_slice(cell);
            }
        }
    }
    message(b'D', &body)
}

pub(super) fn text_row(cells: &[&str]) -> Vec<u8> {
    let cells: Vec<_> = cells.iter().map(|cell| Some(cell.as_bytes())).collect();
    row(&cells)
}

/// The fields of an ErrorResponse or NoticeResponse.
fn fields(severity: &str, state: &str, text: &str) -> Vec<u8> {
    format!("S{severity}\0V{severity}\0C{state}\0M{text}\0\0").into_bytes()
}

pub(super) fn error(state: &str) -> Vec<u8> {
    message(b'E', &fields("ERROR", state, "it went wrong"))
}

pub(super) fn fatal(state: &str, text: &str) -> Vec<u8> {
    message(b'E', &fields("FATAL", state, text))
}

pub(super) fn notice(text: &str) -> Vec<u8> {
    message(b'N', &fields("NOTICE", "00000", text))
}

pub(super) fn notification(pid: i32, channel: &str, payload: &str) -> Vec<u8> {
    let body = [
        &pid.to_be_bytes()[..],
        channel.as_bytes(),
        b"\0",
        payload.as_bytes(),
        b"\0",
    ];
    message(b'A', &body.concat())
}

/// CopyInResponse, CopyOutResponse or CopyBothResponse, of `columns` text columns.
pub(super) fn copy_response(kind: u8, columns: u16) -> Vec<u8> {
    let mut body = vec![0];
    body.extend_from_slice(&columns.to_be_bytes());
    body.extend_from_slice(&vec![0; 2 * usize::from(columns)]);
    message(kind, &body)
}

pub(super) fn empty(kind: u8) -> Vec<u8> {
    message(kind, &[])
}

/// A login by trust.
pub(super) fn welcome() -> Vec<u8> {
    [
        authentication(0, &[]),
        backend_key(4711, b"key!"),
        ready(b'I'),
    ]
    .concat()
}

/// Alice, with the defaults of everything.
pub(super) fn credentials(password: Option<&str>) -> Credentials {
    Credentials {
        user: "alice".into(),
        password: password.map(|password| password.as_bytes().to_vec()),
        scram_max_iterations: 100_000,
        scram_client_key: None,
        scram_server_key: None,
        channel_binding: ChannelBinding::Prefer,
        require_auth: RequireAuth::default(),
        tls: None,
    }
}

/// A connection that waits for the server's first word.
pub(super) fn connecting_as(credentials: Credentials) -> Wire {
    let versions = ProtocolVersions {
        min: ProtocolVersion::V3_0,
        max: ProtocolVersion::V3_0,
    };
    Wire::start_startup(credentials, versions, &[("database", "shop")]).unwrap()
}

/// The same, with the defaults of everything.
pub(super) fn connecting(password: Option<&str>) -> Wire {
    connecting_as(credentials(password))
}

/// The same, with these versions of the protocol.
pub(super) fn speaking(min: ProtocolVersion, max: ProtocolVersion) -> Wire {
    let versions = ProtocolVersions { min, max };
    Wire::start_startup(credentials(None), versions, &[("database", "shop")]).unwrap()
}

/// A connection that is ready.
pub(super) fn connected() -> Wire {
    let mut wire = connecting(None);
    assert_eq!(hear(&mut wire, &welcome()), ["Ready Idle"]);
    take_sent(&mut wire);
    wire
}

/// Takes what waits to be sent.
pub(super) fn take_sent(wire: &mut Wire) -> Vec<u8> {
    let bytes = wire.poll_transmit().to_vec();
    wire.handle_sent(bytes.len());
    bytes
}

/// The types of the messages in `bytes`, which end with the last of them.
pub(super) fn kinds(mut bytes: &[u8]) -> String {
    let mut kinds = String::new();
    while let Some((&[kind, a, b, c, d], _)) = bytes.split_first_chunk::<5>() {
        kinds.push(kind.into());
        bytes = &bytes[1 + u32::from_be_bytes([a, b, c, d]) as usize..];
    }
    assert!(bytes.is_empty(), "half a message: {bytes:?}");
    kinds
}

/// Appends received bytes, as a socket would.
pub(super) fn receive(wire: &mut Wire, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        let (buffer, most) = wire.receive_space().unwrap();
        assert!(most > 0, "no space, so an end of file");
        let (now, later) = bytes.split_at(most.min(bytes.len()));
        buffer.extend_from_slice(now);
        bytes = later;
    }
}

/// Writes down what a connection understands. Rows are taken with the Complete that ends them.
#[derive(Default)]
pub(super) struct Listener {
    /// How wide the rows are.
    pub(super) width: usize,
    pub(super) heard: Vec<String>,
    pub(super) results: Vec<Rows>,
    /// Where a whole answer goes, with what is left there of the one before.
    pub(super) answer: (Rows, Tag),
}

impl Listener {
    /// Hears `bytes`, `step` at a time.
    pub(super) fn hear(&mut self, wire: &mut Wire, bytes: &[u8], step: usize) -> Result<()> {
        for mut piece in bytes.chunks(step) {
            while !piece.is_empty() {
                let (buffer, most) = wire.receive_space()?;
                assert!(most > 0, "no space, so an end of file");
                let (now, later) = piece.split_at(most.min(piece.len()));
                buffer.extend_from_slice(now);
                piece = later;
                self.poll(wire)?;
            }
        }
        Ok(())
    }

    fn poll(&mut self, wire: &mut Wire) -> Result<()> {
        // As `net` asks.
        let (rows, tag) = &mut self.answer;
        rows.clear();
        if wire.poll_answer(rows, tag)? {
            self.whole(wire);
        }
        while let Some(event) = wire.poll_event()? {
            // As `dbapi` asks.
            let described = matches!(event, Event::Columns(_) | Event::NoData);
            let line = match event {
                Event::Ready => format!("Ready {:?}", wire.transaction_status()),
                Event::Columns(columns) => {
                    self.width = columns.len();
                    let names: Vec<_> = columns
                        .iter()
                        .map(|column| str::from_utf8(column.name.as_bytes()).unwrap())
                        .collect();
                    format!("Columns {}", names.join(","))
                }
                Event::Complete(tag) => {
                    let rows = wire.take_rows()?;
                    let line = format!("Complete {}{}", tag.as_str(), self.shown(&rows));
                    self.results.push(rows);
                    line
                }
                Event::Failed(fields, _) => format!("Failed {}", fields.sqlstate.unwrap().as_str()),
                Event::Notice(fields) => format!("Notice {}", fields.message_primary.unwrap()),
                Event::Notification(sent) => {
                    format!(
                        "Notification {} {}={}",
                        sent.pid, sent.channel, sent.payload
                    )
                }
                Event::NoData
                | Event::EmptyQuery
                | Event::Suspended
                | Event::CopyIn
                | Event::CopyOut => format!("{event:?}"),
            };
            self.heard.push(line);
            let (rows, tag) = &mut self.answer;
            rows.clear();
            if described && wire.poll_rest(rows, tag)? {
                self.whole(wire);
            }
        }
        Ok(())
    }

    fn whole(&mut self, wire: &Wire) {
        let rows = std::mem::take(&mut self.answer.0);
        let (tag, shown) = (self.answer.1.as_str(), self.shown(&rows));
        self.heard.push(format!("Complete {tag}{shown}"));
        self.heard
            .push(format!("Ready {:?}", wire.transaction_status()));
        self.results.push(rows);
    }

    /// The rows, ` [a|NULL]` each; too many are only counted.
    fn shown(&self, rows: &Rows) -> String {
        if rows.len() > 20 {
            return format!(" {} rows", rows.len());
        }
        let row = |number| {
            let cells: Vec<_> = cells(rows, number, self.width)
                .into_iter()
                .map(|cell| cell.map_or("NULL".into(), String::from_utf8_lossy))
                .collect();
            format!(" [{}]", cells.join("|"))
        };
        (0..rows.len()).map(row).collect()
    }
}

/// The cells of a row; each must be followed by a NUL.
pub(super) fn cells(rows: &Rows, number: u64, width: usize) -> Vec<Option<&[u8]>> {
    let mut row = rows.row(number).unwrap();
    let cells: Vec<_> = (0..width).map(|_| row.next_cell()).collect();
    for cell in cells.iter().flatten() {
        assert_eq!(rows.byte_behind(cell), Some(0), "no NUL in row {number}");
    }
    cells
}

/// What is understood of `bytes`, received at once; nothing in them may be wrong.
pub(super) fn hear(wire: &mut Wire, bytes: &[u8]) -> Vec<String> {
    let mut listener = Listener::default();
    listener
        .hear(wire, bytes, usize::MAX)
        .unwrap_or_else(|error| panic!("{error}, after {:?}", listener.heard));
    listener.heard
}

/// The error in `bytes`, what was understood before it, and that nothing is heard after it.
pub(super) fn refusal(wire: &mut Wire, bytes: &[u8]) -> crate::error::Error {
    let mut listener = Listener::default();
    let Err(error) = listener.hear(wire, bytes, usize::MAX) else {
        let shown = &bytes[..bytes.len().min(100)];
        panic!("not refused: {:?} of {shown:?}", listener.heard);
    };
    assert!(error.breaks_connection(), "{error}");
    assert!(!wire.is_authenticated());
    let after = wire.poll_event().unwrap_err();
    assert!(after.breaks_connection());
    error
}

/// The SQLSTATE of `refusal`.
pub(super) fn refused(wire: &mut Wire, bytes: &[u8]) -> String {
    let error = refusal(wire, bytes);
    error
        .sqlstate()
        .map_or("none".into(), |state| state.as_str().into())
}

/// Checks that `bytes` are understood as `expected`, however they are cut: whole, a byte at a time, and in
/// two at every place. `make` begins the connection anew each time.
pub(super) fn transcript(make: impl Fn() -> Wire, bytes: &[u8], expected: &[&str]) {
    let check = |how: &str, pieces: &[&[u8]], step| {
        let mut wire = make();
        let mut listener = Listener::default();
        for piece in pieces {
            if let Err(error) = listener.hear(&mut wire, piece, step) {
                panic!("{how}: {error}, after {:?}", listener.heard);
            }
        }
        assert_eq!(listener.heard, expected, "{how}");
    };
    check("whole", &[bytes], usize::MAX);
    check("a byte at a time", &[bytes], 1);
    for at in 1..bytes.len() {
        let (before, after) = bytes.split_at(at);
        check(&format!("cut at {at}"), &[before, after], usize::MAX);
    }
}

/// A connection and whether it is where it was before a request: idle, with nothing owed.
pub(super) fn is_idle(wire: &Wire) -> bool {
    !wire.is_busy() && wire.transaction_status() == TransactionStatus::Idle
}
