//! Finds the results of tools by their shape.

mod calls;
mod found;
mod marks;
mod names;
mod object;
mod place;
mod recogniser;
mod walk;
mod words;

pub use found::{Found, Reason};
pub use recogniser::Recogniser;
