//! The time that hostile input may take.

use std::time::Duration;

/// The most time for one hostile input. Linear work takes a few hundredths of it, a tenth on a busy machine.
/// Quadratic work takes hours.
pub const LIMIT: Duration = Duration::from_secs(if cfg!(debug_assertions) { 600 } else { 60 });

/// Prints what took so long, if `HEADROOM_SHOW_TIMES` is set.
pub fn show_time(took: Duration, what: &str) {
    if std::env::var_os("HEADROOM_SHOW_TIMES").is_some() {
        println!("{:>8.1} ms  {what}", took.as_secs_f64() * 1e3);
    }
}
