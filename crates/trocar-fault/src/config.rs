//! A fault as a scenario file describes it.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::borrow::Cow;
use trocar_logic::{TriggerConfig, TriggerPlace};
use trocar_signal::quantity::Duration;
use trocar_signal::{AnyQuantity, Nanos, Problem, Time};

/// What a fault does to its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The last value before the fault stays.
    StuckLast,
    /// It reads `value`.
    StuckAt,
    /// `by` is added.
    Offset,
    /// It is multiplied by `factor`; −1 turns its sign around.
    Scale,
    /// An error grows by `rate` from zero.
    Drift,
    /// A normal draw of standard deviation `sd` is added to each value.
    Noise,
    /// The values are marked as not to be used, and stay at the last before the fault.
    Dropout,
    /// Bit number `bit` of a count on the wire is turned over (0 is the least).
    BitFlip,
    /// `counts` counts of an encoder are missing.
    MissedCounts,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 9] = [
        Kind::StuckLast,
        Kind::StuckAt,
        Kind::Offset,
        Kind::Scale,
        Kind::Drift,
        Kind::Noise,
        Kind::Dropout,
        Kind::BitFlip,
        Kind::MissedCounts,
    ];

    /// The word for it in a file.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Kind::StuckLast => "stuck_last",
            Kind::StuckAt => "stuck_at",
            Kind::Offset => "offset",
            Kind::Scale => "scale",
            Kind::Drift => "drift",
            Kind::Noise => "noise",
            Kind::Dropout => "dropout",
            Kind::BitFlip => "bit_flip",
            Kind::MissedCounts => "missed_counts",
        }
    }

    /// The key that says how much; `None` where there is nothing to say.
    #[must_use]
    pub fn amount_key(self) -> Option<&'static str> {
        match self {
            Kind::StuckLast | Kind::Dropout => None,
            Kind::StuckAt => Some("value"),
            Kind::Offset => Some("by"),
            Kind::Scale => Some("factor"),
            Kind::Drift => Some("rate"),
            Kind::Noise => Some("sd"),
            Kind::BitFlip => Some("bit"),
            Kind::MissedCounts => Some("counts"),
        }
    }

    /// Whether it can come in gradually.
    #[must_use]
    pub fn can_ramp(self) -> bool {
        !matches!(self, Kind::Drift | Kind::Dropout | Kind::BitFlip | Kind::MissedCounts)
    }
}

/// One fault.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FaultConfig {
    /// Its name: requirements speak of it as `fault.NAME`.
    pub name: String,
    /// Path of the group, or of one number of it, that is changed on its way from writer to readers.
    pub target: String,
    /// What it does to its target.
    pub kind: Kind,
    /// `stuck_at`: what the target reads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<AnyQuantity>,
    /// `offset`: what is added.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<AnyQuantity>,
    /// `scale`: what it is multiplied by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub factor: Option<f64>,
    /// `drift`: how fast the error grows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<AnyQuantity>,
    /// `noise`: standard deviation of what is added to each value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sd: Option<AnyQuantity>,
    /// `bit_flip`: the bit that is turned over, from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bit: Option<u32>,
    /// `missed_counts`: how many counts are missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counts: Option<i64>,
    /// When it starts: a condition, or a table such as `{ at = "3 s" }`, `{ in = "walk", after = "1 s" }` or
    /// `{ in = "walk", when = "rise(...)", occurrence = 4 }`.
    pub starts: TriggerConfig,
    /// How long it lasts: `"for good"`, or a duration. Either this or `ends`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lasts: Option<Lasts>,
    /// When it ends: a condition, or a table such as `{ after = "2 s" }` (since the fault began) or
    /// `{ when = "...", held_for = "0.5 s" }`. It does not come again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends: Option<TriggerConfig>,
    /// How long it takes to come in fully; without it, it is there at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ramp: Option<Duration>,
    /// How far it must change its target at least. A smaller effect would test nothing, and the run is INVALID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub must_change: Option<AnyQuantity>,
    /// The one component that reads the changed values; without it, all do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reader: Option<String>,
}

/// How long a fault lasts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Lasts {
    /// To the end of the run.
    ForGood,
    /// For a time; then what is written is read again.
    For(Duration),
}

