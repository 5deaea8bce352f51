//! A robot file for a URDF: what a URDF lacks of a robot, each missing number with a placeholder that says so.
//!
//! A link called `remote_centre` is the point about which the arm pivots, one called `shaft` has its z along the tool.
//!
//! The file names the URDF for its mechanism and adds motors, encoders, bus, servo, motion limits and a supervisor. The
//! placeholders make a robot that stands and moves on a bench; they are nobody's device.

use crate::inspect::{Posture, STANDARD_GRAVITY_MPS2, Subject};
use std::f64::consts::{PI, TAU};
use std::fmt::Write;
use trocar_control::MAX_JOINTS;
use trocar_scenario::mechanism::{CoordinateConfig, MotionKind};
use trocar_scenario::urdf::{Urdf, UrdfJoint};
use trocar_scenario::{Failure, Files, LoadedUrdf, UrdfOptions, load_urdf};
use trocar_signal::Diagnostic;

/// Bandwidth of the placeholder servo, Hz: the undamped natural frequency that the gains give each joint at the start,
/// critically damped; assumed.
const BANDWIDTH_HZ: f64 = 10.0;
/// Rate of bus, servo, motion interface and supervisor, Hz; assumed.
const RATE: &str = "1 kHz";
/// Moment of inertia of the placeholder's rotor, kg m²: of a motor of some 50 W; assumed.
const ROTOR_KGM2: f64 = 1e-6;
/// Torque constant of the placeholder's motor, N m/A; assumed.
const TORQUE_CONSTANT_NMPA: f64 = 0.05;
/// Motor turns for each turn of the joint, and radians of the motor for each metre, where no transmission says it; assumed.
const GEAR: f64 = 100.0;
const GEAR_PER_METRE: f64 = 1000.0;
/// Where the URDF has no limit of speed: rad/s and m/s; assumed.
const SPEED_RADPS: f64 = 1.0;
const SPEED_MPS: f64 = 0.1;
/// A limit beyond these is none: rad/s, m/s, and N m or N.
const NO_SPEED_RADPS: f64 = 100.0;
const NO_SPEED_MPS: f64 = 10.0;
const NO_EFFORT: f64 = 1e5;
/// How long a joint takes to its greatest speed, s; assumed.
const TIME_TO_SPEED_S: f64 = 0.5;
/// Counts of the encoder for each turn of the motor; assumed.
const COUNTS_PER_TURN: f64 = 4000.0;
/// End stops: how far outside the limits they begin, as a part of the travel; how stiff they are, as the natural frequency
/// that they give the joint, critically damped, Hz; assumed.
const STOP_OUTSIDE: f64 = 0.01;
const STOP_HZ: f64 = 30.0;
/// A travel beyond these is none that a stop ends: rad and m.
const NO_TRAVEL_RAD: f64 = 2.0 * TAU;
const NO_TRAVEL_M: f64 = 10.0;
/// A joint is homed to zero where it then has this part of its travel to both sides, and otherwise to the middle.
const HOME_INSIDE: f64 = 0.1;
/// How much more the motor can than holding the arm and speeding it up needs, where the URDF has no limit of effort.
const MARGIN: f64 = 3.0;

/// Limits that the built-in methods judge by, with examples of values.
const DECLARED: [(&str, &str); 11] = [
    ("rated_load", "0 kg"),
    ("pose_repeatability", "0.1 mm"),
    ("step_delay", "50 ms"),
    ("ramp_delay", "100 ms"),
    ("joint_bandwidth", "2 Hz"),
    ("tip_bandwidth", "2 Hz"),
    ("master_slave_delay", "200 ms"),
    ("wrist_hysteresis", "5 deg"),
    ("wrist_coupling", "5 deg"),
    ("fault_reaction_time", "500 ms"),
    ("fault_deviation", "5 mm"),
];

/// What a bench robot is made of.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// How the URDF is read: packages, and the tip's frame or link, if not the end of the longest chain.
    pub options: UrdfOptions,
    /// What reports call the robot; without it, the URDF's name.
    pub title: Option<String>,
}

/// One joint of the robot file.
struct Axis<'u> {
    name: String,
    joint: &'u UrdfJoint,
    is_angle: bool,
    home: f64,
    /// The limits, where the URDF has some that a stop can stand at.
    stops: Option<(f64, f64)>,
    travel: f64,
    /// Of the URDF, rotor included: kg m² or kg.
    inertia: f64,
    gear: f64,
    speed: f64,
    effort: f64,
}

