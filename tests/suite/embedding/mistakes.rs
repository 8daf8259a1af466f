//! Mistakes of providers are found when the host is built, and name both providers involved.

use airssys_wasm_host::wasmtime::component::Linker;
use airssys_wasm_host::{Host, HostBuilder, InstanceState, Provider, wasmtime};

/// A provider of one function of an interface, under its own kind of rules.
struct RuledProvider {
    kind: &'static str,
    declared: &'static [&'static str],
    linked: &'static str,
}

impl Provider for RuledProvider {
    fn kind(&self) -> &'static str {
        self.kind
    }

    fn interfaces(&self) -> &'static [&'static str] {
        self.declared
    }

    fn check(&self, _: &str) -> Result<(), String> {
        Ok(())
    }

    fn link(&self, linker: &mut Linker<InstanceState>) -> wasmtime::Result<()> {
        linker
            .instance(self.linked)?
            .func_wrap("count", |_, (): ()| Ok((0u32,)))
    }
}

fn ruled(kind: &'static str) -> RuledProvider {
    RuledProvider {
        kind,
        declared: &["ed:host/docs@0.1.0"],
        linked: "ed:host/docs@0.1.0",
    }
}

/// Asserts that the host is refused with an error that contains all of these words.
fn assert_refused(builder: HostBuilder, words: &[&str]) {
    let error = builder.build().map(drop).expect_err("it is a mistake");
    assert_eq!(error.code(), "invalid-provider", "{error}");
    for word in words {
        assert!(
            error.to_string().contains(word),
            "`{word}` is not in: {error}"
        );
    }
}

#[test]
fn two_providers_of_one_interface_are_refused_by_name() {
    let two = Host::builder()
        .provider(ruled("ed:one"))
        .provider(ruled("ed:two"));
    assert_refused(two, &["`ed:one`", "`ed:two`", "`ed:host/docs@0.1.0`"]);
    let beside = Host::builder()
        .provider(ruled("ed:one"))
        .imports(["ed:host/docs@0.1.0"], |_| Ok(()));
    assert_refused(beside, &["`ed:one`", "both provide"]);
    let functions = Host::builder()
        .imports(["print"], |_| Ok(()))
        .imports(["print"], |_| Ok(()));
    assert_refused(functions, &["both provide `print`"]);
}

#[test]
fn a_provider_that_does_not_link_is_named_with_its_error() {
    let failing =
        Host::builder().imports(["print"], |_| Err(wasmtime::Error::msg("the paper jams")));
    assert_refused(failing, &["`print` does not link", "the paper jams"]);
    let twice = Host::builder().imports(["print"], |linker| {
        linker.root().func_wrap("print", |_, (): ()| Ok(()))?;
        linker.root().func_wrap("print", |_, (): ()| Ok(()))
    });
    assert_refused(twice, &["`print` does not link", "defined twice"]);
    // The first links an interface that it does not declare, and the second declares it.
    let hidden = RuledProvider {
        kind: "ed:two",
        declared: &[],
        linked: "ed:host/docs@0.1.0",
    };
    assert_refused(
        Host::builder().provider(ruled("ed:one")).provider(hidden),
        &["`ed:two`", "defined twice"],
    );
}

#[test]
fn a_provider_of_an_interface_of_the_host_is_refused() {
    for interface in [
        "wasi:cli/environment@0.2.12",
        "wasi:cli/environment@0.2.3",
        "wasi:random/random@0.3.0",
        "airssys:secrets/store@0.1.0",
    ] {
        let shadowing = Host::builder().imports([interface], |_| Ok(()));
        assert_refused(shadowing, &[interface, "which the host provides itself"]);
    }
}

#[test]
fn a_provider_that_links_an_undeclared_name_is_refused() {
    let unversioned = RuledProvider {
        kind: "ed:one",
        declared: &["ed:host/docs"],
        linked: "ed:host/docs@0.1.0",
    };
    assert_refused(
        Host::builder().provider(unversioned),
        &["`ed:one`", "`ed:host/docs`", "with the version"],
    );
    assert_refused(
        Host::builder().imports(["print"], |_| Ok(())),
        &["`print`", "links nothing of that name"],
    );
}

#[test]
fn compatible_providers_are_accepted() {
    let other = RuledProvider {
        kind: "ed:one",
        declared: &["ed:host/docs@0.2.0"],
        linked: "ed:host/docs@0.2.0",
    };
    let fits = Host::builder().provider(ruled("ed:one")).provider(other);
    fits.build().expect("several versions, one kind");
    // WASI interfaces that the host lacks, and drafts in other versions than the host's.
    let wasi = Host::builder().imports(["wasi:config/store@0.2.0-draft"], |linker| {
        linker
            .instance("wasi:config/store@0.2.0-draft")?
            .func_wrap("count", |_, (): ()| Ok((0u32,)))
    });
    wasi.build().expect("another version");
}
