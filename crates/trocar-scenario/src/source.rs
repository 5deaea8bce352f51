//! Where files come from: a project on disk, the library built into the binary, or memory (tests, and the files that a
//! result folder keeps). Everything behind [`Files`], so that loading is the same for all three.
//!
//! A file has an **address**: its path below the project's root with `/` between the parts, or `trocar:` and its path
//! in the library. A file of the library speaks of files of the library; nothing reaches out of its root.

use crate::recover::Repairs;
use include_dir::{Dir, include_dir};
use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Component, Path, PathBuf};
use trocar_signal::Diagnostic;
use trocar_signal::diagnostic::nearest;

/// The largest file that is read, in bytes. A scenario written by hand has a few kilobytes; the limit keeps a
/// recording that was named by mistake from being parsed.
pub const MAX_FILE_BYTES: usize = 4 * 1024 * 1024;

/// The file that marks a project's root. Only its presence counts.
pub const PROJECT_MARKER: &str = "trocar.toml";

/// What addresses of the built-in library begin with.
pub const LIBRARY_PREFIX: &str = "trocar:";

static SCENES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../scenes");
static SCENARIOS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../scenarios");

/// A file that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// Its identity: the path below the project's root, or `trocar:` and the path in the library.
    pub address: String,
    /// Its path as shown to people: one that their editor opens from where they stand.
    pub shown: String,
    /// Its text.
    pub text: String,
}

impl SourceFile {
    /// The digest of the file's bytes.
    #[must_use]
    pub fn digest(&self) -> String {
        trocar_signal::digest::of_bytes(self.text.as_bytes())
    }

    /// Line and column of a byte, counted from 1; the column counts characters. A byte beyond the end is the end.
    #[must_use]
    pub fn line_column(&self, at: usize) -> (usize, usize) {
        let mut at = at.min(self.text.len());
        while !self.text.is_char_boundary(at) {
            at -= 1;
        }
        let before = &self.text[..at];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
    }
}

/// Why a file cannot be read or named. [`SourceError::diagnostic`] says it to people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// The path is absolute.
    #[error("`{path}` is an absolute path")]
    Absolute {
        /// As written.
        path: String,
    },
    /// The path leaves the project.
    #[error("`{path}` leaves the project")]
    Leaves {
        /// As written.
        path: String,
    },
    /// The path is not one that works everywhere.
    #[error("`{path}` is not a path: {reason}")]
    Malformed {
        /// As written.
        path: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// There is no such file.
    #[error("there is no file `{path}`")]
    NotFound {
        /// As shown to people.
        path: String,
        /// The nearest name in the same folder.
        nearest: Option<String>,
        /// Whether the project's root is marked, or was taken to be the file's own folder.
        root_is_marked: bool,
    },
    /// More than one file of the library has this name.
    #[error("`{path}` could be any of: {candidates}")]
    Ambiguous {
        /// As written.
        path: String,
        /// The candidates, separated by commas.
        candidates: String,
    },
    /// It is a folder, a pipe or a device.
    #[error("`{path}` is not a plain file")]
    NotAFile {
        /// As shown to people.
        path: String,
    },
    /// It is larger than [`MAX_FILE_BYTES`].
    #[error("`{path}` is larger than {} MiB", MAX_FILE_BYTES / (1024 * 1024))]
    TooLarge {
        /// As shown to people.
        path: String,
    },
    /// It has no content.
    #[error("`{path}` is empty")]
    Empty {
        /// As shown to people.
        path: String,
    },
    /// It holds bytes that no text holds.
    #[error("`{path}` is not a text file: byte {at} is zero")]
    Binary {
        /// As shown to people.
        path: String,
        /// Offset of the first zero byte.
        at: usize,
    },
    /// It is not UTF-8.
    #[error("`{path}` is not UTF-8: byte {at} (line {line}) begins no character")]
    NotUtf8 {
        /// As shown to people.
        path: String,
        /// Offset of the first bad byte.
        at: usize,
        /// Its line, counted from 1.
        line: usize,
    },
    /// The operating system refuses.
    #[error("`{path}` cannot be read: {message}")]
    Io {
        /// As shown to people.
        path: String,
        /// What the system says.
        message: String,
    },
}

