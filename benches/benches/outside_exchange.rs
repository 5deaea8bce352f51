//! What an exchange with a controller from outside costs: a scenario of the PSM whose servo is another process, over each
//! channel and in each encoding, against the bare cost of sending the same number of bytes to and fro between two processes
//! in the same run, and against the simulation without it.
//!
//! Run: `cargo bench -p trocar-benches --bench outside_exchange`. The other process is this program itself, as an echo that
//! writes zeros: what is measured is the way, not the law. `benches/BREAKDOWN.md` keeps a run.
#![expect(clippy::panic, clippy::expect_used, reason = "a benchmark that cannot run has nothing to measure")]
#![expect(clippy::print_stdout, reason = "it prints its table")]
#![expect(clippy::disallowed_methods, reason = "it measures wall time")]

use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use std::rc::Rc;
use std::time::Instant;
use trocar_control::outside::{Launch, Live, Outside, Registry, Source, Storage};
use trocar_scenario::{Files, Loaded, Overrides, load};
use trocar_sim::{Compiled, Inputs, Watch};

const ROUNDS: usize = 20_000;
const BYTES: usize = 1000;

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("mirror") => mirror(),
        Some("echo") => echo(),
        _ => measure(),
    }
}

/// Sends back whatever comes, for the bare cost of the way.
fn mirror() {
    let mut socket = standard_input();
    let mut bytes = [0; BYTES];
    while socket.read_exact(&mut bytes).is_ok() && socket.write_all(&bytes).is_ok() {}
}

fn standard_input() -> UnixStream {
    UnixStream::from(std::io::stdin().as_fd().try_clone_to_owned().expect("standard input"))
}

/// A controller that answers every step with the digest and nothing else.
fn echo() {
    let mut channel: Box<dyn ReadWrite> = match std::env::var("TROCAR_ADDRESS") {
        Ok(at) if at.contains('/') => Box::new(UnixStream::connect(at).expect("a socket")),
        Ok(at) => {
            let stream = std::net::TcpStream::connect(at).expect("a connection");
            stream.set_nodelay(true).expect("an option");
            Box::new(stream)
        }
        Err(_) => Box::new(standard_input()),
    };
    let mut reply_words = 0;
    let mut state_words = 0;
    let mut head = [0; 8];
    while channel.read_exact(&mut head).is_ok() {
        let mut body = vec![0; u32::from_le_bytes([head[0], head[1], head[2], head[3]]) as usize];
        channel.read_exact(&mut body).expect("a body");
        let (kind, encoding, body) = match (head[5], head[6]) {
            (1, _) => {
                let hello: serde_json::Value = serde_json::from_slice(&body).expect("hello");
                let list = |key: &str| hello[key].as_array().map_or(0, Vec::len);
                let outputs = hello["outputs"].as_array().expect("outputs");
                let values: usize =
                    outputs.iter().map(|o| o["elements"].as_array().map_or(0, Vec::len)).sum();
                state_words = list("state");
                reply_words = 4 + 2 * outputs.len() + values + state_words;
                let welcome = format!(
                    r#"{{"protocol":"trocar-controller","version":1,"encoding":{},"restorable":true,"token":"{}"}}"#,
                    hello["encoding"],
                    std::env::var("TROCAR_TOKEN").unwrap_or_default()
                );
                (2, 0, welcome.into_bytes())
            }
            (3, 1) => {
                let mut reply = vec![0; reply_words * 8];
                reply[..16].copy_from_slice(&body[..16]);
                reply[16..24].copy_from_slice(&body[24..32]);
                let state = body.len() - state_words * 8;
                let at = reply.len() - state_words * 8;
                reply[at..].copy_from_slice(&body[state..]);
                (4, 1, reply)
            }
            (3, _) => {
                let step: serde_json::Value = serde_json::from_slice(&body).expect("a step");
                let reply = serde_json::json!({
                    "activation": step["activation"], "now_ns": step["now_ns"], "digest": step["digest"],
                });
                (4, 0, reply.to_string().into_bytes())
            }
            _ => return,
        };
        let mut frame = (body.len() as u32).to_le_bytes().to_vec();
        frame.extend([1, kind, encoding, 0]);
        frame.extend(body);
        channel.write_all(&frame).expect("an answer");
    }
}

trait ReadWrite: Read + Write {}
impl<T: Read + Write> ReadWrite for T {}

/// Keeps nothing: what is measured is the exchange.
struct Nowhere;

impl Storage for Nowhere {
    fn create(&self, _: &str, _: &str) -> std::io::Result<Box<dyn Write + Send>> {
        Ok(Box::new(std::io::sink()))
    }
    fn open(&self, _: &str, _: &str) -> std::io::Result<Box<dyn Read>> {
        Ok(Box::new(std::io::empty()))
    }
    fn output(&self, _: &str, _: &str, _: &str) -> std::io::Result<Box<dyn Write + Send>> {
        Ok(Box::new(std::io::sink()))
    }
    fn say(&self, _: &str) {}
}

