//! What can be typed.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;
use trocar_scenario::explain::Language;

/// Tests of surgical robots: scenarios in, verdicts out, the same bits on every machine.
#[derive(Debug, Parser)]
#[command(
    name = "trocar",
    version,
    max_term_width = 100,
    after_help = "Examples:\n  \
        trocar run scenarios                        every scenario of a folder\n  \
        trocar run trocar:pose_repeatability        one of those that are built in\n  \
        trocar replay results/run-001/step_delay    the same bits again\n  \
        trocar inspect arm.urdf                     masses, limits, reach of a mechanism\n  \
        trocar judge trocar:step_delay --data lab.csv   the same figures and verdicts of a real arm\n\n\
        Exit codes: 0 all PASS, 1 a FAIL, 2 bad usage or file, 3 INVALID or INCONCLUSIVE, 4 ERROR."
)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run scenarios and print their verdicts
    Run(RunArgs),
    /// Check files without running them: every mistake with its line
    Check(CheckArgs),
    /// List scenarios with what they test
    List(ListArgs),
    /// List signals, commands, parameters and fault targets of a scene or scenario
    Paths(PathsArgs),
    /// Say what a file says, in numbered sentences, in English or Chinese
    Explain(ExplainArgs),
    /// Say what two scenarios, robots, scenes or results differ in, by meaning and in words
    Diff(DiffArgs),
    /// Print what a mechanism is: tree, masses, limits, reach; with --q what it does: Jacobians, mass matrix, efforts
    Inspect(InspectArgs),
    /// Run a result again from its inputs alone: identical, or what differs first
    Replay(ReplayArgs),
    /// Judge a laboratory's recording: the measures and requirements of a scenario on CSV files or an MCAP recording
    Judge(JudgeArgs),
    /// Make one HTML page of a result: verdicts, figures, plots, the method in sentences
    Report(ReportArgs),
    /// Print the JSON Schema of a kind of file, or the reference of all keys
    Schema(SchemaArgs),
    /// Start a scenario, scene, robot, instrument, project, or a controller of your own
    New(NewArgs),
}

/// `trocar run`
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    trocar run scenarios/laparoscopic/accuracy/pose_repeatability.toml\n  \
    trocar run scenarios --jobs 8 --out results/monday --junit results/monday.xml\n  \
    trocar run my_test.toml --set arm.load='0.2 kg' --scene scenes/other_robot.toml\n  \
    trocar run my_test.toml#2                  the second case of [vary] alone\n  \
    trocar run trocar:step_delay --controller arm.servo='python3 my_servo.py'\n  \
    trocar run my_test.toml --refine --shake-assumed 20%   what a verdict hangs on\n  \
    trocar run my_test.toml --allow-exec my_servo    let [controllers.my_servo] of the file run")]
pub struct RunArgs {
    /// Scenario files, folders of them, FILE#CASE, or trocar:NAME for a built-in one
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<String>,
    /// Where the results go [default: the next free results/run-NNN]
    #[arg(long, value_name = "FOLDER")]
    pub out: Option<PathBuf>,
    /// Go on with an interrupted batch in --out: finished cases of the same inputs are kept
    #[arg(long, requires = "out")]
    pub resume: bool,
    /// How many cases run at once [default: one for each core]; the results do not depend on it
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub jobs: Option<u16>,
    /// Run the scenarios of a folder that say `long = true` as well; named one by one they always run
    #[arg(long)]
    pub long: bool,
    /// Another scene for the same method
    #[arg(long, value_name = "FILE")]
    pub scene: Option<String>,
    /// Another robot of the scene in a role; may be given several times
    #[arg(long = "role", value_name = "ROLE=ROBOT", value_parser = key_value)]
    pub roles: Vec<(String, String)>,
    /// Another value for a parameter; may be given several times
    #[arg(long = "set", value_name = "PATH=VALUE", value_parser = key_value)]
    pub set: Vec<(String, String)>,
    /// Let a controller of the scenario run: no file starts a program by itself; may be given several times
    #[arg(long = "allow-exec", value_name = "NAME")]
    pub allow_exec: Vec<String>,
    /// Fill a slot with a program of yours; may be given several times
    #[arg(long = "controller", value_name = "SLOT=COMMAND", value_parser = slot_and_command)]
    pub controllers: Vec<(String, Vec<String>)>,
    /// Another seed
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Run each case at half and a quarter of its step as well: order of convergence, error band, and whether a verdict
    /// hangs on the step
    #[arg(long)]
    pub refine: bool,
    /// Run each case with each assumed parameter so much smaller and larger as well, e.g. 20%: does a verdict hang on it?
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    pub shake_assumed: Option<f64>,
    /// Print the results as JSON instead of the table
    #[arg(long)]
    pub json: bool,
    /// Write a JUnit XML file as well
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Succeed exactly if the verdicts are those recorded in FILE (some scenarios fail on purpose)
    #[arg(long, value_name = "FILE")]
    pub expect: Option<PathBuf>,
    /// Record the verdicts in FILE, for --expect
    #[arg(long, value_name = "FILE", conflicts_with = "expect")]
    pub record_expected: Option<PathBuf>,
}

