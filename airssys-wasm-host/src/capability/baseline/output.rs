//! The stdout and stderr of an instance, split into lines that belong to one call each.
//!
//! A line is printed when it ends, when it reaches the maximum length, when its call ends, and
//! after a second without further text. A flush prints nothing, because Rust guests flush at every
//! write.
//! Tests: in this file, `tests/suite/ends`.

use std::io;
use std::sync::{Arc, Weak};
use std::task::{Wake, Waker};
use std::time::Duration;

use parking_lot::Mutex;

use super::console::Console;
use super::last_lines::LastLines;
use super::printer::Printer;
use crate::clock::{Alarm, Ticks};
use crate::observe::{CallCounter, CallId, GuestStream};

/// The most bytes in a line; a longer line is split.
pub(super) const LINE_BYTES_MAX: usize = 8 << 10;

/// Time after which an unfinished line is printed.
const SILENCE: Duration = Duration::from_secs(1);

/// The output of an instance.
pub(crate) struct InstanceOutput {
    printer: Arc<Printer>,
    /// The console that replaces the guest log, if it has an output.
    console: Option<Arc<Console>>,
    /// The current call: its identity, and whether it has left a line unfinished.
    calls: Arc<CallCounter>,
    written: Mutex<OutputState>,
}

/// The output that is still needed.
#[derive(Default)]
struct OutputState {
    stdout: PartialLine,
    stderr: PartialLine,
    last_stderr_lines: LastLines,
    /// Set while a line is unfinished, and for a short time after.
    alarm: Option<Alarm>,
}

/// The beginning of an unfinished line.
#[derive(Default)]
struct PartialLine {
    text: Vec<u8>,
    call: CallId,
    /// The time of the last write to the line.
    at: Option<Ticks>,
}

impl InstanceOutput {
    pub(crate) fn new(
        printer: Arc<Printer>,
        console: Option<Arc<Console>>,
        calls: Arc<CallCounter>,
    ) -> Arc<Self> {
        Arc::new(Self {
            printer,
            console,
            calls,
            written: Mutex::default(),
        })
    }

    /// Writes the guest's output.
    ///
    /// # Errors
    ///
    /// The errors of a console; the guest log accepts everything.
    pub(super) fn write(self: &Arc<Self>, stream: GuestStream, bytes: &[u8]) -> io::Result<()> {
        match self
            .console
            .as_ref()
            .and_then(|console| console.write(stream, bytes))
        {
            Some(written) => written,
            None => {
                self.split_into_lines(stream, bytes);
                Ok(())
            }
        }
    }

    /// Splits the guest's output into lines, and prints the complete ones.
    fn split_into_lines(self: &Arc<Self>, stream: GuestStream, bytes: &[u8]) {
        let (call, now) = (self.calls.current(), self.printer.clock.now());
        let mut written = self.written.lock();
        if written.line(stream).call != call {
            self.print_unfinished(&mut written, stream);
        }
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            for part in piece.chunks(LINE_BYTES_MAX) {
                let line = written.line(stream);
                line.text.extend_from_slice(part);
                (line.call, line.at) = (call, Some(now));
                if line.text.ends_with(b"\n") || line.text.len() >= LINE_BYTES_MAX {
                    self.print_unfinished(&mut written, stream);
                }
            }
        }
        if !written.line(stream).text.is_empty() {
            self.calls.set_unfinished_line(true);
            if written.alarm.is_none() {
                written.alarm = Some(self.alarm(now));
            }
        }
    }

    /// Returns the console, if the embedder has set one.
    pub(super) fn console(&self) -> Option<&Console> {
        self.console.as_deref()
    }

    /// Prints a line of `wasi:logging`, which is always complete.
    pub(crate) fn log(&self, line: &[u8]) {
        self.printer
            .print(self.calls.current(), GuestStream::Stderr, line);
    }

    /// Prints the lines that the call left unfinished.
    #[inline]
    pub(crate) fn end_call(&self) {
        if self.calls.has_unfinished_line() {
            self.print_all_unfinished();
        }
    }

    /// Returns the last lines written to stderr in the current call.
    pub(crate) fn last_stderr_lines(&self) -> Option<String> {
        self.end_call();
        self.written
            .lock()
            .last_stderr_lines
            .in_call(self.calls.current())
    }

    #[cold]
    fn print_all_unfinished(&self) {
        let mut written = self.written.lock();
        self.calls.set_unfinished_line(false);
        for stream in [GuestStream::Stdout, GuestStream::Stderr] {
            self.print_unfinished(&mut written, stream);
        }
    }

    fn print_unfinished(&self, written: &mut OutputState, stream: GuestStream) {
        let line = written.line(stream);
        if line.text.is_empty() {
            return;
        }
        let (mut text, call) = (std::mem::take(&mut line.text), line.call);
        let whole = text.strip_suffix(b"\n").unwrap_or(&text);
        let whole = whole.strip_suffix(b"\r").unwrap_or(whole);
        self.printer.print(call, stream, whole);
        if stream == GuestStream::Stderr {
            written.last_stderr_lines.push(call, whole);
        }
        // The buffer is used again.
        text.clear();
        written.line(stream).text = text;
    }

    /// Returns an alarm for the end of the silence that began at `at`.
    fn alarm(self: &Arc<Self>, at: Ticks) -> Alarm {
        let alarm = self
            .printer
            .clock
            .alarm(at.saturating_add(Ticks::from_duration(SILENCE)));
        alarm.set_waker(&Waker::from(Arc::new(SilenceWaker(Arc::downgrade(self)))));
        alarm
    }

    /// Prints the lines without new text for a second, and sets an alarm for the others.
    fn end_silence(self: &Arc<Self>) {
        let now = self.printer.clock.now();
        let mut written = self.written.lock();
        let mut latest = None;
        for stream in [GuestStream::Stdout, GuestStream::Stderr] {
            let line = written.line(stream);
            let Some(at) = line.at.filter(|_| !line.text.is_empty()) else {
                continue;
            };
            if now >= at.saturating_add(Ticks::from_duration(SILENCE)) {
                self.print_unfinished(&mut written, stream);
            } else {
                latest = latest.max(Some(at));
            }
        }
        written.alarm = latest.map(|at| self.alarm(at));
    }
}

