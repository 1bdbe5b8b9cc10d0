//! How to wait for an answer: asleep, or looking for it again and again for a short while first.
//!
//! A sleep and the wake-up from it take longer than a server on the same machine takes to answer a small question, if
//! each has a processor of its own. So where answers come within microseconds, the socket is looked at without waiting,
//! with the processor given up between two looks, as long as that is clearly the quicker way. Where client and server
//! share a processor, or answers take longer, it is not, and there is no looking.
//!
//! Both ways are measured: one answer of several, most of them in the way that is in use, some in the other, the fewer
//! the longer that is far slower. What comes out far from what is known is measured again with the next answers, and if
//! they say the same, that is what is known from then on: so a server that moves, or gets slow, is noticed within some
//! tens of answers. An answer that is there at once says nothing of either way; the next may be there as well, so it is
//! looked for once before a sleep. Knows no socket, and no clock.

use std::time::Duration;

/// So many answers in each way are measured before one is chosen.
const MEASURED: u8 = 4;
/// So many answers are not measured between two that are, where one way is much quicker; and where they are close. Such
/// that what is measured keeps step with no two, three or four statements that take turns.
const APART: u8 = 16;
const CLOSE: u8 = 4;
/// So many are not measured, but looked for once before a sleep, where there is nothing else to find out.
const LOOKED_ONCE: u8 = 63;
/// Of so many that are measured, one is waited for in the way that is not in use, to see how that is now. Where that is
/// far slower each time, one of twice as many, up to the other: it costs what the way in use saves.
const OTHER_OF: u8 = 4;
const OTHER_OF_AT_MOST: u8 = 16;
/// So many answers that were there at once make sure that the next will be; each that was not halves it.
const SURE: u8 = 4;
/// So many answers in a row, far from what is known of a way, are what is known.
const NEWS: u8 = 3;

/// What is known of one way to wait.
#[derive(Clone, Copy, Debug, Default)]
struct Way {
    /// A moving average, in nanoseconds.
    average: u64,
    /// How many answers were measured, as far as it matters.
    measured: u8,
    /// The last answers that were far from it, all above or all below.
    odd: Odd,
}

#[derive(Clone, Copy, Debug, Default)]
struct Odd {
    count: u8,
    above: bool,
    /// Of these, what is nearest to the average.
    nearest: u64,
}

/// What a measurement said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    /// Nothing new.
    Usual,
    /// Something else: the next should be measured, too.
    Odd,
    /// That the answers take another time now.
    News,
}

impl Way {
    fn is_known(&self) -> bool {
        self.measured >= MEASURED
    }

    fn measure(&mut self, took: u64) -> Said {
        if !self.is_known() {
            let before = u64::from(self.measured);
            self.average =
                (self.average.saturating_mul(before).saturating_add(took)) / (before + 1);
            self.measured += 1;
            return Said::Usual;
        }
        let said = self.compare(took);
        self.average = if said == Said::News {
            self.odd.nearest
        } else {
            // What is far above it counts as no more than four times as much: a single long statement says little.
            let took = took.min(self.average.saturating_mul(4));
            (self.average.saturating_mul(7).saturating_add(took)) / 8
        };
        if said != Said::Odd {
            self.odd.count = 0;
        }
        said
    }

    /// Whether that is far from what is known: twice as much, or half.
    fn compare(&mut self, took: u64) -> Said {
        let above = took > self.average.saturating_mul(2);
        if !above && took >= self.average / 2 {
            return Said::Usual;
        }
        if self.odd.count > 0 && self.odd.above == above {
            self.odd.count += 1;
            self.odd.nearest = if above {
                self.odd.nearest.min(took)
            } else {
                self.odd.nearest.max(took)
            };
        } else {
            self.odd = Odd {
                count: 1,
                above,
                nearest: took,
            };
        }
        if self.odd.count >= NEWS {
            Said::News
        } else {
            Said::Odd
        }
    }
}

