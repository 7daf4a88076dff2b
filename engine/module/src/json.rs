// SPDX-License-Identifier: Apache-2.0
//! JSON, written piece by piece, up to a bound: what a hostile module is described with may be as large as a book.

use std::fmt::Write as _;

/// What is written of it so far. Whoever writes puts the commas, or has [`Json::list`] put them.
pub struct Json {
    text: String,
    most_bytes: usize,
}

impl Json {
    /// No longer than about this.
    pub fn within(most_bytes: usize) -> Self {
        Json { text: String::new(), most_bytes }
    }

    /// Nothing more is written.
    pub fn is_full(&self) -> bool {
        self.text.len() > self.most_bytes
    }

    /// Nothing when it is too long.
    pub fn finish(self) -> Option<String> {
        (!self.is_full()).then_some(self.text)
    }

    pub fn push(&mut self, text: &str) {
        if !self.is_full() {
            self.text.push_str(text);
        }
    }

    /// A string.
    pub fn text(&mut self, text: &str) {
        self.push("\"");
        for c in text.chars() {
            if self.is_full() {
                return;
            }
            match c {
                '"' | '\\' => self.text.extend(['\\', c]),
                c if (c as u32) < 0x20 => drop(write!(self.text, "\\u{:04x}", c as u32)),
                c => self.text.push(c),
            }
        }
        self.push("\"");
    }

    pub fn number(&mut self, number: usize) {
        if !self.is_full() {
            let _ = write!(self.text, "{number}");
        }
    }

    pub fn truth(&mut self, truth: bool) {
        self.push(if truth { "true" } else { "false" });
    }

    pub fn list<T>(&mut self, items: impl IntoIterator<Item = T>, mut each: impl FnMut(&mut Self, T)) {
        self.push("[");
        for (i, item) in items.into_iter().enumerate() {
            if self.is_full() {
                return;
            }
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
        self.entry(key, value);
        self.push("}");
    }

    /// `,"key":value`, for all but an object's first.
    pub fn also(&mut self, key: &str, value: impl FnOnce(&mut Self)) {
        self.push(",");
        self.entry(key, value);
    }

    /// `"key":value`.
    pub fn entry(&mut self, key: &str, value: impl FnOnce(&mut Self)) {
        self.text(key);
        self.push(":");
        value(self);
    }
}
