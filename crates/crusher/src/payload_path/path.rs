//! The type of a payload path, and how it is spelled.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::json::spelling::{self, Spelling};
use crate::payload_path::parser::{ENDS, JSON, OUT, Parsed, TOOL, in_key, in_value, parse};
use crate::payload_path::segment::{Condition, End, PathSegment, Test};

/// One payload path. Its `Display` is its shortest spelling.
///
/// # Examples
/// ```
/// use headroom_crusher::payload_path::Path;
/// let path: Path = r#"$."messages"[*]{"role"=tool}.content:string @ .name"#.parse()?;
/// assert_eq!(path.to_string(), ".messages[*]{role=tool}.content:string @ .name");
/// let error = ".output[".parse::<Path>().unwrap_err();
/// assert_eq!(error.to_string(), "payload path at character 8: expected [*]");
/// # Ok::<(), headroom_crusher::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    text: Arc<str>,
    pub(crate) segments: Vec<PathSegment>,
    pub(crate) end: End,
    /// The keys that lead to the tool's name; empty where the path names none.
    pub(crate) tool: Vec<String>,
    /// How many objects further out than the innermost one these keys start.
    pub(crate) out: usize,
}

impl Path {
    /// Returns the path as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The path as it was written, to be shared.
    pub(crate) fn text(&self) -> Arc<str> {
        Arc::clone(&self.text)
    }
}

impl FromStr for Path {
    type Err = Error;

    /// Reads a path.
    ///
    /// # Errors
    /// `PayloadPath` with the position of the first character that doesn't fit.
    fn from_str(text: &str) -> Result<Self> {
        let Parsed {
            segments,
            end,
            tool,
            out,
        } = parse(text)?;
        Ok(Self {
            text: text.into(),
            segments,
            end,
            tool,
            out,
        })
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if matches!(self.segments.first(), None | Some(PathSegment::Json)) {
            f.write_str("$")?;
        }
        let mut behind_deep = false;
        for segment in &self.segments {
            match segment {
                PathSegment::Key(keys) if behind_deep => f.write_str(&alternatives(keys, in_key))?,
                PathSegment::Key(keys) => write!(f, ".{}", alternatives(keys, in_key))?,
                PathSegment::Every => f.write_str("[*]")?,
                PathSegment::Deep => f.write_str("..")?,
                PathSegment::Where(test) => write!(f, "{{{test}}}")?,
                PathSegment::Json => f.write_str(JSON)?,
            }
            behind_deep = *segment == PathSegment::Deep;
        }
        if let Some((word, _)) = ENDS.iter().find(|(_, end)| *end == self.end) {
            f.write_str(word)?;
        }
        if !self.tool.is_empty() {
            f.write_str(TOOL)?;
            f.write_str(&OUT.repeat(self.out))?;
        }
        self.tool
            .iter()
            .try_for_each(|key| write!(f, ".{}", spelled(key, in_key)))
    }
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = spelled(&self.key, in_key);
        match &self.condition {
            Condition::Present => f.write_str(&key),
            Condition::Absent => write!(f, "!{key}"),
            Condition::Is(values) => write!(f, "{key}={}", alternatives(values, in_value)),
            Condition::IsNot(values) => write!(f, "{key}!={}", alternatives(values, in_value)),
            Condition::Begins(values) => write!(f, "{key}^={}", alternatives(values, in_value)),
        }
    }
}

/// Returns one name, or several in parentheses, as a path spells them.
fn alternatives(names: &[String], fits: fn(u8) -> bool) -> String {
    let spelled: Vec<String> = names.iter().map(|name| spelled(name, fits)).collect();
    match spelled.as_slice() {
        [name] => name.clone(),
        names => format!("({})", names.join("|")),
    }
}

/// Returns a name as a path spells it: without quotes if that is allowed, else as a JSON string.
fn spelled(name: &str, fits: fn(u8) -> bool) -> String {
    if !name.is_empty() && name.bytes().all(fits) {
        return name.to_owned();
    }
    let mut token = vec![b'"'];
    spelling::encode(name.as_bytes(), Spelling::MINIMAL, &mut token);
    token.push(b'"');
    String::from_utf8_lossy(&token).into_owned()
}
