//! The motion interface of an arm for Trocar, in a program of your own: CRTK's commands and states, trajectories and
//! inverse kinematics, as the built-in one has them.
//!
//!     {BUILD}
//!     {TRY}
//!
//! The standard library, nothing else. From top to bottom: the table of states, what is asked of a goal, trajectories,
//! kinematics; then how commands are taken, homing, what is published; last the protocol. Standard output and standard
//! error are yours: what is printed there is kept with the result. The program keeps nothing between two activations
//! but the words of state that Trocar hands to it, so that a run can be saved, forked for a fault's twin, and repeated.

use std::env;
use std::f64::consts::TAU;
use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::ExitCode;

// ---- Yours: the operating states -----------------------------------------------------------------------------

/// The values of operating_state.
const DISABLED: u64 = 0;
const ENABLED: u64 = 1;
const PAUSED: u64 = 2;
const FAULT: u64 = 3;

/// The values of state_command.
const ENABLE: u64 = 0;
const DISABLE: u64 = 1;
const PAUSE: u64 = 2;
const RESUME: u64 = 3;
const HOME: u64 = 4;
const UNHOME: u64 = 5;

/// Why a command is refused: the values of error.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Refusal {
    None,
    InvalidCommand,
    NotReady,
    NoFeedback,
    JointLimit,
    Jump,
    OutOfReach,
    TooClose,
    HomingFailed,
}

/// Where a command leads by CRTK's table; `None` if it is invalid in this state.
fn state_after(state: u64, command: u64) -> Option<u64> {
    match (state, command) {
        // From FAULT an attempt: a fault that persists brings the device back.
        (DISABLED | ENABLED | FAULT, ENABLE) => Some(ENABLED),
        (_, DISABLE) => Some(DISABLED),
        (ENABLED | PAUSED, PAUSE) => Some(PAUSED),
        (PAUSED, RESUME) => Some(ENABLED),
        (ENABLED, HOME) => Some(ENABLED),
        (_, UNHOME) => Some(state),
        _ => None,
    }
}

#[derive(Debug)]
struct Joint {
    name: String,
    turns: bool,
    lower: f64,
    upper: f64,
}

impl Joint {
    fn allows(&self, q: f64) -> bool {
        (self.lower..=self.upper).contains(&q)
    }
}

/// Refuses a goal beyond a joint's limits, or, of a servo command, a jump greater than `jump`.
fn check_goal(joint: &Joint, goal: f64, present: f64, jump: Option<f64>) -> Result<(), Refusal> {
    if !joint.allows(goal) {
        Err(Refusal::JointLimit)
    } else if jump.is_some_and(|jump| (goal - present).abs() > jump) {
        Err(Refusal::Jump)
    } else {
        Ok(())
    }
}

// ---- Yours: trajectories -------------------------------------------------------------------------------------
// Each joint goes to its cruise velocity at its acceleration, cruises, and comes to rest at the goal. The slowest joint
// sets the duration; the others cruise slower, so that all arrive together.

const PLACES: usize = 8;
type PerJoint = [f64; PLACES];

#[derive(Clone, Copy)]
struct Limits {
    velocity: PerJoint,
    acceleration: PerJoint,
}

/// A way through joint space, from its start to rest at its goal.
#[derive(Clone, Copy)]
struct Trajectory {
    start_ns: u64,
    duration_s: f64,
    start: PerJoint,
    start_velocity: PerJoint,
    cruise: PerJoint,
    acceleration: PerJoint,
    goal: PerJoint,
}

impl Trajectory {
    fn standing(start_ns: u64, position: &PerJoint, velocity: &PerJoint) -> Trajectory {
        let (start, start_velocity, zero) = (*position, *velocity, [0.0; PLACES]);
        Trajectory {
            start_ns,
            duration_s: 0.0,
            start,
            start_velocity,
            cruise: zero,
            acceleration: zero,
            goal: start,
        }
    }

    /// The fastest one to rest at `goal`.
    fn plan(
        now_ns: u64,
        position: &PerJoint,
        velocity: &PerJoint,
        goal: &[f64],
        limits: &Limits,
    ) -> Trajectory {
        let mut made = Trajectory::standing(now_ns, position, velocity);
        made.goal[..goal.len()].copy_from_slice(goal);
        let mut slowest = 0;
        for j in 0..goal.len() {
            let distance = made.goal[j] - position[j];
            let least_s = shortest(distance, velocity[j], limits.velocity[j], limits.acceleration[j]);
            if least_s > made.duration_s {
                (made.duration_s, slowest) = (least_s, j);
            }
        }
        if made.make_straight(slowest, limits) {
            return made;
        }
        (made.cruise, made.acceleration) = ([0.0; PLACES], limits.acceleration);
        for j in 0..goal.len() {
            let distance = made.goal[j] - position[j];
            made.cruise[j] = cruise(distance, velocity[j], limits.acceleration[j], made.duration_s);
        }
        made
    }

    /// Brings all joints to rest together, each on its way.
    fn brake(now_ns: u64, position: &PerJoint, velocity: &PerJoint, limits: &Limits) -> Trajectory {
        let mut made = Trajectory::standing(now_ns, position, velocity);
        for (v, a) in velocity.iter().zip(limits.acceleration) {
            made.duration_s = made.duration_s.max(v.abs() / a);
        }
        if made.duration_s > 0.0 {
            for j in 0..PLACES {
                made.acceleration[j] = velocity[j].abs() / made.duration_s;
                made.goal[j] = position[j] + 0.5 * velocity[j] * made.duration_s;
            }
        }
        made
    }

