// SPDX-License-Identifier: Apache-2.0
//! A filter: makes rude words mild.

wit_bindgen::generate!({ path: "../../wit", world: "filters" });

struct Mild;

export!(Mild);

const RUDE: [&str; 3] = ["blast", "bother", "drat"];

impl exports::shop::till::filter::Guest for Mild {
    fn apply(text: String) -> String {
        let mild = |word: &str| {
            let letters = word.trim_end_matches(|c: char| !c.is_alphabetic());
            match RUDE.iter().any(|rude| letters.eq_ignore_ascii_case(rude)) {
                true => word.replace(letters, &"*".repeat(letters.len())),
                false => word.to_string(),
            }
        };
        text.split(' ').map(mild).collect::<Vec<_>>().join(" ")
    }
}
