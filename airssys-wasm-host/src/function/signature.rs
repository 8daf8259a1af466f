//! Rust types for the signatures that core knows in advance.
//!
//! The only list of them; links and pipelines both use it.
//! Tests: `tests/suite/links`, `tests/suite/pipelines`.

use airssys_wasm_core::world::{PlainParams, PlainResult, PlainSignature};
use wasmtime::component::{ComponentNamedList, Lift, Lower};

use super::plain::{FromValues, IntoReturned};

/// The Rust types of parameters.
pub(crate) trait Params:
    ComponentNamedList + Lower + Lift + FromValues + Send + Sync + 'static
{
}
impl<T: ComponentNamedList + Lower + Lift + FromValues + Send + Sync + 'static> Params for T {}

/// The Rust types of a result.
pub(crate) trait Results:
    ComponentNamedList + Lower + Lift + IntoReturned + Send + Sync + 'static
{
}
impl<T: ComponentNamedList + Lower + Lift + IntoReturned + Send + Sync + 'static> Results for T {}

/// An operation on the Rust types of a signature.
pub(crate) trait WithTypes {
    type Out;

    fn with<P: Params, R: Results>(self) -> Self::Out;
}

type Bytes = Vec<u8>;
type Text = String;

/// Runs `with` on the Rust types of `signature`.
pub(crate) fn with_types<W: WithTypes>(signature: PlainSignature, with: W) -> W::Out {
    let PlainSignature { params, result } = signature;
    match params {
        PlainParams::Nothing => with_result::<(), W>(result, with),
        PlainParams::Bytes => with_result::<(Bytes,), W>(result, with),
        PlainParams::Text => with_result::<(Text,), W>(result, with),
        PlainParams::U32 => with_result::<(u32,), W>(result, with),
        PlainParams::U64 => with_result::<(u64,), W>(result, with),
        PlainParams::TwoU32 => with_result::<(u32, u32), W>(result, with),
        PlainParams::TextAndBytes => with_result::<(Text, Bytes), W>(result, with),
    }
}

fn with_result<P: Params, W: WithTypes>(result: PlainResult, with: W) -> W::Out {
    match result {
        PlainResult::Nothing => with.with::<P, ()>(),
        PlainResult::Bytes => with.with::<P, (Bytes,)>(),
        PlainResult::Text => with.with::<P, (Text,)>(),
        PlainResult::U32 => with.with::<P, (u32,)>(),
        PlainResult::U64 => with.with::<P, (u64,)>(),
        PlainResult::MaybeBytes => with.with::<P, (Option<Bytes>,)>(),
        PlainResult::MaybeText => with.with::<P, (Option<Text>,)>(),
        PlainResult::BytesOrError => with.with::<P, (Result<Bytes, Text>,)>(),
        PlainResult::TextOrError => with.with::<P, (Result<Text, Text>,)>(),
    }
}
