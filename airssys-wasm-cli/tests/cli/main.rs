//! End-to-end tests of the command: real processes, their output and their exit codes.

mod apply;
mod authors;
mod bad_input;
mod busy;
mod compiling;
mod first_format;
mod full;
mod half_open;
mod killed;
mod lifting;
mod many;
mod operate;
mod packages;
mod pipelines;
mod quick_start;
mod registry;
mod run;
mod serving;
mod support;
mod terminal;
mod watching;
mod web;
