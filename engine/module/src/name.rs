// SPDX-License-Identifier: Apache-2.0
//! What the exports of a core module are called once it is a component, whose names are words of letters and digits
//! with hyphens between. The same rule turns what a person types into the name that the component has.

use std::fmt::Write as _;

/// `fib_iter` and `fibIter` as `fib-iter`. Several names may become one.
pub fn kebab(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    let mut before = ' ';
    for c in name.chars() {
        if c.is_ascii_alphanumeric() {
            let begins_word = !before.is_ascii_alphanumeric()
                || (c.is_ascii_uppercase() && (before.is_ascii_lowercase() || before.is_ascii_digit()));
            if out.is_empty() && c.is_ascii_digit() {
                out.push('n');
            } else if begins_word && !out.is_empty() && !c.is_ascii_digit() {
                out.push('-');
            }
            out.push(c.to_ascii_lowercase());
        }
        before = c;
    }
    if out.starts_with("cm32p2") {
        // The component encoder reads a naming scheme of its own out of these letters.
        out.insert_str(0, "n-");
    }
    if out.is_empty() { "unnamed".to_owned() } else { out }
}

/// A name of which there is no other: for those that would become one.
pub fn exact(name: &str) -> String {
    let mut out = kebab(name) + "-x";
    for byte in name.bytes() {
        let _ = write!(out, "{byte:02x}");
    }
    out
}