impl SourceError {
    /// The same as a diagnostic without a place.
    #[must_use]
    pub fn diagnostic(&self) -> Diagnostic {
        let code = match self {
            SourceError::Absolute { .. } | SourceError::Leaves { .. } | SourceError::Malformed { .. } => {
                "bad-path"
            }
            SourceError::NotFound { .. } | SourceError::Ambiguous { .. } => "no-file",
            _ => "bad-file",
        };
        let diagnostic = Diagnostic::error(code, self.to_string());
        match self {
            SourceError::Absolute { .. } | SourceError::Leaves { .. } => diagnostic
                .note("paths start at the project's root, the nearest folder upwards with trocar.toml, and stay in it"),
            SourceError::NotFound { nearest, root_is_marked, .. } => {
                let diagnostic = match nearest {
                    Some(name) => diagnostic.note(format!("did you mean `{name}`?")),
                    None => diagnostic,
                };
                if *root_is_marked {
                    diagnostic
                } else {
                    diagnostic.note(
                        "no folder upwards holds a trocar.toml, so paths start at the folder of the first file",
                    )
                }
            }
            SourceError::Binary { .. } => {
                diagnostic.note("Trocar's files are UTF-8 text; some editors save UTF-16 unless told otherwise")
            }
            _ => diagnostic,
        }
    }
}

/// Where files come from.
#[derive(Clone, Debug)]
pub struct Files {
    backing: Backing,
    /// What is put in the place of mistakes, so that a check finds what lies behind them.
    pub(crate) repairs: Repairs,
}

#[derive(Clone, Debug)]
enum Backing {
    Disk { root: PathBuf, shown: String, root_is_marked: bool },
    Memory(BTreeMap<String, String>),
    Library,
}

impl Files {
    fn of(backing: Backing) -> Files {
        Files { backing, repairs: Repairs::default() }
    }

    /// The built-in library alone.
    #[must_use]
    pub fn library() -> Files {
        Files::of(Backing::Library)
    }

    /// Exactly these files: address to text. The library is not consulted, so that what a result folder keeps is what
    /// its replay reads.
    #[must_use]
    pub fn in_memory(files: BTreeMap<String, String>) -> Files {
        Files::of(Backing::Memory(files))
    }

