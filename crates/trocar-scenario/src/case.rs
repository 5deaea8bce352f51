//! Cases: every combination of the values in `[vary]`, each with its own name and settings.

use crate::scenario::ScenarioFile;
use crate::text::{join_key, quoted};
use std::collections::{BTreeMap, BTreeSet};
use trocar_signal::Problem;

/// The most cases that one file may make; more is a slip of the pen, or work for a campaign with sampling.
pub const MAX_CASES: usize = 100_000;

/// One combination of values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// Its place among the file's cases, from 1: `FILE#3`.
    pub number: usize,
    /// E.g. `psm1.load = 0.3 kg, psm1.speed = 50 %`; empty where the file varies nothing.
    pub name: String,
    /// Path of a parameter to its value: what the case says over `[setup]`.
    pub settings: BTreeMap<String, String>,
    /// Which combination of `[for_each]` it belongs to, from 0.
    pub variant: usize,
}

/// What is wrong with `[vary]` and `vary_paired`; keys from the file's root.
pub(crate) fn check(scenario: &ScenarioFile) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (path, values) in &scenario.vary {
        if values.is_empty() {
            problems.push(Problem::new(join_key("vary", path), "at least one value is needed"));
        }
    }
    let mut seen = BTreeSet::new();
    for (i, group) in scenario.vary_paired.iter().enumerate() {
        let mut length = None;
        for (j, path) in group.iter().enumerate() {
            let key = format!("vary_paired[{i}][{j}]");
            match scenario.vary.get(path) {
                None => {
                    problems.push(Problem::new(key, format!("`{}` does not stand in `[vary]`", quoted(path))))
                }
                Some(_) if !seen.insert(path) => {
                    problems.push(Problem::new(key, format!("`{path}` is paired a second time")));
                }
                Some(values) if length.is_some_and(|length| length != values.len()) => {
                    let what = "the lists of a pair must be of one length";
                    problems.push(Problem::new(join_key("vary", path), what));
                }
                Some(values) => length = Some(values.len()),
            }
        }
    }
    let count = axes(scenario).iter().try_fold(1usize, |count, axis| count.checked_mul(axis.length));
    if count.is_none_or(|count| count > MAX_CASES) {
        problems.push(Problem::new("vary", format!("this makes more than {MAX_CASES} cases")));
    }
    problems
}

struct Axis<'a> {
    paths: Vec<&'a String>,
    length: usize,
}

/// What is crossed: paired paths together, every other by itself.
fn axes(scenario: &ScenarioFile) -> Vec<Axis<'_>> {
    let paired = scenario.vary_paired.iter().map(|group| {
        let paths: Vec<&String> = group.iter().filter(|path| scenario.vary.contains_key(*path)).collect();
        let length =
            paths.iter().filter_map(|path| scenario.vary.get(*path)).map(Vec::len).min().unwrap_or(1);
        Axis { paths, length }
    });
    let alone = scenario
        .vary
        .iter()
        .filter(|(path, _)| !scenario.vary_paired.iter().flatten().any(|other| other == *path))
        .map(|(path, values)| Axis { paths: vec![path], length: values.len() });
    paired.chain(alone).collect()
}

/// Every case, the last axis fastest; at least one. `scenario` passed [`check`].
pub(crate) fn expand(scenario: &ScenarioFile) -> Vec<Case> {
    let axes = axes(scenario);
    let count = axes.iter().map(|axis| axis.length).product::<usize>();
    (0..count)
        .map(|index| {
            let mut rest = index;
            let mut places = vec![0; axes.len()];
            for (place, axis) in places.iter_mut().zip(&axes).rev() {
                *place = rest % axis.length;
                rest /= axis.length;
            }
            let mut settings = BTreeMap::new();
            let mut words = Vec::new();
            for (place, axis) in places.iter().zip(&axes) {
                for path in &axis.paths {
                    if let Some(value) = scenario.vary.get(*path).and_then(|values| values.get(*place)) {
                        words.push(format!("{path} = {value}"));
                        settings.insert((*path).clone(), value.clone());
                    }
                }
            }
            Case { number: index + 1, name: words.join(", "), settings, variant: 0 }
        })
        .collect()
}
