//! Rows of a record batch as JSON records, and columns with the texts of crushed records.
//!
//! A row is an object of its columns. Texts, numbers and booleans are what they are in JSON; structs, lists
//! and maps become objects and arrays. A null is left out of its object, as most writers of JSON leave it out.
//! Values of all other types, which are never crushed, stand as `null`. So each text has a node, and it has
//! the same node when the record has been crushed with its types kept.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};
use arrow_array::{
    Array, ArrayRef, FixedSizeListArray, LargeListArray, ListArray, MapArray, RecordBatch, StructArray,
};
use arrow_schema::{ArrowError, DataType, Field, Fields};
use headroom_crusher::Spelling;
use headroom_crusher::json::scan::Tape;
use headroom_crusher::json::spelling;

use crate::texts::{Changes, Texts};

/// Values that are nested deeper aren't looked at: the crusher takes no record that is.
pub const MAX_DEPTH: usize = 1000;

/// How Arrow marks strings that hold JSON, such as those of Parquet's type JSON.
const EXTENSION: (&str, &str) = ("ARROW:extension:name", "arrow.json");

/// Where a text of the row stands in its record.
pub struct Place {
    /// Its node on the record's tape.
    pub node: u32,
    /// Its token in the record.
    pub start: usize,
    pub end: usize,
    /// The column of texts that it comes from, and its row there.
    pub column: usize,
    pub row: usize,
    /// It is JSON, and stands in the record as the value that it is.
    pub is_json: bool,
}

/// The columns of a record batch, or what is nested in one.
pub struct Rows {
    batch: RecordBatch,
    columns: Vec<(Vec<u8>, Values)>,
    /// All columns of texts, nested ones included.
    texts: Vec<Texts>,
}

/// An array, and how its values are written.
struct Values {
    array: ArrayRef,
    kind: Kind,
}

impl Values {
    fn is_null(&self, row: usize) -> bool {
        *self.array.data_type() == DataType::Null || self.array.is_null(row)
    }
}

enum Kind {
    /// One of `Rows::texts`; some hold JSON.
    Texts {
        column: usize,
        holds_json: bool,
    },
    /// The key of each member as it is printed, with its colon.
    Struct(Vec<(Vec<u8>, Values)>),
    /// A list of any kind.
    List(Box<Values>),
    Map(Texts, Box<Values>),
    /// A boolean, or a number.
    Scalar,
    Other,
}

impl Rows {
    pub fn new(batch: RecordBatch) -> Self {
        let mut texts = Vec::new();
        let columns = members(batch.schema_ref().fields(), batch.columns(), 1, &mut texts);
        Self {
            batch,
            columns,
            texts,
        }
    }

    pub fn len(&self) -> usize {
        self.batch.num_rows()
    }

    /// Returns an empty list of changes for each column of texts.
    pub fn no_changes(&self) -> Vec<Changes> {
        self.texts.iter().map(|_| Changes::default()).collect()
    }

    /// Returns the text at a place, as it stands in its column.
    pub fn text(&self, place: &Place) -> &str {
        let texts = self.texts.get(place.column);
        texts.and_then(|texts| texts.get(place.row)).unwrap_or_default()
    }

    /// Appends one row as a JSON object, and lists its texts in the order of their nodes.
    pub fn write(&self, row: usize, writer: &mut Writer<'_>) {
        writer.nodes = 0;
        self.write_object(&self.columns, row, writer);
    }

    /// Returns the columns in which a text has changed.
    pub fn changed(&self, changes: &[Changes]) -> Result<RecordBatch, ArrowError> {
        let mut fields: Vec<Arc<Field>> = Vec::new();
        let mut columns = Vec::new();
        for ((_, values), field) in self.columns.iter().zip(self.batch.schema_ref().fields()) {
            if let Some(column) = self.rebuilt(values, changes)? {
                fields.push(Arc::clone(field));
                columns.push(column);
            }
        }
        let schema = Arc::new(arrow_schema::Schema::new(fields));
        let options = arrow_array::RecordBatchOptions::new().with_row_count(Some(self.len()));
        RecordBatch::try_new_with_options(schema, columns, &options)
    }

    fn write_object(&self, members: &[(Vec<u8>, Values)], row: usize, writer: &mut Writer<'_>) {
        writer.open(b'{');
        for (key, values) in members {
            if !values.is_null(row) {
                writer.separate();
                writer.token(key);
                self.write_value(values, row, writer);
            }
        }
        writer.out.push(b'}');
    }

