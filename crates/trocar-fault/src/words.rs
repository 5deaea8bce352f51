//! What is said of a fault: a sentence for people and the adverse-event codes that reports of real devices use.
//!
//! The codes are those of IMDRF's "Terminologies for Categorized Adverse Event Reporting" (AER, N43), release of 2023:
//! Annex A medical device problem, C cause, G component. The terms are IMDRF's; which code a simulated fault gets is
//! this project's choice. A report compares them with the release that is current for it.

use crate::config::{FaultConfig, Kind};
use serde::{Deserialize, Serialize};
use trocar_signal::{AnyQuantity, Dimension};

/// What kind of part a fault is aimed at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// A sensor: encoder, current or force sensor, tracker, or the state that is made of their readings.
    Sensor,
    /// A motor, by its command or its current.
    Motor,
    /// A message or command on its way.
    Message,
}

impl Part {
    /// The part that a path speaks of.
    #[must_use]
    pub fn of(path: &str) -> Part {
        const SENSORS: &[&str] = &[
            "encoder",
            "potentiometer",
            "measured_positions",
            "torque_sensor",
            "wrench",
            "angular_velocity",
            "specific_force",
            "count",
            "sensor",
            "measured_js",
            "measured_cp",
            "measured_cv",
        ];
        let has = |names: &[&str]| path.split('.').any(|part| names.contains(&part));
        if has(&["current_command", "motor"]) {
            Part::Motor
        } else if has(SENSORS) {
            Part::Sensor
        } else {
            Part::Message
        }
    }
}

/// One code of a terminology.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Code {
    /// The code; its first letter is the annex.
    pub code: &'static str,
    /// The term.
    pub term: &'static str,
}

macro_rules! codes {
    ($($name:ident = $code:literal $term:literal;)*) => { $(const $name: Code = Code { code: $code, term: $term };)* };
}

codes! {
    FAILURE_TO_SENSE = "A070908" "Failure to Sense";
    SENSING_INTERMITTENTLY = "A070911" "Sensing Intermittently";
    INCORRECT_INTERPRETATION = "A070912" "Incorrect Interpretation of Signal";
    IMPRECISION = "A0803" "Imprecision";
    ARTIFACT = "A090801" "Signal Artifact/Noise";
    INCORRECT_MEASUREMENT = "A090805" "Incorrect Measurement";
    UNINTENDED_MOTION = "A051206" "Unintended System Motion";
    MECHANICS_ALTERED = "A0507" "Mechanics Altered";
    VIBRATION = "A051208" "Vibration";
    POSITIONING_FAILURE = "A150201" "Positioning Failure";
    FAILURE_TO_READ_INPUT = "A1301" "Failure to Read Input Signal";
    INTERMITTENT_COMMUNICATION = "A1303" "Intermittent Communication Failure";
    SENSOR = "G03012" "Sensor";
    MOTOR = "G04090" "Motor";
    NETWORK_INTERFACE = "G0200703" "Network Interface";
}

/// The codes for what a fault does to a part, the first the one to quote; `reverses`: it turns a sign around.
#[must_use]
pub fn codes(part: Part, kind: Kind, reverses: bool) -> &'static [Code] {
    match (part, kind) {
        (Part::Sensor, Kind::Scale) if reverses => &[INCORRECT_INTERPRETATION, SENSOR],
        (Part::Sensor, Kind::StuckLast | Kind::StuckAt | Kind::Dropout) => &[FAILURE_TO_SENSE, SENSOR],
        (Part::Sensor, Kind::MissedCounts) => &[SENSING_INTERMITTENTLY, SENSOR],
        (Part::Sensor, Kind::Noise) => &[ARTIFACT, SENSOR],
        (Part::Sensor, Kind::Offset | Kind::Drift) => &[IMPRECISION, INCORRECT_MEASUREMENT, SENSOR],
        (Part::Sensor, Kind::Scale | Kind::BitFlip) => &[INCORRECT_MEASUREMENT, SENSOR],
        (Part::Motor, Kind::Scale) if !reverses => &[MECHANICS_ALTERED, POSITIONING_FAILURE, MOTOR],
        (Part::Motor, Kind::Dropout) => &[POSITIONING_FAILURE, MOTOR],
        (Part::Motor, Kind::Noise) => &[VIBRATION, MOTOR],
        (Part::Motor, _) => &[UNINTENDED_MOTION, MOTOR],
        (Part::Message, Kind::StuckLast | Kind::StuckAt | Kind::Dropout) => {
            &[FAILURE_TO_READ_INPUT, NETWORK_INTERFACE]
        }
        (Part::Message, Kind::MissedCounts) => &[INTERMITTENT_COMMUNICATION, NETWORK_INTERFACE],
        (Part::Message, Kind::Noise) => &[ARTIFACT, NETWORK_INTERFACE],
        (Part::Message, _) => &[INCORRECT_INTERPRETATION, NETWORK_INTERFACE],
    }
}

