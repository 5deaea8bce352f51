//! One simulated second of a case.

use std::f64::consts::TAU;

use nalgebra::Vector3;
use trocar_dynamics::{
    Drive, Friction, Integrator, Island, IslandBuilder, IslandInputs, IslandWorkspace, SpringDamper,
};

use crate::Error;
use crate::arm::{Arm, N};

/// What the arm does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Case {
    /// Undamped springs, no drive.
    Passive,
    /// Seven sinusoids by a PD controller whose torque is held for 1 ms; viscous damping.
    Tracking,
    /// The same with dry friction on every joint.
    Friction,
}

/// Reference positions and velocities of the joints at one instant.
type Reference = [[f64; N]; 2];

/// A case compiled, with its memory.
pub struct Second<'a> {
    arm: &'a Arm,
    island: Island,
    integrator: Integrator,
    step_us: u32,
    servo: Option<Servo>,
    start: Vec<f64>,
    state: Vec<f64>,
    inputs: Vec<f64>,
    ws: IslandWorkspace,
}

struct Servo {
    /// Each millisecond, from 0 to 1 s.
    reference: Vec<Reference>,
    p: [f64; N],
    d: [f64; N],
    /// Where the drives' efforts lie in the inputs.
    efforts: [usize; N],
}

impl<'a> Second<'a> {
    /// Compiles a case for an integrator and a step, µs.
    ///
    /// # Errors
    /// A step that does not divide the controller's millisecond, or numbers that are not there.
    pub fn new(arm: &'a Arm, case: Case, integrator: Integrator, step_us: u32) -> Result<Self, Error> {
        if step_us == 0
            || (step_us <= 1000 && 1000 % step_us != 0)
            || (step_us > 1000 && case != Case::Passive)
        {
            return Err("the step divides the controller's millisecond".into());
        }
        let mut b = IslandBuilder::new(arm.mechanism.clone());
        let mut drives = Vec::new();
        for (k, &coordinate) in arm.coordinates.iter().enumerate() {
            let row = [(coordinate, 1.0)];
            let of = |key| arm.numbers(key).map(|numbers| numbers[k]);
            if case == Case::Passive {
                if of("stiffness")? != 0.0 {
                    b.element(
                        &format!("spring {k}"),
                        &row,
                        SpringDamper::new(of("stiffness")?, 0.0, of("rest")?)?,
                    );
                }
                continue;
            }
            drives.push(b.element(&format!("drive {k}"), &row, Drive));
            let name = format!("friction {k}");
            if case == Case::Tracking {
                b.element(&name, &row, SpringDamper::new(0.0, of("damping")?, 0.0)?);
            } else {
                let (stiffness, bristle) = (of("bristle_stiffness")?, of("bristle_damping")?);
                b.element(&name, &row, Friction::new(of("coulomb")?, of("damping")?, stiffness, bristle)?);
            }
        }
        let mut island = b.build()?;
        let mut servo = None;
        let (mut q, mut qd) = (*arm.numbers("start")?, [0.0; N]);
        if case != Case::Passive {
            let reference = reference(arm)?;
            [q, qd] = reference[0];
            let mut efforts = [0; N];
            for (effort, drive) in efforts.iter_mut().zip(drives) {
                *effort = island.inputs_of(drive).ok_or("a drive has an input")?.start;
            }
            servo = Some(Servo { reference, p: *arm.numbers("p")?, d: *arm.numbers("d")?, efforts });
        }
        island.note_stiffness(&q, &[])?;
        let start = island.initial_state(&q, &qd)?;
        Ok(Self {
            arm,
            integrator,
            step_us,
            servo,
            state: start.clone(),
            start,
            inputs: island.nominal_inputs(),
            ws: island.workspace(),
            island,
        })
    }

    /// From one instant that others see to the next: the controller's millisecond, or a longer step.
    fn interval_us(&self) -> u32 {
        if self.step_us < 1000 { 1000 } else { self.step_us }
    }

    /// About a hundred steps.
    pub fn piece_us(&self) -> u32 {
        let steps_us = 100 * self.step_us;
        steps_us.div_ceil(self.interval_us()) * self.interval_us()
    }

    /// Runs it from its start; `at` sees island, state and µs at the start and at the end of each interval.
    ///
    /// # Errors
    /// The integration or `at` failed.
    pub fn run(
        &mut self,
        mut at: impl FnMut((&Island, &mut IslandWorkspace), &[f64], u32) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.state.copy_from_slice(&self.start);
        at((&self.island, &mut self.ws), &self.state, 0)?;
        let (interval_us, step_s) = (self.interval_us(), 1e-6 * f64::from(self.step_us));
        let substeps = interval_us / self.step_us;
        let mut now_us = 0;
        while now_us < 1_000_000 {
            if let Some(servo) = &self.servo {
                let [position, velocity] = &servo.reference[now_us as usize / 1000];
                for k in 0..N {
                    self.inputs[servo.efforts[k]] = servo.p[k] * (position[k] - self.state[k])
                        + servo.d[k] * (velocity[k] - self.state[N + k]);
                }
            }
            let given = IslandInputs { elements: &self.inputs, payload_mass_kg: &[], wrenches: &[] };
            for _ in 0..substeps {
                self.island.step_with(self.integrator, &mut self.state, &given, step_s, &mut self.ws)?;
            }
            now_us += interval_us;
            at((&self.island, &mut self.ws), &self.state, now_us)?;
        }
        Ok(())
    }

    /// Where the tip is in the world (m) at the start and at the end of each interval, with the time, µs.
    ///
    /// # Errors
    /// The integration failed.
    pub fn tips(&mut self) -> Result<Vec<(u32, Vector3<f64>)>, Error> {
        let (tip, point) = (self.arm.tip, self.arm.tip_in_frame_m);
        let mut tips = Vec::new();
        self.run(|(island, ws), state, now_us| {
            island.kinematics(state, ws)?;
            tips.push((now_us, ws.mechanism().point_in_world(tip, &point)));
            Ok(())
        })?;
        Ok(tips)
    }
}

fn reference(arm: &Arm) -> Result<Vec<Reference>, Error> {
    let [centre, amplitude, frequency_hz] =
        [arm.numbers("centre")?, arm.numbers("amplitude")?, arm.numbers("frequency_hz")?];
    let at = |millisecond: u32| {
        let mut reference = [[0.0; N]; 2];
        for k in 0..N {
            let turns_per_s = TAU * frequency_hz[k];
            let (sin, cos) = trocar_math::sin_cos(turns_per_s * 1e-3 * f64::from(millisecond));
            reference[0][k] = centre[k] + amplitude[k] * sin;
            reference[1][k] = amplitude[k] * turns_per_s * cos;
        }
        reference
    };
    Ok((0..=1000).map(at).collect())
}
