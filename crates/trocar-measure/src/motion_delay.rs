//! Delays of motions: start delay, slope-change delay, following delay. Both signals are read at the same instants.
//!
//! A **motion** begins when `commanded` has rested and then leaves its level. Motions that begin before it has rested
//! inside the window (the first, if the command moves at once) do not count. Where `of` had not come to rest, or does
//! not follow, there is no figure: to leave the slow answers out of a mean would flatter it.
//!
//! **Start delay** (CN115475013A): from the first reading at which `commanded` is further than its threshold from where
//! it rested, to the first at which `of` is. What the thresholds cost is part of the figure: with a ramp of speed v
//! through a pure delay T it is T + (ε_of − ε_commanded)/v; with a jump of height A through a delay and a lag of the
//! first order τ it is T − τ ln(1 − ε_of/A).
//!
//! **Slope-change delay** (the oscilloscope method of two channels: stamps of the break of slope after a moving
//! average): the same with the slopes of the signals' moving averages over W, (x(t) − x(t − W))/W, which rest around
//! zero. The average delays both channels alike. A ramp of speed v through a pure delay T gives T exactly (with equal
//! thresholds); through a lag of the first order the slope of `of` grows as v (1 − e^(−t/τ)), so that a threshold c is
//! passed later by the t at which the mean of that over W reaches c.
//!
//! **Following delay** (CN115475013A): at displacements d from where the motion began, from `commanded` being there to
//! `of` being at scale × d from its own rest; instants between readings are interpolated. A ramp gives T + τ at any d
//! late enough (d ≫ v τ), a jump T − τ ln(1 − d/A), and a displacement that `of` lacks for good (friction, droop) counts
//! as time: e/v.
//!
//! Where `of` passes its threshold first (a feed-forward, a tremor), a start delay counts as zero.
//!
//! The instant of a threshold lies within one interval between readings at each end; a jump counts from the first reading
//! that has it (of the following delay: up to one interval earlier).

use crate::figure::{FigureRow, NoFigure};
use crate::instrument::ReadingUncertainty;
use crate::noise::largest_of;
use crate::repeats::{Repeats, Summary};
use crate::rest::Rest;
use crate::running::Running;
use crate::statistic::DelayStatistic;
use crate::uncertainty::{ComponentName, UncertaintyComponent, both_ends};
use serde::{Deserialize, Serialize};
use std::f64::consts::SQRT_2;
use trocar_signal::{Dimension, Nanos, Time};

/// What delays of motions of either kind count.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Ledger {
    events: u64,
    restless: u64,
    unanswered: u64,
    /// Delays, s.
    repeats: Repeats,
    /// Speeds of `of` where it passed (unit/s), for what noise does there.
    speeds: Running,
    /// From one reading to the next, s.
    intervals: Running,
    last: Option<Time>,
}

impl Ledger {
    fn new(statistic: DelayStatistic) -> Ledger {
        Ledger {
            events: 0,
            restless: 0,
            unanswered: 0,
            repeats: Repeats::new(statistic),
            speeds: Running::default(),
            intervals: Running::default(),
            last: None,
        }
    }

    fn read(&mut self, now: Time) {
        if let Some(last) = self.last.replace(now) {
            self.intervals.push(now, now.since(last).seconds());
        }
    }

    /// `waiting`: how many answers are outstanding. `noise_sd`: of what is compared with the threshold.
    fn row(&self, waiting: u64, need: String, noise_sd: f64) -> Result<FigureRow, NoFigure> {
        if self.intervals.count() == 0 {
            return Err(NoFigure::NoReading);
        }
        if self.restless > 0 {
            return Err(NoFigure::Restless { restless: self.restless, events: self.events });
        }
        if self.events == 0 {
            return Err(NoFigure::NoMotion { need });
        }
        let unanswered = self.unanswered + waiting;
        if unanswered > 0 {
            return Err(NoFigure::NotFollowed { unanswered, events: self.events });
        }
        let Summary { row, sampled, lifted } = self.repeats.summary(Dimension::TIME)?;
        let interval = both_ends(self.intervals.mean());
        let mut row = row.with([UncertaintyComponent::type_b(ComponentName::ReadingInterval, interval)]);
        let speed = self.speeds.mean();
        if noise_sd > 0.0 && speed > 0.0 {
            let noise_s = SQRT_2 * noise_sd / speed;
            row = row.with(
                (!sampled).then_some(UncertaintyComponent::type_b(ComponentName::ThresholdNoise, noise_s)),
            );
            row.noise_bias = lifted * largest_of(row.n) * noise_s;
        }
        Ok(row)
    }
}