/// How to wait for what comes next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Wait {
    #[default]
    Sleep,
    /// Look once: it may be there already. Then sleep.
    LookOnce,
    /// Look again and again, for so many nanoseconds. Then sleep.
    Look(u64),
}

/// What is known of a connection's answers.
#[derive(Debug, Default)]
pub(super) struct Patience {
    /// An answer is awaited, and nothing of it has come.
    awaiting: bool,
    /// How to wait for it.
    wait: Wait,
    /// When it was asked for, in nanoseconds; 0 if how long it takes is not to be known.
    since: u64,
    /// So many answers are waited for in the usual way before one is measured.
    left: u8,
    usual: Wait,
    /// How sure it is that the next answer is there at the first look: 0, not at all, to `SURE`.
    at_once: u8,
    /// For how many nanoseconds to look; 0: not at all.
    most: u64,
    asleep: Way,
    looking: Way,
    /// So many are measured in the way that is in use before one in the other, of so many.
    before_other: u8,
    other_of: u8,
    /// Whether the next that is measured is to be looked for, if that is what one wants to know.
    wanted: Option<bool>,
}

impl Patience {
    /// Sets how long to look for an answer at most.
    pub(super) fn set_most(&mut self, most: Duration) {
        *self = Patience {
            most: u64::try_from(most.as_nanos()).unwrap_or(u64::MAX),
            ..Patience::default()
        };
    }

    /// Something was sent that will be answered. `clock` is read only for an answer that is measured.
    #[inline(always)]
    pub(super) fn asked(&mut self, clock: impl FnOnce() -> u64) {
        self.awaiting = true;
        match self.left.checked_sub(1) {
            Some(left) => {
                self.left = left;
                self.wait = self.usual;
                self.since = 0;
            }
            None => self.find_out(clock),
        }
    }

    /// How to wait.
    #[inline]
    pub(super) fn wait(&self) -> Wait {
        if self.awaiting {
            self.wait
        } else {
            Wait::Sleep
        }
    }

    /// Something was received; `at_once`: at the first look. Only the beginning of an answer says how long it took.
    #[inline(always)]
    pub(super) fn answered(&mut self, at_once: bool, clock: impl FnOnce() -> u64) {
        if !self.awaiting {
            return;
        }
        self.awaiting = false;
        let as_before = self.at_once == if at_once { SURE } else { 0 };
        if self.since != 0 || !(as_before || self.wait == Wait::Sleep) {
            self.learn(at_once, clock);
        }
    }

    /// Asks for an answer to be measured.
    #[cold]
    fn find_out(&mut self, clock: impl FnOnce() -> u64) {
        if self.most == 0 {
            self.left = LOOKED_ONCE;
            self.wait = Wait::LookOnce;
            self.since = 0;
            return;
        }
        let looks = if !self.asleep.is_known() || self.is_slow() {
            false
        } else if !self.looking.is_known() {
            true
        } else if let Some(wanted) = self.wanted {
            wanted
        } else if self.before_other == 0 {
            self.before_other = self.other_of.max(OTHER_OF) - 1;
            !self.is_looking()
        } else {
            self.before_other -= 1;
            self.is_looking()
        };
        self.wait = if looks {
            Wait::Look(self.most)
        } else if self.is_looking() || !self.asleep.is_known() {
            // Before a sleep that is only to find out, there is time for a look.
            Wait::LookOnce
        } else {
            self.usual
        };
        self.left = self.pause();
        self.since = clock().max(1);
    }

    /// Takes in what an answer says.
    #[cold]
    fn learn(&mut self, at_once: bool, clock: impl FnOnce() -> u64) {
        let since = std::mem::take(&mut self.since);
        if at_once {
            self.at_once = SURE.min(self.at_once + 1);
            // Nobody has waited.
            self.left = self.left.max(CLOSE);
        } else {
            if self.wait != Wait::Sleep {
                self.at_once /= 2;
            }
            if since != 0 {
                self.measure(clock().saturating_sub(since));
            }
        }
        self.usual = if self.is_looking_quicker() {
            Wait::Look(self.most)
        } else if self.at_once > 0 {
            Wait::LookOnce
        } else {
            Wait::Sleep
        };
    }