    /// From rest: every joint follows the profile of the slowest, scaled to its own distance, where limits allow it.
    fn make_straight(&mut self, slowest: usize, limits: &Limits) -> bool {
        let reference = self.goal[slowest] - self.start[slowest];
        if reference == 0.0 || self.start_velocity.iter().any(|v| *v != 0.0) {
            return false;
        }
        let acceleration = limits.acceleration[slowest];
        let velocity = cruise(reference, 0.0, acceleration, self.duration_s);
        for j in 0..PLACES {
            let ratio = (self.goal[j] - self.start[j]) / reference;
            (self.cruise[j], self.acceleration[j]) = (velocity * ratio, acceleration * ratio.abs());
            let is_too_fast = self.acceleration[j] > limits.acceleration[j] * (1.0 + 1e-12)
                || self.cruise[j].abs() > limits.velocity[j] * (1.0 + 1e-12);
            if ratio != 0.0 && is_too_fast {
                return false;
            }
        }
        true
    }

    /// Positions, velocities, whether it has ended. The last phase counts from the goal, to end there exactly.
    fn at(&self, now_ns: u64) -> (PerJoint, PerJoint, bool) {
        let t = now_ns.saturating_sub(self.start_ns) as f64 / 1e9;
        let left = self.duration_s - t;
        let (mut position, mut velocity) = (self.goal, [0.0; PLACES]);
        if left <= 0.0 {
            return (position, velocity, true);
        }
        for j in 0..PLACES {
            let (p0, v0, a, v) =
                (self.start[j], self.start_velocity[j], self.acceleration[j], self.cruise[j]);
            let first_s = if a > 0.0 { (v - v0).abs() / a } else { 0.0 };
            let last_s = if a > 0.0 { v.abs() / a } else { 0.0 };
            (position[j], velocity[j]) = if left < last_s {
                let back = if v < 0.0 { -a } else { a };
                (self.goal[j] - 0.5 * back * left * left, back * left)
            } else if t < first_s {
                let towards = if v < v0 { -a } else { a };
                (p0 + (v0 + 0.5 * towards * t) * t, v0 + towards * t)
            } else {
                (p0 + 0.5 * (v0 + v) * first_s + v * (t - first_s), v)
            };
        }
        (position, velocity, false)
    }
}

/// Mirrors the problem, if need be, so that the goal lies beyond the point where braking at once would end.
fn mirrored(distance: f64, v0: f64, a: f64) -> (f64, f64) {
    if distance < 0.5 * v0 * v0.abs() / a { (-distance, -v0) } else { (distance, v0) }
}

/// The shortest time in which a joint covers `distance` from velocity `v0` and comes to rest, s.
fn shortest(distance: f64, v0: f64, limit: f64, a: f64) -> f64 {
    let (distance, v0) = mirrored(distance, v0, a);
    let peak = (a * distance + 0.5 * v0 * v0).sqrt();
    if distance - 0.5 * v0 * v0.abs() / a <= 0.0 {
        v0.abs() / a
    } else if peak <= limit {
        (2.0 * peak - v0) / a
    } else if v0 <= limit {
        let covered = (2.0 * limit * limit - v0 * v0) / (2.0 * a);
        (2.0 * limit - v0) / a + (distance - covered) / limit
    } else {
        v0 / a + (distance - 0.5 * v0 * v0 / a) / limit
    }
}

/// The cruise velocity with which a joint covers `distance` from `v0` in exactly `duration_s` and comes to rest.
fn cruise(distance: f64, v0: f64, a: f64, duration_s: f64) -> f64 {
    let sign = if distance < 0.5 * v0 * v0.abs() / a { -1.0 } else { 1.0 };
    let (distance, v0) = mirrored(distance, v0, a);
    let is_slower = v0 > 0.0 && distance <= 0.5 * v0 * v0 / a + v0 * (duration_s - v0 / a);
    if is_slower {
        let left_s = duration_s - v0 / a;
        let beyond = distance - 0.5 * v0 * v0 / a;
        return if left_s > 0.0 { sign * beyond.max(0.0) / left_s } else { 0.0 };
    }
    let (b, c) = (a * duration_s + v0, 0.5 * v0 * v0 + a * distance);
    let root = (b * b - 4.0 * c).max(0.0).sqrt();
    if b + root > 0.0 { sign * 2.0 * c / (b + root) } else { 0.0 }
}

// ---- Yours: kinematics ---------------------------------------------------------------------------------------
// Vectors are x, y, z; rotations unit quaternions x, y, z, w.

type Vector = [f64; 3];
type Rotation = [f64; 4];

#[derive(Clone, Copy)]
struct Pose {
    position: Vector,
    rotation: Rotation,
}

impl Pose {
    fn values(&self) -> [f64; 7] {
        let ([x, y, z], [i, j, k, w]) = (self.position, self.rotation);
        [x, y, z, i, j, k, w]
    }

    /// The pose of the seven numbers of a command.
    fn from_values(values: &[f64]) -> Result<Pose, Refusal> {
        let &[x, y, z, i, j, k, w] = values else { return Err(Refusal::InvalidCommand) };
        let length = (i * i + j * j + k * k + w * w).sqrt();
        if (length - 1.0).abs() > 1e-3 {
            return Err(Refusal::InvalidCommand);
        }
        Ok(Pose { position: [x, y, z], rotation: [i / length, j / length, k / length, w / length] })
    }
}

fn plus(a: Vector, b: Vector) -> Vector {
    [a[0] + b[0], a[1] + b[1], a[2] + b[2]]
}