/// The last values of a signal, to give the one a certain time ago.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Slope {
    width: Nanos,
    /// A ring; its length is the room there is.
    readings: Vec<(Time, f64)>,
    next: usize,
    count: usize,
}

impl Slope {
    fn new(width: Nanos, room: usize) -> Slope {
        Slope { width, readings: vec![(Time::ZERO, 0.0); room.max(2)], next: 0, count: 0 }
    }

    /// The slope of the moving average, from when the signal was read for a whole width.
    fn push(&mut self, now: Time, value: f64) -> Option<f64> {
        let room = self.readings.len();
        self.readings[self.next] = (now, value);
        self.next = (self.next + 1) % room;
        self.count = (self.count + 1).min(room);
        // The newest reading that is at least a width old; readings older than it are dropped.
        while self.count > 1 {
            let (second, _) = self.readings[(self.next + room - self.count + 1) % room];
            if now.since(second) < self.width {
                break;
            }
            self.count -= 1;
        }
        let (at, oldest) = self.readings[(self.next + room - self.count) % room];
        let age = now.since(at);
        (age >= self.width && age > Nanos::ZERO).then(|| (value - oldest) / age.seconds())
    }
}

/// A start delay, or with slopes a slope-change delay, in progress.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StartDelay {
    /// Of `of` and `commanded`, where slopes are compared.
    slopes: Option<[Slope; 2]>,
    of: Rest,
    commanded: Rest,
    /// Since when and from which level an answer is outstanding.
    waiting: Option<(Time, f64)>,
    /// What `of` was at the last reading.
    before: Option<(Time, f64)>,
    ledger: Ledger,
}

impl StartDelay {
    /// Thresholds of `of` and `commanded`, and how long rest lasts.
    pub fn of_positions(thresholds: [f64; 2], rest: Nanos, statistic: DelayStatistic) -> StartDelay {
        let [of, commanded] = thresholds.map(|threshold| Rest::new(threshold, rest));
        StartDelay {
            slopes: None,
            of,
            commanded,
            waiting: None,
            before: None,
            ledger: Ledger::new(statistic),
        }
    }

    /// Thresholds of the slopes; the width of the moving average, and readings that are kept of it.
    pub fn of_slopes(
        thresholds: [f64; 2],
        width: Nanos,
        room: usize,
        rest: Nanos,
        statistic: DelayStatistic,
    ) -> StartDelay {
        let [of, commanded] = thresholds.map(|threshold| Rest::around_zero(threshold, rest));
        let slopes = Some([Slope::new(width, room), Slope::new(width, room)]);
        StartDelay { slopes, of, commanded, ..StartDelay::of_positions(thresholds, rest, statistic) }
    }

    pub fn push(&mut self, now: Time, counts: bool, of: f64, commanded: f64) {
        self.ledger.read(now);
        let (of, commanded) = match &mut self.slopes {
            None => (of, commanded),
            Some([a, b]) => match (a.push(now, of), b.push(now, commanded)) {
                (Some(of), Some(commanded)) => (of, commanded),
                _ => return,
            },
        };
        let had_rested = self.commanded.rested(now).is_some();
        if self.commanded.push(now, commanded) && had_rested && counts {
            self.ledger.events += 1;
            self.ledger.unanswered += u64::from(self.waiting.is_some());
            self.waiting = self.of.rested_of_late(now).map(|level| (now, level));
            self.ledger.restless += u64::from(self.waiting.is_none());
        }
        if let Some((from, level)) = self.waiting
            && self.of.is_away(of, level)
        {
            self.waiting = None;
            self.ledger.repeats.push(from, now.since(from).seconds());
            if let Some((at, before)) = self.before {
                let speed = (of - before).abs() / now.since(at).seconds();
                self.ledger.speeds.push(now, speed);
            }
        }
        self.of.push(now, of);
        self.before = Some((now, of));
    }

    pub fn row(&self, instrument: Option<&ReadingUncertainty>) -> Result<FigureRow, NoFigure> {
        let noise_sd = instrument.map_or(0.0, |instrument| instrument.scatter_sd());
        // Of a slope, two readings scatter.
        let over_s = self.slopes.as_ref().map_or(1.0, |[slope, _]| slope.width.seconds() / SQRT_2);
        let need = "a motion begins when it has rested inside the window and then passes its threshold";
        self.ledger.row(u64::from(self.waiting.is_some()), need.to_owned(), noise_sd / over_s)
    }
}

/// Instants of one motion at one target, s since it began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Passing {
    commanded_s: Option<f64>,
    of_s: Option<f64>,
}

