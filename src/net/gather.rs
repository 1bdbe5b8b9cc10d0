//! How to wait in the midst of a large result: not for every few kilobytes that the server writes, but a little longer,
//! for many of them at once.
//!
//! Who sleeps until something is there is woken by each write of the server's (8 KiB), which costs both sides more than
//! the bytes do. So where an answer keeps coming, the next of it is slept for by the clock, for as long as lets about
//! [`WANTED`] come: the server goes on meanwhile, into the socket's buffer, and wakes nobody. How long that is, is
//! learned from what came. Knows no socket, and no clock.

use std::time::Duration;

/// An answer of fewer bytes is waited for as any other.
const FROM: usize = 256 << 10;
/// What a pause is to let come: well below what sockets hold, so that the server never has to wait.
const WANTED: usize = 64 << 10;
/// The first pause, and the longest: it may be in vain, at the end of a result.
const FIRST: Duration = Duration::from_micros(100);
const LONGEST: Duration = Duration::from_micros(400);
/// Below that a timer is too coarse.
const SHORTEST: Duration = Duration::from_micros(40);
/// How many times nothing is paused for after a pause in vain.
const AFTER_NOTHING: u32 = 32;

/// What is known of the answer that is coming.
#[derive(Debug)]
pub(super) struct Gathering {
    /// How much of it has come.
    flow: usize,
    pause: Duration,
    /// So many times, no pause is to be made.
    resting: u32,
}

impl Default for Gathering {
    fn default() -> Gathering {
        Gathering {
            flow: 0,
            pause: FIRST,
            resting: 0,
        }
    }
}

impl Gathering {
    /// Something was sent: another answer begins.
    #[inline]
    pub(super) fn asked(&mut self) {
        self.flow = 0;
    }

    /// Something was received.
    #[inline]
    pub(super) fn received(&mut self, count: usize) {
        self.flow = self.flow.saturating_add(count);
    }

    /// How long to pause where nothing more is there yet.
    #[inline]
    pub(super) fn pause(&mut self) -> Option<Duration> {
        if self.flow < FROM {
            return None;
        }
        if self.resting > 0 {
            self.resting -= 1;
            return None;
        }
        Some(self.pause)
    }

    /// So much had come by the end of a pause, where there was room for `room`.
    pub(super) fn paused(&mut self, count: usize, room: usize) {
        if count == 0 {
            // It ends, or comes slowly.
            self.resting = AFTER_NOTHING;
            self.pause = FIRST;
        } else if count >= WANTED / 2 * 3 {
            self.pause /= 2;
            if self.pause < SHORTEST {
                // It comes so fast that there is nothing to wait for.
                self.resting = AFTER_NOTHING;
                self.pause = FIRST;
            }
        } else if count < WANTED / 2 && count < room {
            self.pause = (self.pause * 2).min(LONGEST);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pauses while so many bytes come in a microsecond; the last pauses and what they brought.
    fn learned(rate: f64) -> (Duration, usize) {
        let mut gathering = Gathering::default();
        gathering.received(FROM);
        let mut last = (Duration::ZERO, 0);
        for _ in 0..100 {
            if let Some(pause) = gathering.pause() {
                let came = (pause.as_secs_f64() * 1e6 * rate) as usize;
                gathering.paused(came, 256 << 10);
                last = (pause, came);
            }
        }
        last
    }

    #[test]
    fn small_answers_are_not_paused_for() {
        let mut gathering = Gathering::default();
        gathering.received(FROM - 1);
        assert_eq!(gathering.pause(), None);
        gathering.received(1);
        assert_eq!(gathering.pause(), Some(FIRST));
        gathering.asked();
        assert_eq!(gathering.pause(), None);
    }

    #[test]
    fn a_pause_lets_about_as_much_come_as_is_wanted() {
        for rate in [100.0, 200.0, 400.0, 900.0] {
            let (pause, came) = learned(rate);
            assert!(pause <= LONGEST && pause >= SHORTEST);
            assert!(
                (WANTED / 2..WANTED * 2).contains(&came) || pause == LONGEST,
                "{rate}: {pause:?} {came}"
            );
        }
    }

    #[test]
    fn what_comes_slowly_or_too_fast_is_not_paused_for_often() {
        for rate in [0.0, 5000.0] {
            let mut gathering = Gathering::default();
            gathering.received(FROM);
            let mut pauses = 0;
            for _ in 0..330 {
                if let Some(pause) = gathering.pause() {
                    pauses += 1;
                    let came = (pause.as_secs_f64() * 1e6 * rate) as usize;
                    gathering.paused(came, 1 << 20);
                }
            }
            assert!((5..=30).contains(&pauses), "{rate}: {pauses}");
        }
    }

    #[test]
    fn a_full_buffer_says_nothing_of_the_rate() {
        let mut gathering = Gathering::default();
        gathering.received(FROM);
        gathering.paused(100, 100);
        assert_eq!(gathering.pause(), Some(FIRST));
    }
}
