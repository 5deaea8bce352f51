//! Plots as SVG: lines over time, and values with their uncertainty by row; with axes, units, phases, levels and a legend.

use super::page::escaped;
use std::fmt::Write as _;

/// Colours that people with any form of colour blindness tell apart (Okabe and Ito, Color Universal Design, 2008).
const COLOURS: [&str; 7] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8c6d31"];

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 240.0;
const LEFT: f64 = 76.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 22.0;
const BOTTOM: f64 = 44.0;

/// One axis: what it shows, in which unit, from where to where in that unit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Axis {
    /// E.g. `time [s]`.
    pub label: String,
    /// The lowest value.
    pub low: f64,
    /// The highest value.
    pub high: f64,
    /// Names of 0, 1, 2 … where it counts things; empty where it measures.
    pub names: Vec<String>,
}

/// Two axes on which a length across is as long as the same length upwards, about `centre`, and `reach` upwards.
#[must_use]
pub fn alike((x_label, y_label): (String, String), centre: (f64, f64), reach: f64) -> (Axis, Axis) {
    let across = reach * (WIDTH - LEFT - RIGHT) / (HEIGHT - TOP - BOTTOM);
    let axis = |label, middle: f64, reach: f64| Axis {
        label,
        low: middle - reach,
        high: middle + reach,
        names: Vec::new(),
    };
    (axis(x_label, centre.0, across), axis(y_label, centre.1, reach))
}

impl Axis {
    /// An axis that shows all of these values, with a margin.
    #[must_use]
    pub fn around(label: String, values: impl IntoIterator<Item = f64>) -> Axis {
        let ends =
            values.into_iter().filter(|value| value.is_finite()).fold(None, |ends, value| match ends {
                None => Some((value, value)),
                Some((low, high)) => Some((trocar_math::min(low, value), trocar_math::max(high, value))),
            });
        let (low, high) = ends.unwrap_or((0.0, 1.0));
        let margin = match high - low {
            0.0 if high == 0.0 => 1.0,
            0.0 => 0.1 * high.abs(),
            span => 0.06 * span,
        };
        Axis { label, low: low - margin, high: high + margin, names: Vec::new() }
    }

    /// An axis on which things stand side by side.
    #[must_use]
    pub fn of(names: Vec<String>) -> Axis {
        Axis { label: String::new(), low: -0.5, high: names.len() as f64 - 0.5, names }
    }

    fn part(&self, value: f64) -> f64 {
        (value - self.low) / (self.high - self.low)
    }

    /// Round values on the axis, about `count` of them, as text.
    fn ticks(&self, count: usize) -> Vec<(f64, String)> {
        if !self.names.is_empty() {
            // As many names as have room.
            let every = self.names.len().div_ceil(2 * count);
            return (0..)
                .zip(&self.names)
                .step_by(every)
                .map(|(at, name)| (f64::from(at), name.clone()))
                .collect();
        }
        let raw = (self.high - self.low) / count as f64;
        let text = format!("{raw:e}");
        let Some((mantissa, exponent)) = text.split_once('e') else { return Vec::new() };
        let (Ok(mantissa), Ok(exponent)) = (mantissa.parse::<f64>(), exponent.parse::<i32>()) else {
            return Vec::new();
        };
        let (factor, exponent) = match mantissa {
            m if m <= 1.0 => (1.0, exponent),
            m if m <= 2.0 => (2.0, exponent),
            m if m <= 5.0 => (5.0, exponent),
            _ => (1.0, exponent + 1),
        };
        let step = factor * trocar_math::powi(10.0, exponent);
        if !step.is_normal() || self.low.abs() / step > 1e12 {
            return Vec::new();
        }
        let decimals = usize::try_from(-exponent).unwrap_or(0);
        let mut ticks = Vec::new();
        let mut number = (self.low / step).ceil();
        while number * step <= self.high && ticks.len() <= 2 * count {
            let text = format!("{:.decimals$}", number * step);
            let is_zero = text.chars().all(|c| matches!(c, '-' | '0' | '.'));
            let text = if is_zero { "0".to_owned() } else { text.replacen('-', "−", 1) };
            ticks.push((number * step, text));
            number += 1.0;
        }
        ticks
    }
}