/// The text of a robot file for the URDF at `address`.
///
/// # Errors
/// Mistakes in the URDF; a tip that does not exist or that nothing moves; more joints than an arm may have.
pub fn bench_robot(files: &Files, address: &str, request: &Request) -> Result<String, Failure> {
    let whole = load_urdf(files, address, &UrdfOptions { tip: None, ..request.options.clone() })?;
    let fail = |what: String| Failure {
        diagnostics: vec![Diagnostic::error("no-bench-robot", what)],
        files: whole.files.clone(),
    };
    let tip = match &request.options.tip {
        None => whole.urdf.tip().to_owned(),
        Some(name) => link(&whole.urdf, name).map_err(fail)?,
    };
    let driven = driving(&whole.urdf, &tip);
    let all: Vec<&str> = whole.mechanism.coordinates.iter().map(|c| c.name.as_str()).collect();
    // A last joint that does not move the tip opens a jaw; the others stand still.
    let jaw = all.last().copied().filter(|last| !driven.contains(last) && all.len() > 1);
    let still: Vec<&str> =
        all.iter().copied().filter(|name| !driven.contains(name) && Some(*name) != jaw).collect();
    if driven.is_empty() {
        return Err(fail(format!("no joint moves `{tip}`; choose another tip: --tip LINK")));
    }
    if driven.len() > MAX_JOINTS {
        let what = format!(
            "{} joints move `{tip}`, and an arm has {MAX_JOINTS} at most; choose a tip nearer to the base: --tip LINK",
            driven.len()
        );
        return Err(fail(what));
    }
    let mut options = request.options.clone();
    options.tip = Some(tip.clone());
    options.hold = (whole.mechanism.coordinates.iter())
        .filter(|coordinate| still.contains(&coordinate.name.as_str()))
        .map(|c| (c.name.clone(), trocar_math::clamp(0.0, c.lower.value.si, c.upper.value.si)))
        .collect();
    let loaded = load_urdf(files, address, &options)?;
    let axes = axes(&loaded).map_err(|what| match what {
        Ok(diagnostics) => Failure { diagnostics, files: loaded.files.clone() },
        Err(what) => fail(what),
    })?;
    let mut out = String::new();
    // Writing to a text cannot fail.
    let _ = head(&mut out, address, request, &loaded.urdf, &options, &tip, jaw);
    for axis in &axes {
        let _ = end_stops(&mut out, axis);
    }
    for axis in &axes {
        let _ = actuator(&mut out, axis);
    }
    let _ = control(&mut out, &axes);
    Ok(out)
}

/// The frame of a link, by its name in the URDF or in the mechanism.
fn link(urdf: &Urdf, name: &str) -> Result<String, String> {
    let found = urdf.links.iter().find(|link| link.name == name || link.frame == name);
    found.map(|link| link.frame.clone()).ok_or_else(|| {
        let names = || urdf.links.iter().map(|link| link.name.as_str());
        match trocar_signal::diagnostic::nearest(name, names()) {
            Some(guess) => format!("there is no link `{name}`; did you mean `{guess}`?"),
            None => {
                format!("there is no link `{name}`; the links are {}", names().collect::<Vec<_>>().join(", "))
            }
        }
    })
}

/// The frame of a link with a name that says what it is.
fn link_named<'u>(urdf: &'u Urdf, name: &str) -> Option<&'u str> {
    urdf.links.iter().find(|link| link.name == name).map(|link| link.frame.as_str())
}

/// The coordinates that move a link, from the base outwards.
fn driving<'u>(urdf: &'u Urdf, tip: &str) -> Vec<&'u str> {
    let mut driving = Vec::new();
    let mut at = tip;
    while let Some(link) = urdf.links.iter().find(|link| link.frame == at) {
        let joint = urdf.joints.iter().find(|joint| joint.link == link.frame);
        driving.extend(joint.into_iter().flat_map(|joint| joint.of.keys()).map(String::as_str));
        match &link.parent {
            Some(parent) => at = parent,
            None => break,
        }
    }
    driving.reverse();
    let mut seen = std::collections::BTreeSet::new();
    driving.retain(|name| seen.insert(*name));
    driving
}

