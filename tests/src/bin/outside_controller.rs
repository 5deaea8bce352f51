//! A joint servo outside of Trocar that behaves as its first argument says: well, or badly in one certain way. It speaks
//! the protocol from its description (`docs/controller-protocol.md`) and uses nothing of Trocar's own code.
//!
//! `outside_controller MODE [ACTIVATION]`: the mode shows from that activation on.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for tests: what fails here is what the test looks at"
)]

use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::Duration;

trait Channel: Read + Write {}
impl<T: Read + Write> Channel for T {}

const FOR_EVER: Duration = Duration::from_secs(600);

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mode = arguments.next().unwrap_or_default();
    let from: u64 = arguments.next().map_or(0, |text| text.parse().expect("an activation"));
    match mode.as_str() {
        "sleeper" => std::thread::sleep(FOR_EVER),
        "never_connects" => std::thread::sleep(FOR_EVER),
        "ends_at_once" => {
            eprintln!("no licence file was found");
            std::process::exit(7);
        }
        _ => Servo::connect(mode, from).serve(),
    }
}

struct Servo {
    channel: Box<dyn Channel>,
    mode: String,
    from: u64,
    hello: Value,
    sizes: Vec<usize>,
    /// What a controller that is no good for twins keeps to itself: the last currents.
    own: Vec<f64>,
}

struct Step {
    activation: u64,
    now_ns: u64,
    digest: u64,
    /// Validity and values of each input.
    inputs: Vec<(bool, Vec<f64>)>,
    parameters: Vec<f64>,
    state: Vec<u64>,
}

impl Servo {
    fn connect(mode: String, from: u64) -> Servo {
        let channel: Box<dyn Channel> = match std::env::var("TROCAR_ADDRESS") {
            Ok(address) if address.contains('/') => {
                Box::new(UnixStream::connect(address).expect("a Unix socket"))
            }
            Ok(address) => Box::new(TcpStream::connect(address).expect("a TCP connection")),
            Err(_) => {
                let stdin = std::io::stdin().as_fd().try_clone_to_owned().expect("standard input");
                Box::new(UnixStream::from(stdin))
            }
        };
        let mut servo = Servo { channel, mode, from, hello: Value::Null, sizes: Vec::new(), own: Vec::new() };
        let (kind, _, body) = servo.receive().expect("hello");
        assert_eq!(kind, 1, "hello comes first");
        servo.hello = serde_json::from_slice(&body).expect("hello is JSON");
        let elements = |group: &Value| group["elements"].as_array().map_or(0, Vec::len);
        servo.sizes = servo.hello["inputs"].as_array().expect("inputs").iter().map(elements).collect();
        servo.own = vec![0.0; servo.hello["outputs"].as_array().expect("outputs").len()];
        servo.welcome();
        servo
    }

    fn welcome(&mut self) {
        let token = match self.mode.as_str() {
            "no_token" => String::new(),
            _ => std::env::var("TROCAR_TOKEN").unwrap_or_default(),
        };
        let stateful = matches!(self.mode.as_str(), "stateful" | "does_not_repeat");
        let encoding = if self.mode == "json" { "json" } else { "binary" };
        let version = if self.mode == "other_version" { 9 } else { 1 };
        let welcome = json!({
            "protocol": "trocar-controller", "version": version, "encoding": encoding,
            "name": format!("servo of the tests, {}", self.mode), "restorable": !stateful, "token": token,
        });
        match self.mode.as_str() {
            "garbage" => self.channel.write_all(b"Hello, I am a servo!\n").expect("written"),
            "no_welcome" => std::thread::sleep(FOR_EVER),
            _ => self.send(2, 0, welcome.to_string().as_bytes()),
        }
    }

    fn send(&mut self, kind: u8, encoding: u8, body: &[u8]) {
        let mut frame = (body.len() as u32).to_le_bytes().to_vec();
        frame.extend([1, kind, encoding, 0]);
        frame.extend_from_slice(body);
        self.channel.write_all(&frame).expect("written");
    }

    fn receive(&mut self) -> Option<(u8, u8, Vec<u8>)> {
        let mut head = [0; 8];
        self.channel.read_exact(&mut head).ok()?;
        let len = u32::from_le_bytes([head[0], head[1], head[2], head[3]]);
        let mut body = vec![0; len as usize];
        self.channel.read_exact(&mut body).ok()?;
        Some((head[5], head[6], body))
    }

