//! A brake: a spring presses it shut, and a coil with current lifts it.
//!
//! Engaged it holds its output by friction with true stick up to `holding`; beyond that it slips and brakes with as much.
//! From the command to its effect go two delays, one for each way (makers of permanent-magnet and spring-applied brakes
//! state both: the time until the torque stands, and the time until it is gone); between them it is wholly the one or the
//! other. Without a command that can be used, so also at the start, it engages: no current flows.
//!
//! The dVRK's configuration (`dvrk-io-config-generator.py`) publishes for the ECM Classic coil currents of 0.25, 0.22 and
//! 0.90 A for the 2.0 s of a release and 0.08, 0.07 and 0.20 A to hold it open; torques and delays are not published.

use crate::actuator::{ActuatorConfig, ActuatorKind};
use crate::check;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trocar_signal::quantity::{Current, Duration};
use trocar_signal::{
    Activation, AnyQuantity, Component, Dimension, GroupSpec, Nanos, ParameterPort, ParameterSpec, Problem,
    Provenance, ReadPort, Registration, Sourced, Time, WritePort, state_words,
};

/// The values of the group `INSTANCE.ACTUATOR.brake.command`, in order.
pub const BRAKE_COMMANDS: [&str; 2] = ["engage", "release"];

/// A brake on an actuator: on the motor's side of a transmission that gives way, on the output of a rigid one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a brake"))]
pub struct BrakeConfig {
    /// The effort that it holds, as it is felt at the output: the brake's own times the gear between.
    pub holding: Sourced<AnyQuantity>,
    /// From the command to engage until it holds.
    pub engage_delay: Sourced<Duration>,
    /// From the command to release until it is free.
    pub release_delay: Sourced<Duration>,
    /// Stiffness at the output before it slips.
    pub presliding_stiffness: Sourced<AnyQuantity>,
    /// Damping at the output before it slips.
    pub presliding_damping: Sourced<AnyQuantity>,
    /// What its coil draws.
    #[serde(default)]
    pub coil: Option<BrakeCoilConfig>,
}

/// The coil of a brake.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a brake's coil"))]
pub struct BrakeCoilConfig {
    /// Current while it releases.
    pub release_current: Sourced<Current>,
    /// How long that current flows.
    pub release_time: Sourced<Duration>,
    /// Current that keeps it open after that.
    pub hold_current: Sourced<Current>,
}

impl BrakeConfig {
    /// What is wrong with the numbers of this file section.
    #[must_use]
    pub fn check(&self, kind: ActuatorKind) -> Vec<Problem> {
        let mut problems = Vec::new();
        let quantities = [
            ("holding", &self.holding, kind.effort(), false),
            ("presliding_stiffness", &self.presliding_stiffness, kind.stiffness(), true),
            ("presliding_damping", &self.presliding_damping, kind.damping(), false),
        ];
        for (key, value, dimension, positive) in quantities {
            if check::dimension(&mut problems, key, value.value.dimension, dimension) {
                let test = if positive { check::positive } else { check::not_negative };
                test(&mut problems, key, value.value.si);
            }
        }
        check::not_negative(&mut problems, "engage_delay", self.engage_delay.value.si());
        check::not_negative(&mut problems, "release_delay", self.release_delay.value.si());
        if let Some(coil) = &self.coil {
            check::not_negative(&mut problems, "coil.release_current", coil.release_current.value.si());
            check::not_negative(&mut problems, "coil.release_time", coil.release_time.value.si());
            check::not_negative(&mut problems, "coil.hold_current", coil.hold_current.value.si());
        }
        problems
    }
}

state_words! {
    /// What a brake remembers.
    pub struct BrakeState {
        /// 1 while the command is to release.
        pub commanded: u64,
        /// When the command last changed.
        pub since: Time,
        /// 1 while it is released.
        pub released: u64,
    }
}

/// The component `INSTANCE.ACTUATOR.brake`, activated at each step of the mechanism before it.
///
/// Reads `INSTANCE.ACTUATOR.brake.command`. Writes `.brake.engaged`, `.brake.level` (the effort that it can hold over the
/// step that follows, N m or N) and, with a coil, `.brake.current` (A).
pub struct Brake {
    command: ReadPort,
    engaged: WritePort,
    level: WritePort,
    holding: ParameterPort,
    engage_delay: ParameterPort,
    release_delay: ParameterPort,
    coil: Option<Coil>,
}