/// A motion whose targets are watched.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Motion {
    began: Time,
    of_level: f64,
    commanded_level: f64,
    /// 1 where the command went up, −1 down.
    sense: f64,
}

/// A following delay in progress.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FollowingDelay {
    /// Displacements of `commanded`, greater than zero.
    targets: Vec<f64>,
    /// Displacement of `of` over that of `commanded`.
    scale: f64,
    of: Rest,
    commanded: Rest,
    motion: Option<Motion>,
    passings: Vec<Passing>,
    /// The last reading: instant, `of`, `commanded`.
    before: Option<(Time, f64, f64)>,
    ledger: Ledger,
}

/// Share of the nearest target from which on a motion counts as begun. Declared: a fiftieth is beyond the noise of any
/// instrument that can tell the target.
const BEGINS_AT: f64 = 0.02;

impl FollowingDelay {
    pub fn new(targets: Vec<f64>, scale: f64, rest: Nanos, statistic: DelayStatistic) -> FollowingDelay {
        let nearest = targets.iter().copied().fold(f64::INFINITY, trocar_math::min);
        let threshold = BEGINS_AT * nearest;
        FollowingDelay {
            passings: vec![Passing::default(); targets.len()],
            targets,
            scale,
            of: Rest::new(threshold * scale.abs(), rest),
            commanded: Rest::new(threshold, rest),
            motion: None,
            before: None,
            ledger: Ledger::new(statistic),
        }
    }

    fn outstanding(&self) -> u64 {
        let open = self.passings.iter().filter(|p| p.commanded_s.is_some() != p.of_s.is_some());
        if self.motion.is_some() { open.count() as u64 } else { 0 }
    }

    pub fn push(&mut self, now: Time, counts: bool, of: f64, commanded: f64) {
        self.ledger.read(now);
        let rested = self.commanded.rested(now);
        if self.commanded.push(now, commanded)
            && let Some(level) = rested
        {
            self.ledger.unanswered += self.outstanding();
            self.motion = None;
            self.passings.fill(Passing::default());
            if counts {
                let sense = if commanded > level { 1.0 } else { -1.0 };
                if let Some(of_level) = self.of.rested_of_late(now) {
                    self.motion = Some(Motion { began: now, of_level, commanded_level: level, sense });
                } else {
                    self.ledger.restless += 1;
                    self.ledger.events += 1;
                }
            }
        }
        if let (Some(motion), Some((at, of_before, commanded_before))) = (self.motion, self.before) {
            let since_s =
                |instant: Time| instant.since(motion.began).seconds() - motion.began.since(instant).seconds();
            let ends_s = (since_s(at), since_s(now));
            let of_way = |value: f64| motion.sense * (value - motion.of_level) / self.scale;
            let commanded_way = |value: f64| motion.sense * (value - motion.commanded_level);
            let of_ways = (of_way(of_before), of_way(of));
            let commanded_ways = (commanded_way(commanded_before), commanded_way(commanded));
            for (target, passing) in self.targets.iter().zip(&mut self.passings) {
                let was_open = passing.commanded_s.is_none() || passing.of_s.is_none();
                if passing.commanded_s.is_none() {
                    passing.commanded_s = passed(*target, commanded_ways, ends_s);
                    self.ledger.events += u64::from(passing.commanded_s.is_some());
                }
                if passing.of_s.is_none() {
                    passing.of_s = passed(*target, of_ways, ends_s);
                }
                if was_open && let (Some(from), Some(to)) = (passing.commanded_s, passing.of_s) {
                    self.ledger.repeats.push(now, to - from);
                    let speed = (of - of_before).abs() / now.since(at).seconds();
                    self.ledger.speeds.push(now, speed);
                }
            }
        }
        self.of.push(now, of);
        self.before = Some((now, of, commanded));
    }

    pub fn row(&self, instrument: Option<&ReadingUncertainty>) -> Result<FigureRow, NoFigure> {
        let noise_sd = instrument.map_or(0.0, |instrument| instrument.scatter_sd());
        let need = "it must rest inside the window and then pass a target";
        self.ledger.row(self.outstanding(), need.to_owned(), noise_sd)
    }
}

/// When a way that rises or falls evenly between two readings passes a target upwards.
fn passed(target: f64, ways: (f64, f64), ends_s: (f64, f64)) -> Option<f64> {
    let is_passed = ways.0 < target && target <= ways.1;
    is_passed.then(|| ends_s.0 + (ends_s.1 - ends_s.0) * (target - ways.0) / (ways.1 - ways.0))
}