fn minus(a: Vector, b: Vector) -> Vector {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

fn cross(a: Vector, b: Vector) -> Vector {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

fn length(v: Vector) -> f64 {
    (v[0] * v[0] + v[1] * v[1] + v[2] * v[2]).sqrt()
}

/// First `b`, then `a`.
fn times(a: Rotation, b: Rotation) -> Rotation {
    let ([ax, ay, az, aw], [bx, by, bz, bw]) = (a, b);
    [
        aw * bx + ax * bw + ay * bz - az * by,
        aw * by - ax * bz + ay * bw + az * bx,
        aw * bz + ax * by - ay * bx + az * bw,
        aw * bw - ax * bx - ay * by - az * bz,
    ]
}

/// The vector `v` turned by `q`.
fn turn([x, y, z, w]: Rotation, v: Vector) -> Vector {
    let t = cross([x, y, z], v).map(|each| 2.0 * each);
    plus(plus(v, t.map(|each| each * w)), cross([x, y, z], t))
}

/// The rotation vector, rad, that turns `start` into `end`.
fn rotation_between([x, y, z, w]: Rotation, end: Rotation) -> Vector {
    let [x, y, z, w] = times(end, [-x, -y, -z, w]);
    let sign = if w < 0.0 { -1.0 } else { 1.0 };
    let (axis, w) = ([sign * x, sign * y, sign * z], sign * w);
    let sine = length(axis);
    let scale = if sine < 1e-9 { 2.0 } else { 2.0 * sine.atan2(w) / sine };
    axis.map(|each| each * scale)
}

/// One frame of the chain from base to tip: moved about or along its own z axis by a sum of joints.
struct Frame {
    placement: Pose,
    turns: bool,
    joints: Vec<(usize, f64)>,
}

/// A radian of error weighs as much as this length.
const WEIGHT_M: f64 = 0.1;
const POSITION_TOLERANCE_M: f64 = 1e-10;
const ORIENTATION_TOLERANCE_RAD: f64 = 1e-9;
const MAX_ITERATIONS: usize = 80;
const RESTARTS: u32 = 48;

struct Kinematics {
    joints: Vec<Joint>,
    chain: Vec<Frame>,
    /// Where it is, and how near a goal may be.
    remote_centre: Option<(Vector, f64)>,
}

/// Where a search stands: joints, the error that remains (weighted: m), how each joint would change it.
struct Descent {
    q: PerJoint,
    error: [f64; 6],
    cost: f64,
    has_arrived: bool,
    columns: [[f64; 6]; PLACES],
}

impl Kinematics {
    /// The poses of the frames in the base.
    fn frames(&self, q: &PerJoint) -> impl Iterator<Item = Pose> {
        let start = Pose { position: [0.0; 3], rotation: [0.0, 0.0, 0.0, 1.0] };
        self.chain.iter().scan(start, |pose, frame| {
            pose.position = plus(pose.position, turn(pose.rotation, frame.placement.position));
            pose.rotation = times(pose.rotation, frame.placement.rotation);
            let value = frame.joints.iter().fold(0.0, |sum, (joint, factor)| sum + factor * q[*joint]);
            if !frame.joints.is_empty() && frame.turns {
                let (sin, cos) = (0.5 * value).sin_cos();
                pose.rotation = times(pose.rotation, [0.0, 0.0, sin, cos]);
            } else if !frame.joints.is_empty() {
                pose.position = plus(pose.position, turn(pose.rotation, [0.0, 0.0, value]));
            }
            Some(*pose)
        })
    }

    /// The pose of the tip in the base.
    fn forward(&self, q: &PerJoint) -> Pose {
        let none = Pose { position: [0.0; 3], rotation: [0.0, 0.0, 0.0, 1.0] };
        self.frames(q).last().unwrap_or(none)
    }

    fn scale(&self, joint: usize) -> f64 {
        if self.joints[joint].turns { 1.0 } else { WEIGHT_M }
    }

    fn look(&self, goal: &Pose, q: PerJoint) -> Descent {
        let poses: Vec<Pose> = self.frames(&q).collect();
        let tip = poses[poses.len() - 1];
        let mut columns = [[0.0; 6]; PLACES];
        for (frame, pose) in self.chain.iter().zip(&poses) {
            let z = turn(pose.rotation, [0.0, 0.0, 1.0]);
            let lever = minus(tip.position, pose.position);
            let (v, w) = if frame.turns { (cross(z, lever), z) } else { (z, [0.0; 3]) };
            for (joint, factor) in &frame.joints {
                for (i, part) in v.into_iter().chain(w).enumerate() {
                    let weight = if i < 3 { 1.0 } else { WEIGHT_M };
                    columns[*joint][i] += factor * part * self.scale(*joint) * weight;
                }
            }
        }
        let away = minus(goal.position, tip.position);
        let turned = rotation_between(tip.rotation, goal.rotation);
        let weighted = turned.map(|each| each * WEIGHT_M);
        let error = [away[0], away[1], away[2], weighted[0], weighted[1], weighted[2]];
        let has_arrived = length(away) < POSITION_TOLERANCE_M && length(turned) < ORIENTATION_TOLERANCE_RAD;
        Descent { q, error, cost: dot(&error, &error), has_arrived, columns }
    }

    /// Joint positions that bring the tip to a pose: Levenberg-Marquardt, projected on the joint limits. `far`: from
    /// other postures as well, where the present one does not lead there.
    fn inverse(&self, goal: &Pose, present: &PerJoint, far: bool) -> Result<PerJoint, Refusal> {
        if self.remote_centre.is_some_and(|(at, least)| length(minus(goal.position, at)) < least) {
            return Err(Refusal::TooClose);
        }
        let mut start = [0.0; PLACES];
        for (j, joint) in self.joints.iter().enumerate() {
            start[j] = present[j].max(joint.lower).min(joint.upper);
        }
        let seeds = if far { RESTARTS } else { 0 };
        for seed in 0..=seeds {
            let found = self.descend(goal, self.posture(&start, seed), true);
            if found.has_arrived {
                return Ok(self.unwind(found.q, &start));
            }
        }
        // If it can be reached beyond the limits, a limit is in the way; otherwise nothing reaches it.
        for seed in 0..=seeds {
            let found = self.descend(goal, self.posture(&start, seed), false);
            if found.has_arrived {
                let q = self.unwind(found.q, &start);
                let is_inside = self.joints.iter().zip(q).all(|(joint, q)| joint.allows(q));
                return if is_inside { Ok(q) } else { Err(Refusal::JointLimit) };
            }
        }
        Err(Refusal::OutOfReach)
    }

    fn descend(&self, goal: &Pose, from: PerJoint, bounded: bool) -> Descent {
        let mut here = self.look(goal, from);
        let mut damping: f64 = 1e-3;
        for _ in 0..MAX_ITERATIONS {
            if here.has_arrived {
                break;
            }
            let (mut slope, mut is_free) = ([0.0; PLACES], [false; PLACES]);
            for (j, joint) in self.joints.iter().enumerate() {
                slope[j] = dot(&here.columns[j], &here.error);
                let pushes_out = (here.q[j] <= joint.lower && slope[j] < 0.0)
                    || (here.q[j] >= joint.upper && slope[j] > 0.0);
                is_free[j] = !(bounded && pushes_out);
            }
            let columns = &here.columns[..self.joints.len()];
            let Some(step) = damped_step(columns, &slope, &is_free, damping) else { break };
            let largest = step.iter().fold(0.0, |largest: f64, s| largest.max(s.abs()));
            let shrink = if largest > 1.0 { 1.0 / largest } else { 1.0 }; // beyond a radian nothing is linear
            let mut moved = here.q;
            for (j, joint) in self.joints.iter().enumerate() {
                moved[j] += step[j] * shrink * self.scale(j);
                if bounded {
                    moved[j] = moved[j].max(joint.lower).min(joint.upper);
                }
            }
            let next = self.look(goal, moved);
            if next.cost < here.cost {
                (here, damping) = (next, (damping * 0.1).max(1e-16));
            } else if damping < 1e6 {
                damping = (damping * 10.0).max(1e-9);
            } else {
                break;
            }
        }
        here
    }

    /// The present posture, then others: even ones vary what stands beyond the first three joints, odd ones all.
    fn posture(&self, start: &PerJoint, seed: u32) -> PerJoint {
        const BASES: [u32; PLACES] = [17, 13, 19, 2, 3, 5, 7, 11];
        let mut q = *start;
        if let Some(restart) = seed.checked_sub(1) {
            let keep = if restart % 2 == 0 { 3 } else { 0 };
            for (j, joint) in self.joints.iter().enumerate().skip(keep) {
                q[j] = joint.lower + radical_inverse(restart / 2 + 1, BASES[j]) * (joint.upper - joint.lower);
            }
        }
        q
    }

    /// Turns every joint whose full turn changes nothing to the turn nearest to `near` that its limits allow.
    fn unwind(&self, mut q: PerJoint, near: &PerJoint) -> PerJoint {
        for (j, joint) in self.joints.iter().enumerate() {
            let mut terms = self.chain.iter().flat_map(|f| f.joints.iter().map(|term| (f.turns, *term)));
            let turns_freely =
                terms.all(|(turns, (place, factor))| place != j || (turns && factor.abs() == 1.0));
            if joint.turns && turns_freely {
                let mut turned = q[j] + ((near[j] - q[j]) / TAU).round() * TAU;
                if turned > joint.upper {
                    turned -= ((turned - joint.upper) / TAU).ceil() * TAU;
                } else if turned < joint.lower {
                    turned += ((joint.lower - turned) / TAU).ceil() * TAU;
                }
                if joint.allows(turned) {
                    q[j] = turned;
                }
            }
        }
        q
    }
}

fn dot(a: &[f64; 6], b: &[f64; 6]) -> f64 {
    a.iter().zip(b).fold(0.0, |sum, (x, y)| sum + x * y)
}

/// Solves (JᵀJ + damping · mean diagonal) step = slope over the free joints by Cholesky's factorisation.
fn damped_step(
    columns: &[[f64; 6]],
    slope: &PerJoint,
    is_free: &[bool; PLACES],
    damping: f64,
) -> Option<PerJoint> {
    let n = columns.len();
    let trace: f64 = (0..n).filter(|j| is_free[*j]).map(|j| dot(&columns[j], &columns[j])).sum();
    if trace <= 0.0 {
        return None;
    }
    let mut lower = [[0.0; PLACES]; PLACES];
    for i in 0..n {
        for j in 0..=i {
            let both = is_free[i] && is_free[j];
            let mut entry = if both { dot(&columns[i], &columns[j]) } else { 0.0 };
            if i == j {
                entry = if both { entry + damping * trace / n as f64 } else { 1.0 };
            }
            for k in 0..j {
                entry -= lower[i][k] * lower[j][k];
            }
            if i == j && entry <= 0.0 {
                return None;
            }
            lower[i][j] = if i == j { entry.sqrt() } else { entry / lower[j][j] };
        }
    }
    let mut step = [0.0; PLACES];
    for i in 0..n {
        let known: f64 = (0..i).map(|k| lower[i][k] * step[k]).sum();
        step[i] = (if is_free[i] { slope[i] } else { 0.0 } - known) / lower[i][i];
    }
    for i in (0..n).rev() {
        let known: f64 = (i + 1..n).map(|k| lower[k][i] * step[k]).sum();
        step[i] = (step[i] - known) / lower[i][i];
    }
    Some(step)
}

/// The digits of `index`, mirrored at the point: Halton's way to fill (0, 1) evenly.
fn radical_inverse(mut index: u32, base: u32) -> f64 {
    let (mut value, mut digit) = (0.0, 1.0 / f64::from(base));
    while index > 0 {
        value += digit * f64::from(index % base);
        index /= base;
        digit /= f64::from(base);
    }
    value
}

// ---- What is remembered --------------------------------------------------------------------------------------

const STANDING: u64 = 0;
const MOVING: u64 = 1;
const BRAKING: u64 = 2;

/// The setpoint of the joints, or of the jaw (in the first place), and its way.
#[derive(Clone, Copy)]
struct Channel {
    position: PerJoint,
    velocity: PerJoint,
    activity: u64,
    way: Trajectory,
}

impl Channel {
    fn stand(&mut self, at: &[f64]) {
        self.position[..at.len()].copy_from_slice(at);
        (self.velocity, self.activity) = ([0.0; PLACES], STANDING);
    }

    fn go(&mut self, now_ns: u64, goal: &[f64], limits: &Limits) {
        self.way = Trajectory::plan(now_ns, &self.position, &self.velocity, goal, limits);
        self.activity = MOVING;
    }

    fn brake(&mut self, now_ns: u64, limits: &Limits) {
        if self.activity != STANDING {
            self.way = Trajectory::brake(now_ns, &self.position, &self.velocity, limits);
            self.activity = BRAKING;
        }
    }

    fn advance(&mut self, now_ns: u64) {
        if self.activity != STANDING {
            let is_done;
            (self.position, self.velocity, is_done) = self.way.at(now_ns);
            self.activity = if is_done { STANDING } else { self.activity };
        }
    }
}

/// The words of state by name.
#[derive(Clone, Copy)]
struct Memory {
    operating_state: u64,
    is_homed: u64,
    is_homing: u64,
    homing_ends_ns: u64,
    has_own_fault: u64,
    retry_grace: u64,
    has_feedback: u64,
    refusal: u64,
    refusal_count: u64,
    joints: Channel,
    jaw: Channel,
}

/// Reads words of state one after the other.
struct Words<'a>(std::slice::Iter<'a, u64>);

impl Words<'_> {
    fn word(&mut self) -> Result<u64, String> {
        self.0.next().copied().ok_or_else(|| "too few words of state".to_owned())
    }

    fn numbers(&mut self) -> Result<PerJoint, String> {
        let mut numbers = [0.0; PLACES];
        for number in &mut numbers {
            *number = f64::from_bits(self.word()?);
        }
        Ok(numbers)
    }

    fn channel(&mut self) -> Result<Channel, String> {
        Ok(Channel {
            position: self.numbers()?,
            velocity: self.numbers()?,
            activity: self.word()?,
            way: Trajectory {
                start_ns: self.word()?,
                duration_s: f64::from_bits(self.word()?),
                start: self.numbers()?,
                start_velocity: self.numbers()?,
                cruise: self.numbers()?,
                acceleration: self.numbers()?,
                goal: self.numbers()?,
            },
        })
    }
}

