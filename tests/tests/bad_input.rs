//! Whatever a person hands in: a diagnostic or a verdict that names the place, never a panic, never a hang.
#![expect(clippy::expect_used, reason = "helpers of tests fail as tests do")]

use proptest::prelude::*;
use trocar_scenario::{Files, Overrides, load, render};
use trocar_tests::{Project, SWING, library_and, trocar};

/// The text of a file of the built-in library.
fn library(address: &str) -> String {
    Files::library().read(address).expect("a file of the library").text
}

/// A project with the shipped bench and robot as files of its own, and the scenario on them.
fn own_robot() -> Project {
    Project::new(&[
        ("swing.toml", &SWING.replace("trocar:", "")),
        ("scenes/psm_bench.toml", &library("trocar:scenes/psm_bench.toml")),
        (ROBOT, &library("trocar:scenes/robots/psm_classic.toml")),
        (INSTRUMENT, &library("trocar:scenes/instruments/large_needle_driver_400006.toml")),
    ])
}

const ROBOT: &str = "scenes/robots/psm_classic.toml";
const INSTRUMENT: &str = "scenes/instruments/large_needle_driver_400006.toml";
const SCENE: &str = "scenes/psm_bench.toml";
const UNTIL: &str = "until  = \"arm.is_homed and not arm.is_busy\"";

/// A file that is no text file of this format: said with its name, and what is wrong with it.
#[test]
fn files_that_are_no_files_of_this_format() {
    let whole = SWING.as_bytes();
    let nested = format!("format = 1\na = {}1{}\n", "[".repeat(100_000), "]".repeat(100_000));
    let dotted = format!("format = 1\n{}x = 1\n", "a.".repeat(50_000));
    let tables = format!("format = 1\n[{}x]\n", "a.".repeat(50_000));
    let inline = format!("format = 1\na = {}1{}\n", "{ a = ".repeat(50_000), " }".repeat(50_000));
    let formula =
        SWING.replace("travel <= 1 m", &format!("{}travel{} <= 1 m", "(".repeat(50_000), ")".repeat(50_000)));
    let nots = SWING.replace(
        "\"arm.is_homed and not arm.is_busy\"",
        &format!("\"{} arm.is_busy\"", "not ".repeat(50_000)),
    );
    let sums = SWING.replace("travel <= 1 m", &format!("travel{} <= 1 m", " + travel".repeat(50_000)));
    let huge = "# filler\n".repeat(600_000);
    let long_line = format!("{SWING}\ntitle = \"{}\"\n", "x".repeat(3_000_000));
    let mut utf16: Vec<u8> = vec![0xff, 0xfe];
    utf16.extend(SWING.encode_utf16().flat_map(u16::to_le_bytes));
    let cases: [(&str, &[u8], &str); 16] = [
        ("empty", b"", "empty"),
        ("blank", b" \n\t\r\n", "empty"),
        ("truncated", &whole[..whole.len() / 2], "swing.toml"),
        ("truncated_in_a_string", &whole[..SWING.find("homed").expect("there")], "swing.toml"),
        ("binary", &[0x7f, b'E', b'L', b'F', 0, 1, 2, 3], "not a text file"),
        ("not_utf8", b"format = 1\ntitle = \"\xff\xfe\"\n", "not UTF-8"),
        ("utf16", &utf16, "swing.toml"),
        ("huge", huge.as_bytes(), "4 MiB"),
        ("long_line", long_line.as_bytes(), "swing.toml"),
        ("nested", nested.as_bytes(), "swing.toml"),
        ("dotted", dotted.as_bytes(), "swing.toml"),
        ("tables", tables.as_bytes(), "swing.toml"),
        ("inline", inline.as_bytes(), "swing.toml"),
        ("formula", formula.as_bytes(), "swing.toml"),
        ("nots", nots.as_bytes(), "swing.toml"),
        ("sums", sums.as_bytes(), "swing.toml"),
    ];
    let project = Project::new(&[]);
    for (name, bytes, word) in cases {
        project.write("swing.toml", bytes);
        for command in ["check", "run", "list"] {
            let said = project.trocar(&[command, "swing.toml"]);
            if command == "list" {
                continue;
            }
            assert_eq!(
                said.code,
                2,
                "{name}, {command}: {}",
                said.err.chars().take(2000).collect::<String>()
            );
            assert!(
                said.err.contains(word),
                "{name}, {command}: {}",
                said.err.chars().take(2000).collect::<String>()
            );
        }
    }
    assert!(!project.path().join("results").exists(), "nothing was run");
}

