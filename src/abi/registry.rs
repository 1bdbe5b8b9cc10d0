//! Handles: what a pointer from C stands for.
//!
//! A handle is the address of a slot in a table of our own plus, in its low bits, how often that slot had
//! been used before. It is never followed: it is looked up, so a freed handle, one of another type, or any
//! address from elsewhere is told apart from a live one and answered with an error. The table grows and is
//! never given back, so a look-up takes no lock but the slot's own; no two connections share one.
//!
//! Freed slots are used again in the order they were freed, after [`GENERATIONS`] turns with the same address.

use std::collections::VecDeque;
use std::ptr;
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;

use super::connection::dbapi_connection_t;
use super::conninfo::{ConninfoHandle, dbapi_conninfo_t};
use super::cursor::{CursorHandle, dbapi_cursor_t};
use super::error::{ErrorHandle, dbapi_error_t};
use super::mail::{NotifyHandle, dbapi_notify_t};
use super::tpc::{XidHandle, XidListHandle, dbapi_xid_list_t, dbapi_xid_t};
use crate::dbapi::Connection;
use crate::error::{Error, Result};

/// Slots are aligned so, and so far apart: no two share a cache line, and the low bits are free.
const SLOT_SIZE: usize = 64;
/// How many uses of one slot are told apart.
const GENERATIONS: u8 = 64;
/// The first segment of the table; each next is twice as large.
const FIRST_SEGMENT: usize = 256;
/// Enough for 2^32 handles.
const SEGMENTS: usize = 24;
/// Freed slots rest until this many are free, so that a stale handle is noticed for longer.
const RESTING: usize = 128;

/// What a live handle stands for.
#[derive(Clone)]
pub(super) enum Object {
    Connection(Arc<Connection>),
    Cursor(Arc<CursorHandle>),
    Error(Arc<ErrorHandle>),
    Conninfo(Arc<ConninfoHandle>),
    Notify(Arc<NotifyHandle>),
    Xid(Arc<XidHandle>),
    XidList(Arc<XidListHandle>),
}

impl Object {
    fn name(&self) -> &'static str {
        match self {
            Object::Connection(_) => "connection",
            Object::Cursor(_) => "cursor",
            Object::Error(_) => "error",
            Object::Conninfo(_) => "conninfo",
            Object::Notify(_) => "notify",
            Object::Xid(_) => "xid",
            Object::XidList(_) => "xid list",
        }
    }
}

/// A type that handles can stand for.
pub(super) trait Handle: Sized {
    /// The opaque type that C sees.
    type Opaque;
    fn into_object(this: Arc<Self>) -> Object;
    fn from_object(object: &Object) -> Option<&Arc<Self>>;
    fn from_object_mut(object: &mut Object) -> Option<&mut Arc<Self>>;
}

macro_rules! handle {
    ($type:ty, $opaque:ty, $variant:ident) => {
        impl Handle for $type {
            type Opaque = $opaque;
            fn into_object(this: Arc<Self>) -> Object {
                Object::$variant(this)
            }
            fn from_object(object: &Object) -> Option<&Arc<Self>> {
                match object {
                    Object::$variant(found) => Some(found),
                    _ => None,
                }
            }
            #[inline]
            fn from_object_mut(object: &mut Object) -> Option<&mut Arc<Self>> {
                match object {
                    Object::$variant(found) => Some(found),
                    _ => None,
                }
            }
        }
    };
}

handle!(Connection, dbapi_connection_t, Connection);
handle!(CursorHandle, dbapi_cursor_t, Cursor);
handle!(ErrorHandle, dbapi_error_t, Error);
handle!(ConninfoHandle, dbapi_conninfo_t, Conninfo);
handle!(NotifyHandle, dbapi_notify_t, Notify);
handle!(XidHandle, dbapi_xid_t, Xid);
handle!(XidListHandle, dbapi_xid_list_t, XidList);

#[repr(align(64))]
#[derive(Default)]
struct Slot(Mutex<Entry>);

#[derive(Default)]
struct Entry {
    generation: u8,
    object: Option<Object>,
}

const _: () = assert!(size_of::<Slot>() == SLOT_SIZE && GENERATIONS as usize <= SLOT_SIZE);

static TABLE: [OnceLock<Box<[Slot]>>; SEGMENTS] = [const { OnceLock::new() }; SEGMENTS];
static FREE: Mutex<FreeSlots> = Mutex::new(FreeSlots {
    freed: VecDeque::new(),
    fresh: 0,
});

struct FreeSlots {
    /// Freed, oldest first: segment and index.
    freed: VecDeque<(usize, usize)>,
    /// How many slots have ever been used, counted through the segments.
    fresh: usize,
}

