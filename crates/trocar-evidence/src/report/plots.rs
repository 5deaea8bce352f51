//! What each measure of a case read, as plots.

use super::plot::{Axis, Layer, Mark, Plot};
use super::scatter::of_repeats;
use super::series::{Span, Timeline, Trace, Wanted, timeline, traces};
use super::{ReportError, Reported};
use crate::outcome::{CaseOutcome, FigureOutcome, RequirementOutcome};
use trocar_measure::{DisplayUnit, ForceStatistic, MeasureConfig};
use trocar_scenario::explain::Catalogue;
use trocar_signal::{AnyQuantity, Dimension};

/// What is shown of one measure.
pub struct Shown {
    /// The measure's name in the file.
    pub measure: String,
    /// SVG, or a sentence that says why there is none.
    pub drawn: Result<String, String>,
}

/// Phases, faults, and a plot for each measure that reads signals.
pub struct Pictures {
    /// The course of the run.
    pub course: String,
    /// Whether the recording breaks off: then what came after is shown nowhere.
    pub breaks_off: bool,
    /// In the order of the file.
    pub measures: Vec<Shown>,
}

/// The pictures of a case.
///
/// # Errors
/// [`ReportError`]
pub fn pictures(result: &Reported, case: &CaseOutcome, words: &Catalogue) -> Result<Pictures, ReportError> {
    let failed = |source| ReportError::Recording { case: case.case.clone(), source };
    let course = timeline(result.folder.recording(&case.case)?, case.simulated_s).map_err(failed)?;
    let place =
        result.method.as_ref().and_then(|loaded| loaded.cases.iter().position(|c| c.name == case.case));
    let loaded = result.method.as_ref().map(|loaded| loaded.of_case(place.unwrap_or(0)));
    let configs: Vec<(&String, &MeasureConfig)> =
        loaded.iter().flat_map(|loaded| &loaded.scenario.measures).collect();
    let mut wanted = Vec::new();
    let mut places = Vec::new();
    for (_, config) in &configs {
        let (from_s, to_s) = window(&course, config, case.simulated_s);
        let (first, second) = config.paths();
        let paths: Vec<&str> = std::iter::once(first.path).chain(second.map(|path| path.path)).collect();
        places.push(wanted.len()..wanted.len() + paths.len());
        wanted.extend(paths.into_iter().map(|path| Wanted { path: path.to_owned(), from_s, to_s }));
    }
    let lines = traces(result.folder.recording(&case.case)?, &wanted).map_err(failed)?;
    let mut measures = Vec::new();
    // What was drawn over time, and under which measure's name.
    let mut drawn_before: Vec<(Vec<&str>, Option<&String>, &String)> = Vec::new();
    for ((name, config), range) in configs.iter().zip(places) {
        let of_measure: Vec<&Trace> = lines.get(range.clone()).into_iter().flatten().flatten().collect();
        let figures: Vec<&FigureOutcome> =
            case.figures.iter().filter(|figure| figure.name == **name).collect();
        let requirement = case.requirements.iter().find(|requirement| requirement.subject == **name);
        let rows = by_row(name, &figures, &case.requirements, words);
        let rows: String =
            rows.into_iter().chain(of_repeats(name, &figures, words)).map(|plot| plot.svg()).collect();
        let paths: Vec<&str> = of_measure.iter().map(|trace| trace.path.as_str()).collect();
        let phase = config.window().phase.as_ref();
        // Levels of a figure and its limit belong to one measure alone.
        let same = drawn_before
            .iter()
            .find(|(before, of_phase, _)| *before == paths && *of_phase == phase && !is_a_value(config));
        let drawn = if of_measure.is_empty() {
            match config {
                _ if !rows.is_empty() => Ok(rows),
                // A condition, or something that happens, is no line.
                MeasureConfig::Share { .. } | MeasureConfig::Count { .. } | MeasureConfig::Delay { .. } => {
                    continue;
                }
                _ => {
                    let path = wanted.get(range.start).map_or("", |one| one.path.as_str());
                    Err(words.say("report.not_recorded", &[("path", path), ("result", &result.shown)]))
                }
            }
        } else if let Some((_, _, first)) = same {
            let said = words.say("report.same_as", &[("name", first)]);
            Ok(format!("{rows}<p class=\"aside\">{}</p>\n", super::page::escaped(&said)))
        } else {
            drawn_before.push((paths, phase, name));
            let over_time = by_unit(&of_measure)
                .into_iter()
                .map(|traces| over_time(name, config, &traces, &course, &figures, requirement, words).svg());
            Ok(std::iter::once(rows).chain(over_time).collect())
        };
        measures.push(Shown { measure: (*name).clone(), drawn });
    }
    Ok(Pictures {
        breaks_off: course.breaks_off,
        course: course_plot(&course, case.simulated_s, words),
        measures,
    })
}

