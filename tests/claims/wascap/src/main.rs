// SPDX-License-Identifier: Apache-2.0
//! What the wascap crate does, on the command line:
//!
//!   keys                       seeds and public keys of a new account and a new module, as JSON
//!   sign IN OUT ACCOUNT MODULE signs a module with two seeds, as its tools do
//!   read FILE                  the claims of a module as JSON; fails where the crate refuses them

use std::error::Error;
use std::fs;

use nkeys::KeyPair;
use serde_json::json;
use wascap::jwt::{Component, validate_token};
use wascap::wasm;

fn keys() -> Result<(), Box<dyn Error>> {
    let account = KeyPair::new_account();
    let module = KeyPair::new_module();
    let pairs = json!({
        "account": {"seed": account.seed()?, "public": account.public_key()},
        "module": {"seed": module.seed()?, "public": module.public_key()},
    });
    println!("{pairs}");
    Ok(())
}

fn sign(from: &str, to: &str, account: &str, module: &str) -> Result<(), Box<dyn Error>> {
    let signed = wasm::sign_buffer_with_claims(
        "theirs".to_owned(),
        fs::read(from)?,
        &KeyPair::from_seed(module)?,
        &KeyPair::from_seed(account)?,
        Some(30),
        None,
        vec!["tag".to_owned()],
        false,
        Some(7),
        Some("3.2.1".to_owned()),
        None,
    )?;
    Ok(fs::write(to, signed)?)
}

fn read(file: &str) -> Result<(), Box<dyn Error>> {
    let token = wasm::extract_claims(fs::read(file)?)?.ok_or("no token")?;
    let valid = validate_token::<Component>(&token.jwt)?;
    let claims = json!({
        "claims": serde_json::to_value(&token.claims)?,
        "signature_valid": valid.signature_valid,
        "expired": valid.expired,
        "cannot_use_yet": valid.cannot_use_yet,
    });
    println!("{claims}");
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["keys"] => keys(),
        ["sign", from, to, account, module] => sign(from, to, account, module),
        ["read", file] => read(file),
        _ => Err("see the head of main.rs".into()),
    }
}
