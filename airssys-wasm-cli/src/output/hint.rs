//! The next step for a kind of problem, in words of the command: the host library says it in
//! words of its own.

/// What to do about it, if that can be said.
pub(super) fn hint(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "name-taken" => "`airssys-wasm update` replaces it; `--name` deploys under another name",
        "unnamed" => "say a name with `--name`",
        "version-not-newer" => "`--any-version` lets it, and `airssys-wasm rollback` goes back",
        "state-would-be-lost" => "`--discard-state` lets it",
        "not-granted" | "grant-unusable" => {
            "`--grant RULE` grants, `--run-with-less` runs it without"
        }
        "lifts-revocation" => {
            "`--grant-again` gives it back; `--deny RULE` keeps it taken, and `airssys-wasm caps show NAME` shows it"
        }
        "awaits-approval" => {
            "look at `airssys-wasm status`, then `airssys-wasm approve`, or say grants with the update"
        }
        "not-published" => {
            "`airssys-wasm search` shows what is published, `airssys-wasm publish FILE` publishes"
        }
        "version-taken" => "publish it under a version of its own",
        "not-deployed" => "`airssys-wasm list` shows what is deployed",
        "nothing-to-roll-back-to" => "`airssys-wasm status NAME` shows what is kept",
        "function-not-found" => "`airssys-wasm call NAME` lists the functions",
        "missing-import" => "deploy first what it imports, or say who serves it with `--link`",
        "missing-host-function" => {
            "this host provides no such function; a program with functions of its own embeds the host library"
        }
        "ambiguous-import" => "say who serves it with `--link INTERFACE=NAME`",
        "in-use" => "remove those first that are linked to it",
        _ => return None,
    })
}