impl Memory {
    fn read(state: &[u64]) -> Result<Memory, String> {
        let mut words = Words(state.iter());
        Ok(Memory {
            operating_state: words.word()?,
            is_homed: words.word()?,
            is_homing: words.word()?,
            homing_ends_ns: words.word()?,
            has_own_fault: words.word()?,
            retry_grace: words.word()?,
            has_feedback: words.word()?,
            refusal: words.word()?,
            refusal_count: words.word()?,
            joints: words.channel()?,
            jaw: words.channel()?,
        })
    }

    fn write(&self, state: &mut [u64]) {
        let mut words = vec![self.operating_state, self.is_homed, self.is_homing, self.homing_ends_ns];
        words.extend([
            self.has_own_fault,
            self.retry_grace,
            self.has_feedback,
            self.refusal,
            self.refusal_count,
        ]);
        for channel in [&self.joints, &self.jaw] {
            let way = &channel.way;
            words.extend(channel.position.iter().chain(&channel.velocity).map(|v| v.to_bits()));
            words.extend([channel.activity, way.start_ns, way.duration_s.to_bits()]);
            for list in [&way.start, &way.start_velocity, &way.cruise, &way.acceleration, &way.goal] {
                words.extend(list.iter().map(|v| v.to_bits()));
            }
        }
        state[..words.len()].copy_from_slice(&words);
    }

