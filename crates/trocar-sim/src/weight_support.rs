//! The cable that carries a part of a wearer's weight, in the robot's island.

use crate::drive_train::TunableInput;
use nalgebra::{Isometry3, Vector3};
use std::collections::BTreeMap;
use trocar_dynamics::{
    ConnectionId, FrameId, Island, IslandBuilder, IslandWorkspace, MechanismBuilder, Placement, Workspace,
};
use trocar_plant::WeightSupportConfig;
use trocar_signal::{
    Activation, Dimension, Element, GroupClass, GroupSpec, Nanos, ParameterSpec, Provenance, Registration,
    Standing, WritePort,
};

/// Standard gravity, by which a share of a body's weight is meant, m/s².
const GRAVITY: f64 = 9.806_65;

/// Name of its frames, its connection and its signals, behind the wearer's.
const NAME: &str = "weight_support";

/// The cable in an island.
pub(crate) struct Support {
    connection: ConnectionId,
    force_n: f64,
    weight_n: f64,
    /// From pulley to harness, as the robot is put on, m.
    rest_m: f64,
    ends: [FrameId; 2],
}

/// Where what is true of it goes.
pub(crate) struct SupportTruth(WritePort);

impl Support {
    /// Adds the pulley, which stands still in the world with its axes, and the harness, where the pelvis is now.
    pub fn frames(
        config: &WeightSupportConfig,
        builder: &mut MechanismBuilder,
        ws: &Workspace,
        pelvis: FrameId,
    ) -> [FrameId; 2] {
        let at = config.at.as_ref().map_or(Vector3::zeros(), |at| Vector3::from(at.value.map(|x| x.si())));
        let world_from_harness = ws.world_from_frame(pelvis) * Isometry3::translation(at.x, at.y, at.z);
        let above = Vector3::z() * config.pulley_above.value.si();
        let world_from_pulley = Isometry3::from_parts(
            (world_from_harness.translation.vector + above).into(),
            nalgebra::UnitQuaternion::identity(),
        );
        let base_from_pulley = ws.world_from_frame(FrameId::BASE).inverse() * world_from_pulley;
        let harness = Isometry3::translation(at.x, at.y, at.z);
        [
            builder.frame(
                &format!("wearer.{NAME}.pulley"),
                FrameId::BASE,
                Placement::Fixed(base_from_pulley),
                None,
            ),
            builder.frame(&format!("wearer.{NAME}.harness"), pelvis, Placement::Fixed(harness), None),
        ]
    }

    /// Adds the cable.
    pub fn connect(
        config: &WeightSupportConfig,
        mass_kg: f64,
        ends: [FrameId; 2],
        island: &mut IslandBuilder,
    ) -> Support {
        let weight_n = mass_kg * GRAVITY;
        let [pulley, harness] = ends;
        let connection = island.connect(&format!("wearer.{NAME}"), pulley, harness, config.law(weight_n));
        let rest_m = config.pulley_above.value.si();
        Support { connection, force_n: config.force_n(weight_n), weight_n, rest_m, ends }
    }

    /// Declares its parameters; its force may change during a run.
    pub fn declare_parameters(
        &self,
        (instance, config, standing): (&str, &WeightSupportConfig, Standing),
        island: &Island,
        registration: &mut Registration,
        inputs: &mut Vec<TunableInput>,
    ) {
        let sources = BTreeMap::new();
        let of_scene = Provenance { sources: &sources, source: None, standing };
        let path = |name: &str| format!("{instance}.wearer.{NAME}.{name}");
        let behind = match (&config.force, &config.share) {
            (Some(force), _) => of_scene.of(force),
            (None, Some(share)) => of_scene.of(share),
            (None, None) => (String::new(), standing),
        };
        let force = ParameterSpec::fixed(path("force"), Dimension::FORCE, self.force_n, behind);
        let port = registration.parameter(ParameterSpec { tunable: true, ..force }.at_least(0.0));
        if let Some(range) = island.inputs_of_connection(self.connection) {
            inputs.push(TunableInput { place: range.start, port, base: 0.0, factor: 1.0 });
        }
        let mut fixed = |name: &str, dimension, si, behind| {
            registration.parameter(ParameterSpec::fixed(path(name), dimension, si, behind));
        };
        let above = &config.pulley_above;
        fixed("pulley_above", Dimension::LENGTH, above.value.si(), of_scene.of(above));
        if let Some(stiffness) = &config.stiffness {
            fixed("stiffness", Dimension::STIFFNESS, stiffness.value.si(), of_scene.of(stiffness));
        }
        if let Some(damping) = &config.damping {
            fixed("damping", Dimension::DAMPING, damping.value.si(), of_scene.of(damping));
        }
        if let Some(stop) = &config.catches {
            fixed("catches.after", Dimension::LENGTH, stop.after.value.si(), of_scene.of(&stop.after));
            let stiffness = &stop.stiffness;
            fixed("catches.stiffness", Dimension::STIFFNESS, stiffness.value.si(), of_scene.of(stiffness));
        }
    }

    /// Declares what is true of it.
    pub fn declare(&self, instance: &str, registration: &mut Registration) -> SupportTruth {
        let element = |name: &str, dimension| Element { name: name.to_owned(), dimension };
        let elements = vec![
            element("force", Dimension::FORCE),
            element("share", Dimension::NUMBER),
            element("tension", Dimension::FORCE),
            element("drawn_out", Dimension::LENGTH),
        ];
        let group = GroupSpec::vector(format!("{instance}.wearer.truth.{NAME}"), elements)
            .class(GroupClass::Truth)
            .meaning(
                "the upward force of the cable on the wearer over the last step, the same as a share of their weight, the cable's tension, and how far it is drawn out",
            );
        SupportTruth(registration.write(group))
    }

    /// Writes it; the solver holds the kinematics of the state.
    pub fn publish(
        &self,
        SupportTruth(port): &SupportTruth,
        io: &mut Activation<'_>,
        island: &Island,
        solver: &IslandWorkspace,
    ) {
        // The pulley's axes are the world's.
        let force_n = solver.connection_wrench(self.connection).unwrap_or_default().force_n;
        let ws = solver.mechanism();
        let [pulley, harness] = self.ends.map(|end| island.mechanism().base_from_frame(ws, end));
        let drawn_m = (harness.translation.vector - pulley.translation.vector).norm() - self.rest_m;
        let said = [force_n.z, force_n.z / self.weight_n, force_n.norm(), drawn_m];
        io.send(*port, &said, io.step_end, Nanos::ZERO, true);
    }
}