fn axes(loaded: &LoadedUrdf) -> Result<Vec<Axis<'_>>, Result<Vec<Diagnostic>, String>> {
    let subject = Subject::of_urdf(loaded).map_err(Ok)?;
    let at_start = subject.evaluate(&Posture::default()).map_err(Err)?;
    let coordinates = &loaded.mechanism.coordinates;
    // How much gravity pulls: the most in the start and in two postures with every joint a quarter turn off.
    let mut gravity = vec![0.0; coordinates.len()];
    for offset in [0.0, 0.5 * PI, -0.5 * PI] {
        let moved = coordinates.iter().zip(&at_start.q).map(|(c, q)| {
            let offset = if c.kind == MotionKind::Revolute { offset } else { 0.0 };
            trocar_math::clamp(q + offset, c.lower.value.si, c.upper.value.si)
        });
        let posture = Posture { q: Some(moved.collect()), ..Posture::default() };
        let there = subject.evaluate(&posture).map_err(Err)?;
        for (most, effort) in gravity.iter_mut().zip(there.gravity_effort) {
            *most = trocar_math::max(*most, effort.abs());
        }
    }
    let mut axes = Vec::new();
    for (place, coordinate) in coordinates.iter().enumerate() {
        let Some(joint) = loaded.urdf.joint_of(&coordinate.name) else { continue };
        let is_angle = coordinate.kind == MotionKind::Revolute;
        let gear = reduction(joint).unwrap_or(if is_angle { GEAR } else { GEAR_PER_METRE });
        let inertia = at_start.mass_matrix[place][place] + ROTOR_KGM2 * gear * gear;
        let (usual, none) = if is_angle { (SPEED_RADPS, NO_SPEED_RADPS) } else { (SPEED_MPS, NO_SPEED_MPS) };
        let speed = joint.velocity_limit.filter(|limit| *limit <= none).unwrap_or(usual);
        let needed = MARGIN * (gravity[place] + inertia * speed / TIME_TO_SPEED_S);
        axes.push(Axis {
            name: coordinate.name.clone(),
            joint,
            is_angle,
            home: home(coordinate),
            stops: stops(coordinate),
            travel: trocar_math::max(coordinate.lower.value.si.abs(), coordinate.upper.value.si.abs()),
            inertia,
            gear,
            speed,
            effort: joint.effort_limit.filter(|limit| *limit <= NO_EFFORT).unwrap_or(needed),
        });
    }
    Ok(axes)
}

/// Where a joint is homed to.
fn home(coordinate: &CoordinateConfig) -> f64 {
    let (lower, upper) = (coordinate.lower.value.si, coordinate.upper.value.si);
    let aside = HOME_INSIDE * (upper - lower);
    if lower + aside <= 0.0 && upper - aside >= 0.0 { 0.0 } else { rounded(0.5 * (lower + upper)) }
}

/// Between which positions a joint's stops let it move.
fn stops(coordinate: &CoordinateConfig) -> Option<(f64, f64)> {
    let (lower, upper) = (coordinate.lower.value.si, coordinate.upper.value.si);
    let most = if coordinate.kind == MotionKind::Revolute { NO_TRAVEL_RAD } else { NO_TRAVEL_M };
    let outside = STOP_OUTSIDE * (upper - lower);
    (upper - lower <= most).then_some((lower - outside, upper + outside))
}

/// The reduction of a joint's transmission. ROS writes 1 where nobody has stated any, and an encoder on a shaft that turns
/// with the joint would see millimetres.
fn reduction(joint: &UrdfJoint) -> Option<f64> {
    joint.reduction.filter(|reduction| reduction.abs() != 1.0)
}

