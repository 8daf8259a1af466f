//! Mistakes of providers are found when the host is built, and name both providers involved.

use airssys_wasm_host::wasmtime::component::Linker;
use airssys_wasm_host::{ErrorKind, Host, HostBuilder, InstanceState, Provider, wasmtime};

/// A provider of one function of an interface, under its own kind of rules.
struct Ruled {
    kind: &'static str,
    says: &'static [&'static str],
    links: &'static str,
}

impl Provider for Ruled {
    fn kind(&self) -> &'static str {
        self.kind
    }

    fn interfaces(&self) -> &'static [&'static str] {
        self.says
    }

    fn check(&self, _: &str) -> Result<(), String> {
        Ok(())
    }

    fn link(&self, linker: &mut Linker<InstanceState>) -> wasmtime::Result<()> {
        linker
            .instance(self.links)?
            .func_wrap("count", |_, (): ()| Ok((0u32,)))
    }
}

fn docs(kind: &'static str) -> Ruled {
    Ruled {
        kind,
        says: &["ed:host/docs@0.1.0"],
        links: "ed:host/docs@0.1.0",
    }
}

/// Asserts that the host is refused with an error that contains all of these words.
fn refused(builder: HostBuilder, words: &[&str]) {
    let error = builder.build().map(drop).expect_err("it is a mistake");
    assert_eq!(error.kind(), ErrorKind::InvalidProvider, "{error}");
    for word in words {
        assert!(
            error.to_string().contains(word),
            "`{word}` is not in: {error}"
        );
    }
}

#[test]
fn two_providers_of_one_interface_are_both_named() {
    let two = Host::builder()
        .provider(docs("ed:one"))
        .provider(docs("ed:two"));
    refused(two, &["`ed:one`", "`ed:two`", "`ed:host/docs@0.1.0`"]);
    let beside = Host::builder()
        .provider(docs("ed:one"))
        .imports(["ed:host/docs@0.1.0"], |_| Ok(()));
    refused(beside, &["`ed:one`", "both provide"]);
    let functions = Host::builder()
        .imports(["print"], |_| Ok(()))
        .imports(["print"], |_| Ok(()));
    refused(functions, &["both provide `print`"]);
}

#[test]
fn a_provider_that_does_not_link_is_named_with_its_error() {
    let failing =
        Host::builder().imports(["print"], |_| Err(wasmtime::Error::msg("the paper jams")));
    refused(failing, &["`print` does not link", "the paper jams"]);
    let twice = Host::builder().imports(["print"], |linker| {
        linker.root().func_wrap("print", |_, (): ()| Ok(()))?;
        linker.root().func_wrap("print", |_, (): ()| Ok(()))
    });
    refused(twice, &["`print` does not link", "defined twice"]);
    // The first links an interface that it does not declare, and the second declares it.
    let hidden = Ruled {
        kind: "ed:two",
        says: &[],
        links: "ed:host/docs@0.1.0",
    };
    refused(
        Host::builder().provider(docs("ed:one")).provider(hidden),
        &["`ed:two`", "defined twice"],
    );
}

#[test]
fn a_provider_in_place_of_what_the_host_provides_is_refused() {
    for interface in [
        "wasi:cli/environment@0.2.12",
        "wasi:cli/environment@0.2.3",
        "wasi:random/random@0.3.0",
        "airssys:secrets/store@0.1.0",
    ] {
        let shadowing = Host::builder().imports([interface], |_| Ok(()));
        refused(shadowing, &[interface, "which the host provides itself"]);
    }
}

#[test]
fn a_provider_that_links_another_name_than_it_says_is_refused() {
    let unversioned = Ruled {
        kind: "ed:one",
        says: &["ed:host/docs"],
        links: "ed:host/docs@0.1.0",
    };
    refused(
        Host::builder().provider(unversioned),
        &["`ed:one`", "`ed:host/docs`", "with the version"],
    );
    refused(
        Host::builder().imports(["print"], |_| Ok(())),
        &["`print`", "links nothing of that name"],
    );
}

#[test]
fn providers_that_fit_are_built() {
    let other = Ruled {
        kind: "ed:one",
        says: &["ed:host/docs@0.2.0"],
        links: "ed:host/docs@0.2.0",
    };
    let fits = Host::builder().provider(docs("ed:one")).provider(other);
    fits.build().expect("several versions, one kind");
    // WASI interfaces that the host lacks, and drafts in other versions than the host's.
    let wasi = Host::builder().imports(["wasi:config/store@0.2.0-draft"], |linker| {
        linker
            .instance("wasi:config/store@0.2.0-draft")?
            .func_wrap("count", |_, (): ()| Ok((0u32,)))
    });
    wasi.build().expect("another version");
}