    fn serve(&mut self) {
        while let Some((kind, encoding, body)) = self.receive() {
            match kind {
                3 => {
                    let step = if encoding == 1 { self.binary(&body) } else { json_step(&body) };
                    self.answer(step);
                }
                _ => break,
            }
        }
        if self.mode == "does_not_stop" {
            std::thread::sleep(FOR_EVER);
        }
    }

    fn binary(&self, body: &[u8]) -> Step {
        let mut words = body.chunks_exact(8).map(|b| u64::from_le_bytes(b.try_into().expect("8 bytes")));
        let mut next = || words.next().expect("a word");
        let (activation, now_ns, _elapsed, digest) = (next(), next(), next(), next());
        let inputs = self
            .sizes
            .iter()
            .map(|size| {
                let (_stamp, _sequence, flags) = (next(), next(), next());
                (flags & 1 == 1, (0..*size).map(|_| f64::from_bits(next())).collect())
            })
            .collect();
        let count = self.hello["parameters"].as_array().map_or(0, Vec::len);
        let parameters = (0..count).map(|_| f64::from_bits(next())).collect();
        Step { activation, now_ns, digest, inputs, parameters, state: words.collect() }
    }

    fn input<'a>(&self, step: &'a Step, name: &str) -> Option<&'a (bool, Vec<f64>)> {
        let path = format!("{}.{name}", self.hello["robot"].as_str().expect("a robot"));
        let inputs = self.hello["inputs"].as_array().expect("inputs");
        inputs.iter().position(|input| input["path"] == *path).map(|place| &step.inputs[place])
    }

    /// The built-in servo's law, in its order of operations.
    fn currents(&self, step: &Step, last: &[f64]) -> Vec<f64> {
        let settings = &self.hello["settings"];
        let drives = settings["drives"].as_array().expect("drives");
        let powered = self.input(step, "operating_state").is_some_and(|(_, v)| v[0] == 1.0 || v[0] == 2.0);
        if !powered {
            return vec![0.0; drives.len()];
        }
        let names = ["measured_js", "setpoint_js", "jaw.measured_js", "jaw.setpoint_js"];
        let found: Vec<_> = names.iter().filter_map(|name| self.input(step, name)).collect();
        if found.iter().any(|(valid, _)| !valid) {
            return last.to_vec();
        }
        // The first two parameters that are gains follow the compute time, if that stands first.
        let gains: Vec<(f64, f64)> = self.gains(step);
        let mut effort = Vec::new();
        for pair in found.chunks_exact(2) {
            let (measured, set) = (&pair[0].1, &pair[1].1);
            let n = measured.len() / 3;
            for i in 0..n {
                let (p, d) = gains[effort.len()];
                effort.push(p * (set[i] - measured[i]) + d * (0.0 - measured[n + i]));
            }
        }
        let rows = settings["joint_from_actuator"].as_array().expect("a matrix");
        let number = |value: &Value| value.as_f64().expect("a number");
        drives
            .iter()
            .enumerate()
            .map(|(a, drive)| {
                let terms = rows.iter().zip(&effort);
                let wanted: f64 =
                    terms.map(|(row, tau)| number(&row[a]) / number(&drive["effort_per_ampere"]) * tau).sum();
                let limit = number(&drive["current_limit_a"]);
                if wanted > limit {
                    limit
                } else if wanted < -limit {
                    -limit
                } else {
                    wanted
                }
            })
            .collect()
    }

    fn gains(&self, step: &Step) -> Vec<(f64, f64)> {
        let parameters = self.hello["parameters"].as_array().expect("parameters");
        let of = |letter: &str| -> Vec<f64> {
            let named = parameters.iter().zip(&step.parameters);
            let ends = |path: &Value| path.as_str().is_some_and(|p| p.ends_with(&format!(".{letter}")));
            named.filter(|(parameter, _)| ends(&parameter["path"])).map(|(_, value)| *value).collect()
        };
        of("p").into_iter().zip(of("d")).collect()
    }

    fn answer(&mut self, mut step: Step) {
        let keeps_to_itself = matches!(self.mode.as_str(), "stateful" | "does_not_repeat");
        let last: Vec<f64> = if keeps_to_itself {
            self.own.clone()
        } else {
            step.state.iter().take(self.own.len()).map(|w| f64::from_bits(*w)).collect()
        };
        let mut currents = self.currents(&step, &last);
        self.own.clone_from(&currents);
        if !keeps_to_itself {
            for (word, current) in step.state.iter_mut().zip(&currents) {
                *word = current.to_bits();
            }
        }
        let (mut activation, mut now_ns, mut digest) = (step.activation, step.now_ns, step.digest);
        let mut extra_words = 0;
        let shows = step.activation >= self.from;
        let mode = if shows { self.mode.clone() } else { String::new() };
        match mode.as_str() {
            "late" => std::thread::sleep(Duration::from_secs(2)),
            "hangs" => std::thread::sleep(FOR_EVER),
            "ends" => std::process::exit(3),
            "crashes" => {
                eprintln!("the servo's index ran away");
                std::process::abort();
            }
            "says_failure" => self.send(6, 0, br#"{"what":"the matrix is singular"}"#),
            "wrong_activation" => activation += 1,
            "wrong_instant" => now_ns += 1,
            "forged_digest" => digest ^= 1,
            "too_short" => extra_words = -1,
            "too_long" => extra_words = 3,
            "not_a_number" => currents[0] = f64::NAN,
            "infinite" => currents[0] = f64::INFINITY,
            "huge_frame" => {
                self.channel.write_all(&[0xff, 0xff, 0xff, 0x7f, 1, 4, 1, 0]).expect("written");
            }
            "prints_into_the_channel" => self.channel.write_all(b"printf(\"here\")\n").expect("written"),
            "drips" => {
                for byte in [200_u8, 0, 0, 0, 1, 4, 1].into_iter().chain([0; 100]) {
                    let _ = self.channel.write_all(&[byte]);
                    std::thread::sleep(Duration::from_millis(50));
                }
            }
            "eats_memory" => eat_memory(),
            "leaves_children" => {
                // One in the process group, one in a group of its own.
                for group in [false, true] {
                    let mut child = Command::new(std::env::current_exe().expect("a path"));
                    child.arg("sleeper");
                    if group {
                        child.process_group(0);
                    }
                    println!("{}", child.spawn().expect("a child").id());
                }
                std::process::exit(0);
            }
            "prints_a_lot" => {
                let line = "x".repeat(1 << 16);
                (0..64).for_each(|_| println!("{line}"));
            }
            "does_not_repeat" => currents[0] += f64::from(std::process::id()) * 1e-9,
            _ => {}
        }
        if encoding_of(&self.mode) == 0 {
            let outputs: Vec<Value> = currents.iter().map(|c| json!({ "values": [c] })).collect();
            let state: String = step.state.iter().map(|w| format!("{:016x}", w.swap_bytes())).collect();
            let reply = json!({
                "activation": activation, "now_ns": now_ns, "digest": format!("{digest:016x}"),
                "outputs": outputs, "state": state,
            });
            return self.send(4, 0, reply.to_string().as_bytes());
        }
        let mut words = vec![activation, now_ns, digest, 0];
        for current in &currents {
            words.extend([3, now_ns, current.to_bits()]);
        }
        words.extend(&step.state);
        match extra_words {
            -1 => drop(words.pop()),
            more => words.extend((0..more).map(|_| 0)),
        }
        let body: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        self.send(4, 1, &body);
        if mode == "floods" {
            (0..1000).for_each(|_| self.send(4, 1, &body));
        }
    }
}

