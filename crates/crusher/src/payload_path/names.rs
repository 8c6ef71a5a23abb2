//! The names of members that paths ask for, each with a number.
//!
//! A walk looks up each key of a record, so this is a table of its own rather than a hash map for hostile input:
//! what is in it comes from paths, and a key that isn't in it is left behind after a look at its first and last
//! bytes.

/// Slots for each name, so that nearly all lookups end at the first one.
const SLOTS_PER_NAME: usize = 4;

/// Names, numbered from 0 in the order in which they were added.
#[derive(Debug, Default)]
pub(super) struct Names {
    names: Vec<Box<[u8]>>,
    /// Numbers of names by `place`, each in the first free slot from there on. A power of two of them.
    slots: Vec<Option<u32>>,
}

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
        let mut at = place(name.unwrap_or_default());
        let mask = self.slots.len().saturating_sub(1);
        while let Some(slot) = self.slots.get_mut(at & mask) {
            if slot.is_none() {
                *slot = Some(number);
                return;
            }
            at += 1;
        }
    }

    /// Returns the number of a name, none if it was never added.
    pub fn number(&self, name: &[u8]) -> Option<u32> {
        let mask = self.slots.len().checked_sub(1)?;
        let mut at = place(name);
        loop {
            let number = (*self.slots.get(at & mask)?)?;
            if self
                .names
                .get(number as usize)
                .is_some_and(|known| **known == *name)
            {
                return Some(number);
            }
            at += 1;
        }
    }
}

/// Where a name is looked for first: a hash of its length and of up to eight bytes from either end.
fn place(name: &[u8]) -> usize {
    const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;
    let word = |bytes: Option<&[u8; 8]>| bytes.map(|bytes| u64::from_le_bytes(*bytes));
    let (first, last) = match (word(name.first_chunk()), word(name.last_chunk())) {
        (Some(first), Some(last)) => (first, last),
        _ => (name.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)), 0),
    };
    let mixed = (first ^ last.rotate_left(29) ^ name.len() as u64).wrapping_mul(MULTIPLIER);
    (mixed >> 40) as usize
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
