//! How to wait for an answer: asleep, or looking for it again and again for a short while first.
//!
//! A sleep and the wake-up from it take longer than a server on the same machine takes to answer a small question. So
//! where answers have lately come within microseconds, the socket is looked at without waiting, with the processor given
//! up between two looks: on a machine with one core, or one for both, the server runs then. Where they take longer, or
//! a look was in vain, there is no looking for a while. Knows no socket: it counts.

use std::time::{Duration, Instant};

/// As many quick answers in a row are believed.
const BELIEVED: u8 = 4;
/// What is known of quickness at most: so many slow answers are forgiven.
const MOST: u8 = 8;

/// What is known of a connection's answers.
#[derive(Debug, Default)]
pub(super) struct Patience {
    /// How long to look for an answer; zero: not at all.
    most: Duration,
    /// How quick answers have lately been.
    quick: u8,
    /// When what is to be answered was sent, until the answer begins.
    asked: Option<Instant>,
}

impl Patience {
    /// Sets how long to look for an answer at most.
    pub(super) fn set_most(&mut self, most: Duration) {
        self.most = most;
    }

    /// Something was sent that will be answered.
    #[inline]
    pub(super) fn asked(&mut self) {
        if !self.most.is_zero() {
            self.asked = Some(Instant::now());
        }
    }

    /// Until when to look for what comes next; `None`: not at all.
    #[inline]
    pub(super) fn until(&self) -> Option<Instant> {
        let asked = self.asked?;
        (self.quick >= BELIEVED).then(|| asked + self.most)
    }

    /// Something was received. Only the beginning of an answer says how quick it was.
    #[inline]
    pub(super) fn answered(&mut self) {
        if let Some(asked) = self.asked.take() {
            // Who slept was woken late, for longer than a look takes.
            let looked = if self.quick >= BELIEVED { 1 } else { 2 };
            if asked.elapsed() <= self.most * looked {
                self.quick = (self.quick + 1).min(MOST);
            } else {
                self.quick = self.quick.saturating_sub(2);
            }
        }
    }

    /// It was looked for in vain.
    pub(super) fn in_vain(&mut self) {
        self.quick = self.quick.saturating_sub(2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(patience: &mut Patience, ago: Duration) {
        patience.asked = Instant::now().checked_sub(ago);
        patience.answered();
    }

    #[test]
    fn quick_answers_are_looked_for_and_slow_ones_are_not() {
        let mut patience = Patience::default();
        patience.set_most(Duration::from_secs(50));
        for _ in 0..BELIEVED {
            patience.asked();
            assert_eq!(patience.until(), None);
            answer(&mut patience, Duration::ZERO);
        }
        patience.asked();
        assert!(patience.until().is_some());
        // A long result's later parts are not looked for.
        answer(&mut patience, Duration::ZERO);
        assert_eq!(patience.until(), None);
        patience.in_vain();
        answer(&mut patience, Duration::from_secs(1000));
        patience.asked();
        assert_eq!(patience.until(), None);
    }

    #[test]
    fn zero_is_never() {
        let mut patience = Patience::default();
        for _ in 0..10 {
            patience.asked();
            assert_eq!(patience.until(), None);
            patience.answered();
        }
    }
}
