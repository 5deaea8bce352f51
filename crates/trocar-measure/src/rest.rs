//! Whether a signal rests, and where: what delays of motions are counted from.

use serde::{Deserialize, Serialize};
use trocar_signal::{Nanos, Time};

/// A signal that rests as long as it stays within a threshold of its level. The level is the mean over a quarter of the
/// time that makes a rest, between one and two quarters ago: so it follows a creep, and what a motion adds before it
/// passes the threshold is not in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rest {
    threshold: f64,
    /// How long it must stay to be at rest.
    lasts: Nanos,
    /// The level is zero and stays there.
    fixed: bool,
    is_resting: bool,
    since: Time,
    /// When it had rested last, and where.
    rested: Option<(Time, f64)>,
    level: f64,
    /// The level that comes next.
    next: f64,
    /// Of the quarter that is being read.
    quarter_began: Time,
    sum: f64,
    count: u64,
}

impl Rest {
    /// Around wherever the signal stays.
    pub fn new(threshold: f64, lasts: Nanos) -> Rest {
        Rest {
            threshold,
            lasts,
            fixed: false,
            is_resting: false,
            since: Time::ZERO,
            rested: None,
            level: 0.0,
            next: 0.0,
            quarter_began: Time::ZERO,
            sum: 0.0,
            count: 0,
        }
    }

    /// Around zero.
    pub fn around_zero(threshold: f64, lasts: Nanos) -> Rest {
        Rest { fixed: true, ..Rest::new(threshold, lasts) }
    }

    /// Where it had rested until now.
    pub fn rested(&self, now: Time) -> Option<f64> {
        let has_rested = self.is_resting && now.since(self.since) >= self.lasts;
        has_rested.then_some(self.level)
    }

    /// Where it had rested until now, or until half a rest ago: it may move before what it follows has passed its threshold.
    pub fn rested_of_late(&self, now: Time) -> Option<f64> {
        let of_late = self.rested.filter(|(at, _)| now.since(*at).0 <= self.lasts.0 / 2);
        self.rested(now).or(of_late.map(|(_, level)| level))
    }

    /// Whether a value is away from a level.
    pub fn is_away(&self, value: f64, level: f64) -> bool {
        (value - level).abs() > self.threshold
    }

    /// Takes a reading. Gives whether it leaves the level.
    pub fn push(&mut self, now: Time, value: f64) -> bool {
        if let Some(level) = self.rested(now) {
            self.rested = Some((now, level));
        }
        let leaves = self.is_resting && self.is_away(value, self.level);
        if self.fixed {
            let rests = !self.is_away(value, 0.0);
            if rests && !self.is_resting {
                self.since = now;
            }
            self.is_resting = rests;
            return leaves;
        }
        if leaves || !self.is_resting {
            (self.level, self.next, self.since, self.is_resting) = (value, value, now, true);
            (self.quarter_began, self.sum, self.count) = (now, 0.0, 0);
        } else if now.since(self.quarter_began).0 >= self.lasts.0 / 4 {
            self.level = self.next;
            self.next = self.sum / self.count as f64;
            (self.quarter_began, self.sum, self.count) = (now, 0.0, 0);
        }
        self.sum += value;
        self.count += 1;
        leaves
    }
}
