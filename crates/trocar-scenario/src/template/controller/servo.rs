//! A joint servo for Trocar, in a program of your own: the law of the built-in one, bit for bit.
//!
//!     {BUILD}
//!     {TRY}
//!
//! The standard library, nothing else. Change `effort`, run, compare the verdicts. Standard output and standard error
//! are yours: what is printed there is kept with the result. The program keeps nothing between two activations but the
//! words of state that Trocar hands to it, so that a run can be saved, forked for the twin of a fault, and repeated.

use std::env;
use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::ExitCode;

// ---- Yours: the law ---------------------------------------------------------------------------------------

/// What a joint should exert, N m or N. Positions in rad or m, p in N m/rad or N/m, d in N m s/rad or N s/m.
fn effort(p: f64, d: f64, set_position: f64, set_velocity: f64, position: f64, velocity: f64) -> f64 {
    p * (set_position - position) + d * (set_velocity - velocity)
}

// ---- The slot: which signals the law reads and writes -----------------------------------------------------

/// The joints, or the jaw.
struct Group {
    measured: usize,
    setpoint: usize,
    /// Of each joint the places of p and d.
    gains: Vec<(usize, usize)>,
}

struct Drive {
    command: usize,
    limit_a: f64,
    ampere_per_effort: Vec<f64>,
}

/// The servo of one arm. Its fields are set once: what changes belongs into `io.state`, since it says "restorable".
struct Controller {
    operating_state: usize,
    use_setpoint_velocity: bool,
    groups: Vec<Group>,
    drives: Vec<Drive>,
    efforts: Vec<f64>,
}

impl Controller {
    fn new(hello: &Hello) -> Result<Controller, String> {
        hello.must_be("servo")?;
        let settings = hello.json.get("settings")?;
        let group = |prefix: &str, joints: &[Json]| -> Result<Group, String> {
            let gain = |joint: &Json, which: &str| {
                hello.parameter(&format!("servo.{}.{which}", joint.get("name")?.text()?))
            };
            Ok(Group {
                measured: hello.input(&format!("{prefix}measured_js"))?,
                setpoint: hello.input(&format!("{prefix}setpoint_js"))?,
                gains: joints
                    .iter()
                    .map(|j| Ok((gain(j, "p")?, gain(j, "d")?)))
                    .collect::<Result<_, String>>()?,
            })
        };
        let mut groups = vec![group("", settings.get("joints")?.list()?)?];
        let jaw = settings.get("jaw")?;
        if *jaw != Json::Null {
            groups.push(group("jaw.", std::slice::from_ref(jaw))?);
        }
        let rows = settings.get("joint_from_actuator")?.list()?;
        let mut drives = Vec::new();
        for (a, drive) in settings.get("drives")?.list()?.iter().enumerate() {
            let effort_per_ampere = drive.get("effort_per_ampere")?.number()?;
            // Power is equal on both sides of the coupling: its transpose takes joints' efforts to actuators'.
            let column = rows.iter().map(|row| Ok(row.list()?[a].number()? / effort_per_ampere));
            drives.push(Drive {
                command: hello.output(&format!("{}.current_command", drive.get("actuator")?.text()?))?,
                limit_a: drive.get("current_limit_a")?.number()?,
                ampere_per_effort: column.collect::<Result<_, String>>()?,
            });
        }
        Ok(Controller {
            operating_state: hello.input("operating_state")?,
            // Otherwise d brakes every motion, as in the dVRK where a client sends positions alone.
            use_setpoint_velocity: *settings.get("use_setpoint_velocity")? == Json::Bool(true),
            groups,
            efforts: vec![0.0; drives.len()],
            drives,
        })
    }

    /// Reads the inputs, computes, writes the outputs.
    fn activate(&mut self, io: &mut Activation) -> Result<(), String> {
        let state = io.inputs[self.operating_state].values[0]; // DISABLED, ENABLED, PAUSED, FAULT
        let is_powered = state == 1.0 || state == 2.0;
        let is_valid = self.groups.iter().all(|g| io.inputs[g.measured].valid && io.inputs[g.setpoint].valid);
        if is_powered && is_valid {
            self.find_efforts(io);
        }
        for (a, drive) in self.drives.iter().enumerate() {
            let current_a = if !is_powered {
                0.0
            } else if is_valid {
                let products = drive.ampere_per_effort.iter().zip(&self.efforts).map(|(k, tau)| k * tau);
                products.fold(0.0, |sum, x| sum + x).clamp(-drive.limit_a, drive.limit_a)
            } else {
                // The last currents stand, until a supervisor takes motor power away.
                f64::from_bits(io.state[a])
            };
            io.state[a] = current_a.to_bits();
            io.write(drive.command, &[current_a])?;
        }
        Ok(())
    }

    /// A joint state holds all positions, then all velocities, then all efforts.
    fn find_efforts(&mut self, io: &Activation) {
        let mut place = 0;
        for group in &self.groups {
            let (measured, setpoint) = (&io.inputs[group.measured].values, &io.inputs[group.setpoint].values);
            let n = group.gains.len();
            for (i, (p, d)) in group.gains.iter().enumerate() {
                let set_velocity = if self.use_setpoint_velocity { setpoint[n + i] } else { 0.0 };
                let (p, d) = (io.parameters[*p], io.parameters[*d]);
                self.efforts[place] = effort(p, d, setpoint[i], set_velocity, measured[i], measured[n + i]);
                place += 1;
            }
        }
    }
}

{PROTOCOL}
