//! Columns of text: their values, and the same columns with other values.

use arrow_array::builder::{GenericStringBuilder, StringDictionaryBuilder, StringViewBuilder};
use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowDictionaryKeyType, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type,
    UInt64Type,
};
use arrow_array::{Array, ArrayRef, OffsetSizeTrait};
use arrow_schema::{ArrowError, DataType};
use std::sync::Arc;

/// An array of strings, however it holds them.
pub struct Texts {
    array: ArrayRef,
    /// Of a dictionary: its values, and which of them each row has.
    dictionary: Option<(Box<Texts>, Vec<usize>)>,
}

impl Texts {
    /// Returns the strings of an array; none if it holds something else.
    pub fn of(array: &ArrayRef) -> Option<Self> {
        let dictionary = match array.data_type() {
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => None,
            DataType::Dictionary(_, values) if matches!(**values, DataType::Utf8 | DataType::LargeUtf8) => {
                let dictionary = array.as_any_dictionary();
                let values = Box::new(Self::of(dictionary.values())?);
                // Without values, all rows are null.
                let is_empty = dictionary.values().is_empty();
                let keys = if is_empty {
                    Vec::new()
                } else {
                    dictionary.normalized_keys()
                };
                Some((values, keys))
            }
            _ => return None,
        };
        Some(Self {
            array: Arc::clone(array),
            dictionary,
        })
    }

    /// Returns one string; none for a null.
    pub fn get(&self, at: usize) -> Option<&str> {
        if self.array.is_null(at) {
            return None;
        }
        if let Some((values, keys)) = &self.dictionary {
            return keys.get(at).and_then(|key| values.get(*key));
        }
        match self.array.data_type() {
            DataType::Utf8 => self.array.as_string_opt::<i32>().map(|texts| texts.value(at)),
            DataType::LargeUtf8 => self.array.as_string_opt::<i64>().map(|texts| texts.value(at)),
            _ => self.array.as_string_view_opt().map(|texts| texts.value(at)),
        }
    }

    /// Returns an array of the same type with the changes.
    pub fn with(&self, changes: &Changes) -> Result<ArrayRef, ArrowError> {
        match self.array.data_type() {
            DataType::Utf8 => self.plain::<i32>(changes),
            DataType::LargeUtf8 => self.plain::<i64>(changes),
            DataType::Dictionary(key, _) => match **key {
                DataType::Int8 => self.encoded::<Int8Type>(changes),
                DataType::Int16 => self.encoded::<Int16Type>(changes),
                DataType::Int32 => self.encoded::<Int32Type>(changes),
                DataType::Int64 => self.encoded::<Int64Type>(changes),
                DataType::UInt8 => self.encoded::<UInt8Type>(changes),
                DataType::UInt16 => self.encoded::<UInt16Type>(changes),
                DataType::UInt32 => self.encoded::<UInt32Type>(changes),
                _ => self.encoded::<UInt64Type>(changes),
            },
            _ => {
                let mut views = StringViewBuilder::with_capacity(self.array.len());
                self.changed(changes).for_each(|text| views.append_option(text));
                Ok(Arc::new(views.finish()))
            }
        }
    }

    fn plain<O: OffsetSizeTrait>(&self, changes: &Changes) -> Result<ArrayRef, ArrowError> {
        let size_bytes = self.changed(changes).flatten().map(str::len).sum();
        if O::from_usize(size_bytes).is_none() {
            let message = "the strings of a column are longer than its type can hold";
            return Err(ArrowError::InvalidArgumentError(message.to_owned()));
        }
        let mut texts = GenericStringBuilder::<O>::with_capacity(self.array.len(), size_bytes);
        self.changed(changes).for_each(|text| texts.append_option(text));
        Ok(Arc::new(texts.finish()))
    }

    fn encoded<K: ArrowDictionaryKeyType>(&self, changes: &Changes) -> Result<ArrayRef, ArrowError> {
        let mut texts = StringDictionaryBuilder::<K>::new();
        for text in self.changed(changes) {
            match text {
                Some(text) => drop(texts.append(text)?),
                None => texts.append_null(),
            }
        }
        let texts: ArrayRef = Arc::new(texts.finish());
        let DataType::Dictionary(_, values) = self.array.data_type() else {
            return Ok(texts);
        };
        if **values == DataType::Utf8 {
            return Ok(texts);
        }
        let dictionary = texts.as_any_dictionary();
        let values = dictionary.values().as_string::<i32>().iter();
        let large: arrow_array::LargeStringArray = values.collect();
        Ok(dictionary.with_values(Arc::new(large)))
    }

    /// All strings, changed or as they were.
    fn changed<'c>(&'c self, changes: &'c Changes) -> impl Iterator<Item = Option<&'c str>> {
        let mut left = changes.iter().peekable();
        (0..self.array.len()).map(move |at| match left.next_if(|(changed, _)| *changed == at) {
            Some((_, text)) => Some(text),
            None => self.get(at),
        })
    }
}

/// New values of some rows of an array, in the order of the rows.
#[derive(Default)]
pub struct Changes {
    /// Row, and where its text ends.
    rows: Vec<(usize, usize)>,
    text: String,
}

impl Changes {
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Adds the new value of a row behind those that have one already.
    pub fn push(&mut self, row: usize, text: &str) {
        self.text.push_str(text);
        self.rows.push((row, self.text.len()));
    }

    fn iter(&self) -> impl Iterator<Item = (usize, &str)> {
        let mut start = 0;
        self.rows.iter().map(move |(row, end)| {
            let text = self.text.get(start..*end).unwrap_or_default();
            start = *end;
            (*row, text)
        })
    }
}
