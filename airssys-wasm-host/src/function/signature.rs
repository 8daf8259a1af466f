//! Rust types for the signatures that core knows in advance.
//!
//! The only list of them; links and pipelines both use it.
//! Tests: `tests/suite/links`, `tests/suite/pipelines`.

use airssys_wasm_core::world::{Gives, Signature, Takes};
use wasmtime::component::{ComponentNamedList, Lift, Lower};

use crate::pipeline::{FromItems, IntoReturned};

/// The Rust types of parameters.
pub(crate) trait Params:
    ComponentNamedList + Lower + Lift + FromItems + Send + Sync + 'static
{
}
impl<T: ComponentNamedList + Lower + Lift + FromItems + Send + Sync + 'static> Params for T {}

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
pub(crate) fn with_types<W: WithTypes>(signature: Signature, with: W) -> W::Out {
    let Signature { takes, gives } = signature;
    match takes {
        Takes::Nothing => with_result::<(), W>(gives, with),
        Takes::Bytes => with_result::<(Bytes,), W>(gives, with),
        Takes::Text => with_result::<(Text,), W>(gives, with),
        Takes::U32 => with_result::<(u32,), W>(gives, with),
        Takes::U64 => with_result::<(u64,), W>(gives, with),
        Takes::TwoU32 => with_result::<(u32, u32), W>(gives, with),
        Takes::TextAndBytes => with_result::<(Text, Bytes), W>(gives, with),
    }
}

fn with_result<P: Params, W: WithTypes>(gives: Gives, with: W) -> W::Out {
    match gives {
        Gives::Nothing => with.with::<P, ()>(),
        Gives::Bytes => with.with::<P, (Bytes,)>(),
        Gives::Text => with.with::<P, (Text,)>(),
        Gives::U32 => with.with::<P, (u32,)>(),
        Gives::U64 => with.with::<P, (u64,)>(),
        Gives::MaybeBytes => with.with::<P, (Option<Bytes>,)>(),
        Gives::MaybeText => with.with::<P, (Option<Text>,)>(),
        Gives::BytesOrError => with.with::<P, (Result<Bytes, Text>,)>(),
        Gives::TextOrError => with.with::<P, (Result<Text, Text>,)>(),
    }
}
