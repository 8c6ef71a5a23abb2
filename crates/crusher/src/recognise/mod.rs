//! Finds the results of tools by their shape.

mod calls;
mod found;
mod learned;
mod marks;
mod names;
mod object;
mod place;
mod recogniser;
mod walk;
mod words;

pub use found::{Found, Reason, Recognised};
pub use learned::{Evidence, Learned, MIN_TOKENS};
pub use recogniser::Recogniser;