/// A quantity in the unit in which people say it, to nine digits: 5 deg, not 0.0873 rad.
fn spoken(quantity: AnyQuantity) -> String {
    const UNITS: &[(Dimension, f64, &str)] = &[
        (Dimension::LENGTH, 1e3, "mm"),
        (Dimension::VELOCITY, 1e3, "mm/s"),
        (Dimension::ANGLE, 180.0 / std::f64::consts::PI, "deg"),
        (Dimension::ANGULAR_VELOCITY, 180.0 / std::f64::consts::PI, "deg/s"),
        (Dimension::TIME, 1e3, "ms"),
        (Dimension::NUMBER, 1.0, ""),
    ];
    let Some((_, factor, unit)) = UNITS.iter().find(|(dimension, ..)| *dimension == quantity.dimension)
    else {
        return quantity.to_string();
    };
    // The way through text rounds to nine digits exactly as it is printed.
    let rounded: f64 = format!("{:.8e}", quantity.si * factor).parse().unwrap_or(quantity.si * factor);
    format!("{rounded} {unit}").trim_end().to_owned()
}

/// How much, as text; `None` where there is nothing to say or it is missing.
pub(crate) fn amount(config: &FaultConfig) -> Option<String> {
    let text = |quantity: Option<AnyQuantity>| quantity.map(spoken);
    match config.kind {
        Kind::StuckLast | Kind::Dropout => None,
        Kind::StuckAt => text(config.value),
        Kind::Offset => text(config.by),
        Kind::Scale => config.factor.map(|f| f.to_string()),
        Kind::Drift => text(config.rate),
        Kind::Noise => text(config.sd),
        Kind::BitFlip => config.bit.map(|b| b.to_string()),
        Kind::MissedCounts => config.counts.map(|c| c.to_string()),
    }
}

/// What a fault does, as one sentence for people.
pub(crate) fn sentence(kind: Kind, target: &str, amount: Option<&str>, reader: Option<&str>) -> String {
    let amount = amount.unwrap_or("nothing");
    let what = match kind {
        Kind::StuckLast => format!("`{target}` stays at the last value before the fault"),
        Kind::StuckAt => format!("`{target}` stays at {amount}"),
        Kind::Offset => format!("`{target}` is off by {amount}"),
        Kind::Scale => format!("`{target}` is multiplied by {amount}"),
        Kind::Drift => format!("`{target}` drifts away by {amount}"),
        Kind::Noise => format!("`{target}` is noisy with a standard deviation of {amount}"),
        Kind::Dropout => format!("`{target}` is marked as not to be used"),
        Kind::BitFlip => format!("bit {amount} of `{target}` is turned over"),
        Kind::MissedCounts => format!("{amount} counts are missing in `{target}`"),
    };
    match reader {
        Some(reader) => format!("{what}, as `{reader}` alone reads it."),
        None => format!("{what}."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_tells_the_part() {
        assert_eq!(Part::of("exo.right_knee.encoder.position"), Part::Sensor);
        assert_eq!(Part::of("psm1.yaw.current_command"), Part::Motor);
        assert_eq!(Part::of("psm1.servo_jp.position.yaw"), Part::Message);
        assert_eq!(Part::of("psm1.measured_js.position.yaw"), Part::Sensor);
    }

    #[test]
    fn amounts_are_said_as_people_say_them() {
        let said = |text| spoken(AnyQuantity::parse(text).unwrap());
        assert_eq!(said("5 deg"), "5 deg");
        assert_eq!(said("-0.2 mm"), "-0.2 mm");
        assert_eq!(said("30 ms"), "30 ms");
        assert_eq!(said("2 1"), "2");
        assert_eq!(said("0.5 A"), "0.5 A");
    }

    #[test]
    fn every_kind_on_every_part_has_codes_and_a_sentence() {
        for kind in Kind::ALL {
            for part in [Part::Sensor, Part::Motor, Part::Message] {
                for reverses in [false, true] {
                    let codes = codes(part, kind, reverses);
                    assert!(codes.first().is_some_and(|c| c.code.starts_with('A')), "{kind:?} {part:?}");
                    assert!(codes.last().is_some_and(|c| c.code.starts_with('G')), "{kind:?} {part:?}");
                }
            }
            let sentence = sentence(kind, "a.b", Some("3 mm"), Some("a.servo"));
            assert!(
                sentence.contains("`a.b`") && sentence.ends_with("`a.servo` alone reads it."),
                "{sentence}"
            );
            assert_eq!(sentence.contains("3 mm"), kind.amount_key().is_some());
        }
        // The code that the shipped example quotes.
        assert_eq!(codes(Part::Sensor, Kind::StuckLast, false)[0].code, "A070908");
    }
}