/// One change of one file, and a word that the diagnostic must hold; it must also name the file and a line.
struct Slip {
    file: &'static str,
    from: &'static str,
    to: &'static str,
    word: &'static str,
}

fn slip(file: &'static str, from: &'static str, to: &'static str, word: &'static str) -> Slip {
    Slip { file, from, to, word }
}

#[test]
fn slips_in_a_file_are_named_with_place_and_reason() {
    const SCENARIO: &str = "swing.toml";
    let slips = [
        // Values that were once taken for something else, in silence.
        slip(SCENARIO, "within = \"30 s\"", "within = \"1e300 s\"", "longer"),
        slip(SCENARIO, "dwell = \"0.1 s\"", "dwell = \"1e300 s\"", "longer"),
        slip(
            SCENARIO,
            "until  = \"arm.is_homed and not arm.is_busy\"\nwithin = \"30 s\"",
            "lasts = \"1e300 s\"",
            "longer",
        ),
        slip(
            SCENARIO,
            "[measures.travel]",
            "[record]\nsignals = [\"arm.truth.*\"]\nrate = \"1e-300 Hz\"\n[measures.travel]",
            "rate",
        ),
        slip(SCENARIO, "[roles]", "[setup]\n\"arm.load\" = \"heavy\"\n[roles]", "heavy"),
        slip(SCENARIO, "[roles]", "[setup]\n\"arm.load\" = \"true\"\n[roles]", "quantity"),
        slip(SCENARIO, "[roles]", "[vary]\n\"arm.load\" = [\"0 kg\", \"heavy\"]\n[roles]", "heavy"),
        slip(SCENARIO, "[roles]", "[setup]\n\"arm.load\" = \"-1 kg\"\n[roles]", "negative"),
        slip(SCENARIO, "[roles]", "[setup]\n\"arm.yaw.friction.coulomb\" = \"-1 N m\"\n[roles]", "negative"),
        slip(SCENARIO, "[roles]", "[setup]\n\"arm.yaw.motor.max_current\" = \"-1 A\"\n[roles]", "negative"),
        // Units, frames, points.
        slip(SCENARIO, "within = \"30 s\"", "within = \"30 mm\"", "mm"),
        slip(SCENARIO, "within = \"30 s\"", "within = \"30\"", "unit"),
        slip(SCENARIO, "within = \"30 s\"", "within = 30", "text"),
        slip(SCENARIO, "travel <= 1 m", "travel <= 1 N", "N"),
        slip(SCENARIO, "travel <= 1 m", "travel <= 1 parsec", "parsec"),
        slip(SCENARIO, "arm.remote_centre", "arm.nowhere", "nowhere"),
        slip(SCENARIO, "arm.truth.tip.position.y", "arm.truth.tip.position.w", "position.w"),
        slip(SCENARIO, "arm.truth.tip.position.y", "leg.truth.tip.position.y", "leg"),
        slip(SCENARIO, "arm.move_cp\"", "arm.mvoe_cp\"", "move_cp"),
        slip(SCENARIO, "[\"here\", \"there\"]", "[\"here\", \"thre\"]", "there"),
        slip(SCENARIO, "angle = \"180 deg\"", "angle = \"180 mm\"", "mm"),
        slip(SCENARIO, "axis = [1.0, 1.0, 0.0]", "axis = [0.0, 0.0, 0.0]", "axis"),
        slip(SCENARIO, "axis = [1.0, 1.0, 0.0]", "axis = [nan, 1.0, 0.0]", "nan"),
        slip(SCENARIO, "axis = [1.0, 1.0, 0.0]", "axis = [inf, 1.0, 0.0]", "inf"),
        // Triggers.
        slip(SCENARIO, UNTIL, "until  = { wen = \"arm.is_homed\" }", "when"),
        slip(SCENARIO, UNTIL, "until  = { when = \"arm.is_homed\", held_for = \"1 mm\" }", "mm"),
        slip(SCENARIO, UNTIL, "until  = { when = \"arm.is_homed\", after = \"1 s\" }", "all = ["),
        slip(SCENARIO, UNTIL, "until  = { any = [\"arm.is_homed\", \"arm.is_hmed\"] }", "is_homed"),
        slip(SCENARIO, UNTIL, "until  = { held_for = \"1 s\" }", "waits for nothing"),
        slip(SCENARIO, UNTIL, "until  = { motion = \"done\" }", "no motion in this phase"),
        slip(SCENARIO, UNTIL, "until  = { when = \"arm.is_homed\", in = \"swing\" }", "leave `in` out"),
        slip(SCENARIO, UNTIL, "until  = 3", "a text, or a trigger"),
        slip(SCENARIO, UNTIL, "until  = { any = [] }", "at least one"),
        slip(
            SCENARIO,
            "dwell = \"0.1 s\" }",
            "dwell = \"0.1 s\" }\nmeanwhile = [{ on = \"arm.is_busy\", send = {} }]",
            "nothing to send",
        ),
        slip(
            SCENARIO,
            "[\"enable\", \"home\"]",
            "[\"enable\", { yaw = \"1 deg\" }]",
            "takes no joint positions",
        ),
        // One case for each.
        slip(SCENARIO, "[roles]", "[for_each]\njoint = \"al\"\n[roles]", "all"),
        slip(SCENARIO, "[roles]", "[for_each]\nthing = \"all\"\n[roles]", "its cases would all be the same"),
        slip(
            SCENARIO,
            "[roles]",
            "[for_each]\nrow = [{ a = \"1\" }, { b = \"1\" }]\n[roles]",
            "its cases would all be the same",
        ),
        slip(
            SCENARIO,
            "arm.truth.tip.position.y",
            "arm.truth.tip.position.$axis",
            "`$axis` is bound by nothing",
        ),
        slip(SCENARIO, UNTIL, "lasts = \"$time\"", "$time"),
        // Numbers that are none.
        slip(SCENARIO, "within = \"30 s\"", "within = \"nan s\"", "nan"),
        slip(SCENARIO, "within = \"30 s\"", "within = \"inf s\"", "inf"),
        slip(SCENARIO, "within = \"30 s\"", "within = \"1e999 s\"", "1e999"),
        slip(SCENARIO, "within = \"30 s\"", "within = \"-1 s\"", "longer than nothing"),
        slip(SCENARIO, "within = \"30 s\"", "", "within"),
        slip(SCENARIO, "dwell = \"0.1 s\"", "dwell = \"-0.1 s\"", "negative"),
        slip(SCENARIO, "dwell = \"0.1 s\" }", "dwell = \"0.1 s\" }\nrepeat = 0", "repeat"),
        slip(SCENARIO, "dwell = \"0.1 s\" }", "dwell = \"0.1 s\" }\nrepeat = -1", "repeat"),
        slip(SCENARIO, "dwell = \"0.1 s\" }", "dwell = \"0.1 s\" }\nrepeat = 99999999999999999999", "repeat"),
        slip(SCENARIO, "format = 1", "format = 2", "format"),
        slip(SCENARIO, "seed   = 3", "seed   = -3", "seed"),
        slip(SCENARIO, "seed   = 3", "seed   = nan", "seed"),
        slip(
            SCENARIO,
            "[measures.travel]",
            "[instruments.t]\nkind = \"position_tracker\"\nfollows = { tool_tip = \"arm.tool_tip\" }\n\
            frame = \"arm.base\"\nrate = \"0 Hz\"\nnoise = \"8 um\"\nuncertainty = \"15 um\"\n[measures.travel]",
            "rate",
        ),
        slip(
            SCENARIO,
            "[measures.travel]",
            "[instruments.t]\nkind = \"position_tracker\"\nfollows = { tool_tip = \"arm.tool_tip\" }\n\
            frame = \"arm.base\"\nrate = \"10 MHz\"\nnoise = \"8 um\"\nuncertainty = \"15 um\"\n[measures.travel]",
            "Hz",
        ),
        slip(
            SCENARIO,
            "[measures.travel]",
            "[instruments.t]\nkind = \"position_tracker\"\nfollows = { tool_tip = \"arm.tool_tip\" }\n\
            frame = \"arm.base\"\nrate = \"1 kHz\"\nnoise = \"-8 um\"\nuncertainty = \"15 um\"\n[measures.travel]",
            "noise",
        ),
        slip(
            SCENARIO,
            "[measures.travel]",
            "[record]\nsignals = [\"arm.nothing\"]\nrate = \"100 Hz\"\n[measures.travel]",
            "nothing",
        ),
        slip(
            SCENARIO,
            "[measures.travel]",
            "[record]\nsignals = [\"arm.truth.*\"]\nrate = \"1 GHz\"\n[measures.travel]",
            "rate",
        ),
        // Paths.
        slip(SCENARIO, "scenes/psm_bench.toml", "../psm_bench.toml", "leaves the project"),
        slip(SCENARIO, "scenes/psm_bench.toml", "/etc/passwd", "absolute"),
        slip(SCENARIO, "scenes/psm_bench.toml", "C:/scene.toml", "absolute"),
        slip(SCENARIO, "scenes/psm_bench.toml", "scenes/psm_bnch.toml", "psm_bench.toml"),
        slip(SCENARIO, "scenes/psm_bench.toml", "trocar:nothing", "trocar:nothing"),
        slip(SCENARIO, "scenes/psm_bench.toml", "scenes/robots/psm_classic.toml", "scene"),
        slip(SCENARIO, "format = 1", "format = 1\ninclude = [\"swing.toml\"]", "include"),
        // The scene.
        slip(SCENE, "3 kHz", "0 Hz", "step_rate"),
        slip(SCENE, "3 kHz", "-3 kHz", "step_rate"),
        slip(SCENE, "3 kHz", "1 Hz", "Hz"),
        slip(SCENE, "3 kHz", "1e300 Hz", "Hz"),
        slip(SCENE, "3 kHz", "3 mm", "mm"),
        slip(SCENE, "psm_classic", "psm_clasic", "psm_classic"),
        // The robot.
        slip(ROBOT, "6.0671854837 kg", "-6.0671854837 kg", "mass"),
        slip(ROBOT, "6.0671854837 kg", "nan kg", "nan"),
        slip(ROBOT, "\"0.017058029642 kg m^2\"", "\"-0.017058029642 kg m^2\"", "principal moments"),
        slip(ROBOT, "\"0.000303359283 kg m^2\"", "\"17 kg m^2\"", "principal moments"),
        slip(ROBOT, "coulomb = \"0.050003 N m\"", "coulomb = \"-0.05 N m\"", "coulomb"),
        slip(ROBOT, "coulomb = \"0.050003 N m\"", "coulomb = \"0.05 N\"", "N m"),
        slip(ROBOT, "counts_per_turn = 4000", "counts_per_turn = 0", "counts_per_turn"),
        slip(ROBOT, "\"1.588 rad\"", "\"-1.6 rad\"", "upper"),
        slip(ROBOT, "rate         = \"1500 Hz\"", "rate         = \"0 Hz\"", "rate"),
        slip(ROBOT, "rate         = \"1500 Hz\"", "rate         = \"1 GHz\"", "Hz"),
        slip(ROBOT, "parent = \"yaw\"", "parent = \"pitch\"", "pitch"),
        slip(ROBOT, "value = \"0.3 ms\"", "value = \"-1 ms\"", "compute_time"),
        slip(ROBOT, "[[1, 0, 0], [0, 1, 0]", "[[1, 0, 0], [1, 0, 0]", "singular"),
        slip(ROBOT, "400006.toml", "400007.toml", "large_needle_driver_400006"),
        slip(
            ROBOT,
            "\"scenes/instruments/large_needle_driver_400006.toml\"",
            "\"scenes/psm_bench.toml\"",
            "an instrument is meant",
        ),
        slip(ROBOT, "\"scenes/instruments/large", "\"../instruments/large", "leaves"),
        slip(ROBOT, "frame  = \"insertion\"\ndiscs", "frame  = \"insertoin\"\ndiscs", "insertoin"),
        slip(ROBOT, "\"disc_3\", \"disc_4\"]", "\"disc_4\", \"disc_3\"]", "order"),
        slip(ROBOT, "\"wrist_yaw\", \"jaw\"]", "\"wrist_yaw\"]", "drives no joint `jaw`"),
        slip(ROBOT, "\"wrist_yaw\", \"jaw\"]", "\"wrist_yaw\", \"yaw\"]", "of the arm itself"),
        slip(INSTRUMENT, "[    0.0,  1.0186,", "[-1.5632,     0.0,", "singular"),
        slip(INSTRUMENT, "parent = \"mount\"", "parent = \"base\"", "`mount`"),
        slip(INSTRUMENT, "parent = \"roll\"", "parent = \"rol\"", "roll"),
        slip(
            INSTRUMENT,
            "mass           = { value = \"0.002 kg\"",
            "mass           = { value = \"0.002 N\"",
            "mass",
        ),
        slip(
            INSTRUMENT,
            "value = \"0.0001049 N m\", source = \"wang2019\"",
            "value = \"0.0001049 N m\", source = \"wang2018\"",
            "wang2019",
        ),
        slip(INSTRUMENT, "standing = \"datasheet\"", "standing = \"guessed\"", "standing"),
        slip(INSTRUMENT, "joint  = \"jaw\"", "joint  = \"roll\"", "the last"),
        slip(INSTRUMENT, "effort = \"0.16 N m\"", "effort = \"0 N m\"", "greater than zero"),
        slip(INSTRUMENT, "name   = \"wrist_yaw\"\nparent", "name   = \"yaw\"\nparent", "yaw"),
        slip(
            SCENE,
            "psm_classic.toml\"\n",
            "psm_classic.toml\"\ninstrument = \"scenes/instruments/nothing.toml\"\n",
            "nothing.toml",
        ),
    ];
    let mut weak = Vec::new();
    for slip in &slips {
        let project = own_robot();
        let text = std::fs::read_to_string(project.path().join(slip.file)).expect("a file");
        assert!(text.contains(slip.from), "{} does not hold {:?}", slip.file, slip.from);
        project.write(slip.file, text.replacen(slip.from, slip.to, 1).as_bytes());
        let said = project.trocar(&["run", "swing.toml", "--out", "out"]);
        let good = said.code == 2
            && said.err.contains("nothing was run")
            && said.err.contains(slip.word)
            && said.err.contains("--> ")
            && !project.path().join("out").exists();
        if !good {
            weak.push(format!(
                "{:?} → {:?}: exit {}, without {:?}\n{}",
                slip.from, slip.to, said.code, slip.word, said.err
            ));
        }
    }
    assert!(weak.is_empty(), "{} slips:\n{}", weak.len(), weak.join("\n"));
}

