//! What the server says without being asked: notices and notifications, kept until someone takes them.
//!
//! Beside the session's lock, so that taking never waits for a call in progress. Both are bounded.

use std::collections::VecDeque;

use parking_lot::Mutex;

use crate::error::ServerFields;
use crate::wire::Notification;

/// psycopg2 keeps as many notices.
const MOST_NOTICES: usize = 50;
/// What they may hold of memory together, but for the last, which is always kept: one can be as long as 64 MiB.
const MOST_NOTICE_BYTES: usize = 64 << 20;
/// What notifications that nobody takes may hold of memory. PostgreSQL's own queue is 8 GB by default.
const MOST_NOTIFICATION_BYTES: usize = 64 << 20;

/// Notices and notifications, oldest first.
#[derive(Default)]
pub(crate) struct Mailbox(Mutex<Mail>);

#[derive(Default)]
struct Mail {
    notices: VecDeque<Box<ServerFields>>,
    notice_bytes: usize,
    notifications: VecDeque<Notification>,
    notification_bytes: usize,
    /// How many notifications were dropped since one was last taken.
    lost: u64,
}

impl Mailbox {
    /// Keeps a notice; of too many, the oldest goes.
    pub(super) fn put_notice(&self, notice: Box<ServerFields>) {
        self.0.lock().put_notice(notice);
    }

    /// Keeps a notification; of too many, the oldest go, and a notice says how many when the next is taken.
    pub(super) fn put_notification(&self, notification: Notification) {
        let mut mail = self.0.lock();
        mail.notification_bytes += size_of(&notification);
        mail.notifications.push_back(notification);
        while mail.notification_bytes > MOST_NOTIFICATION_BYTES {
            let Some(oldest) = mail.notifications.pop_front() else {
                break;
            };
            mail.notification_bytes -= size_of(&oldest);
            mail.lost += 1;
        }
    }

    /// The oldest notice.
    pub(crate) fn take_notice(&self) -> Option<Box<ServerFields>> {
        self.0.lock().take_notice()
    }

    /// Whether there is a notification to take.
    pub(super) fn has_notification(&self) -> bool {
        !self.0.lock().notifications.is_empty()
    }

    /// The oldest notification.
    pub(crate) fn take_notification(&self) -> Option<Notification> {
        let mut mail = self.0.lock();
        let oldest = mail.notifications.pop_front()?;
        mail.notification_bytes -= size_of(&oldest);
        if mail.lost > 0 {
            let lost = std::mem::take(&mut mail.lost);
            mail.put_notice(Box::new(ServerFields {
                severity: Some("WARNING".into()),
                severity_nonlocalized: Some("WARNING".into()),
                message_primary: Some(format!(
                    "{lost} notifications were dropped, since more than {} MiB waited to be taken",
                    MOST_NOTIFICATION_BYTES >> 20
                )),
                ..ServerFields::default()
            }));
        }
        Some(oldest)
    }
}

impl Mail {
    fn put_notice(&mut self, notice: Box<ServerFields>) {
        self.notice_bytes += size_of_notice(&notice);
        self.notices.push_back(notice);
        while self.notices.len() > MOST_NOTICES
            || (self.notice_bytes > MOST_NOTICE_BYTES && self.notices.len() > 1)
        {
            self.take_notice();
        }
    }

    fn take_notice(&mut self) -> Option<Box<ServerFields>> {
        let oldest = self.notices.pop_front()?;
        self.notice_bytes -= size_of_notice(&oldest);
        Some(oldest)
    }
}

/// What a notice holds of memory, at least.
fn size_of_notice(notice: &ServerFields) -> usize {
    let ServerFields {
        severity,
        severity_nonlocalized,
        sqlstate: _,
        message_primary,
        message_detail,
        message_hint,
        statement_position,
        internal_position,
        internal_query,
        context,
        schema_name,
        table_name,
        column_name,
        datatype_name,
        constraint_name,
        source_file,
        source_line,
        source_function,
    } = notice;
    [
        severity,
        severity_nonlocalized,
        message_primary,
        message_detail,
        message_hint,
        statement_position,
        internal_position,
        internal_query,
        context,
        schema_name,
        table_name,
        column_name,
        datatype_name,
        constraint_name,
        source_file,
        source_line,
        source_function,
    ]
    .into_iter()
    .flatten()
    .fold(std::mem::size_of::<ServerFields>(), |sum, text| {
        sum.saturating_add(text.capacity())
    })
}

fn size_of(notification: &Notification) -> usize {
    std::mem::size_of::<Notification>()
        .saturating_add(notification.channel.capacity())
        .saturating_add(notification.payload.capacity())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice(number: usize) -> Box<ServerFields> {
        Box::new(ServerFields {
            message_primary: Some(number.to_string()),
            ..ServerFields::default()
        })
    }

    #[test]
    fn the_last_fifty_notices_are_kept() {
        let mailbox = Mailbox::default();
        for number in 0..120 {
            mailbox.put_notice(notice(number));
        }
        let kept: Vec<String> = std::iter::from_fn(|| mailbox.take_notice())
            .map(|notice| notice.message_primary.unwrap())
            .collect();
        let expected: Vec<String> = (70..120).map(|number| number.to_string()).collect();
        assert_eq!(kept, expected);
    }

    #[test]
    fn large_notices_are_bounded_in_bytes_and_the_last_is_kept() {
        let mailbox = Mailbox::default();
        for number in 0..10 {
            let mut large = notice(number);
            large.message_detail = Some("x".repeat(30 << 20));
            mailbox.put_notice(large);
        }
        mailbox.put_notice(notice(10));
        let kept: Vec<String> = std::iter::from_fn(|| mailbox.take_notice())
            .map(|notice| notice.message_primary.unwrap())
            .collect();
        assert_eq!(kept, ["8", "9", "10"]);
        let mut larger = notice(11);
        larger.message_detail = Some("x".repeat(MOST_NOTICE_BYTES + 1));
        mailbox.put_notice(notice(10));
        mailbox.put_notice(larger);
        assert_eq!(mailbox.0.lock().notices.len(), 1);
        assert!(mailbox.take_notice().is_some());
        assert_eq!(mailbox.0.lock().notice_bytes, 0);
    }

    #[test]
    fn notifications_that_nobody_takes_are_bounded_and_counted() {
        let mailbox = Mailbox::default();
        for pid in 0..10_000 {
            mailbox.put_notification(Notification {
                pid,
                channel: "c".into(),
                payload: "x".repeat(8000),
            });
        }
        let bytes = mailbox.0.lock().notification_bytes;
        assert!(bytes <= MOST_NOTIFICATION_BYTES, "{bytes}");
        let first = mailbox.take_notification().unwrap();
        let warning = mailbox.take_notice().unwrap().message_primary.unwrap();
        assert_eq!(
            warning.split(' ').next(),
            Some(first.pid.to_string().as_str())
        );
        let mut last = first.pid;
        while let Some(next) = mailbox.take_notification() {
            assert_eq!(next.pid, last + 1);
            last = next.pid;
        }
        assert_eq!(last, 9_999);
        assert_eq!(mailbox.0.lock().notification_bytes, 0);
        assert!(mailbox.take_notice().is_none());
    }
}
