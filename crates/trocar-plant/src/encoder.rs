//! Incremental encoders on the motor's shaft: counts on the wire, and the speed from the timing of their edges.
//!
//! **Count.** With x the shaft's angle in counts (four for each line of the disc), the count is ⌊x + 1/2⌋: edges lie
//! half-way between whole numbers, so a shaft at rest at zero stands in the middle of a count, and the reading errs by
//! at most half a count. Where the lines of a real disc lie against the zero that homing sets is not known. On the wire
//! the count is a number of `count_bits` bits, preloaded with half its range ([`Encoder`] writes it so); the
//! controller's side undoes that ([`CountDecoder`]), so that bit faults and missed counts act between the two.
//!
//! **Edges inside a step.** At full speed tens of edges fall into one step of the mechanism. The shaft is taken to move
//! with constant acceleration over the step, through both of its positions and with its speed at the end, and the
//! instants of the last edges are solved for; where such a way would turn around inside the step, and wherever the
//! speed does not fit the positions, a straight one is taken. What goes forth and back within one step is not seen.
//! Edges are then seen at the next tick of the period clock.
//!
//! **Index.** Once each turn of the shaft a pulse stands for the one count at a whole number of turns, as seen from
//! either side (where a real disc's index lies against the zero that homing sets is not known). When the count enters
//! it, the counters latch the count on the wire and count the pulse in four bits (`mechatronics-firmware`, `CtrlEnc.v`).
//!
//! **Speed.** As the dVRK's library gives it to the controller from the counters of firmware 7
//! (`mechatronics-software`, `EncoderVelocity.cpp`). With P the ticks over the last full cycle of four counts, P′ the
//! ticks over the cycle that ended one count earlier, Q and Q′ the last quarter (one count) and the one a cycle
//! before it, and R the ticks since the last edge:
//!
//! - v = 4/P; its delay is P/2 + R;
//! - if Q ≥ `shortest_predicted_quarter` (below it the clock's steps spoil it), v is moved on by that delay with the
//!   acceleration 8·(Q′ − Q)/(P·P′·(Q + Q′)), but not beyond zero;
//! - |v| ≤ 1/R: no edge has come for so long. At standstill v falls with 1/R, to one count in the time that the counter
//!   of `period_bits` bits takes to fill (1.365 s in the dVRK), and stays there;
//! - v = 0 if P has filled that counter, and from a reversal, or the start, until four quarters lie in the new direction.
//!   The time from the last edge before a reversal to the first after it, which are the same edge of the disc, counts as
//!   the first quarter in the new direction although the shaft has gone nowhere in it: with the fourth edge after a
//!   reversal the speed comes back, and too low (`mechatronics-firmware`, `EncPeriod.v`).

use crate::actuator::ActuatorConfig;
use crate::check;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trocar_signal::quantity::Frequency;
use trocar_signal::{
    Activation, Component, Dimension, Element, GroupSpec, Nanos, ParameterSpec, Problem, Provenance,
    ReadPort, Registration, Sourced, Time, WritePort, state_words,
};

/// An incremental encoder and the counters that read it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EncoderConfig {
    /// Counts for each turn of the motor's shaft: four for each line of the disc.
    pub counts_per_turn: Sourced<f64>,
    /// Width of the count on the wire, bits (dVRK: 24).
    pub count_bits: Sourced<u32>,
    /// Clock by which the time between edges is counted (dVRK: 49.152 MHz).
    pub clock: Sourced<Frequency>,
    /// Width of the counter of those ticks, bits (dVRK: 26).
    pub period_bits: Sourced<u32>,
    /// Ticks for one count from which on the speed is moved on by the acceleration (dVRK: 2000).
    pub shortest_predicted_quarter: Sourced<u32>,
    /// Whether it has an index pulse, once each turn: `INSTANCE.ACTUATOR.encoder.index`. Absent: it has none.
    #[serde(default)]
    pub index: bool,
}

impl EncoderConfig {
    /// What is wrong with the numbers of this file section.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        check::positive(&mut problems, "counts_per_turn", self.counts_per_turn.value);
        if self.index && self.counts_per_turn.value.fract() != 0.0 {
            let what = "an index needs a whole number of counts for each turn";
            problems.push(Problem::new("counts_per_turn", what));
        }
        check::within(&mut problems, "count_bits", f64::from(self.count_bits.value), 2.0, 48.0);
        check::positive(&mut problems, "clock", self.clock.value.si());
        check::within(&mut problems, "period_bits", f64::from(self.period_bits.value), 4.0, 48.0);
        problems
    }
}

/// How many edges are remembered: a full cycle and the quarter before it.
const EDGES: usize = 6;

