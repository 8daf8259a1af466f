//! Attempts to read values by name.

use crate::airssys::secrets::store as secrets;
use crate::wasi::config::store as config;
use crate::wasi::logging::logging;

type Outcome = Result<String, String>;

pub fn variable(name: &str) -> Outcome {
    std::env::var(name).map_err(|error| error.to_string())
}

pub fn variables() -> Outcome {
    let mut names: Vec<String> = std::env::vars().map(|(name, _)| name).collect();
    names.sort();
    Ok(names.join(" "))
}

pub fn config(key: &str) -> Outcome {
    match config::get(key) {
        Ok(Some(value)) => Ok(value),
        Ok(None) => Err("no such key".into()),
        Err(error) => Err(format!("{error:?}")),
    }
}

pub fn config_all() -> Outcome {
    let values = config::get_all().map_err(|error| format!("{error:?}"))?;
    Ok(values
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect::<Vec<_>>()
        .join(" "))
}

pub fn secret(name: &str) -> Outcome {
    secrets::get(name).map_err(|error| format!("{error:?}"))
}

pub fn log(message: &str) -> Outcome {
    logging::log(logging::Level::Warn, "probe", message);
    Ok("logged".into())
}
