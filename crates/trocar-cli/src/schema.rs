//! `trocar schema`

use crate::args::{SchemaArgs, SchemaKind};
use crate::output::data;
use trocar_scenario::{reference, schema as schemas};

/// Prints a schema or the reference; gives the exit code.
pub fn schema(args: &SchemaArgs) -> u8 {
    let json = match args.which {
        SchemaKind::Scenario => schemas::scenario(),
        SchemaKind::Scene => schemas::scene(),
        SchemaKind::Robot => schemas::robot(),
        SchemaKind::Instrument => schemas::instrument(),
        SchemaKind::Reference => {
            data(&reference::markdown());
            return 0;
        }
    };
    data(&format!("{json:#}\n"));
    0
}
