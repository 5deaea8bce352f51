//! Joint trajectories with limited velocity and acceleration: from any position and velocity to a goal at rest.
//!
//! Each joint goes through three phases: to its cruise velocity at its limit of acceleration, at cruise velocity, to
//! rest at the goal at the limit of acceleration. The slowest joint sets the duration, the shortest possible one; the
//! others cruise slower, so that all arrive together. From rest, where limits allow it, all joints follow the slowest
//! one's profile, which makes the path straight in joint space. This is what the dVRK's Reflexxes library (type II) does.
//!
//! The cruise velocity has a closed form because of a property of these profiles: velocity at time t is the cruise
//! velocity confined between max(v0 − a t, −a(T − t)) and min(v0 + a t, a(T − t)), so the distance at duration T grows
//! monotonically with it. A trajectory is evaluated from its start, never accumulated, and its last phase is evaluated
//! from the goal, so that it ends there exactly.

use crate::joint::MAX_JOINTS;
use trocar_math::max;
use trocar_signal::state::{StateWords, Word};
use trocar_signal::time::Time;

/// The limits that a trajectory keeps, per joint; all greater than zero.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MotionLimits {
    /// Velocity, rad/s or m/s.
    pub velocity: [f64; MAX_JOINTS],
    /// Acceleration, rad/s² or m/s².
    pub acceleration: [f64; MAX_JOINTS],
}

impl MotionLimits {
    /// The limits times a speed ratio, as dVRK's `trajectory_j/set_ratio` scales them.
    #[must_use]
    pub fn scaled(&self, ratio: f64) -> MotionLimits {
        MotionLimits {
            velocity: self.velocity.map(|limit| limit * ratio),
            acceleration: self.acceleration.map(|limit| limit * ratio),
        }
    }
}

/// A trajectory at one instant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// Positions, rad or m.
    pub position: [f64; MAX_JOINTS],
    /// Velocities, rad/s or m/s.
    pub velocity: [f64; MAX_JOINTS],
    /// Whether the goal is reached.
    pub is_done: bool,
}

trocar_signal::state_words! {
    /// A planned trajectory, as plain words of state.
    pub struct Trajectory {
        /// When it starts.
        pub start: Time,
        /// How long it takes, s.
        pub duration_s: f64,
        /// Where each joint starts, rad or m.
        pub from: [f64; MAX_JOINTS],
        /// The velocity with which it starts, rad/s or m/s.
        pub from_velocity: [f64; MAX_JOINTS],
        /// Its velocity between the phases of acceleration, rad/s or m/s.
        pub cruise: [f64; MAX_JOINTS],
        /// The magnitude of its acceleration in the first and last phase, rad/s² or m/s².
        pub acceleration: [f64; MAX_JOINTS],
        /// Where it ends, rad or m.
        pub goal: [f64; MAX_JOINTS],
    }
}

impl Word for Trajectory {
    fn push_names(name: &str, out: &mut Vec<String>) {
        let first = out.len();
        Trajectory::names(out);
        for field in &mut out[first..] {
            *field = format!("{name}.{field}");
        }
    }
}

impl Trajectory {
    /// The fastest trajectory within `limits` that starts at `start` from `position` with `velocity` and ends at rest at
    /// `goal`, all joints together. Joints are those of `goal`; the lists hold as many, the rest counts as zero.
    ///
    /// A joint that starts faster than its limit slows down to it at its limit of acceleration.
    #[must_use]
    pub fn plan(
        start: Time,
        position: &[f64],
        velocity: &[f64],
        goal: &[f64],
        limits: &MotionLimits,
    ) -> Trajectory {
        let mut plan = Trajectory::standing(start, position, velocity);
        plan.goal[..goal.len().min(MAX_JOINTS)].copy_from_slice(&goal[..goal.len().min(MAX_JOINTS)]);
        plan.acceleration = limits.acceleration;
        let mut slowest = 0;
        for joint in 0..goal.len().min(MAX_JOINTS) {
            let (distance, v0) = (plan.goal[joint] - plan.from[joint], plan.from_velocity[joint]);
            let least_s = shortest(distance, v0, limits.velocity[joint], limits.acceleration[joint]);
            if least_s > plan.duration_s {
                (plan.duration_s, slowest) = (least_s, joint);
            }
        }
        if plan.is_straight(slowest, limits) {
            return plan;
        }
        plan.acceleration = limits.acceleration;
        for joint in 0..goal.len().min(MAX_JOINTS) {
            let (distance, v0) = (plan.goal[joint] - plan.from[joint], plan.from_velocity[joint]);
            plan.cruise[joint] = cruise(distance, v0, plan.acceleration[joint], plan.duration_s);
        }
        plan
    }

