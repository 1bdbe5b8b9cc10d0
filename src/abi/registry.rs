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
use std::sync::atomic::{Ordering, fence};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use parking_lot::{MappedMutexGuard, Mutex, MutexGuard};

use super::connection::dbapi_connection_t;
use super::conninfo::{ConninfoHandle, dbapi_conninfo_t};
use super::cursor::{CursorHandle, dbapi_cursor_t};
use super::error::{ErrorHandle, dbapi_error_t};
use super::mail::{NotifyHandle, dbapi_notify_t};
use super::tpc::{XidHandle, XidListHandle, dbapi_xid_list_t, dbapi_xid_t};
use crate::dbapi::{Connection, FirstProcess};
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

/// The process that made the first handle.
static BEGAN: FirstProcess = FirstProcess::none();
/// How long a forked child waits for what is never held as long, in milliseconds.
const PATIENCE: u32 = 100;

/// Locks what is held for moments. `None`, in a forked child alone: a thread of the parent held it just then, and is not
/// there to let go of it.
#[inline(always)]
fn lock<T>(mutex: &Mutex<T>) -> Option<MutexGuard<'_, T>> {
    mutex.try_lock().or_else(|| wait_for(mutex))
}

#[cold]
#[inline(never)]
fn wait_for<T>(mutex: &Mutex<T>) -> Option<MutexGuard<'_, T>> {
    if !BEGAN.is_another() {
        return Some(mutex.lock());
    }
    for _ in 0..PATIENCE {
        thread::sleep(Duration::from_millis(1));
        if let Some(locked) = mutex.try_lock() {
            return Some(locked);
        }
    }
    None
}

#[cold]
fn held_at_fork(argument: &str) -> Error {
    Error::interface(format!(
        "{argument} was in use by another thread of the parent process when this one was forked"
    ))
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
    BEGAN.note();
    let mut free = lock(&FREE).ok_or_else(|| held_at_fork("the table of handles"))?;
    let (segment, index) = free.take().ok_or_else(full)?;
    drop(free);
    let slot = slot(segment, index).ok_or_else(full)?;
    let mut entry = lock(&slot.0).ok_or_else(|| held_at_fork("a handle"))?;
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
    let entry = entry(handle.addr(), argument, |object| {
        H::from_object(object).is_some()
    })?;
    let object = entry.object.as_ref().and_then(H::from_object);
    object.map(Arc::clone).ok_or_else(|| foreign(argument))
}

/// What `handle` stands for, if it is one.
#[inline]
pub(super) fn find<H: Handle>(handle: *const H::Opaque) -> Option<Arc<H>> {
    let found = locate(handle.addr())?;
    let entry = lock(&found.slot.0)?;
    let object = entry
        .object
        .as_ref()
        .filter(|_| entry.generation == found.generation)?;
    H::from_object(object).map(Arc::clone)
}

/// What `handle` stands for, if it is a handle and no other thread is at the same. Nobody else can find it meanwhile: for
/// what is quickly done. It spares the counting, and the lock that calls take turns with.
#[inline(always)]
pub(super) fn find_sole<H: Handle>(
    handle: *const H::Opaque,
) -> Option<MappedMutexGuard<'static, H>> {
    let found = locate(handle.addr())?;
    let entry = found.slot.0.try_lock()?;
    if entry.generation != found.generation {
        return None;
    }
    MutexGuard::try_map(entry, |entry| {
        sole(H::from_object_mut(entry.object.as_mut()?)?)
    })
    .ok()
}

/// As `Arc::get_mut`, without locking the count of weak references: of what handles stand for, none are made.
#[inline(always)]
fn sole<H: Handle>(shared: &mut Arc<H>) -> Option<&mut H> {
    debug_assert_eq!(Arc::weak_count(shared), 0);
    if Arc::strong_count(shared) != 1 {
        return None;
    }
    // Behind what the others did before they let go of theirs.
    fence(Ordering::Acquire);
    // SAFETY: this is the only reference that counts, there is no weak one to make another of, and it is borrowed for
    // as long as the result lives. The pointer is the Arc's own, good for writing.
    Some(unsafe { &mut *Arc::as_ptr(shared).cast_mut() })
}

/// Forgets `handle`, and gives back what it stood for.
pub(super) fn remove<H: Handle>(handle: *const H::Opaque, argument: &str) -> Result<Arc<H>> {
    let object = take(handle.addr(), argument, |object| {
        H::from_object(object).is_some()
    })?;
    let object = H::from_object(&object).map(Arc::clone);
    object.ok_or_else(|| foreign(argument))
}

/// The same, of whatever it stood for: so it is there once, not for each type.
fn take(address: usize, argument: &str, fits: fn(&Object) -> bool) -> Result<Object> {
    let mut entry = entry(address, argument, fits)?;
    let object = entry.object.take();
    entry.generation = (entry.generation + 1) % GENERATIONS;
    drop(entry);
    if let Some(found) = locate(address)
        && let Some(mut free) = lock(&FREE)
    {
        free.freed.push_back(found.place);
    }
    object.ok_or_else(|| foreign(argument))
}

/// The entry of a handle, which stands for something that fits; locked.
fn entry(
    address: usize,
    argument: &str,
    fits: fn(&Object) -> bool,
) -> Result<MutexGuard<'static, Entry>> {
    if address == 0 {
        return Err(Error::interface(format!("{argument} is NULL")));
    }
    let found = locate(address).ok_or_else(|| foreign(argument))?;
    let entry = lock(&found.slot.0).ok_or_else(|| held_at_fork(argument))?;
    let object = entry
        .object
        .as_ref()
        .filter(|_| entry.generation == found.generation);
    match object {
        Some(object) if fits(object) => Ok(entry),
        Some(object) => Err(Error::interface(format!(
            "{argument} is a handle of another type: {}",
            object.name()
        ))),
        None => Err(Error::interface(format!(
            "{argument} is a handle that was freed already"
        ))),
    }
}

#[cold]
fn foreign(argument: &str) -> Error {
    Error::interface(format!("{argument} is not a handle of this library"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_is_sole_while_no_other_thread_is_at_it() {
        let of =
            |message: &str| Arc::new(ErrorHandle::new(&Error::operational(message.to_owned())));
        let handle = insert(of("one")).unwrap();
        assert!(find_sole::<ErrorHandle>(handle).is_some());
        let found = find::<ErrorHandle>(handle).unwrap();
        assert!(find_sole::<ErrorHandle>(handle).is_none());
        drop(found);
        let sole = find_sole::<ErrorHandle>(handle).unwrap();
        assert!(sole.message().to_str().unwrap().contains("one"));
        // Whoever has it has it alone, and gives it back.
        assert!(find_sole::<ErrorHandle>(handle).is_none());
        drop(sole);
        assert!(find_sole::<ErrorHandle>(handle).is_some());
        assert!(find_sole::<CursorHandle>(handle.cast()).is_none());
        assert!(find_sole::<ErrorHandle>(handle.wrapping_byte_add(1)).is_none());
        remove::<ErrorHandle>(handle, "error").unwrap();
        assert!(find_sole::<ErrorHandle>(handle).is_none());
        assert!(find_sole::<ErrorHandle>(ptr::null()).is_none());
    }
}
