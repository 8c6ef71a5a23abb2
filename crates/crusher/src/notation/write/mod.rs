//! Writes values of a scanned JSON text as tables and documents.
//!
//! First the columns of the rows are found. Then they are planned: some values stand in the header, some in
//! cells. Then the rows are written one by one. The caller decides what replaces a long string or a
//! container. The folder imports the grammar; `write` and `read` never import each other.

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
