//! Ends a process that takes far too long: a broken promise often shows as a call
//! that never ends, and that must fail a test, not hang it.
//!
//! The test harness has said by then which test is still running.

use std::sync::Once;
use std::time::Duration;

/// Many times what the slowest of our test programs takes.
const PATIENCE: Duration = Duration::from_secs(600);

/// Starts the watchdog of this process, once.
pub(crate) fn start() {
    static STARTED: Once = Once::new();
    STARTED.call_once(|| {
        std::thread::spawn(|| {
            std::thread::sleep(PATIENCE);
            #[expect(clippy::print_stderr, reason = "it is the last that this process says")]
            {
                eprintln!(
                    "still running after {:?}; a call or a drain does not end",
                    PATIENCE
                );
            }
            std::process::exit(101);
        });
    });
}
