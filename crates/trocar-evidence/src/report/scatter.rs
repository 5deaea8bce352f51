//! What a figure was made of: positions as a scatter in two planes, values as a histogram, stations of a path as a line.

use super::plot::{Axis, Layer, Mark, Plot, alike};
use super::plots::label;
use crate::outcome::FigureOutcome;
use trocar_measure::{DisplayUnit, Repeated};
use trocar_scenario::explain::Catalogue;
use trocar_signal::Dimension;

/// The fewest repeats that a histogram is made of.
const FEWEST: usize = 8;

/// Plots of the repeats behind a measure's figures; none where nothing is kept.
pub fn of_repeats(name: &str, figures: &[&FigureOutcome], words: &Catalogue) -> Vec<Plot> {
    let mut clouds: Vec<(&str, &[[f64; 3]])> = Vec::new();
    let mut paths: Vec<(&FigureOutcome, &[[f64; 2]])> = Vec::new();
    let mut plots = Vec::new();
    for figure in figures {
        match &figure.repeats {
            Repeated::Positions(positions) => clouds.push((&figure.row, positions)),
            Repeated::Along(stations) if stations.len() > 1 => paths.push((figure, stations)),
            Repeated::Values(values) if values.len() >= FEWEST => {
                plots.extend(histogram(name, figure, values, words));
            }
            _ => {}
        }
    }
    plots.extend(along(name, &paths, words));
    if !clouds.is_empty() {
        plots.extend([(0, 1), (0, 2)].map(|plane| scatter(name, &clouds, plane, words)));
    }
    plots
}

/// Positions of all rows in one plane, a length across as long as one upwards.
fn scatter(name: &str, clouds: &[(&str, &[[f64; 3]])], plane: (usize, usize), words: &Catalogue) -> Plot {
    const AXES: [&str; 3] = ["x", "y", "z"];
    let all = || clouds.iter().flat_map(|(_, positions)| positions.iter());
    let ends = |axis: usize| {
        all().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), position| {
            (trocar_math::min(low, position[axis]), trocar_math::max(high, position[axis]))
        })
    };
    let ((left, right), (bottom, top)) = (ends(plane.0), ends(plane.1));
    let largest = [left, right, bottom, top].iter().fold(0.0, |most, end| trocar_math::max(most, end.abs()));
    let unit = DisplayUnit::of(largest, Dimension::LENGTH);
    // Half the height, and what the width needs of it: the plot is some three and a half times as wide as high.
    let reach = trocar_math::max(trocar_math::max(top - bottom, (right - left) / 3.6), 1e-9);
    let (x, y) = alike(
        (label(AXES[plane.0], &unit), label(AXES[plane.1], &unit)),
        (0.5 * (left + right) / unit.scale, 0.5 * (bottom + top) / unit.scale),
        0.56 * reach / unit.scale,
    );
    let layers = clouds
        .iter()
        .map(|(row, positions)| Layer {
            name: if row.is_empty() { name.to_owned() } else { (*row).to_owned() },
            mark: Mark::Points(
                positions.iter().map(|p| (p[plane.0] / unit.scale, p[plane.1] / unit.scale)).collect(),
            ),
        })
        .collect();
    let title = words.say("report.plot.scatter", &[("name", name)]);
    Plot { title, x, y, layers, ..Plot::default() }
}

/// A figure at the stations of a path, over the way to them; the rows of a measure together.
fn along(name: &str, paths: &[(&FigureOutcome, &[[f64; 2]])], words: &Catalogue) -> Option<Plot> {
    let si = &paths.first()?.0.figure.as_ref()?.unit;
    let dimension = trocar_signal::unit::parse(si).map_or(Dimension::NUMBER, |unit| unit.dimension);
    let all = || paths.iter().flat_map(|(_, stations)| stations.iter());
    let largest = |at: usize| all().fold(0.0, |most, one| trocar_math::max(most, one[at].abs()));
    let (way, unit) =
        (DisplayUnit::of(largest(0), Dimension::LENGTH), DisplayUnit::of(largest(1), dimension));
    let layers = paths
        .iter()
        .map(|(figure, stations)| Layer {
            name: if figure.row.is_empty() { name.to_owned() } else { figure.row.clone() },
            mark: Mark::Line(
                stations.iter().map(|[at, value]| (at / way.scale, value / unit.scale)).collect(),
            ),
        })
        .collect();
    let x = Axis::around(
        label(&words.say("report.axis.way", &[]), &way),
        all().map(|[at, _]| at / way.scale).collect::<Vec<_>>(),
    );
    // From zero, so that the line shows how large the error is and not only where it changes.
    let values = std::iter::once(0.0).chain(all().map(|[_, value]| value / unit.scale));
    let y = Axis::around(label(name, &unit), values.collect::<Vec<_>>());
    let title = words.say("report.plot.along", &[("name", name)]);
    Some(Plot { title, x, y, layers, ..Plot::default() })
}