    /// The files of the project around `path`, a file or folder as a person typed it (or an address of the library),
    /// and the address of `path` therein. Where no folder upwards is marked, the root is the file's own folder.
    ///
    /// # Errors
    /// [`SourceError::NotFound`] or [`SourceError::Io`].
    pub fn open(path: &Path) -> Result<(Files, String), SourceError> {
        let typed = path.to_string_lossy().replace('\\', "/");
        if typed.starts_with(LIBRARY_PREFIX) {
            let files = Files::library();
            let address = files.resolve("", &typed)?;
            return Ok((files, address));
        }
        let io = |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::NotFound => SourceError::NotFound {
                path: typed.clone(),
                nearest: nearest_on_disk(path),
                root_is_marked: true,
            },
            _ => SourceError::Io { path: typed.clone(), message: error.to_string() },
        };
        let is_folder = fs::metadata(path).map_err(io)?.is_dir();
        let (folder, name) = match path.file_name() {
            Some(name) if !is_folder => {
                let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
                (fs::canonicalize(parent).map_err(io)?, Some(name))
            }
            _ => (fs::canonicalize(path).map_err(io)?, None),
        };
        let marked = folder.ancestors().find(|above| above.join(PROJECT_MARKER).is_file());
        let root = marked.unwrap_or(&folder).to_path_buf();
        let mut full = folder.clone();
        full.extend(name);
        let address = full.strip_prefix(&root).unwrap_or(&full).to_string_lossy().replace('\\', "/");
        let shown = shown_prefix(&typed, &address, &root);
        Ok((Files::of(Backing::Disk { root, shown, root_is_marked: marked.is_some() }), address))
    }

    /// The address of the file that `path` names inside the file at `from`.
    ///
    /// # Errors
    /// A path that is absolute, leaves its root or is written in a way that not every system reads; a library name
    /// that fits none or several.
    pub fn resolve(&self, from: &str, path: &str) -> Result<String, SourceError> {
        let (prefix, rest) = match path.strip_prefix(LIBRARY_PREFIX) {
            Some(rest) => (LIBRARY_PREFIX, rest),
            None if from.starts_with(LIBRARY_PREFIX) => (LIBRARY_PREFIX, path),
            None => ("", path),
        };
        check_path(rest).map_err(|fault| fault.of(path))?;
        if prefix.is_empty() || self.contains(&format!("{prefix}{rest}")) {
            return Ok(format!("{prefix}{rest}"));
        }
        let stem_of = |name: &str| {
            let last = name.rsplit('/').next().unwrap_or(name);
            last.strip_suffix(".toml").unwrap_or(last).to_owned()
        };
        let known = self.library_names();
        let found: Vec<&String> = known.iter().filter(|name| stem_of(name) == rest).collect();
        match found.as_slice() {
            [one] => Ok(format!("{prefix}{one}")),
            [] => {
                let stems: Vec<String> = known.iter().map(|name| stem_of(name)).collect();
                let candidates = known.iter().map(String::as_str).chain(stems.iter().map(String::as_str));
                let nearest = nearest(rest, candidates).map(|name| format!("{prefix}{name}"));
                Err(SourceError::NotFound { path: format!("{prefix}{rest}"), nearest, root_is_marked: true })
            }
            several => {
                let candidates = several.iter().map(|name| format!("{prefix}{name}")).collect::<Vec<_>>();
                Err(SourceError::Ambiguous {
                    path: format!("{prefix}{rest}"),
                    candidates: candidates.join(", "),
                })
            }
        }
    }

    /// Reads a file by its address.
    ///
    /// # Errors
    /// [`SourceError`]; whatever the file holds, nothing panics.
    pub fn read(&self, address: &str) -> Result<SourceFile, SourceError> {
        let shown = self.shown(address);
        let not_found = |nearest: Option<String>| SourceError::NotFound {
            path: shown.clone(),
            nearest,
            root_is_marked: !matches!(&self.backing, Backing::Disk { root_is_marked: false, .. }),
        };
        let bytes = match &self.backing {
            Backing::Memory(files) => match files.get(address) {
                Some(text) => text.clone().into_bytes(),
                None => {
                    return Err(not_found(
                        nearest(address, files.keys().map(String::as_str)).map(str::to_owned),
                    ));
                }
            },
            Backing::Disk { root, .. } if !address.starts_with(LIBRARY_PREFIX) => {
                check_path(address).map_err(|fault| fault.of(address))?;
                read_from_disk(root, address, &shown, not_found)?
            }
            Backing::Disk { .. } | Backing::Library => match library_file(address) {
                Some(bytes) => bytes.to_vec(),
                None => return Err(not_found(None)),
            },
        };
        let text = text_of(bytes, &shown)?;
        Ok(SourceFile { address: address.to_owned(), shown, text })
    }

    /// The project's root on disk; `None` where the files come from elsewhere.
    #[must_use]
    pub fn root(&self) -> Option<&Path> {
        match &self.backing {
            Backing::Disk { root, .. } => Some(root),
            Backing::Memory(_) | Backing::Library => None,
        }
    }

    /// Whether there is a file at an address; `None` where that cannot be known, because only some files were kept.
    pub(crate) fn holds(&self, address: &str) -> Option<bool> {
        match &self.backing {
            Backing::Memory(_) => None,
            Backing::Disk { root, .. } if !address.starts_with(LIBRARY_PREFIX) => {
                let inside = || {
                    let real = fs::canonicalize(root.join(address)).ok()?;
                    Some(real.starts_with(fs::canonicalize(root).ok()?) && real.is_file())
                };
                Some(check_path(address).is_ok() && inside().unwrap_or(false))
            }
            _ => Some(library_file(address).is_some()),
        }
    }

    /// The path of an address as shown to people.
    #[must_use]
    pub fn shown(&self, address: &str) -> String {
        match &self.backing {
            Backing::Disk { shown, .. } if !address.starts_with(LIBRARY_PREFIX) => {
                format!("{shown}{address}")
            }
            _ => address.to_owned(),
        }
    }

    /// Addresses of every `.toml` file below a folder (an address; empty for the root), sorted. Files and folders
    /// whose name begins with a dot, links to folders, the folder `target` and results of runs are passed over.
    ///
    /// # Errors
    /// [`SourceError::Io`] where a folder cannot be listed.
    pub fn list(&self, folder: &str) -> Result<Vec<String>, SourceError> {
        let below = |address: &str| {
            folder.is_empty() || address.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
        };
        let mut found: Vec<String> = match &self.backing {
            Backing::Memory(files) => files.keys().filter(|address| below(address)).cloned().collect(),
            Backing::Disk { root, .. } if !folder.starts_with(LIBRARY_PREFIX) => {
                let mut found = Vec::new();
                list_disk(root, folder, &mut found)?;
                found
            }
            Backing::Disk { .. } | Backing::Library => {
                let folder = folder.strip_prefix(LIBRARY_PREFIX).unwrap_or(folder);
                let below = |name: &str| {
                    folder.is_empty() || name.strip_prefix(folder).is_some_and(|r| r.starts_with('/'))
                };
                let names = builtin_names().into_iter().filter(|name| below(name));
                names.map(|name| format!("{LIBRARY_PREFIX}{name}")).collect()
            }
        };
        // Settings of editors are files of theirs.
        let is_hidden = |address: &str| address.rsplit('/').next().is_some_and(|name| name.starts_with('.'));
        found.retain(|address| {
            address.ends_with(".toml") && !address.ends_with(PROJECT_MARKER) && !is_hidden(address)
        });
        found.sort();
        Ok(found)
    }

    fn contains(&self, address: &str) -> bool {
        match &self.backing {
            Backing::Memory(files) => files.contains_key(address),
            _ => library_file(address).is_some(),
        }
    }

    fn library_names(&self) -> Vec<String> {
        match &self.backing {
            Backing::Memory(files) => {
                files.keys().filter_map(|a| a.strip_prefix(LIBRARY_PREFIX)).map(str::to_owned).collect()
            }
            _ => builtin_names(),
        }
    }
}

