//! Files on disk and in the library: roots, paths that would leave them, and files that are no text.

use crate::common::{ROBOT, SCENARIO, SCENE, project};
use std::fs;
use std::path::Path;
use trocar_scenario::{Files, Overrides, SourceError, check, load, render};

fn on_disk() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in project() {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

#[test]
fn a_project_on_disk_loads_from_its_root() {
    let folder = on_disk();
    let (files, address) = Files::open(&folder.path().join(SCENARIO)).unwrap();
    assert_eq!(address, SCENARIO);
    assert!(load(&files, &address, &Overrides::default()).is_ok());
    assert!(Path::new(&files.shown(SCENE)).is_file(), "what is shown opens from here");
    let (files, address) = Files::open(&folder.path().join("scenes")).unwrap();
    assert_eq!(address, "scenes");
    assert_eq!(files.list(&address).unwrap(), [SCENE, ROBOT]);
    assert_eq!(files.list("").unwrap(), [SCENARIO, SCENE, ROBOT]);
}

#[test]
fn without_a_marker_the_root_is_the_files_own_folder() {
    let folder = on_disk();
    fs::remove_file(folder.path().join("trocar.toml")).unwrap();
    let (files, address) = Files::open(&folder.path().join(SCENARIO)).unwrap();
    assert_eq!(address, "hold.toml");
    let failure = load(&files, &address, &Overrides::default()).unwrap_err();
    assert_eq!(failure.diagnostics[0].code, "no-file");
    assert!(failure.diagnostics[0].notes.iter().any(|note| note.contains("trocar.toml")), "{failure:?}");
}

#[test]
fn a_file_that_is_not_there_is_named_with_the_nearest() {
    let folder = on_disk();
    let error = Files::open(&folder.path().join("scenarios/hld.toml")).unwrap_err();
    assert!(
        matches!(&error, SourceError::NotFound { nearest: Some(name), .. } if name == "hold.toml"),
        "{error}"
    );
    let (files, _) = Files::open(&folder.path().join(SCENARIO)).unwrap();
    let error = files.read("scenes/bnch.toml").unwrap_err();
    assert!(
        matches!(&error, SourceError::NotFound { nearest: Some(name), .. } if name == "bench.toml"),
        "{error}"
    );
}

#[test]
fn no_path_leaves_the_root() {
    let folder = on_disk();
    let (files, _) = Files::open(&folder.path().join(SCENARIO)).unwrap();
    for path in [
        "../x.toml",
        "a/../../x.toml",
        "/etc/passwd",
        "C:/x.toml",
        "\\\\server\\x",
        "a\\b.toml",
        "~/x.toml",
        "",
        "a//b",
        "./a",
        "http://x/y.toml",
        "a\nb",
        "a\0b",
        "..",
        "file:x",
    ] {
        let resolved = files.resolve(SCENARIO, path);
        assert!(resolved.is_err(), "{path:?} gave {resolved:?}");
        assert!(files.read(path).is_err(), "{path:?} was read");
        let from_library = files.resolve("trocar:scenes/a.toml", path);
        assert!(from_library.is_err(), "{path:?} gave {from_library:?} in the library");
    }
}

#[cfg(unix)]
#[test]
fn links_are_followed_inside_the_root_and_refused_out_of_it() {
    use std::os::unix::fs::symlink;
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret.toml"), "a = 1\n").unwrap();
    let folder = on_disk();
    symlink(outside.path().join("secret.toml"), folder.path().join("scenes/out.toml")).unwrap();
    symlink(outside.path(), folder.path().join("away")).unwrap();
    symlink(folder.path().join(SCENE), folder.path().join("in.toml")).unwrap();
    symlink("loop.toml", folder.path().join("loop.toml")).unwrap();
    let (files, _) = Files::open(&folder.path().join(SCENARIO)).unwrap();
    for path in ["scenes/out.toml", "away/secret.toml"] {
        assert!(matches!(files.read(path), Err(SourceError::Leaves { .. })), "{path}");
    }
    assert!(files.read("loop.toml").is_err());
    assert_eq!(files.read("in.toml").unwrap().text, project()[SCENE]);
    assert_eq!(files.list("").unwrap().len(), 6, "links to folders are passed over");
}

#[cfg(unix)]
#[test]
fn a_pipe_or_folder_is_refused_without_waiting() {
    let folder = on_disk();
    let made = std::process::Command::new("mkfifo").arg(folder.path().join("pipe.toml")).status();
    let (files, _) = Files::open(&folder.path().join(SCENARIO)).unwrap();
    if made.is_ok_and(|status| status.success()) {
        assert!(matches!(files.read("pipe.toml"), Err(SourceError::NotAFile { .. })));
    }
    assert!(matches!(files.read("scenes"), Err(SourceError::NotAFile { .. })));
}

#[test]
fn files_that_are_no_text_are_named_with_the_byte() {
    let folder = on_disk();
    let (files, _) = Files::open(&folder.path().join(SCENARIO)).unwrap();
    let read = |bytes: &[u8]| {
        fs::write(folder.path().join("x.toml"), bytes).unwrap();
        files.read("x.toml")
    };
    let path = files.shown("x.toml");
    assert_eq!(read(b""), Err(SourceError::Empty { path: path.clone() }));
    assert_eq!(read(b" \n\t\r\n"), Err(SourceError::Empty { path: path.clone() }));
    assert_eq!(
        read(b"a = 1\nb = \"\xff\"\n"),
        Err(SourceError::NotUtf8 { path: path.clone(), at: 11, line: 2 })
    );
    assert_eq!(read(b"f\0o\0r\0"), Err(SourceError::Binary { path: path.clone(), at: 1 }));
    assert_eq!(read(&vec![b'#'; 4 * 1024 * 1024 + 1]), Err(SourceError::TooLarge { path }));
    assert!(read(&vec![b'#'; 4 * 1024 * 1024]).is_ok());
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_are_taken_as_they_are() {
    let folder = on_disk();
    let path = folder.path().join(SCENARIO);
    let text = fs::read_to_string(&path).unwrap().replace('\n', "\r\n");
    fs::write(&path, format!("\u{feff}{text}")).unwrap();
    let (files, address) = Files::open(&path).unwrap();
    let loaded = load(&files, &address, &Overrides::default());
    assert!(loaded.is_ok(), "{loaded:?}");
    fs::write(&path, format!("\u{feff}{}", text.replace("until ", "untill"))).unwrap();
    let failure = load(&files, &address, &Overrides::default()).unwrap_err();
    let said = render::to_text(&failure.diagnostics, &failure.files, false);
    assert!(said.contains("| ^^^^^^ did you mean `until`?"), "{said}");
    assert!(!said.contains('\r'));
}

#[test]
fn every_file_of_the_library_is_free_of_mistakes() {
    let files = Files::library();
    for address in files.list("").unwrap() {
        if let Err(failure) = check(&files, &address) {
            panic!("{}", render::to_text(&failure.diagnostics, &failure.files, false));
        }
    }
}

#[test]
fn library_names_may_be_short_and_are_checked() {
    let mut memory = project();
    let mut library: Vec<(String, String)> =
        project().into_iter().map(|(path, text)| (format!("trocar:{path}"), text)).collect();
    library.push(("trocar:other/bench.toml".into(), "x = 1".into()));
    memory.extend(library);
    let files = Files::in_memory(memory);
    assert_eq!(files.resolve("", "trocar:hold").unwrap(), format!("trocar:{SCENARIO}"));
    assert!(matches!(files.resolve("", "trocar:bench"), Err(SourceError::Ambiguous { .. })));
    let error = files.resolve("", "trocar:hodl").unwrap_err();
    assert!(
        matches!(&error, SourceError::NotFound { nearest: Some(name), .. } if name == "trocar:hold"),
        "{error}"
    );
    // A file of the library speaks of files of the library.
    let loaded = load(&files, &format!("trocar:{SCENARIO}"), &Overrides::default()).unwrap();
    assert!(loaded.files.iter().all(|file| file.address.starts_with("trocar:")));
}