    /// Takes in how long an answer took, in nanoseconds.
    fn measure(&mut self, took: u64) {
        let looked = matches!(self.wait, Wait::Look(_));
        let way = if looked {
            &mut self.looking
        } else {
            &mut self.asleep
        };
        let said = way.measure(took);
        self.wanted = match said {
            Said::Usual => None,
            Said::Odd => Some(looked),
            Said::News => Some(!looked),
        };
        self.left = if said == Said::Usual { self.pause() } else { 0 };
        if said == Said::News || self.are_close() {
            self.other_of = OTHER_OF;
            self.before_other = self.before_other.min(OTHER_OF - 1);
        } else if looked != self.is_looking() {
            let twice = self.other_of.max(OTHER_OF) * 2;
            self.other_of = twice.min(OTHER_OF_AT_MOST);
        }
    }

    fn is_looking(&self) -> bool {
        matches!(self.usual, Wait::Look(_))
    }

    /// Whether answers take so long that even a late wake-up makes no more of a short wait.
    fn is_slow(&self) -> bool {
        self.asleep.average > self.most.saturating_mul(4)
    }

    /// Whether to look for answers.
    fn is_looking_quicker(&self) -> bool {
        let known = self.asleep.is_known() && self.looking.is_known();
        // By a quarter at least, since it costs the processor's time.
        known
            && !self.is_slow()
            && self.looking.average < self.asleep.average / 4 * 3
            && self.looking.average <= self.most
    }

    /// Whether it takes little for the other way to be the quicker.
    fn are_close(&self) -> bool {
        (self.asleep.average / 2..=self.asleep.average).contains(&self.looking.average)
    }

