// SPDX-License-Identifier: Apache-2.0
//! Asks at the doors of its host, and gives back what it was answered.

use std::fs;
use std::io::Write;
use wasip2::sockets::instance_network::instance_network;
use wasip2::sockets::ip_name_lookup::resolve_addresses;
use wasip2::sockets::network::ErrorCode;

wit_bindgen::generate!({ path: "../../wit/asker", world: "asker" });

struct Asker;

export!(Asker);

fn kind(error: std::io::Error) -> String {
    format!("{:?}", error.kind())
}

fn count(name: &str) -> Result<u32, ErrorCode> {
    let addresses = resolve_addresses(&instance_network(), name)?;
    let mut found = 0;
    loop {
        addresses.subscribe().block();
        match addresses.resolve_next_address()? {
            Some(_) => found += 1,
            None => return Ok(found),
        }
    }
}

impl exports::berth::asker::doors::Guest for Asker {
    fn read(path: String) -> Result<String, String> {
        fs::read_to_string(path).map_err(kind)
    }
    fn write(path: String, text: String) -> Result<(), String> {
        fs::write(path, text).map_err(kind)
    }
    fn remove(path: String) -> Result<(), String> {
        fs::remove_file(path).map_err(kind)
    }
    fn names(path: String) -> Result<Vec<String>, String> {
        let listed = fs::read_dir(path).map_err(kind)?;
        let mut names = Vec::new();
        for entry in listed {
            names.push(entry.map_err(kind)?.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        Ok(names)
    }
    fn variable(name: String) -> Option<String> {
        std::env::var(name).ok()
    }
    fn look_up(name: String) -> Result<u32, String> {
        count(&name).map_err(|code| format!("{code:?}"))
    }
    fn say(text: String) -> Result<(), String> {
        std::io::stdout().write_all(text.as_bytes()).map_err(kind)
    }
    fn must_read(path: String) -> String {
        fs::read_to_string(path).unwrap()
    }
}