    /// Brings all joints to rest together as fast as `limits` allow; each stays on its way.
    #[must_use]
    pub fn brake(start: Time, position: &[f64], velocity: &[f64], limits: &MotionLimits) -> Trajectory {
        let mut plan = Trajectory::standing(start, position, velocity);
        for (v, a) in plan.from_velocity.iter().zip(limits.acceleration) {
            plan.duration_s = max(plan.duration_s, v.abs() / a);
        }
        if plan.duration_s > 0.0 {
            for joint in 0..MAX_JOINTS {
                plan.acceleration[joint] = plan.from_velocity[joint].abs() / plan.duration_s;
                plan.goal[joint] = plan.from[joint] + 0.5 * plan.from_velocity[joint] * plan.duration_s;
            }
        }
        plan
    }

    fn standing(start: Time, position: &[f64], velocity: &[f64]) -> Trajectory {
        let zero = [0.0; MAX_JOINTS];
        let (mut from, mut from_velocity) = (zero, zero);
        for ((p, v), (to_p, to_v)) in
            position.iter().zip(velocity).zip(from.iter_mut().zip(&mut from_velocity))
        {
            (*to_p, *to_v) = (*p, *v);
        }
        Trajectory {
            start,
            duration_s: 0.0,
            from,
            from_velocity,
            cruise: zero,
            acceleration: zero,
            goal: from,
        }
    }

    /// Tries the straight path: every joint follows the profile of the slowest, scaled to its own distance.
    fn is_straight(&mut self, slowest: usize, limits: &MotionLimits) -> bool {
        let reference = self.goal[slowest] - self.from[slowest];
        if reference == 0.0 || self.from_velocity.iter().any(|v| *v != 0.0) {
            return false;
        }
        let acceleration = limits.acceleration[slowest];
        let velocity = cruise(reference, 0.0, acceleration, self.duration_s);
        for joint in 0..MAX_JOINTS {
            let ratio = (self.goal[joint] - self.from[joint]) / reference;
            self.cruise[joint] = velocity * ratio;
            self.acceleration[joint] = acceleration * ratio.abs();
            // One part in 1e12 is rounding: joints with equal limits and distances stay on a straight path.
            if ratio != 0.0
                && (self.acceleration[joint] > limits.acceleration[joint] * (1.0 + 1e-12)
                    || self.cruise[joint].abs() > limits.velocity[joint] * (1.0 + 1e-12))
            {
                return false;
            }
        }
        true
    }

    /// When it ends, s after its start.
    #[must_use]
    pub fn duration_s(&self) -> f64 {
        self.duration_s
    }

