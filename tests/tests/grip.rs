//! Grip force: what a gauge between the jaws of an arm reads against what motors, servo and cables make there.
#![expect(clippy::panic, clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use trocar_sim::Case;
use trocar_tests::{Kept, Project, case, root, run, trocar};

const DEG: f64 = std::f64::consts::PI / 180.0;
/// Where the Large Needle Drivers grip, and the Raven's grasper, m from the axis of their jaws.
const NEEDLE_DRIVER_M: f64 = 0.0102;
const GRASPER_M: f64 = 0.01;
const THICKNESS_M: f64 = 0.003;

/// A scenario on one of the shipped benches: the jaw opens, closes on a perfect gauge and stays. `CLOSED` is where to.
const CLOSE: &str = r#"
format = 1
title  = "Closing on a gauge"
scene  = "trocar:scenes/SCENE_bench.toml"

[roles]
arm = "ROBOT"

[instruments.gauge]
kind      = "grip_gauge"
jaw       = "arm.jaw"
thickness = "3 mm"
stiffness = "100 N/mm"
rate      = "3 kHz"

[postures]
open   = { jaw = "60 %" }
closed = { jaw = "CLOSED" }

[[phases]]
name   = "ready"
send   = { "arm.state_command" = ["enable", "home"] }
until  = "arm.is_homed and not arm.is_busy"
within = "30 s"

[[phases]]
name   = "close"
move   = { command = "arm.jaw.move_jp", through = ["open", "closed"], dwell = "1 s" }
within = "60 s"

[measures.grip_force]
kind    = "grip_force"
of      = "gauge.force"
posture = "closed"
window  = { phase = "close" }

[record]
signals = ["gauge.*", "arm.truth.js", "arm.truth.grip", "arm.jaw.measured_js"]
rate    = "100 Hz"
"#;

fn closing(scene: &str, robot: &str, closed: &str) -> String {
    CLOSE.replace("SCENE", scene).replace("ROBOT", robot).replace("CLOSED", closed)
}

/// A run, and what stood at its end.
struct AtRest {
    case: Case,
    kept: Kept,
    /// The figure of the measure, N.
    measured_n: f64,
}

impl AtRest {
    fn of(text: &str) -> AtRest {
        let case = case(text);
        let (outcome, kept) = run(&case, true);
        assert_eq!(outcome.failure, None);
        let figure = outcome.figures.iter().find(|figure| figure.name == "grip_force").unwrap();
        let measured_n = figure.figure.as_ref().unwrap_or_else(|| panic!("{figure:?}")).value;
        AtRest { case, kept, measured_n }
    }

    fn last(&self, path: &str) -> f64 {
        let element = self.case.model.layout.element(path).unwrap_or_else(|| panic!("there is no {path}"));
        let (_, table) = self.kept.tables.last().unwrap();
        table.values(element.group)[element.index as usize]
    }
}

/// On the PSM, whose cables give way: the gauge's force times its lever is the effort that arrives at the jaw through the
/// cables, but for the friction on the jaw's side, which may hold either way. And that effort is what the file's cables make of
/// the angle between the motors and the jaw. So the force follows from how far the motors go on when the jaw cannot.
#[test]
fn on_the_psm_the_force_is_that_of_the_wound_up_cables() {
    // scenes/instruments/large_needle_driver_400006.toml: discs 3 and 4 turn the jaw, each by its column of the coupling.
    let disc_per_jaw = 1.0 / (2.0 * 1.2177);
    let (stiffness, half_slack) = (2.0 * 0.2 * disc_per_jaw * disc_per_jaw, 1.75 * DEG / disc_per_jaw);
    // Coulomb levels of `jaw_1`, `jaw_2` (each turns by half) and `jaw`; the jaws' weight is 7e-5 N m at most.
    let friction = 0.5 * (0.003 + 0.0037) + 0.000_104_9 + 0.000_07;
    for closed in ["0 %", "15 %", "20 deg"] {
        let run = AtRest::of(&closing("psm", "psm1", closed));
        let (angle, effort) = (run.last("psm1.truth.js.position.jaw"), run.last("psm1.truth.js.effort.jaw"));
        let lever_m = NEEDLE_DRIVER_M * trocar_math::cos(0.5 * angle);
        let force_n = run.last("psm1.truth.grip");
        if closed == "20 deg" {
            // The gauge is touched at 16.9 degrees: a command short of that leaves it alone.
            assert_eq!((force_n, run.measured_n), (0.0, 0.0));
            continue;
        }
        assert!((run.measured_n / force_n - 1.0).abs() < 1e-3, "{} {force_n}", run.measured_n);
        assert!(force_n > 1.0 && effort < 0.0);
        // So docs/validation.md and docs/clarifications.md say.
        assert!(closed != "0 %" || (5.65..5.75).contains(&force_n), "{force_n}");
        assert!((force_n * lever_m + effort).abs() < friction, "{closed}: {force_n} N, {effort} N m");
        let wound_up = angle - run.last("psm1.jaw.measured_js.position") - half_slack;
        // An encoder's count is 1e-4 of this, and the cables' damping is gone.
        assert!((stiffness * wound_up / -effort - 1.0).abs() < 5e-3, "{closed}: {wound_up} {effort}");
        // The gauge is pressed together by the force over its stiffness.
        let pressed_m = THICKNESS_M - 2.0 * NEEDLE_DRIVER_M * trocar_math::sin(0.5 * angle);
        let ratio = pressed_m * 100e3 / force_n;
        // Sticking friction still lets it creep by a millionth.
        assert!((ratio - 1.0).abs() < 1e-5, "{closed}: {ratio}, {pressed_m}");
    }
}