/// What is drawn.
#[derive(Clone, Debug, PartialEq)]
pub enum Mark {
    /// A line through points.
    Line(Vec<(f64, f64)>),
    /// Values with their uncertainty: where, the value, half the length of its whisker.
    Values(Vec<(f64, f64, f64)>),
    /// Points.
    Points(Vec<(f64, f64)>),
    /// Bars that stand on zero: from, to, how high.
    Bars(Vec<(f64, f64, f64)>),
    /// A level all across, dashed.
    Level(f64),
}

/// Something drawn, with what the legend calls it; empty: as the one before, in its colour.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// For the legend.
    pub name: String,
    /// What is drawn.
    pub mark: Mark,
}

/// A plot.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plot {
    /// What it shows, for people who do not see it.
    pub title: String,
    /// Across.
    pub x: Axis,
    /// Upwards.
    pub y: Axis,
    /// Stretches of the x axis with a name each.
    pub bands: Vec<(f64, f64, String)>,
    /// Stretches that are marked along the bottom.
    pub strips: Vec<(f64, f64, String)>,
    /// What is drawn, from back to front.
    pub layers: Vec<Layer>,
}

/// How a plot looks where no page says it.
const STYLE: &str = "text{fill:#1b1f24;font:11px sans-serif}.x,.label,text.band{text-anchor:middle}.y,.key{text-anchor:end}\
.grid{stroke:#d5dae0;stroke-width:.6}.frame{fill:none;stroke:#5a6370}.line{fill:none;stroke-width:1.3}\
.level{stroke-width:1.3;stroke-dasharray:6 4}";