impl Lasts {
    const FOR_GOOD: &str = "for good";

    /// When a fault that started at `since` ends.
    #[must_use]
    pub fn end(self, since: Time) -> Time {
        match self {
            Lasts::ForGood => Time::NEVER,
            Lasts::For(duration) => Nanos::from_seconds(duration.si()).map_or(Time::NEVER, |d| since.plus(d)),
        }
    }
}

impl<'de> Deserialize<'de> for Lasts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        if text.trim() == Lasts::FOR_GOOD {
            return Ok(Lasts::ForGood);
        }
        Duration::deserialize(de::value::StrDeserializer::<D::Error>::new(&text)).map(Lasts::For)
    }
}

impl Serialize for Lasts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Lasts::ForGood => serializer.serialize_str(Lasts::FOR_GOOD),
            Lasts::For(duration) => duration.serialize(serializer),
        }
    }
}

impl JsonSchema for Lasts {
    fn schema_name() -> Cow<'static, str> {
        "Lasts".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "\"for good\", or a duration.",
            "anyOf": [
                { "const": "for good" },
                {
                    "type": "string",
                    "x-dimension": "time",
                    "description": "A quantity with its unit, e.g. \"200 ms\"."
                }
            ]
        })
    }
}

impl FaultConfig {
    /// What is wrong with this fault, whatever its target is. Dimensions are checked against the target by
    /// [`crate::Fault::new`].
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if !is_name(&self.name) {
            let what = format!("`{}` is not a name: lower-case letters, digits and underscores", self.name);
            problems.push(Problem::new("name", what));
        }
        let meant = self.kind.amount_key();
        let given = [
            ("value", self.value.is_some()),
            ("by", self.by.is_some()),
            ("factor", self.factor.is_some()),
            ("rate", self.rate.is_some()),
            ("sd", self.sd.is_some()),
            ("bit", self.bit.is_some()),
            ("counts", self.counts.is_some()),
        ];
        for (key, is_given) in given {
            if Some(key) == meant && !is_given {
                problems.push(Problem::new(key, format!("`{}` needs `{key}`", self.kind.word())));
            } else if Some(key) != meant && is_given {
                problems.push(Problem::new(key, format!("`{}` has no `{key}`", self.kind.word())));
            }
        }
        self.check_amount(&mut problems);
        let mut under = |word: &str, trigger: &TriggerConfig, place: TriggerPlace| {
            problems.extend(trigger.check(place).into_iter().map(|p| {
                let key = if p.key.is_empty() { word.to_owned() } else { format!("{word}.{}", p.key) };
                Problem::new(key, p.what)
            }));
        };
        under("starts", &self.starts, TriggerPlace::FaultStart);
        if let Some(ends) = &self.ends {
            under("ends", ends, TriggerPlace::FaultEnd);
        }
        match (self.lasts, &self.ends) {
            (None, None) => problems.push(Problem::new(
                "",
                format!(
                    "how long does `{}` last? Write lasts = \"for good\", a duration, or `ends` with a trigger",
                    self.name
                ),
            )),
            (Some(_), Some(_)) => {
                problems.push(Problem::new("ends", "a fault ends by `lasts` or by `ends`, not by both"));
            }
            _ => {}
        }
        if let Some(Lasts::For(duration)) = self.lasts
            && Nanos::from_seconds(duration.si()).is_none_or(|d| d == Nanos::ZERO)
        {
            problems.push(Problem::new("lasts", "a fault lasts longer than nothing, or \"for good\""));
        }
        if let Some(ramp) = self.ramp {
            if !self.kind.can_ramp() {
                problems
                    .push(Problem::new("ramp", format!("`{}` cannot come in gradually", self.kind.word())));
            } else if ramp.si() <= 0.0 {
                problems.push(Problem::new("ramp", "a ramp takes longer than nothing"));
            }
        }
        if let Some(must_change) = self.must_change {
            if self.kind == Kind::Dropout {
                problems.push(Problem::new("must_change", "a dropout marks values and changes no number"));
            } else if must_change.si <= 0.0 {
                problems.push(Problem::new("must_change", "a change greater than zero is meant"));
            }
        }
        problems
    }

    /// An amount that changes nothing tests nothing.
    fn check_amount(&self, problems: &mut Vec<Problem>) {
        let mut refuse = |key: &str, is_wrong: bool, what: &str| {
            if is_wrong {
                problems.push(Problem::new(key, what));
            }
        };
        refuse("by", self.by.is_some_and(|by| by.si == 0.0), "an offset of zero changes nothing");
        refuse("factor", self.factor == Some(1.0), "a factor of 1 changes nothing");
        refuse("factor", self.factor.is_some_and(|f| !f.is_finite()), "a finite factor is meant");
        refuse("rate", self.rate.is_some_and(|rate| rate.si == 0.0), "a drift of zero changes nothing");
        refuse(
            "sd",
            self.sd.is_some_and(|sd| sd.si <= 0.0),
            "a standard deviation greater than zero is meant",
        );
        refuse("counts", self.counts == Some(0), "no missing counts change nothing");
    }
}

