//! Where a cursor on the server stands, as far as its command tags tell (manual, FETCH: a cursor is before the
//! first row, on a row, or behind the last).

/// Where FETCH and MOVE have brought a cursor. What else moves it, such as a MOVE of the user's own, is not seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Of the row that FETCH would give next, from 0; `None` when it cannot be known.
    next: Option<u64>,
    /// Whether it stands behind the last row, not on it: from there, the first step back leads onto the last row.
    behind_last: bool,
    /// How many rows there are, once the end was met.
    total: Option<u64>,
}

impl Place {
    /// Before the first row.
    pub(super) const START: Place = Place {
        next: Some(0),
        behind_last: false,
        total: None,
    };

    /// Of the next row, from 0; `None` when it cannot be known.
    pub(super) fn next(&self) -> Option<u64> {
        self.next
    }

    /// Whether it stands behind the last row.
    pub(super) fn is_behind_last(&self) -> bool {
        self.behind_last
    }

    /// Takes note that of `asked` rows forward there were `found`.
    pub(super) fn forward(&mut self, asked: u64, found: u64) {
        self.next = self.next.map(|next| next.saturating_add(found));
        if found < asked {
            self.behind_last = true;
            self.total = self.next.or(self.total);
            self.next = self.total;
        }
    }

    /// Takes note that of `asked` rows backward there were `found`.
    pub(super) fn backward(&mut self, asked: u64, found: u64) {
        if asked == 0 {
            return;
        }
        if found < asked {
            self.next = Some(0);
        } else {
            // The first step from behind the last row is onto it.
            let end = u64::from(self.behind_last);
            self.next = self
                .next
                .map(|next| next.saturating_add(end).saturating_sub(found));
        }
        self.behind_last = false;
    }

    /// Takes note that it was sent to row `number`, from 1, and whether there is one; 0 is before the first.
    pub(super) fn absolute(&mut self, number: u64, found: bool) {
        if found || number == 0 {
            self.next = Some(number);
            self.behind_last = false;
        } else {
            self.next = self.total;
            self.behind_last = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The server's rule (its portal's position), for a result of `total` rows.
    struct Portal {
        total: u64,
        /// 0: before the first row; `total` + 1: behind the last.
        on: u64,
    }

    impl Portal {
        fn forward(&mut self, count: u64) -> u64 {
            let before = self.on.min(self.total);
            self.on = self.on.saturating_add(count).min(self.total + 1);
            self.on.min(self.total) - before
        }

        fn backward(&mut self, count: u64) -> u64 {
            let moved = count.min(self.on.saturating_sub(1));
            self.on = self.on.saturating_sub(count);
            moved
        }

        fn absolute(&mut self, number: u64) -> bool {
            self.on = number.min(self.total + 1);
            (1..=self.total).contains(&self.on)
        }

        fn next(&self) -> u64 {
            self.on.min(self.total)
        }
    }

    #[test]
    fn every_walk_of_four_steps_ends_where_the_server_stands() {
        // Step 0 to 4: forward; 5 to 9: backward; from 10 on: absolute.
        const STEPS: u32 = 16;
        for total in 0..4 {
            for walk in 0..STEPS.pow(4) {
                let mut portal = Portal { total, on: 0 };
                let mut place = Place::START;
                let mut rest = walk;
                for _ in 0..4 {
                    let step = u64::from(rest % STEPS);
                    rest /= STEPS;
                    match step {
                        0..=4 => place.forward(step, portal.forward(step)),
                        5..=9 => place.backward(step - 5, portal.backward(step - 5)),
                        _ => place.absolute(step - 10, portal.absolute(step - 10)),
                    }
                    if let Some(next) = place.next() {
                        assert_eq!(
                            next,
                            portal.next(),
                            "{total} rows, walk {walk:x}: {place:?}"
                        );
                    }
                    assert_eq!(place.is_behind_last(), portal.on > total, "{walk:x}");
                }
            }
        }
    }

    #[test]
    fn only_an_absolute_step_past_an_end_never_met_makes_it_unknown() {
        let mut place = Place::START;
        place.absolute(100, false);
        assert_eq!(place.next(), None);
        place.backward(1, 1);
        assert_eq!(place.next(), None);
        place.backward(100, 9);
        assert_eq!(place.next(), Some(0));
        place.forward(u64::MAX, 10);
        place.absolute(100, false);
        assert_eq!(place.next(), Some(10));
    }
}
