//! `trocar inspect`

use crate::args::InspectArgs;
use crate::output::{BAD_USAGE, data, error, failures, say, stderr_is_styled};
use serde_json::{Value as Json, json};
use std::fmt::Write;
use trocar_scenario::{
    Failure, FileKind, Files, UrdfOptions, kind_of_file, load_robot, load_scene, load_urdf, render,
};
use trocar_signal::Diagnostic;
use trocar_sim::inspect::{Evaluation, Inspection, Posture, Subject};

/// What the numbers mean; docs/inspect.md says it at length.
const CONVENTIONS: &str = "SI and radians; lists, rows and columns in the order of the joints; vectors in the base's axes; \
    quaternions x, y, z, w; Jacobian rows: velocity x, y, z, then angular velocity x, y, z; the mass matrix contains rotors \
    behind their gears and couplings; friction, stops and loads take no part";

/// Prints what a mechanism is and does; gives the exit code.
pub fn inspect(args: &InspectArgs) -> u8 {
    let (subjects, warnings) = match subjects(args) {
        Ok(found) => found,
        Err(Wrong::Files(failure)) => {
            failures(&[*failure]);
            return BAD_USAGE;
        }
        Err(Wrong::Words(what)) => {
            error(&what);
            return BAD_USAGE;
        }
    };
    if !warnings.diagnostics.is_empty() && !args.json {
        let text = render::to_text(&warnings.diagnostics, &warnings.files, stderr_is_styled());
        say(&format!("{}\n", text.trim_end()));
    }
    let is_asked = args.q.is_some() || args.qd.is_some() || args.qdd.is_some() || args.tau.is_some();
    let is_asked = is_asked || args.frame.is_some();
    let mut robots = Vec::new();
    for (name, subject) in subjects {
        let evaluation = match is_asked {
            false => None,
            true => match subject.evaluate(&posture(args)) {
                Ok(evaluation) => Some(evaluation),
                Err(what) => {
                    error(&what);
                    return BAD_USAGE;
                }
            },
        };
        robots.push((name, subject.inspect(), evaluation));
    }
    if args.json {
        let robots: Vec<Json> = robots
            .iter()
            .map(|(name, inspection, evaluation)| {
                json!({ "instance": name, "mechanism": inspection, "evaluation": evaluation })
            })
            .collect();
        let all = json!({
            "conventions": CONVENTIONS,
            "robots": robots,
            "warnings": render::to_json(&warnings.diagnostics, &warnings.files),
        });
        data(&format!("{all:#}\n"));
        return 0;
    }
    let mut out = String::new();
    for (name, inspection, evaluation) in &robots {
        describe(&mut out, name.as_deref(), inspection);
        if let Some(evaluation) = evaluation {
            tell(&mut out, evaluation);
        }
    }
    data(&out);
    0
}

enum Wrong {
    Files(Box<Failure>),
    Words(String),
}

impl From<Failure> for Wrong {
    fn from(failure: Failure) -> Wrong {
        Wrong::Files(Box::new(failure))
    }
}

fn posture(args: &InspectArgs) -> Posture {
    let list = |numbers: &Option<crate::args::Numbers>| numbers.as_ref().map(|numbers| numbers.0.clone());
    Posture {
        q: list(&args.q),
        qd: list(&args.qd),
        qdd: list(&args.qdd),
        tau: list(&args.tau),
        frame: args.frame.clone(),
    }
}

/// The mechanisms that a file speaks of, each with its name in the scene.
type Subjects = Vec<(Option<String>, Subject)>;