/// µs to send [`BYTES`] to another process and back.
fn bare_way_us() -> f64 {
    let (mut ours, theirs) = UnixStream::pair().expect("a pair of sockets");
    let mut child = Command::new(std::env::current_exe().expect("a path"))
        .arg("mirror")
        .stdin(Stdio::from(std::os::fd::OwnedFd::from(theirs)))
        .spawn()
        .expect("a process");
    let mut bytes = [0; BYTES];
    let mut went = |rounds: usize| {
        let from = Instant::now();
        for _ in 0..rounds {
            ours.write_all(&bytes).expect("sent");
            ours.read_exact(&mut bytes).expect("received");
        }
        from.elapsed().as_secs_f64() / rounds as f64 * 1e6
    };
    went(1000);
    let us = went(ROUNDS);
    drop(ours);
    child.wait().expect("it ends");
    us
}

/// Ten seconds of a PSM that nobody has switched on: its servo runs all the same.
const WAIT: &str = r#"
format = 1
title  = "Ten seconds"
scene  = "trocar:scenes/psm_bench.toml"

[roles]
arm = "psm1"

[[phases]]
name  = "wait"
lasts = "10 s"

[measures.travel]
kind   = "range"
of     = "arm.truth.tip.position.y"
window = { phase = "wait" }

[[requirements]]
id      = "R1"
formula = "travel <= 1 m"
why     = "A scenario requires something."
"#;

fn load_with(controller: &str) -> Loaded {
    let folder = std::env::temp_dir().join(format!("trocar-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let path = folder.join("wait.toml");
    std::fs::write(&path, format!("{WAIT}{controller}")).expect("a file");
    let (files, address) = Files::open(&path).expect("a project");
    let loaded = load(&files, &address, &Overrides::default());
    std::fs::remove_dir_all(&folder).expect("removed");
    loaded.unwrap_or_else(|failure| panic!("{:?}", failure.diagnostics))
}

/// Runs the case; simulated seconds, wall seconds, and exchanges with their mean, µs.
fn run(channel: Option<(&str, &str)>) -> (f64, f64, u64, f64) {
    let program = std::env::current_exe().expect("a path");
    let controller = channel.map_or_else(String::new, |(transport, encoding)| {
        format!(
            "[controllers.echo]\nslot = \"arm.servo\"\nprogram = [{program:?}, \"echo\"]\ntransport = \"{transport}\"\nencoding = \"{encoding}\"\n"
        )
    });
    let loaded = load_with(&controller);
    let case = Compiled { loaded: &loaded }.case(0).unwrap_or_else(|e| panic!("{e:?}"));
    let slots: Vec<_> = case.model.outside.iter().map(|slot| slot.description.clone()).collect();
    let sources = slots
        .iter()
        .map(|slot| {
            let config = loaded.scenario.controllers[&slot.controller].clone();
            Source::Launch(Box::new(Launch { name: slot.controller.clone(), config, folder: ".".into() }))
        })
        .collect();
    let live = Live::start(Rc::new(slots), sources, Registry::default(), Rc::new(Nowhere));
    let live = live.unwrap_or_else(|failed| panic!("{}", failed.failure));
    let reports = live.reports_to_come();
    let outside: Box<dyn Outside> = Box::new(live);
    let mut watch = Watch { progress: &mut |_| true };
    let from = Instant::now();
    let outcome =
        trocar_sim::run_with(&case, &Inputs::default(), outside, &mut trocar_sim::sink::NoSink, &mut watch)
            .expect("a run");
    let wall_s = from.elapsed().as_secs_f64();
    assert!(outcome.failure.is_none(), "{:?}", outcome.failure);
    let report = reports.borrow().first().cloned().unwrap_or_default();
    (outcome.simulated_s, wall_s, report.exchanges, report.wall_s / report.exchanges.max(1) as f64 * 1e6)
}

fn measure() {
    let bare_us = bare_way_us();
    println!("bare way of {BYTES} bytes to another process and back: {bare_us:.1} us\n");
    let (simulated_s, wall_s, ..) = run(None);
    println!("{:<16} {:>10} {:>12} {:>14}", "channel", "exchange", "/ bare way", "x real time");
    println!("{:<16} {:>10} {:>12} {:>14.1}", "inside", "-", "-", simulated_s / wall_s);
    for (transport, encoding) in
        [("stdio", "binary"), ("stdio", "json"), ("unix", "binary"), ("tcp", "binary")]
    {
        let (simulated_s, wall_s, exchanges, us) = run(Some((transport, encoding)));
        let name = format!("{transport}, {encoding}");
        assert!(exchanges > 10_000, "{exchanges}");
        println!("{name:<16} {us:>7.1} us {:>12.2} {:>14.1}", us / bare_us, simulated_s / wall_s);
    }
}
