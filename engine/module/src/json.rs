// SPDX-License-Identifier: Apache-2.0
//! JSON, written piece by piece.

use std::fmt::Write as _;

/// What is written of it so far. Whoever writes puts the commas, or has [`Json::list`] put them.
#[derive(Default)]
pub struct Json(pub String);

impl Json {
    pub fn push(&mut self, text: &str) {
        self.0.push_str(text);
    }

    /// A string.
    pub fn text(&mut self, text: &str) {
        self.push("\"");
        for c in text.chars() {
            match c {
                '"' | '\\' => self.0.extend(['\\', c]),
                c if (c as u32) < 0x20 => drop(write!(self.0, "\\u{:04x}", c as u32)),
                c => self.0.push(c),
            }
        }
        self.push("\"");
    }

    pub fn number(&mut self, number: usize) {
        let _ = write!(self.0, "{number}");
    }

    pub fn list<T>(&mut self, items: impl IntoIterator<Item = T>, mut each: impl FnMut(&mut Self, T)) {
        self.push("[");
        for (i, item) in items.into_iter().enumerate() {
            if i > 0 {
                self.push(",");
            }
            each(self, item);
        }
        self.push("]");
    }

    /// `{"key":value}`.
    pub fn only(&mut self, key: &str, value: impl FnOnce(&mut Self)) {
        self.push("{");
        self.text(key);
        self.push(":");
        value(self);
        self.push("}");
    }

    /// `,"key":value`.
    pub fn also(&mut self, key: &str, value: impl FnOnce(&mut Self)) {
        self.push(",");
        self.text(key);
        self.push(":");
        value(self);
    }
}