fn head(
    out: &mut String,
    address: &str,
    request: &Request,
    urdf: &Urdf,
    options: &UrdfOptions,
    tip: &str,
    jaw: Option<&str>,
) -> std::fmt::Result {
    let title = request.title.as_ref().unwrap_or(&urdf.name);
    let [_, _, z] = STANDARD_GRAVITY_MPS2;
    writeln!(
        out,
        "# A bench robot: the mechanism of a URDF, and what a URDF lacks. Every line with `not in the URDF` holds a placeholder\n\
         # that makes the robot stand and move; put the device's own numbers there. Derived numbers hold for gravity of {z} m/s^2.\n\n\
         format = 1\n\
         kind   = \"robot\"\n\
         title  = {}\n\
         {}\n\
         [sources]\n\
         urdf        = {}\n\
         placeholder = \"written by trocar new robot: nobody has stated it\"\n\n\
         [provenance]\n\
         mechanism  = {{ source = \"urdf\", standing = \"declared\" }}\n\
         actuators  = {{ source = \"placeholder\", standing = \"assumed\" }}\n\
         bus        = {{ source = \"placeholder\", standing = \"assumed\" }}\n\
         servo      = {{ source = \"placeholder\", standing = \"assumed\" }}\n\
         arm        = {{ source = \"placeholder\", standing = \"assumed\" }}\n\
         supervisor = {{ source = \"placeholder\", standing = \"assumed\" }}\n\n\
         [mechanism]",
        text(title),
        link_named(urdf, "shaft").map_or_else(String::new, |frame| format!(
            "shaft  = {}   # its z is taken to point along the shaft of the tool\n",
            text(frame)
        )),
        text(&format!("{}, the URDF of {}", address, urdf.name)),
    )?;
    let inline = |table: Vec<String>| format!("{{ {} }}", table.join(", "));
    writeln!(
        out,
        "tip = {{ frame = {} }}   # a link of the URDF; `offset = [x, y, z]` puts the tip elsewhere in it",
        text(tip)
    )?;
    if let Some(jaw) = jaw {
        writeln!(out, "jaw = {}   # it does not move the tip", text(jaw))?;
    }
    writeln!(
        out,
        "payload = {{ frame = {} }}   # not in the URDF: where a load hangs; a scenario sets its mass",
        text(tip)
    )?;
    writeln!(out, "\n[mechanism.urdf]\nfile = {}", text(address))?;
    if !options.packages.is_empty() {
        let pairs =
            options.packages.iter().map(|(name, folder)| format!("{} = {}", text(name), text(folder)));
        writeln!(out, "packages = {}", inline(pairs.collect()))?;
    }
    if !options.hold.is_empty() {
        let pairs = options.hold.iter().map(|(name, position)| {
            let is_length = urdf.joint_of(name).is_some_and(|joint| joint.kind == "prismatic");
            format!("{name} = \"{} {}\"", number(*position), if is_length { "m" } else { "rad" })
        });
        writeln!(out, "hold = {}   # joints that do not move the tip stand still", inline(pairs.collect()))?;
    }
    if let Some(frame) = link_named(urdf, "remote_centre") {
        writeln!(out, "\n[remote_centre]   # the point about which the arm pivots\nframe = {}", text(frame))?;
    }
    Ok(())
}

fn end_stops(out: &mut String, axis: &Axis<'_>) -> std::fmt::Result {
    let Some((lower, upper)) = axis.stops else { return Ok(()) };
    let (position, stiffness, damping) = match axis.is_angle {
        true => ("rad", "N m/rad", "N m s/rad"),
        false => ("m", "N/m", "N s/m"),
    };
    let natural = TAU * STOP_HZ;
    writeln!(
        out,
        "\n[[mechanism.stops]]   # not in the URDF: just outside the limits of {0}\nname      = {0}\nof        = {{ {1} = 1 }}",
        text(&axis.name),
        axis.name,
    )?;
    for (key, value, unit) in [
        ("lower    ", lower, position),
        ("upper    ", upper, position),
        ("stiffness", rounded(axis.inertia * natural * natural), stiffness),
        ("damping  ", rounded(2.0 * axis.inertia * natural), damping),
    ] {
        let value = number(value);
        writeln!(
            out,
            "{key} = {{ value = \"{value} {unit}\", source = \"placeholder\", standing = \"assumed\" }}"
        )?;
    }
    Ok(())
}

fn actuator(out: &mut String, axis: &Axis<'_>) -> std::fmt::Result {
    let (kind, ratio, effort) = match axis.is_angle {
        true => ("revolute", "rad/rad", "N m"),
        false => ("prismatic", "rad/m", "N"),
    };
    let gear = match reduction(axis.joint) {
        Some(_) => "mechanicalReduction of the URDF",
        None => "not in the URDF: motor angle for each rad or m of the joint",
    };
    let is_limited = axis.joint.effort_limit == Some(axis.effort);
    let current = axis.effort / (TORQUE_CONSTANT_NMPA * axis.gear.abs());
    let current = if is_limited { current } else { rounded(current) };
    let why = match axis.joint.effort_limit {
        Some(limit) if limit <= NO_EFFORT => format!("gives the URDF's {} {effort}", number(limit)),
        Some(limit) => format!(
            "the URDF's {} {effort} is no limit: {MARGIN} times what holding and speeding up need, {} {effort}",
            number(limit),
            number(rounded(axis.effort))
        ),
        None => format!(
            "not in the URDF: {MARGIN} times what holding and speeding up need, {} {effort}",
            number(rounded(axis.effort))
        ),
    };
    // Wide enough for the joint's whole travel, either way.
    let turns = axis.travel * axis.gear.abs() / TAU;
    let (mut bits, mut half_range) = (24_u32, 8_388_608.0);
    while bits < 48 && turns * COUNTS_PER_TURN >= half_range {
        (bits, half_range) = (bits + 1, 2.0 * half_range);
    }
    writeln!(
        out,
        "\n[[actuators]]   # moves {0}\n\
         name            = {1}\n\
         kind            = \"{kind}\"\n\
         gear            = \"{2} {ratio}\"   # {gear}\n\
         torque_constant = \"{TORQUE_CONSTANT_NMPA} N m/A\"   # not in the URDF: of the motor\n\
         rotor_inertia   = \"{ROTOR_KGM2:e} kg m^2\"   # not in the URDF: of the motor\n\
         [actuators.motor]\n\
         max_current   = \"{3} A\"   # {why}\n\
         dac           = {{ bits = 16, full_scale = \"{4} A\" }}   # not in the URDF\n\
         time_constant = \"0.2 ms\"   # not in the URDF: of the current loop\n\
         [actuators.encoder]   # not in the URDF: an incremental encoder on the motor's shaft\n\
         counts_per_turn            = {COUNTS_PER_TURN}\n\
         count_bits                 = {bits}\n\
         clock                      = \"50 MHz\"\n\
         period_bits                = 26\n\
         shortest_predicted_quarter = 2000",
        axis.joint.name,
        text(&axis.name),
        number(axis.gear),
        number(current),
        number(rounded(1.25 * current)),
    )
}