fn key_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((path, value)) if !path.trim().is_empty() => {
            Ok((path.trim().to_owned(), value.trim().to_owned()))
        }
        _ => Err("a name and a value are meant, e.g. arm.load='0.2 kg'".to_owned()),
    }
}

/// A percentage as a part of one.
fn percent(text: &str) -> Result<f64, String> {
    let number = text.trim().trim_end_matches('%').trim_end();
    match number.parse::<f64>() {
        Ok(percent) if percent > 0.0 && percent < 100.0 => Ok(percent / 100.0),
        _ => Err("more than 0 % and less than 100 % is meant, e.g. 20%".to_owned()),
    }
}

fn slot_and_command(text: &str) -> Result<(String, Vec<String>), String> {
    let example = "a slot and a command are meant, e.g. arm.servo='python3 my_servo.py'";
    let (slot, command) = text.split_once('=').ok_or(example)?;
    let words = shlex::split(command).ok_or("the command has a quote that is not closed")?;
    if slot.trim().is_empty() || words.is_empty() || words.iter().any(|word| word.contains('\0')) {
        return Err(example.to_owned());
    }
    Ok((slot.trim().to_owned(), words))
}

/// `trocar check`
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    trocar check drafts/my_test.toml\n  \
    trocar check .                                 a whole project\n  \
    trocar check scenarios scenes --json\n  \
    trocar check my_test.toml --scene scenes/other_robot.toml --role arm=robot1\n  \
    trocar check . --sarif > mistakes.sarif        for editors and code review")]
pub struct CheckArgs {
    /// Scenario, scene, robot or instrument files, or folders of them
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Another scene for the same method
    #[arg(long, value_name = "FILE")]
    pub scene: Option<String>,
    /// Another robot of the scene in a role; may be given several times
    #[arg(long = "role", value_name = "ROLE=ROBOT", value_parser = key_value)]
    pub roles: Vec<(String, String)>,
    /// Print the mistakes as JSON
    #[arg(long, conflicts_with = "sarif")]
    pub json: bool,
    /// Print the mistakes as SARIF 2.1.0, which editors and code review read
    #[arg(long)]
    pub sarif: bool,
}

/// `trocar explain`
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    trocar explain scenarios/laparoscopic/accuracy/pose_repeatability.toml\n  \
    trocar explain trocar:encoder_stuck --lang zh\n  \
    trocar explain scenes/robots/psm_classic.toml      shortly: joints, limits, what is assumed")]
pub struct ExplainArgs {
    /// A scenario, scene or robot file, or trocar:NAME for a built-in one
    pub file: PathBuf,
    /// The language of the sentences
    #[arg(long, value_enum, default_value_t = Spoken::En)]
    pub lang: Spoken,
    /// Print as JSON
    #[arg(long)]
    pub json: bool,
}

/// `trocar diff`
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    trocar diff my_test.toml trocar:step_delay             two methods\n  \
    trocar diff scenes/robots/a.toml scenes/robots/b.toml  two robots, joint by joint\n  \
    trocar diff results/run-001/step_delay results/run-002/step_delay\n  \
    trocar diff results/run-001/step_delay my_test.toml    what has changed since that run\n\n\
    Exit codes: 0 they say the same, 1 they differ, 2 bad usage or file.")]
pub struct DiffArgs {
    /// A scenario, robot or scene file, trocar:NAME, or a result folder
    pub first: PathBuf,
    /// Another of the same kind; beside a result also a scenario
    pub second: PathBuf,
    /// The language of the sentences
    #[arg(long, value_enum, default_value_t = Spoken::En)]
    pub lang: Spoken,
    /// Print as JSON
    #[arg(long)]
    pub json: bool,
}

