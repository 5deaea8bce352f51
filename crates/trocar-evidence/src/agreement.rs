//! Whether a measured and a simulated figure agree within their uncertainties.
//!
//! With d = measured − simulated, U_m and U_s the expanded uncertainties (k = 2), the normalised error is
//! E_n = |d| / √(U_m² + U_s²) (ISO 13528:2022, 9.7, as laboratories are compared). E_n ≤ 1: the uncertainties cover the
//! difference. That is not equality: it says nothing of how the two scatter, and the wider the uncertainties are the less it
//! says. What the parameters of the model are worth is not in U_s.

use crate::outcome::{Agreement, CaseOutcome, FigureOutcome, Reported, RequirementOutcome};
use crate::text_width::{padded, width};
use trocar_measure::FigureFormat;
use trocar_signal::unit;

/// The uncertainties cover the difference.
pub const COVERED: &str = "covered";
/// They do not.
pub const NOT_COVERED: &str = "not covered";
/// They cover it, and would cover nearly anything.
pub const SAYS_NOTHING: &str = "says nothing";
/// There is nothing to hold against each other.
pub const NO_PAIR: &str = "no pair";

/// Every figure of a measured case beside that of a simulated one.
#[must_use]
pub fn agreement(measured: &CaseOutcome, simulated: &CaseOutcome) -> Vec<Agreement> {
    let same = |a: &FigureOutcome, b: &FigureOutcome| a.name == b.name && a.row == b.row;
    let mut all: Vec<Agreement> = Vec::new();
    for figure in &measured.figures {
        let other = simulated.figures.iter().find(|other| same(figure, other));
        let limit = limit_of(&measured.requirements, &figure.name);
        all.push(one(figure, other, limit));
    }
    for figure in &simulated.figures {
        // A measure that has no figure has no rows either.
        let is_there = measured.figures.iter().any(|other| other.name == figure.name);
        if !is_there {
            all.push(Agreement { simulated: figure.figure.clone(), ..none(figure, "it was not measured") });
        }
    }
    all
}

fn none(figure: &FigureOutcome, why: &str) -> Agreement {
    Agreement {
        name: figure.name.clone(),
        row: figure.row.clone(),
        measured: None,
        simulated: None,
        difference: None,
        normalised_error: None,
        says: NO_PAIR.to_owned(),
        why: Some(why.to_owned()),
    }
}

fn limit_of<'a>(requirements: &'a [RequirementOutcome], name: &str) -> Option<&'a Reported> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
    let speaks = |one: &&RequirementOutcome| one.formula.split(|c| !is_word(c)).any(|word| word == name);
    requirements.iter().find(speaks).and_then(|one| one.limit.as_ref()).map(|limit| &limit.limit)
}

fn one(figure: &FigureOutcome, other: Option<&FigureOutcome>, limit: Option<&Reported>) -> Agreement {
    let simulated = other.and_then(|other| other.figure.clone());
    let mut out = Agreement { measured: figure.figure.clone(), simulated, ..none(figure, "") };
    let (Some(m), Some(s)) = (&out.measured, &out.simulated) else {
        let why = match (&out.measured, other) {
            (None, _) => figure.reason.clone(),
            (_, None) => Some("the simulation has no such row".to_owned()),
            (_, Some(other)) => other.reason.clone(),
        };
        out.why = why.or_else(|| Some("there is no figure".to_owned()));
        return out;
    };
    if m.unit != s.unit {
        out.why = Some(format!("they have the units {} and {}", m.unit, s.unit));
        return out;
    }
    let dimension = unit::parse(&m.unit).map_or(trocar_signal::Dimension::NUMBER, |unit| unit.dimension);
    let d = m.value - s.value;
    let u = trocar_math::hypot(m.expanded_uncertainty.unwrap_or(0.0), s.expanded_uncertainty.unwrap_or(0.0));
    // To the digits of what is compared, and not of a difference that may be nothing.
    let format = FigureFormat::new(trocar_math::max(m.value.abs(), s.value.abs()), u, dimension);
    let difference = Reported {
        value: d,
        expanded_uncertainty: Some(u),
        coverage_factor: m.coverage_factor,
        unit: m.unit.clone(),
        text: format.value_and_u(d, u),
    };
    out.difference = Some(difference);
    out.why = None;
    if u == 0.0 {
        out.says = if d == 0.0 { COVERED } else { NOT_COVERED }.to_owned();
        out.why = Some("neither states an uncertainty".to_owned());
        return out;
    }
    let normalised = d.abs() / u;
    out.normalised_error = Some(normalised);
    let limit = limit.filter(|limit| limit.unit == m.unit).map(|limit| limit.value.abs());
    let size = trocar_math::max(m.value.abs(), s.value.abs());
    let (against, whose) = match limit {
        Some(limit) => (limit, "the limit"),
        None => (size, "the figure itself"),
    };
    out.says = match normalised <= 1.0 {
        false => NOT_COVERED,
        true if u > against => {
            out.why = Some(format!("U of the difference is wider than {whose}"));
            SAYS_NOTHING
        }
        true => COVERED,
    }
    .to_owned();
    out
}