state_words! {
    /// What an encoder remembers.
    pub struct EncoderState {
        /// 1 after the first reading.
        pub started: u64,
        /// The count, without preload and wrap.
        pub count: i64,
        /// The shaft's angle at the last reading, counts.
        pub shaft: f64,
        /// The instant of the last reading.
        pub at: Time,
        /// +1 or −1 after the first edge.
        pub direction: i64,
        /// Edges in this direction, with the last one before a reversal, at most six.
        pub edges: u64,
        /// Ticks of the period clock at the last edges, the newest first.
        pub edge_ticks: [f64; EDGES],
        /// Index pulses since the start.
        pub index_pulses: u64,
        /// The count at the last of them, without preload and wrap.
        pub index_count: i64,
        /// Its instant.
        pub index_at: Time,
    }
}

/// The component `INSTANCE.ACTUATOR.encoder`, activated at each step of the mechanism.
///
/// Reads `INSTANCE.truth.actuators` as it stood before this instant. Writes `INSTANCE.ACTUATOR.encoder.count` (the
/// wire form, 0 ..= 2^bits − 1) and `INSTANCE.ACTUATOR.encoder.velocity` (of the actuator's output, rad/s or m/s); with an
/// index `INSTANCE.ACTUATOR.encoder.index` at each pulse, stamped with its instant: the count on the wire then, and the
/// number of pulses, 0 to 15.
pub struct Encoder {
    actuators: ReadPort,
    position: usize,
    velocity: usize,
    count_out: WritePort,
    velocity_out: WritePort,
    /// With the counts of one turn.
    index: Option<(WritePort, f64)>,
    /// Travel of the output for one count, rad or m; negative where the gear is.
    quantum: f64,
    clock_hz: f64,
    /// Ticks at which the period counter is full.
    period_limit: f64,
    shortest_predicted_quarter: f64,
    count_range: i64,
}

impl Encoder {
    /// The encoder of actuator number `place` of the `count` whose state `INSTANCE.truth.actuators` holds.
    ///
    /// # Errors
    /// What is wrong with the actuator's configuration, or a place that is not among the actuators.
    pub fn new(
        instance: &str,
        config: &ActuatorConfig,
        place: usize,
        count: usize,
        provenance: &Provenance<'_>,
        reg: &mut Registration,
    ) -> Result<Encoder, Vec<Problem>> {
        let problems = config.check();
        if !problems.is_empty() {
            return Err(problems);
        }
        if place >= count {
            return Err(vec![Problem::new("name", format!("actuator {place} of {count}"))]);
        }
        let encoder = &config.encoder;
        let path = format!("{instance}.{}.encoder", config.name);
        let numbers = [
            ("counts_per_turn", encoder.counts_per_turn.value, provenance.of(&encoder.counts_per_turn)),
            ("count_bits", f64::from(encoder.count_bits.value), provenance.of(&encoder.count_bits)),
            ("period_bits", f64::from(encoder.period_bits.value), provenance.of(&encoder.period_bits)),
            (
                "shortest_predicted_quarter",
                f64::from(encoder.shortest_predicted_quarter.value),
                provenance.of(&encoder.shortest_predicted_quarter),
            ),
        ];
        for (name, nominal, behind) in numbers {
            let (path, dimension) = (format!("{path}.{name}"), Dimension::NUMBER);
            reg.parameter(ParameterSpec::fixed(path, dimension, nominal, behind));
        }
        let clock_hz = encoder.clock.value.si();
        let clock = provenance.parameter(
            format!("{path}.clock"),
            Dimension::FREQUENCY,
            clock_hz,
            &encoder.clock,
            false,
        );
        reg.parameter(clock);
        reg.state::<EncoderState>();
        let speed = config.kind.position().over(Dimension::TIME);
        let number = |name: &str| Element { name: name.to_owned(), dimension: Dimension::NUMBER };
        let index = encoder.index.then(|| {
            let spec = GroupSpec::vector(format!("{path}.index"), vec![number("count"), number("pulses")])
                .meaning(
                    "Count on the wire at the encoder's last index pulse, and how many there were, modulo 16",
                );
            (reg.write(spec), encoder.counts_per_turn.value)
        });
        Ok(Encoder {
            index,
            actuators: reg.read_previous(format!("{instance}.truth.actuators")),
            position: place,
            velocity: count + place,
            count_out: reg.write(
                GroupSpec::scalar(format!("{path}.count"), Dimension::NUMBER)
                    .meaning("Count of the encoder as it is on the wire: preloaded with half its range"),
            ),
            velocity_out: reg.write(
                GroupSpec::scalar(format!("{path}.velocity"), speed)
                    .meaning("Speed of the actuator's output from the timing of the encoder's edges"),
            ),
            quantum: config.quantum(),
            clock_hz,
            period_limit: trocar_math::powi(2.0, encoder.period_bits.value.cast_signed()) - 1.0,
            shortest_predicted_quarter: f64::from(encoder.shortest_predicted_quarter.value),
            count_range: 1 << encoder.count_bits.value,
        })
    }

