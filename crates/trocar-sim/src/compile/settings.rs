//! Set-up, cases and variation: which parameters differ from their file, and when.

use super::Compiler;
use crate::case::{Law, MotionVariation};
use crate::model::Model;
use crate::scope::Constant;
use trocar_logic::{LogicError, OperandId, Requirement, Scope, Type};
use trocar_math::random::Stream;
use trocar_scenario::scenario::{Drawn, VariationConfig};
use trocar_signal::diagnostic::nearest;
use trocar_signal::group::matches;
use trocar_signal::{AnyQuantity, Dimension, ParameterSpec};

/// Checks every value of `[vary]`.
pub(crate) fn check_vary(compiler: &mut Compiler<'_>, model: &Model) {
    for (path, values) in &compiler.loaded.scenario.vary {
        for (number, text) in values.iter().enumerate() {
            let key = join(&format!("vary.\"{path}\""), number, compiler);
            for place in parameters(compiler, model, &key, path) {
                value(compiler, &key, text, &model.parameters[place]);
            }
        }
    }
}

/// The key of a value in a list of `[vary]`.
fn join(list: &str, number: usize, compiler: &Compiler<'_>) -> String {
    let one = format!("{list}[{number}]");
    if compiler.loaded.spans.contains(&one) { one } else { list.to_owned() }
}

/// Changes to parameters before the run, and what is drawn with each motion.
pub(crate) fn compile(
    compiler: &mut Compiler<'_>,
    model: &Model,
) -> (Vec<(usize, f64)>, Vec<MotionVariation>) {
    let mut values: Vec<f64> = model.parameters.iter().map(|p| p.nominal).collect();
    let mut touched = vec![false; values.len()];
    let scenario = &compiler.loaded.scenario;
    let case = &compiler.loaded.cases[compiler.place];
    let setup = scenario.setup.iter().map(|(path, value)| (format!("setup.\"{path}\""), path, value));
    let vary = case.settings.iter().map(|(path, value)| (format!("vary.\"{path}\""), path, value));
    for (key, path, text) in setup.chain(vary).collect::<Vec<_>>() {
        let places = parameters(compiler, model, &key, path);
        for place in places {
            if let Some(value) = value(compiler, &key, text, &model.parameters[place]) {
                values[place] = value;
                touched[place] = true;
            }
        }
    }
    let mut motions = Vec::new();
    for (path, config) in &compiler.loaded.scenario.variation {
        if path.ends_with(".start") {
            continue;
        }
        let key = format!("variation.\"{path}\"");
        if config.drawn == Drawn::EachReading {
            compiler.problem(
                &key,
                "what differs from reading to reading is the instrument's `noise`; set it there",
            );
            continue;
        }
        for place in parameters(compiler, model, &key, path) {
            let parameter = &model.parameters[place];
            // One mistake is said once, however many parameters the pattern names.
            let Some(law) = law(compiler, &key, config, parameter.dimension, values[place]) else { break };
            let draw_path = format!("variation.{}", parameter.path);
            match config.drawn {
                Drawn::EachMotion => motions.push(MotionVariation {
                    parameter: place,
                    path: draw_path,
                    nominal: values[place],
                    law,
                }),
                _ => {
                    let draw = Stream::new(model.seed, model.run_index, &draw_path).at(0, 0);
                    let drawn = law.value(values[place], draw);
                    let negative = values[place] >= 0.0 && drawn < 0.0;
                    values[place] = if negative { 0.0 } else { drawn };
                    touched[place] = true;
                }
            }
        }
    }
    let changes = touched.iter().zip(values).enumerate();
    (changes.filter(|(_, (t, _))| **t).map(|(i, (_, v))| (i, v)).collect(), motions)
}

/// The parameters that a path or pattern names. `arm.speed` finds `arm`'s own `arm.speed` as well.
fn parameters(compiler: &mut Compiler<'_>, model: &Model, key: &str, path: &str) -> Vec<usize> {
    let own = path.split_once('.').map(|(instance, rest)| format!("{instance}.arm.{rest}"));
    let named = |pattern: &str| -> Vec<usize> {
        let all = model.parameters.iter().enumerate();
        all.filter(|(_, p)| matches(pattern, &p.path)).map(|(i, _)| i).collect()
    };
    let mut found = named(path);
    if found.is_empty() {
        found = own.as_deref().map(named).unwrap_or_default();
    }
    if found.is_empty() {
        let near = nearest(path, model.parameters.iter().map(|p| p.path.as_str())).map(str::to_owned);
        // `arm.speed` is short for `arm.arm.speed`: what is near to the short form is meant as well.
        let short = |p: &ParameterSpec| Some(p.path.replacen(".arm.", ".", 1)).filter(|s| *s != p.path);
        let shorts: Vec<String> = model.parameters.iter().filter_map(short).collect();
        let near = near.or_else(|| nearest(path, shorts.iter().map(String::as_str)).map(str::to_owned));
        compiler.unknown_parameter(key, path, near);
    }
    let fixed = found.iter().find(|i| !model.parameters[**i].tunable);
    if let Some(fixed) = fixed {
        let path = &model.parameters[*fixed].path;
        compiler.problem(key, format!("`{path}` is part of the mechanism: change it in the robot's file"));
        return Vec::new();
    }
    found
}

