//! The file of grants is read whole or refused, even if its writer is killed.

use std::process::{Command, Stdio};
use std::time::Duration;

use airssys_wasm_host::{ErrorKind, read_grants, write_grants};

use super::probe::grants;

#[test]
fn a_killed_writer_leaves_the_old_or_the_new_grants() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("grants.toml");
    write_grants(&path, &grants(&["config first value=1"])).expect("written");
    for round in 0..20 {
        let mut writer = Command::new(env!("CARGO_BIN_EXE_writes-grants"))
            .arg(&path)
            .stdout(Stdio::null())
            .spawn()
            .expect("the writer runs");
        std::thread::sleep(Duration::from_millis(5 + round * 3));
        writer.kill().expect("it runs still");
        writer.wait().expect("it ended");
        let read = read_grants(&path).expect("whole");
        assert!(
            read.allowed().count() == 1 || read.allowed().count() == 500,
            "{}",
            read.allowed().count()
        );
    }
}

#[test]
fn a_truncated_file_grants_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("grants.toml");
    write_grants(&path, &grants(&["config a value=1", "config b value=2"])).expect("written");
    let whole = std::fs::read(&path).expect("read");
    for length in 0..whole.len() - 1 {
        std::fs::write(&path, &whole[..length]).expect("written");
        if let Ok(read) = read_grants(&path) {
            assert_eq!(
                read,
                grants(&["config a value=1", "config b value=2"]),
                "{length} bytes"
            );
        }
    }
    std::fs::remove_file(&path).expect("removed");
    assert_eq!(
        read_grants(&path).expect_err("there is none").kind(),
        ErrorKind::Io
    );
}