    fn write_value(&self, values: &Values, row: usize, writer: &mut Writer<'_>) {
        if values.is_null(row) {
            writer.token(b"null");
            return;
        }
        match &values.kind {
            Kind::Texts { column, holds_json } => {
                match self.texts.get(*column).and_then(|texts| texts.get(row)) {
                    Some(text) => writer.text(text, (*column, row), *holds_json),
                    None => writer.token(b"null"),
                }
            }
            Kind::Struct(members) => self.write_object(members, row, writer),
            Kind::List(elements) => {
                writer.open(b'[');
                for at in range(&values.array, row) {
                    writer.separate();
                    self.write_value(elements, at, writer);
                }
                writer.out.push(b']');
            }
            Kind::Map(keys, elements) => {
                writer.open(b'{');
                for at in range(&values.array, row) {
                    writer.separate();
                    writer.token(&printed_key(keys.get(at).unwrap_or_default()));
                    self.write_value(elements, at, writer);
                }
                writer.out.push(b'}');
            }
            Kind::Scalar => match scalar(&values.array, row) {
                Some(token) => writer.token(token.as_bytes()),
                None => writer.token(b"null"),
            },
            Kind::Other => writer.token(b"null"),
        }
    }

    /// Returns an array with the changes of all texts in it; none if nothing in it has changed.
    fn rebuilt(&self, values: &Values, changes: &[Changes]) -> Result<Option<ArrayRef>, ArrowError> {
        let array = &values.array;
        Ok(match &values.kind {
            Kind::Texts { column, .. } => {
                let changes = changes.get(*column).filter(|changes| !changes.is_empty());
                let texts = self.texts.get(*column).zip(changes);
                texts.map(|(texts, changes)| texts.with(changes)).transpose()?
            }
            Kind::Struct(members) => {
                let mut is_changed = false;
                let mut columns = Vec::with_capacity(members.len());
                for (_, values) in members {
                    let column = self.rebuilt(values, changes)?;
                    is_changed |= column.is_some();
                    columns.push(column.unwrap_or_else(|| Arc::clone(&values.array)));
                }
                let (fields, _, nulls) = array.as_struct().clone().into_parts();
                is_changed
                    .then(|| StructArray::try_new(fields, columns, nulls))
                    .transpose()?
                    .map(|array| Arc::new(array) as ArrayRef)
            }
            Kind::List(elements) | Kind::Map(_, elements) => {
                let elements = self.rebuilt(elements, changes)?;
                elements.map(|elements| around(array, elements)).transpose()?
            }
            Kind::Scalar | Kind::Other => None,
        })
    }
}

/// Returns a list or map with other values in it.
fn around(array: &ArrayRef, values: ArrayRef) -> Result<ArrayRef, ArrowError> {
    Ok(match array.data_type() {
        DataType::List(_) => {
            let (field, offsets, _, nulls) = array.as_list::<i32>().clone().into_parts();
            Arc::new(ListArray::try_new(field, offsets, values, nulls)?)
        }
        DataType::LargeList(_) => {
            let (field, offsets, _, nulls) = array.as_list::<i64>().clone().into_parts();
            Arc::new(LargeListArray::try_new(field, offsets, values, nulls)?)
        }
        DataType::FixedSizeList(..) => {
            let (field, size, _, nulls) = array.as_fixed_size_list().clone().into_parts();
            Arc::new(FixedSizeListArray::try_new(field, size, values, nulls)?)
        }
        _ => {
            let (field, offsets, entries, nulls, is_ordered) = array.as_map().clone().into_parts();
            let keys = Arc::clone(entries.column(0));
            let (fields, _, entry_nulls) = entries.into_parts();
            let entries = StructArray::try_new(fields, vec![keys, values], entry_nulls)?;
            Arc::new(MapArray::try_new(field, offsets, entries, nulls, is_ordered)?)
        }
    })
}

/// Where the elements of a row of a list or map stand among all elements.
fn range(array: &ArrayRef, row: usize) -> std::ops::Range<usize> {
    fn of<O: arrow_array::OffsetSizeTrait>(offsets: &[O], row: usize) -> std::ops::Range<usize> {
        let at = |at: usize| offsets.get(at).map_or(0, |offset| offset.as_usize());
        at(row)..at(row + 1)
    }
    match array.data_type() {
        DataType::List(_) => of(array.as_list::<i32>().value_offsets(), row),
        DataType::LargeList(_) => of(array.as_list::<i64>().value_offsets(), row),
        DataType::FixedSizeList(_, size) => {
            let size = usize::try_from(*size).unwrap_or_default();
            row * size..(row + 1) * size
        }
        _ => of(array.as_map().value_offsets(), row),
    }
}

fn members(
    fields: &Fields,
    columns: &[ArrayRef],
    depth: usize,
    texts: &mut Vec<Texts>,
) -> Vec<(Vec<u8>, Values)> {
    let members = fields.iter().zip(columns);
    members
        .map(|(field, column)| (printed_key(field.name()), values(field, column, depth, texts)))
        .collect()
}

