//! A component from elsewhere that answers HTTP requests: no SDK, no section.

mod serve;
