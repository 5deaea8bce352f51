//! From an actuator of a robot file to its share of the island: the motor's coordinate where its transmission gives way,
//! its rotor, and the force elements between motor and joints.

use trocar_dynamics::{
    CoordinateId, CoordinateKind, Drive, Elastic, ElementError, ElementId, Flank, ForceElement, Friction,
    Island, IslandBuilder, MechanismBuilder, Ripple, Side, Stiffening, hysteresis, knees,
};
use trocar_plant::transmission::MotorFrictionConfig;
use trocar_plant::{ActuatorConfig, ActuatorKind, BrakeConfig, TransmissionConfig};
use trocar_signal::{ParameterPort, Problem};

/// An actuator on its way into the island.
pub(crate) struct DriveTrain<'a> {
    pub config: &'a ActuatorConfig,
    /// Output position = row · q over the joints' coordinates.
    pub row: &'a [f64],
    /// The motor's own coordinate, reflected to the output; none where the actuator is rigid.
    pub motor: Option<CoordinateId>,
}

/// What an actuator has in the island.
#[derive(Debug)]
pub(crate) struct PlacedDrive {
    /// The place of the motor's coordinate.
    pub motor: Option<usize>,
    /// What the motor's effort acts through.
    pub drive: ElementId,
    /// The friction of its brake.
    pub brake: Option<ElementId>,
    /// The ripples of its torque.
    pub ripples: Vec<ElementId>,
    /// All that acts between motor and output.
    pub transmission: Vec<ElementId>,
    /// Which inputs of its elements follow which parameter.
    pub links: Vec<InputLink>,
}

/// An input of an element that follows parameters of the actuator: base + Σ factor · value, with one link for each.
#[derive(Debug)]
pub(crate) struct InputLink {
    pub element: ElementId,
    /// Its place among the element's inputs.
    pub input: usize,
    /// The parameter's path below the actuator's.
    pub parameter: &'static str,
    pub base: f64,
    pub factor: f64,
}

/// An input of the island that follows parameters of the run: base + Σ factor · value, with one of these for each.
pub(crate) struct TunableInput {
    pub place: usize,
    pub port: ParameterPort,
    pub base: f64,
    pub factor: f64,
}

const STIFFNESS: &str = "transmission.stiffness";
const BACKLASH: &str = "transmission.backlash";
const OFFSET: &str = "transmission.offset";
const LOOP: &str = "transmission.hysteresis.effort";
const MOTOR_COULOMB: &str = "transmission.motor_friction.coulomb";

/// The name of the motor's coordinate of an actuator.
pub(crate) fn motor_name(actuator: &str) -> String {
    format!("motor_{actuator}")
}

impl<'a> DriveTrain<'a> {
    /// Declares the motor's coordinate, if it has one.
    pub fn new(config: &'a ActuatorConfig, row: &'a [f64], builder: &mut MechanismBuilder) -> DriveTrain<'a> {
        let kind = match config.kind {
            ActuatorKind::Revolute => CoordinateKind::Revolute,
            ActuatorKind::Prismatic => CoordinateKind::Prismatic,
        };
        let motor = config.transmission.as_ref().map(|_| builder.coordinate(&motor_name(&config.name), kind));
        DriveTrain { config, row, motor }
    }

    /// The row of the output over the joints.
    fn output(&self, joints: &[CoordinateId]) -> Vec<(CoordinateId, f64)> {
        let pairs = joints.iter().copied().zip(self.row.iter().copied());
        pairs.filter(|(_, factor)| *factor != 0.0).collect()
    }

    /// Adds the rotor: on the motor's own coordinate, or coupled to the joints.
    pub fn add_rotor(&self, joints: &[CoordinateId], builder: &mut MechanismBuilder) {
        let Some(inertia) = self.config.rotor_inertia.as_ref().map(|i| i.value.si()) else { return };
        if inertia <= 0.0 {
            return;
        }
        let gear = self.config.gear.value.si;
        let turns = match self.motor {
            Some(motor) => vec![(motor, gear)],
            None => {
                let turns = self.row.iter().map(|c| c * gear);
                joints.iter().copied().zip(turns).filter(|(_, factor)| *factor != 0.0).collect()
            }
        };
        builder.rotor(&format!("{}_rotor", self.config.name), &turns, inertia);
    }

    /// Adds drive and transmission.
    ///
    /// # Errors
    /// Problems below the actuator's table.
    pub fn add_elements(
        &self,
        joints: &[CoordinateId],
        island: &mut IslandBuilder,
    ) -> Result<PlacedDrive, Vec<Problem>> {
        let name = &self.config.name;
        let output = self.output(joints);
        let side = self.motor.map_or_else(|| output.clone(), |motor| vec![(motor, 1.0)]);
        let mut placed = PlacedDrive {
            motor: self.motor.map(CoordinateId::index),
            drive: island.element(&format!("drive_{name}"), &side, Drive),
            brake: None,
            ripples: Vec::new(),
            transmission: Vec::new(),
            links: Vec::new(),
        };
        if let Some(config) = &self.config.brake {
            let brake = brake(config).map_err(|error| vec![Problem::new("brake", error.to_string())])?;
            placed.brake = Some(island.element(&format!("brake_{name}"), &side, brake));
        }
        let gear = self.config.gear.value.si;
        for (place, config) in self.config.motor.ripple.iter().enumerate() {
            // A gear that turns the sense around turns both the torque's sense and that of the angle.
            let (amplitude, cycles) =
                (config.amplitude.value.si() * gear.abs(), config.per_turn.value * gear.abs());
            let phase = if gear < 0.0 { -config.phase.value.si() } else { config.phase.value.si() };
            let ripple = Ripple::new(amplitude, cycles, phase)
                .map_err(|error| vec![Problem::new(format!("motor.ripple[{place}]"), error.to_string())])?;
            placed.ripples.push(island.element(&format!("ripple_{place}_{name}"), &side, ripple));
        }
        let (Some(motor), Some(transmission)) = (self.motor, &self.config.transmission) else {
            return Ok(placed);
        };
        let ahead: Vec<_> =
            std::iter::once((motor, 1.0)).chain(output.iter().map(|&(k, c)| (k, -c))).collect();
        let mut adding = Adding { name, row: &ahead, island, placed: &mut placed };
        adding
            .springs(transmission, self.greatest_effort())
            .and_then(|()| adding.hysteresis(transmission))
            .map_err(|error| vec![Problem::new("transmission", error.to_string())])?;
        if let Some(friction) = &transmission.motor_friction {
            let element = motor_friction(friction)
                .map_err(|error| vec![Problem::new("transmission.motor_friction", error.to_string())])?;
            let element = island.element(&format!("motor_friction_{name}"), &side, element);
            placed.links.push(InputLink::of(element, 0, MOTOR_COULOMB));
        }
        Ok(placed)
    }

    /// What the motor can do at the output, N m or N.
    fn greatest_effort(&self) -> f64 {
        (self.config.effort_per_ampere() * self.config.motor.max_current.value.si()).abs()
    }
}

