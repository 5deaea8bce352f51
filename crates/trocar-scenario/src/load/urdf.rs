//! URDF files: those that a robot file takes its mechanism from, and one by itself.

use super::{Failure, Loader, NamedAt};
use crate::mechanism::MechanismConfig;
use crate::source::{Files, SourceFile};
use crate::span::SpanIndex;
use crate::text::{join_key, quoted};
use crate::tree::{Node, Value};
use crate::urdf::{self, Mesh, Urdf};
use std::collections::{BTreeMap, BTreeSet};
use trocar_signal::{AnyQuantity, Diagnostic, Dimension, Problem};

/// How a URDF is read that no robot file speaks of.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UrdfOptions {
    /// Name in `package://NAME/…` to the folder that it means, from the project's root.
    pub packages: BTreeMap<String, String>,
    /// Coordinate to the position, rad or m, at which its joint stands still.
    pub hold: BTreeMap<String, f64>,
    /// The frame of the tip; without it, the end of the longest chain.
    pub tip: Option<String>,
}

/// A URDF file by itself.
#[derive(Clone, Debug)]
pub struct LoadedUrdf {
    /// What it says beside the mechanism.
    pub urdf: Urdf,
    /// Its coordinates, frames, links and friction.
    pub mechanism: MechanismConfig,
    /// Places of the keys and values of the mechanism in the URDF.
    pub spans: SpanIndex,
    /// Address of the file.
    pub address: String,
    /// What may not be as meant.
    pub warnings: Vec<Diagnostic>,
    /// The file.
    pub files: Vec<SourceFile>,
}

/// Reads a URDF by itself.
///
/// # Errors
/// Every mistake in it.
pub fn load_urdf(files: &Files, address: &str, options: &UrdfOptions) -> Result<LoadedUrdf, Failure> {
    let mut loader = Loader::new(files);
    let loaded = loader.urdf_alone(address, options);
    let (mut loaded, files, warnings) = loader.finish(loaded)?;
    (loaded.files, loaded.warnings) = (files, warnings);
    Ok(loaded)
}

/// Where a robot, scene or scenario is meant and a URDF is named.
pub(super) fn not_a_robot_file(source: &SourceFile, named_at: Option<&NamedAt>) -> Diagnostic {
    let title = format!("`{}` is a URDF file, which says nothing of motors and controllers", source.shown);
    let diagnostic = Diagnostic::error("wrong-kind", title)
        .note(format!("make a robot file of it: trocar new robot my_robot.toml --urdf {}", source.shown));
    match named_at {
        Some((file, range)) => diagnostic.at(file, range.clone(), ""),
        None => diagnostic,
    }
}