impl OutputState {
    fn line(&mut self, stream: GuestStream) -> &mut PartialLine {
        match stream {
            GuestStream::Stdout => &mut self.stdout,
            GuestStream::Stderr => &mut self.stderr,
        }
    }
}

impl Drop for InstanceOutput {
    /// Prints what a guest left in the middle of a line.
    fn drop(&mut self) {
        self.end_call();
    }
}

/// A waker for lines that may have been silent long enough.
struct SilenceWaker(Weak<InstanceOutput>);

impl Wake for SilenceWaker {
    fn wake(self: Arc<Self>) {
        if let Some(output) = self.0.upgrade() {
            output.end_silence();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::observe::{GuestLine, GuestLog, LogBudget};

    #[derive(Default)]
    struct Lines(Mutex<Vec<String>>);

    impl GuestLog for Lines {
        fn line(&self, line: GuestLine<'_>) {
            self.0.lock().push(format!("{} {}", line.call, line.text));
        }
    }

    struct Fixture {
        log: Arc<Lines>,
        calls: Arc<CallCounter>,
        clock: Arc<Clock>,
        output: Arc<InstanceOutput>,
    }

    fn fixture() -> Fixture {
        let (log, clock) = (Arc::new(Lines::default()), Arc::<Clock>::default());
        let printer = Printer {
            deployment: "test".parse().expect("a name"),
            revision: 1,
            version: None,
            log: Arc::clone(&log) as Arc<dyn GuestLog>,
            budget: LogBudget::new(usize::MAX),
            clock: Arc::clone(&clock),
        };
        let calls = Arc::new(CallCounter::new(7));
        calls.begin_call();
        let output = InstanceOutput::new(Arc::new(printer), None, Arc::clone(&calls));
        Fixture {
            log,
            calls,
            clock,
            output,
        }
    }

    impl Fixture {
        fn write(&self, text: &str) {
            self.output
                .split_into_lines(GuestStream::Stdout, text.as_bytes());
        }

        fn lines(&self) -> Vec<String> {
            self.log.0.lock().clone()
        }
    }

    #[test]
    fn cuts_writes_into_lines() {
        let fixture = fixture();
        fixture.write("one\ntw");
        fixture.write("o\r\n\nthree");
        assert_eq!(fixture.lines(), ["7.1 one", "7.1 two", "7.1 "]);
        drop(fixture.output);
        assert_eq!(
            fixture.log.0.lock().last().map(String::as_str),
            Some("7.1 three")
        );
    }

    #[test]
    fn prints_unfinished_line_at_the_end_of_its_call() {
        let fixture = fixture();
        fixture.write("half");
        assert!(fixture.lines().is_empty());
        fixture.output.end_call();
        assert_eq!(fixture.lines(), ["7.1 half"]);
    }

    #[test]
    fn never_joins_text_of_two_calls() {
        let fixture = fixture();
        fixture.write("half");
        fixture.calls.begin_call();
        fixture.write("other\n");
        assert_eq!(fixture.lines(), ["7.1 half", "7.2 other"]);
    }

    #[test]
    fn prints_unfinished_line_after_a_second_of_silence() {
        let fixture = fixture();
        let second = Ticks::from_duration(SILENCE);
        fixture.write("wait");
        fixture.clock.set(Ticks(second.0 - 1));
        fixture.write("ing");
        fixture.clock.set(second);
        assert!(fixture.lines().is_empty(), "text was added just now");
        fixture.clock.set(Ticks(2 * second.0 - 1));
        assert_eq!(fixture.lines(), ["7.1 waiting"]);
        fixture.write("again");
        fixture.clock.set(Ticks(4 * second.0));
        assert_eq!(fixture.lines(), ["7.1 waiting", "7.1 again"]);
    }

    #[test]
    fn an_endless_line_is_split_in_bounded_memory() {
        let fixture = fixture();
        fixture.write(&"x".repeat(3 * LINE_BYTES_MAX + 1));
        assert_eq!(fixture.lines().len(), 3);
        assert!(fixture.output.written.lock().stdout.text.capacity() <= 2 * LINE_BYTES_MAX);
    }

    #[test]
    fn retains_the_last_stderr_lines_of_the_current_call() {
        let fixture = fixture();
        fixture
            .output
            .split_into_lines(GuestStream::Stderr, b"first call\n");
        fixture.calls.begin_call();
        assert_eq!(fixture.output.last_stderr_lines(), None);
        fixture
            .output
            .split_into_lines(GuestStream::Stderr, b"panicked\nboom");
        assert_eq!(
            fixture.output.last_stderr_lines().as_deref(),
            Some("panicked\nboom")
        );
    }
}
