//! Boxes for the futures of calls.
//!
//! Measured by `benches/src/rows/hop.rs` and `benches/src/rows/link.rs`.

use std::mem::MaybeUninit;

/// Boxes a large future in `place`, which is allocated before the future is created: `Box::new`
/// would create it on the stack and copy it.
#[inline]
pub(crate) fn box_future<'a, T, F>(
    place: Box<MaybeUninit<F>>,
    future: F,
) -> Box<dyn Future<Output = T> + Send + 'a>
where
    F: Future<Output = T> + Send + 'a,
{
    let future: Box<F> = Box::write(place, future);
    future
}