/// On the Raven, whose tool is rigid: the force is the servo's stiffness, 0.544 N m/rad, times how far the jaw is from its
/// command, over the lever, but for friction.
#[test]
fn on_the_raven_the_force_is_that_of_the_servo() {
    let run = AtRest::of(&closing("raven2", "raven", "0 %"));
    let angle = run.last("raven.truth.js.position.jaw");
    let lever_m = GRASPER_M * trocar_math::cos(0.5 * angle);
    let effort = 0.544_22 * angle;
    // Coulomb friction of the jaw, and an encoder's count and a converter's step of the two motors.
    let friction = 0.005 + 0.0005;
    assert!((run.measured_n * lever_m - effort).abs() < friction, "{} N {effort} N m", run.measured_n);
    assert!(run.measured_n > 10.0);
}

/// Whatever the gauge's stiffness, it is the same effort that presses: forces differ by what the angle differs. A gauge of
/// steel does not burst the jaws open at the bench's step, nor does one that is placed while they are closed.
#[test]
fn a_stiff_gauge_reads_the_same_force() {
    let force = |stiffness: &str| {
        let text = closing("psm", "psm1", "0 %").replace("100 N/mm", stiffness);
        AtRest::of(&text).measured_n
    };
    let (soft, hard, steel) = (force("20 N/mm"), force("1000 N/mm"), force("100000 N/mm"));
    // At 6 N the soft one gives way by 0.3 mm, 29 mrad of the jaw: 2 mN m of the cables, 0.2 N. Friction holds a little.
    assert!((soft - hard).abs() < 0.3 && (hard - steel).abs() < 0.1, "{soft} {hard} {steel}");
    assert!((4.0..7.0).contains(&steel), "{steel}");
}

/// Jaws that never open far enough never have the gauge between them: nothing presses, and there is no figure.
#[test]
fn jaws_that_stay_closed_grip_nothing() {
    let text =
        closing("psm", "psm1", "0 %").replace("open   = { jaw = \"60 %\" }", "open   = { jaw = \"10 deg\" }");
    let project = Project::new(&[(
        "closed.toml",
        &format!("{text}\n[[requirements]]\nid = \"G\"\nformula = \"grip_force <= 1 N\"\nwhy = \"x\"\n"),
    )]);
    let said = project.trocar(&["run", "closed.toml"]).expect(3);
    assert!(said.out.contains("INVALID") && said.out.contains("read in 0 of 1 closings"), "{}", said.out);
}

/// The shipped method on every shipped bench: on those with a jaw it passes, on those without it is INVALID and says why.
#[test]
fn the_method_runs_on_every_arm_or_says_why_not() {
    let folder = tempfile::tempdir().unwrap();
    for (scene, robot, has_jaw) in [
        ("psm_si", "psm1", true),
        ("raven2", "raven", true),
        ("ecm_classic", "ecm", false),
        ("ecm_si", "ecm", false),
    ] {
        let out = folder.path().join(scene);
        let (scene, role) = (format!("scenes/{scene}_bench.toml"), format!("arm={robot}"));
        let method = "scenarios/laparoscopic/accuracy/grip_force.toml";
        let arguments = ["run", method, "--scene", &scene, "--role", &role, "--out", out.to_str().unwrap()];
        let said = trocar(&root(), &arguments).expect(if has_jaw { 0 } else { 3 });
        if !has_jaw {
            assert!(said.out.contains("`arm.jaw`: there is no jaw on ECM"), "{}", said.out);
        }
    }
}

/// Every mistake that a person can make with a gauge is said at its place, with what to do.
#[test]
fn mistakes_are_shown_at_their_places() {
    let text = closing("psm", "psm1", "0 %");
    for (from, to, said) in [
        ("thickness = \"3 mm\"", "thickness = \"0 mm\"", "0 is not greater than zero"),
        (
            "thickness = \"3 mm\"",
            "thickness = \"14 mm\"",
            "the jaws open by 13.11 mm where they grip, 10.20 mm from their axis",
        ),
        ("thickness = \"3 mm\"", "thickness = \"3 mm\"\nat = \"1 mm\"", "open by 1.29 mm where they grip"),
        ("stiffness = \"100 N/mm\"", "stiffness = \"-100 N/mm\"", "-100000 is not greater than zero"),
        ("stiffness = \"100 N/mm\"", "stiffness = \"100 N m/rad\"", "a stiffness is meant"),
        ("jaw       = \"arm.jaw\"", "jaw = \"arm.tool_tip\"", "is no jaw: write the arm's"),
        ("posture = \"closed\"", "hold = \"0.1 s\"", "`posture` says at which of them the jaw holds"),
        ("posture = \"closed\"", "posture = \"closed\"\nhold = \"1.5 s\"", "the phase dwells for 1 s"),
        (
            "of      = \"gauge.force\"",
            "of = \"arm.truth.js.effort.jaw\"",
            "takes a force, and this is torque",
        ),
        (
            "[postures]",
            "[instruments.second]\nkind = \"grip_gauge\"\njaw = \"arm.jaw\"\nthickness = \"1 mm\"\nstiffness = \"1 N/mm\"\nrate = \"1 kHz\"\n[postures]",
            "`gauge` stands between these jaws already",
        ),
    ] {
        assert!(text.contains(from), "{from}");
        let project = Project::new(&[("grip.toml", &text.replace(from, to))]);
        let found = project.trocar(&["check", "grip.toml"]).expect(2);
        assert!(found.err.contains(said) && found.err.contains("--> grip.toml:"), "{to}: {}", found.err);
    }
}