#[test]
fn includes_may_not_go_in_circles() {
    let include =
        |text: &str, of: &str| text.replacen("format = 1", &format!("format = 1\ninclude = [\"{of}\"]"), 1);
    let part = |of: &str| format!("format = 1\nkind = \"part\"\ninclude = [\"{of}\"]\n");
    let project = Project::new(&[
        ("swing.toml", &include(SWING, "a.toml")),
        ("a.toml", &part("b.toml")),
        ("b.toml", &part("a.toml")),
    ]);
    let said = project.trocar(&["run", "swing.toml"]).expect(2);
    assert!(said.err.contains("a.toml") && said.err.contains("include"), "{}", said.err);
}

#[cfg(unix)]
#[test]
fn links_out_of_the_project_are_not_followed() {
    let outside = tempfile::tempdir().expect("a folder");
    std::fs::write(outside.path().join("secret.toml"), library("trocar:scenes/psm_bench.toml"))
        .expect("a file");
    let project =
        Project::new(&[("swing.toml", &SWING.replace("trocar:scenes/psm_bench.toml", "link.toml"))]);
    std::os::unix::fs::symlink(outside.path().join("secret.toml"), project.path().join("link.toml"))
        .expect("a link");
    let said = project.trocar(&["run", "swing.toml"]).expect(2);
    assert!(said.err.contains("leaves the project"), "{}", said.err);
}

