//! Chooses the units and names of an excerpt within a budget, and prints them.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::decisions::note;
use crate::excerpt::survey::{PATTERN, URGENT, Unit};
use crate::excerpt::vocabulary::{TextWord, Vocabulary};
use crate::tokens;

/// Shares of an excerpt, in hundredths: for the head, the tail, what rules ask for, and names.
const HEAD_SHARE: u64 = 5;
const TAIL_SHARE: u64 = 3;
const RULES_SHARE: u64 = 8;
const NAMES_SHARE: u64 = 60;
/// Tokens of a gap.
const GAP_TOKENS: u64 = 2;
/// Stands between the lines and the names.
const ALSO: &str = "\n… also:";
/// Tokens of `ALSO`.
const ALSO_TOKENS: u64 = 4;
/// A longer word is no name.
const MAX_NAME_BYTES: u32 = 120;
/// After so many parts that don't fit, the search ends, to bound its time.
const MAX_MISSES: u32 = 32;

/// What stays visible of a text.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Excerpt {
    pub text: String,
    /// Lines of the text.
    pub lines_total: u32,
    /// Lines that stay, at least in part.
    pub lines_kept: u32,
    /// How many units each rule chose, and how many names.
    pub rules: Vec<(&'static str, u64)>,
}

/// A part that an excerpt may show.
#[derive(Clone, Copy, Debug)]
enum Part {
    /// The unit at this place of the list.
    Unit(usize),
    /// The word of this number.
    Name(usize),
}

/// The parts of a text that are chosen, the most important first.
pub(crate) struct Choice<'t, 'k> {
    text: &'t str,
    units: &'t [Unit],
    /// The words of all units.
    words: &'t [u32],
    vocabulary: Vocabulary<'k>,
    costs: Vec<u64>,
    is_taken: Vec<bool>,
    /// The parts that were taken, in order, each with its price and its rule.
    taken: Vec<(Part, u64, &'static str)>,
    /// The rule that takes parts now.
    rule: &'static str,
    left: u64,
}

impl<'t, 'k> Choice<'t, 'k> {
    /// Chooses among the units and the words of a text.
    pub fn new(
        text: &'t str,
        units: &'t [Unit],
        words: &'t [u32],
        vocabulary: Vocabulary<'k>,
        max_tokens: u64,
    ) -> Self {
        let cost = |unit: &Unit| tokens::estimate(unit.of(text).as_bytes()) as u64 + 1;
        let mut this = Self {
            text,
            units,
            words,
            vocabulary,
            costs: units.iter().map(cost).collect(),
            is_taken: vec![false; units.len()],
            taken: Vec::new(),
            rule: "head",
            left: max_tokens.saturating_sub(GAP_TOKENS),
        };
        this.take_ends(max_tokens);
        this.take_urgent();
        let names = this.names_cost(this.left * NAMES_SHARE / 100);
        this.left -= names;
        this.take_new();
        this.left += names;
        this.take_names();
        this.take_beginning(u64::MAX);
        this
    }

    fn is_taken(&self, at: Option<usize>) -> bool {
        at.is_some_and(|at| self.is_taken.get(at).copied().unwrap_or(false))
    }

    fn ordinal(&self, at: usize) -> Option<u32> {
        self.units.get(at).map(|unit| unit.ordinal)
    }

    /// Returns what it costs to take a unit, with the gaps that open or close around it.
    fn price(&self, at: usize) -> u64 {
        let cost = self.costs.get(at).copied().unwrap_or(u64::MAX / 2);
        let ordinal = self.ordinal(at);
        let before = at.checked_sub(1);
        let follows = ordinal == Some(0)
            || (self.is_taken(before) && before.and_then(|at| self.ordinal(at)).map(|at| at + 1) == ordinal);
        let leads = self.is_taken(Some(at + 1)) && self.ordinal(at + 1) == ordinal.map(|at| at + 1);
        match (follows, leads) {
            (false, false) => cost + GAP_TOKENS,
            (true, true) => cost.saturating_sub(GAP_TOKENS).max(1),
            _ => cost,
        }
    }

    /// Takes a unit if a share of the budget pays for it. Returns true if it is taken now, or was before.
    fn take(&mut self, at: usize, share: &mut u64) -> bool {
        if self.is_taken(Some(at)) {
            return true;
        }
        let price = self.price(at);
        let Some(unit) = self
            .units
            .get(at)
            .filter(|_| price <= *share && price <= self.left)
        else {
            return false;
        };
        if let Some(is_taken) = self.is_taken.get_mut(at) {
            *is_taken = true;
        }
        self.vocabulary.show(unit.words(self.words));
        *share -= price;
        self.left -= price;
        self.taken.push((Part::Unit(at), price, self.rule));
        true
    }

