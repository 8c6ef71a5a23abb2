//! Merges the key sequences of objects into one order of columns.

use crate::hashing::Map;
use crate::json::tape::Doc;

/// The most key orders that are told apart.
const MAX_KEY_ORDERS: usize = 64;
/// Up to this many keys are compared one by one, which is faster than sorting them.
const FEW_KEYS: usize = 16;

/// The keys of an object, in order.
pub(crate) struct KeyOrder<'a> {
    keys: Vec<&'a [u8]>,
    /// The child number of each key; none for a key order that doesn't fit.
    pub children: Option<Vec<usize>>,
}

/// The key orders of objects at one level, and the common order of their keys.
#[derive(Default)]
pub(crate) struct KeyOrders<'a> {
    /// Keys by child number.
    pub keys: Vec<&'a [u8]>,
    /// Child numbers in column order.
    pub column_order: Vec<usize>,
    pub orders: Vec<KeyOrder<'a>>,
    last: usize,
    /// Children by key, and key orders by key sequence; empty as long as there is one key order.
    by_key: Map<&'a [u8], usize>,
    by_sequence: Map<Vec<&'a [u8]>, usize>,
}

impl<'a> KeyOrders<'a> {
    /// Returns the number of an object's key order; none if it doesn't fit.
    pub fn order_of(&mut self, doc: &Doc<'a>, object: u32, max_columns: usize) -> Option<usize> {
        let count = doc.node(object).count as usize;
        let matches = |order: &KeyOrder<'_>| {
            order.keys.len() == count
                && order
                    .keys
                    .iter()
                    .zip(doc.members(object))
                    .all(|(key, (at, _))| *key == doc.inner(doc.node(at)))
        };
        if self.orders.get(self.last).is_some_and(matches) {
            return self.fitting(self.last);
        }
        if count > max_columns {
            return None;
        }
        let keys: Vec<&'a [u8]> = doc
            .members(object)
            .map(|(key, _)| doc.inner(doc.node(key)))
            .collect();
        if let Some(known) = self.by_sequence.get(&keys) {
            self.last = *known;
            return self.fitting(*known);
        }
        if self.orders.len() >= MAX_KEY_ORDERS {
            return None;
        }
        let children = if has_repeats(&keys) {
            None
        } else if self.keys.is_empty() {
            self.keys.clone_from(&keys);
            self.column_order = (0..keys.len()).collect();
            Some(self.column_order.clone())
        } else {
            self.merge(&keys, max_columns)
        };
        self.last = self.orders.len();
        self.orders.push(KeyOrder { keys, children });
        if self.last > 0 {
            let known = self.by_sequence.len();
            let new = self
                .orders
                .iter()
                .enumerate()
                .skip(known)
                .map(|(at, order)| (order.keys.clone(), at));
            self.by_sequence.extend(new);
        }
        self.fitting(self.last)
    }

    /// Returns the number of a key order, if it fits.
    fn fitting(&self, order: usize) -> Option<usize> {
        self.orders
            .get(order)
            .filter(|found| found.children.is_some())
            .map(|_| order)
    }

    /// Merges a key sequence into the column order, with new keys behind their predecessor. Returns the child
    /// number of each key; none if the sequence contradicts the order or would make too many columns.
    fn merge(&mut self, keys: &[&'a [u8]], max_columns: usize) -> Option<Vec<usize>> {
        if self.by_key.is_empty() {
            self.by_key = self
                .keys
                .iter()
                .enumerate()
                .map(|(child, key)| (*key, child))
                .collect();
        }
        let mut place = vec![usize::MAX; self.keys.len()];
        for (at, child) in self.column_order.iter().enumerate() {
            if let Some(place) = place.get_mut(*child) {
                *place = at;
            }
        }
        let mut known_places = keys
            .iter()
            .filter_map(|key| self.by_key.get(key))
            .filter_map(|child| place.get(*child));
        let mut previous = None;
        if !known_places.all(|place| previous.replace(*place).is_none_or(|previous| previous < *place)) {
            return None;
        }
        let new = keys.iter().filter(|key| !self.by_key.contains_key(**key)).count();
        if self.keys.len() + new > max_columns {
            return None;
        }
        let mut column_order = Vec::with_capacity(self.column_order.len() + new);
        let mut rest = self.column_order.iter().copied();
        let mut children = Vec::with_capacity(keys.len());
        for key in keys {
            let child = if let Some(child) = self.by_key.get(key) {
                column_order.extend(rest.by_ref().take_while(|other| other != child));
                *child
            } else {
                let child = self.keys.len();
                self.keys.push(key);
                self.by_key.insert(key, child);
                child
            };
            column_order.push(child);
            children.push(child);
        }
        column_order.extend(rest);
        self.column_order = column_order;
        Some(children)
    }
}

/// The most shapes that the writer gives to a table.
const MAX_SPLIT: usize = 16;

/// Groups rows that have the same sequence of keys, for the most common sequences. Each group has two rows or
/// more, as positions in `rows`. None if there are fewer than two groups, or if they hold half of the rows or
/// fewer.
pub(crate) fn split(doc: &Doc<'_>, rows: &[u32]) -> Option<Vec<Vec<usize>>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let mut known: Map<Vec<&[u8]>, usize> = Map::default();
    let mut keys: Vec<&[u8]> = Vec::new();
    for (at, row) in rows.iter().enumerate() {
        let node = doc.node(*row);
        if node.kind != crate::json::tape::Kind::Object || node.count == 0 {
            continue;
        }
        keys.clear();
        keys.extend(doc.members(*row).map(|(key, _)| doc.inner(doc.node(key))));
        let group = match known.get(&keys) {
            Some(group) => *group,
            None if groups.len() < MAX_KEY_ORDERS => {
                known.insert(keys.clone(), groups.len());
                groups.push(Vec::new());
                groups.len() - 1
            }
            None => continue,
        };
        if let Some(group) = groups.get_mut(group) {
            group.push(at);
        }
    }
    groups.retain(|group| group.len() > 1);
    // The sort is stable: of two equally common sequences, the first one in the text comes first.
    groups.sort_by_key(|group| std::cmp::Reverse(group.len()));
    groups.truncate(MAX_SPLIT);
    let split: usize = groups.iter().map(Vec::len).sum();
    (groups.len() > 1 && split * 2 > rows.len()).then_some(groups)
}

/// Returns true if a key stands twice.
fn has_repeats(keys: &[&[u8]]) -> bool {
    if keys.len() <= FEW_KEYS {
        let mut rest = keys;
        while let [key, behind @ ..] = rest {
            if behind.contains(key) {
                return true;
            }
            rest = behind;
        }
        return false;
    }
    let mut sorted = keys.to_vec();
    sorted.sort_unstable();
    sorted.windows(2).any(|pair| pair.first() == pair.last())
}