/// The stretch of time that a measure reads, with a little before and after.
fn window(course: &Timeline, config: &MeasureConfig, end_s: f64) -> (f64, f64) {
    let phase = config.window().phase.as_ref();
    let spans: Vec<&Span> = course.phases.iter().filter(|span| Some(&span.name) == phase).collect();
    let (Some(first), Some(last)) = (spans.first(), spans.last()) else { return (0.0, end_s) };
    let margin_s = 0.03 * (last.to_s - first.from_s);
    (trocar_math::max(first.from_s - margin_s, 0.0), trocar_math::min(last.to_s + margin_s, end_s))
}

/// Traces of one unit share a plot.
fn by_unit<'t>(traces: &[&'t Trace]) -> Vec<Vec<&'t Trace>> {
    let mut groups: Vec<Vec<&Trace>> = Vec::new();
    for trace in traces {
        match groups.iter_mut().find(|group| group[0].dimension == trace.dimension) {
            Some(group) => group.push(trace),
            None => groups.push(vec![trace]),
        }
    }
    groups
}

pub(super) fn label(what: &str, unit: &DisplayUnit) -> String {
    if unit.symbol.is_empty() { what.to_owned() } else { format!("{what} [{}]", unit.symbol) }
}

fn over_time(
    name: &str,
    config: &MeasureConfig,
    traces: &[&Trace],
    course: &Timeline,
    figures: &[&FigureOutcome],
    requirement: Option<&RequirementOutcome>,
    words: &Catalogue,
) -> Plot {
    let dimension = traces.first().map_or(Dimension::NUMBER, |trace| trace.dimension);
    let ends = traces.iter().filter_map(|trace| trace.extent());
    let magnitude = ends
        .clone()
        .fold(0.0, |most, (low, high)| trocar_math::max(most, trocar_math::max(low.abs(), high.abs())));
    let unit = DisplayUnit::of(magnitude, dimension);
    let scaled = |si: f64| si / unit.scale;
    let mut layers: Vec<Layer> = traces
        .iter()
        .map(|trace| Layer {
            name: trace.path.clone(),
            mark: Mark::Line(trace.points().into_iter().map(|(at_s, value)| (at_s, scaled(value))).collect()),
        })
        .collect();
    // A figure that is a value of the signal, and its limit, are levels.
    if is_a_value(config) && traces.len() == 1 {
        let si = dimension.si_unit();
        let figure = figures.iter().find_map(|figure| figure.figure.as_ref()).filter(|f| f.unit == si);
        let limit = requirement.and_then(|r| r.limit.as_ref()).filter(|limit| limit.limit.unit == si);
        let levels = [("report.level.figure", figure), ("report.level.limit", limit.map(|l| &l.limit))];
        layers.extend(levels.into_iter().filter_map(|(key, level)| {
            let level = level?;
            let name = words.say(key, &[("text", &level.text)]);
            Some(Layer { name, mark: Mark::Level(scaled(level.value)) })
        }));
    }
    let levels = layers.iter().filter_map(|layer| match layer.mark {
        Mark::Level(level) => Some(level),
        _ => None,
    });
    let values = ends.flat_map(|(low, high)| [scaled(low), scaled(high)]).chain(levels);
    let y = Axis::around(label(&what(traces), &unit), values);
    let (from_s, to_s) = traces.first().map_or((0.0, 1.0), |trace| (trace.from_s, trace.to_s));
    let time = words.say("report.axis.time", &[]);
    let spans = |spans: &[Span]| -> Vec<(f64, f64, String)> {
        spans.iter().map(|span| (span.from_s, span.to_s, span.name.clone())).collect()
    };
    Plot {
        title: words.say("report.plot.of", &[("name", name)]),
        x: Axis {
            label: label(&time, &DisplayUnit { symbol: "s".to_owned(), scale: 1.0 }),
            low: from_s,
            high: to_s,
            names: Vec::new(),
        },
        y,
        bands: spans(&course.phases),
        strips: spans(&course.faults),
        layers,
    }
}