    fn is_powered(&self) -> bool {
        matches!(self.operating_state, ENABLED | PAUSED)
    }

    fn is_moving(&self) -> bool {
        self.joints.activity == MOVING || self.jaw.activity == MOVING
    }

    fn refuse(&mut self, reason: Refusal) {
        self.refusal = reason as u64;
        self.refusal_count += 1;
    }
}

// ---- The slot: commands, homing, what is published -------------------------------------------------------------

const HOMING_SETTLES_WITHIN_NS: u64 = 2_000_000_000;
/// Activations after a retry during which an older trip is disregarded.
const RETRY_GRACE: u64 = 10;

/// The parameters of an axis.
struct Axis {
    velocity: usize,
    acceleration: usize,
    home: Option<usize>,
    home_tolerance: Option<usize>,
    servo_jump: Option<usize>,
}

/// Inputs of the joints or of the jaw, and their output.
struct Ports {
    measured: usize,
    servo_jp: usize,
    move_jp: usize,
    setpoint_js: usize,
}

/// The motion interface of one arm. Its fields are set once: what changes belongs into `io.state`, since it says "restorable".
struct Controller {
    kinematics: Kinematics,
    jaw: Option<(Joint, Ports)>,
    joints: Ports,
    axes: Vec<Axis>,
    speed: usize,
    trip: usize,
    state_command: usize,
    servo_cp: usize,
    move_cp: usize,
    /// setpoint_cp, measured_cp.
    poses: [usize; 2],
    /// operating_state, is_homed, is_busy, error.
    states: [usize; 4],
    error_event: usize,
}

