//! Where a step of the PSM bench goes: the time of each component, in µs for each step and as a share of all.
//!
//! Each component is wrapped in one that reads the clock before and after; what reading the clock costs is measured in
//! the same run and taken off. Run: `cargo bench -p trocar-benches --bench step_breakdown`; `benches/BREAKDOWN.md`
//! keeps a run.
#![expect(clippy::panic, reason = "a benchmark without its scenario has nothing to measure")]
#![expect(clippy::print_stdout, reason = "it prints its table")]
#![expect(clippy::disallowed_methods, reason = "it measures wall time")]

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;
use trocar_benches::{first_case, in_motion, shipped};
use trocar_signal::{Activation, Component};
use trocar_sim::state::chain_digest;
use trocar_sim::{Inputs, Scratch, step};

struct Timed {
    inner: Box<dyn Component>,
    nanos: Arc<AtomicU64>,
    calls: Arc<AtomicU64>,
}

impl Component for Timed {
    fn activate(&self, io: &mut Activation<'_>) -> Result<(), String> {
        let from = Instant::now();
        let done = self.inner.activate(io);
        self.nanos.fetch_add(from.elapsed().as_nanos() as u64, Ordering::Relaxed);
        self.calls.fetch_add(1, Ordering::Relaxed);
        done
    }
    fn scratch(&self) -> Box<dyn Any + Send> {
        self.inner.scratch()
    }
    fn publish_start(&self, io: &mut Activation<'_>) -> Result<(), String> {
        self.inner.publish_start(io)
    }
    fn initialise(&self, state: &mut [u64], parameters: &[f64]) {
        self.inner.initialise(state, parameters);
    }
}

struct Nothing;
impl Component for Nothing {
    fn activate(&self, _: &mut Activation<'_>) -> Result<(), String> {
        Ok(())
    }
}

const STEPS: u64 = 60_000;

fn main() {
    let loaded = shipped("pose_repeatability").unwrap_or_else(|e| panic!("{e}"));
    let mut case = first_case(&loaded).unwrap_or_else(|e| panic!("{e}"));
    let (state, mut scratch) = in_motion(&case, 0.5).unwrap_or_else(|e| panic!("{e}"));

    let mut plain = state.clone();
    let from = Instant::now();
    for _ in 0..STEPS {
        step(&case.model, &mut plain, &Inputs::default(), &mut scratch).unwrap_or_else(|e| panic!("{e}"));
    }
    let whole = from.elapsed().as_nanos() as f64 / STEPS as f64;

    let mut blocks = Vec::new();
    let from = Instant::now();
    for _ in 0..STEPS / 2 {
        chain_digest(&case.model, &mut plain, &mut blocks);
    }
    let digest = from.elapsed().as_nanos() as f64 / STEPS as f64;

    let mut timers = Vec::new();
    for seat in &mut case.model.seats {
        let (nanos, calls) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let inner = std::mem::replace(&mut seat.component, Box::new(Nothing));
        seat.component = Box::new(Timed { inner, nanos: nanos.clone(), calls: calls.clone() });
        // The seven encoders, decoders and motors are one line each.
        let kind = seat.path.rsplit('.').next().unwrap_or(&seat.path).to_owned();
        timers.push((kind, nanos, calls));
    }
    let mut scratch = Scratch::new(&case.model);
    let mut timed = state.clone();
    for _ in 0..STEPS {
        step(&case.model, &mut timed, &Inputs::default(), &mut scratch).unwrap_or_else(|e| panic!("{e}"));
    }
    let from = Instant::now();
    let mut clock = 0;
    for _ in 0..STEPS {
        let at = Instant::now();
        clock += at.elapsed().as_nanos() as u64;
    }
    let _ = from.elapsed();
    let clock = clock as f64 / STEPS as f64;

    let mut rows: BTreeMap<String, (f64, f64)> = BTreeMap::new();
    for (kind, nanos, calls) in timers {
        let calls = calls.load(Ordering::Relaxed) as f64;
        let own = nanos.load(Ordering::Relaxed) as f64 - calls * clock;
        let row = rows.entry(kind).or_default();
        row.0 += calls / STEPS as f64;
        row.1 += own / STEPS as f64;
    }
    let components: f64 = rows.values().map(|(_, own)| own).sum();
    let mut rows: Vec<_> = rows.into_iter().collect();
    rows.sort_by(|a, b| b.1.1.total_cmp(&a.1.1));
    println!("| part | calls per step | us per step | share |");
    println!("|---|---|---|---|");
    let all = whole + digest;
    for (kind, (calls, own)) in rows {
        println!("| {kind} | {calls:.2} | {:.3} | {:.1} % |", own / 1e3, 100.0 * own / all);
    }
    let table = whole - components;
    println!("| schedule, table, faults | 1 | {:.3} | {:.1} % |", table / 1e3, 100.0 * table / all);
    println!("| digest | 0.50 | {:.3} | {:.1} % |", digest / 1e3, 100.0 * digest / all);
    println!("| whole | 1 | {:.3} | 100 % |", all / 1e3);
    println!(
        "\n{:.0} simulated seconds per second on one core, without recording",
        1e9 / all / case.model.step_rate.hz()
    );
}
