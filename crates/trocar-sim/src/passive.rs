//! What moves and pushes in a robot's mechanism without a motor: coordinates that nobody commands, springs, weight
//! compensation.

use crate::drive_train::{TunableInput, input_place};
use trocar_dynamics::{
    CoordinateId, Drive, ElementId, Island, IslandBuilder, IslandWorkspace, Ripple, SpringDamper,
};
use trocar_scenario::mechanism::{BalanceConfig, MechanismConfig, Row, SpringConfig};
use trocar_signal::{
    Activation, Dimension, GroupClass, GroupSpec, Nanos, ParameterSpec, Problem, Provenance, Registration,
    WritePort,
};

/// Adds springs and balances; keys of what is wrong are below `mechanism`.
pub(crate) fn add_elements(
    config: &MechanismConfig,
    row: impl Fn(&Row) -> Vec<(CoordinateId, f64)>,
    island: &mut IslandBuilder,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (place, spring) in config.springs.iter().enumerate() {
        let [elastic, preload] = spring_elements(spring);
        match SpringDamper::new(spring.stiffness.value.si, spring.damping.value.si, 0.0) {
            Ok(element) => {
                island.element(&elastic, &row(&spring.of), element);
                island.element(&preload, &row(&spring.of), Drive);
            }
            Err(error) => {
                problems.push(Problem::new(format!("mechanism.springs[{place}]"), error.to_string()))
            }
        }
    }
    for (place, balance) in config.balances.iter().enumerate() {
        match Ripple::new(balance.greatest.value.si(), 1.0, -balance.zero_at.value.si()) {
            Ok(element) => {
                island.element(&balance_element(balance), &row(&balance.of), element);
            }
            Err(error) => {
                problems.push(Problem::new(format!("mechanism.balances[{place}]"), error.to_string()))
            }
        }
    }
    problems
}

/// Names of the two elements of a spring: what changes with the motion, and what does not.
fn spring_elements(spring: &SpringConfig) -> [String; 2] {
    [format!("spring_{}", spring.name), format!("preload_{}", spring.name)]
}

fn balance_element(balance: &BalanceConfig) -> String {
    format!("balance_{}", balance.name)
}

/// Declares the numbers of springs and balances: preload and greatest torque may be varied.
pub(crate) fn declare_parameters(
    instance: &str,
    config: &MechanismConfig,
    island: &Island,
    provenance: &Provenance<'_>,
    registration: &mut Registration,
    inputs: &mut Vec<TunableInput>,
) {
    let mut tunable = |spec: ParameterSpec, element: &str, registration: &mut Registration| {
        let port = registration.parameter(spec);
        if let Some(place) = island.element(element).and_then(|id| input_place(island, id, 0)) {
            inputs.push(TunableInput { place, port, base: 0.0, factor: 1.0 });
        }
    };
    for spring in &config.springs {
        let path = |field: &str| format!("{instance}.{}.spring.{field}", spring.name);
        let value = &spring.preload;
        let spec = provenance.parameter(path("preload"), value.value.dimension, value.value.si, value, true);
        tunable(spec, &spring_elements(spring)[1], registration);
        for (field, value) in [("stiffness", &spring.stiffness), ("damping", &spring.damping)] {
            let (dimension, si) = (value.value.dimension, value.value.si);
            registration.parameter(ParameterSpec::fixed(path(field), dimension, si, provenance.of(value)));
        }
    }
    for balance in &config.balances {
        let path = |field: &str| format!("{instance}.{}.balance.{field}", balance.name);
        let value = &balance.greatest;
        let spec = provenance.parameter(path("greatest"), Dimension::TORQUE, value.value.si(), value, true);
        tunable(spec.at_least(0.0), &balance_element(balance), registration);
        let (zero_at, of) = (balance.zero_at.value.si(), provenance.of(&balance.zero_at));
        registration.parameter(ParameterSpec::fixed(path("zero_at"), Dimension::ANGLE, zero_at, of));
    }
}

/// The truth of the coordinates that no motor moves.
pub(crate) struct PassiveTruth {
    port: WritePort,
    joints: Vec<PassiveJoint>,
}

struct PassiveJoint {
    /// Its word of q and its word of q̇.
    position: usize,
    velocity: usize,
    /// What springs and balances push on it, each by its coefficient.
    pushes: Vec<(ElementId, f64)>,
}

impl PassiveTruth {
    /// Declares it; `None` where a motor moves everything.
    pub(crate) fn declare(
        instance: &str,
        config: &MechanismConfig,
        island: &Island,
        registration: &mut Registration,
    ) -> Option<PassiveTruth> {
        if config.passive.is_empty() {
            return None;
        }
        let names = config.passive.iter().map(|p| (p.name.as_str(), p.kind.position()));
        let group = GroupSpec::joint_state(format!("{instance}.truth.passive"), names)
            .class(GroupClass::Truth)
            .meaning("what no motor moves, as it is, and what springs exert on it");
        let joint = |name: &str| {
            let id = island.mechanism().coordinate(name)?;
            let springs =
                config.springs.iter().flat_map(|s| spring_elements(s).map(|element| (element, &s.of)));
            let balances = config.balances.iter().map(|b| (balance_element(b), &b.of));
            let pushes = springs
                .chain(balances)
                .filter_map(|(element, of)| Some((island.element(&element)?, *of.get(name)?)))
                .collect();
            let position = island.mechanism().position_of(id)?;
            Some(PassiveJoint { position, velocity: id.index(), pushes })
        };
        let joints = config.passive.iter().filter_map(|p| joint(&p.name)).collect();
        Some(PassiveTruth { port: registration.write(group), joints })
    }

    /// Working memory: positions, velocities, efforts.
    pub(crate) fn scratch(&self) -> Vec<f64> {
        vec![0.0; 3 * self.joints.len()]
    }

    /// Writes it; the solver holds the last step's efforts.
    pub(crate) fn publish(
        &self,
        io: &mut Activation<'_>,
        island: &Island,
        solver: &IslandWorkspace,
        rows: &mut [f64],
    ) {
        let n = self.joints.len();
        let state: &[f64] = bytemuck::cast_slice(&io.state[..island.state_len()]);
        let (q, v) = (island.q(state), island.v(state));
        for (place, joint) in self.joints.iter().enumerate() {
            rows[place] = q[joint.position];
            rows[n + place] = v[joint.velocity];
            let push = |(element, factor): &(ElementId, f64)| Some(solver.element_force(*element)? * factor);
            rows[2 * n + place] = joint.pushes.iter().filter_map(push).sum();
        }
        let at = io.step_end;
        io.send(self.port, rows, at, Nanos::ZERO, true);
    }
}
