// SPDX-License-Identifier: Apache-2.0
//! Bindings for a world in C or Go, by wit-bindgen's generators.

use std::path::Path;
use wit_bindgen_core::wit_parser::Resolve;
use wit_bindgen_core::{Files, WorldGenerator};

pub fn generate(language: &str, wit: &str, world: &str, folder: &str) -> Result<(), String> {
    let mut generator: Box<dyn WorldGenerator> = match language {
        "c" => wit_bindgen_c::Opts::default().build(),
        "go" => wit_bindgen_go::Opts { quiet: true, ..Default::default() }.build(),
        _ => return Err(format!("no bindings in {language:?}: it is c or go")),
    };
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_path(wit).map_err(|error| format!("{wit}: {error:#}"))?;
    let id = resolve.select_world(&[package], Some(world)).map_err(|error| format!("{wit}: {error:#}"))?;
    let mut files = Files::default();
    generator.generate(&mut resolve, id, &mut files).map_err(|error| format!("{wit}: {error:#}"))?;
    for (name, contents) in files.iter() {
        let path = Path::new(folder).join(name);
        let written = std::fs::create_dir_all(path.parent().unwrap_or(Path::new(folder)))
            .and_then(|()| std::fs::write(&path, contents));
        written.map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(())
}