/// A run of a scenario that is right in form and wrong in what it asks: exit code, and words that say why.
#[track_caller]
fn verdict(text: &str, arguments: &[&str], code: i32, words: &[&str]) {
    let project = Project::new(&[("swing.toml", text)]);
    let said = project.trocar(&[&["run", "swing.toml", "--out", "out"], arguments].concat()).expect(code);
    let all = format!("{}{}", said.out, said.err);
    for word in words {
        assert!(all.contains(word), "{word:?} is not in\n{all}");
    }
}

#[test]
fn a_pose_out_of_reach_is_invalid() {
    let far = SWING.replace("\"20 mm\", \"-130 mm\"", "\"20 mm\", \"-900 mm\"");
    verdict(&far, &[], 3, &["INVALID", "last target there", "joint limit", "swing.toml:"]);
}

#[test]
fn a_phase_that_is_not_over_in_time_is_invalid() {
    let never = SWING.replacen("arm.is_homed and not arm.is_busy", "arm.is_homed and not arm.is_homed", 1);
    verdict(&never.replacen("30 s", "2 s", 1), &[], 3, &["INVALID", "ready", "within"]);
    let (first, second) = SWING.split_at(SWING.find("\"swing\"").expect("a phase"));
    let hurried = format!("{first}{}", second.replacen("30 s", "0.1 s", 1));
    verdict(&hurried, &[], 3, &["INVALID", "swing", "within"]);
}