/// `trocar report`
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    trocar report results/run-001/step_delay              writes results/run-001/step_delay.html\n  \
    trocar report results/run-001 --out tests.html        all results of a batch on one page\n  \
    trocar report results/run-001/step_delay --lang zh\n\n\
    The page needs nothing beside it: it loads nothing and runs no script.")]
pub struct ReportArgs {
    /// A result folder, or the folder of a batch
    pub result: PathBuf,
    /// The HTML file [default: beside the result]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Replace the file if it exists
    #[arg(long)]
    pub force: bool,
    /// The language of the page
    #[arg(long, value_enum, default_value_t = Spoken::En)]
    pub lang: Spoken,
}

/// `trocar judge`
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    trocar new mapping lab.toml --from trocar:step_delay        what the scenario's measures read, to be filled in\n  \
    trocar judge trocar:step_delay --data scope.csv --map lab.toml\n  \
    trocar judge trocar:step_delay --data scope.csv --column recorder.command='CH1 edges [s]' --column recorder.motion='CH2 edges [s]'\n  \
    trocar judge trocar:pose_repeatability --data tracker=t.csv --data bench=phases.csv --map lab.toml\n  \
    trocar judge trocar:tip_response#axis=x --data laser.csv --against results/run-001/tip_response\n\n\
    Columns that are called as signals (`tracker.tool_tip.position.x [mm]`, `time [s]`, `phase`, `cycle`, `reading`) need no mapping.\n\n\
    Exit codes: as of `trocar run`; a difference that is not covered changes none.")]
pub struct JudgeArgs {
    /// The scenario whose method was followed: a file, FILE#CASE, or trocar:NAME
    #[arg(value_name = "SCENARIO")]
    pub scenario: String,
    /// A file of the recording, CSV or MCAP, with its name in the mapping or without; may be given several times
    #[arg(long, value_name = "[NAME=]FILE")]
    pub data: Vec<String>,
    /// What the columns are, on which clock, in which frame; when the phases were (trocar new mapping)
    #[arg(long, value_name = "FILE")]
    pub map: Option<PathBuf>,
    /// The column of a signal, beside or instead of the mapping; may be given several times
    #[arg(long = "column", value_name = "SIGNAL=COLUMN", value_parser = key_value)]
    pub columns: Vec<(String, String)>,
    /// What is added to the times of a file; may be given several times
    #[arg(long = "offset", value_name = "NAME=DURATION", value_parser = key_value)]
    pub offsets: Vec<(String, String)>,
    /// A simulated result: each figure beside its own, and whether the two uncertainties cover the difference
    #[arg(long, value_name = "RESULT")]
    pub against: Option<PathBuf>,
    /// Another scene, whose robots declare the limits
    #[arg(long, value_name = "FILE")]
    pub scene: Option<String>,
    /// Another robot of the scene in a role; may be given several times
    #[arg(long = "role", value_name = "ROLE=ROBOT", value_parser = key_value)]
    pub roles: Vec<(String, String)>,
    /// Where the result goes [default: the next free results/judged-NNN]
    #[arg(long, value_name = "FOLDER")]
    pub out: Option<PathBuf>,
    /// Print the result as JSON instead of the table
    #[arg(long)]
    pub json: bool,
    /// Write a JUnit XML file as well
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
}

/// A language that people speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Spoken {
    /// English
    En,
    /// Chinese
    Zh,
}

impl From<Spoken> for Language {
    fn from(lang: Spoken) -> Language {
        match lang {
            Spoken::En => Language::English,
            Spoken::Zh => Language::Chinese,
        }
    }
}

/// `trocar list`
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  trocar list\n  trocar list scenarios/laparoscopic/faults\n  trocar list trocar:"
)]
pub struct ListArgs {
    /// A folder, a file, or `trocar:` for what is built in [default: this folder, else what is built in]
    #[arg(value_name = "PATH")]
    pub path: Option<PathBuf>,
    /// Print as JSON
    #[arg(long)]
    pub json: bool,
}

/// `trocar paths`
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    trocar paths scenes/psm_bench.toml\n  \
    trocar paths scenes/psm_bench.toml 'psm1.*.friction.coulomb'\n  \
    trocar paths scenarios/laparoscopic/faults/encoder_stuck.toml --faults\n  \
    trocar paths trocar:psm_bench --slots      what a controller of your own can take the place of")]