    /// Takes in the shaft's angle (counts) and speed (counts/s) at an instant after the last reading.
    fn take_in(&self, state: &mut EncoderState, shaft: f64, speed: f64, at: Time) {
        let count = (shaft + 0.5).floor() as i64;
        if state.started == 0 {
            *state = EncoderState { started: 1, count, shaft, at, ..bytemuck::Zeroable::zeroed() };
            return;
        }
        let moved = count - state.count;
        if moved != 0 {
            let direction = moved.signum();
            if direction != state.direction {
                // The edge at which the shaft turned around stays, as the firmware has it; there is none at the start.
                state.edges = u64::from(state.direction != 0);
                state.direction = direction;
            }
            let fresh = usize::try_from(moved.unsigned_abs()).unwrap_or(EDGES).min(EDGES);
            state.edge_ticks.copy_within(..EDGES - fresh, fresh);
            let way = Way::new(shaft - state.shaft, speed, at.since(state.at).seconds());
            let newest = count as f64 - 0.5 * direction as f64;
            for (older, ticks) in state.edge_ticks.iter_mut().take(fresh).enumerate() {
                let edge = newest - direction as f64 * older as f64;
                *ticks = ((at.seconds() - way.time_before_end(shaft - edge)) * self.clock_hz).ceil();
            }
            if let Some((_, turn)) = self.index {
                let (old, new) = (state.count as f64 / turn, count as f64 / turn);
                // Whole turns entered on the way: at the near side of a step up, at the far side of one down.
                let (passed, last) = if direction > 0 {
                    (new.floor() - old.floor(), new.floor() * turn)
                } else {
                    (old.ceil() - new.ceil(), new.ceil() * turn)
                };
                if passed > 0.0 {
                    let edge = last - 0.5 * direction as f64;
                    let before_end = Nanos::from_seconds(way.time_before_end(shaft - edge));
                    state.index_pulses += passed as u64;
                    state.index_count = last as i64;
                    state.index_at = Time(at.0.saturating_sub(before_end.unwrap_or(Nanos::ZERO).0));
                }
            }
            state.edges = state.edges.saturating_add(moved.unsigned_abs()).min(EDGES as u64);
            state.count = count;
        }
        state.shaft = shaft;
        state.at = at;
    }

    /// The speed that the firmware and its library give at `now`, counts/s.
    fn speed(&self, state: &EncoderState, now: Time) -> f64 {
        if state.edges < 5 {
            return 0.0;
        }
        let edge = &state.edge_ticks;
        let cycle = trocar_math::max(edge[0] - edge[4], 1.0);
        let since = (now.seconds() * self.clock_hz).floor() - edge[0];
        let run = trocar_math::clamp(since, 0.0, self.period_limit);
        if cycle >= self.period_limit {
            return 0.0;
        }
        let mut per_tick = 4.0 / cycle;
        let quarter = edge[0] - edge[1];
        if state.edges >= 6 && quarter >= self.shortest_predicted_quarter {
            let earlier = edge[4] - edge[5];
            if quarter > 0.0 && earlier > 0.0 {
                let previous = edge[1] - edge[5];
                let acceleration = 8.0 * (earlier - quarter) / (cycle * previous * (quarter + earlier));
                per_tick = trocar_math::max(per_tick + acceleration * (cycle / 2.0 + run), 0.0);
            }
        }
        if per_tick * run > 1.0 {
            per_tick = 1.0 / run;
        }
        state.direction as f64 * per_tick * self.clock_hz
    }
}

impl Component for Encoder {
    fn activate(&self, io: &mut Activation<'_>) -> Result<(), String> {
        let header = io.header(self.actuators);
        if header.valid == 0 {
            return Ok(());
        }
        let truth = io.read(self.actuators);
        let (shaft, speed) = (truth[self.position] / self.quantum, truth[self.velocity] / self.quantum);
        if shaft.abs() > 1e15 {
            return Err("the shaft has turned farther than any count reaches".to_owned());
        }
        let now = io.now;
        let state = io.state::<EncoderState>();
        let pulses_before = state.index_pulses;
        if state.started == 0 || header.stamp > state.at {
            self.take_in(state, shaft, speed, header.stamp);
        }
        let on_wire = |count: i64| (count + self.count_range / 2).rem_euclid(self.count_range) as f64;
        let wire = on_wire(state.count);
        let pulse = (on_wire(state.index_count), state.index_pulses, state.index_at);
        let velocity = self.speed(state, now) * self.quantum;
        io.write(self.count_out, &[wire]);
        io.write(self.velocity_out, &[velocity]);
        if let Some((port, _)) = self.index
            && pulse.1 > pulses_before
        {
            io.send(port, &[pulse.0, (pulse.1 % 16) as f64], pulse.2, Nanos::ZERO, true);
        }
        Ok(())
    }
}

