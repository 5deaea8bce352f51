//! What stands around robots and is touched by them: the belt of a treadmill, and what a surface carries in all.

use crate::check;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trocar_signal::quantity::{Duration, Velocity};
use trocar_signal::{
    Activation, Component, Dimension, GroupClass, GroupSpec, Nanos, ParameterPort, Problem, Provenance,
    ReadPort, Registration, Sourced, WritePort,
};

/// A surface that runs: the belt of a treadmill.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a belt"))]
pub struct BeltConfig {
    /// Which way the surface runs, in its own axes: x, y, z of any length but zero. `[-1, 0, 0]` carries a foot backwards
    /// under a person who looks along x.
    pub direction: [f64; 3],
    /// How fast it runs.
    pub speed: Sourced<Velocity>,
    /// How long it takes from rest to that speed, evenly, from the start of a run on. Absent: it runs from the start.
    #[serde(default)]
    pub ramp: Option<Sourced<Duration>>,
}

impl BeltConfig {
    /// What is wrong with its numbers; keys below its table.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.direction.iter().all(|part| *part == 0.0) {
            problems.push(Problem::new("direction", "a direction of length zero leads nowhere"));
        }
        for (axis, part) in self.direction.iter().enumerate().filter(|(_, part)| !part.is_finite()) {
            problems.push(Problem::new(format!("direction[{axis}]"), format!("{part} is not finite")));
        }
        if !self.speed.value.si().is_finite() {
            problems.push(Problem::new("speed", "is not finite"));
        }
        if let Some(ramp) = &self.ramp {
            check::not_negative(&mut problems, "ramp", ramp.value.si());
        }
        problems
    }
}

/// The path of the speed of a surface's belt.
#[must_use]
pub fn belt_path(surface: &str) -> String {
    format!("{surface}.belt_speed")
}

/// The component `SURFACE.belt`, at every step: writes how fast the surface runs; its speed is a parameter. A belt that stops or starts by itself is a
/// fault on that group.
pub struct Belt {
    speed: ParameterPort,
    ramp: ParameterPort,
    written: WritePort,
}

impl Belt {
    /// The belt of a surface.
    pub fn new(
        surface: &str,
        config: &BeltConfig,
        provenance: &Provenance<'_>,
        registration: &mut Registration,
    ) -> Belt {
        let (speed, speed_path) = (&config.speed, format!("{surface}.speed"));
        let speed = provenance.parameter(speed_path, Dimension::VELOCITY, speed.value.si(), speed, true);
        let ramp_path = format!("{surface}.ramp");
        let ramp = match &config.ramp {
            Some(ramp) => provenance.parameter(ramp_path, Dimension::TIME, ramp.value.si(), ramp, true),
            None => {
                let none = Sourced::bare(Duration::from_si(0.0));
                provenance.parameter(ramp_path, Dimension::TIME, 0.0, &none, true)
            }
        };
        let written = GroupSpec::scalar(belt_path(surface), Dimension::VELOCITY)
            .meaning("how fast the surface runs, along its belt's direction");
        Belt {
            speed: registration.parameter(speed),
            ramp: registration.parameter(ramp.at_least(0.0)),
            written: registration.write(written),
        }
    }
}

impl Component for Belt {
    fn activate(&self, io: &mut Activation<'_>) -> Result<(), String> {
        let (speed, ramp_s) = (io.parameter(self.speed), io.parameter(self.ramp));
        let since_s = io.now.seconds();
        let share = if ramp_s > 0.0 { trocar_math::clamp(since_s / ramp_s, 0.0, 1.0) } else { 1.0 };
        let at = io.now;
        io.send(self.written, &[speed * share], at, Nanos::ZERO, true);
        Ok(())
    }
}

/// The path of the wrench that a surface exerts on all that touches it.
#[must_use]
pub fn load_path(surface: &str) -> String {
    format!("{surface}.truth.load")
}

/// The path of the wrench of a robot's contact.
#[must_use]
pub fn contact_path(instance: &str, contact: &str) -> String {
    format!("{instance}.truth.contacts.{contact}")
}

/// The component `SURFACE.load`, at every step: the sum of what its contacts press on it, and where that acts.
///
/// The centre of pressure is where the load crosses the surface's plane z = 0 with no moment along it: x = −M_y/F_z,
/// y = M_x/F_z. It is valid while something presses.
pub struct SurfaceLoad {
    contacts: Vec<ReadPort>,
    load: WritePort,
    centre: WritePort,
}

impl SurfaceLoad {
    /// The load of a surface by the paths of the wrenches of its contacts.
    pub fn new(surface: &str, contacts: &[String], registration: &mut Registration) -> SurfaceLoad {
        let load = GroupSpec::wrench(load_path(surface), surface, surface)
            .class(GroupClass::Truth)
            .meaning("force and moment that all that touches the surface exerts on it, about its origin");
        let centre = format!("{}.centre_of_pressure", load_path(surface));
        let centre = GroupSpec::point(centre, surface, &format!("{surface}.centre_of_pressure"))
            .class(GroupClass::Truth)
            .meaning("where the load acts on the surface's plane; valid while something presses");
        SurfaceLoad {
            contacts: contacts
                .iter()
                .map(|path| registration.read_previous(format!("{path}.wrench")))
                .collect(),
            load: registration.write(load),
            centre: registration.write(centre),
        }
    }
}

impl Component for SurfaceLoad {
    fn activate(&self, io: &mut Activation<'_>) -> Result<(), String> {
        let mut load = [0.0; 6];
        for contact in &self.contacts {
            // What the surface does to the limb, the limb does to the surface the other way.
            for (sum, part) in load.iter_mut().zip(io.read(*contact)) {
                *sum -= part;
            }
        }
        let at = io.now;
        io.send(self.load, &load, at, Nanos::ZERO, true);
        let pressing = -load[2];
        let is_pressed = pressing > 0.0;
        let centre = if is_pressed { [load[4] / pressing, -load[3] / pressing, 0.0] } else { [0.0; 3] };
        io.send(self.centre, &centre, at, Nanos::ZERO, is_pressed);
        Ok(())
    }
}
