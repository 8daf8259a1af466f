//! Clients of other projects.

use std::process::{Command, Output};

use super::client::pattern;
use super::site::Site;

async fn curl(arguments: &[&str], site: &Site) -> Output {
    let arguments: Vec<String> = arguments
        .iter()
        .map(|argument| argument.replace("URL", &format!("http://{}", site.address)))
        .collect();
    let run = move || {
        Command::new("curl")
            .args(["--silent", "--show-error"])
            .args(arguments)
            .output()
    };
    tokio::task::spawn_blocking(run)
        .await
        .expect("no panic")
        .expect("curl is installed: `cargo xtask test` does")
}

async fn text(arguments: &[&str], site: &Site) -> String {
    let output = curl(arguments, site).await;
    assert!(
        output.status.success(),
        "{arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn curl_can_use_every_feature() {
    let site = Site::new().await;
    let place = tempfile::tempdir().expect("a directory");
    let file = place.path().join("body");
    std::fs::write(&file, pattern(2_000_000)).expect("written");
    let upload = format!("@{}", file.display());
    let counted = "2000000 bytes, 0 wrong, 0 trailers\n";
    assert_eq!(text(&["URL/"], &site).await, "hello from 1.0.0\n");
    assert_eq!(
        text(&["--http1.0", "URL/"], &site).await,
        "hello from 1.0.0\n"
    );
    assert_eq!(
        text(&["--http2", "URL/"], &site).await,
        "hello from 1.0.0\n",
        "an upgrade is ignored"
    );
    assert_eq!(
        text(&["--http2-prior-knowledge", "URL/"], &site).await,
        "hello from 1.0.0\n"
    );
    assert_eq!(
        text(&["--data-binary", &upload, "URL/count"], &site).await,
        counted
    );
    assert_eq!(
        text(
            &[
                "--http2-prior-knowledge",
                "--data-binary",
                &upload,
                "URL/count"
            ],
            &site
        )
        .await,
        counted
    );
    let chunked = [
        "--header",
        "transfer-encoding: chunked",
        "--data-binary",
        &upload,
        "URL/count",
    ];
    assert_eq!(text(&chunked, &site).await, counted);
    let expecting = [
        "--verbose",
        "--header",
        "expect: 100-continue",
        "--data-binary",
        &upload,
        "URL/count",
    ];
    let output = curl(&expecting, &site).await;
    assert_eq!(String::from_utf8_lossy(&output.stdout), counted);
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("100 Continue"),
        "it receives 100 Continue"
    );
    let kept = text(&["--verbose", "URL/", "URL/who"], &site).await;
    assert!(kept.contains("GET") || kept.contains("Get"), "{kept}");
    let head = text(&["--head", "URL/"], &site).await;
    assert!(head.contains("content-length: 17"), "{head}");
    let cut_off = curl(&["URL/half?5000000"], &site).await;
    assert_eq!(
        cut_off.status.code(),
        Some(18),
        "a part of it arrived: {}",
        String::from_utf8_lossy(&cut_off.stderr)
    );
}
