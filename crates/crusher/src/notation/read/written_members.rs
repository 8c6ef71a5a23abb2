//! Writes the members of a row as JSON, in the order of the columns.

use crate::notation::read::columns::{ColumnFormat, HeaderColumn, Shape, close};
use crate::notation::read::cursor::Parse;
use crate::notation::read::fill::FoundCell;
use crate::notation::read::sink::JsonSink;

/// The members of a row that are written so far.
#[derive(Default)]
pub(crate) struct WrittenMembers<'s> {
    /// The groups around the last member; none before the first member.
    open: Option<&'s [usize]>,
    /// The column behind that of the last member.
    next: usize,
    /// Bytes of the joints that are written. A constant is written together with what follows it.
    written: usize,
    /// The group that the last override replaced.
    overridden: Option<usize>,
}

impl<'s> WrittenMembers<'s> {
    /// Writes what stands before a column's value. Returns false if no value is left to write: the row has
    /// none, or it is a constant.
    #[inline]
    pub fn begin<'a>(
        &mut self,
        shape: &'s Shape<'a>,
        at: usize,
        column: &'s HeaderColumn<'a>,
        cell: FoundCell,
        out: &mut impl JsonSink,
    ) -> Parse<bool> {
        if self.overridden.is_none()
            && self.next == at
            && matches!(cell, FoundCell::Filled(_) | FoundCell::Value(_))
        {
            self.next = at + 1;
            self.open = Some(&column.groups);
            let is_constant = matches!(column.format, ColumnFormat::Constant);
            if !is_constant {
                out.push(shape.joints(self.written, column.end))?;
                self.written = column.end;
            }
            return Ok(!is_constant);
        }
        self.begin_apart(shape, at, column, cell, out)
    }

    /// As `begin`, for a value that doesn't follow that of the column before it.
    fn begin_apart<'a>(
        &mut self,
        shape: &'s Shape<'a>,
        at: usize,
        column: &'s HeaderColumn<'a>,
        cell: FoundCell,
        out: &mut impl JsonSink,
    ) -> Parse<bool> {
        if self
            .overridden
            .is_some_and(|group| column.groups.contains(&group))
        {
            return match cell {
                FoundCell::Missing => Ok(false),
                _ => Err("a value inside a group that is overridden"),
            };
        }
        let (groups, key) = match cell {
            FoundCell::Missing => return Ok(false),
            FoundCell::Override(levels, _) => {
                let none = "an override without a group";
                let depth = column.groups.len().checked_sub(levels).ok_or(none)?;
                let (outer, inner) = column.groups.split_at(depth);
                let group = *inner.first().ok_or(none)?;
                // The columns of a group stand together.
                let before = at.checked_sub(1).and_then(|before| shape.columns.get(before));
                if before.is_some_and(|column| column.groups.contains(&group)) {
                    return Err("an override inside its group");
                }
                self.overridden = Some(group);
                (outer, *shape.groups.get(group).ok_or(none)?)
            }
            _ => (column.groups.as_slice(), column.key),
        };
        self.flush(shape, out)?;
        shape.between(self.open, groups, key, out)?;
        self.open = Some(groups);
        self.next = at + 1;
        let is_constant =
            matches!(column.format, ColumnFormat::Constant) && matches!(cell, FoundCell::Filled(_));
        if is_constant {
            out.push(shape.joints(column.value, column.end))?;
        }
        self.written = column.end;
        Ok(!is_constant)
    }

    /// Writes the constants that are still to be written.
    #[inline]
    fn flush(&mut self, shape: &Shape<'_>, out: &mut impl JsonSink) -> Parse<()> {
        let last = self.next.checked_sub(1).and_then(|last| shape.columns.get(last));
        match last {
            Some(last) if last.end > self.written => out.push(shape.joints(self.written, last.end)),
            _ => Ok(()),
        }
    }

    /// Writes the end of the row.
    #[inline]
    pub fn end(mut self, shape: &Shape<'_>, out: &mut impl JsonSink) -> Parse<()> {
        self.flush(shape, out)?;
        let open = self.open.ok_or("a row without a value")?;
        close(open.len() + 1, out)?;
        // A list in a cell may have many rows, so each row is checked.
        out.check()
    }
}