    /// Where it is at an instant; at rest at the goal from its end on, at its start before it.
    #[must_use]
    pub fn at(&self, now: Time) -> Sample {
        let t = now.since(self.start).seconds();
        let left = self.duration_s - t;
        if left <= 0.0 {
            return Sample { position: self.goal, velocity: [0.0; MAX_JOINTS], is_done: true };
        }
        let mut sample = Sample { position: self.from, velocity: self.from_velocity, is_done: false };
        for joint in 0..MAX_JOINTS {
            let (p0, v0, a) = (self.from[joint], self.from_velocity[joint], self.acceleration[joint]);
            let cruise = self.cruise[joint];
            let first_s = if a > 0.0 { (cruise - v0).abs() / a } else { 0.0 };
            let last_s = if a > 0.0 { cruise.abs() / a } else { 0.0 };
            let towards = if cruise < v0 { -a } else { a };
            (sample.position[joint], sample.velocity[joint]) = if left < last_s {
                let back = if cruise < 0.0 { -a } else { a };
                (self.goal[joint] - 0.5 * back * left * left, back * left)
            } else if t < first_s {
                (p0 + (v0 + 0.5 * towards * t) * t, v0 + towards * t)
            } else {
                (p0 + 0.5 * (v0 + cruise) * first_s + cruise * (t - first_s), cruise)
            };
        }
        sample
    }
}

/// The shortest time in which a joint can cover `distance` from velocity `v0` and come to rest, s.
fn shortest(distance: f64, v0: f64, velocity_limit: f64, a: f64) -> f64 {
    let (distance, v0) = forward(distance, v0, a);
    let peak = (a * distance + 0.5 * v0 * v0).sqrt();
    if distance - 0.5 * v0 * v0.abs() / a <= 0.0 {
        v0.abs() / a
    } else if peak <= velocity_limit {
        (2.0 * peak - v0) / a
    } else if v0 <= velocity_limit {
        let covered = (2.0 * velocity_limit * velocity_limit - v0 * v0) / (2.0 * a);
        (2.0 * velocity_limit - v0) / a + (distance - covered) / velocity_limit
    } else {
        v0 / a + (distance - 0.5 * v0 * v0 / a) / velocity_limit
    }
}

/// The cruise velocity with which a joint covers `distance` from `v0` in exactly `duration_s` and comes to rest.
fn cruise(distance: f64, v0: f64, a: f64, duration_s: f64) -> f64 {
    let stopping = 0.5 * v0 * v0.abs() / a;
    let sign = if distance < stopping { -1.0 } else { 1.0 };
    let (distance, v0) = forward(distance, v0, a);
    // Slower than at the start: a straight line in the cruise velocity.
    let slower = v0 > 0.0 && distance <= 0.5 * v0 * v0 / a + v0 * (duration_s - v0 / a);
    if slower {
        let left_s = duration_s - v0 / a;
        let beyond = distance - 0.5 * v0 * v0 / a;
        return if left_s > 0.0 { sign * max(beyond, 0.0) / left_s } else { 0.0 };
    }
    // Faster: the smaller root of v² − v (a T + v0) + v0²/2 + a d = 0; the discriminant vanishes for a triangle.
    let (b, c) = (a * duration_s + v0, 0.5 * v0 * v0 + a * distance);
    let root = max(b * b - 4.0 * c, 0.0).sqrt();
    if b + root > 0.0 { sign * 2.0 * c / (b + root) } else { 0.0 }
}

