//! What takes several steps comes to its end, whatever becomes of the connection it came by.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::reply::Refused;
use crate::api::{Problem, kinds};

pub(super) async fn to_its_end(request: Request, next: Next) -> Response {
    match tokio::spawn(next.run(request)).await {
        Ok(answer) => answer,
        Err(error) => {
            Refused(Problem::new(kinds::INTERNAL, "what was asked for did not end").because(error))
                .into_response()
        }
    }
}