/// What the sensors say: joints, jaw, whether it may be used.
struct Feedback {
    joints: Vec<f64>,
    jaw: f64,
    is_valid: bool,
}

impl Controller {
    fn new(hello: &Hello) -> Result<Controller, String> {
        hello.must_be("arm")?;
        let settings = hello.json.get("settings")?;
        let joint = |joint: &Json| -> Result<Joint, String> {
            Ok(Joint {
                name: joint.get("name")?.text()?.to_owned(),
                turns: joint.get("kind")?.text()? == "revolute",
                lower: joint.get("lower")?.number()?,
                upper: joint.get("upper")?.number()?,
            })
        };
        let term = |term: &Json| -> Result<(usize, f64), String> {
            let [place, factor] = numbers(term)?;
            Ok((place as usize, factor))
        };
        let frame = |frame: &Json| -> Result<Frame, String> {
            let (position, rotation) =
                (numbers(frame.get("position_m")?)?, numbers(frame.get("rotation_xyzw")?)?);
            Ok(Frame {
                placement: Pose { position, rotation },
                turns: *frame.get("kind")? != Json::Text("prismatic".to_owned()),
                joints: frame.get("joints")?.list()?.iter().map(term).collect::<Result<_, _>>()?,
            })
        };
        let ports = |prefix: &str| -> Result<Ports, String> {
            Ok(Ports {
                measured: hello.input(&format!("{prefix}measured_js"))?,
                servo_jp: hello.input(&format!("{prefix}servo_jp"))?,
                move_jp: hello.input(&format!("{prefix}move_jp"))?,
                setpoint_js: hello.output(&format!("{prefix}setpoint_js"))?,
            })
        };
        let joints: Vec<Joint> =
            settings.get("joints")?.list()?.iter().map(joint).collect::<Result<_, _>>()?;
        let jaw = match settings.get("jaw")? {
            Json::Null => None,
            jaw => Some((joint(jaw)?, ports("jaw.")?)),
        };
        let axis = |joint: &Joint| -> Result<Axis, String> {
            let path = |field: &str| format!("arm.{}.{field}", joint.name);
            Ok(Axis {
                velocity: hello.parameter(&path("velocity"))?,
                acceleration: hello.parameter(&path("acceleration"))?,
                home: hello.place("parameters", &path("home")),
                home_tolerance: hello.place("parameters", &path("home_tolerance")),
                servo_jump: hello.place("parameters", &path("servo_jump")),
            })
        };
        let axes = joints.iter().chain(jaw.as_ref().map(|(joint, _)| joint)).map(axis);
        let axes = axes.collect::<Result<_, _>>()?;
        let remote_centre = match settings.get("remote_centre")? {
            Json::Null => None,
            centre => {
                Some((numbers(centre.get("point_in_base_m")?)?, centre.get("minimum_distance_m")?.number()?))
            }
        };
        let chain = settings.get("chain")?.list()?.iter().map(frame).collect::<Result<_, _>>()?;
        let output = |name: &str| hello.output(name);
        Ok(Controller {
            kinematics: Kinematics { joints, chain, remote_centre },
            jaw,
            joints: ports("")?,
            axes,
            speed: hello.parameter("arm.speed")?,
            trip: hello.input("supervisor.trip")?,
            state_command: hello.input("state_command")?,
            servo_cp: hello.input("servo_cp")?,
            move_cp: hello.input("move_cp")?,
            poses: [output("setpoint_cp")?, output("measured_cp")?],
            states: [output("operating_state")?, output("is_homed")?, output("is_busy")?, output("error")?],
            error_event: output("error_event")?,
        })
    }

    /// Takes commands, moves on, publishes.
    fn activate(&mut self, io: &mut Activation) -> Result<(), String> {
        let mut memory = Memory::read(&io.state)?;
        let had_refused = memory.refusal_count;
        let joints = &io.inputs[self.joints.measured];
        let jaw = self.jaw.as_ref().map(|(_, ports)| &io.inputs[ports.measured]);
        let feedback = Feedback {
            joints: joints.values[..self.kinematics.joints.len()].to_vec(),
            jaw: jaw.map_or(0.0, |jaw| jaw.values[0]),
            is_valid: joints.valid && jaw.is_none_or(|jaw| jaw.valid),
        };
        memory.has_feedback |= u64::from(feedback.is_valid);
        // What moves stands where it should be now, before a command can change its way.
        memory.joints.advance(io.now_ns);
        memory.jaw.advance(io.now_ns);
        self.mind_the_supervisor(io, &mut memory);
        if io.take(self.state_command) {
            self.take_state_command(io, &mut memory, &feedback);
        }
        self.take_joint_commands(io, &mut memory);
        self.take_jaw_commands(io, &mut memory);
        self.finish_homing(io, &mut memory, &feedback);
        if !memory.is_powered() && feedback.is_valid {
            follow(&mut memory, &feedback);
        } else if !memory.is_powered() {
            memory.joints.stand(&[]);
            memory.jaw.stand(&[]);
        }
        memory.write(&mut io.state);
        self.publish(io, &memory, &feedback, had_refused)
    }

