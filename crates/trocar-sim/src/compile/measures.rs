//! The measures of a scenario, tied to signals, phases and instruments.

use super::Compiler;
use super::program::joint_range;
use crate::assemble::truth_of;
use crate::case::{Feed, Marks, MeasurePlan, Source, WindowPlan};
use crate::model::Model;
use crate::scope::{SignalScope, signal_of};
use trocar_logic::Condition;
use trocar_measure::{
    InputShape, Instrument, Measure, MeasureConfig, MeasureShape, ReadingUncertainty, RecorderUncertainty,
    Visit, WindowAt,
};
use trocar_plant::{DisplacementSensorConfig, GoniometerConfig, InstrumentConfig, InstrumentStatement};
use trocar_signal::{GroupClass, GroupId, Nanos};

pub(crate) fn compile(
    compiler: &mut Compiler<'_>,
    model: &Model,
    phases: &[String],
    poses: &[String],
) -> Vec<MeasurePlan> {
    let mut plans = Vec::new();
    for (name, config) in &compiler.loaded.scenario.measures {
        if let Some(plan) = measure(compiler, model, phases, poses, name, config) {
            plans.push(plan);
        }
    }
    plans
}

fn measure(
    compiler: &mut Compiler<'_>,
    model: &Model,
    phases: &[String],
    poses: &[String],
    name: &str,
    config: &MeasureConfig,
) -> Option<MeasurePlan> {
    let prefix = format!("measures.{name}");
    let (first, second) = config.paths();
    if matches!(config, MeasureConfig::Share { .. }) {
        return share(compiler, model, phases, name, config);
    }
    let first_source = source(compiler, model, &format!("{prefix}.{}", first.key), first.path);
    let second_source = match second {
        Some(path) => Some(source(compiler, model, &format!("{prefix}.{}", path.key), path.path)?),
        None => None,
    };
    let first_source = first_source?;
    let window = config.window();
    let after = Nanos::from_seconds(window.after.si()).unwrap_or(Nanos::ZERO);
    let phase = match &window.phase {
        None => None,
        Some(wanted) => Some(phases.iter().position(|p| p == wanted)?),
    };
    let phase_config = phase.and_then(|at| compiler.loaded.scenario.phases.get(at));
    let dwell = phase_config.and_then(|phase| phase.motion.as_ref()).map(|motion| motion.dwell.si());
    if let (MeasureConfig::GripForce { hold, .. }, Some(dwell_s)) = (config, dwell)
        && hold.si() > dwell_s
    {
        let what = format!("the phase dwells for {dwell_s} s: a longer hold would read the closing itself");
        compiler.problem(&format!("{prefix}.hold"), what);
        compiler.recode("empty-window");
        return None;
    }
    let visits = phase_config.map_or_else(Vec::new, |phase| visits(phase, poses));
    let repeats = phase_config.map_or(1, |p| p.repeat);
    let shape_of = |source: Source| match source.element {
        Some(element) => InputShape::of_element(&model.layout.spec(source.group).elements[element as usize]),
        None => InputShape::of_group(model.layout.spec(source.group)),
    };
    let mut shape = MeasureShape::new(shape_of(first_source))
        .visiting(visits.clone(), repeats)
        .read_by(instrument(compiler, model, first_source.group))
        .stepped(Nanos::from_seconds(model.step_s()).unwrap_or(Nanos::ZERO));
    if let Some(timing) = &compiler.timing {
        shape = shape.stepped(timing.step).read_every(timing.interval);
    }
    if let MeasureConfig::RemoteCentreError { port: Some(port), .. } = config {
        let key = format!("{prefix}.port");
        let (instance, port_m) = super::program::frame_in_base(compiler, &key, port)?;
        let frame = model.layout.spec(first_source.group).frame.clone().unwrap_or_default();
        if frame != format!("{instance}.base") {
            let what = format!("`of` is given in `{frame}`, and `{port}` is known in `{instance}.base`");
            let what = compiler.loaded.roles.in_words_of_the_method(&what);
            compiler.problem(&key, what);
            return None;
        }
        shape = shape.with_port(Some([port_m.x, port_m.y, port_m.z]));
    }
    if let Some(second) = second_source {
        let ranges = [first_source, second].map(|source| joint_range_of(compiler, model, source));
        shape = shape.against(shape_of(second)).of_joints(ranges);
        if config.reads_pairs() {
            alike_in_time(compiler, model, &prefix, [first_source, second]);
        }
    }
    let measure = match Measure::new(config, &shape) {
        Ok(measure) => measure,
        Err(problems) => {
            for problem in problems {
                compiler.problems(&prefix, std::slice::from_ref(&problem));
                if matches!(problem.key.as_str(), "window.skip" | "block") {
                    compiler.recode("empty-window");
                }
            }
            return None;
        }
    };
    let feed = match (config, second_source) {
        (MeasureConfig::Validity { .. }, _) => Feed::Validity(first_source.group),
        (_, None) if config.is_of_dwells() => Feed::Motion(first_source),
        (_, Some(second)) if config.is_of_a_stop() => Feed::After(second.group, first_source),
        (MeasureConfig::Delay { .. }, Some(second)) => Feed::Events(first_source.group, second.group),
        (MeasureConfig::DeviationFromTwin { .. }, _) => {
            if compiler.loaded.scenario.faults.is_empty() {
                compiler
                    .problem(&prefix, "there is no fault in this scenario, and so no twin to deviate from");
                compiler.recode("no-twin");
                return None;
            }
            Feed::Twin(first_source)
        }
        (_, Some(second)) => Feed::Against(first_source, second),
        (_, None) => Feed::Values(first_source),
    };
    let is_truth = |group: GroupId| model.layout.spec(group).class == GroupClass::Truth;
    let uses_truth = is_truth(first_source.group) || second_source.is_some_and(|s| is_truth(s.group));
    Some(MeasurePlan {
        name: name.to_owned(),
        measure,
        feed,
        condition: None,
        window: WindowPlan { phase, at: window.at, after },
        instrument: Some(model.layout.spec(first_source.group).writer.clone())
            .filter(|writer| compiler.loaded.scenario.instruments.contains_key(writer)),
        uses_truth,
        visits: place_of_items(&visits),
        judged: false,
        oriented: config.reads_orientation(),
        marks: marks(config, visits.is_empty(), repeats),
    })
}

