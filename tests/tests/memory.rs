//! Memory stays flat however long a run is. Linux only: it reads the kernel's account of a child process.
#![cfg_attr(target_os = "linux", expect(clippy::expect_used, reason = "helpers of tests fail as tests do"))]

/// Runs the binary over so many simulated seconds; gives the largest resident size that was seen, in KiB.
#[cfg(target_os = "linux")]
fn peak_kib(seconds: u32) -> u64 {
    use std::process::{Command, Stdio};
    use trocar_tests::{Project, STUCK, SWING, binary};
    let hold = format!("[[phases]]\nname = \"hold\"\nlasts = \"{seconds} s\"\n\n[measures.travel]");
    let record = "[record]\nsignals = [\"arm.truth.tip.*\"]\nrate = \"100 Hz\"\n";
    // With a twin, so that all lanes of a run are there.
    let text = format!("{}{STUCK}{record}", SWING.replacen("[measures.travel]", &hold, 1));
    let project = Project::new(&[("long.toml", &text)]);
    let mut child = Command::new(binary())
        .args(["run", "long.toml", "--out", "out", "--jobs", "1"])
        .current_dir(project.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("trocar runs");
    let status_path = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    while child.try_wait().expect("a child").is_none() {
        // VmHWM is the peak so far: asking often enough that the last answer comes near the end.
        let status = std::fs::read_to_string(&status_path).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        if let Some(kib) = line.and_then(|line| line.trim().strip_suffix("kB")) {
            peak = kib.trim().parse().expect("a number");
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let code = child.wait().expect("a child").code();
    assert!(matches!(code, Some(0..=3)), "it ended with {code:?}");
    assert!(project.path().join("out/long/result.json").is_file());
    peak
}

/// Ten times as long: all that may grow is what the allocator keeps.
#[test]
#[cfg(target_os = "linux")]
fn memory_is_flat_from_ten_to_a_hundred_simulated_seconds() {
    let (short, long) = (peak_kib(10), peak_kib(100));
    assert!(short > 1000, "{short} KiB: it was asked in time");
    assert!(long * 10 < short * 13, "{short} KiB over 10 s, {long} KiB over 100 s");
}

#[test]
#[cfg(not(target_os = "linux"))]
fn memory_is_not_measured_here() {
    println!("the test of memory reads /proc and runs on Linux only");
}
