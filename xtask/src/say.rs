//! What the person at the terminal reads: one line for each step.

use std::io::Write as _;
use std::sync::OnceLock;
use std::time::Instant;

static STARTED: OnceLock<Instant> = OnceLock::new();

/// Starts the clock that [`step`] shows.
pub(crate) fn start_clock() {
    STARTED.get_or_init(Instant::now);
}

/// Says what is being done now, with the minutes and seconds since the start.
pub(crate) fn step(text: impl AsRef<str>) {
    let seconds = STARTED.get_or_init(Instant::now).elapsed().as_secs();
    line(format!("[{:02}:{:02}] {}", seconds / 60, seconds % 60, text.as_ref()));
}

/// Prints one line as it is. A closed pipe is not worth failing for.
pub(crate) fn line(text: impl AsRef<str>) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{}", text.as_ref()).and_then(|()| out.flush());
}
