//! Reads values: JSON as it stands in a cell, in a header or in a document.

use crate::notation::grammar::Place;
use crate::notation::read::cursor::{Cursor, Parse};
use crate::notation::read::sink::JsonSink;

impl Cursor<'_> {
    /// Reads a value, and sends its JSON to `out`. No inline table may stand in the value.
    pub fn value(&mut self, place: Place, out: &mut impl JsonSink) -> Parse<()> {
        self.value_with(place, out, |_, _| Ok(false))
    }

    /// As `value`, with inline tables. `table` is called at each `[`: it reads the table that begins there,
    /// or returns false if none does.
    pub fn value_with<T: JsonSink>(
        &mut self,
        place: Place,
        out: &mut T,
        table: impl FnMut(&mut Self, &mut T) -> Parse<bool>,
    ) -> Parse<()> {
        match self.peek() {
            Some(b'"') => out.copy(self.quoted()?),
            Some(b'{' | b'[') => self.container(place, out, table),
            _ => out.bare(self, place),
        }
    }

    /// Reads an array or object.
    fn container<T: JsonSink>(
        &mut self,
        place: Place,
        out: &mut T,
        mut table: impl FnMut(&mut Self, &mut T) -> Parse<bool>,
    ) -> Parse<()> {
        let mut open: Vec<u8> = Vec::with_capacity(32);
        loop {
            let place = match open.last() {
                None => place,
                Some(b'}') => Place::Object,
                Some(_) => Place::Array,
            };
            let mut is_table = false;
            match self.peek() {
                Some(b'"') => out.copy(self.quoted()?)?,
                Some(bracket @ (b'{' | b'[')) => {
                    is_table = bracket == b'[' && table(self, out)?;
                    if !is_table {
                        self.at += 1;
                        let (close, both): (u8, &[u8]) = if bracket == b'{' {
                            (b'}', b"{}")
                        } else {
                            (b']', b"[]")
                        };
                        if self.take(close) {
                            out.push(both)?;
                        } else {
                            out.push(&[bracket])?;
                            open.push(close);
                            if bracket == b'{' {
                                out.key(self)?;
                            }
                            continue;
                        }
                    }
                }
                Some(b',' | b'}') if place == Place::Object => out.push(b"null")?,
                _ => out.bare(self, place)?,
            }
            // A comma follows, or the end of one or more containers.
            loop {
                let Some(close) = open.last().copied() else {
                    return Ok(());
                };
                // The line feed behind a table stands for the comma.
                let ends = self.peek() == Some(close);
                if !ends && (std::mem::take(&mut is_table) || self.take(b',')) {
                    out.separator(b',')?;
                    if close == b'}' {
                        out.key(self)?;
                    }
                    break;
                }
                if !self.take(close) {
                    return Err("expected a comma or the end of a value");
                }
                is_table = false;
                out.push(&[close])?;
                open.pop();
            }
        }
    }
}