/// What a measure must be told of the course of the test. Where a cycle visits poses, the readings count the cycles.
fn marks(config: &MeasureConfig, no_poses: bool, repeats: u32) -> Marks {
    let window = config.window();
    let by_cycle = config.is_of_a_path()
        || matches!(
            config,
            MeasureConfig::CorrelationDelay { .. }
                | MeasureConfig::Hysteresis { .. }
                | MeasureConfig::Scaling { .. }
                | MeasureConfig::TrackingError { .. }
        );
    let counts = window.skip > 0 || by_cycle;
    Marks {
        phase: window.phase.is_some(),
        cycles: no_poses && counts && repeats > 1,
        readings: window.at == WindowAt::DwellEnd || config.is_of_dwells() || (!no_poses && counts),
    }
}

/// What a cycle of a phase visits: in the order of the scenario's poses, and of one pose in that of the cycle.
fn visits(phase: &trocar_scenario::phase::PhaseConfig, poses: &[String]) -> Vec<Visit> {
    let through: Vec<&str> =
        phase.motion.iter().flat_map(|motion| motion.through.iter().map(String::as_str)).collect();
    let mut visits = Visit::cycle(&through);
    visits.sort_by_key(|visit| (poses.iter().position(|pose| *pose == visit.pose), visit.item));
    visits
}

/// Of each item of a cycle, its place among the visits.
fn place_of_items(visits: &[Visit]) -> Vec<u32> {
    (0..visits.len())
        .filter_map(|item| visits.iter().position(|visit| visit.item == item).map(|at| at as u32))
        .collect()
}