fn is_name(text: &str) -> bool {
    text.chars().next().is_some_and(|c| c.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;
    use trocar_logic::TriggerTable;

    const KNEE: &str = r#"
        name        = "knee_stuck"
        target      = "exo.right_knee.encoder.position"
        kind        = "stuck_last"
        starts      = { in = "walk", when = "rise(exo.gait.right.percent >= 66 %)", occurrence = 4 }
        lasts       = "for good"
        must_change = "5 deg"
    "#;

    pub(crate) fn fault(kind: Kind) -> FaultConfig {
        FaultConfig {
            name: "f".to_owned(),
            target: "a.b".to_owned(),
            kind,
            value: None,
            by: None,
            factor: None,
            rate: None,
            sd: None,
            bit: None,
            counts: None,
            starts: at_s(1.0),
            lasts: Some(Lasts::ForGood),
            ends: None,
            ramp: None,
            must_change: None,
            reader: None,
        }
    }

    fn at_s(seconds: f64) -> TriggerConfig {
        TriggerConfig::Table(Box::new(TriggerTable {
            at: Some(Duration::from_si(seconds)),
            ..TriggerTable::default()
        }))
    }

    /// A fault lasts, or ends by a trigger: one of the two, and a trigger that stands in a file reads as one.
    #[test]
    fn an_end_is_a_duration_or_a_trigger() {
        let ends =
            |text: &str| toml::from_str::<FaultConfig>(&KNEE.replace("lasts       = \"for good\"", text));
        for text in ["ends = \"exo.is_busy\"", "ends = { after = \"2 s\" }", "lasts = \"2 s\""] {
            assert_eq!(ends(text).unwrap().check(), [], "{text}");
        }
        assert_eq!(keys(&ends("").unwrap().check()), [""]);
        assert_eq!(keys(&ends("lasts = \"2 s\"\nends = \"exo.is_busy\"").unwrap().check()), ["ends"]);
        assert_eq!(keys(&ends("ends = { held_for = \"1 s\" }").unwrap().check()), ["ends"]);
        let short: FaultConfig = toml::from_str(&KNEE.replace(
            "{ in = \"walk\", when = \"rise(exo.gait.right.percent >= 66 %)\", occurrence = 4 }",
            "\"exo.is_busy\"",
        ))
        .unwrap();
        assert_eq!(short.starts, TriggerConfig::Condition("exo.is_busy".to_owned()));
    }

    fn keys(problems: &[Problem]) -> Vec<&str> {
        problems.iter().map(|p| p.key.as_str()).collect()
    }

    #[test]
    fn a_file_reads_into_a_fault_and_back() {
        let config: FaultConfig = toml::from_str(KNEE).unwrap();
        assert_eq!(config.check(), []);
        let TriggerConfig::Table(starts) = &config.starts else { panic!("{:?}", config.starts) };
        assert_eq!((starts.phase.as_deref(), starts.occurrence), (Some("walk"), Some(4)));
        assert_eq!(config.lasts, Some(Lasts::ForGood));
        let again: FaultConfig = toml::from_str(&toml::to_string(&config).unwrap()).unwrap();
        assert_eq!(again, config);
        assert!(toml::from_str::<FaultConfig>(&KNEE.replace("must_change", "must_chang")).is_err());
        assert!(toml::from_str::<FaultConfig>(&KNEE.replace("for good", "for ever")).is_err());
        let brief: FaultConfig = toml::from_str(&KNEE.replace("for good", "200 ms")).unwrap();
        assert_eq!(brief.lasts.unwrap().end(Time(5)), Time(200_000_005));
    }

    #[test]
    fn the_schema_describes_every_key() {
        let schema = schemars::schema_for!(FaultConfig);
        for object in [schema.as_value(), schema.as_value().pointer("/$defs/TriggerTable").unwrap()] {
            for (key, property) in object["properties"].as_object().unwrap() {
                assert!(property.get("description").is_some(), "{key}");
            }
        }
    }

    #[test]
    fn each_kind_takes_its_own_amount_and_no_other() {
        for kind in Kind::ALL {
            let bare = fault(kind).check();
            assert_eq!(keys(&bare), kind.amount_key().into_iter().collect::<Vec<_>>(), "{kind:?}");
            let full = FaultConfig {
                value: AnyQuantity::parse("1 mm").ok(),
                by: AnyQuantity::parse("1 mm").ok(),
                factor: Some(2.0),
                rate: AnyQuantity::parse("1 mm/s").ok(),
                sd: AnyQuantity::parse("1 mm").ok(),
                bit: Some(3),
                counts: Some(3),
                ..fault(kind)
            };
            let extra = full.check();
            assert_eq!(extra.len(), 7 - usize::from(kind.amount_key().is_some()), "{kind:?}");
            assert!(extra.iter().all(|p| Some(p.key.as_str()) != kind.amount_key()));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.word());
        }
    }

    #[test]
    fn an_amount_that_changes_nothing_is_refused() {
        let zero = AnyQuantity::parse("0 mm").ok();
        for (config, key) in [
            (FaultConfig { by: zero, ..fault(Kind::Offset) }, "by"),
            (FaultConfig { factor: Some(1.0), ..fault(Kind::Scale) }, "factor"),
            (FaultConfig { rate: zero, ..fault(Kind::Drift) }, "rate"),
            (FaultConfig { sd: zero, ..fault(Kind::Noise) }, "sd"),
            (FaultConfig { counts: Some(0), ..fault(Kind::MissedCounts) }, "counts"),
            (
                FaultConfig { lasts: Some(Lasts::For(Duration::from_si(0.0))), ..fault(Kind::Dropout) },
                "lasts",
            ),
            (FaultConfig { ramp: Some(Duration::from_si(0.1)), ..fault(Kind::Dropout) }, "ramp"),
            (FaultConfig { ramp: Some(Duration::from_si(0.0)), ..fault(Kind::StuckLast) }, "ramp"),
            (
                FaultConfig { must_change: AnyQuantity::parse("1 mm").ok(), ..fault(Kind::Dropout) },
                "must_change",
            ),
            (FaultConfig { must_change: zero, ..fault(Kind::StuckLast) }, "must_change"),
            (FaultConfig { name: "Stuck".to_owned(), ..fault(Kind::StuckLast) }, "name"),
        ] {
            assert_eq!(keys(&config.check()), [key]);
        }
    }

    proptest! {
        /// A negative or huge time is an error with its key and never a panic.
        #[test]
        fn any_time_gets_an_answer(seconds in prop::num::f64::NORMAL, by in prop::num::f64::NORMAL) {
            let starts = at_s(seconds);
            prop_assert_eq!(starts.check(TriggerPlace::FaultStart).len(), usize::from(Nanos::from_seconds(seconds).is_none()));
            let config = FaultConfig {
                by: Some(AnyQuantity { si: by, dimension: trocar_signal::Dimension::LENGTH }),
                lasts: Some(Lasts::For(Duration::from_si(seconds))),
                ramp: Some(Duration::from_si(seconds)),
                starts,
                ..fault(Kind::Offset)
            };
            prop_assert_eq!(config.check().is_empty(), seconds > 0.0 && Nanos::from_seconds(seconds).is_some_and(|n| n.0 > 0));
            let _ = config.lasts.map(|lasts| lasts.end(Time(u64::MAX - 1)));
        }
    }
}