    fn full_limits(&self, io: &Activation, first: usize) -> Limits {
        let mut limits = Limits { velocity: [1.0; PLACES], acceleration: [1.0; PLACES] };
        for (place, axis) in self.axes.iter().skip(first).take(PLACES).enumerate() {
            limits.velocity[place] = io.parameters[axis.velocity].max(1e-6);
            limits.acceleration[place] = io.parameters[axis.acceleration].max(1e-6);
        }
        limits
    }

    /// At the present speed; a motion that starts while the setpoint moves may brake with full acceleration.
    fn limits(&self, io: &Activation, first: usize, channel: &Channel) -> Limits {
        let full = self.full_limits(io, first);
        let speed = io.parameters[self.speed].clamp(1e-3, 1.0);
        let is_at_rest = channel.velocity.iter().all(|v| *v == 0.0);
        Limits {
            velocity: full.velocity.map(|v| v * speed),
            acceleration: full.acceleration.map(|a| if is_at_rest { a * speed } else { a }),
        }
    }

    fn joint_limits(&self, io: &Activation, memory: &Memory) -> Limits {
        self.limits(io, 0, &memory.joints)
    }

    fn jaw_limits(&self, io: &Activation, memory: &Memory) -> Limits {
        self.limits(io, self.kinematics.joints.len(), &memory.jaw)
    }

    fn mind_the_supervisor(&self, io: &Activation, memory: &mut Memory) {
        let is_tripped = io.inputs[self.trip].values[0] != 0.0;
        memory.retry_grace = if is_tripped { memory.retry_grace.saturating_sub(1) } else { 0 };
        if is_tripped && memory.retry_grace == 0 {
            (memory.is_homing, memory.operating_state) = (0, FAULT);
        } else if memory.operating_state == FAULT && !is_tripped && memory.has_own_fault == 0 {
            memory.operating_state = DISABLED;
        }
    }

    fn take_state_command(&self, io: &Activation, memory: &mut Memory, feedback: &Feedback) {
        let value = io.inputs[self.state_command].values[0];
        let before = memory.operating_state;
        let command = (ENABLE..=UNHOME).find(|command| *command as f64 == value);
        let Some((command, after)) = command.and_then(|c| Some((c, state_after(before, c)?))) else {
            return memory.refuse(Refusal::InvalidCommand);
        };
        let is_new_power = matches!(after, ENABLED | PAUSED) && !memory.is_powered();
        if is_new_power && !feedback.is_valid {
            return memory.refuse(Refusal::NoFeedback);
        }
        memory.refusal = Refusal::None as u64;
        if before == FAULT && after != before {
            (memory.has_own_fault, memory.retry_grace) = (0, RETRY_GRACE);
        }
        if is_new_power {
            follow(memory, feedback);
        }
        memory.operating_state = after;
        if command == HOME {
            self.start_homing(io, memory);
        }
        if command == UNHOME {
            memory.is_homed = 0;
        }
        if matches!(command, PAUSE | UNHOME) {
            memory.joints.brake(io.now_ns, &self.full_limits(io, 0));
            memory.jaw.brake(io.now_ns, &self.full_limits(io, self.kinematics.joints.len()));
        }
        if matches!(command, PAUSE | UNHOME | DISABLE) {
            memory.is_homing = 0;
        }
    }

    /// Moves every joint that has a home there; the sensors of the others are absolute.
    fn start_homing(&self, io: &Activation, memory: &mut Memory) {
        let n = self.kinematics.joints.len();
        let home = |axis: usize, present: f64| {
            self.axes.get(axis).and_then(|axis| axis.home).map_or(present, |home| io.parameters[home])
        };
        let goal: Vec<f64> = (0..n).map(|j| home(j, memory.joints.position[j])).collect();
        let jaw_goal = home(n, memory.jaw.position[0]);
        let (joint_limits, jaw_limits) = (self.joint_limits(io, memory), self.jaw_limits(io, memory));
        memory.joints.go(io.now_ns, &goal, &joint_limits);
        memory.jaw.go(io.now_ns, &[jaw_goal], &jaw_limits);
        let duration_s = memory.joints.way.duration_s.max(memory.jaw.way.duration_s);
        memory.homing_ends_ns = io.now_ns + (duration_s * 1e9).round() as u64;
        (memory.is_homed, memory.is_homing) = (0, 1);
    }

    fn finish_homing(&self, io: &Activation, memory: &mut Memory, feedback: &Feedback) {
        if memory.is_homing == 0 || memory.is_moving() {
            return;
        }
        let measured = feedback.joints.iter().chain([&feedback.jaw]);
        let is_home = self.axes.iter().zip(measured).all(|(axis, measured)| {
            axis.home
                .zip(axis.home_tolerance)
                .is_none_or(|(home, near)| (measured - io.parameters[home]).abs() <= io.parameters[near])
        });
        if is_home && feedback.is_valid {
            (memory.is_homed, memory.is_homing) = (1, 0);
        } else if io.now_ns > memory.homing_ends_ns + HOMING_SETTLES_WITHIN_NS {
            (memory.is_homing, memory.has_own_fault, memory.operating_state) = (0, 1, FAULT);
            memory.refuse(Refusal::HomingFailed);
        }
    }

    /// A servo command at once, ending a move; otherwise the move that waits longest.
    fn take_joint_commands(&self, io: &mut Activation, memory: &mut Memory) {
        let mut has_served = false;
        for command in by_stamp(io, self.joints.servo_jp, self.servo_cp) {
            if io.take(command) {
                has_served = true;
                let goal = self.joint_goal(io, memory, command, false);
                obey(memory, goal, |memory, goal| memory.joints.stand(&goal));
            }
        }
        if has_served || memory.joints.activity == MOVING || memory.is_homing == 1 {
            return;
        }
        for command in by_stamp(io, self.joints.move_jp, self.move_cp) {
            if io.take(command) {
                let goal = self.joint_goal(io, memory, command, true);
                let (now_ns, limits) = (io.now_ns, self.joint_limits(io, memory));
                return obey(memory, goal, |memory, goal| memory.joints.go(now_ns, &goal, &limits));
            }
        }
    }

