//! How to wait for an answer: asleep, or looking for it again and again for a short while first.
//!
//! A sleep and the wake-up from it take longer than a server on the same machine takes to answer a small question, if
//! each has a processor of its own. So where answers come within microseconds, the socket is looked at without waiting,
//! with the processor given up between two looks, as long as that is clearly the quicker way: both are measured, the one that is
//! in use all the time and the other now and then. Where client and server share a processor, or answers take longer,
//! it is not, and there is no looking. Knows no socket: it measures.

use std::time::{Duration, Instant};

/// So many answers in each way are measured before one is chosen.
const MEASURED: u8 = 4;
/// Once both ways are known, one answer of so many is measured.
const MEASURED_OF: u16 = 4;
/// One answer of so many is waited for in the way that is slower, to see whether it still is.
const TRIED_AGAIN: u16 = 64;

/// What is known of one way to wait.
#[derive(Clone, Copy, Debug, Default)]
struct Way {
    /// A moving average, in nanoseconds.
    average: u64,
    /// How many answers were measured, as far as it matters.
    measured: u8,
}

impl Way {
    fn measure(&mut self, took: Duration) {
        let took = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX / 16);
        self.average = if self.measured == 0 {
            took
        } else {
            // What is far above it counts as no more than four times as much: a single long statement says little.
            let took = took.min(self.average.saturating_mul(4));
            (self.average.saturating_mul(7) + took) / 8
        };
        self.measured = self.measured.saturating_add(1);
    }
}

/// What is known of a connection's answers.
#[derive(Debug, Default)]
pub(super) struct Patience {
    /// How long to look for an answer; zero: not at all.
    most: Duration,
    asleep: Way,
    looking: Way,
    /// Answers since the slower way was tried.
    since: u16,
    /// What is known of the answer that is awaited, until it begins.
    asked: Option<Asked>,
    /// The last answer that was looked for was there at the first look.
    at_once: bool,
}

#[derive(Clone, Copy, Debug)]
struct Asked {
    /// Whether to look for it.
    looks: bool,
    /// When it was asked for, if how long it takes is to be known.
    since: Option<Instant>,
}

/// How to wait for what comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wait {
    /// Look again and again, for this long.
    Look(Duration),
    /// Look once: it may be there already. Then sleep.
    LookOnce,
    Sleep,
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
            let looks = self.looks();
            // The clock costs more than it tells, once both ways are known.
            let measures =
                self.since.is_multiple_of(MEASURED_OF) || self.looking.measured < MEASURED;
            self.asked = Some(Asked {
                looks,
                since: measures.then(Instant::now),
            });
        }
    }

    /// How to wait.
    #[inline]
    pub(super) fn wait(&self) -> Wait {
        match self.asked {
            Some(Asked { looks: true, .. }) => Wait::Look(self.most),
            Some(_) if self.at_once => Wait::LookOnce,
            _ => Wait::Sleep,
        }
    }

    /// Something was received; `at_once`: at the first look. Only the beginning of an answer says how long it took.
    #[inline]
    pub(super) fn answered(&mut self, at_once: bool) {
        let Some(asked) = self.asked.take() else {
            return;
        };
        if asked.looks {
            self.at_once = at_once;
        }
        if let Some(since) = asked.since {
            let way = if asked.looks {
                &mut self.looking
            } else {
                &mut self.asleep
            };
            way.measure(since.elapsed());
        }
    }

    /// Whether to look for the next answer.
    fn looks(&mut self) -> bool {
        if self.asleep.measured < MEASURED {
            return false;
        }
        // Even a late wake-up makes no more of a short wait.
        let most = u64::try_from(self.most.as_nanos()).unwrap_or(u64::MAX);
        if self.asleep.average > most.saturating_mul(4) {
            return false;
        }
        if self.looking.measured < MEASURED {
            return true;
        }
        // By a quarter at least, since it costs the processor's time.
        let quicker =
            self.looking.average < self.asleep.average / 4 * 3 && self.looking.average <= most;
        self.since += 1;
        if self.since >= TRIED_AGAIN {
            self.since = 0;
            return !quicker;
        }
        quicker
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers that take so many microseconds each way; how many of the last 640 were looked for.
    fn looked(patience: &mut Patience, asleep: u64, looking: u64) -> usize {
        let mut count = 0;
        for answer in 0..1280 {
            patience.asked();
            let looks = matches!(patience.wait(), Wait::Look(_));
            count += usize::from(looks && answer >= 640);
            let took = Duration::from_micros(if looks { looking } else { asleep });
            if let Some(asked) = &mut patience.asked {
                asked.since = asked.since.and_then(|since| since.checked_sub(took));
            }
            patience.answered(false);
        }
        count
    }

    fn patience() -> Patience {
        let mut patience = Patience::default();
        patience.set_most(Duration::from_millis(50));
        patience
    }

    #[test]
    fn the_quicker_way_is_taken() {
        let mut patience = patience();
        assert!(looked(&mut patience, 40_000, 10_000) > 600);
        // On one processor looking is slower: tried now and then.
        let tried = looked(&mut patience, 10_000, 20_000);
        assert!((1..40).contains(&tried), "{tried}");
        assert!(looked(&mut patience, 40_000, 10_000) > 600);
    }

    #[test]
    fn long_answers_are_slept_through() {
        let mut patience = patience();
        assert_eq!(looked(&mut patience, 1_000_000, 1_050_000), 0);
    }

    #[test]
    fn what_was_there_at_once_may_be_again() {
        let mut patience = patience();
        assert_eq!(patience.wait(), Wait::Sleep);
        looked(&mut patience, 40_000, 10_000);
        patience.asked();
        while !matches!(patience.wait(), Wait::Look(_)) {
            patience.answered(false);
            patience.asked();
        }
        patience.answered(true);
        let mut ways = Vec::new();
        for _ in 0..TRIED_AGAIN {
            patience.asked();
            ways.push(patience.wait());
            patience.answered(true);
        }
        assert!(ways.contains(&Wait::LookOnce) && !ways.contains(&Wait::Sleep));
    }

    #[test]
    fn zero_is_never() {
        let mut patience = Patience::default();
        assert_eq!(looked(&mut patience, 1, 1), 0);
    }
}