/// Whatever number a parameter is given, the run ends with a verdict or a diagnostic.
#[test]
fn absurd_parameters_end_with_a_verdict_or_a_diagnostic() {
    let project = Project::new(&[("swing.toml", SWING)]);
    let absurd = [
        "arm.servo.yaw.p=1e308 N m/rad",
        "arm.servo.yaw.p=-1e308 N m/rad",
        "arm.servo.yaw.p=-500 N m/rad",
        "arm.servo.pitch.d=1e308 N m s/rad",
        "arm.servo.pitch.d=-100 N m s/rad",
        "arm.servo.wrist_yaw.p=1e5 N m/rad",
        "arm.yaw.motor.torque_constant=1e308 N m/A",
        "arm.yaw.motor.torque_constant=0 N m/A",
        "arm.yaw.motor.max_current=1e308 A",
        "arm.yaw.motor.max_current=-1 A",
        "arm.yaw.friction.coulomb=1e308 N m",
        "arm.yaw.friction.coulomb=-1 N m",
        "arm.load=1e308 kg",
        "arm.load=1e9 kg",
        "arm.load=-1 kg",
        "arm.arm.speed=0 %",
        "arm.arm.speed=1e300 %",
        "arm.arm.speed=-10 %",
        "arm.arm.yaw.velocity=1e308 rad/s",
        "arm.arm.yaw.acceleration=0 rad/s^2",
        "arm.arm.yaw.acceleration=1e-300 rad/s^2",
        "arm.arm.pitch.home=1e308 rad",
        "arm.supervisor.watchdog=1e300 s",
        "arm.supervisor.watchdog=0 s",
        "arm.load=0.1 N",
        "arm.load=nan kg",
        "arm.load=heavy",
        "arm.load=",
        "nothing.at.all=1",
        "arm..load=1 kg",
    ];
    for (number, setting) in absurd.iter().enumerate() {
        let out = format!("out{number}");
        let said = project.trocar(&["run", "swing.toml", "--set", setting, "--out", &out]);
        // Not a PASS without a word: what is refused says why, what runs has a verdict.
        let all = format!("{}{}", said.out, said.err);
        assert!(all.contains("error") || all.contains("verdict"), "{setting}: {all}");
        if said.code == 2 {
            assert!(said.err.contains("nothing was run"), "{setting}: {}", said.err);
        }
    }
    assert!(project.trocar(&["run", "swing.toml", "--set", "nothing"]).code == 2);
}

