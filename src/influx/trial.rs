//! Finds the lines that a server refuses, by halving. Pure: takes verdicts, gives ranges to send.
//!
//! A line is condemned only when the server is known to take other lines: because its words are
//! about lines, because it took others of this body, or because it took again what it had taken
//! before. Otherwise a wrong address or a full disk would condemn everything.

use std::ops::Range;

use super::answer::Poison;

/// Doubtful refusals after which it is time to ask whether the server takes anything at all.
const DOUBTS_MAX: usize = 32;

/// What became of one range.
#[derive(Debug, Clone)]
pub(super) enum Verdict {
    Stored,
    Refused(Poison),
    TooLarge(Poison),
}

/// Lines that are set aside, with the server's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Condemned {
    pub(super) lines: Range<usize>,
    pub(super) status: u16,
    pub(super) message: String,
}

/// The search through one body.
#[derive(Debug)]
pub(super) struct Trial {
    /// Ranges still to be sent, the next one last.
    open: Vec<Range<usize>>,
    condemned: Vec<Condemned>,
    requests_left: usize,
    /// The server took something since the body was first sent, or its words leave no doubt.
    trusted: bool,
    doubts: usize,
    whole: usize,
}

impl Trial {
    pub(super) fn new(lines: usize, requests_max: usize) -> Self {
        let open = if lines == 0 { Vec::new() } else { std::iter::once(0..lines).collect() };
        let (condemned, trusted) = (Vec::new(), false);
        Self { open, condemned, requests_left: requests_max, trusted, doubts: 0, whole: lines }
    }

    /// The next lines to send, in their order.
    pub(super) fn next(&mut self) -> Option<Range<usize>> {
        self.open.pop()
    }

    /// How often an error of the server itself is borne for this range before it counts as a
    /// refusal. Single lines get more chances than the groups on the way to them.
    pub(super) const fn patience(&self, lines: &Range<usize>) -> u32 {
        match lines.end.saturating_sub(lines.start) {
            n if n == self.whole => 5,
            1 => 3,
            _ => 2,
        }
    }

    /// Takes the verdict on a range.
    pub(super) fn judge(&mut self, lines: Range<usize>, verdict: Verdict) {
        self.requests_left = self.requests_left.saturating_sub(1);
        let poison = match verdict {
            Verdict::Stored => {
                self.trusted = true;
                return;
            }
            Verdict::TooLarge(poison) if lines.len() > 1 => {
                // A smaller body says nothing against the lines.
                drop(poison);
                return self.halve(&lines);
            }
            Verdict::Refused(poison) | Verdict::TooLarge(poison) => poison,
        };
        self.trusted |= poison.certain;
        if !poison.named.is_empty() {
            // All others are stored.
            self.condemned.extend(poison.named.into_iter().map(|named| {
                let line = lines.start.saturating_add(named.line);
                let (status, message) = (poison.status, named.message);
                Condemned { lines: line..line.saturating_add(1), status, message }
            }));
            return;
        }
        self.doubts += usize::from(!poison.certain);
        let all_dropped = poison.dropped.is_some_and(|dropped| dropped >= lines.len());
        if lines.len() == 1 || all_dropped || self.requests_left == 0 {
            let Poison { status, message, .. } = poison;
            self.condemned.push(Condemned { lines, status, message });
        } else {
            self.halve(&lines);
        }
    }

    fn halve(&mut self, lines: &Range<usize>) {
        let middle = lines.start.midpoint(lines.end);
        self.open.push(middle..lines.end);
        self.open.push(lines.start..middle);
    }

    /// Whether it must be found out now that the server takes anything at all. With a line at
    /// hand that was taken before, that is cheap and done at the first doubt.
    pub(super) const fn in_doubt(&self, has_witness: bool) -> bool {
        let enough = has_witness || self.doubts >= DOUBTS_MAX || self.open.is_empty();
        !self.trusted && self.doubts > 0 && enough
    }

    /// The server takes other lines: its refusals count.
    pub(super) const fn trust(&mut self) {
        self.trusted = true;
    }

