//! Reads the columns in a table's header.

use crate::notation::grammar::{HOLE, MAP_KEY, Place, SECTION, is_fixed, is_template};
use crate::notation::read::cursor::{Cursor, Parse};
use crate::notation::read::memory::Memory;
use crate::notation::read::sink::JsonSink;

/// The most groups inside one another. The writer makes far fewer, and each column lists the groups around
/// it.
const MAX_GROUPS: usize = 64;
/// The most lists inside one another. The writer makes far fewer.
const MAX_LISTS: usize = 16;

/// One list of columns.
#[derive(Default)]
pub(crate) struct Shape<'a> {
    pub columns: Vec<HeaderColumn<'a>>,
    /// The raw keys of the groups, without quotes.
    pub groups: Vec<&'a [u8]>,
    /// Number of section columns.
    pub sections: usize,
    /// Some column has a template.
    pub has_templates: bool,
    /// The JSON of a row without its own values: separators, brackets, keys and constants. It is made once
    /// for all rows.
    joints: Vec<u8>,
}

/// A column with its key and its groups.
pub(crate) struct HeaderColumn<'a> {
    /// The raw key, without quotes.
    pub key: &'a [u8],
    /// The groups around the column, outermost first.
    pub groups: Vec<usize>,
    pub format: ColumnFormat<'a>,
    /// Number of cells in a row.
    pub cells: usize,
    /// Where in the joints the column's value begins. Before it stands the JSON between this value and the
    /// one of the column before.
    pub value: usize,
    /// Where in the joints the next column begins.
    pub end: usize,
}

/// Where a column's values stand.
pub(crate) enum ColumnFormat<'a> {
    /// In the header.
    Constant,
    /// On section lines, at this position among their values.
    Section(usize),
    /// In cells, one for each hole.
    Template(Vec<ParsedPart<'a>>),
    /// In a cell, as a list of rows.
    List(Shape<'a>),
    /// In a cell.
    Value,
}

impl ColumnFormat<'_> {
    /// Returns how many cells a row has for the column.
    fn cells(&self) -> usize {
        match self {
            Self::Constant | Self::Section(_) => 0,
            Self::Template(parts) => parts
                .iter()
                .filter(|part| matches!(part, ParsedPart::Hole))
                .count(),
            Self::List(_) | Self::Value => 1,
        }
    }
}