/// The shaft's way over one step: constant acceleration where that is monotone, straight otherwise.
struct Way {
    /// Counts travelled over the step; not zero.
    travel: f64,
    /// Speed at the end as a share of the mean speed, in [0, 2]; 1 is a straight way.
    end_share: f64,
    step_s: f64,
}

impl Way {
    fn new(travel: f64, end_speed: f64, step_s: f64) -> Way {
        let share = end_speed * step_s / travel;
        let end_share = if (0.0..=2.0).contains(&share) { share } else { 1.0 };
        Way { travel, end_share, step_s }
    }

    /// How long before the end of the step the shaft was `distance` counts short of its end.
    ///
    /// With u = distance/travel and w the share, (w − 1)s² − w·s + u = 0 for the time s in steps; its root in [0, 1] is
    /// 2u/(w + √(w² − 4(w − 1)u)), whose discriminant is at least (w − 2)² for u in [0, 1] and w ≥ 1.
    fn time_before_end(&self, distance: f64) -> f64 {
        let u = trocar_math::clamp(distance / self.travel, 0.0, 1.0);
        if u == 0.0 {
            return 0.0;
        }
        let w = self.end_share;
        let discriminant = trocar_math::max(w * w - 4.0 * (w - 1.0) * u, 0.0);
        let steps = 2.0 * u / (w + discriminant.sqrt());
        trocar_math::min(steps, 1.0) * self.step_s
    }
}

state_words! {
    /// What the reader of a count remembers.
    pub struct DecoderState {
        /// 1 after the first count.
        pub started: u64,
        /// The last count on the wire.
        pub wire: i64,
        /// The count without preload and wrap.
        pub count: i64,
    }
}

/// The component `INSTANCE.ACTUATOR.encoder.decoder`: the controller's reading of the count, after whatever befell it
/// on the wire. Activated at each step, or with the bus.
///
/// Reads `INSTANCE.ACTUATOR.encoder.count`; writes `INSTANCE.ACTUATOR.encoder.position`, rad or m. The first count
/// stands for its distance from half the range; each later one for the shorter way around from the one before. A
/// count that is not valid leaves the position where it is and marks it.
pub struct CountDecoder {
    count: ReadPort,
    position: WritePort,
    quantum: f64,
    count_range: i64,
}

impl CountDecoder {
    /// The reader of an actuator's count.
    ///
    /// # Errors
    /// What is wrong with the actuator's configuration.
    pub fn new(
        instance: &str,
        config: &ActuatorConfig,
        reg: &mut Registration,
    ) -> Result<CountDecoder, Vec<Problem>> {
        let problems = config.check();
        if !problems.is_empty() {
            return Err(problems);
        }
        reg.state::<DecoderState>();
        let path = format!("{instance}.{}.encoder", config.name);
        Ok(CountDecoder {
            count: reg.read(format!("{path}.count")),
            position: reg.write(
                GroupSpec::scalar(format!("{path}.position"), config.kind.position())
                    .meaning("Position of the actuator's output by its encoder"),
            ),
            quantum: config.quantum(),
            count_range: 1 << config.encoder.count_bits.value,
        })
    }
}

impl Component for CountDecoder {
    fn activate(&self, io: &mut Activation<'_>) -> Result<(), String> {
        let header = io.header(self.count);
        if header.sequence == 0 {
            return Ok(());
        }
        let half = self.count_range / 2;
        let read = io.read(self.count)[0].round();
        let valid = header.valid == 1;
        let state = io.state::<DecoderState>();
        if valid {
            // A wire carries no number outside its range, whatever a fault writes.
            let wire = read.rem_euclid(self.count_range as f64) as i64;
            if state.started == 0 {
                *state = DecoderState { started: 1, wire, count: wire - half };
            } else {
                let moved = (wire - state.wire + half).rem_euclid(self.count_range) - half;
                state.count = state.count.saturating_add(moved);
                state.wire = wire;
            }
        }
        let position = state.count as f64 * self.quantum;
        io.send(self.position, &[position], header.stamp, trocar_signal::Nanos::ZERO, valid);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