/// A measure of a condition.
fn share(
    compiler: &mut Compiler<'_>,
    model: &Model,
    phases: &[String],
    name: &str,
    config: &MeasureConfig,
) -> Option<MeasurePlan> {
    let prefix = format!("measures.{name}");
    let roles = std::collections::BTreeMap::new();
    let scope = SignalScope { layout: &model.layout, roles: &roles, constants: &compiler.constants };
    let condition = match Condition::compile(config.paths().0.path, &scope) {
        Ok(condition) => condition,
        Err(errors) => {
            compiler.formula_errors(&format!("{prefix}.of"), &errors);
            return None;
        }
    };
    let window = config.window();
    let phase = match &window.phase {
        None => None,
        Some(wanted) => Some(phases.iter().position(|p| p == wanted)?),
    };
    let repeats = phase.and_then(|at| compiler.loaded.scenario.phases.get(at)).map_or(1, |p| p.repeat);
    let number = InputShape::Number(trocar_signal::Dimension::NUMBER);
    let shape = MeasureShape::new(number).cycles(&[], repeats);
    let measure = match Measure::new(config, &shape) {
        Ok(measure) => measure,
        Err(problems) => {
            compiler.problems(&prefix, &problems);
            return None;
        }
    };
    let groups = condition.operands().iter().filter_map(|operand| signal_of(operand.id));
    let uses_truth = groups.into_iter().any(|s| model.layout.spec(s.group).class == GroupClass::Truth);
    Some(MeasurePlan {
        name: name.to_owned(),
        measure,
        feed: Feed::Condition,
        condition: Some(condition),
        window: WindowPlan {
            phase,
            at: window.at,
            after: Nanos::from_seconds(window.after.si()).unwrap_or(Nanos::ZERO),
        },
        instrument: None,
        uses_truth,
        visits: Vec::new(),
        judged: false,
        oriented: false,
        marks: marks(config, true, repeats),
    })
}

/// The signal of a path: a number, or a whole group.
fn source(compiler: &mut Compiler<'_>, model: &Model, key: &str, path: &str) -> Option<Source> {
    let layout = &model.layout;
    if let Some(element) = layout.element(path) {
        let spec = layout.spec(element.group);
        let whole = spec.elements.len() == 1;
        return Some(Source {
            group: element.group,
            element: (!whole || spec.elements[0].name.is_empty()).then_some(element.index),
        })
        .map(|s| {
            if matches!(spec.kind, trocar_signal::GroupKind::Event) {
                Source { element: None, ..s }
            } else {
                s
            }
        });
    }
    let group = layout.group(path).or_else(|| layout.group(&truth_of(path)?));
    if group.is_none() {
        compiler.unknown_signal(key, path, layout);
    }
    group.map(|group| Source { group, element: None })
}

/// From the lower to the upper limit of the joint whose position a signal is, also as a displacement sensor reads it.
fn joint_range_of(compiler: &Compiler<'_>, model: &Model, source: Source) -> Option<f64> {
    let spec = model.layout.spec(source.group);
    let element = match compiler.loaded.scenario.instruments.get(&spec.writer) {
        None => trocar_signal::ElementRef { group: source.group, index: source.element? },
        Some(
            InstrumentConfig::DisplacementSensor(DisplacementSensorConfig { follows, .. })
            | InstrumentConfig::Goniometer(GoniometerConfig { follows, .. }),
        ) => {
            let follower = spec.path.strip_prefix(&spec.writer)?.strip_prefix('.')?;
            model.layout.element(follows.get(follower)?)?
        }
        Some(_) => return None,
    };
    let followed = model.layout.spec(element.group);
    let is_position = followed.elements.get(element.index as usize)?.name.starts_with("position");
    let joints = ["_jp", "_js", ".js"].iter().any(|end| followed.path.ends_with(end));
    let range = joint_range(compiler, followed, element.index as usize);
    range.filter(|_| is_position && joints).map(|(lower, upper)| upper - lower)
}