/// Mirrors the problem, if need be, so that the goal lies beyond the point at which braking at once would end.
fn forward(distance: f64, v0: f64, a: f64) -> (f64, f64) {
    if distance < 0.5 * v0 * v0.abs() / a { (-distance, -v0) } else { (distance, v0) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DEGREE: f64 = std::f64::consts::PI / 180.0;

    /// The published limits of the PSM: arm 90°/s and 90°/s², insertion 0.2 m/s and 0.2 m/s², wrist 1080°/s, 720°/s².
    fn psm() -> MotionLimits {
        let (arm, wrist) = (90.0 * DEGREE, 1080.0 * DEGREE);
        MotionLimits {
            velocity: [arm, arm, 0.2, wrist, wrist, wrist, 1.0, 1.0],
            acceleration: [arm, arm, 0.2, 720.0 * DEGREE, 720.0 * DEGREE, 720.0 * DEGREE, 1.0, 1.0],
        }
    }

    fn seconds(t: f64) -> Time {
        Time((t * 1e9).round() as u64)
    }

    fn plan_one(distance: f64, v0: f64, v: f64, a: f64) -> Trajectory {
        let limits = MotionLimits { velocity: [v; MAX_JOINTS], acceleration: [a; MAX_JOINTS] };
        Trajectory::plan(Time::ZERO, &[0.0], &[v0], &[distance], &limits)
    }

    #[test]
    fn durations_have_their_closed_forms() {
        // Triangle: 2 √(d/a). Trapezoid: d/v + v/a. With an initial velocity: the same, less what is already covered.
        let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-14 * (1.0 + b), "{a} {b}");
        near(plan_one(0.5, 0.0, 1.0, 2.0).duration_s, 1.0);
        near(plan_one(3.0, 0.0, 1.0, 2.0).duration_s, 3.5);
        near(plan_one(-3.0, 0.0, 1.0, 2.0).duration_s, 3.5);
        // Already at the limit, 1 m/s: cruise 2.75 m, brake over 0.25 m in 0.5 s.
        near(plan_one(3.0, 1.0, 1.0, 2.0).duration_s, 3.25);
        // Goal behind: stop after 0.5 s at 0.25 m, then a triangle back over 0.5 m in 1 s.
        near(plan_one(-0.25, 1.0, 1.0, 2.0).duration_s, 1.5);
        // Exactly the stopping distance.
        near(plan_one(0.25, 1.0, 1.0, 2.0).duration_s, 0.5);
        // Faster than the limit at the start, 2 m/s: 1 s and 1 m to stop, the other 2 m at 1 m/s.
        near(plan_one(3.0, 2.0, 1.0, 2.0).duration_s, 3.0);
        // The published limits: 60° of yaw from rest is a triangle.
        let yaw = Trajectory::plan(Time::ZERO, &[0.0], &[0.0], &[60.0 * DEGREE], &psm());
        near(yaw.duration_s, 2.0 * (60.0f64 / 90.0).sqrt());
    }

    #[test]
    fn from_rest_the_path_is_straight_where_limits_allow() {
        let goal = [0.5, -0.2, 0.01, 1.0, 0.3, -0.4];
        let plan = Trajectory::plan(Time::ZERO, &[0.0; 6], &[0.0; 6], &goal, &psm());
        for k in 0..50 {
            let at = plan.at(seconds(plan.duration_s * f64::from(k) / 50.0)).position;
            for joint in 1..6 {
                assert!((at[joint] * goal[0] - at[0] * goal[joint]).abs() < 1e-15);
            }
        }
    }

    #[test]
    fn braking_stops_all_joints_together_on_their_way() {
        let (p, v) = ([0.0, 0.1, 0.02], [1.0, -0.4, 0.1]);
        let limits = psm();
        let plan = Trajectory::brake(Time::ZERO, &p, &v, &limits);
        assert!((plan.duration_s - 1.0 / (90.0 * DEGREE)).abs() < 1e-15, "yaw needs longest");
        let end = plan.at(seconds(plan.duration_s + 1e-3));
        for joint in 0..3 {
            assert!((end.position[joint] - (p[joint] + 0.5 * v[joint] * plan.duration_s)).abs() < 1e-15);
            assert!(plan.acceleration[joint] <= limits.acceleration[joint] * (1.0 + 1e-15));
        }
        let standing = Trajectory::brake(seconds(2.0), &p, &[0.0; 3], &limits);
        assert!(standing.at(seconds(2.0)).is_done);
        assert_eq!(standing.at(seconds(9.0)).position[..3], p);
    }

    #[test]
    fn half_the_speed_takes_twice_a_trapezoids_time_and_root_two_of_a_triangles() {
        let half = psm().scaled(0.5);
        let long = |limits: &MotionLimits| {
            Trajectory::plan(Time::ZERO, &[0.0; 3], &[0.0; 3], &[0.0, 0.0, 0.24], limits)
        };
        let full = long(&psm()).duration_s;
        // d/v + v/a with v and a halved: 2 d/v + v/a.
        assert!((long(&half).duration_s - (2.0 * (full - 1.0) + 1.0)).abs() < 1e-14);
        let short =
            |limits: &MotionLimits| Trajectory::plan(Time::ZERO, &[0.0], &[0.0], &[0.1], limits).duration_s;
        assert!((short(&half) / short(&psm()) - 2.0f64.sqrt()).abs() < 1e-14);
    }

    #[test]
    fn a_goal_that_is_here_takes_no_time() {
        let plan = Trajectory::plan(seconds(1.0), &[0.3; 6], &[0.0; 6], &[0.3; 6], &psm());
        assert!(plan.at(seconds(1.0)).is_done);
        assert_eq!(plan.at(seconds(1.0)).position[..6], [0.3; 6]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]

        /// From any state: limits kept, position continuous and the integral of velocity, velocity continuous within the
        /// limit of acceleration, exact arrival, all joints together.
        #[test]
        fn any_start_leads_to_the_goal_within_limits(
            p in prop::array::uniform6(-1.0f64..1.0),
            v in prop::array::uniform6(-0.9f64..0.9),
            goal in prop::array::uniform6(-1.0f64..1.0),
            at_rest in any::<bool>(),
        ) {
            let limits = psm();
            let v: [f64; 6] = std::array::from_fn(|j| if at_rest { 0.0 } else { v[j] * limits.velocity[j] });
            let plan = Trajectory::plan(seconds(0.5), &p, &v, &goal, &limits);
            let (steps, start) = (400, 0.5);
            let end_ns = seconds(start + plan.duration_s).0 + 1;
            let instant = |k: u64| Time(seconds(start).0 + (end_ns - seconds(start).0) * k / steps);
            let mut last = plan.at(instant(0));
            prop_assert_eq!((&last.position[..6], &last.velocity[..6]), (&p[..], &v[..]));
            for k in 1..=steps {
                let now = plan.at(instant(k));
                let h = instant(k).since(instant(k - 1)).seconds();
                for joint in 0..6 {
                    let (dp, dv) = (now.position[joint] - last.position[joint], now.velocity[joint] - last.velocity[joint]);
                    let a = limits.acceleration[joint];
                    prop_assert!(now.velocity[joint].abs() <= limits.velocity[joint] * (1.0 + 1e-9), "rounding, as below");
                    // Rounding: the cruise velocity is exact to ~1e-15 relative, times the duration over a short phase.
                    prop_assert!(dv.abs() <= a * h + 1e-9, "joint {} step {}: {} > {}", joint, k, dv, a * h);
                    // The trapezoidal rule errs by at most a h²/4 where the acceleration changes inside the step.
                    let mean = 0.5 * (now.velocity[joint] + last.velocity[joint]);
                    prop_assert!((dp - mean * h).abs() <= 0.5 * a * h * h + 1e-9);
                }
                last = now;
            }
            prop_assert!(last.is_done);
            prop_assert_eq!(&last.position[..6], &goal[..]);
        }

        /// No joint alone could be faster than the plan's slowest: the duration is the largest of the single durations,
        /// and a single one is a lower bound by the bang-bang argument: 1 % less time misses the goal at full effort.
        #[test]
        fn the_duration_is_that_of_the_slowest_joint(d in prop::array::uniform6(-1.0f64..1.0)) {
            let limits = psm();
            let all = Trajectory::plan(Time::ZERO, &[0.0; 6], &[0.0; 6], &d, &limits).duration_s;
            let single = |j: usize| {
                let (v, a, d) = (limits.velocity[j], limits.acceleration[j], d[j].abs());
                if d < v * v / a { 2.0 * (d / a).sqrt() } else { d / v + v / a }
            };
            let slowest = (0..6).map(single).fold(0.0, max);
            prop_assert!((all - slowest).abs() < 1e-13 * slowest);
        }
    }
}
