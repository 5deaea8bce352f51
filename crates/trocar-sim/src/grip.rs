//! A force gauge between the jaws of an arm: what becomes of it in the arm's island, and what it would read if it were
//! perfect.

use crate::drive_train::{TunableInput, input_place};
use std::collections::BTreeMap;
use trocar_dynamics::{CoordinateId, ElementId, Grip, Island, IslandBuilder, IslandWorkspace};
use trocar_plant::{GripGaugeConfig, InstrumentConfig};
use trocar_scenario::mechanism::{MechanismConfig, MotionKind};
use trocar_scenario::{Loaded, RobotFile, Section};
use trocar_signal::{
    Activation, Dimension, GroupClass, GroupSpec, Nanos, ParameterSpec, Problem, Provenance, Registration,
    Standing, WritePort,
};

/// Jaws that open farther than this turn the lever of a force between them over: there is no law for that.
const WIDEST_RAD: f64 = 170.0 * std::f64::consts::PI / 180.0;

/// A gauge on its way into an island.
pub(crate) struct Gauge {
    grip: Grip,
    /// Its thickness and its stiffness, the inputs of `grip`.
    inputs: [ParameterSpec; 2],
    /// What else stands behind it.
    fixed: Vec<ParameterSpec>,
}

/// What is wrong with instruments, each with its name.
type Wrong<'a> = Vec<(&'a str, Vec<Problem>)>;

/// The gauges of a scenario, by the arm between whose jaws they stand, and what is wrong with others.
pub(crate) fn gauges(loaded: &Loaded) -> (BTreeMap<String, Gauge>, Wrong<'_>) {
    let (mut gauges, mut wrong) = (BTreeMap::new(), Wrong::new());
    let mut taken: BTreeMap<&str, &str> = BTreeMap::new();
    for (name, config) in &loaded.scenario.instruments {
        let InstrumentConfig::GripGauge(config) = config else { continue };
        // A path that is of no jaw was found when the file was read.
        let Some(instance) = config.instance() else { continue };
        let of_jaw = |what: String| vec![Problem::new("jaw", what)];
        let made = match (loaded.scene.robots.get(instance), taken.insert(instance, name)) {
            (None, _) => {
                let robots: Vec<&str> = loaded.scene.robots.keys().map(String::as_str).collect();
                Err(of_jaw(format!("there is no robot `{instance}`; there is: {}", robots.join(", "))))
            }
            (_, Some(other)) => Err(of_jaw(format!("`{other}` stands between these jaws already"))),
            (Some(robot), None) => Gauge::new(name, instance, config, &robot.robot),
        };
        match made {
            Ok(gauge) => {
                gauges.insert(instance.to_owned(), gauge);
            }
            Err(problems) => wrong.push((name.as_str(), problems)),
        }
    }
    (gauges, wrong)
}

impl Gauge {
    /// A gauge between the jaws of a robot; problems below the instrument's table.
    fn new(
        name: &str,
        instance: &str,
        config: &GripGaugeConfig,
        robot: &RobotFile,
    ) -> Result<Gauge, Vec<Problem>> {
        let problem = |key: &str, what: String| vec![Problem::new(key, what)];
        let mechanism = &robot.mechanism;
        let jaw = mechanism.jaw.as_ref().and(mechanism.coordinates.last());
        let Some(jaw) = jaw else {
            return Err(problem("jaw", format!("`{instance}.jaw`: there is no jaw on {}", robot.title)));
        };
        if jaw.kind != MotionKind::Revolute {
            return Err(problem("jaw", "a gauge stands between jaws that turn, and these slide".to_owned()));
        }
        let sources = BTreeMap::new();
        let declared = Provenance { sources: &sources, source: None, standing: Standing::Declared };
        let (length_m, length) = match (&config.at, &mechanism.jaw_length) {
            (Some(at), _) => {
                let behind = declared.of(at);
                let path = format!("{name}.at");
                (at.value.si(), ParameterSpec::fixed(path, Dimension::LENGTH, at.value.si(), behind))
            }
            (None, Some(own)) => {
                let behind = robot.provenance(Section::Mechanism).of(own);
                let path = format!("{instance}.jaw.length");
                (own.value.si(), ParameterSpec::fixed(path, Dimension::LENGTH, own.value.si(), behind))
            }
            (None, None) => {
                let what = format!(
                    "the file of {} does not say where its jaws grip: write `at`, the distance from their axis",
                    robot.title
                );
                return Err(problem("", what));
            }
        };
        let (thickness_m, stiffness) = (config.thickness.value.si(), config.stiffness.value.si());
        let damping = config.damping.as_ref().map_or(0.0, |damping| damping.value.si());
        let grip = Grip::new(length_m, thickness_m, stiffness, damping / stiffness)
            .map_err(|error| problem("", error.to_string()))?;
        let upper_rad = jaw.upper.value.si;
        if upper_rad > WIDEST_RAD {
            let what =
                format!("its jaws open by up to {:.0} deg; 170 deg is the most", upper_rad.to_degrees());
            return Err(problem("jaw", what));
        }
        let widest_m = grip.opening_m(upper_rad);
        if thickness_m >= widest_m {
            let what = format!(
                "the jaws open by {:.2} mm where they grip, {:.2} mm from their axis: what is {:.2} mm thick does not go \
                 between them",
                1e3 * widest_m,
                1e3 * length_m,
                1e3 * thickness_m
            );
            return Err(problem("thickness", what));
        }
        let of = |key: &str| format!("{name}.{key}");
        let (thickness, stiff) = (&config.thickness, &config.stiffness);
        let inputs = [
            declared.parameter(of("thickness"), Dimension::LENGTH, thickness_m, thickness, true),
            declared.parameter(of("stiffness"), Dimension::STIFFNESS, stiffness, stiff, true),
        ]
        .map(|spec| spec.at_least(0.0));
        let damping_parameter = config.damping.as_ref().map(|value| {
            ParameterSpec::fixed(of("damping"), Dimension::DAMPING, damping, declared.of(value))
        });
        Ok(Gauge { grip, inputs, fixed: std::iter::once(length).chain(damping_parameter).collect() })
    }