/// A mass of 10⁹ kg on the tool diverges or fails to factor: the verdict is ERROR, with the component and the instant.
#[test]
fn a_run_that_fails_is_an_error_with_its_place() {
    verdict(SWING, &["--set", "arm.load=1e308 kg"], 4, &["ERROR", "psm1.mechanism", "0.000000 s"]);
}

#[test]
fn rates_at_the_edge_of_what_is_possible() {
    // 1 MHz: a very short run, and a controller that is 667 times slower than the step.
    let scenario = SWING.replace("trocar:", "");
    let short = format!(
        "{}\n[[phases]]\nname = \"wait\"\nlasts = \"10 ms\"\n[measures.travel]\nkind = \"range\"\nof = \"arm.truth.tip.position.y\"\n\
         [[requirements]]\nid = \"R1\"\nformula = \"travel <= 1 m\"\nwhy = \"None.\"\n",
        &scenario[..scenario.find("[variation]").expect("there")]
    );
    let project = own_robot();
    project.write("swing.toml", short.as_bytes());
    project.trocar(&["run", "swing.toml", "--out", "usual"]).expect(0);
    let scene = library("trocar:scenes/psm_bench.toml");
    project.write(SCENE, scene.replace("3 kHz", "1 MHz").as_bytes());
    let said = project.trocar(&["run", "swing.toml", "--out", "fast"]);
    assert!(matches!(said.code, 0 | 2), "{}", said.err);
    // Not a whole ratio to the controller's 1500 Hz, and slower than it.
    project.write(SCENE, scene.replace("3 kHz", "1601.3 Hz").as_bytes());
    project.trocar(&["run", "swing.toml", "--out", "odd"]).expect(0);
    project.write(SCENE, scene.replace("3 kHz", "100 Hz").as_bytes());
    let said = project.trocar(&["run", "swing.toml", "--out", "slow"]).expect(2);
    assert!(said.err.contains("Hz") && said.err.contains("step"), "{}", said.err);
}

