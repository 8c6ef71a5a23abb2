//! Payload paths: they say where a record's payloads are, and where to find the name of the tool that gave
//! each.
//!
//! A path is read from the record's root, left to right:
//!
//! * `$` is the root; it may be left out, except before `|json`.
//! * `.key` is a member of an object. A key with other characters than letters, digits, `_` and `-` is quoted
//!   as in JSON: `."any key"`. `.(content|output)` is a member of either name.
//! * `[*]` is every element of an array.
//! * `..` is the value itself and every value below it: `..key`, `..[*]`, `..{type=tool}`.
//! * `{key=value}` goes on only from an object whose member `key` is the string `value`. Both may be quoted,
//!   and a value may be one of several: `{role=(tool|function)}`. `{key^=value}` asks for a string that
//!   begins so, `{key!=value}` for anything else than that string, `{key}` for the member to be there, and `{!key}`
//!   for it not to be there.
//! * `|json` goes on inside a string that holds JSON. `|json|json` goes on inside a string that holds a JSON
//!   string that holds JSON.
//! * `:string` at the end selects JSON strings only. Without it values of all types are selected.
//! * ` @ .key.key` at the very end gives the keys that lead to the tool's name. They start at the innermost
//!   object around the payload, or with ` @ ^.key` at the object around that one, and so on. Behind `|json`,
//!   they are tried next in the same way from the string that held the JSON.
//!
//! `path` is the type, `parser` reads it, `tree` holds all paths of a crusher for walking a record once, and
//! `names` the names that they ask for.

mod names;
mod parser;
mod path;
pub(crate) mod segment;
#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests;
pub(crate) mod tree;

pub use path::Path;
