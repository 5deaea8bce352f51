//! One actuator of an arm as its file describes it: motor, gear, encoder, potentiometer.
//!
//! Positions and efforts of an actuator are those of its output, after the gear: rad and N m where the output turns,
//! m and N where it slides. The motor's shaft turns by `gear` radians for each radian or metre of the output.

use crate::brake::BrakeConfig;
use crate::check;
use crate::encoder::EncoderConfig;
use crate::motor::{MotorConfig, RippleConfig};
use crate::potentiometer::PotentiometerConfig;
use crate::transmission::TransmissionConfig;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trocar_signal::quantity::{MomentOfInertia, TorqueConstant};
use trocar_signal::{AnyQuantity, Dimension, ParameterSpec, Problem, Provenance, Sourced};

/// Whether something turns or slides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ActuatorKind {
    /// It turns: position in rad, effort in N m.
    Revolute,
    /// It slides: position in m, effort in N.
    Prismatic,
}

impl ActuatorKind {
    /// What its position measures.
    #[must_use]
    pub fn position(self) -> Dimension {
        match self {
            ActuatorKind::Revolute => Dimension::ANGLE,
            ActuatorKind::Prismatic => Dimension::LENGTH,
        }
    }

    /// What its effort measures.
    #[must_use]
    pub fn effort(self) -> Dimension {
        match self {
            ActuatorKind::Revolute => Dimension::TORQUE,
            ActuatorKind::Prismatic => Dimension::FORCE,
        }
    }

    /// What its stiffness measures.
    #[must_use]
    pub fn stiffness(self) -> Dimension {
        self.effort().over(self.position())
    }

    /// What its damping measures.
    #[must_use]
    pub fn damping(self) -> Dimension {
        self.stiffness().times(Dimension::TIME)
    }

    /// What its gear measures: radians of the motor's shaft for each radian or metre of the output.
    #[must_use]
    pub fn gear(self) -> Dimension {
        Dimension::ANGLE.over(self.position())
    }
}

/// One actuator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ActuatorConfig {
    /// Name within the arm, e.g. `yaw` or `disc_1`.
    pub name: String,
    /// Whether its output turns or slides.
    pub kind: ActuatorKind,
    /// Radians of the motor's shaft for each radian (`"56.5 rad/rad"`) or metre (`"336.6 rad/m"`) of the output. A
    /// negative number turns the sense around.
    pub gear: Sourced<AnyQuantity>,
    /// Torque of the motor's shaft for each ampere.
    pub torque_constant: Sourced<TorqueConstant>,
    /// Moment of inertia of rotor and shaft about their own axis, where it is not part of the links' inertia. Behind a
    /// transmission that gives way it must be given.
    #[serde(default)]
    pub rotor_inertia: Option<Sourced<MomentOfInertia>>,
    /// What gives way between motor and output. Without it the two are rigidly one.
    #[serde(default)]
    pub transmission: Option<TransmissionConfig>,
    /// Its brake.
    #[serde(default)]
    pub brake: Option<BrakeConfig>,
    /// The motor's amplifier.
    pub motor: MotorConfig,
    /// The encoder on the motor's shaft.
    pub encoder: EncoderConfig,
    /// The potentiometer on the output. Absent: it has none.
    #[serde(default)]
    pub potentiometer: Option<PotentiometerConfig>,
}

