//! A component without SDK and custom sections that answers HTTP requests.

mod serve;