/// The figures of a measure with several rows, side by side or over what their names say: a frequency, a speed.
fn by_row(
    name: &str,
    figures: &[&FigureOutcome],
    requirements: &[RequirementOutcome],
    words: &Catalogue,
) -> Option<Plot> {
    let rows: Vec<(&str, &crate::outcome::Reported)> = figures
        .iter()
        .filter(|figure| !figure.row.is_empty())
        .filter_map(|figure| Some((figure.row.as_str(), figure.figure.as_ref()?)))
        .collect();
    let (_, first) = rows.first().filter(|_| rows.len() > 1)?;
    let same_unit = rows.iter().all(|(_, figure)| figure.unit == first.unit);
    let dimension = trocar_signal::unit::parse(&first.unit).map_or(Dimension::NUMBER, |unit| unit.dimension);
    let most = rows.iter().fold(0.0, |most, (_, figure)| trocar_math::max(most, figure.value.abs()));
    let unit = DisplayUnit::of(most, if same_unit { dimension } else { return None });
    let scaled = |si: f64| si / unit.scale;
    let asked: Vec<AnyQuantity> = rows.iter().filter_map(|(row, _)| AnyQuantity::parse(row).ok()).collect();
    let of = asked.first().map(|quantity| quantity.dimension);
    let (x, places): (Axis, Vec<f64>) =
        if asked.len() == rows.len() && asked.iter().all(|quantity| Some(quantity.dimension) == of) {
            let highest = asked.iter().fold(0.0, |most, quantity| trocar_math::max(most, quantity.si.abs()));
            let unit = DisplayUnit::of(highest, of.unwrap_or(Dimension::NUMBER));
            let places: Vec<f64> = asked.iter().map(|quantity| quantity.si / unit.scale).collect();
            (Axis::around(label("", &unit).trim().to_owned(), places.iter().copied()), places)
        } else {
            let places = (0..).take(rows.len()).map(f64::from).collect();
            (Axis::of(rows.iter().map(|(row, _)| (*row).to_owned()).collect()), places)
        };
    let u_of = |figure: &crate::outcome::Reported| figure.expanded_uncertainty.unwrap_or(0.0);
    let values = rows.iter().zip(places);
    let values = values.map(|((_, figure), at)| (at, scaled(figure.value), scaled(u_of(figure)))).collect();
    let mut layers = vec![Layer { name: name.to_owned(), mark: Mark::Values(values) }];
    let is_of_it = |one: &&RequirementOutcome| {
        one.formula.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.')).any(|word| word == name)
    };
    let limit = requirements.iter().find(is_of_it).and_then(|one| one.limit.as_ref());
    if let Some(limit) = limit.filter(|limit| limit.limit.unit == first.unit) {
        let name = words.say("report.level.limit", &[("text", &limit.limit.text)]);
        layers.push(Layer { name, mark: Mark::Level(scaled(limit.limit.value)) });
    }
    let ends = layers.iter().flat_map(|layer| match &layer.mark {
        Mark::Values(values) => values.iter().flat_map(|(_, value, u)| [value - u, value + u]).collect(),
        Mark::Level(level) => vec![*level],
        Mark::Line(_) | Mark::Points(_) | Mark::Bars(_) => Vec::new(),
    });
    let y = Axis::around(label(name, &unit), ends.collect::<Vec<f64>>());
    let title = words.say("report.plot.rows", &[("name", name)]);
    Some(Plot { title, x, y, layers, ..Plot::default() })
}