    /// Takes units from the start, up to the first that costs too much.
    fn take_beginning(&mut self, mut share: u64) {
        self.rule = "head";
        // The survey notes every unit at the start of the text, but only some further on.
        let run = self
            .units
            .iter()
            .zip(0_u32..)
            .take_while(|(unit, at)| unit.ordinal == *at)
            .count();
        (0..run).take_while(|at| self.take(*at, &mut share)).count();
    }

    /// Takes units with the caller's patterns, and a little of the head and the tail. However small their
    /// shares, the first and the last unit may each cost a fifth.
    fn take_ends(&mut self, max_tokens: u64) {
        let mut whole = u64::MAX;
        self.rule = "pattern";
        for at in self.by_score(PATTERN) {
            self.take(at, &mut whole);
        }
        let share = |hundredths: u64, end: Option<&u64>| {
            (max_tokens * hundredths / 100).max(end.map_or(0, |cost| cost + GAP_TOKENS).min(max_tokens / 5))
        };
        let (head, mut tail) = (
            share(HEAD_SHARE, self.costs.first()),
            share(TAIL_SHARE, self.costs.last()),
        );
        self.take_beginning(head);
        self.rule = "tail";
        (0..self.units.len())
            .rev()
            .take_while(|at| self.take(*at, &mut tail))
            .count();
    }

    /// Takes units that rules ask for, the most urgent first. The first may cost a third.
    fn take_urgent(&mut self) {
        self.rule = "urgent";
        let urgent = self.by_score(URGENT);
        let first = urgent.iter().find(|at| !self.is_taken(Some(**at)));
        let most = first.map_or(0, |at| self.price(*at).min(self.left / 3));
        let mut share = (self.left * RULES_SHARE / 100).max(most);
        let mut misses = 0;
        for at in urgent {
            misses += u32::from(!self.take(at, &mut share));
            if misses > MAX_MISSES {
                break;
            }
        }
    }

    /// Returns the units with at least this score, the highest first.
    fn by_score(&self, least: u32) -> Vec<usize> {
        let score = |at: &usize| self.units.get(*at).map_or(0, |unit| unit.score);
        let mut places: Vec<usize> = (0..self.units.len()).filter(|at| score(at) >= least).collect();
        places.sort_unstable_by_key(|at| (Reverse(score(at)), *at));
        places
    }

    /// Takes the units that show most for their price, as long as one shows anything new.
    fn take_new(&mut self) {
        self.rule = "coverage";
        let mut heap: BinaryHeap<(u64, Reverse<usize>)> = (0..self.units.len())
            .filter(|at| !self.is_taken(Some(*at)))
            .map(|at| (self.density(at), Reverse(at)))
            .collect();
        let mut whole = u64::MAX;
        let mut misses = 0;
        while let Some((density, Reverse(at))) = heap.pop() {
            if density == 0 || misses > MAX_MISSES {
                return;
            }
            if self.is_taken(Some(at)) {
                continue;
            }
            // Units taken since may show the same words. Then this one goes back into the queue.
            let now = self.density(at);
            if now < density {
                heap.push((now, Reverse(at)));
            } else if self.take(at, &mut whole) {
                // Its neighbours cost less now, since they need no gap.
                for near in [at.wrapping_sub(1), at + 1] {
                    if near < self.units.len() && !self.is_taken(Some(near)) {
                        heap.push((self.density(near), Reverse(near)));
                    }
                }
            } else {
                misses += 1;
            }
        }
    }

    /// Returns how much a unit would show for its price.
    fn density(&self, at: usize) -> u64 {
        let Some(unit) = self.units.get(at) else { return 0 };
        let gain = u64::from(self.vocabulary.gain(unit.words(self.words)));
        // The score of a unit makes its words worth up to half as much again.
        let worth = gain * u64::from(2 * URGENT + unit.score.min(URGENT));
        (worth << 8) / self.price(at)
    }

    /// Returns the new words that nothing shows yet, with their numbers and costs.
    fn hidden(&self) -> impl Iterator<Item = (&TextWord, usize, u64)> {
        let entries = self.vocabulary.entries.iter().zip(0..);
        entries
            .filter(|(entry, _)| !entry.is_shown && entry.is_new() && entry.bytes <= MAX_NAME_BYTES)
            .map(|(entry, number)| {
                let cost = tokens::estimate(self.name(number).as_bytes()) as u64 + 1;
                (entry, number, cost)
            })
    }

    /// Returns what all names would cost, but at most `share`.
    fn names_cost(&self, share: u64) -> u64 {
        let mut all = 0;
        for (_, _, cost) in self.hidden() {
            all += cost;
            if all >= share {
                return share;
            }
        }
        all
    }

