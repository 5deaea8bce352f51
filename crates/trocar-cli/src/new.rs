//! `trocar new`

use crate::args::{Lang, NewArgs, NewKind};
use crate::output::{BAD_USAGE, ERROR, data, error, failures, say};
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use trocar_scenario::template::Template;
use trocar_scenario::template::controller::{ControllerStart, Language};
use trocar_scenario::{FileKind, Files, UrdfOptions, kind_of_file};
use trocar_sim::bench_robot::{Request, bench_robot};

/// Starts a file or project; gives the exit code.
pub fn new(args: &NewArgs) -> u8 {
    if args.urdf.is_some() && args.kind != NewKind::Robot {
        error("--urdf is for a robot: trocar new robot FILE --urdf FILE");
        return BAD_USAGE;
    }
    if args.robot.is_some() && args.kind != NewKind::Scene {
        error("--robot is for a scene: trocar new scene FILE --robot FILE");
        return BAD_USAGE;
    }
    if (args.slot.is_some() || args.lang.is_some()) && args.kind != NewKind::Controller {
        error("--slot and --lang are for a controller: trocar new controller FILE --slot servo");
        return BAD_USAGE;
    }
    let path = match (&args.path, &args.urdf) {
        (Some(path), _) => path.clone(),
        (None, Some(urdf)) => urdf.with_extension("toml"),
        (None, None) => return BAD_USAGE,
    };
    if let Some(urdf) = &args.urdf {
        return robot_of_urdf(urdf, &path, args);
    }
    if args.kind == NewKind::Mapping {
        return match mapping_of(args) {
            Ok(text) => report(write_new(&path, &text).map(|()| vec![path.clone()]), args.kind, &path),
            Err(what) => {
                error(&what);
                BAD_USAGE
            }
        };
    }
    let Some(kind) = template_of(args.kind) else { return controller(&path, args) };
    let written = match &args.from {
        Some(from) if args.kind == NewKind::Project => {
            error(&format!(
                "a project is not started from one file; start the file: trocar new scenario … --from {}",
                from.display()
            ));
            return BAD_USAGE;
        }
        Some(from) => copy(from, &path),
        None => template(kind, &path, args.robot.as_deref()),
    };
    report(written, args.kind, &path)
}

fn report(written: Result<Vec<PathBuf>, String>, kind: NewKind, path: &Path) -> u8 {
    match written {
        Ok(files) => {
            for file in &files {
                data(&format!("{}\n", file.display()));
            }
            if let Some(next) = next(kind, path) {
                say(&format!("next: {next}"));
            }
            0
        }
        Err(what) => {
            error(&what);
            if what.contains("exists already") { BAD_USAGE } else { ERROR }
        }
    }
}

fn next(kind: NewKind, path: &Path) -> Option<String> {
    Some(match kind {
        NewKind::Scenario => format!("trocar check {0} && trocar run {0}", path.display()),
        NewKind::Scene | NewKind::Robot | NewKind::Instrument => format!("trocar check {}", path.display()),
        NewKind::Urdf => format!("trocar inspect {0} && trocar new robot --urdf {0}", path.display()),
        NewKind::Project => format!("cd {} && trocar run scenarios", path.display()),
        NewKind::Mapping => {
            format!("fill in {0}, then: trocar judge SCENARIO --data FILE --map {0}", path.display())
        }
        NewKind::Controller => return None,
    })
}

/// Writes a controller of the user's own.
fn controller(path: &Path, args: &NewArgs) -> u8 {
    let start = match controller_start(path, args) {
        Ok(start) => start,
        Err(what) => {
            error(&what);
            return BAD_USAGE;
        }
    };
    let code = report(write_new(path, &start.text()).map(|()| vec![path.to_path_buf()]), args.kind, path);
    if code == 0 {
        let commands: Vec<String> = start.build_command().into_iter().chain([start.run_command()]).collect();
        say(&format!("next: {}", commands.join("\n      ")));
    }
    code
}

fn controller_start(path: &Path, args: &NewArgs) -> Result<ControllerStart, String> {
    let slot = args.slot.as_deref().ok_or("--slot SLOT is missing: which slot is it for? servo, say")?;
    let (robot, slot) = ControllerStart::slot_of(slot)?;
    let by_ending = path.extension().and_then(|e| e.to_str()).and_then(Language::of_extension);
    let chosen = args.lang.map(|lang| match lang {
        Lang::Python => Language::Python,
        Lang::Cpp => Language::Cpp,
        Lang::Rust => Language::Rust,
    });
    let language = match (chosen, by_ending) {
        (Some(chosen), Some(other)) if chosen != other => {
            let (file, chosen, other) = (path.display(), chosen.word(), other.word());
            return Err(format!(
                "{file} ends as {other} does, and --lang says {chosen}; give it another name"
            ));
        }
        (chosen, by_ending) => chosen.or(by_ending).ok_or_else(|| {
            format!("{}: its ending says no language; add --lang python, cpp or rust", path.display())
        })?,
    };
    let file = path.to_str().ok_or_else(|| format!("{} is no name in UTF-8", path.display()))?.to_owned();
    if language != Language::Python && path.extension().is_none() {
        return Err(format!(
            "{file}: give it an ending, so that the program that is made of it has another name"
        ));
    }
    if file.contains(['"', '\'', '\\', '$', '`']) {
        return Err(format!(
            "{file}: choose a name without quotation marks, $ and \\; it is to stand in a command"
        ));
    }
    Ok(ControllerStart { slot, robot, language, file })
}

