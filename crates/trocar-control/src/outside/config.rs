//! What a scenario says of a controller from outside.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use trocar_signal::Problem;
use trocar_signal::quantity::{Duration, Frequency};

/// A controller that fills a slot instead of the built-in one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a controller"))]
pub struct ControllerConfig {
    /// The slot that it fills, e.g. `arm.servo` (`trocar paths SCENE --slots` lists them).
    pub slot: String,
    /// The program and its arguments; it runs in the project's root, and only with `--allow-exec`. Without `program` and
    /// `listen`, the controller is one that the running program has registered (Trocar as a library).
    #[serde(default)]
    pub program: Vec<String>,
    /// The channel to the program.
    #[serde(default)]
    pub transport: Transport,
    /// Where Trocar waits for a controller that somebody starts by hand: `127.0.0.1:7447`, or the path of a socket with
    /// `transport = "unix"`.
    #[serde(default)]
    pub listen: Option<String>,
    /// How steps and replies are written.
    #[serde(default)]
    pub encoding: Encoding,
    /// How often it runs. Absent: as often as the built-in controller.
    #[serde(default)]
    pub rate: Option<Frequency>,
    /// From reading its inputs until its outputs take effect, in simulated time. Absent: that of the built-in controller.
    #[serde(default)]
    pub compute_time: Option<Duration>,
    /// Further groups that it reads, e.g. `arm.imu`. Truth and instruments are refused.
    #[serde(default)]
    pub reads: Vec<String>,
    /// How many words of state Trocar keeps for it. Absent, or fewer: those of the built-in controller.
    #[serde(default)]
    pub state_words: Option<u32>,
    /// Wall time within which it connects and answers the first frame.
    #[serde(default = "ten_seconds")]
    pub start_within: Duration,
    /// Wall time within which it answers each step.
    #[serde(default = "one_second")]
    pub answer_within: Duration,
    /// The most private memory that each of its processes may have (where the system can limit it).
    #[serde(default)]
    pub memory: ByteCount,
    /// What becomes of the run if it fails: crashes, is late, answers wrongly.
    #[serde(default)]
    pub on_failure: OnFailure,
}

fn ten_seconds() -> Duration {
    Duration::from_si(10.0)
}

fn one_second() -> Duration {
    Duration::from_si(1.0)
}

/// The channel between Trocar and a controller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    /// The program's standard input is a socket that carries frames both ways.
    #[default]
    Stdio,
    /// A Unix socket, whose path is in `TROCAR_ADDRESS`.
    Unix,
    /// TCP on the loopback interface; the address is in `TROCAR_ADDRESS`.
    Tcp,
}

/// How steps and replies are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// As JSON text.
    Json,
    /// As words of 8 bytes.
    #[default]
    Binary,
}

/// What becomes of a run whose controller fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnFailure {
    /// The run ends there, and its verdicts are ERROR.
    #[default]
    Error,
    /// The slot falls silent, as if its computer had died; its last outputs stand, and the run goes on.
    Silent,
}

/// A number of bytes, as text: `512 MiB`, `2 GiB`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ByteCount(pub String);

impl Default for ByteCount {
    fn default() -> ByteCount {
        ByteCount("2 GiB".to_owned())
    }
}

impl ByteCount {
    /// How many; `None` where the text says something else.
    #[must_use]
    pub fn bytes(&self) -> Option<u64> {
        let units = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
        let (unit, size) = units.into_iter().find(|(unit, _)| self.0.ends_with(unit))?;
        let number: u64 = self.0.strip_suffix(unit)?.trim().parse().ok()?;
        number.checked_mul(size)
    }
}

impl JsonSchema for ByteCount {
    fn schema_name() -> Cow<'static, str> {
        "ByteCount".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A number of bytes: \"512 MiB\", \"2 GiB\".",
            "type": "string",
            "pattern": "^[0-9]+ *(KiB|MiB|GiB)$"
        })
    }
}

/// Most words of state that Trocar keeps for a controller.
pub(crate) const MOST_STATE_WORDS: u32 = 1 << 16;

/// Longest that a controller may be given to answer, s.
const LONGEST_WAIT_S: f64 = 3600.0;