/// A value of a setting: a quantity, or an expression over declared limits.
fn value(compiler: &mut Compiler<'_>, key: &str, text: &str, parameter: &ParameterSpec) -> Option<f64> {
    if !parameter.words.is_empty() {
        let place = parameter.words.iter().zip(0_u32..).find(|(word, _)| *word == text);
        if place.is_none() {
            let near = nearest(text, parameter.words.iter().map(String::as_str));
            let hint = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            let words = parameter.words.join(", ");
            compiler.problem(key, format!("`{text}` is none of its values, which are {words}{hint}"));
        }
        return place.map(|(_, place)| f64::from(place));
    }
    let (si, is) = match AnyQuantity::parse(text) {
        Ok(quantity) => (quantity.si, quantity.dimension),
        Err(not_a_quantity) => {
            let looks_like_number =
                text.trim_start().starts_with(|c: char| c.is_ascii_digit() || "+-.−".contains(c));
            if looks_like_number && !text.contains(['*', '/', '(']) {
                compiler.problem(key, not_a_quantity.to_string());
                return None;
            }
            match evaluate(text, &compiler.constants) {
                Ok(found) => found,
                Err(errors) => {
                    compiler.formula_errors(key, &errors);
                    return None;
                }
            }
        }
    };
    let meant = parameter.dimension;
    if is != meant {
        compiler.problem(key, format!("{meant} ({}) is meant here, and this is {is}", meant.si_unit()));
        return None;
    }
    if parameter.least.is_some_and(|least| si < least) {
        compiler.problem(key, "this must not be negative");
        return None;
    }
    if let Some(most) = parameter.most.filter(|most| si > *most) {
        compiler.problem(
            key,
            format!("this must not be more than {}", AnyQuantity { si: most, dimension: meant }),
        );
        return None;
    }
    Some(si)
}

/// A path of constants alone.
struct Constants<'a>(&'a [Constant]);

impl Scope for Constants<'_> {
    fn resolve(&self, path: &str) -> Option<(OperandId, Type)> {
        let at = self.0.iter().position(|c| c.path == path)?;
        Some((OperandId(at as u32), Type::number(self.0[at].dimension)))
    }
    fn names(&self) -> Vec<String> {
        self.0.iter().map(|c| c.path.clone()).collect()
    }
}

impl trocar_logic::Figures for Constants<'_> {
    fn figure(&self, id: OperandId, _: usize) -> Option<trocar_logic::Figure> {
        let constant = self.0.get(id.0 as usize)?;
        Some(trocar_logic::Figure { value: constant.value, expanded_u: 0.0 })
    }
}

fn plain(title: String) -> LogicError {
    LogicError { title, labels: Vec::new(), notes: Vec::new() }
}

/// The value and dimension of an expression over constants: the left side of a comparison with itself.
fn evaluate(text: &str, constants: &[Constant]) -> Result<(f64, Dimension), Vec<LogicError>> {
    let scope = Constants(constants);
    let doubled = format!("({text}) <= ({text})");
    let neither =
        || format!("`{text}` is neither a quantity, e.g. \"0.5 kg\", nor an expression over declared limits");
    let requirement = Requirement::compile(&doubled, &scope).map_err(|errors| {
        let inside = 1..=text.len() + 1;
        let found: Vec<LogicError> = errors
            .into_iter()
            .filter(|e| {
                e.labels.iter().all(|(range, _)| inside.contains(&range.start) && inside.contains(&range.end))
            })
            .map(|e| LogicError {
                labels: e.labels.into_iter().map(|(r, t)| (r.start - 1..r.end - 1, t)).collect(),
                ..e
            })
            .collect();
        // What is wrong with a lone word is said of the comparison as a whole.
        if found.is_empty() { vec![plain(neither())] } else { found }
    })?;
    match requirement.evaluate(&scope).into_iter().next() {
        Some(Ok(comparison)) => Ok((comparison.lhs.figure.value, comparison.dimension)),
        Some(Err(error)) => Err(vec![plain(error.to_string())]),
        None => Err(Vec::new()),
    }
}

/// A law in the parameter's unit; percentages are of its value.
fn law(
    compiler: &mut Compiler<'_>,
    key: &str,
    config: &VariationConfig,
    meant: Dimension,
    nominal: f64,
) -> Option<Law> {
    let mut in_unit = |quantity: AnyQuantity| {
        if quantity.dimension == meant {
            Some(quantity.si)
        } else if quantity.dimension == Dimension::NUMBER {
            Some(quantity.si * nominal)
        } else {
            let what = format!("{meant} or a percentage is meant here, and this is {}", quantity.dimension);
            compiler.problem(key, what);
            None
        }
    };
    match (config.normal, config.uniform) {
        (Some(sd), None) => {
            let sd = in_unit(sd)?.abs();
            Some(Law::Normal(sd))
        }
        (None, Some([low, high])) => {
            let (low, high) = (in_unit(low)?, in_unit(high)?);
            Some(Law::Uniform(trocar_math::min(low, high), trocar_math::max(low, high)))
        }
        _ => {
            compiler.problem(key, "a variation is either `normal` or `uniform`");
            None
        }
    }
}