    /// How many answers need not be measured now.
    fn pause(&self) -> u8 {
        if !self.asleep.is_known() {
            0
        } else if self.is_slow() {
            APART
        } else if !self.looking.is_known() {
            0
        } else if self.are_close() {
            CLOSE
        } else {
            APART
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A connection whose answers are made up.
    struct Answers {
        patience: Patience,
        now: u64,
        readings: usize,
    }

    impl Answers {
        fn new() -> Answers {
            let mut patience = Patience::default();
            patience.set_most(Duration::from_micros(100));
            Answers {
                patience,
                now: 1,
                readings: 0,
            }
        }

        /// One answer that takes so many microseconds each way. How it was waited for.
        fn next(&mut self, asleep: u64, looking: u64) -> Wait {
            let Answers {
                patience,
                now,
                readings,
            } = self;
            let mut clock = || {
                *readings += 1;
                *now
            };
            patience.asked(&mut clock);
            let wait = patience.wait();
            *now += 1000
                * match wait {
                    Wait::Look(_) => looking,
                    _ => asleep,
                };
            let mut clock = || {
                *readings += 1;
                *now
            };
            patience.answered(false, &mut clock);
            wait
        }

        /// How many of `count` were looked for.
        fn looked(&mut self, count: usize, asleep: u64, looking: u64) -> usize {
            (0..count)
                .filter(|_| matches!(self.next(asleep, looking), Wait::Look(_)))
                .count()
        }

        /// An answer that is there at once.
        fn there(&mut self) -> Wait {
            let now = self.now;
            self.patience.asked(|| now);
            let wait = self.patience.wait();
            self.patience.answered(wait != Wait::Sleep, || now);
            wait
        }
    }

    #[test]
    fn the_quicker_way_is_taken() {
        let mut answers = Answers::new();
        answers.looked(100, 40, 10);
        assert!(answers.looked(640, 40, 10) > 620);
        // On one processor looking is slower: tried now and then.
        answers.looked(100, 10, 20);
        let tried = answers.looked(1280, 10, 20);
        assert!((2..12).contains(&tried), "{tried}");
        answers.looked(100, 40, 10);
        assert!(answers.looked(640, 40, 10) > 620);
    }

    #[test]
    fn a_quarter_at_least_is_what_looking_must_save() {
        let mut answers = Answers::new();
        answers.looked(100, 40, 32);
        assert!(answers.looked(640, 40, 32) < 64);
        answers.looked(500, 40, 28);
        assert!(answers.looked(640, 40, 28) > 500);
    }

    #[test]
    fn what_changes_is_noticed_within_some_tens_of_answers() {
        for ((asleep, looking), looks) in [
            // To the same processor; to a slow server; away from both.
            ((10, 12), false),
            ((90, 85), false),
            ((1000, 1100), false),
            ((2000, 2100), false),
            ((90, 30), true),
        ] {
            for before in [(40, 12), (40, 40), (12, 12), (300, 350)] {
                let mut answers = Answers::new();
                answers.looked(1000, before.0, before.1);
                // That only the way that is not in use is another now is noticed when that is tried.
                let same = before == (40, 12) && looking == 12;
                answers.looked(if same { 1000 } else { 50 }, asleep, looking);
                let looked = answers.looked(200, asleep, looking);
                assert_eq!(
                    looked > 100,
                    looks,
                    "{before:?} {asleep} {looking}: {looked}"
                );
                assert!(
                    !(30..170).contains(&looked),
                    "{before:?} {asleep} {looking}: {looked}"
                );
            }
        }
    }

    #[test]
    fn single_long_statements_change_nothing() {
        let mut answers = Answers::new();
        answers.looked(100, 40, 12);
        for _ in 0..1000 {
            answers.next(5000, 5000);
            assert!(answers.looked(50, 40, 12) >= 40);
        }
    }

    #[test]
    fn statements_that_take_turns_are_measured_alike() {
        let mut answers = Answers::new();
        let mut looked = 0;
        for _ in 0..1000 {
            looked += answers.looked(1, 40, 12);
            looked += answers.looked(1, 70, 45);
        }
        assert!(looked > 1500, "{looked}");
    }

    #[test]
    fn the_clock_is_seldom_read() {
        let mut answers = Answers::new();
        answers.looked(100, 40, 12);
        answers.readings = 0;
        answers.looked(1700, 40, 12);
        assert!(
            (150..=250).contains(&answers.readings),
            "{}",
            answers.readings
        );
    }

    #[test]
    fn long_answers_are_slept_through() {
        let mut answers = Answers::new();
        assert_eq!(answers.looked(1000, 1_000, 1_050), 0);
    }

    #[test]
    fn what_was_there_at_once_may_be_again() {
        for ways in [(40, 12), (10, 12)] {
            let mut answers = Answers::new();
            // From the first on.
            assert!((0..100).all(|_| answers.there() != Wait::Sleep));
            // Once it was not, it is looked for only now and then, before it is slept for ...
            answers.looked(100, ways.0, ways.1);
            let once = (0..680)
                .filter(|_| answers.next(ways.0, ways.1) == Wait::LookOnce)
                .count();
            assert!(once <= 20, "{once}");
            // ... and always, when it was.
            while answers.there() == Wait::Sleep {}
            assert!((0..1000).all(|_| answers.there() != Wait::Sleep));
            // A single one that was not changes nothing of that.
            answers.next(ways.0, ways.1);
            assert!((0..1000).all(|_| answers.there() != Wait::Sleep));
        }
    }

    #[test]
    fn zero_is_never_but_once() {
        let mut answers = Answers::new();
        answers.patience.set_most(Duration::ZERO);
        assert_eq!(answers.looked(1000, 1, 1), 0);
        assert_eq!(answers.readings, 0);
        while answers.there() == Wait::Sleep {}
        assert!((0..1000).all(|_| answers.there() == Wait::LookOnce));
    }
}
