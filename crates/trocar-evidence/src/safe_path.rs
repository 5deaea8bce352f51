//! Names of files inside a result folder. A folder may come from a stranger: what it names must stay inside it.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use trocar_signal::digest;

/// What addresses of the built-in library begin with.
const LIBRARY_PREFIX: &str = "trocar:";

/// Why a name cannot stand in a result folder.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{address}` cannot stand in a result folder: {why}")]
pub struct UnsafeAddress {
    /// The address.
    pub address: String,
    /// What is wrong with it.
    pub why: &'static str,
}

/// Where a file that a run read is kept, relative to the result folder: `inputs/` and the path below the project's
/// root, or `library/` and the path in the built-in library.
///
/// # Errors
/// [`UnsafeAddress`] for a path that is absolute, leaves its root or is written in a way that not every system reads.
pub fn place_of_input(address: &str) -> Result<PathBuf, UnsafeAddress> {
    let (folder, path) = match address.strip_prefix(LIBRARY_PREFIX) {
        Some(path) => ("library", path),
        None => ("inputs", address),
    };
    let fail = |why| Err(UnsafeAddress { address: address.to_owned(), why });
    if path.chars().any(char::is_control) {
        return fail("it holds a control character");
    }
    if path.contains(['\\', ':']) {
        return fail("it holds `\\` or `:`");
    }
    let mut place = PathBuf::from(folder);
    for part in path.split('/') {
        match part {
            "" => return fail("it is absolute, or has an empty part"),
            "." | ".." => return fail("it has a part `.` or `..`"),
            part => place.push(part),
        }
    }
    Ok(place)
}

/// The name of a case's folder: the case's own where that is a plain name in small letters, else one made from it, with
/// a digest so that no two cases share it on any system.
#[must_use]
pub fn case_folder_name(case: &str) -> String {
    const LONGEST: usize = 60;
    if case.is_empty() {
        return "_".to_owned();
    }
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
    let digested = case.rsplit_once('-').is_some_and(|(_, end)| end.len() == 8);
    if case.len() <= LONGEST
        && case.chars().all(plain)
        && case.starts_with(|c: char| c.is_ascii_alphanumeric())
        && !digested
    {
        return case.to_owned();
    }
    let lower = case.to_ascii_lowercase();
    let slug: String = lower.chars().map(|c| if plain(c) { c } else { '-' }).take(LONGEST - 20).collect();
    let digest = digest::of_bytes(case.as_bytes());
    format!("{}-{}", slug.trim_matches('-'), digest.get(..8).unwrap_or(&digest))
}

/// The path of a file that a text names below a folder. Neither it nor a folder on the way may be a link.
///
/// # Errors
/// One sentence: it leaves the folder, is a link, or is not there.
pub fn inside(folder: &Path, name: &str) -> Result<PathBuf, String> {
    let place = place_of_input(name).map_err(|unsafe_address| unsafe_address.why.to_owned())?;
    if name.starts_with(LIBRARY_PREFIX) {
        return Err("it is of the built-in library".to_owned());
    }
    let place = place.strip_prefix("inputs").unwrap_or(&place);
    plain_file(folder, place).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => format!("there is no file `{name}` in the folder of this mapping"),
        _ => format!("`{name}`: {error}"),
    })
}

/// Reads a file inside `root`. Neither it nor a folder on the way may be a link, and it may not be larger than `limit`
/// bytes.
pub(crate) fn read_inside(root: &Path, place: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let path = plain_file(root, place)?;
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(io::Error::other(format!("it is larger than {limit} bytes")));
    }
    Ok(bytes)
}

/// The path of a plain file inside `root`, with no link on the way.
pub(crate) fn plain_file(root: &Path, place: &Path) -> io::Result<PathBuf> {
    let mut path = root.to_path_buf();
    let mut parts = place.components().peekable();
    while let Some(part) = parts.next() {
        path.push(part);
        let kind = fs::symlink_metadata(&path)?.file_type();
        if kind.is_symlink() {
            return Err(io::Error::other("it is a link, and a result folder has none"));
        }
        if parts.peek().is_none() && !kind.is_file() {
            return Err(io::Error::other("it is not a plain file"));
        }
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::path::Component;

    #[test]
    fn inputs_and_the_library_have_folders_of_their_own() {
        assert_eq!(place_of_input("scenarios/a.toml").unwrap(), Path::new("inputs/scenarios/a.toml"));
        assert_eq!(place_of_input("trocar:scenes/psm.toml").unwrap(), Path::new("library/scenes/psm.toml"));
    }

    #[test]
    fn what_leaves_the_folder_is_refused() {
        for bad in [
            "",
            "/etc/passwd",
            "../x",
            "a/../../x",
            "a//b",
            "./a",
            "a/.",
            "C:/x",
            "C:\\x",
            "\\\\host\\x",
            "a\0b",
            "trocar:",
            "trocar:../x",
            "trocar:trocar:x",
        ] {
            assert!(place_of_input(bad).is_err(), "{bad:?} was taken");
        }
    }

    #[test]
    fn case_folders_are_plain_and_distinct() {
        assert_eq!(case_folder_name("far-left_2"), "far-left_2");
        let names: Vec<String> = [
            "",
            "_",
            "a b",
            "a-b",
            "A-B",
            "A b",
            "a/b",
            "a\\b",
            "..",
            ".",
            "é",
            "重",
            &"x".repeat(300),
            &"x".repeat(301),
        ]
        .iter()
        .map(|case| case_folder_name(case))
        .collect();
        for (at, name) in names.iter().enumerate() {
            assert!(!names[..at].contains(name), "{name} twice");
            assert!(name.len() <= 60, "{name}");
        }
        let made = case_folder_name("a b");
        assert_ne!(
            case_folder_name(&made),
            made,
            "a case may be named like a folder that was made for another"
        );
    }

    proptest! {
        #[test]
        fn places_never_leave_the_folder(address in "(trocar:)?[a./\\\\:~é\u{0}-]{0,12}") {
            if let Ok(place) = place_of_input(&address) {
                prop_assert!(place.components().all(|c| matches!(c, Component::Normal(_))));
                prop_assert!(place.components().count() >= 2);
            }
        }

        #[test]
        fn case_folders_are_one_plain_part(case in ".{0,20}") {
            let name = case_folder_name(&case);
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
            prop_assert!(!name.is_empty() && name.chars().all(plain));
        }
    }
}
