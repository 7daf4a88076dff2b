// SPDX-License-Identifier: Apache-2.0
//! Values that C++ gives, as the words that it wrote.

/// The words of one or more values.
#[derive(Clone, Copy)]
pub struct Given<'a>(&'a [u64]);

impl<'a> Given<'a> {
    /// # Safety
    /// The words were written for the very types that they will be read as, and the addresses among them can be read for
    /// as long as these words.
    pub unsafe fn new(words: &'a [u64]) -> Self {
        Given(words)
    }

    pub fn words(self) -> &'a [u64] {
        self.0
    }
}