    fn joint_goal(
        &self,
        io: &Activation,
        memory: &Memory,
        command: usize,
        far: bool,
    ) -> Result<Vec<f64>, Refusal> {
        let n = self.kinematics.joints.len();
        let mut goal = values_of(io, memory, command)?.to_vec();
        if command == self.servo_cp || command == self.move_cp {
            let q = self.kinematics.inverse(&Pose::from_values(&goal)?, &memory.joints.position, far)?;
            goal = q[..n].to_vec();
        }
        for (j, joint) in self.kinematics.joints.iter().enumerate() {
            check_goal(joint, goal[j], memory.joints.position[j], self.jump(io, j, far))?;
        }
        Ok(goal)
    }

    fn jump(&self, io: &Activation, axis: usize, far: bool) -> Option<f64> {
        self.axes[axis].servo_jump.filter(|_| !far).map(|port| io.parameters[port])
    }

    fn take_jaw_commands(&self, io: &mut Activation, memory: &mut Memory) {
        let Some((jaw, ports)) = &self.jaw else { return };
        let goal = |io: &Activation, memory: &Memory, command: usize, far: bool| {
            let goal = values_of(io, memory, command)?[0];
            let jump = self.jump(io, self.kinematics.joints.len(), far);
            check_goal(jaw, goal, memory.jaw.position[0], jump).map(|()| goal)
        };
        if io.take(ports.servo_jp) {
            let goal = goal(io, memory, ports.servo_jp, false);
            obey(memory, goal, |memory, goal| memory.jaw.stand(&[goal]));
        } else if memory.jaw.activity != MOVING && memory.is_homing == 0 && io.take(ports.move_jp) {
            let goal = goal(io, memory, ports.move_jp, true);
            let (now_ns, limits) = (io.now_ns, self.jaw_limits(io, memory));
            obey(memory, goal, |memory, goal| memory.jaw.go(now_ns, &[goal], &limits));
        }
    }

    fn publish(
        &self,
        io: &mut Activation,
        memory: &Memory,
        feedback: &Feedback,
        had_refused: u64,
    ) -> Result<(), String> {
        let (n, now_ns, is_known) = (self.kinematics.joints.len(), io.now_ns, memory.has_feedback == 1);
        let mut setpoint = vec![0.0; 3 * n];
        setpoint[..n].copy_from_slice(&memory.joints.position[..n]);
        setpoint[n..2 * n].copy_from_slice(&memory.joints.velocity[..n]);
        io.write_at(self.joints.setpoint_js, &setpoint, is_known, now_ns)?;
        if let Some((_, ports)) = &self.jaw {
            let setpoint = [memory.jaw.position[0], memory.jaw.velocity[0], 0.0];
            io.write_at(ports.setpoint_js, &setpoint, is_known, now_ns)?;
        }
        let setpoint = self.kinematics.forward(&memory.joints.position).values();
        io.write_at(self.poses[0], &setpoint, is_known, now_ns)?;
        let mut measured = [0.0; PLACES];
        measured[..n].copy_from_slice(&feedback.joints);
        let measured = self.kinematics.forward(&measured).values();
        let input = &io.inputs[self.joints.measured];
        let (valid, stamp_ns) = (input.valid, input.stamp_ns);
        io.write_at(self.poses[1], &measured, valid, stamp_ns)?;
        let is_busy = u64::from(memory.is_homing == 1 || memory.is_moving());
        let values = [memory.operating_state, memory.is_homed, is_busy, memory.refusal];
        for (output, value) in self.states.into_iter().zip(values) {
            io.write(output, &[value as f64])?;
        }
        if memory.refusal_count != had_refused {
            io.write(self.error_event, &[memory.refusal_count as f64])?;
        }
        Ok(())
    }
}

/// Setpoints where the sensors say that the arm is.
fn follow(memory: &mut Memory, feedback: &Feedback) {
    memory.joints.stand(&feedback.joints);
    memory.jaw.stand(&[feedback.jaw]);
}

/// Carries a command out as a whole, or refuses it as a whole.
fn obey<Goal>(memory: &mut Memory, goal: Result<Goal, Refusal>, act: impl FnOnce(&mut Memory, Goal)) {
    match goal {
        Ok(goal) => {
            memory.refusal = Refusal::None as u64;
            act(memory, goal);
        }
        Err(reason) => memory.refuse(reason),
    }
}

/// The values of a motion command, if the device may move and they may be used.
fn values_of<'a>(io: &'a Activation, memory: &Memory, command: usize) -> Result<&'a [f64], Refusal> {
    if memory.operating_state != ENABLED || memory.is_homed == 0 || memory.is_homing == 1 {
        return Err(Refusal::NotReady);
    }
    let input = &io.inputs[command];
    if input.valid { Ok(&input.values) } else { Err(Refusal::InvalidCommand) }
}

/// Two commands, the one that was stamped first first.
fn by_stamp(io: &Activation, a: usize, b: usize) -> [usize; 2] {
    if io.inputs[b].stamp_ns < io.inputs[a].stamp_ns { [b, a] } else { [a, b] }
}

/// The numbers of a list of JSON.
fn numbers<const N: usize>(list: &Json) -> Result<[f64; N], String> {
    let numbers = list.list()?.iter().map(Json::number).collect::<Result<Vec<f64>, String>>()?;
    numbers.try_into().map_err(|_| format!("{N} numbers are meant: {list:?}"))
}

{PROTOCOL}
