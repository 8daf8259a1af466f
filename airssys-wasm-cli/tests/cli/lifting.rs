//! Revoked rules are granted again only on request, and every command reports it.

use super::support::{TestDir, guest_path};

#[test]
fn a_grant_wider_than_a_revocation_needs_grant_again() {
    let place = TestDir::new();
    let _process = place.serve();
    let (probe, data) = (guest_path("attack-probe"), place.path().join("data"));
    std::fs::create_dir(&data).expect("a folder");
    let wide = format!("file-read /data from={}", data.display());
    let revoked = "file-read /data/x";
    place.run(&["deploy", &probe, "--grant", &wide]).ok();
    place.run(&["caps", "revoke", "attack-probe", revoked]).ok();

    let update = [
        "update",
        "attack-probe",
        &probe,
        "--any-version",
        "--grant",
        &wide,
    ];
    let grant = ["caps", "grant", "attack-probe", "--grant", &wide];
    for arguments in [&update[..], &grant] {
        let told = place.run(arguments).failed(5);
        assert!(
            told.contains(&format!("`{revoked}`")) && told.contains("--grant-again"),
            "{told}"
        );
        assert!(
            place
                .run(&["caps", "show", "attack-probe"])
                .ok()
                .contains("revoked   file-read /data/x")
        );
    }
    let told = place.run(&[&update[..], &["--grant-again"]].concat()).ok();
    assert!(
        told.contains("warning: `file-read /data/x` was revoked, and is granted again"),
        "{told}"
    );
    let shown = place.run(&["caps", "show", "attack-probe"]).ok();
    assert!(
        shown.contains("restored  file-read /data/x") && !shown.contains("\nrevoked"),
        "{shown}"
    );
    let history = place.run(&["history"]).ok();
    assert!(
        history.contains("granted again: file-read /data/x"),
        "{history}"
    );
}

#[test]
fn only_a_grant_that_names_the_revoked_rule_lifts_it() {
    let place = TestDir::new();
    let _process = place.serve();
    place
        .run(&[
            "deploy",
            &guest_path("attack-probe"),
            "--grant",
            "config a value=1",
        ])
        .ok();
    place
        .run(&["caps", "revoke", "attack-probe", "config a"])
        .ok();
    let show = || place.run(&["caps", "show", "attack-probe"]).ok();
    place
        .run(&[
            "caps",
            "grant",
            "attack-probe",
            "--grant",
            "config b value=2",
        ])
        .ok();
    assert!(show().contains("revoked   config a"), "{}", show());
    let told = place
        .run(&[
            "caps",
            "grant",
            "attack-probe",
            "--grant",
            "config a value=3",
        ])
        .ok();
    assert!(told.contains("warning: `config a` was revoked"), "{told}");
    assert!(
        show().contains("restored  config a") && !show().contains("\nrevoked"),
        "{}",
        show()
    );
}