impl InputLink {
    fn of(element: ElementId, input: usize, parameter: &'static str) -> InputLink {
        InputLink { element, input, parameter, base: 0.0, factor: 1.0 }
    }
}

/// Elements between a motor and its output, while they are added.
struct Adding<'a> {
    name: &'a str,
    row: &'a [(CoordinateId, f64)],
    island: &'a mut IslandBuilder,
    placed: &'a mut PlacedDrive,
}

impl Adding<'_> {
    fn element(&mut self, what: &str, element: impl ForceElement + 'static) -> ElementId {
        let id = self.island.element(&format!("{what}_{}", self.name), self.row, element);
        self.placed.transmission.push(id);
        id
    }

    /// The spring at rest and its knees. With backlash all are flanks, each farther out by half of it.
    fn springs(&mut self, config: &TransmissionConfig, greatest_effort: f64) -> Result<(), ElementError> {
        let stiffness = config.stiffness.value.si;
        let relaxation_s = config.damping.value.si / stiffness;
        let pieces: Vec<(f64, f64)> =
            config.pieces.iter().map(|p| (p.from_effort.value.si, p.stiffness.value.si)).collect();
        let mut knees = knees(stiffness, &pieces)?;
        if config.backlash.is_some() {
            knees.insert(0, (0.0, stiffness));
        } else {
            let mut spring = Elastic::new(stiffness, relaxation_s)?;
            if let Some(length) = &config.stiffening {
                let length = length.value.si;
                spring = spring.with_stiffening(Stiffening { length, greatest_force: greatest_effort })?;
            }
            let element = self.element("transmission", spring);
            self.placed.links.push(InputLink::of(element, 0, STIFFNESS));
            self.placed.links.push(InputLink::of(element, 1, OFFSET));
        }
        let half = config.backlash.as_ref().map_or(0.0, |b| 0.5 * b.value.si);
        for (place, (deflection, extra)) in knees.into_iter().enumerate() {
            for (side, word, sign) in [(Side::Above, "above", 1.0), (Side::Below, "below", -1.0)] {
                let flank = Flank::new(side, extra, relaxation_s, half + deflection)?;
                let element = self.element(&format!("transmission_{word}_{place}"), flank);
                let factor = extra / stiffness;
                self.placed.links.push(InputLink { factor, ..InputLink::of(element, 0, STIFFNESS) });
                // The gap is that of the knee, half the backlash and, on its side, the offset.
                for (parameter, factor) in [(BACKLASH, 0.5), (OFFSET, sign)] {
                    let link = InputLink::of(element, 1, parameter);
                    self.placed.links.push(InputLink { base: deflection, factor, ..link });
                }
            }
        }
        Ok(())
    }

    fn hysteresis(&mut self, config: &TransmissionConfig) -> Result<(), ElementError> {
        let Some(config) = &config.hysteresis else { return Ok(()) };
        let effort = config.effort.value.si;
        for (place, friction) in hysteresis(effort, config.deflection.value.si)?.into_iter().enumerate() {
            let factor = friction.inputs()[0].1 / effort;
            let element = self.element(&format!("hysteresis_{place}"), friction);
            self.placed.links.push(InputLink { factor, ..InputLink::of(element, 0, LOOP) });
        }
        Ok(())
    }
}

fn motor_friction(config: &MotorFrictionConfig) -> Result<Friction, ElementError> {
    Friction::new(
        config.coulomb.value.si,
        config.viscous.value.si,
        config.presliding_stiffness.value.si,
        config.presliding_damping.value.si,
    )
}

/// The friction of a brake. Its level is an input: what the brake's component says that it can hold.
fn brake(config: &BrakeConfig) -> Result<Friction, ElementError> {
    let (stiffness, damping) = (config.presliding_stiffness.value.si, config.presliding_damping.value.si);
    Friction::new(config.holding.value.si, 0.0, stiffness, damping)
}

/// The place of an element's input among the island's.
pub(crate) fn input_place(island: &Island, element: ElementId, input: usize) -> Option<usize> {
    island.inputs_of(element).map(|range| range.start + input)
}