impl FreeSlots {
    /// A slot to use.
    fn take(&mut self) -> Option<(usize, usize)> {
        if self.freed.len() > RESTING {
            return self.freed.pop_front();
        }
        // Segment k begins at FIRST_SEGMENT * (2^k - 1).
        let segment = (self.fresh / FIRST_SEGMENT + 1).ilog2() as usize;
        let Some(cell) = TABLE.get(segment) else {
            return self.freed.pop_front();
        };
        let slots = cell.get_or_init(|| {
            (0..FIRST_SEGMENT << segment)
                .map(|_| Slot::default())
                .collect()
        });
        let index = self.fresh - FIRST_SEGMENT * ((1 << segment) - 1);
        debug_assert!(index < slots.len());
        self.fresh += 1;
        Some((segment, index))
    }
}

fn slot(segment: usize, index: usize) -> Option<&'static Slot> {
    TABLE.get(segment)?.get()?.get(index)
}

/// Where an address points in the table.
struct Located {
    slot: &'static Slot,
    /// Segment and index.
    place: (usize, usize),
    generation: u8,
}

#[inline(always)]
fn locate(address: usize) -> Option<Located> {
    for (segment, cell) in TABLE.iter().enumerate() {
        let slots = cell.get()?;
        let offset = address.wrapping_sub(slots.as_ptr().addr());
        if let Some(slot) = slots.get(offset / SLOT_SIZE) {
            return Some(Located {
                slot,
                place: (segment, offset / SLOT_SIZE),
                generation: (offset % SLOT_SIZE) as u8,
            });
        }
    }
    None
}

/// A new handle for `object`.
pub(super) fn insert<H: Handle>(object: Arc<H>) -> Result<*mut H::Opaque> {
    let full = || Error::operational("too many handles").with_sqlstate("53000");
    let (segment, index) = FREE.lock().take().ok_or_else(full)?;
    let slot = slot(segment, index).ok_or_else(full)?;
    let mut entry = slot.0.lock();
    entry.object = Some(H::into_object(object));
    let address = ptr::from_ref(slot).addr() + usize::from(entry.generation);
    Ok(ptr::without_provenance_mut(address))
}

/// What `handle` stands for. `argument` is what the function calls it, for the error's message.
#[inline]
pub(super) fn get<H: Handle>(handle: *const H::Opaque, argument: &str) -> Result<Arc<H>> {
    match find(handle) {
        Some(found) => Ok(found),
        None => get_or_say_why(handle, argument),
    }
}

#[cold]
fn get_or_say_why<H: Handle>(handle: *const H::Opaque, argument: &str) -> Result<Arc<H>> {
    with_entry::<H, _>(handle, argument, |entry| {
        entry
            .object
            .as_ref()
            .and_then(H::from_object)
            .map(Arc::clone)
    })
}

/// What `handle` stands for, if it is one.
#[inline]
pub(super) fn find<H: Handle>(handle: *const H::Opaque) -> Option<Arc<H>> {
    let found = locate(handle.addr())?;
    let entry = found.slot.0.lock();
    let object = entry
        .object
        .as_ref()
        .filter(|_| entry.generation == found.generation)?;
    H::from_object(object).map(Arc::clone)
}

/// Runs `work` on what `handle` stands for, while nobody else can find it, if it is a handle and no other thread is at
/// the same. For what is quickly done: it spares the counting, and the lock that calls take turns with.
#[inline(always)]
pub(super) fn with_sole<H: Handle, T>(
    handle: *const H::Opaque,
    work: impl FnOnce(&mut H) -> Option<T>,
) -> Option<T> {
    let found = locate(handle.addr())?;
    let mut entry = found.slot.0.try_lock()?;
    if entry.generation != found.generation {
        return None;
    }
    // A thread that is at it has counted itself.
    work(Arc::get_mut(H::from_object_mut(entry.object.as_mut()?)?)?)
}

/// Forgets `handle`, and gives back what it stood for.
pub(super) fn remove<H: Handle>(handle: *const H::Opaque, argument: &str) -> Result<Arc<H>> {
    let object = with_entry::<H, _>(handle, argument, |entry| {
        let object = entry
            .object
            .as_ref()
            .and_then(H::from_object)
            .map(Arc::clone)?;
        entry.object = None;
        entry.generation = (entry.generation + 1) % GENERATIONS;
        Some(object)
    })?;
    if let Some(found) = locate(handle.addr()) {
        FREE.lock().freed.push_back(found.place);
    }
    Ok(object)
}

fn with_entry<H: Handle, T>(
    handle: *const H::Opaque,
    argument: &str,
    take: impl FnOnce(&mut Entry) -> Option<T>,
) -> Result<T> {
    if handle.is_null() {
        return Err(Error::interface(format!("{argument} is NULL")));
    }
    let foreign = || Error::interface(format!("{argument} is not a handle of this library"));
    let found = locate(handle.addr()).ok_or_else(foreign)?;
    let mut entry = found.slot.0.lock();
    if entry.generation != found.generation || entry.object.is_none() {
        return Err(Error::interface(format!(
            "{argument} is a handle that was freed already"
        )));
    }
    let other = entry.object.as_ref().map_or("", Object::name);
    take(&mut entry)
        .ok_or_else(|| Error::interface(format!("{argument} is a handle of another type: {other}")))
}