struct Coil {
    current: WritePort,
    release_current_a: f64,
    release_time: Nanos,
    hold_current_a: f64,
}

impl Brake {
    /// The brake of an actuator; `None` where it has none. Registers `INSTANCE.ACTUATOR.brake.holding`, `.engage_delay`
    /// and `.release_delay` as tunable parameters.
    ///
    /// # Errors
    /// What is wrong with the brake's configuration.
    pub fn new(
        instance: &str,
        actuator: &ActuatorConfig,
        provenance: &Provenance<'_>,
        reg: &mut Registration,
    ) -> Result<Option<Brake>, Vec<Problem>> {
        let Some(config) = &actuator.brake else { return Ok(None) };
        let problems: Vec<Problem> = check::under("brake", config.check(actuator.kind)).collect();
        if !problems.is_empty() {
            return Err(problems);
        }
        let path = format!("{instance}.{}.brake", actuator.name);
        let effort = actuator.kind.effort();
        let holding = provenance.parameter(
            format!("{path}.holding"),
            effort,
            config.holding.value.si,
            &config.holding,
            true,
        );
        let holding = reg.parameter(holding.at_least(0.0));
        let mut delay = |name: &str, value: &Sourced<Duration>| {
            let spec = provenance.parameter(
                format!("{path}.{name}"),
                Dimension::TIME,
                value.value.si(),
                value,
                true,
            );
            reg.parameter(spec.at_least(0.0))
        };
        let engage_delay = delay("engage_delay", &config.engage_delay);
        let release_delay = delay("release_delay", &config.release_delay);
        for (name, value, dimension) in [
            ("presliding_stiffness", &config.presliding_stiffness, actuator.kind.stiffness()),
            ("presliding_damping", &config.presliding_damping, actuator.kind.damping()),
        ] {
            let path = format!("{path}.{name}");
            reg.parameter(ParameterSpec::fixed(path, dimension, value.value.si, provenance.of(value)));
        }
        reg.state::<BrakeState>();
        let coil = config.coil.as_ref().map(|coil| {
            for (name, si, dimension, behind) in [
                (
                    "release_current",
                    coil.release_current.value.si(),
                    Dimension::CURRENT,
                    provenance.of(&coil.release_current),
                ),
                (
                    "release_time",
                    coil.release_time.value.si(),
                    Dimension::TIME,
                    provenance.of(&coil.release_time),
                ),
                (
                    "hold_current",
                    coil.hold_current.value.si(),
                    Dimension::CURRENT,
                    provenance.of(&coil.hold_current),
                ),
            ] {
                reg.parameter(ParameterSpec::fixed(format!("{path}.coil.{name}"), dimension, si, behind));
            }
            let current = GroupSpec::scalar(format!("{path}.current"), Dimension::CURRENT)
                .meaning("Current of the brake's coil");
            Coil {
                current: reg.write(current),
                release_current_a: coil.release_current.value.si(),
                release_time: Nanos::from_seconds(coil.release_time.value.si()).unwrap_or(Nanos::ZERO),
                hold_current_a: coil.hold_current.value.si(),
            }
        });
        let engaged = GroupSpec::flag(format!("{path}.engaged")).meaning("Whether the brake is shut");
        let level = GroupSpec::scalar(format!("{path}.level"), effort)
            .meaning("Effort that the brake can hold at the output over the step that follows");
        Ok(Some(Brake {
            command: reg.read(format!("{path}.command")),
            engaged: reg.write(engaged),
            level: reg.write(level),
            holding,
            engage_delay,
            release_delay,
            coil,
        }))
    }
}

/// The group by which a supervisor commands the brake of an actuator.
#[must_use]
pub fn brake_command(instance: &str, actuator: &str) -> String {
    format!("{instance}.{actuator}.brake.command")
}