impl Plot {
    /// As an SVG file of its own, on white, its legend above it.
    #[must_use]
    pub fn file(&self) -> String {
        let element = self.svg();
        let end = element.find("</svg>").unwrap_or(element.len());
        let start = element.find('\n').map_or(0, |line| line + 1);
        let mut legend = String::new();
        let mut at = WIDTH - RIGHT;
        let named: Vec<&Layer> = self.layers.iter().filter(|layer| !layer.name.is_empty()).collect();
        for (place, layer) in named.iter().enumerate().rev() {
            let ink = COLOURS[place % COLOURS.len()];
            let name = escaped(&layer.name);
            let _ = writeln!(
                legend,
                "<text class=\"key\" style=\"fill:{ink}\" x=\"{at:.0}\" y=\"14\">{name}</text>"
            );
            at -= 6.5 * layer.name.chars().count() as f64 + 16.0;
        }
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}\">\n\
             <style>{STYLE}</style>\n<rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#ffffff\"/>\n{}{legend}</svg>\n",
            escaped(&self.title),
            &element[start..end]
        )
    }

    /// As an SVG element.
    #[must_use]
    pub fn svg(&self) -> String {
        let (width, height) = (WIDTH, HEIGHT);
        let inner = (width - LEFT - RIGHT, height - TOP - BOTTOM);
        let at_x = |x: f64| LEFT + inner.0 * self.x.part(x);
        let at_y = |y: f64| TOP + inner.1 * (1.0 - self.y.part(y));
        let mut out = format!(
            "<svg viewBox=\"0 0 {width} {height}\" width=\"{width}\" role=\"img\" aria-label=\"{}\">\n",
            escaped(&self.title)
        );
        let (right, bottom) = (LEFT + inner.0, TOP + inner.1);
        for (place, (from, to, name)) in self.bands.iter().enumerate() {
            let from = trocar_math::max(at_x(*from), LEFT);
            let to = trocar_math::min(at_x(*to), right);
            if to <= from {
                continue;
            }
            let _ = writeln!(
                out,
                "<rect class=\"band{}\" x=\"{from:.1}\" y=\"{TOP}\" width=\"{:.1}\" height=\"{:.1}\"><title>{}</title></rect>",
                place % 2,
                to - from,
                inner.1,
                escaped(name)
            );
            // A name that has room; the others show themselves under the pointer.
            if (to - from) > 6.5 * name.chars().count() as f64 {
                let middle = 0.5 * (from + to);
                let _ = writeln!(
                    out,
                    "<text class=\"band\" x=\"{middle:.1}\" y=\"{:.1}\">{}</text>",
                    TOP - 6.0,
                    escaped(name)
                );
            }
        }
        for (value, text) in self.x.ticks(8) {
            let x = at_x(value);
            let _ = writeln!(
                out,
                "<path class=\"grid\" d=\"M{x:.1} {TOP}V{bottom:.1}\"/><text class=\"x\" x=\"{x:.1}\" y=\"{:.1}\">{}</text>",
                bottom + 14.0,
                escaped(&text)
            );
        }
        for (value, text) in self.y.ticks(5) {
            let y = at_y(value);
            let _ = writeln!(
                out,
                "<path class=\"grid\" d=\"M{LEFT} {y:.1}H{right:.1}\"/><text class=\"y\" x=\"{:.1}\" y=\"{:.1}\">{text}</text>",
                LEFT - 5.0,
                y + 3.5
            );
        }
        let _ = writeln!(
            out,
            "<rect class=\"frame\" x=\"{LEFT}\" y=\"{TOP}\" width=\"{:.1}\" height=\"{:.1}\"/>",
            inner.0, inner.1
        );
        let _ = writeln!(
            out,
            "<text class=\"x\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            LEFT + 0.5 * inner.0,
            height - 12.0,
            escaped(&self.x.label)
        );
        let _ = writeln!(
            out,
            "<text class=\"label\" transform=\"translate(14 {:.1}) rotate(-90)\">{}</text>",
            TOP + 0.5 * inner.1,
            escaped(&self.y.label)
        );
        for (from, to, name) in &self.strips {
            let from = trocar_math::max(at_x(*from), LEFT);
            let to = trocar_math::min(at_x(*to), right);
            let width = trocar_math::max(to - from, 1.0);
            let name = escaped(name);
            let _ = writeln!(
                out,
                "<rect class=\"fault\" x=\"{from:.1}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"4\"><title>{name}</title></rect>",
                bottom - 4.0
            );
        }
        let mut colour = 0;
        for (place, layer) in self.layers.iter().enumerate() {
            if place > 0 && !layer.name.is_empty() {
                colour += 1;
            }
            let ink = COLOURS[colour % COLOURS.len()];
            match &layer.mark {
                Mark::Line(points) => {
                    let mut path = String::new();
                    for (x, y) in points {
                        let _ = write!(
                            path,
                            "{}{:.1} {:.1}",
                            if path.is_empty() { "M" } else { "L" },
                            at_x(*x),
                            at_y(*y)
                        );
                    }
                    let _ = writeln!(out, "<path class=\"line\" stroke=\"{ink}\" d=\"{path}\"/>");
                }
                Mark::Values(values) => {
                    for (x, value, u) in values {
                        let (x, top, end) = (at_x(*x), at_y(value + u), at_y(value - u));
                        let _ = writeln!(
                            out,
                            "<path class=\"line\" stroke=\"{ink}\" d=\"M{x:.1} {top:.1}V{end:.1}\"/><circle fill=\"{ink}\" cx=\"{x:.1}\" cy=\"{:.1}\" r=\"2.6\"/>",
                            at_y(*value)
                        );
                    }
                }
                Mark::Points(points) => {
                    for (x, y) in points {
                        let (x, y) = (at_x(*x), at_y(*y));
                        let _ = writeln!(
                            out,
                            "<circle fill=\"{ink}\" fill-opacity=\"0.6\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"2.6\"/>"
                        );
                    }
                }
                Mark::Bars(bars) => {
                    for (from, to, value) in bars {
                        let (from, to, top, end) = (at_x(*from), at_x(*to), at_y(*value), at_y(0.0));
                        let _ = writeln!(
                            out,
                            "<rect fill=\"{ink}\" fill-opacity=\"0.6\" x=\"{from:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{:.1}\"/>",
                            trocar_math::max(to - from - 1.0, 1.0),
                            end - top
                        );
                    }
                }
                Mark::Level(y) => {
                    let y = at_y(*y);
                    let _ = writeln!(
                        out,
                        "<path class=\"level\" stroke=\"{ink}\" d=\"M{LEFT} {y:.1}H{right:.1}\"/>"
                    );
                }
            }
        }
        out.push_str("</svg>\n");
        let named: Vec<&Layer> = self.layers.iter().filter(|layer| !layer.name.is_empty()).collect();
        if named.len() > 1 || self.layers.len() > 1 {
            out.push_str("<p class=\"legend\">");
            for (place, layer) in named.iter().enumerate() {
                let _ = write!(
                    out,
                    "<span><i style=\"background:{}\"></i>{}</span> ",
                    COLOURS[place % COLOURS.len()],
                    escaped(&layer.name)
                );
            }
            out.push_str("</p>\n");
        }
        out
    }
}
