// SPDX-License-Identifier: Apache-2.0
//! What a module or its names say, made fit for a terminal and a log: a module is written by somebody who may want to
//! forge berth's own lines, or fill a screen.

use std::fmt::Write as _;

const LINE: usize = 400;
const LINES: usize = 60;

/// Text of lines: control characters and the like written out, each line and their number bounded.
pub fn short(text: &str) -> String {
    let mut out = String::new();
    for (number, line) in text.trim_end().lines().enumerate() {
        if number == LINES {
            out.push_str("\n…");
            break;
        }
        if number > 0 {
            out.push('\n');
        }
        let mut characters = line.chars();
        characters.by_ref().take(LINE).for_each(|c| push(&mut out, c));
        if characters.next().is_some() {
            out.push('…');
        }
    }
    out
}

/// The same for lines, each of which stays one.
pub fn lines(all: &[String]) -> String {
    short(&all.iter().map(|line| one_line(line)).collect::<Vec<_>>().join("\n"))
}

/// The same for one line.
pub fn one_line(text: &str) -> String {
    short(text).replace('\n', "; ")
}

/// Text of any length, as of a WIT file: only control characters are written out.
pub fn whole(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c == '\n' { out.push(c) } else { push(&mut out, c) }
    }
    out
}

fn push(out: &mut String, c: char) {
    if c == '\t' {
        out.push_str("  ");
    } else if c.is_control() || reorders(c) {
        let _ = write!(out, "{}", c.escape_unicode());
    } else {
        out.push(c);
    }
}

/// Invisible characters that change how what stands around them is shown.
fn reorders(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}
