//! Published packages: immutable, and available as long as the directory exists.

use airssys_wasm_host::{Component, Error, ErrorKind, Host, PackageRef};

use super::{blobs, host, temp_directory};
use crate::support::guest;

fn package_ref(text: &str) -> PackageRef {
    text.parse().expect("a package")
}

fn version(component: &str, version: &str) -> Component {
    guest(component).with_version(version.parse().expect("a version"))
}

async fn publish_greeter(host: &Host) {
    let published = host.packages().publish(&guest("greeter-v1")).await;
    published.expect("published");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_refers_to_the_same_bytes_permanently() {
    let place = temp_directory();
    let first = host(place.path());
    let packages = first.packages();
    publish_greeter(&first).await;
    packages
        .publish(&guest("greeter-v1"))
        .await
        .expect("publishing the same bytes again changes nothing");
    let error = packages
        .publish(&version("greeter-v2", "1.0.0"))
        .await
        .expect_err("other bytes");
    assert_eq!(error.code(), "version-taken");
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
        .packages()
        .get(&package_ref("greeter@1.0.0"))
        .await
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
        host.packages()
            .publish(&version(component, number))
            .await
            .expect("published");
    }
    let named = async |text: &str| {
        let found = host.packages().get(&package_ref(text)).await?;
        Ok::<_, Error>(found.version().map(ToString::to_string))
    };
    assert_eq!(
        named("greeter").await.expect("published").as_deref(),
        Some("2.0.0")
    );
    assert_eq!(
        named("greeter@^1").await.expect("published").as_deref(),
        Some("1.4.0")
    );
    for (text, expected) in [
        ("greeter@3.0.0", "published versions: 1.0.0, 1.4.0, 2.0.0"),
        ("greetr", "did you mean `greeter`?"),
    ] {
        let error = named(text).await.expect_err("not there");
        assert_eq!(error.kind(), ErrorKind::NotPublished);
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn packages_outlive_removed_deployments() {
    let place = temp_directory();
    let first = host(place.path());
    publish_greeter(&first).await;
    drop(first.deploy(guest("greeter-v1")).await.expect("deployed"));
    first.remove("greeter").await.expect("removed");
    drop(first);
    let second = host(place.path());
    assert_eq!(blobs(place.path()), 1);
    let packages = second.packages();
    let found = packages
        .get(&package_ref("greeter"))
        .await
        .expect("published");
    drop(second.deploy(found).await.expect("deployed again"));
    assert_eq!(packages.list().await.expect("readable").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn altered_bytes_of_a_package_are_not_returned() {
    let place = temp_directory();
    let host = host(place.path());
    let packages = host.packages();
    publish_greeter(&host).await;
    let path = place
        .path()
        .join("state/components/packages/local/greeter/1.0.0.wasm");
    std::fs::write(path, guest("greeter-v2").bytes()).expect("damaged");
    let error = packages
        .get(&package_ref("greeter"))
        .await
        .expect_err("damaged");
    assert_eq!(error.kind(), ErrorKind::StateDamaged);
    assert!(error.to_string().contains("1.0.0.wasm"), "{error}");
}

/// A list without the packages that cannot be read would look complete.
#[tokio::test(flavor = "multi_thread")]
async fn a_directory_that_cannot_be_read_is_an_error() {
    let place = temp_directory();
    let host = host(place.path());
    let packages = host.packages();
    publish_greeter(&host).await;
    let stored = place.path().join("state/components/packages");
    std::fs::write(stored.join("acme"), b"no directory").expect("written");
    let error = packages.list().await.expect_err("`acme` is unreadable");
    assert!(error.to_string().contains("packages/acme"), "{error}");
    std::fs::create_dir_all(stored.join("demo")).expect("created");
    std::fs::write(stored.join("demo/greeter"), b"no directory").expect("written");
    let found = packages.get(&package_ref("demo:greeter")).await;
    let error = found.expect_err("`demo/greeter` is unreadable");
    assert!(error.to_string().contains("demo/greeter"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn packages_are_stored_where_other_tools_look() {
    let place = temp_directory();
    let host = host(place.path());
    let packages = host.packages();
    let renamed = guest("greeter-v1").with_name("demo:greeter");
    for component in [guest("greeter-v1"), renamed.expect("a name")] {
        packages.publish(&component).await.expect("published");
    }
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
    let names: Vec<String> = packages
        .list()
        .await
        .expect("readable")
        .into_iter()
        .map(|package| package.name.to_string())
        .collect();
    assert_eq!(names, ["demo:greeter", "greeter"]);
    let error = packages
        .publish(&guest("plain-bindgen"))
        .await
        .expect_err("it has no version");
    assert_eq!(error.code(), "unnamed");
}