pub struct PathsArgs {
    /// A scene, or a scenario with its instruments
    pub file: PathBuf,
    /// Only paths that match; `*` stands for any text inside one part, and at the end for all that follows
    pub pattern: Option<String>,
    /// Only what a fault may act on
    #[arg(long)]
    pub faults: bool,
    /// Only the slots that a controller of your own can fill: what each reads, takes, writes, is parameterised by, remembers
    #[arg(long, conflicts_with = "faults")]
    pub slots: bool,
    /// Print as JSON
    #[arg(long)]
    pub json: bool,
}

/// `trocar inspect`
#[derive(Debug, Args)]
#[command(
    after_help = "Lists are separated by commas, in the order of the joints that the first lines print; SI and radians. \
    Everything is in the axes of the robot's base.\n\nExamples:\n  \
    trocar inspect arm.urdf\n  \
    trocar inspect trocar:psm_classic\n  \
    trocar inspect arm.urdf --q 0.1,-0.2,0.3 --qd 0,0,1 --json > arm.json\n  \
    trocar inspect arm.urdf --q 0.1,-0.2,0.3 --frame elbow --gravity 0,0,0"
)]
pub struct InspectArgs {
    /// A robot file, a scene, a URDF file, or trocar:NAME for a built-in one
    pub file: PathBuf,
    /// Only this robot of a scene
    #[arg(long, value_name = "NAME")]
    pub robot: Option<String>,
    /// Positions, rad or m [default: the start, if another list is given]
    #[arg(long, value_name = "LIST", value_parser = numbers, allow_hyphen_values = true)]
    pub q: Option<Numbers>,
    /// Velocities, rad/s or m/s [default: zero]
    #[arg(long, value_name = "LIST", value_parser = numbers, allow_hyphen_values = true)]
    pub qd: Option<Numbers>,
    /// Accelerations for the inverse dynamics, rad/s^2 or m/s^2 [default: zero]
    #[arg(long, value_name = "LIST", value_parser = numbers, allow_hyphen_values = true)]
    pub qdd: Option<Numbers>,
    /// Efforts for the forward dynamics, N m or N [default: zero]
    #[arg(long, value_name = "LIST", value_parser = numbers, allow_hyphen_values = true)]
    pub tau: Option<Numbers>,
    /// The frame whose origin the Jacobian is of [default: the tip]
    #[arg(long, value_name = "NAME")]
    pub frame: Option<String>,
    /// Gravity in the base's axes, m/s^2 [default: of the scene, else 0,0,-9.80665]
    #[arg(long, value_name = "X,Y,Z", value_parser = numbers, allow_hyphen_values = true)]
    pub gravity: Option<Numbers>,
    /// Of a URDF: the folder that package://NAME/ means, from the project's root; may be given several times
    #[arg(long = "package", value_name = "NAME=FOLDER", value_parser = key_value)]
    pub packages: Vec<(String, String)>,
    /// Print as JSON
    #[arg(long)]
    pub json: bool,
}

/// Numbers of a list.
#[derive(Clone, Debug)]
pub struct Numbers(pub Vec<f64>);

fn numbers(text: &str) -> Result<Numbers, String> {
    let number = |word: &str| match word.trim().parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(value),
        _ => Err(format!("`{}` is no number; a list such as 0.1,-0.2,0.3 is meant", word.trim())),
    };
    text.split(',').map(number).collect::<Result<Vec<f64>, String>>().map(Numbers)
}

/// `trocar replay`
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    trocar replay results/run-001/pose_repeatability\n  \
    trocar replay results/run-001/step_delay --csv 'psm1.truth.js.*' --rate 1000 > yaw.csv\n  \
    trocar replay results/run-001/step_delay --readings like_a_lab.csv    for trocar judge")]
pub struct ReplayArgs {
    /// A result folder, or a folder of them
    pub result: PathBuf,
    /// Only this case
    #[arg(long, value_name = "NAME")]
    pub case: Option<String>,
    /// Ask this controller again, instead of what the result keeps of its answers; may be given several times
    #[arg(long = "allow-exec", value_name = "NAME")]
    pub allow_exec: Vec<String>,
    /// Print as JSON
    #[arg(long, conflicts_with = "csv")]
    pub json: bool,
    /// Print these signals as CSV, recomputed, whether they were recorded or not; may be given several times
    #[arg(long, value_name = "PATTERN")]
    pub csv: Vec<String>,
    /// Write all that the measures of the scenario read, at each step, into FILE: an .mcap, or a .csv with its mapping beside
    /// it. `trocar judge` comes to the same figures from it
    #[arg(long, value_name = "FILE", conflicts_with_all = ["csv", "json"])]
    pub readings: Option<PathBuf>,
    /// Rows of the CSV for each simulated second, Hz
    #[arg(long, value_name = "HZ", default_value_t = 100.0, requires = "csv")]
    pub rate: f64,
}