fn subjects(args: &InspectArgs) -> Result<(Subjects, Failure), Wrong> {
    let only = |diagnostic: Diagnostic| Failure { diagnostics: vec![diagnostic], files: Vec::new() };
    let (files, address) = Files::open(&args.file).map_err(|e| only(e.diagnostic()))?;
    let kind = kind_of_file(&files, &address);
    let mut warnings = Failure { diagnostics: Vec::new(), files: Vec::new() };
    let mut subjects = Vec::new();
    if kind == Some(FileKind::Urdf) {
        let packages = args.packages.iter().cloned().collect();
        let loaded = load_urdf(&files, &address, &UrdfOptions { packages, ..UrdfOptions::default() })?;
        let fail = |diagnostics| Failure { diagnostics, files: loaded.files.clone() };
        subjects.push((None, Subject::of_urdf(&loaded).map_err(fail)?));
        warnings = Failure { diagnostics: loaded.warnings.clone(), files: loaded.files.clone() };
    } else {
        let checked = trocar_scenario::check(&files, &address)?;
        let fail = |diagnostics| Failure { diagnostics, files: checked.files.clone() };
        match checked.kind {
            FileKind::Robot => {
                subjects.push((None, Subject::of_robot(&load_robot(&files, &address)?).map_err(fail)?));
            }
            FileKind::Scene => {
                let scene = load_scene(&files, &address)?;
                let wanted = |name: &String| args.robot.as_ref().is_none_or(|robot| robot == name);
                for name in scene.robots.keys().filter(|name| wanted(name)) {
                    if let Some(subject) = Subject::of_scene(&scene, name) {
                        subjects.push((Some(name.clone()), subject.map_err(fail)?));
                    }
                }
            }
            other => {
                let what =
                    format!("a robot, a scene or a URDF file is meant here, and this is {}", other.word());
                return Err(Wrong::Words(what));
            }
        }
        warnings.diagnostics.extend(checked.warnings.clone());
        warnings.files.extend(checked.files.clone());
    }
    if let Some(robot) = &args.robot
        && !subjects.iter().any(|(name, _)| name.as_ref() == Some(robot))
    {
        return Err(Wrong::Words(format!(
            "there is no robot `{robot}` here; --robot is for the robots of a scene"
        )));
    }
    if let Some(gravity) = &args.gravity {
        let gravity: [f64; 3] = gravity
            .0
            .clone()
            .try_into()
            .map_err(|_| Wrong::Words("--gravity has three numbers: x,y,z".to_owned()))?;
        let turned = subjects.into_iter().map(|(name, subject)| Ok((name, subject.with_gravity(gravity)?)));
        subjects = turned.collect::<Result<_, String>>().map_err(Wrong::Words)?;
    }
    Ok((subjects, warnings))
}

fn describe(out: &mut String, instance: Option<&str>, of: &Inspection) {
    let title = instance.map_or_else(|| of.name.clone(), |instance| format!("{instance}: {}", of.name));
    line(out, &title);
    line(out, &format!("\nJoints, in the order of q ({} of them)", of.coordinates.len()));
    let width = of.coordinates.iter().map(|c| c.name.len()).max().unwrap_or(0);
    for c in &of.coordinates {
        let (unit, effort) = if c.kind == "prismatic" { ("m", "N") } else { ("rad", "N m") };
        let assumed = match (c.is_driven, c.limits_are_assumed) {
            (false, _) => " (no motor moves it)",
            (true, true) => " (assumed)",
            (true, false) => "",
        };
        let mut row = format!(
            "  {:width$}  {:9}  {} to {} {unit}{assumed}, starts at {}",
            c.name,
            c.kind,
            short(c.lower),
            short(c.upper),
            short(c.start)
        );
        if let Some(speed) = c.velocity_limit {
            let _ = write!(row, "; at most {} {unit}/s", short(speed));
        }
        if let Some(greatest) = c.effort_limit {
            let _ = write!(row, "; at most {} {effort}", short(greatest));
        }
        line(out, &row);
    }
    line(out, "\nFrames (about or along their z; what moves them; mass of their body)");
    line(out, "  base");
    let below = |parent: &str| of.frames.iter().filter(|f| f.parent == parent).collect::<Vec<_>>();
    let mut waiting = below("base");
    waiting.reverse();
    while let Some(frame) = waiting.pop() {
        waiting.extend(below(&frame.name).into_iter().rev());
        let mut row = format!("  {}{}", "  ".repeat(frame.depth), frame.name);
        if let Some(link) = &frame.urdf_link {
            let _ = write!(row, " (`{link}`)");
        }
        if !frame.moves.is_empty() {
            let moves: Vec<String> = frame
                .moves
                .iter()
                .map(
                    |(name, factor)| {
                        if *factor == 1.0 { name.clone() } else { format!("{} {name}", short(*factor)) }
                    },
                )
                .collect();
            let _ = write!(row, "  {} by {}", frame.kind, moves.join(" + "));
        }
        if let Some(mass) = frame.mass_kg {
            let _ = write!(row, "  {} kg", short(mass));
        }
        line(out, &row);
    }
    line(out, "");
    line(out, &format!("Mass that moves    {} kg", short(of.moving_mass_kg)));
    if let Some(mass) = of.base_mass_kg {
        line(out, &format!("Mass on the base   {} kg; it stands still and takes no part", short(mass)));
    }
    let centre = vector(&of.centre_of_mass_at_start_in_base_m);
    line(out, &format!("Centre of mass     {centre} m in the base, at the start"));
    match of.tip_at_start_in_base_m.as_ref().zip(of.tip_frame.as_ref()) {
        Some((tip, frame)) => {
            line(
                out,
                &format!("Tip                {} m in the base, at the start; in frame {frame}", vector(tip)),
            );
        }
        None => line(out, "Tip                none: its joints are moved, and nothing Cartesian"),
    }
    if let Some(reach) = &of.reach {
        line(out, &format!("Reach              {} m at q = {}", short(reach.distance_m), vector(&reach.q)));
        line(out, &format!("                   {}", reach.method));
    }
    if !of.actuators.is_empty() {
        line(out, "\nActuators");
    }
    for actuator in &of.actuators {
        let [gear, effort, inertia] = match actuator.kind {
            "prismatic" => ["rad/m", "N", "kg"],
            _ => ["rad/rad", "N m", "kg m^2"],
        };
        let rotor = match actuator.rotor_inertia_at_output {
            0.0 => "no rotor of its own".to_owned(),
            rotor => format!("rotor {} {inertia}", short(rotor)),
        };
        line(
            out,
            &format!(
                "  {}  gear {} {gear}; behind it at most {} {effort}, {rotor}",
                actuator.name,
                short(actuator.gear),
                short(actuator.greatest_effort),
            ),
        );
    }
}

