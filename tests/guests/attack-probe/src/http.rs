//! Attempts over HTTP.

use wasip2::http::outgoing_handler::handle;
use wasip2::http::types::{ErrorCode, Fields, IncomingResponse, Method, OutgoingRequest, Scheme};
use wasip2::io::streams::StreamError;

type Outcome = Result<String, String>;

/// Sends a request as a library would. Headers are `name: value`.
pub fn request(method: &str, url: &str, headers: &[&str]) -> Outcome {
    let (scheme, authority, path) = split(url)?;
    let fields = Fields::new();
    for header in headers {
        let (name, value) = header.split_once(": ").ok_or("not a header")?;
        fields
            .append(name, value.as_bytes())
            .map_err(|error| error.to_string())?;
    }
    send(method, scheme, Some(authority), path, fields)
}

/// Splits a URL into scheme, authority and the rest.
fn split(url: &str) -> Result<(&str, &str, &str), String> {
    let (scheme, rest) = url.split_once("://").ok_or("not a URL")?;
    let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    Ok((scheme, authority, path))
}

/// Sends a request assembled from its parts.
pub fn raw(method: &str, scheme: &str, authority: Option<&str>, path: &str) -> Outcome {
    send(method, scheme, authority, path, Fields::new())
}

fn send(
    method: &str,
    scheme: &str,
    authority: Option<&str>,
    path: &str,
    fields: Fields,
) -> Outcome {
    let response = answer(prepare(method, scheme, authority, path, fields)?)?;
    let status = response.status();
    let location = response.headers().get("location");
    let mut text = Vec::new();
    read_body(&response, |part| text.extend_from_slice(part))?;
    let location = location
        .first()
        .map(|to| format!(" to {}", String::from_utf8_lossy(to)));
    Ok(format!(
        "{status}{} {}",
        location.unwrap_or_default(),
        String::from_utf8_lossy(&text)
    ))
}

fn prepare(
    method: &str,
    scheme: &str,
    authority: Option<&str>,
    path: &str,
    fields: Fields,
) -> Result<OutgoingRequest, String> {
    let request = OutgoingRequest::new(fields);
    let scheme = match scheme {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        other => Scheme::Other(other.into()),
    };
    let method = if method == "GET" {
        Method::Get
    } else {
        Method::Other(method.into())
    };
    request.set_method(&method).map_err(|()| "invalid method")?;
    request
        .set_scheme(Some(&scheme))
        .map_err(|()| "invalid scheme")?;
    request
        .set_authority(authority)
        .map_err(|()| "invalid authority")?;
    request
        .set_path_with_query(Some(path))
        .map_err(|()| "invalid path")?;
    Ok(request)
}

fn answer(request: OutgoingRequest) -> Result<IncomingResponse, String> {
    let response = handle(request, None).map_err(|error| told(&error))?;
    response.subscribe().block();
    let response = response
        .get()
        .ok_or("no response")?
        .map_err(|()| "the response was already taken")?;
    response.map_err(|error| told(&error))
}

fn read_body(response: &IncomingResponse, mut take: impl FnMut(&[u8])) -> Result<(), String> {
    let body = response
        .consume()
        .map_err(|()| "the body was already taken")?;
    let stream = body.stream().map_err(|()| "the stream was already taken")?;
    loop {
        match stream.blocking_read(1 << 16) {
            Ok(part) => take(&part),
            Err(StreamError::Closed) => return Ok(()),
            Err(StreamError::LastOperationFailed(error)) => return Err(error.to_debug_string()),
        }
    }
}

/// Requests a URL `times` times and holds the responses with unread bodies.
pub fn request_many(url: &str, times: &str) -> Outcome {
    let (scheme, authority, path) = split(url)?;
    crate::hold(times, || {
        answer(prepare(
            "GET",
            scheme,
            Some(authority),
            path,
            Fields::new(),
        )?)
    })
}

/// Reads an endless body, and reports how it ended.
pub fn stream(url: &str, parts_max: &str) -> Outcome {
    let parts_max: u32 = parts_max
        .parse()
        .map_err(|_| "`parts_max` is not a number")?;
    let (scheme, authority, path) = split(url)?;
    let response = answer(prepare(
        "GET",
        scheme,
        Some(authority),
        path,
        Fields::new(),
    )?)?;
    let mut parts = 0;
    let ended = {
        let body = response
            .consume()
            .map_err(|()| "the body was already taken")?;
        let stream = body.stream().map_err(|()| "the stream was already taken")?;
        loop {
            match stream.blocking_read(1 << 10) {
                Ok(_) if parts >= parts_max => break "it continues".to_owned(),
                Ok(_) => parts += 1,
                Err(error) => break format!("cut off: {error}"),
            }
        }
    };
    if ended == "it continues" {
        Ok(format!("{parts} parts"))
    } else {
        Err(format!("{ended} after {parts} parts"))
    }
}

/// Sends an endless body to a server that answers early, and reports how it ended.
pub fn upload(url: &str) -> Outcome {
    let (scheme, authority, path) = split(url)?;
    let request = prepare("POST", scheme, Some(authority), path, Fields::new())?;
    let body = request
        .body()
        .map_err(|()| "the stream was already taken")?;
    let _response = answer(request)?;
    let stream = body.write().map_err(|()| "the stream was already taken")?;
    loop {
        stream
            .blocking_write_and_flush(&[7; 4096])
            .map_err(|error| format!("cut off: {error}"))?;
    }
}

fn told(error: &ErrorCode) -> String {
    format!("{error:?}")
}