impl Component for Brake {
    fn activate(&self, io: &mut Activation<'_>) -> Result<(), String> {
        let release = io.is_valid(self.command) && io.read(self.command)[0] == 1.0;
        let delay_s = io.parameter(if release { self.release_delay } else { self.engage_delay });
        let (holding, now) = (io.parameter(self.holding), io.now);
        let state = io.state::<BrakeState>();
        let wanted = u64::from(release);
        if wanted != state.commanded {
            (state.commanded, state.since) = (wanted, now);
        }
        if state.released != wanted && now.since(state.since).seconds() >= delay_s {
            state.released = wanted;
        }
        let state = *state;
        let engaged = state.released == 0;
        io.write(self.engaged, &[f64::from(u8::from(engaged))]);
        io.write(self.level, &[if engaged { holding } else { 0.0 }]);
        if let Some(coil) = &self.coil {
            let current = match (release, now.since(state.since) < coil.release_time) {
                (false, _) => 0.0,
                (true, true) => coil.release_current_a,
                (true, false) => coil.hold_current_a,
            };
            io.write(coil.current, &[current]);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actuator::tests::insertion;
    use std::collections::BTreeMap;
    use trocar_signal::Standing;
    use trocar_signal::bench::Bench;

    fn quantity(text: &str) -> Sourced<AnyQuantity> {
        Sourced::bare(AnyQuantity::parse(text).unwrap())
    }

    /// The insertion's brake of an ECM Classic; its force and delays are made up.
    pub(crate) fn config() -> BrakeConfig {
        BrakeConfig {
            holding: quantity("60 N"),
            engage_delay: Sourced::bare(Duration::from_si(0.02)),
            release_delay: Sourced::bare(Duration::from_si(0.05)),
            presliding_stiffness: quantity("1e5 N/m"),
            presliding_damping: quantity("100 N s/m"),
            coil: Some(BrakeCoilConfig {
                release_current: Sourced::bare(Current::from_si(0.9)),
                release_time: Sourced::bare(Duration::from_si(2.0)),
                hold_current: Sourced::bare(Current::from_si(0.2)),
            }),
        }
    }

    const MS: u64 = 1_000_000;

    fn bench() -> Bench {
        let sources = BTreeMap::new();
        let provenance = Provenance { sources: &sources, source: None, standing: Standing::Assumed };
        let mut reg = Registration::new("ecm.insertion.brake");
        let actuator = ActuatorConfig { brake: Some(config()), ..insertion() };
        let brake = Brake::new("ecm", &actuator, &provenance, &mut reg).unwrap().unwrap();
        let inputs = vec![GroupSpec::state("ecm.insertion.brake.command", &BRAKE_COMMANDS)];
        Bench::new(inputs, vec![(reg, Box::new(brake))]).unwrap()
    }

    fn at(bench: &mut Bench, ms: u64) -> (bool, f64, f64) {
        bench.activate(0, Time(ms * MS)).unwrap();
        let value = |name: &str| bench.get(&format!("ecm.insertion.brake.{name}"))[0];
        (value("engaged") == 1.0, value("level"), value("current"))
    }

    #[test]
    fn each_way_takes_its_delay_and_the_coil_its_currents() {
        let mut bench = bench();
        let command = |bench: &mut Bench, ms: u64, value: f64| {
            bench.set("ecm.insertion.brake.command", Time(ms * MS), &[value]).unwrap();
        };
        assert_eq!(at(&mut bench, 0), (true, 60.0, 0.0), "nobody has commanded anything yet");
        command(&mut bench, 100, 1.0);
        assert_eq!(at(&mut bench, 100), (true, 60.0, 0.9));
        assert_eq!(at(&mut bench, 149), (true, 60.0, 0.9));
        assert_eq!(at(&mut bench, 150), (false, 0.0, 0.9));
        assert_eq!(at(&mut bench, 2099), (false, 0.0, 0.9));
        assert_eq!(at(&mut bench, 2100), (false, 0.0, 0.2));
        command(&mut bench, 3000, 0.0);
        assert_eq!(at(&mut bench, 3000), (false, 0.0, 0.0));
        assert_eq!(at(&mut bench, 3020), (true, 60.0, 0.0));
        // A command that is taken back in time has no effect.
        command(&mut bench, 4000, 1.0);
        assert!(at(&mut bench, 4000).0);
        command(&mut bench, 4030, 0.0);
        assert!(at(&mut bench, 4030).0);
        assert!(at(&mut bench, 4100).0);
    }

    #[test]
    fn worn_it_holds_less_and_each_mistake_is_named() {
        let mut bench = bench();
        bench.set_parameter("ecm.insertion.brake.holding", 10.0).unwrap();
        assert_eq!(at(&mut bench, 0).1, 10.0);
        let mut wrong = config();
        wrong.holding = quantity("60 N m");
        wrong.engage_delay = Sourced::bare(Duration::from_si(-1.0));
        let keys: Vec<String> = wrong.check(ActuatorKind::Prismatic).into_iter().map(|p| p.key).collect();
        assert_eq!(keys, ["holding", "engage_delay"]);
    }
}
