//! A page in a browser whose component is replaced while it is open.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::site::Site;

struct Browser {
    child: Child,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// Opens a page until dropped, without contacting any other server.
    fn show(url: &str) -> Self {
        let profile = tempfile::tempdir().expect("a directory");
        let child = Command::new("chromium")
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--no-first-run",
            ])
            .args([
                "--disable-background-networking",
                "--disable-component-update",
                "--no-proxy-server",
            ])
            .arg("--remote-debugging-port=0")
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg(url)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromium is installed: `cargo xtask test` does");
        Self {
            child,
            _profile: profile,
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The page sends requests continuously for at least three seconds and until it has seen both
/// versions, sends a megabyte, and reports the result in the path of a request.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_notices_only_the_new_version() {
    let site = Site::new().await;
    let _browser = Browser::show(&format!("http://{}/page", site.address));
    let asked = async { while site.accesses.next().await.path != "/" {} };
    tokio::time::timeout(Duration::from_secs(60), asked)
        .await
        .expect("the page is loaded");
    let told = async {
        loop {
            let access = site.accesses.next().await;
            assert!(access.is_complete, "{access:?}");
            if access.path.starts_with("/told/") {
                return access.path;
            }
        }
    };
    let updates = async {
        for turn in 0.. {
            site.update(if turn % 2 == 0 { "http-v2" } else { "http-v1" })
                .await;
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    let told = tokio::select! {
        told = tokio::time::timeout(Duration::from_secs(60), told) => told.expect("the page reports in time"),
        () = updates => unreachable!("the updates never end"),
    };
    assert_eq!(told, "/told/0/1.0.0+2.0.0/true");
}