    /// Takes names from what is left out, those worth most for their cost first.
    fn take_names(&mut self) {
        // Without lines, nothing stands before the names.
        let also = if self.taken.is_empty() { 0 } else { ALSO_TOKENS };
        let Some(left) = self.left.checked_sub(also) else {
            return;
        };
        self.left = left;
        let mut names: Vec<(u64, usize, u64)> = self
            .hidden()
            .map(|(entry, number, cost)| ((u64::from(entry.worth()) << 16) / cost, number, cost))
            .collect();
        names.sort_unstable_by_key(|(density, number, _)| (Reverse(*density), *number));
        let mut misses = 0;
        for (_, number, cost) in names {
            if self
                .vocabulary
                .entries
                .get(number)
                .is_none_or(|entry| entry.is_shown)
            {
                continue;
            }
            if cost <= self.left {
                self.left -= cost;
                self.taken.push((Part::Name(number), cost, "name"));
                self.vocabulary.show_text(self.name(number).as_bytes());
            } else {
                misses += 1;
                if misses > MAX_MISSES {
                    return;
                }
            }
        }
    }

    /// Returns a word as the text first has it, with the joiners on its left: the slash of a path, the dot of
    /// an extension.
    fn name(&self, number: usize) -> &'t str {
        let Some(entry) = self.vocabulary.entries.get(number) else {
            return "";
        };
        let (start, end) = (entry.start as usize, (entry.start + entry.bytes) as usize);
        let before = self.text.as_bytes().get(..start).unwrap_or_default().iter().rev();
        let joiners = before
            .take(3)
            .take_while(|byte| matches!(byte, b'/' | b'.' | b'-' | b'@' | b'#' | b'~' | b'$'))
            .count();
        self.text.get(start - joiners..end).unwrap_or_default()
    }

    /// Gives back the parts that were taken last, until so many tokens are free.
    pub fn give_back(&mut self, tokens: u64) {
        let mut freed = 0;
        while freed < tokens
            && let Some((_, cost, _)) = self.taken.pop()
        {
            freed += cost;
        }
    }

    /// Prints the parts that were taken: the units in order, with gaps as `…`, then the names. `lines` is the
    /// number of lines of the text.
    pub fn print(&self, lines: u32) -> Excerpt {
        let (mut units, mut names): (Vec<&Unit>, Vec<usize>) = (Vec::new(), Vec::new());
        let mut excerpt = Excerpt {
            lines_total: lines,
            ..Excerpt::default()
        };
        for (part, _, rule) in &self.taken {
            note(&mut excerpt.rules, rule, 1);
            match part {
                Part::Unit(at) => units.extend(self.units.get(*at)),
                Part::Name(number) => names.push(*number),
            }
        }
        units.sort_unstable_by_key(|unit| unit.ordinal);
        let out = &mut excerpt.text;
        let mut last: Option<&Unit> = None;
        for unit in units {
            Self::gap(last, Some(unit), lines, out);
            out.push_str(unit.of(self.text));
            excerpt.lines_kept += u32::from(last.is_none_or(|last| last.line != unit.line));
            last = Some(unit);
        }
        if names.is_empty() {
            Self::gap(last, None, lines, out);
            return excerpt;
        }
        match last {
            Some(_) => out.push_str(ALSO),
            None => out.push('…'),
        }
        names.sort_unstable_by_key(|number| self.vocabulary.entries.get(*number).map(|entry| entry.start));
        for number in names {
            out.push(' ');
            out.push_str(self.name(number));
        }
        excerpt
    }

    /// Prints what comes between two units, before the first, or behind the last.
    fn gap(last: Option<&Unit>, next: Option<&Unit>, lines: u32, out: &mut String) {
        let is_gap = match (last, next) {
            (Some(last), Some(next)) => next.ordinal != last.ordinal + 1,
            (Some(last), None) => !last.ends_line || last.line + 1 != lines,
            (None, next) => next.is_none_or(|next| next.ordinal != 0),
        };
        let same_line = matches!((last, next), (Some(last), Some(next)) if last.line == next.line);
        match (is_gap, same_line) {
            (true, true) => out.push_str(" … "),
            (true, false) => {
                if last.is_some_and(|last| !last.ends_line) {
                    out.push_str(" …");
                }
                if !out.is_empty() {
                    out.push('\n');
                }
                out.push('…');
                match next {
                    Some(next) if next.starts_line => out.push('\n'),
                    Some(_) => out.push(' '),
                    None => {}
                }
            }
            (false, true) => {}
            (false, false) => {
                if last.is_some() && next.is_some() {
                    out.push('\n');
                }
            }
        }
    }
}
