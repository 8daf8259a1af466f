//! Ends a process that takes far too long: a broken promise often shows as a call that never ends,
//! which must fail a test rather than hang it.
//!
//! By then the test harness has printed which test is still running.

use std::sync::Once;
use std::time::Duration;

/// Many times the duration of the slowest test program.
const TIMEOUT: Duration = Duration::from_secs(600);

/// Starts the watchdog of this process once.
pub(crate) fn start() {
    static STARTED: Once = Once::new();
    STARTED.call_once(|| {
        std::thread::spawn(|| {
            std::thread::sleep(TIMEOUT);
            #[expect(
                clippy::print_stderr,
                reason = "it is the last line that this process prints"
            )]
            {
                eprintln!(
                    "still running after {:?}; a call or a drain does not end",
                    TIMEOUT
                );
            }
            std::process::exit(101);
        });
    });
}