#[test]
fn thousands_of_phases_poses_and_cases() {
    let mut text = SWING.to_owned();
    for i in 0..5000 {
        text += &format!("[[phases]]\nname = \"p{i}\"\nlasts = \"0.1 ms\"\n");
    }
    verdict(&text, &[], 0, &["PASS"]);
    let names: Vec<String> = (0..2000).map(|i| format!("q{i} = [\"0 mm\", \"0 mm\", \"-120 mm\"]")).collect();
    let text = SWING.replace("points      = { here", &format!("points      = {{ {}, here", names.join(", ")));
    verdict(&text, &[], 0, &["PASS"]);
    let values = |n: usize| format!("[{}]", vec!["\"0 kg\""; n].join(", "));
    let text =
        format!("{SWING}\n[vary]\n\"arm.load\" = {}\n\"arm.arm.speed\" = {}\n", values(2000), values(2000));
    let project = Project::new(&[("swing.toml", &text)]);
    let said = project.trocar(&["check", "swing.toml"]).expect(2);
    assert!(said.err.contains("100000 cases"), "{}", said.err);
    let same = "[[requirements]]\nid = \"R1\"\nformula = \"travel <= 1 m\"\nwhy = \"None.\"\n";
    let said =
        Project::new(&[("swing.toml", &format!("{SWING}{same}"))]).trocar(&["check", "swing.toml"]).expect(2);
    assert!(said.err.contains("R1"), "two requirements of one name: {}", said.err);
}

/// A result folder from a stranger that is none.
#[test]
fn strange_result_folders() {
    let folder = tempfile::tempdir().expect("a folder");
    for (path, word) in [("missing", "missing"), (".", "no result folder")] {
        let said = trocar(folder.path(), &["replay", path]).expect(2);
        assert!(said.err.contains(word), "{}", said.err);
    }
    std::fs::write(folder.path().join("file"), "x").expect("a file");
    trocar(folder.path(), &["replay", "file"]).expect(2);
    let long = "x".repeat(10_000);
    for argument in ["", "\u{202e}x", "#", "a#b#c", long.as_str(), "trocar:", "trocar:../x", "trocar:nothing"]
    {
        for command in ["run", "check", "paths"] {
            let said = trocar(folder.path(), &[command, argument]);
            assert!(
                said.code == 2 || (argument == "trocar:" && said.code <= 1),
                "{command} {argument:.20}: {said:?}"
            );
        }
    }
}