/// One part of a template.
#[derive(Clone, Copy)]
pub(crate) enum ParsedPart<'a> {
    /// Text that all rows have.
    Fixed(&'a [u8]),
    /// A back-reference to the key of a map.
    Key,
    /// A back-reference to the column with this index.
    Column(usize),
    /// A back-reference whose column isn't looked up yet.
    Named(&'a [u8]),
    /// Text from a cell.
    Hole,
}

impl<'a> Shape<'a> {
    /// Reads one list of columns, `{…}`. `lists` counts the lists around it.
    pub fn read(cursor: &mut Cursor<'a>, map: bool, out: &mut impl JsonSink, lists: usize) -> Parse<Self> {
        let mut shape = Self {
            columns: Vec::with_capacity(8),
            joints: Vec::with_capacity(256),
            ..Self::default()
        };
        if lists > MAX_LISTS {
            return Err("too many lists inside one another");
        }
        if !cursor.take(b'{') {
            return Err("expected the columns");
        }
        if map && !(cursor.take(MAP_KEY) && cursor.take(b',')) {
            return Err("expected the key column and a column");
        }
        let mut open: Vec<usize> = Vec::new();
        // Every group and column with the group around it, to find those that stand twice.
        let mut names: Vec<(Option<usize>, &[u8])> = Vec::new();
        loop {
            let section = cursor.take(SECTION);
            if cursor.peek() == Some(b'"') {
                out.note(b"")?;
            }
            let key = cursor.key()?;
            names.push((open.last().copied(), key));
            if cursor.take(b'{') {
                if open.len() >= MAX_GROUPS || section {
                    return Err("a group of section columns, or too many groups inside one another");
                }
                open.push(shape.groups.len());
                shape.groups.push(key);
                continue;
            }
            let before = shape.columns.last().map(|column| column.groups.as_slice());
            let mut joints = std::mem::take(&mut shape.joints);
            shape.between(before, &open, key, &mut Memory::aside(out, &mut joints))?;
            let value = joints.len();
            let format = if section {
                shape.sections += 1;
                ColumnFormat::Section(shape.sections - 1)
            } else {
                Self::format(cursor, out, lists, &mut joints)?
            };
            let end = joints.len();
            shape.joints = joints;
            shape.has_templates |= matches!(format, ColumnFormat::Template(_));
            shape.columns.push(HeaderColumn {
                key,
                groups: open.clone(),
                cells: format.cells(),
                format,
                value,
                end,
            });
            loop {
                match cursor.peek() {
                    Some(b',') => {
                        cursor.at += 1;
                        break;
                    }
                    Some(b'}') => {
                        cursor.at += 1;
                        if open.pop().is_none() {
                            names.sort_unstable();
                            if names.windows(2).any(|pair| pair.first() == pair.last()) {
                                return Err("a column or a group of columns stands twice");
                            }
                            shape.resolve_names(map)?;
                            return Ok(shape);
                        }
                    }
                    _ => return Err("expected ',' or '}' behind a column"),
                }
            }
        }
    }

    /// Returns a piece of the joints.
    #[inline]
    pub fn joints(&self, from: usize, to: usize) -> &[u8] {
        self.joints.get(from..to).unwrap_or_default()
    }

    /// Writes the JSON before the value of a key in `groups`. The value before it is in the groups `open`;
    /// none at the start of a row.
    pub fn between(
        &self,
        open: Option<&[usize]>,
        groups: &[usize],
        key: &[u8],
        out: &mut impl JsonSink,
    ) -> Parse<()> {
        let mut shared = 0;
        if let Some(open) = open {
            let same = |(open, group): &(&usize, &usize)| open == group;
            shared = open.iter().zip(groups).take_while(same).count();
            close(open.len() - shared, out)?;
            out.separator(b',')?;
        } else {
            out.push(b"{")?;
        }
        for group in groups.iter().skip(shared) {
            out.push(b"\"")?;
            out.push(self.groups.get(*group).copied().unwrap_or_default())?;
            out.push(b"\"")?;
            out.separator(b':')?;
            out.push(b"{")?;
        }
        out.push(b"\"")?;
        out.push(key)?;
        out.push(b"\"")?;
        out.separator(b':')
    }

    /// Returns true if there are neither section columns nor templates. A list in a cell has none.
    pub fn is_simple(&self) -> bool {
        self.sections == 0 && !self.has_templates
    }

    /// Reads what follows the key of a column.
    fn format(
        cursor: &mut Cursor<'a>,
        out: &mut impl JsonSink,
        lists: usize,
        joints: &mut Vec<u8>,
    ) -> Parse<ColumnFormat<'a>> {
        if cursor.take(b'[') {
            let shape = Self::read(cursor, false, out, lists + 1)?;
            if !shape.is_simple() {
                return Err("a list with section columns or templates");
            }
            return if cursor.take(b']') {
                Ok(ColumnFormat::List(shape))
            } else {
                Err("expected ']' behind the columns of a list")
            };
        }
        if !cursor.take(b'=') {
            return Ok(ColumnFormat::Value);
        }
        let mut ahead = *cursor;
        if is_template(ahead.until(Place::Header)) {
            return Ok(ColumnFormat::Template(template_parts(
                cursor.until(Place::Header),
            )?));
        }
        let start = joints.len();
        let mut constant = Memory::aside(out, joints);
        cursor.value(Place::Header, &mut constant)?;
        if constant.copied {
            out.note(joints.get(start..).unwrap_or_default())?;
        }
        Ok(ColumnFormat::Constant)
    }

    /// Looks up the columns that back-references name.
    fn resolve_names(&mut self, map: bool) -> Parse<()> {
        let templates = || {
            self.columns.iter().filter_map(|column| match &column.format {
                ColumnFormat::Template(parts) => Some(parts.iter()),
                _ => None,
            })
        };
        if !map && templates().flatten().any(|part| matches!(part, ParsedPart::Key)) {
            return Err("a template that names <*> in a table that is no map");
        }
        if !templates()
            .flatten()
            .any(|part| matches!(part, ParsedPart::Named(_)))
        {
            return Ok(());
        }
        let mut paths: Vec<(Vec<u8>, usize)> = Vec::new();
        let mut nameable = Vec::new();
        for (at, column) in self.columns.iter().enumerate() {
            let mut path = Vec::new();
            for group in &column.groups {
                path.extend_from_slice(self.groups.get(*group).copied().unwrap_or_default());
                path.push(b'.');
            }
            path.extend_from_slice(column.key);
            paths.push((path, at));
            nameable.push(match &column.format {
                ColumnFormat::Value => true,
                ColumnFormat::Template(parts) => parts
                    .iter()
                    .all(|part| matches!(part, ParsedPart::Fixed(_) | ParsedPart::Hole)),
                _ => false,
            });
        }
        paths.sort_unstable();
        for column in &mut self.columns {
            let ColumnFormat::Template(parts) = &mut column.format else {
                continue;
            };
            for part in parts {
                let ParsedPart::Named(name) = part else {
                    continue;
                };
                let found = paths.partition_point(|(path, _)| path.as_slice() < *name);
                let exact = paths.get(found).filter(|(path, _)| path == name);
                let next = paths.get(found + 1).filter(|(path, _)| path == name);
                let (Some((_, at)), None) = (exact, next) else {
                    return Err("a template that names no column, or several");
                };
                if !nameable.get(*at).copied().unwrap_or(false) {
                    return Err("a template that names a column which can't be named");
                }
                *part = ParsedPart::Column(*at);
            }
        }
        Ok(())
    }
}

/// Closes so many groups.
pub(crate) fn close(mut groups: usize, out: &mut impl JsonSink) -> Parse<()> {
    while groups > 0 {
        let some = groups.min(CLOSING.len());
        out.push(CLOSING.get(..some).unwrap_or_default())?;
        groups -= some;
    }
    Ok(())
}

const CLOSING: &[u8] = b"}}}}}}}}";

/// Splits a template into its parts.
fn template_parts(text: &[u8]) -> Parse<Vec<ParsedPart<'_>>> {
    let mut parts = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        if let Some(behind) = rest.strip_prefix(&[HOLE.0]) {
            let end = memchr::memchr(HOLE.1, behind).ok_or("a template without '>'")?;
            let (name, behind) = behind.split_at(end);
            parts.push(match name {
                b"" if matches!(parts.last(), Some(ParsedPart::Hole)) => return Err("two holes that touch"),
                b"" => ParsedPart::Hole,
                [MAP_KEY] => ParsedPart::Key,
                _ => ParsedPart::Named(name),
            });
            rest = behind.get(1..).unwrap_or_default();
        } else {
            let length = memchr::memchr(HOLE.0, rest).unwrap_or(rest.len());
            let (fixed, behind) = rest.split_at(length);
            if !is_fixed(fixed) {
                return Err("a template with a character that may not stand in one");
            }
            parts.push(ParsedPart::Fixed(fixed));
            rest = behind;
        }
    }
    Ok(parts)
}
