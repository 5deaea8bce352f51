//! `trocar schema`

use crate::args::{SchemaArgs, SchemaKind};
use crate::output::data;
use trocar_scenario::{reference, schema as schemas};

/// Prints a schema or the reference; gives the exit code.
pub fn schema(args: &SchemaArgs) -> u8 {
    let kind = match args.which {
        SchemaKind::Scenario => "scenario",
        SchemaKind::Scene => "scene",
        SchemaKind::Robot => "robot",
        SchemaKind::Instrument => "instrument",
        SchemaKind::Person => "person",
        SchemaKind::Mapping => "mapping",
        SchemaKind::Reference => {
            data(&reference::markdown());
            return 0;
        }
    };
    for (_, json) in schemas::as_written().iter().filter(|(name, _)| *name == kind) {
        data(&format!("{json:#}\n"));
    }
    0
}
