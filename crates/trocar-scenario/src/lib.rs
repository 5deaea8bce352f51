//! The files that people write: robots, instruments, scenes, and scenarios, which are test methods.
//!
//! [`load()`] reads a scenario with everything that it includes and names, and gives it back as structures with roles
//! bound and cases expanded ([`Loaded`]), or every mistake at once, each with its place. [`Files`] says where files
//! come from; [`render`] shows mistakes beside the text; [`schema`] and [`mod@reference`] describe the files;
//! [`template`] is where a new one begins. Nothing here knows how a robot moves.

pub mod case;

mod common;
pub mod deflection;
pub mod diff;
mod examples;
pub mod explain;
pub mod for_each;
pub mod instrument;
mod load;
pub mod mapping;
pub mod mechanism;
mod mount;
pub mod person;
pub mod phase;
pub mod poses;
pub mod recorded;
mod recover;
pub mod reference;
pub mod render;
pub mod robot;
pub mod roles;
pub mod sarif;
pub mod scenario;
pub mod scene;
pub mod schema;
mod semantics;
mod sensors;
pub mod source;
pub mod span;
pub mod stimulus;
pub mod surroundings;
pub mod teleoperation;
pub mod template;
mod text;
mod tree;
pub mod urdf;
mod walk;

pub use case::Case;
pub use common::{FORMAT, PlacementConfig, RotationConfig, SectionProvenance};
pub use instrument::InstrumentFile;
pub use load::{
    Checked, Failure, FileKind, Loaded, LoadedInstrument, LoadedMapping, LoadedPerson, LoadedRobot,
    LoadedScene, LoadedUrdf, Overrides, UrdfOptions, Variant, check, kind_of_file, load, load_instrument,
    load_mapping, load_person, load_robot, load_scene, load_urdf, takes_long,
};
pub use mapping::MappingFile;
pub use mechanism::MechanismConfig;
pub use recover::Recovery;
pub use robot::{RobotFile, Section};
pub use roles::Roles;
pub use scenario::ScenarioFile;
pub use scene::SceneFile;
pub use semantics::formula_diagnostic;
pub use source::{Files, SourceError, SourceFile};
pub use span::{Place, SpanIndex};
pub use text::join_key;