/// `trocar schema`
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  trocar schema scenario > scenario.schema.json\n  trocar schema reference > file-reference.md"
)]
pub struct SchemaArgs {
    /// Which
    #[arg(value_enum)]
    pub which: SchemaKind,
}

/// What `trocar schema` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SchemaKind {
    /// JSON Schema of scenario files
    Scenario,
    /// JSON Schema of scene files
    Scene,
    /// JSON Schema of robot files
    Robot,
    /// JSON Schema of instrument files
    Instrument,
    /// JSON Schema of person files
    Person,
    /// JSON Schema of mapping files, for trocar judge
    Mapping,
    /// Every key of every file, as Markdown
    Reference,
}

/// `trocar new`
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    trocar new project my_lab\n  \
    trocar new scenario scenarios/my_test.toml\n  \
    trocar new scenario my_test.toml --from trocar:step_delay\n  \
    trocar new urdf scenes/robots/arm.urdf\n  \
    trocar new robot scenes/robots/arm.toml --urdf scenes/robots/arm.urdf --tip tool0\n  \
    trocar new scene scenes/arm.toml --robot scenes/robots/arm.toml\n  \
    trocar new controller my_servo.py --slot servo\n  \
    trocar new mapping lab.toml --from trocar:step_delay\n  \
    trocar new controller my_servo.cpp --lang cpp --slot psm1.servo")]
pub struct NewArgs {
    /// What to start
    #[arg(value_enum)]
    pub kind: NewKind,
    /// The file, or the project's folder; nothing that exists is overwritten [default with --urdf: beside the URDF]
    #[arg(required_unless_present = "urdf")]
    pub path: Option<PathBuf>,
    /// Start from this file instead of a template; of a mapping, the scenario that was followed
    #[arg(long, value_name = "FILE", conflicts_with_all = ["urdf", "robot"])]
    pub from: Option<PathBuf>,
    /// Of a robot: take the mechanism from this URDF; what it lacks gets placeholders that say so
    #[arg(long, value_name = "FILE")]
    pub urdf: Option<PathBuf>,
    /// With --urdf: the link that is the tip [default: the end of the longest chain]
    #[arg(long, value_name = "LINK", requires = "urdf")]
    pub tip: Option<String>,
    /// With --urdf: the folder that package://NAME/ means, from the project's root; may be given several times
    #[arg(long = "package", value_name = "NAME=FOLDER", value_parser = key_value, requires = "urdf")]
    pub packages: Vec<(String, String)>,
    /// Of a scene: the robot file that stands in it
    #[arg(long, value_name = "FILE", conflicts_with = "urdf")]
    pub robot: Option<PathBuf>,
    /// Of a controller: the slot that it fills, with the robot or without: servo, psm1.servo (trocar paths SCENE --slots lists them)
    #[arg(long, value_name = "SLOT", conflicts_with_all = ["from", "urdf", "robot"])]
    pub slot: Option<String>,
    /// Of a controller: its language [default: by the file's ending: .py, .cpp, .rs]
    #[arg(long, value_enum, value_name = "LANGUAGE", conflicts_with_all = ["from", "urdf", "robot"])]
    pub lang: Option<Lang>,
}

/// In which language `trocar new controller` writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Lang {
    /// Python 3.8 or newer
    Python,
    /// C++17
    Cpp,
    /// Rust
    Rust,
}

/// What `trocar new` starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum NewKind {
    /// A test method
    Scenario,
    /// A scene with one robot
    Scene,
    /// A robot with one joint
    Robot,
    /// The URDF of a laparoscopic arm of six joints, to begin from; then: trocar new robot --urdf FILE
    Urdf,
    /// An instrument that a robot carries
    Instrument,
    /// A folder with one of each that runs as it stands
    Project,
    /// A controller of your own for a slot of a robot: one file, no dependencies
    Controller,
    /// What the columns of a laboratory's files are, for trocar judge; --from names the scenario
    Mapping,
}