enum PathFault {
    Absolute,
    Leaves,
    Malformed(&'static str),
}

impl PathFault {
    fn of(self, path: &str) -> SourceError {
        let path = crate::text::quoted(path);
        match self {
            PathFault::Absolute => SourceError::Absolute { path },
            PathFault::Leaves => SourceError::Leaves { path },
            PathFault::Malformed(reason) => SourceError::Malformed { path, reason },
        }
    }
}

fn check_path(path: &str) -> Result<(), PathFault> {
    if path.is_empty() {
        return Err(PathFault::Malformed("it is empty"));
    }
    if path.chars().any(char::is_control) {
        return Err(PathFault::Malformed("it holds a control character"));
    }
    if path.starts_with(['/', '\\', '~']) || path.as_bytes().get(1) == Some(&b':') {
        return Err(PathFault::Absolute);
    }
    if path.contains('\\') {
        return Err(PathFault::Malformed(
            "its parts are separated by `\\`; write `/`, which every system reads",
        ));
    }
    if path.contains(':') {
        return Err(PathFault::Malformed("it holds a `:`; only `trocar:` may stand before a path"));
    }
    for part in path.split('/') {
        match part {
            ".." => return Err(PathFault::Leaves),
            "." | "" => return Err(PathFault::Malformed("it has a part that is empty or `.`")),
            _ => {}
        }
    }
    Ok(())
}

fn read_from_disk(
    root: &Path,
    address: &str,
    shown: &str,
    not_found: impl Fn(Option<String>) -> SourceError,
) -> Result<Vec<u8>, SourceError> {
    let path = root.join(address);
    let io = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => not_found(nearest_on_disk(&path)),
        _ => SourceError::Io { path: shown.to_owned(), message: error.to_string() },
    };
    let real = fs::canonicalize(&path).map_err(io)?;
    let real_root = fs::canonicalize(root).map_err(io)?;
    if !real.starts_with(&real_root) {
        return Err(SourceError::Leaves { path: shown.to_owned() });
    }
    // Asked before opening: opening a pipe would wait for its writer.
    if !fs::metadata(&real).map_err(io)?.is_file() {
        return Err(SourceError::NotAFile { path: shown.to_owned() });
    }
    let mut bytes = Vec::new();
    let file = fs::File::open(&real).map_err(io)?;
    file.take(MAX_FILE_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(io)?;
    Ok(bytes)
}

fn text_of(bytes: Vec<u8>, shown: &str) -> Result<String, SourceError> {
    let path = shown.to_owned();
    if bytes.len() > MAX_FILE_BYTES {
        return Err(SourceError::TooLarge { path });
    }
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(SourceError::Empty { path });
    }
    if let Some(at) = bytes.iter().position(|byte| *byte == 0) {
        return Err(SourceError::Binary { path, at });
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let line = error.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count() + 1;
        SourceError::NotUtf8 { path, at, line }
    })
}

