//! Trocar with a controller of one's own inside: the command `trocar` with one more joint servo in it.
//!
//! ```text
//! cargo run --release -p my_controller -- run examples/my_controller/scenarios
//! ```
//!
//! The servo is the proportional–derivative one of the dVRK with an integral beside it, so that the arm does not sag
//! under a load. Its integrals stand in the words of state that Trocar keeps for the slot: it remembers nothing else, so a
//! run can be saved, forked for the twin of a fault, and repeated to the bit.

use std::process::ExitCode;
use trocar::{Cli, Controller, Input, Reply, Request, SlotDescription};

/// In this time the integral doubles the proportional effort, s.
const INTEGRAL_TIME_S: f64 = 0.2;

/// The joints of the arm, or its jaw.
struct Group {
    measured: usize,
    setpoint: usize,
    /// Of each joint the places of p and d among the parameters.
    gains: Vec<(usize, usize)>,
}

struct Drive {
    output: usize,
    current_limit_a: f64,
    ampere_per_effort: Vec<f64>,
}

/// A joint servo with an integral.
struct MyServo {
    operating_state: usize,
    groups: Vec<Group>,
    drives: Vec<Drive>,
}

impl MyServo {
    fn new(slot: &SlotDescription) -> Result<MyServo, String> {
        if slot.kind != "servo" {
            return Err(format!("this is a servo, and {} is none", slot.slot));
        }
        let number = |value: &trocar::Value| value.as_f64().ok_or("a number is missing in the settings");
        let joints = slot.settings["joints"].as_array().ok_or("joints are missing in the settings")?;
        let jaw = Some(&slot.settings["jaw"]).filter(|jaw| !jaw.is_null());
        let group = |prefix: &str, joints: &[trocar::Value]| -> Result<Group, String> {
            let gain = |joint: &trocar::Value, which: &str| {
                slot.parameter(&format!("servo.{}.{which}", joint["name"].as_str().unwrap_or_default()))
            };
            Ok(Group {
                measured: slot.input(&format!("{prefix}measured_js"))?,
                setpoint: slot.input(&format!("{prefix}setpoint_js"))?,
                gains: joints
                    .iter()
                    .map(|j| Ok((gain(j, "p")?, gain(j, "d")?)))
                    .collect::<Result<_, String>>()?,
            })
        };
        let mut groups = vec![group("", joints)?];
        if let Some(jaw) = jaw {
            groups.push(group("jaw.", std::slice::from_ref(jaw))?);
        }
        let rows = slot.settings["joint_from_actuator"].as_array().ok_or("the coupling is missing")?;
        let mut drives = Vec::new();
        for (a, drive) in slot.settings["drives"].as_array().into_iter().flatten().enumerate() {
            let effort_per_ampere = number(&drive["effort_per_ampere"])?;
            let column = rows.iter().map(|row| Ok(number(&row[a])? / effort_per_ampere));
            drives.push(Drive {
                output: slot
                    .output(&format!("{}.current_command", drive["actuator"].as_str().unwrap_or_default()))?,
                current_limit_a: number(&drive["current_limit_a"])?,
                ampere_per_effort: column.collect::<Result<_, String>>()?,
            });
        }
        Ok(MyServo { operating_state: slot.input("operating_state")?, groups, drives })
    }

    /// The effort of each joint, N m or N; `integrals` go on by `elapsed_s`.
    fn efforts(&self, request: &Request<'_>, integrals: &mut [u64], elapsed_s: f64) -> Vec<f64> {
        let mut efforts = Vec::new();
        for group in &self.groups {
            let (measured, setpoint) =
                (request.input(group.measured).values, request.input(group.setpoint).values);
            let n = group.gains.len();
            for (i, (p, d)) in group.gains.iter().enumerate() {
                let (p, d) = (request.parameters[*p], request.parameters[*d]);
                let error = setpoint[i] - measured[i];
                let word = &mut integrals[efforts.len()];
                let integral = f64::from_bits(*word) + error * elapsed_s;
                *word = integral.to_bits();
                efforts.push(p * (error + integral / INTEGRAL_TIME_S) - d * measured[n + i]);
            }
        }
        efforts
    }
}

impl Controller for MyServo {
    fn activate(&mut self, request: &Request<'_>, reply: &mut Reply) -> Result<(), String> {
        let state = request.input(self.operating_state).values[0]; // DISABLED, ENABLED, PAUSED, FAULT
        let is_valid = |input: Input<'_>| input.valid;
        let groups = self.groups.iter().flat_map(|g| [g.measured, g.setpoint]);
        let may_move = (state == 1.0 || state == 2.0) && groups.map(|g| request.input(g)).all(is_valid);
        if !may_move {
            reply.state.fill(0);
            self.drives.iter().for_each(|drive| reply.write(drive.output, &[0.0]));
            return Ok(());
        }
        let efforts = self.efforts(request, &mut reply.state, request.elapsed.seconds());
        for drive in &self.drives {
            let products = drive.ampere_per_effort.iter().zip(&efforts).map(|(k, tau)| k * tau);
            let current_a = products.fold(0.0, |sum, product| sum + product);
            reply.write(drive.output, &[current_a.clamp(-drive.current_limit_a, drive.current_limit_a)]);
        }
        Ok(())
    }
}

fn main() -> ExitCode {
    Cli::new().controller("my_servo", |slot| Ok(Box::new(MyServo::new(slot)?))).run()
}