fn values(field: &Field, array: &ArrayRef, depth: usize, texts: &mut Vec<Texts>) -> Values {
    let mut inside = |field: &Field, array: &ArrayRef| Box::new(values(field, array, depth + 1, texts));
    let kind = match array.data_type() {
        _ if depth > MAX_DEPTH => Kind::Other,
        DataType::Struct(fields) => {
            let columns = array.as_struct().columns();
            Kind::Struct(members(fields, columns, depth + 1, texts))
        }
        DataType::List(field) => Kind::List(inside(field, array.as_list::<i32>().values())),
        DataType::LargeList(field) => Kind::List(inside(field, array.as_list::<i64>().values())),
        DataType::FixedSizeList(field, _) => Kind::List(inside(field, array.as_fixed_size_list().values())),
        DataType::Map(entries, _) => {
            let map = array.as_map();
            let field = match entries.data_type() {
                DataType::Struct(fields) => fields.get(1),
                _ => None,
            };
            match (Texts::of(map.keys()), field) {
                (Some(keys), Some(field)) => Kind::Map(keys, inside(field, map.values())),
                _ => Kind::Other,
            }
        }
        DataType::Boolean => Kind::Scalar,
        kind if kind.is_integer() || kind.is_floating() => Kind::Scalar,
        _ => match Texts::of(array) {
            Some(found) => {
                let (name, json) = EXTENSION;
                let holds_json = field.metadata().get(name).is_some_and(|value| value == json);
                texts.push(found);
                let column = texts.len() - 1;
                Kind::Texts { column, holds_json }
            }
            None => Kind::Other,
        },
    };
    Values {
        array: Arc::clone(array),
        kind,
    }
}

fn printed_key(key: &str) -> Vec<u8> {
    let mut printed = vec![b'"'];
    spelling::encode(key.as_bytes(), Spelling::MINIMAL, &mut printed);
    printed.extend_from_slice(b"\":");
    printed
}

/// Prints a boolean or a number; none for a number that JSON lacks.
fn scalar(array: &ArrayRef, row: usize) -> Option<String> {
    fn finite(number: f64) -> Option<String> {
        number.is_finite().then(|| number.to_string())
    }
    macro_rules! printed {
        ($($name:ident => $kind:ty),*) => {
            match array.data_type() {
                DataType::Boolean => Some(array.as_boolean().value(row).to_string()),
                DataType::Float16 => finite(f64::from(array.as_primitive::<Float16Type>().value(row))),
                DataType::Float32 => finite(f64::from(array.as_primitive::<Float32Type>().value(row))),
                DataType::Float64 => finite(array.as_primitive::<Float64Type>().value(row)),
                $(DataType::$name => Some(array.as_primitive::<$kind>().value(row).to_string()),)*
                _ => None,
            }
        };
    }
    printed!(
        Int8 => Int8Type, Int16 => Int16Type, Int32 => Int32Type, Int64 => Int64Type,
        UInt8 => UInt8Type, UInt16 => UInt16Type, UInt32 => UInt32Type, UInt64 => UInt64Type
    )
}

/// Writes one record after the other, and counts the nodes of each.
pub struct Writer<'w> {
    out: &'w mut Vec<u8>,
    places: &'w mut Vec<Place>,
    tape: &'w mut Tape,
    max_depth: usize,
    nodes: u32,
}

impl<'w> Writer<'w> {
    pub fn new(
        out: &'w mut Vec<u8>,
        places: &'w mut Vec<Place>,
        tape: &'w mut Tape,
        max_depth: usize,
    ) -> Self {
        Self {
            out,
            places,
            tape,
            max_depth,
            nodes: 0,
        }
    }

    fn open(&mut self, bracket: u8) {
        self.out.push(bracket);
        self.nodes += 1;
    }

    /// Writes a comma, unless this is the first member or element.
    fn separate(&mut self) {
        if !matches!(self.out.last(), Some(b'{' | b'[')) {
            self.out.push(b',');
        }
    }

    fn token(&mut self, token: &[u8]) {
        self.out.extend_from_slice(token);
        self.nodes += 1;
    }

    fn text(&mut self, text: &str, (column, row): (usize, usize), holds_json: bool) {
        let (node, start) = (self.nodes, self.out.len());
        let json = holds_json.then(|| self.tape.scan(text.as_bytes(), self.max_depth));
        let is_json = if let Some(Ok(doc)) = json {
            self.out.extend_from_slice(doc.raw(doc.node(0)));
            self.nodes += doc.len();
            true
        } else {
            self.out.push(b'"');
            spelling::encode(text.as_bytes(), Spelling::MINIMAL, self.out);
            self.out.push(b'"');
            self.nodes += 1;
            false
        };
        self.places.push(Place {
            node,
            start,
            end: self.out.len(),
            column,
            row,
            is_json,
        });
    }
}