fn nearest_on_disk(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut names: Vec<String> =
        fs::read_dir(folder).ok()?.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    names.sort();
    nearest(name, names.iter().map(String::as_str)).map(str::to_owned)
}

fn list_disk(root: &Path, folder: &str, found: &mut Vec<String>) -> Result<(), SourceError> {
    let mut waiting = vec![folder.to_owned()];
    while let Some(folder) = waiting.pop() {
        let io = |error: std::io::Error| SourceError::Io { path: folder.clone(), message: error.to_string() };
        for entry in fs::read_dir(root.join(&folder)).map_err(io)? {
            let entry = entry.map_err(io)?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            let kind = entry.file_type().map_err(io)?;
            let address = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
            if kind.is_dir() {
                if !name.starts_with('.') && name != "target" && !is_result(&entry.path()) {
                    waiting.push(address);
                }
            } else {
                found.push(address);
            }
        }
    }
    Ok(())
}

/// Whether a folder is the result of a run: it holds copies of files that stand elsewhere.
fn is_result(folder: &Path) -> bool {
    let holds = |name: &str| folder.join(name).is_dir();
    holds("cases") && (holds("inputs") || holds("library"))
}

/// What to put before an address so that it is a path from where the person stands.
fn shown_prefix(typed: &str, address: &str, root: &Path) -> String {
    let typed = typed.trim_start_matches("./").trim_end_matches('/');
    if let Some(prefix) = typed.strip_suffix(address)
        && (prefix.is_empty() || prefix.ends_with('/') || address.is_empty())
    {
        return if prefix.is_empty() || prefix.ends_with('/') {
            prefix.to_owned()
        } else {
            format!("{prefix}/")
        };
    }
    let typed_goes_down = Path::new(typed).components().all(|part| matches!(part, Component::Normal(_)));
    if let Some(above) = address.strip_suffix(typed)
        && typed_goes_down
        && above.ends_with('/')
    {
        return "../".repeat(above.matches('/').count());
    }
    format!("{}/", root.to_string_lossy().trim_end_matches('/'))
}

fn builtin_names() -> Vec<String> {
    fn gather(dir: &Dir<'_>, folder: &str, names: &mut Vec<String>) {
        for file in dir.files() {
            names.push(format!("{folder}/{}", file.path().to_string_lossy().replace('\\', "/")));
        }
        for dir in dir.dirs() {
            gather(dir, folder, names);
        }
    }
    let mut names = Vec::new();
    gather(&SCENES, "scenes", &mut names);
    gather(&SCENARIOS, "scenarios", &mut names);
    names.retain(|name| name.ends_with(".toml"));
    names.sort();
    names
}

fn library_file(address: &str) -> Option<&'static [u8]> {
    let name = address.strip_prefix(LIBRARY_PREFIX)?;
    let (folder, rest) = name.split_once('/')?;
    let dir = match folder {
        "scenes" => &SCENES,
        "scenarios" => &SCENARIOS,
        _ => return None,
    };
    dir.get_file(rest).map(include_dir::File::contents)
}