/// Writes a robot file whose mechanism is a URDF's.
fn robot_of_urdf(urdf: &Path, path: &Path, args: &NewArgs) -> u8 {
    let (files, address) = match Files::open(urdf) {
        Ok(opened) => opened,
        Err(wrong) => {
            error(&wrong.diagnostic().title);
            return BAD_USAGE;
        }
    };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let existing = folder.ancestors().find(|above| above.is_dir()).unwrap_or(Path::new("."));
    let is_one_project = Files::open(existing).is_ok_and(|(other, _)| other.root() == files.root());
    if !is_one_project {
        error(&format!(
            "{} and {} lie in two projects; put the URDF into the robot file's project (the folder with trocar.toml)",
            urdf.display(),
            path.display()
        ));
        return BAD_USAGE;
    }
    let options = UrdfOptions {
        packages: args.packages.iter().cloned().collect(),
        tip: args.tip.clone(),
        ..UrdfOptions::default()
    };
    let text = match bench_robot(&files, &address, &Request { options, title: None }) {
        Ok(text) => text,
        Err(failure) => {
            failures(&[failure]);
            return BAD_USAGE;
        }
    };
    report(write_new(path, &text).map(|()| vec![path.to_path_buf()]), NewKind::Robot, path)
}

/// The address of a robot file in the project of a scene.
fn address_of(robot: &Path) -> Result<String, String> {
    let (files, address) = Files::open(robot).map_err(|e| e.diagnostic().title)?;
    match kind_of_file(&files, &address) {
        Some(FileKind::Robot) => Ok(address),
        Some(other) => Err(format!("{} is {}, and a robot is meant", robot.display(), other.word())),
        None => Err(format!("{} cannot be read; trocar check {0} says why", robot.display())),
    }
}

/// The template of a file that Trocar reads; `None` for a controller, which is none.
fn template_of(kind: NewKind) -> Option<Template> {
    match kind {
        NewKind::Scenario => Some(Template::Scenario),
        NewKind::Scene => Some(Template::Scene),
        NewKind::Robot => Some(Template::Robot),
        NewKind::Urdf => Some(Template::Urdf),
        NewKind::Instrument => Some(Template::Instrument),
        NewKind::Project => Some(Template::Project),
        NewKind::Controller | NewKind::Mapping => None,
    }
}

/// A mapping to be filled in.
fn mapping_of(args: &NewArgs) -> Result<String, String> {
    let scenario =
        args.from.as_ref().ok_or("--from SCENARIO is missing: of which scenario was the method followed?")?;
    crate::judge::template(&scenario.to_string_lossy())
}

fn template(template: Template, path: &Path, robot: Option<&Path>) -> Result<Vec<PathBuf>, String> {
    let name = path.file_stem().and_then(|n| n.to_str()).unwrap_or("new");
    let is_project = template == Template::Project;
    let root = if is_project { Some(path) } else { path.parent() };
    let root = root.unwrap_or(Path::new(""));
    if is_project && path.exists() && fs::read_dir(path).is_ok_and(|mut d| d.next().is_some()) {
        return Err(format!("{} exists already and is not empty", path.display()));
    }
    let files = template.files(name);
    let mut written = Vec::new();
    for (place, text) in &files {
        let text = match robot {
            Some(robot) => text.replace("scenes/robots/lever.toml", &address_of(robot)?),
            None => text.clone(),
        };
        let target = if is_project { root.join(place) } else { path.to_path_buf() };
        write_new(&target, &text)?;
        written.push(target);
    }
    Ok(written)
}

fn copy(from: &Path, to: &Path) -> Result<Vec<PathBuf>, String> {
    let (files, address) = Files::open(from).map_err(|e| e.diagnostic().title)?;
    let source = files.read(&address).map_err(|e| e.diagnostic().title)?;
    // A built-in file names its scene by a path of the library: it goes on doing so.
    let text = match address.strip_prefix("trocar:") {
        Some(_) => source
            .text
            .replace("\"scenes/", "\"trocar:scenes/")
            .replace("\"scenarios/", "\"trocar:scenarios/"),
        None => source.text,
    };
    write_new(to, &text)?;
    Ok(vec![to.to_path_buf()])
}

fn write_new(path: &Path, text: &str) -> Result<(), String> {
    if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty()) {
        fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    }
    let mut file =
        OpenOptions::new().write(true).create_new(true).open(path).map_err(|e| match e.kind() {
            ErrorKind::AlreadyExists => format!("{} exists already; nothing is overwritten", path.display()),
            _ => format!("{}: {e}", path.display()),
        })?;
    file.write_all(text.as_bytes()).map_err(|e| format!("{}: {e}", path.display()))
}