fn control(out: &mut String, axes: &[Axis<'_>]) -> std::fmt::Result {
    let natural = TAU * BANDWIDTH_HZ;
    writeln!(
        out,
        "\n[bus]   # not in the URDF\nrate       = \"{RATE}\"\nread_delay = \"0 s\"\n\n\
         [servo]   # not in the URDF: {BANDWIDTH_HZ} Hz, critically damped, for the inertia at the start with the rotors\n\
         rate = \"{RATE}\""
    )?;
    let unit = |axis: &Axis<'_>, angle: &'static str, length: &'static str| {
        if axis.is_angle { angle } else { length }
    };
    for axis in axes {
        let p = rounded(axis.inertia * natural * natural);
        let d = rounded(2.0 * axis.inertia * natural);
        writeln!(
            out,
            "[[servo.joints]]\njoint = {}\np     = \"{} {}\"   # inertia {} {}\nd     = \"{} {}\"",
            text(&axis.name),
            number(p),
            unit(axis, "N m/rad", "N/m"),
            number(rounded(axis.inertia)),
            unit(axis, "kg m^2", "kg"),
            number(d),
            unit(axis, "N m s/rad", "N s/m")
        )?;
    }
    writeln!(out, "\n[arm]\nrate = \"{RATE}\"   # not in the URDF")?;
    for axis in axes {
        let (position, tolerance) = (unit(axis, "rad", "m"), unit(axis, "3 deg", "3 mm"));
        let (none, said) = match axis.joint.velocity_limit {
            Some(limit) if limit == axis.speed => (false, "the URDF's limit".to_owned()),
            Some(limit) => (true, format!("the URDF's {} {position}/s is no limit", number(limit))),
            None => (true, "not in the URDF".to_owned()),
        };
        let speed = format!("\"{} {position}/s\"", number(axis.speed));
        let speed = match none {
            true => speed,
            false => format!("{{ value = {speed}, source = \"urdf\", standing = \"declared\" }}"),
        };
        writeln!(
            out,
            "[[arm.joints]]\n\
             joint          = {}\n\
             velocity       = {speed}   # {said}\n\
             acceleration   = \"{} {position}/s^2\"   # not in the URDF: full speed in {TIME_TO_SPEED_S} s\n\
             home           = \"{} {position}\"   # not in the URDF\n\
             home_tolerance = \"{tolerance}\"   # not in the URDF",
            text(&axis.name),
            number(axis.speed / TIME_TO_SPEED_S),
            number(axis.home),
        )?;
    }
    writeln!(out, "\n[supervisor]   # not in the URDF\nrate     = \"{RATE}\"\nwatchdog = \"30 ms\"")?;
    for axis in axes {
        let error = unit(axis, "20 deg", "20 mm");
        writeln!(
            out,
            "[[supervisor.joints]]\njoint          = {}\ntracking_error = \"{error}\"",
            text(&axis.name)
        )?;
    }
    writeln!(
        out,
        "\n# Limits that the built-in methods judge by; nobody has declared any, so these are examples."
    )?;
    for (name, value) in DECLARED {
        writeln!(out, "[declared.{name}]\nvalue = \"{value}\"\nowner = {{ kind = \"example\" }}")?;
    }
    Ok(())
}

/// A text as TOML has it.
fn text(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A number as TOML and quantities have it, with all its digits.
fn number(value: f64) -> String {
    if value == 0.0 { "0".to_owned() } else { format!("{value:?}").trim_end_matches(".0").to_owned() }
}

/// To three digits: placeholders are not exact.
fn rounded(value: f64) -> f64 {
    format!("{value:.2e}").parse().unwrap_or(value)
}
