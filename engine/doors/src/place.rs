// SPDX-License-Identifier: Apache-2.0
//! Where a guest's open folders lie, as far as the owner is told: in little memory, since a guest may open
//! many.

use std::sync::Arc;

/// Where an open folder lies.
#[derive(Clone)]
pub struct Place {
    /// Which grant it lies in; two grants are two devices, as far as links and renames go.
    pub grant: usize,
    /// The way to it from the grant's folder: told to the owner, never opened.
    below: Arc<str>,
}

/// The phantom's handle lies in none.
pub const NO_GRANT: usize = usize::MAX;

/// Bytes of [`Place::below`] that are kept. The memory limit counts a kibibyte for each handle.
const LONGEST_WAY: usize = 512;

/// Stands for the beginning of a way that was too long to keep.
const ELIDED: &str = "…/";

impl Place {
    /// A grant's own folder.
    pub fn root(grant: usize) -> Self {
        Place { grant, below: "".into() }
    }

    /// The folder that `path` leads to from here. A `..` stays: only the system knows where a link leads.
    pub fn below(&self, path: &str) -> Self {
        let parts = self.below.split('/').chain(path.split('/'));
        let way = parts.filter(|part| !matches!(*part, "" | ".")).collect::<Vec<_>>().join("/");
        if way.len() <= LONGEST_WAY {
            return Place { grant: self.grant, below: way.into() };
        }
        let end = &way[way.ceil_char_boundary(way.len() - (LONGEST_WAY - ELIDED.len()))..];
        let end = end.split_once('/').map_or(end, |(_, whole_names)| whole_names);
        Place { grant: self.grant, below: format!("{ELIDED}{end}").into() }
    }

    /// Its path, where the grant's folder has the path `root`.
    pub fn path_from(&self, root: &str) -> String {
        if self.below.is_empty() { root.to_owned() } else { join(root, &self.below) }
    }
}

pub fn join(base: &str, path: &str) -> String {
    if base.ends_with('/') || path.starts_with('/') { format!("{base}{path}") } else { format!("{base}/{path}") }
}
