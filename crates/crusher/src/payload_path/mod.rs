//! Payload paths: where the payloads of a record are, and where the name of the tool that gave each.
//!
//! A path is read from the record's root, left to right:
//!
//! * `$` is the root; it may be left out, except before `|json`.
//! * `.key` is a member of an object. Other keys than letters, digits, `_` and `-` are quoted as in JSON:
//!   `."any key"`. `.(content|output)` is a member of either name.
//! * `[*]` is every element of an array.
//! * `..` is the value itself and every value below it: `..key`, `..[*]`, `..{type=tool}`.
//! * `{key}` stays only where the value is an object that has the member `key`, `{!key}` where it has none.
//!   `{key=value}` asks for the member to be the string `value`, `{key^=value}` for a string that begins so,
//!   and `{key!=value}` for anything else than that string. Both names may be quoted, and a value may be one
//!   of several: `{role=(tool|function)}`.
//! * `|json` goes on inside a string that holds JSON. `|json|json` goes on inside a string that holds a JSON
//!   string that holds JSON.
//! * `:string` at the end selects JSON strings only; without it any value is selected.
//! * ` @ .key.key` at the very end leads to the tool's name, from the innermost object around the payload.
//!   Behind `|json`, the innermost object around the string that held the JSON is looked at next.
//!
//! `path` is the type, `parser` reads it, `tree` holds all paths of a crusher for walking a record once.

mod parser;
mod path;
pub(crate) mod segment;
#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests;
pub(crate) mod tree;

pub use path::Path;