/// One change of a shipped file.
#[derive(Clone, Debug)]
enum Change {
    RemoveLine(f64),
    RepeatLine(f64),
    Truncate(f64),
    /// One word of the text becomes another.
    Token(f64, &'static str),
}

const TOKENS: [&str; 26] = [
    "0",
    "-1",
    "1e308",
    "-1e308",
    "1e-308",
    "nan",
    "inf",
    "1e400",
    "\"\"",
    "\"0 m\"",
    "\"1e300 s\"",
    "\"-1e300 kg\"",
    "\"arm\"",
    "[]",
    "{}",
    "true",
    "1979-05-27",
    "\"arm.truth.tip\"",
    "\"max(RP)\"",
    "\"base\"",
    "yaw",
    "kg",
    "=",
    "[[",
    "'''",
    "9223372036854775808",
];

fn change() -> impl Strategy<Value = Change> {
    let at = || 0.0..1.0f64;
    prop_oneof![
        at().prop_map(Change::RemoveLine),
        at().prop_map(Change::RepeatLine),
        at().prop_map(Change::Truncate),
        (at(), prop::sample::select(TOKENS.to_vec())).prop_map(|(at, token)| Change::Token(at, token)),
        (at(), prop::sample::select(TOKENS.to_vec())).prop_map(|(at, token)| Change::Token(at, token)),
    ]
}

fn place(at: f64, length: usize) -> usize {
    (at * length as f64) as usize
}

fn apply(text: &str, change: &Change) -> String {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    match change {
        Change::RemoveLine(at) => {
            let at = place(*at, lines.len());
            lines.iter().enumerate().filter(|(i, _)| *i != at).map(|(_, line)| *line).collect()
        }
        Change::RepeatLine(at) => {
            let at = place(*at, lines.len());
            lines
                .iter()
                .enumerate()
                .flat_map(|(i, line)| std::iter::repeat_n(*line, if i == at { 2 } else { 1 }))
                .collect()
        }
        Change::Truncate(at) => {
            let mut end = place(*at, text.len());
            while !text.is_char_boundary(end) {
                end += 1;
            }
            text[..end].to_owned()
        }
        Change::Token(at, token) => {
            // A word, or a text in quotes.
            let starts: Vec<usize> = text.match_indices([' ', '"']).map(|(i, _)| i + 1).collect();
            let Some(start) = starts.get(place(*at, starts.len())).copied() else {
                return (*token).to_owned();
            };
            let quoted = text[..start].ends_with('"');
            let rest = &text[start..];
            let end = start
                + rest
                    .find(if quoted { ['"', '"', '"', '\n'] } else { [' ', ',', ']', '\n'] })
                    .unwrap_or(rest.len());
            let token = if quoted { token.trim_matches('"') } else { token };
            format!("{}{token}{}", &text[..start], &text[end..])
        }
    }
}

fn sound(text: &str, count: usize) -> Result<(), TestCaseError> {
    prop_assert!(
        count > 0 && text.matches("error").count() + text.matches("warning").count() >= count,
        "{text}"
    );
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    /// The shipped files, changed: loading, compiling and saying what is wrong never panic.
    #[test]
    fn changed_shipped_files(of in 0..6usize, changes in prop::collection::vec(change(), 1..4)) {
        let scenarios = ["accuracy/pose_repeatability", "latency/step_delay", "faults/encoder_stuck"];
        let scenario = format!("trocar:scenarios/laparoscopic/{}.toml", scenarios[of % 3]);
        let changed = match of {
            0..=2 => scenario.clone(),
            3 => "trocar:scenes/robots/psm_classic.toml".to_owned(),
            4 => "trocar:scenes/instruments/large_needle_driver_400006.toml".to_owned(),
            _ => "trocar:scenes/psm_bench.toml".to_owned(),
        };
        let mut files = library_and("");
        let text = files.get_mut(&changed).expect("a file of the library");
        for change in &changes {
            *text = apply(text, change);
        }
        let files = Files::in_memory(files);
        match load(&files, &scenario, &Overrides::default()) {
            Err(failure) => {
                prop_assert!(failure.diagnostics.iter().all(|d| d.code != "internal"), "{:?}", failure.diagnostics);
                sound(&render::to_text(&failure.diagnostics, &failure.files, false), failure.diagnostics.len())?;
            }
            Ok(loaded) => {
                if let Err(found) = trocar_sim::compile(&loaded) {
                    sound(&render::to_text(&found, &loaded.files, false), found.len())?;
                }
            }
        }
    }
}

/// A device that tripped says so: not only that a deadline passed.
#[test]
fn a_trip_is_named_as_the_reason() {
    verdict(SWING, &["--set", "arm.servo.yaw.p=-500 N m/rad"], 3, &["INVALID", "tracking error"]);
}
