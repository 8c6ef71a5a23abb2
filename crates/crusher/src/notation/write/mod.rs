//! Values of a scanned JSON text → tables and documents.
//!
//! The columns of rows are found first, then planned (what stands in the header, what in cells), then written
//! row by row. What stands in the place of a long string or of a container is the caller's to say. It stands
//! beside `read`, on the grammar, and neither imports the other.

pub(crate) mod align;
pub(crate) mod columns;
pub(crate) mod find_templates;
pub(crate) mod key_orders;
pub(crate) mod plan;
pub(crate) mod rows;
pub(crate) mod sample;
pub(crate) mod table;
pub(crate) mod table_options;
pub(crate) mod template;
pub(crate) mod texts;
pub(crate) mod value;