/// Where one of two signals arrives later because its instrument is slow, the delay between them is that of the instrument.
fn alike_in_time(compiler: &mut Compiler<'_>, model: &Model, prefix: &str, sources: [Source; 2]) {
    let writers = sources.map(|source| model.layout.spec(source.group).writer.clone());
    let latency_s = |writer: &String| match compiler.loaded.scenario.instruments.get(writer) {
        Some(InstrumentConfig::PositionTracker(config)) => config.statement().latency_s,
        Some(InstrumentConfig::DisplacementSensor(config) | InstrumentConfig::LoadCell(config)) => {
            config.latency.as_ref().map_or(0.0, |latency| latency.value.si())
        }
        Some(InstrumentConfig::GripGauge(config)) => config.statement().latency_s,
        Some(InstrumentConfig::Goniometer(config)) => config.statement().latency_s,
        _ => 0.0,
    };
    let [of_s, commanded_s] = writers.each_ref().map(latency_s);
    if of_s != commanded_s {
        let what = format!(
            "`of` arrives {:.4} ms after its instant and this {:.4} ms: read both with one instrument, so that its latency cancels",
            1e3 * of_s,
            1e3 * commanded_s
        );
        compiler.problem(&format!("{prefix}.commanded"), what);
    }
}

/// What is known of the instrument that writes a group.
fn instrument(compiler: &Compiler<'_>, model: &Model, group: GroupId) -> Instrument {
    let spec = model.layout.spec(group);
    let Some(config) = compiler.loaded.scenario.instruments.get(&spec.writer) else {
        return Instrument::None;
    };
    match config {
        InstrumentConfig::PositionTracker(config) => reading(&config.statement()),
        InstrumentConfig::GripGauge(config) => reading(&config.statement()),
        InstrumentConfig::Goniometer(config) => {
            let statement = config.statement();
            let Instrument::Reading(of_angle) = reading(&statement) else { return Instrument::None };
            // What it reads is an angle: where its zero stands is its registration.
            let registration_u = statement.registration_rotation_sd;
            Instrument::Reading(ReadingUncertainty { registration_u, ..of_angle })
        }
        InstrumentConfig::DisplacementSensor(config) | InstrumentConfig::LoadCell(config) => {
            let dimension = spec.elements.first().map_or(trocar_signal::Dimension::NUMBER, |e| e.dimension);
            reading(&statement_of_displacement(config, dimension))
        }
        InstrumentConfig::EdgeRecorder(config) => {
            let channel = |id: GroupId| {
                let path = &model.layout.spec(id).path;
                config.statement(path.rsplit('.').next().unwrap_or(path))
            };
            let first = channel(group);
            Instrument::Recorder(RecorderUncertainty {
                resolution_s: first.resolution,
                clock_rate_error: first.clock_ppm.abs() * 1e-6,
                // The slope of an edge is not known before the run: a comparator's noise shows in the run's scatter.
                threshold_noise_s: 0.0,
            })
        }
    }
}

fn statement_of_displacement(
    config: &DisplacementSensorConfig,
    dimension: trocar_signal::Dimension,
) -> InstrumentStatement {
    InstrumentStatement {
        expanded_uncertainty: config.uncertainty.as_ref().map_or(0.0, |u| u.value.si),
        noise_sd: config.noise.as_ref().map_or(0.0, |n| n.value.si),
        resolution: config.resolution.as_ref().map_or(0.0, |r| r.value.si),
        ..InstrumentStatement::silent(dimension)
    }
}

fn reading(statement: &InstrumentStatement) -> Instrument {
    Instrument::Reading(ReadingUncertainty {
        expanded: statement.expanded_uncertainty,
        k: statement.coverage_k,
        // A tracker's stated uncertainty includes its registration; a registration drawn beside it is its own.
        registration_u: statement.registration_translation_sd,
        noise_sd: statement.noise_sd,
        resolution: statement.resolution,
        angle_noise_sd: statement.angle_noise_sd,
        angle_expanded: statement.angle_expanded_uncertainty,
        angle_registration_u: statement.registration_rotation_sd,
    })
}