fn encoding_of(mode: &str) -> u8 {
    u8::from(mode != "json")
}

fn json_step(body: &[u8]) -> Step {
    let step: Value = serde_json::from_slice(body).expect("a step is JSON");
    let whole = |key: &str| step[key].as_u64().expect("a whole number");
    let numbers = |value: &Value| -> Vec<f64> {
        value.as_array().expect("a list").iter().map(|v| v.as_f64().expect("a number")).collect()
    };
    let hex = step["state"].as_str().expect("state");
    let word = |at: usize| u64::from_str_radix(&hex[at..at + 16], 16).expect("hexadecimal").swap_bytes();
    Step {
        activation: whole("activation"),
        now_ns: whole("now_ns"),
        digest: u64::from_str_radix(step["digest"].as_str().expect("digest"), 16).expect("hexadecimal"),
        inputs: step["inputs"]
            .as_array()
            .expect("inputs")
            .iter()
            .map(|input| (input["valid"] == true, numbers(&input["values"])))
            .collect(),
        parameters: numbers(&step["parameters"]),
        state: (0..hex.len()).step_by(16).map(word).collect(),
    }
}

/// Takes memory until there is no more, and touches it; 8 GiB at most, lest a machine without limits suffers.
fn eat_memory() {
    let mut all = Vec::new();
    for _ in 0..128 {
        let mut chunk: Vec<u8> = Vec::new();
        if chunk.try_reserve_exact(64 << 20).is_err() {
            eprintln!("out of memory after {} MiB", all.len() * 64);
            std::process::exit(9);
        }
        chunk.resize(64 << 20, 1);
        all.push(chunk);
    }
    panic!("nobody stopped it: {} MiB", all.len() * 64);
}