/// What the lines of a plot have in common: the one path, or the path up to where they differ.
fn what(traces: &[&Trace]) -> String {
    let mut paths = traces.iter().map(|trace| trace.path.as_str());
    let first = paths.next().unwrap_or("");
    let mut common = first.len();
    for path in paths {
        let same = first.bytes().zip(path.bytes()).take_while(|(a, b)| a == b).count();
        common = common.min(same);
    }
    let common = first.get(..common).unwrap_or("");
    if common.len() == first.len() {
        first.to_owned()
    } else {
        common.rsplit_once('.').map_or("", |(head, _)| head).to_owned()
    }
}

/// Whether the figure is itself a value that the signal had.
fn is_a_value(config: &MeasureConfig) -> bool {
    matches!(
        config,
        MeasureConfig::Maximum { .. }
            | MeasureConfig::Minimum { .. }
            | MeasureConfig::Mean { .. }
            | MeasureConfig::Final { .. }
    ) || matches!(config, MeasureConfig::GripForce { statistic, .. } if *statistic != ForceStatistic::Range)
}

/// Phases and faults as bars over time.
fn course_plot(course: &Timeline, end_s: f64, words: &Catalogue) -> String {
    let rows = [("report.phases", &course.phases), ("report.faults", &course.faults)];
    let rows: Vec<_> = rows.into_iter().filter(|(_, spans)| !spans.is_empty()).collect();
    let height = 30.0 * rows.len() as f64 + 22.0;
    let (left, width) = (76.0, 632.0);
    let part = |at_s: f64| left + width * at_s / trocar_math::max(end_s, f64::MIN_POSITIVE);
    let mut out = format!(
        "<svg viewBox=\"0 0 720 {height}\" width=\"720\" role=\"img\" aria-label=\"{}\">\n",
        super::page::escaped(&words.say("report.course", &[]))
    );
    for (row, (key, spans)) in rows.iter().enumerate() {
        let y = 30.0 * row as f64;
        let heading = super::page::escaped(&words.say(key, &[]));
        out.push_str(&format!("<text class=\"y\" x=\"70\" y=\"{}\">{heading}</text>\n", y + 17.0));
        for (place, span) in spans.iter().enumerate() {
            let (from, to) = (part(span.from_s), part(span.to_s));
            let name = super::page::escaped(&span.name);
            let is_fault = *key == "report.faults";
            let class = if is_fault { "fault".to_owned() } else { format!("band{}", place % 2) };
            out.push_str(&format!(
                "<rect class=\"{class}\" x=\"{from:.1}\" y=\"{y}\" width=\"{:.1}\" height=\"24\"><title>{name}: {:.3} s – {:.3} s</title></rect>\n",
                trocar_math::max(to - from, 1.0),
                span.from_s,
                span.to_s
            ));
            if to - from > 6.5 * span.name.chars().count() as f64 {
                out.push_str(&format!(
                    "<text class=\"{}\" x=\"{:.1}\" y=\"{}\">{name}</text>\n",
                    if is_fault { "fault" } else { "band" },
                    0.5 * (from + to),
                    y + 16.0
                ));
            }
        }
    }
    out.push_str(&format!(
        "<text class=\"x\" x=\"{left}\" y=\"{0}\">0 s</text><text class=\"y\" x=\"708\" y=\"{0}\">{end_s:.3} s</text></svg>\n",
        height - 6.0
    ));
    out
}