    /// Puts it between the jaws, the last of the joints.
    pub(crate) fn place(&self, jaw: CoordinateId, island: &mut IslandBuilder) -> ElementId {
        island.element("gauge", &[(jaw, 1.0)], self.grip)
    }

    /// Declares its parameters and the force as it is, for the component of the arm's mechanism.
    pub(crate) fn declare(
        self,
        instance: &str,
        (island, element): (&Island, ElementId),
        registration: &mut Registration,
        tunable: &mut Vec<TunableInput>,
    ) -> Option<Gripped> {
        for (input, spec) in self.inputs.into_iter().enumerate() {
            let port = registration.parameter(spec);
            let place = input_place(island, element, input)?;
            tunable.push(TunableInput { place, port, base: 0.0, factor: 1.0 });
        }
        for spec in self.fixed {
            registration.parameter(spec);
        }
        let force = GroupSpec::scalar(GripGaugeConfig::truth(instance), Dimension::FORCE)
            .class(GroupClass::Truth)
            .meaning("force between the jaws as it is, the mean over the last step; valid once the gauge stands there");
        let in_place = island.state_of(element)?.start;
        Some(Gripped { grip: self.grip, element, in_place, force: registration.write(force) })
    }
}

/// A gauge between the jaws.
pub(crate) struct Gripped {
    grip: Grip,
    element: ElementId,
    /// The word of the state that says whether it stands there.
    in_place: usize,
    force: WritePort,
}

impl Gripped {
    /// Nothing is gripped at the start.
    pub(crate) fn publish_start(&self, io: &mut Activation<'_>) {
        let at = io.step_end;
        io.send(self.force, &[0.0], at, Nanos::ZERO, false);
    }

    /// Writes the mean force over the step of the island just made, of this length.
    pub(crate) fn publish(
        &self,
        io: &mut Activation<'_>,
        island: &Island,
        solver: &IslandWorkspace,
        step_s: f64,
    ) {
        let state: &[f64] = bytemuck::cast_slice(&io.state[..island.state_len()]);
        let is_there = state[self.in_place] == 1.0;
        let (angle_rad, _) = island.element_motion(state, self.element).unwrap_or_default();
        let rate = solver.element_mean_rate(self.element).unwrap_or_default();
        let effort_nm = solver.element_force(self.element).unwrap_or_default();
        let force_n = effort_nm / self.grip.lever_m(angle_rad - 0.5 * step_s * rate);
        let at = io.step_end;
        io.send(self.force, &[force_n], at, Nanos::ZERO, is_there);
    }
}

/// The coordinate of the jaw of a mechanism whose coordinates were made in the file's order.
pub(crate) fn jaw_of(config: &MechanismConfig, in_order: &[CoordinateId]) -> Option<CoordinateId> {
    config.jaw.as_ref().and(in_order.last().copied())
}