impl Loader<'_> {
    /// Reads the URDF that a robot file names and lays it under the file's `[mechanism]`. `None` where that fails, with
    /// the reasons among what was found.
    pub(super) fn lay_urdf_under(&mut self, tree: &mut Node) -> Option<Option<Urdf>> {
        let Some(config) = tree.get("mechanism").and_then(|mechanism| mechanism.get("urdf")).cloned() else {
            return Some(None);
        };
        let named = config.get("file")?.clone();
        let (address, named_at) = self.resolve(tree.file, &named)?;
        let index = self.open_text(&address, &named_at)?;
        let mut hold = BTreeMap::new();
        let mut dimensions = BTreeMap::new();
        for (name, node) in config.get("hold").and_then(Node::as_table).into_iter().flatten() {
            // A text that is no quantity is told of by the check of the file.
            let quantity = AnyQuantity::parse(node.as_text()?).ok()?;
            hold.insert(name.clone(), quantity.si);
            dimensions.insert(name.clone(), quantity.dimension);
        }
        let mut packages = BTreeMap::new();
        for (name, node) in config.get("packages").and_then(Node::as_table).into_iter().flatten() {
            packages.insert(name.clone(), node.as_text()?.to_owned());
        }
        let spans = SpanIndex::new(tree, &self.sources);
        let source = self.sources.get(index)?.clone();
        let reading = urdf::read(&source, index, &hold);
        let mut problems = reading.problems;
        problems.extend(self.package_problems(&packages));
        self.found.extend(reading.found);
        self.mesh_warnings(&source, &reading.meshes, &packages);
        if let Some((urdf, _)) = &reading.urdf {
            for (name, dimension) in &dimensions {
                let is_prismatic = urdf.joint_of(name).is_some_and(|joint| joint.kind == "prismatic");
                let meant = if is_prismatic { Dimension::LENGTH } else { Dimension::ANGLE };
                if *dimension != meant {
                    let what =
                        format!("{meant} ({}) is meant here, and this is {dimension}", meant.si_unit());
                    problems.push(Problem::new(join_key("hold", name), what));
                }
            }
        }
        let is_wrong = !problems.is_empty();
        self.found.extend(problems.iter().map(|problem| spans.problem("mechanism.urdf", problem)));
        let (urdf, tables) = reading.urdf.filter(|_| !is_wrong)?;
        if let Value::Table(table) = &mut tree.value {
            urdf::lay_under(table.get_mut("mechanism")?, tables);
        }
        Some(Some(urdf))
    }

    /// Reads a URDF by itself.
    pub(super) fn urdf_alone(&mut self, address: &str, options: &UrdfOptions) -> Option<LoadedUrdf> {
        let index = self.open_text(address, &(String::new(), 0..0))?;
        let source = self.sources.get(index)?.clone();
        let reading = urdf::read(&source, index, &options.hold);
        let mut problems = reading.problems;
        problems.extend(self.package_problems(&options.packages));
        for problem in problems {
            let key = problem.key.replacen("hold.", "--hold ", 1).replacen("packages.", "--package ", 1);
            self.found.push(Diagnostic::error("bad-value", format!("{key}: {}", problem.what)));
        }
        self.found.extend(reading.found);
        self.mesh_warnings(&source, &reading.meshes, &options.packages);
        let (urdf, tables) = reading.urdf?;
        let tip = options.tip.as_deref().unwrap_or_else(|| urdf.tip());
        let tree = urdf::tables_as_mechanism(tables, index, tip);
        let mechanism: MechanismConfig = self.read_by_serde(&tree)?;
        let spans = SpanIndex::new(&tree, &self.sources);
        let mut problems = mechanism.check();
        problems.extend(mechanism.inert().into_iter().map(|place| mechanism.inert_problem("", place)));
        self.found.extend(problems.iter().map(|problem| spans.problem("", problem)));
        let (warnings, files) = (Vec::new(), Vec::new());
        Some(LoadedUrdf { urdf, mechanism, spans, address: address.to_owned(), warnings, files })
    }

    /// Reads a file that is no TOML, once.
    fn open_text(&mut self, address: &str, named_at: &NamedAt) -> Option<usize> {
        if let Some(index) = self.sources.iter().position(|source| source.address == address) {
            return Some(index);
        }
        match self.files.read(address) {
            Ok(source) => {
                self.sources.push(source);
                self.trees.push(None);
                Some(self.sources.len() - 1)
            }
            Err(error) => {
                let named_at = (!named_at.0.is_empty()).then_some(named_at);
                self.source_error(&error, named_at);
                None
            }
        }
    }

    fn package_problems(&self, packages: &BTreeMap<String, String>) -> Vec<Problem> {
        let wrong = packages.iter().filter(|(_, folder)| *folder != ".").filter_map(|(name, folder)| {
            let error = self.files.resolve("", folder.trim_end_matches('/')).err()?;
            Some(Problem::new(join_key("packages", name), error.to_string()))
        });
        wrong.collect()
    }

    /// Meshes are not used, so one that is missing is no error; where it would be looked for is checked all the same.
    fn mesh_warnings(&mut self, urdf: &SourceFile, meshes: &[Mesh], packages: &BTreeMap<String, String>) {
        let folder = urdf.address.rsplit_once('/').map_or("", |(folder, _)| folder);
        let mut unmapped: BTreeSet<&str> = BTreeSet::new();
        let mut missing: Vec<&Mesh> = Vec::new();
        for mesh in meshes {
            let address = if let Some(rest) = mesh.name.strip_prefix("package://") {
                let (package, path) = rest.split_once('/').unwrap_or((rest, ""));
                let Some(root) = packages.get(package) else {
                    if unmapped.insert(package) {
                        let title = format!("`package://{}/…` is mapped to no folder", quoted(package));
                        let warning = Diagnostic::warning("no-package", title)
                            .at(&urdf.shown, mesh.range.clone(), "")
                            .note("geometry is not used, so nothing else depends on it; to have its files checked, map it in the robot file: packages = { NAME = \"FOLDER\" }");
                        self.found.push(warning);
                    }
                    continue;
                };
                join(if root == "." { "" } else { root }, path)
            } else {
                join(folder, &mesh.name)
            };
            let library = if urdf.address.starts_with("trocar:") && !address.starts_with("trocar:") {
                format!("trocar:{address}")
            } else {
                address
            };
            if self.files.holds(&library) == Some(false) {
                missing.push(mesh);
            }
        }
        if let Some(first) = missing.first() {
            let more = match missing.len() {
                1 => String::new(),
                count => format!(" ({count} such files)"),
            };
            let title = format!("there is no mesh `{}` in the project{more}", quoted(&first.name));
            let warning = Diagnostic::warning("no-mesh", title)
                .at(&urdf.shown, first.range.clone(), "")
                .note("geometry is not used, so nothing else depends on it");
            self.found.push(warning);
        }
    }
}

/// A path in a folder.
fn join(folder: &str, path: &str) -> String {
    match folder.trim_end_matches('/') {
        "" => path.to_owned(),
        folder => format!("{folder}/{path}"),
    }
}
