//! Published packages: immutable, and available as long as the directory exists.

use airssys_wasm_host::{Component, ErrorKind, PackageRef};

use super::{blobs, host, temp_directory};
use crate::support::guest;

fn package_ref(text: &str) -> PackageRef {
    text.parse().expect("a package")
}

fn version(component: &str, version: &str) -> Component {
    guest(component).with_version(version.parse().expect("a version"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_refers_to_the_same_bytes_permanently() {
    let place = temp_directory();
    let first = host(place.path());
    first.publish(&guest("greeter-v1")).expect("published");
    first
        .publish(&guest("greeter-v1"))
        .expect("publishing the same bytes again changes nothing");
    let error = first
        .publish(&version("greeter-v2", "1.0.0"))
        .expect_err("other bytes");
    assert_eq!(error.kind(), ErrorKind::VersionTaken);
    assert!(
        error
            .to_string()
            .contains("is published already, with the digest sha256:"),
        "{error}"
    );
    assert_eq!(blobs(place.path()), 1, "a refused package is not stored");
    drop(first);
    let second = host(place.path());
    let found = second
        .package(&package_ref("greeter@1.0.0"))
        .expect("the package is still published");
    assert_eq!(found.digest(), guest("greeter-v1").digest());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_requirement_selects_the_newest_matching_version() {
    let place = temp_directory();
    let host = host(place.path());
    for (component, number) in [
        ("greeter-v1", "1.0.0"),
        ("greeter-v2", "1.4.0"),
        ("greeter-v2", "2.0.0"),
    ] {
        host.publish(&version(component, number))
            .expect("published");
    }
    let named = |text: &str| {
        host.package(&package_ref(text))
            .map(|found| found.version().map(ToString::to_string))
    };
    assert_eq!(
        named("greeter").expect("deployed").as_deref(),
        Some("2.0.0")
    );
    assert_eq!(
        named("greeter@^1").expect("deployed").as_deref(),
        Some("1.4.0")
    );
    for (text, expected) in [
        ("greeter@3.0.0", "published versions: 1.0.0, 1.4.0, 2.0.0"),
        ("greetr", "did you mean `greeter`?"),
    ] {
        let error = named(text).expect_err("not there");
        assert_eq!(error.kind(), ErrorKind::NotPublished);
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn packages_outlive_removed_deployments() {
    let place = temp_directory();
    let first = host(place.path());
    first.publish(&guest("greeter-v1")).expect("published");
    drop(first.deploy(guest("greeter-v1")).await.expect("deployed"));
    first.remove("greeter").await.expect("removed");
    drop(first);
    let second = host(place.path());
    assert_eq!(blobs(place.path()), 1);
    let found = second.package(&package_ref("greeter")).expect("deployed");
    drop(second.deploy(found).await.expect("deployed again"));
    assert_eq!(second.packages().expect("readable").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn altered_bytes_of_a_package_are_not_returned() {
    let place = temp_directory();
    let host = host(place.path());
    host.publish(&guest("greeter-v1")).expect("published");
    let path = place
        .path()
        .join("state/components/packages/local/greeter/1.0.0.wasm");
    std::fs::write(path, guest("greeter-v2").bytes()).expect("damaged");
    let error = host.package(&package_ref("greeter")).expect_err("damaged");
    assert_eq!(error.kind(), ErrorKind::StateDamaged);
    assert!(error.to_string().contains("1.0.0.wasm"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn packages_are_stored_where_other_tools_look() {
    let place = temp_directory();
    let host = host(place.path());
    host.publish(&guest("greeter-v1")).expect("published");
    host.publish(
        &guest("greeter-v1")
            .with_name("demo:greeter")
            .expect("a name"),
    )
    .expect("published");
    for path in ["local/greeter/1.0.0.wasm", "demo/greeter/1.0.0.wasm"] {
        assert!(
            place
                .path()
                .join("state/components/packages")
                .join(path)
                .is_file(),
            "{path}"
        );
    }
    let names: Vec<String> = host
        .packages()
        .expect("readable")
        .into_iter()
        .map(|(name, _)| name.to_string())
        .collect();
    assert_eq!(names, ["demo:greeter", "greeter"]);
    let error = host
        .publish(&guest("plain-bindgen"))
        .expect_err("it has no version");
    assert_eq!(error.kind(), ErrorKind::Unnamed);
}
