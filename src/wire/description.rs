//! The last RowDescription: who runs statements in a loop, each with other values in its text, is told the same again and
//! again.

use std::sync::Arc;

use super::backend::{self, Column};
use crate::error::Result;
use crate::types::{self, Plain};

/// Longer ones are not kept: a few dozen columns are.
const LONGEST: usize = 2 << 10;

/// The last description and what it says, if all its types are built in: whoever knows columns again need not ask whether
/// their types are still what they were.
#[derive(Default)]
pub(super) struct LastDescription {
    body: Vec<u8>,
    columns: Option<Arc<[Column]>>,
}

impl LastDescription {
    /// What this RowDescription says.
    pub(super) fn of(&mut self, body: &[u8]) -> Result<Arc<[Column]>> {
        if let Some(columns) = &self.columns
            && self.body == body
        {
            return Ok(Arc::clone(columns));
        }
        let columns = backend::row_description(body)?;
        if body.len() <= LONGEST && columns.iter().all(is_builtin) {
            self.body.clear();
            self.body.extend_from_slice(body);
            self.columns = Some(Arc::clone(&columns));
        }
        Ok(columns)
    }

    /// What it holds of the host's memory, but for the columns.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(super) fn memory(&self) -> usize {
        self.body.capacity()
    }
}

fn is_builtin(column: &Column) -> bool {
    column.plain != Plain::No || types::is_builtin(column.type_oid)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(name: &str, count: u16) -> Vec<u8> {
        let mut body = count.to_be_bytes().to_vec();
        for _ in 0..count {
            body.extend_from_slice(name.as_bytes());
            body.extend_from_slice(b"\0\0\0\0\x01\0\x02\0\0\0\x17\0\x04\xff\xff\xff\xff\0\0");
        }
        body
    }

    #[test]
    fn what_is_said_again_is_not_read_again() {
        let mut last = LastDescription::default();
        let first = last.of(&body("a", 2)).unwrap();
        assert!(Arc::ptr_eq(&first, &last.of(&body("a", 2)).unwrap()));
        let others = [body("b", 2), body("a", 1), body("a", 3), body("", 0)];
        for other in others {
            let described = last.of(&other).unwrap();
            let expected = backend::row_description(&other).unwrap();
            assert_eq!(format!("{described:?}"), format!("{expected:?}"));
            assert!(Arc::ptr_eq(&described, &last.of(&other).unwrap()));
        }
        // One that is wrong is wrong each time, and what was before is as it was.
        let none = last.of(&body("", 0)).unwrap();
        for _ in 0..2 {
            assert!(last.of(b"").is_err());
            assert!(last.of(&body("a", 2)[1..]).is_err());
        }
        assert!(Arc::ptr_eq(&none, &last.of(&body("", 0)).unwrap()));
    }

    #[test]
    fn a_type_that_is_not_built_in_is_read_each_time() {
        let mut last = LastDescription::default();
        let mut body = body("a", 2);
        // The last column's type.
        let place = body.len() - 12;
        body[place..place + 4].copy_from_slice(&100_000u32.to_be_bytes());
        let first = last.of(&body).unwrap();
        assert_eq!(first[1].type_oid, 100_000);
        assert!(!Arc::ptr_eq(&first, &last.of(&body).unwrap()));
    }

    #[test]
    fn a_long_one_takes_no_memory() {
        let mut last = LastDescription::default();
        let kept = last.of(&body("a", 2)).unwrap();
        let long = body("a", 200);
        let one = last.of(&long).unwrap();
        assert_eq!(one.len(), 200);
        assert!(!Arc::ptr_eq(&one, &last.of(&long).unwrap()));
        assert!(Arc::ptr_eq(&kept, &last.of(&body("a", 2)).unwrap()));
        assert!(last.memory() <= LONGEST);
    }
}