/// The comparison as text, each line ended.
#[must_use]
pub fn agreement_table(all: &[Agreement], against: &str) -> String {
    let text = |one: &Option<Reported>| one.as_ref().map_or_else(|| "–".to_owned(), |one| one.text.clone());
    let mut rows = vec![["figure", "measured", "simulated", "difference", "En", ""].map(str::to_owned)];
    for one in all {
        let at = if one.row.is_empty() { String::new() } else { format!(", at {}", one.row) };
        let says = match &one.why {
            Some(why) => format!("{}: {why}", one.says),
            None => one.says.clone(),
        };
        rows.push([
            format!("{}{at}", one.name),
            text(&one.measured),
            text(&one.simulated),
            text(&one.difference),
            one.normalised_error.map_or_else(|| "–".to_owned(), |en| format!("{en:.2}")),
            says,
        ]);
    }
    let widths: [usize; 6] =
        std::array::from_fn(|at| rows.iter().map(|row| width(&row[at])).max().unwrap_or(0));
    let mut out = format!("beside the simulation in {against}\n");
    for row in &rows {
        let cells: Vec<String> = row.iter().zip(widths).map(|(cell, width)| padded(cell, width)).collect();
        out.push_str(&format!("  {}\n", cells.join("  ").trim_end()));
    }
    out.push_str(
        "  covered: the difference lies within both U together (En <= 1). That is not equality: it says nothing of how the two\n  \
         scatter, and a wide U covers much. What the model's parameters are worth is not in the simulation's U.\n",
    );
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(value: f64, u: f64) -> FigureOutcome {
        FigureOutcome {
            name: "delay".to_owned(),
            row: String::new(),
            figure: Some(trocar_sim::judge::reported(value, Some(u), 2.0, trocar_signal::Dimension::TIME)),
            components: Vec::new(),
            samples: 1,
            instrument: None,
            instrument_alone: None,
            uses_truth: false,
            judged: true,
            reason: None,
            repeats: trocar_measure::Repeated::Unknown,
        }
    }

    /// With U = 3 and 4 ms together 5 ms: a difference of 4.9 ms is covered and one of 5.1 ms is not.
    #[test]
    fn the_root_of_the_squares_decides() {
        let says = |d: f64| one(&figure(0.020 + d, 0.003), Some(&figure(0.020, 0.004)), None);
        assert_eq!(says(0.0049).says, COVERED);
        assert_eq!(says(-0.0051).says, NOT_COVERED);
        assert!((says(0.0051).normalised_error.unwrap() - 1.02).abs() < 1e-9);
    }

    #[test]
    fn a_u_that_covers_anything_says_so() {
        let limit = trocar_sim::judge::reported(0.004, None, 0.0, trocar_signal::Dimension::TIME);
        let says = one(&figure(0.002, 0.003), Some(&figure(0.001, 0.004)), Some(&limit));
        assert_eq!(says.says, SAYS_NOTHING);
        assert!(says.why.unwrap().contains("the limit"));
        // What is not covered is never excused by its width.
        assert_eq!(one(&figure(0.012, 0.003), Some(&figure(0.001, 0.004)), Some(&limit)).says, NOT_COVERED);
        assert_eq!(one(&figure(0.1, 0.0), None, None).says, NO_PAIR);
    }
}
