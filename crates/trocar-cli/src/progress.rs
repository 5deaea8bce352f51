//! Progress on a terminal, silence in a pipe, and Ctrl-C.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;
use trocar_campaign::Watcher;
use trocar_evidence::outcome::CaseOutcome;
use trocar_signal::Time;

/// What a batch has done so far, on the terminal.
pub struct Progress {
    bar: ProgressBar,
    began: Instant,
    /// Simulated time of each case that runs or is finished.
    simulated: Mutex<BTreeMap<usize, f64>>,
}

impl Progress {
    /// For `cases` cases.
    pub fn new(cases: usize) -> Progress {
        let target = if std::io::stderr().is_terminal() {
            ProgressDrawTarget::stderr_with_hz(10)
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(Some(cases as u64), target);
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos} of {len} done, {msg}  {elapsed}") {
            bar.set_style(style);
        }
        #[expect(
            clippy::disallowed_methods,
            reason = "wall time of the command, for progress and the host block"
        )]
        let began = Instant::now();
        Progress { bar, began, simulated: Mutex::new(BTreeMap::new()) }
    }

    fn show(&self, case: usize, now: f64) -> f64 {
        let Ok(mut simulated) = self.simulated.lock() else { return 0.0 };
        simulated.insert(case, now);
        let sum = simulated.values().sum();
        self.bar.set_message(format!("{sum:.0} s simulated"));
        sum
    }

    /// Simulated time of all cases so far, in seconds.
    pub fn simulated_s(&self) -> f64 {
        self.simulated.lock().map_or(0.0, |s| s.values().sum())
    }

    /// Takes the bar away.
    pub fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

impl Watcher for Progress {
    fn advanced(&self, case: usize, now: Time) {
        self.show(case, now.seconds());
    }

    fn finished(&self, case: usize, outcome: &CaseOutcome, _: bool) {
        self.show(case, outcome.simulated_s);
        self.bar.inc(1);
    }

    fn wall_s(&self) -> f64 {
        self.began.elapsed().as_secs_f64()
    }
}

/// A flag that Ctrl-C sets. A second Ctrl-C ends the command at once.
pub fn stop_flag() -> Arc<AtomicBool> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    // Without a handler Ctrl-C just ends the command; what is finished is on the disk either way.
    let _ = ctrlc::set_handler(move || {
        if flag.swap(true, Ordering::Relaxed) {
            std::process::exit(i32::from(crate::output::INTERRUPTED));
        }
        crate::output::say("stopping: finished cases are kept; press Ctrl-C again to end at once");
    });
    stop
}
