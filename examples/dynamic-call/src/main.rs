//! Calls functions whose types are known only at run time.
//!
//! Arguments are WAVE text, as an operator would type it, or values that a program builds. Both are
//! checked before anything runs.
#![expect(clippy::print_stdout, reason = "an example prints")]

use airssys_wasm_host::{Component, Deployment, Host, Result, Value};

#[tokio::main]
async fn main() -> Result<()> {
    let host = Host::builder().build()?;
    let values = host
        .deploy(component("plain-bindgen")?)
        .name("values")
        .await?;
    for function in values.functions() {
        println!("{}: {}", function.name, function.signature);
    }
    println!();
    with_text(&values).await?;
    with_values(&values).await?;
    with_mistakes(&values).await
}

async fn with_text(values: &Deployment) -> Result<()> {
    for (name, arguments) in [
        ("add", "(20, 22)"),
        ("demo:values/values#area", "(rectangle((2, 3)))"),
        ("swap-names", "({given: \"Ada\", family: \"Lovelace\"})"),
        ("parse", "(\"seven\")"),
    ] {
        let answer = values.dynamic_function(name)?.call_wave(arguments).await?;
        println!("{name}{arguments} = {}", answer.unwrap_or_default());
    }
    Ok(())
}

async fn with_values(values: &Deployment) -> Result<()> {
    let person = Value::Record(vec![
        ("given".into(), Value::from("Grace")),
        ("family".into(), Value::from("Hopper")),
    ]);
    let answer = values
        .dynamic_function("swap-names")?
        .call(&[person])
        .await?;
    if let Some(Value::Record(fields)) = answer {
        println!(
            "swap-names answered a record of {} fields: {}",
            fields.len(),
            Value::Record(fields)
        );
    }
    Ok(())
}

/// Errors name the place and both types; the component is not called.
async fn with_mistakes(values: &Deployment) -> Result<()> {
    let add = values.dynamic_function("add")?;
    for outcome in [
        add.call(&[Value::U32(20), Value::from("twenty-two")])
            .await
            .map(drop),
        add.call_wave("(20, \"twenty-two\")").await.map(drop),
        values.dynamic_function("ad").map(drop),
    ] {
        match outcome {
            Ok(()) => println!("no error"),
            Err(error) => println!("{:?}: {error}", error.kind()),
        }
    }
    Ok(())
}

/// Loads a guest program of `tests/guests`.
fn component(name: &str) -> Result<Component> {
    let components = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/components");
    Component::from_file(format!("{components}/{name}.wasm"))
}
