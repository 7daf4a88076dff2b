// SPDX-License-Identifier: Apache-2.0
//! Bindings for a world in C, by wit-bindgen's generator.

use std::path::Path;
use wit_bindgen_core::Files;
use wit_bindgen_core::wit_parser::Resolve;

pub fn generate(wit: &str, world: &str, folder: &str) -> Result<(), String> {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_path(wit).map_err(|error| format!("{wit}: {error:#}"))?;
    let id = resolve.select_world(&[package], Some(world)).map_err(|error| format!("{wit}: {error:#}"))?;
    let mut files = Files::default();
    let mut generator = wit_bindgen_c::Opts::default().build();
    generator.generate(&mut resolve, id, &mut files).map_err(|error| format!("{wit}: {error:#}"))?;
    for (name, contents) in files.iter() {
        let path = Path::new(folder).join(name);
        std::fs::write(&path, contents).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(())
}
