//! A safety supervisor for Trocar, in a program of your own: the checks of the built-in one, bit for bit.
//!
//!     {BUILD}
//!     {TRY}
//!
//! The standard library, nothing else. Change `judge`, run, compare the verdicts. Standard output and standard error
//! are yours: what is printed there is kept with the result. The program keeps nothing between two activations but the
//! words of state that Trocar hands to it, so that a run can be saved, forked for the twin of a fault, and repeated.

use std::env;
use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::ExitCode;

// ---- Yours: the checks ---------------------------------------------------------------------------------------

/// The values of supervisor.trip.
const NONE: u64 = 0;
const TRACKING_ERROR: u64 = 1;
const WATCHDOG: u64 = 2;
const POTENTIOMETER_MISMATCH: u64 = 3;

/// What is, and what may be at most.
#[derive(Clone, Copy)]
struct Compared {
    is: f64,
    allowed: f64,
}

/// Why motor power is to be taken away now.
///
/// is_powered: whether motor power is on. silence: for how long no fresh, valid feedback came, s.
/// tracking: for each joint that can be judged how far it is from its setpoint, rad or m.
/// parting: for each actuator with two sensors for how long they have disagreed, s.
fn judge(is_powered: bool, silence: Compared, tracking: &[Compared], parting: &[Compared]) -> u64 {
    let is_exceeded = |c: &Compared| c.is > c.allowed;
    if is_exceeded(&silence) {
        WATCHDOG
    } else if is_powered && tracking.iter().any(is_exceeded) {
        TRACKING_ERROR
    } else if parting.iter().any(is_exceeded) {
        POTENTIOMETER_MISMATCH
    } else {
        NONE
    }
}

// ---- The slot: which signals the checks read and write -------------------------------------------------------

/// The words of state; behind them one for each actuator that is compared: for how long its sensors have disagreed, ns.
const TRIP: usize = 0;
const FAULT_SEEN: usize = 1;
const HAS_STARTED: usize = 2;
const FEEDBACK_COUNT: usize = 3;
const FEEDBACK_STAMP: usize = 4;
const FEEDBACK_ARRIVED: usize = 5;
const FIRST_COMPARED: usize = 6;

/// The joints, or the jaw.
struct Group {
    measured: usize,
    setpoint: usize,
    allowed: Vec<usize>,
}

/// Encoder and potentiometer of an actuator.
struct Sensors {
    positions: usize,
    tolerance: usize,
    latency: usize,
}

/// The supervisor of one arm. Its fields are set once: what changes belongs into `io.state`, since it says "restorable".
struct Controller {
    operating_state: usize,
    feedback: usize,
    watchdog: usize,
    groups: Vec<Group>,
    sensors: Vec<Sensors>,
    trip: usize,
    brakes: Vec<usize>,
}

impl Controller {
    fn new(hello: &Hello) -> Result<Controller, String> {
        hello.must_be("supervisor")?;
        let settings = hello.json.get("settings")?;
        let group = |prefix: &str, joints: &[Json]| -> Result<Group, String> {
            let allowed = |joint: &Json| {
                hello.parameter(&format!("supervisor.{}.tracking_error", joint.get("name")?.text()?))
            };
            Ok(Group {
                measured: hello.input(&format!("{prefix}measured_js"))?,
                setpoint: hello.input(&format!("{prefix}setpoint_js"))?,
                allowed: joints.iter().map(allowed).collect::<Result<_, String>>()?,
            })
        };
        let mut groups = vec![group("", settings.get("joints")?.list()?)?];
        let jaw = settings.get("jaw")?;
        if *jaw != Json::Null {
            groups.push(group("jaw.", std::slice::from_ref(jaw))?);
        }
        let sensors = |actuator: &Json| -> Result<Sensors, String> {
            let actuator = actuator.text()?;
            Ok(Sensors {
                positions: hello.input(&format!("{actuator}.measured_positions"))?,
                tolerance: hello.parameter(&format!("supervisor.{actuator}.potentiometer_tolerance"))?,
                latency: hello.parameter(&format!("supervisor.{actuator}.potentiometer_latency"))?,
            })
        };
        let brake = |actuator: &Json| hello.output(&format!("{}.brake.command", actuator.text()?));
        Ok(Controller {
            operating_state: hello.input("operating_state")?,
            feedback: hello.input("measured_js")?,
            watchdog: hello.parameter("supervisor.watchdog")?,
            groups,
            sensors: settings.get("compared")?.list()?.iter().map(sensors).collect::<Result<_, String>>()?,
            trip: hello.output("supervisor.trip")?,
            brakes: settings.get("brakes")?.list()?.iter().map(brake).collect::<Result<_, String>>()?,
        })
    }

