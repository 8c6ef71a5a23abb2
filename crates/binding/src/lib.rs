//! `headroom_beam._core` converts between Python, Arrow and the crusher, and does nothing else. `_core.pyi`
//! documents it.

mod crushed_block;
mod crushed_text;
mod cut_text;
mod errors;
mod markers;
mod options;
mod recognised;
mod record_batches;
mod restored_block;
mod tokens;

use pyo3::prelude::*;

/// Crushing allocates much memory and frees all of it soon. With this allocator, that takes half the time. It
/// serves only this library, not Python.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[pymodule]
mod _core {
    #[pymodule_export]
    use super::crushed_block::{CallTable, CrushedBlock, crush_block, crush_records, crush_text_file};
    #[pymodule_export]
    use super::crushed_text::{CrushedText, crush_text};
    #[pymodule_export]
    use super::cut_text::{
        CutBlock, CutPiece, JsonCutter, crush_elements, element_markers, framing, restore_elements,
    };
    #[pymodule_export]
    use super::markers::{markers, raw_marker};
    #[pymodule_export]
    use super::options::{Options, check_payload_path};
    #[pymodule_export]
    use super::recognised::{Recogniser, recognise};
    #[pymodule_export]
    use super::restored_block::{RestoredBlock, restore_block};
    #[pymodule_export]
    use super::tokens::{count_tokens, estimate_tokens};
    #[pymodule_export]
    const NOTATION_VERSION: u32 = headroom_crusher::NOTATION_VERSION;
}