impl ControllerConfig {
    /// One that runs a program in a slot, with everything else as it is by default.
    #[must_use]
    pub fn of_program(slot: &str, program: Vec<String>) -> ControllerConfig {
        ControllerConfig {
            slot: slot.to_owned(),
            program,
            transport: Transport::default(),
            listen: None,
            encoding: Encoding::default(),
            rate: None,
            compute_time: None,
            reads: Vec::new(),
            state_words: None,
            start_within: ten_seconds(),
            answer_within: one_second(),
            memory: ByteCount::default(),
            on_failure: OnFailure::default(),
        }
    }

    /// Whether it was named with the command and not in a file: then its name is its slot, which no file can call it.
    #[must_use]
    pub fn is_of_the_command(&self, name: &str) -> bool {
        self.slot == name
    }

    /// Whether a program or a person outside has to be let in.
    #[must_use]
    pub fn is_of_another_process(&self) -> bool {
        !self.program.is_empty() || self.listen.is_some()
    }

    /// What is wrong with it, as far as it shows alone.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut add = |key: &str, what: &str| problems.push(Problem::new(key, what));
        if self.program.first().is_some_and(|program| program.trim().is_empty()) {
            add("program", "the program has no name");
        }
        if self.program.iter().any(|word| word.contains('\0')) {
            add("program", "a command cannot hold the character NUL");
        }
        match (self.transport, &self.listen) {
            (Transport::Stdio, Some(_)) => {
                add(
                    "listen",
                    "a controller that is started by hand needs `transport = \"tcp\"` or `\"unix\"`",
                );
            }
            (Transport::Tcp, Some(at)) => match at.parse::<std::net::SocketAddr>() {
                Ok(at) if at.ip().is_loopback() && at.port() != 0 => {}
                Ok(at) if at.port() == 0 => add("listen", "the port must be stated, e.g. `127.0.0.1:7447`"),
                Ok(_) => add("listen", "only the loopback interface is used: `127.0.0.1:PORT`"),
                Err(_) => add("listen", "an address is meant, e.g. `127.0.0.1:7447`"),
            },
            (Transport::Unix, Some(path)) if path.is_empty() || path.len() > 100 => {
                add("listen", "the path of a socket is meant, of at most 100 bytes");
            }
            _ => {}
        }
        if self.state_words.is_some_and(|words| words > MOST_STATE_WORDS) {
            add("state_words", "at most 65536 words are kept");
        }
        for (key, wait) in [("start_within", self.start_within), ("answer_within", self.answer_within)] {
            if !(wait.si() >= 1e-3 && wait.si() <= LONGEST_WAIT_S) {
                add(key, "must lie between 1 ms and 1 h");
            }
        }
        match self.memory.bytes() {
            None => add("memory", "a number of bytes is meant, in KiB, MiB or GiB: `512 MiB`"),
            Some(bytes) if bytes < 1 << 20 => add("memory", "no program runs in less than 1 MiB"),
            Some(_) => {}
        }
        if self.rate.is_some_and(|rate| trocar_signal::Rate::from_hz(rate.si()).is_none()) {
            add("rate", "must lie between 1e-6 Hz and 1 MHz");
        }
        if self.compute_time.is_some_and(|time| !(time.si() >= 0.0 && time.si() <= LONGEST_WAIT_S)) {
            add("compute_time", "must not be negative, and at most 1 h");
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_read_as_they_are_written() {
        let bytes = |text: &str| ByteCount(text.to_owned()).bytes();
        for (text, expected) in [("2 GiB", 2 << 30), ("512 MiB", 512 << 20), ("1KiB", 1 << 10)] {
            assert_eq!(bytes(text), Some(expected), "{text}");
        }
        for text in ["2 GB", "GiB", "-1 MiB", "99999999999999 GiB", "1.5 GiB", ""] {
            assert_eq!(bytes(text), None, "{text}");
        }
        assert_eq!(ByteCount::default().bytes(), Some(2 << 30));
    }

    #[test]
    fn mistakes_are_named_by_key() {
        let mut config = ControllerConfig::of_program("arm.servo", vec![" ".into()]);
        config.transport = Transport::Tcp;
        config.listen = Some("10.0.0.1:80".into());
        config.answer_within = Duration::from_si(0.0);
        config.memory = ByteCount("3 KiB".into());
        let keys: Vec<String> = config.check().into_iter().map(|p| p.key).collect();
        assert_eq!(keys, ["program", "listen", "answer_within", "memory"]);
        assert!(ControllerConfig::of_program("arm.servo", vec!["a".into()]).check().is_empty());
    }
}
