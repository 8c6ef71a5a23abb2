//! The names of members that paths ask for, each with a number.
//!
//! A walk looks up each key of a record, so this is a table of its own rather than a hash map for hostile input:
//! what is in it comes from paths. Of most keys only the first and last bytes are compared.

/// Slots for each name, so that nearly all lookups end at the first one.
const SLOTS_PER_NAME: usize = 4;

/// Names, numbered from 0 in the order in which they were added.
#[derive(Debug, Default)]
pub(super) struct Names {
    names: Vec<Box<[u8]>>,
    /// Names by the place of their ends, each in the first free slot from there on. A power of two of them.
    slots: Vec<Option<(Ends, u32)>>,
}

/// The length of a name, and up to eight bytes from either end. Those of a short one are all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Ends(usize, u64, u64);

/// The longest name that its ends cover.
const MAX_COVERED: usize = 16;

impl Names {
    /// Returns the number of a name; adds it if it isn't there.
    pub fn add(&mut self, name: &[u8]) -> u32 {
        if let Some(known) = self.number(name) {
            return known;
        }
        let number = self.names.len() as u32;
        self.names.push(name.into());
        if self.names.len() * SLOTS_PER_NAME > self.slots.len() {
            let count = (self.names.len() * SLOTS_PER_NAME * 2).next_power_of_two();
            self.slots = vec![None; count];
            for number in 0..number {
                self.put(number);
            }
        }
        self.put(number);
        number
    }

    fn put(&mut self, number: u32) {
        let name = self.names.get(number as usize).map(AsRef::as_ref);
        let ends = Ends::of(name.unwrap_or_default());
        let mut at = ends.place();
        let mask = self.slots.len().saturating_sub(1);
        while let Some(slot) = self.slots.get_mut(at & mask) {
            if slot.is_none() {
                *slot = Some((ends, number));
                return;
            }
            at += 1;
        }
    }

    /// Returns the number of a name, none if it was never added.
    pub fn number(&self, name: &[u8]) -> Option<u32> {
        let mask = self.slots.len().checked_sub(1)?;
        let ends = Ends::of(name);
        let mut at = ends.place();
        loop {
            let (known, number) = (*self.slots.get(at & mask)?)?;
            let is_whole = || self.names.get(number as usize).map(AsRef::as_ref) == Some(name);
            if known == ends && (name.len() <= MAX_COVERED || is_whole()) {
                return Some(number);
            }
            at += 1;
        }
    }
}

impl Ends {
    fn of(name: &[u8]) -> Self {
        let eight = |bytes: Option<&[u8; 8]>| bytes.map(|bytes| u64::from_le_bytes(*bytes));
        let four = |bytes: Option<&[u8; 4]>| bytes.map(|bytes| u64::from(u32::from_le_bytes(*bytes)));
        let ends = eight(name.first_chunk()).zip(eight(name.last_chunk()));
        let ends = ends.or_else(|| four(name.first_chunk()).zip(four(name.last_chunk())));
        let (first, last) = ends.unwrap_or_else(|| {
            let word = name.iter().fold(0, |word, byte| word << 8 | u64::from(*byte));
            (word, 0)
        });
        Self(name.len(), first, last)
    }

    /// Where the name is looked for first.
    fn place(self) -> usize {
        const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;
        let Self(length, first, last) = self;
        let mixed = (first ^ last.rotate_left(29) ^ length as u64).wrapping_mul(MULTIPLIER);
        (mixed >> 40) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::Names;

    #[test]
    fn each_name_has_one_number_and_other_names_have_none() {
        let names: Vec<String> = (0..3000)
            .map(|number| format!("{}{number}", "x".repeat(number % 20)))
            .collect();
        let mut numbers = Names::default();
        assert_eq!(numbers.number(b""), None);
        for (number, name) in names.iter().enumerate() {
            assert_eq!(numbers.number(name.as_bytes()), None);
            assert_eq!(numbers.add(name.as_bytes()), number as u32);
            assert_eq!(numbers.add(name.as_bytes()), number as u32);
        }
        for (number, name) in names.iter().enumerate() {
            assert_eq!(numbers.number(name.as_bytes()), Some(number as u32));
            assert_eq!(numbers.number(format!("{name}_").as_bytes()), None);
        }
        assert_eq!(numbers.add(b""), 3000);
        assert_eq!(numbers.number(b""), Some(3000));
    }
}