fn tell(out: &mut String, of: &Evaluation) {
    line(out, &format!("\n{CONVENTIONS}."));
    for (name, list) in [("q", &of.q), ("qd", &of.qd), ("qdd", &of.qdd), ("tau", &of.tau)] {
        line(out, &format!("{name:8} {}", full(list)));
    }
    line(out, &format!("gravity  {}", full(&of.gravity_in_base_mps2)));
    line(out, "\nPoses in the base: x, y, z; quaternion x, y, z, w");
    let width = of.frames.iter().map(|frame| frame.name.len()).max().unwrap_or(0);
    for frame in &of.frames {
        let (p, r) = (full(&frame.position_in_base_m), full(&frame.base_from_frame_xyzw));
        line(out, &format!("  {:width$}  {p};  {r}", frame.name));
    }
    if let Some(of) = &of.jacobian {
        line(
            out,
            &format!("\nJacobian of {} at {} m", of.jacobian_frame, full(&of.jacobian_point_in_base_m)),
        );
        of.jacobian.iter().for_each(|row| line(out, &format!("  {}", full(row))));
        line(out, &format!("\nIts derivative in time times qd\n  {}", full(&of.jacobian_rate_times_qd)));
    } else {
        line(out, "\nNo Jacobian: the robot has no tip; --frame FRAME gives that of a frame");
    }
    line(out, "\nMass matrix");
    of.mass_matrix.iter().for_each(|row| line(out, &format!("  {}", full(row))));
    line(out, &format!("\nBias (Coriolis, centrifugal, gravity)\n  {}", full(&of.bias)));
    line(out, &format!("\nGravity (efforts that hold the posture)\n  {}", full(&of.gravity_effort)));
    line(out, &format!("\nInverse dynamics (efforts that give qdd)\n  {}", full(&of.inverse_dynamics)));
    line(
        out,
        &format!("\nForward dynamics (accelerations that tau gives)\n  {}", full(&of.forward_dynamics)),
    );
    line(
        out,
        &format!(
            "\nCentre of mass  {} m, {} m/s\nMomentum        {} kg m/s; about the centre of mass {} kg m^2/s\nEnergy          kinetic {} J, potential {} J",
            full(&of.centre_of_mass_in_base_m),
            full(&of.centre_of_mass_velocity_mps),
            full(&of.linear_momentum_kgmps),
            full(&of.angular_momentum_about_centre_kgm2ps),
            of.kinetic_energy_j,
            of.potential_energy_j
        ),
    );
}

fn line(out: &mut String, text: &str) {
    out.push_str(text);
    out.push('\n');
}

/// A number for people: six digits.
fn short(value: f64) -> String {
    let text = if value != 0.0 && !(1e-4..1e6).contains(&value.abs()) {
        format!("{value:.5e}")
    } else {
        let whole = format!("{:.0}", value.abs()).len();
        format!("{value:.*}", 6_usize.saturating_sub(whole).max(1))
    };
    match text.split_once('.') {
        Some((_, rest)) if !rest.contains('e') => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        _ => text,
    }
}

/// Components of a vector. What rounding left of a zero beside the others is shown as one.
fn vector(values: &[f64]) -> String {
    let largest =
        values.iter().fold(0.0_f64, |most, value| if value.abs() > most { value.abs() } else { most });
    let shown = |value: &f64| if value.abs() < 1e-12 * largest { short(0.0) } else { short(*value) };
    format!("({})", values.iter().map(shown).collect::<Vec<_>>().join(", "))
}

/// Numbers with all their digits.
fn full(values: &[f64]) -> String {
    values.iter().map(|value| format!("{value:?}")).collect::<Vec<_>>().join(", ")
}