impl ActuatorConfig {
    /// What is wrong with the numbers of this file section.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        check::name(&mut problems, "name", &self.name);
        let gear = self.gear.value;
        if check::dimension(&mut problems, "gear", gear.dimension, self.kind.gear()) && gear.si == 0.0 {
            problems.push(Problem::new("gear", "a gear of zero moves nothing"));
        }
        check::positive(&mut problems, "torque_constant", self.torque_constant.value.si());
        if let Some(inertia) = &self.rotor_inertia {
            check::not_negative(&mut problems, "rotor_inertia", inertia.value.si());
        }
        if let Some(transmission) = &self.transmission {
            problems.extend(check::under("transmission", transmission.check(self.kind)));
            if !self.rotor_inertia.as_ref().is_some_and(|inertia| inertia.value.si() > 0.0) {
                let what = "behind a transmission the rotor is a body of its own: give its moment of inertia about the \
                            motor's axis (a datasheet's, or one marked `standing = \"assumed\"`)";
                problems.push(Problem::new("rotor_inertia", what));
            }
        }
        if let Some(brake) = &self.brake {
            problems.extend(check::under("brake", brake.check(self.kind)));
        }
        problems.extend(check::under("motor", self.motor.check()));
        problems.extend(check::under("encoder", self.encoder.check()));
        if let Some(potentiometer) = &self.potentiometer {
            problems.extend(check::under("potentiometer", potentiometer.check(self.kind.position())));
        }
        problems
    }

    /// Effort at the output for each ampere by the numbers of the file, N m/A or N/A: torque constant × gear.
    #[must_use]
    pub fn effort_per_ampere(&self) -> f64 {
        self.torque_constant.value.si() * self.gear.value.si
    }

    /// Travel of the output for one count of the encoder, rad or m.
    #[must_use]
    pub fn quantum(&self) -> f64 {
        std::f64::consts::TAU / (self.encoder.counts_per_turn.value * self.gear.value.si)
    }

    /// The parameters of the torque ripples: amplitudes (tunable), cycles and phases.
    #[must_use]
    pub fn ripple_parameters(&self, instance: &str, provenance: &Provenance<'_>) -> Vec<[ParameterSpec; 3]> {
        let spec = |(place, ripple): (usize, &RippleConfig)| {
            let path = format!("{instance}.{}.motor.ripple_{place}", self.name);
            let (amplitude, cycles, phase) = (&ripple.amplitude, &ripple.per_turn, &ripple.phase);
            let (torque, number) = (Dimension::TORQUE, Dimension::NUMBER);
            [
                provenance
                    .parameter(format!("{path}.amplitude"), torque, amplitude.value.si(), amplitude, true)
                    .at_least(0.0),
                provenance.parameter(format!("{path}.per_turn"), number, cycles.value, cycles, false),
                provenance.parameter(
                    format!("{path}.phase"),
                    Dimension::ANGLE,
                    phase.value.si(),
                    phase,
                    false,
                ),
            ]
        };
        self.motor.ripple.iter().enumerate().map(spec).collect()
    }

    /// The parameters of the way from current to effort, for the component that lets the power flow: torque constant
    /// (tunable) and gear.
    #[must_use]
    pub fn power_parameters(&self, instance: &str, provenance: &Provenance<'_>) -> [ParameterSpec; 2] {
        let motor = format!("{instance}.{}.motor", self.name);
        [
            provenance.parameter(
                format!("{motor}.torque_constant"),
                Dimension::TORQUE_CONSTANT,
                self.torque_constant.value.si(),
                &self.torque_constant,
                true,
            ),
            provenance.parameter(
                format!("{motor}.gear"),
                self.kind.gear(),
                self.gear.value.si,
                &self.gear,
                false,
            ),
        ]
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::motor::DacConfig;
    use trocar_signal::quantity::{Current, Duration, Frequency};

    /// The insertion of a PSM Classic: numbers of the dVRK's io-config-generator and of the QLA board; the current
    /// loop's time constant is assumed.
    pub(crate) fn insertion() -> ActuatorConfig {
        ActuatorConfig {
            name: "insertion".to_owned(),
            kind: ActuatorKind::Prismatic,
            gear: Sourced::bare(AnyQuantity { si: 336.6, dimension: Dimension::ANGLE_PER_LENGTH }),
            torque_constant: Sourced::bare(TorqueConstant::from_si(0.0438)),
            rotor_inertia: None,
            transmission: None,
            brake: None,
            motor: MotorConfig {
                max_current: Sourced::bare(Current::from_si(0.67)),
                dac: DacConfig { bits: Sourced::bare(16), full_scale: Sourced::bare(Current::from_si(6.25)) },
                time_constant: Sourced::bare(Duration::from_si(2e-4)),
                winding: None,
                thermal: None,
                ripple: Vec::new(),
            },
            encoder: EncoderConfig {
                counts_per_turn: Sourced::bare(14_400.0),
                count_bits: Sourced::bare(24),
                clock: Sourced::bare(Frequency::from_si(49.152e6)),
                period_bits: Sourced::bare(26),
                shortest_predicted_quarter: Sourced::bare(2000),
                index: false,
            },
            potentiometer: None,
        }
    }

    #[test]
    fn derived_numbers_are_those_of_the_published_configuration() {
        let insertion = insertion();
        assert_eq!(insertion.check(), []);
        // Published as 1.29629 µm per count and as current for each newton, 0.067828 A/N.
        assert!((insertion.quantum() - 1.296_29e-6).abs() < 1e-11);
        assert!((1.0 / insertion.effort_per_ampere() - 0.067_828).abs() < 1e-6);
    }

    #[test]
    fn each_wrong_number_is_named() {
        let mut config = insertion();
        config.name = "Yaw".to_owned();
        config.gear = Sourced::bare(AnyQuantity { si: 56.5, dimension: Dimension::NUMBER });
        config.torque_constant = Sourced::bare(TorqueConstant::from_si(-1.0));
        config.motor.max_current = Sourced::bare(Current::from_si(7.0));
        config.encoder.count_bits = Sourced::bare(1);
        let keys: Vec<String> = config.check().into_iter().map(|p| p.key).collect();
        assert_eq!(keys, ["name", "gear", "torque_constant", "motor.max_current", "encoder.count_bits"]);
        config.kind = ActuatorKind::Revolute;
        config.gear = Sourced::bare(AnyQuantity { si: 0.0, dimension: Dimension::NUMBER });
        assert_eq!(config.check().iter().filter(|p| p.key == "gear").count(), 1);
    }
}