    /// The lines to set aside.
    pub(super) fn end(self) -> Vec<Condemned> {
        self.condemned
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::super::answer::Named;
    use super::*;

    fn poison(certain: bool, dropped: Option<usize>) -> Poison {
        Poison { status: 400, message: "no".to_owned(), certain, dropped, named: Vec::new() }
    }

    /// A server that stores all or nothing. Gives back what was stored, condemned, requests.
    fn run(lines: usize, bad: &BTreeSet<usize>, max: usize) -> (Vec<usize>, Vec<usize>, usize) {
        let mut trial = Trial::new(lines, max);
        let (mut stored, mut requests) = (Vec::new(), 0);
        while let Some(range) = trial.next() {
            requests += 1;
            if range.clone().any(|line| bad.contains(&line)) {
                trial.judge(range, Verdict::Refused(poison(true, None)));
            } else {
                stored.extend(range.clone());
                trial.judge(range, Verdict::Stored);
            }
        }
        let condemned = trial.end().into_iter().flat_map(|found| found.lines).collect();
        (stored, condemned, requests)
    }

    proptest! {
        #[test]
        fn exactly_the_bad_lines_are_condemned(
            lines in 1usize..600,
            bad in prop::collection::btree_set(0usize..600, 0..8),
        ) {
            let bad: BTreeSet<usize> = bad.into_iter().filter(|line| *line < lines).collect();
            let (stored, condemned, requests) = run(lines, &bad, 2000);
            prop_assert!(stored.iter().all(|line| !bad.contains(line)));
            prop_assert!(stored.is_sorted(), "older lines go first");
            prop_assert_eq!(stored.len() + bad.len(), lines);
            prop_assert_eq!(condemned.into_iter().collect::<BTreeSet<_>>(), bad.clone());
            prop_assert!(requests <= 1 + bad.len() * 2 * 10);
        }
    }

    #[test]
    fn the_search_is_capped_and_loses_nothing() {
        let bad = (0..500).collect();
        let (stored, condemned, requests) = run(500, &bad, 50);
        assert!(requests < 70, "{requests}");
        assert_eq!((stored.len(), condemned.len()), (0, 500));
    }

    #[test]
    fn a_server_that_counts_what_it_dropped_ends_the_search() {
        let mut trial = Trial::new(5000, 2000);
        let all = trial.next().expect("all");
        trial.judge(all, Verdict::Refused(poison(true, Some(5000))));
        assert_eq!(trial.next(), None);
        assert_eq!(trial.end()[0].lines, 0..5000);
    }

    #[test]
    fn lines_that_the_server_names_end_the_search() {
        let mut trial = Trial::new(100, 2000);
        trial.judge(0..50, Verdict::TooLarge(poison(false, None)));
        let named = |line| Named { line, message: "conflict".to_owned(), start: String::new() };
        let refused = Poison { named: vec![named(3), named(7)], ..poison(true, None) };
        trial.judge(25..50, Verdict::Refused(refused));
        let condemned: Vec<Range<usize>> = trial.end().into_iter().map(|c| c.lines).collect();
        assert_eq!(condemned, [28..29, 32..33]);
    }

    #[test]
    fn doubts_are_raised_before_anything_is_condemned_by_them() {
        let mut trial = Trial::new(100, 2000);
        let all = trial.next().expect("all");
        trial.judge(all, Verdict::Refused(poison(false, None)));
        assert!(trial.in_doubt(true), "with a witness at once");
        assert!(!trial.in_doubt(false), "else only after a search");
        let half = trial.next().expect("half");
        trial.judge(half, Verdict::Stored);
        assert!(!trial.in_doubt(true), "the server takes other lines");
    }

    #[test]
    fn a_body_that_is_too_large_is_only_halved() {
        let mut trial = Trial::new(3, 2000);
        let all = trial.next().expect("all");
        trial.judge(all, Verdict::TooLarge(poison(false, None)));
        assert!(!trial.in_doubt(true));
        assert_eq!((trial.next(), trial.next()), (Some(0..1), Some(1..3)));
    }
}
