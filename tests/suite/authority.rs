//! Components have no authority by default: a guest that tries everything gets nothing.

use airssys_wasm_host::ErrorKind;
use airssys_wasm_host::policy::{Grants, RequestedCapabilities, Shortfall};

use crate::support::{guest, host};

#[tokio::test(flavor = "multi_thread")]
async fn everything_a_guest_tries_is_refused() {
    let host = host();
    let probe = host
        .deploy(guest("authority-probe"))
        .await
        .expect("deployed");
    let try_everything = probe
        .function::<(), (Vec<(String, Result<String, String>)>,)>("try-everything")
        .expect("an exported function");
    let (attempts,) = try_everything
        .call(())
        .await
        .expect("a report of all attempts");
    assert!(attempts.len() >= 9, "{attempts:?}");
    for (attempt, outcome) in attempts {
        // Sources that are empty rather than denied answer with nothing.
        let nothing = matches!(outcome.as_deref(), Ok("" | "0" | "0 bytes"));
        assert!(outcome.is_err() || nothing, "{attempt}: {outcome:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_of_a_component_are_shown() {
    let host = host();
    let error = host
        .deploy(guest("capabilities-declared"))
        .await
        .expect_err("nothing is granted");
    assert_eq!(error.kind(), ErrorKind::NotGranted);
    assert!(
        error
            .to_string()
            .contains("`file-read /data` (not granted)"),
        "{error}"
    );
    let less = Grants::new().with_shortfall(Shortfall::RunWithLess);
    let deployment = host
        .deploy(guest("capabilities-declared"))
        .grants(less)
        .await
        .expect("deployed");
    let RequestedCapabilities::Listed(requests) = deployment.status().active.requested else {
        panic!("the component has a section of requests");
    };
    let requests: Vec<_> = requests.iter().map(|(rule, _)| rule.to_string()).collect();
    assert!(
        requests.contains(&"file-read /data".to_owned()),
        "{requests:?}"
    );
    assert!(
        requests.contains(&"network-outbound api.example.com".to_owned()),
        "{requests:?}"
    );
}
