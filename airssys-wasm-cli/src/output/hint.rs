//! Hints on how to proceed after a problem, in terms of the command line, in place of the remedies
//! of the host library, which are in terms of its Rust API.

/// Returns a hint for a kind of problem, if there is one.
pub(super) fn hint(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "name-taken" => {
            "replace it with `airssys-wasm update`, or deploy under another name with `--name`"
        }
        "unnamed" => "set a name with `--name`",
        "version-not-newer" => {
            "allow it with `--any-version`, or go back with `airssys-wasm rollback`"
        }
        "state-would-be-lost" => "allow it with `--discard-state`",
        "not-granted" | "grant-unusable" => {
            "grant it with `--grant RULE`, or run without it with `--run-with-less`"
        }
        "lifts-revocation" => {
            "grant it again with `--grant-again`, or keep it revoked with `--deny RULE`; `airssys-wasm caps show NAME` lists revocations"
        }
        "awaits-approval" => {
            "check `airssys-wasm status NAME`, then run `airssys-wasm approve`, or repeat the update with grants"
        }
        "not-published" => {
            "list what is published with `airssys-wasm search`, or publish with `airssys-wasm publish FILE`"
        }
        "version-taken" => "publish it under a different version",
        "not-deployed" => "list the deployments with `airssys-wasm list`",
        "nothing-to-roll-back-to" => "list the retained revisions with `airssys-wasm status NAME`",
        "function-not-found" => "list the functions with `airssys-wasm call NAME`",
        "missing-import" => {
            "deploy the provider of the import first, or set it with `--link INTERFACE=NAME`"
        }
        "missing-host-function" => {
            "this host process has no such host function; a program that embeds the host library can provide it"
        }
        "ambiguous-import" => "choose a provider with `--link INTERFACE=NAME`",
        "in-use" => "first remove the deployments that are linked to it",
        _ => return None,
    })
}
