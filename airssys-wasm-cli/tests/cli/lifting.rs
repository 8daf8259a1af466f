//! Revoked rules are granted again only on request, and every command reports it.

use super::support::{Place, guest};

#[test]
fn a_wider_grant_asks_for_grant_again() {
    let place = Place::new();
    let _process = place.serve();
    let (probe, data) = (guest("attack-probe"), place.path().join("data"));
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
fn a_grant_beside_it_leaves_it_revoked_and_one_that_names_it_does_not() {
    let place = Place::new();
    let _process = place.serve();
    place
        .run(&[
            "deploy",
            &guest("attack-probe"),
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