/// How often values fell where. As many bins as the root of their number.
fn histogram(name: &str, figure: &FigureOutcome, values: &[f64], words: &Catalogue) -> Option<Plot> {
    let si = &figure.figure.as_ref()?.unit;
    let dimension = trocar_signal::unit::parse(si).map_or(Dimension::NUMBER, |unit| unit.dimension);
    let low = values.iter().copied().fold(f64::INFINITY, trocar_math::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, trocar_math::max);
    let unit = DisplayUnit::of(trocar_math::max(low.abs(), high.abs()), dimension);
    let bins = (values.len() as f64).sqrt().ceil();
    // Equal values have a bin of their own.
    let width =
        if high > low { (high - low) / bins } else { trocar_math::max(1e-3 * high.abs(), f64::MIN_POSITIVE) };
    let mut counts = vec![0.0; bins as usize];
    for value in values {
        let bin = trocar_math::min(((value - low) / width).floor(), bins - 1.0);
        if let Some(count) = counts.get_mut(bin as usize) {
            *count += 1.0;
        }
    }
    let edge = |bin: f64| (low + bin * width) / unit.scale;
    let bars: Vec<(f64, f64, f64)> = (0..)
        .zip(&counts)
        .map(|(bin, count)| (edge(f64::from(bin)), edge(f64::from(bin) + 1.0), *count))
        .collect();
    let most = counts.iter().copied().fold(0.0, trocar_math::max);
    let heading = if figure.row.is_empty() { name.to_owned() } else { format!("{name}, {}", figure.row) };
    Some(Plot {
        title: words.say("report.plot.histogram", &[("name", &heading)]),
        x: Axis::around(label(&heading, &unit), [edge(0.0), edge(bins)]),
        y: Axis { label: words.say("report.axis.count", &[]), low: 0.0, high: 1.1 * most, names: Vec::new() },
        layers: vec![Layer { name: heading, mark: Mark::Bars(bars) }],
        ..Plot::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Reported;
    use trocar_scenario::explain::Language;

    fn figure(row: &str, unit: &str, repeats: Repeated) -> FigureOutcome {
        let value = Reported {
            value: 0.0,
            expanded_uncertainty: None,
            coverage_factor: 2.0,
            unit: unit.to_owned(),
            text: String::new(),
        };
        FigureOutcome {
            name: "m".to_owned(),
            row: row.to_owned(),
            figure: Some(value),
            components: Vec::new(),
            samples: 0,
            instrument: None,
            instrument_alone: None,
            uses_truth: false,
            judged: false,
            reason: None,
            repeats,
        }
    }

    /// Every value stands in one bar, the greatest in the last.
    #[test]
    fn a_histogram_counts_every_value_once() {
        let values: Vec<f64> = (0..40).map(|k| 0.010 + 1e-4 * f64::from(k)).collect();
        let one = figure("", "s", Repeated::Values(values));
        let plots = of_repeats("m", &[&one], Language::English.catalogue());
        let [Plot { layers, x, .. }] = &plots[..] else { panic!("{} plots", plots.len()) };
        let Mark::Bars(bars) = &layers[0].mark else { panic!() };
        assert_eq!(bars.iter().map(|(.., count)| count).sum::<f64>(), 40.0);
        // 40 values in the 7 bins of √40: evenly spread, 5 or 6 each.
        assert!(bars.len() == 7 && bars.iter().all(|(.., count)| (5.0..=6.0).contains(count)), "{bars:?}");
        // Milliseconds.
        assert!(x.label.ends_with("[ms]") && x.low < 10.0 && x.high > 13.9, "{x:?}");
        let same = figure("", "s", Repeated::Values(vec![0.02; 10]));
        let plots = of_repeats("m", &[&same], Language::English.catalogue());
        assert!(plots[0].svg().contains("<rect fill"));
    }

    /// What is as far across as upwards is drawn so.
    #[test]
    fn a_scatter_keeps_its_shape() {
        let ring: Vec<[f64; 3]> =
            [[1e-3, 0.0, 0.0], [-1e-3, 0.0, 0.0], [0.0, 1e-3, 0.0], [0.0, -1e-3, 0.0]].to_vec();
        let one = figure("P1", "m", Repeated::Positions(ring));
        let plots = of_repeats("m", &[&one], Language::English.catalogue());
        assert_eq!(plots.len(), 2);
        let Plot { x, y, .. } = &plots[0];
        let (width, height) = (x.high - x.low, y.high - y.low);
        assert!(((width / height) / (632.0 / 174.0) - 1.0).abs() < 1e-9, "{width} {height}");
        assert!(y.low < -1.0 && y.high > 1.0, "{y:?}");
    }
}