    /// Reads the inputs, judges, writes the outputs.
    fn activate(&mut self, io: &mut Activation) -> Result<(), String> {
        let (now_ns, feedback) = (io.now_ns, &io.inputs[self.feedback]);
        let state = &mut io.state;
        if state[HAS_STARTED] == 0 {
            (state[HAS_STARTED], state[FEEDBACK_ARRIVED]) = (1, now_ns);
        }
        let is_newer = feedback.stamp_ns > state[FEEDBACK_STAMP] || state[FEEDBACK_COUNT] == 0;
        if feedback.valid && is_newer {
            (state[FEEDBACK_STAMP], state[FEEDBACK_ARRIVED]) = (feedback.stamp_ns, now_ns);
            state[FEEDBACK_COUNT] += 1;
        }
        let operating_state = io.inputs[self.operating_state].values[0]; // DISABLED, ENABLED, PAUSED, FAULT
        let is_powered = operating_state == 1.0 || operating_state == 2.0;
        let parting = self.parting(io, is_powered);
        if io.state[TRIP] == NONE {
            let silent_s = (now_ns - io.state[FEEDBACK_ARRIVED]) as f64 / 1e9;
            let silence = Compared { is: silent_s, allowed: io.parameters[self.watchdog] };
            io.state[TRIP] = judge(is_powered, silence, &self.tracking(io), &parting);
        } else if operating_state == 3.0 {
            io.state[FAULT_SEEN] = 1; // the arm has answered; the trip stays until a client retries
        } else if io.state[FAULT_SEEN] == 1 {
            (io.state[TRIP], io.state[FAULT_SEEN]) = (NONE, 0);
        }
        let trip = io.state[TRIP];
        io.write(self.trip, &[trip as f64])?;
        let release = is_powered && trip == NONE; // a brake engages without power
        self.brakes.iter().try_for_each(|brake| io.write(*brake, &[f64::from(release)]))
    }

    /// Joint states hold all positions first. What is not valid is not judged.
    fn tracking(&self, io: &Activation) -> Vec<Compared> {
        let is_valid = |g: &&Group| io.inputs[g.measured].valid && io.inputs[g.setpoint].valid;
        let joints = self.groups.iter().filter(is_valid).flat_map(|g| {
            let pairs = io.inputs[g.setpoint].values.iter().zip(&io.inputs[g.measured].values);
            pairs.zip(&g.allowed)
        });
        joints
            .map(|((want, have), allowed)| Compared {
                is: (want - have).abs(),
                allowed: io.parameters[*allowed],
            })
            .collect()
    }

    /// A reading that is not valid leaves the duration as it is.
    fn parting(&self, io: &mut Activation, is_powered: bool) -> Vec<Compared> {
        let mut found = Vec::new();
        for (i, sensors) in self.sensors.iter().enumerate() {
            let positions = &io.inputs[sensors.positions];
            let lasted_ns = &mut io.state[FIRST_COMPARED + i];
            if !is_powered {
                *lasted_ns = 0;
            } else if positions.valid {
                let apart = (positions.values[0] - positions.values[1]).abs();
                let is_off = apart > io.parameters[sensors.tolerance];
                *lasted_ns = if is_off { *lasted_ns + io.elapsed_ns } else { 0 };
            }
            found.push(Compared { is: *lasted_ns as f64 / 1e9, allowed: io.parameters[sensors.latency] });
        }
        found
    }
}

{PROTOCOL}
