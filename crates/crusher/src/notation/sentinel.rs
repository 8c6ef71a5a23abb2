//! Sentinels: the last element of an array that holds the marker of the array's original.

use crate::json::tape::{Doc, KEY, Kind};
use crate::notation::frame::Frame;
use crate::notation::marker::{Marker, SENTINEL_KEY};

/// Returns true if the text before a string's opening quote ends with the key of a sentinel.
pub(crate) fn has_sentinel_key(before: &[u8]) -> bool {
    let before = before.trim_ascii_end().strip_suffix(b":").unwrap_or_default();
    let key = before.trim_ascii_end().strip_suffix(b"\"").unwrap_or_default();
    key.ends_with(SENTINEL_KEY)
}

/// Removes the arrays that are closed before a node.
pub(crate) fn leave_closed(doc: &Doc<'_>, at: u32, arrays: &mut Vec<(u32, usize)>) {
    while arrays
        .last()
        .is_some_and(|(array, _)| doc.node(*array).next <= at)
    {
        arrays.pop();
    }
}

/// Returns the array that the string at `at` ends as its sentinel, the length of the output before the array,
/// and the hash. `innermost` is the innermost open array.
pub(crate) fn sentinel_of<'a>(
    doc: &Doc<'a>,
    at: u32,
    innermost: Option<&(u32, usize)>,
) -> Option<(u32, usize, &'a str)> {
    let (array, start) = *innermost?;
    let object = at.checked_sub(2).filter(|object| *object > array)?;
    let node = doc.node(object);
    let sole = node.kind == Kind::Object && node.count == 1 && doc.inner(doc.node(at - 1)) == SENTINEL_KEY;
    let is_element = doc.node(object - 1).flags & KEY == 0;
    let last = doc.node(array).next == at + 1;
    let text = doc.inner(doc.node(at));
    match Marker::read(text) {
        // With any other string, this is an ordinary object that has this key.
        Ok(Some((
            Marker::Rows {
                hash,
                frame: Frame::VALUE,
            },
            end,
        ))) if sole && is_element && last && end == text.len() => Some((array, start, hash)),
        _ => None,
    }
}
