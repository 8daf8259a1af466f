//! No SDK: a program with a `main` that does as its arguments request.

use std::io::{Read as _, Write as _};

fn main() -> Result<(), String> {
    let arguments: Vec<String> = std::env::args().collect();
    let words: Vec<&str> = arguments.iter().skip(1).map(String::as_str).collect();
    match *words {
        [] => println!("no arguments"),
        ["arguments", ..] => println!("{:?}", &words[1..]),
        ["program"] => println!("{}", arguments[0]),
        ["cat"] => std::io::copy(&mut std::io::stdin(), &mut std::io::stdout())
            .map(drop)
            .expect("copied"),
        ["first-byte"] => println!("{}", read_byte()),
        ["bytes"] => std::io::stdout()
            .write_all(b"\x00\xff\x1b[31mraw")
            .expect("written"),
        ["both"] => {
            println!("to stdout");
            eprintln!("to stderr");
        }
        ["fail"] => return Err("as asked".into()),
        ["panic"] => panic!("as asked"),
        ["exit", code] => std::process::exit(code.parse().expect("a code")),
        ["exit-with", code] => wasip2::cli::exit::exit_with_code(code.parse().expect("a code")),
        ["sleep"] => std::thread::sleep(std::time::Duration::from_secs(3600)),
        ref other => return Err(format!("unknown arguments {other:?}")),
    }
    Ok(())
}

fn read_byte() -> u8 {
    let mut byte = [0];
    std::io::stdin()
        .read_exact(&mut byte)
        .expect("the input is not empty");
    byte[0]
}
