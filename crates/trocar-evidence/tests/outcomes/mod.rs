//! Outcomes made by hand. Their numbers are invented.

use std::collections::BTreeMap;
use trocar_evidence::outcome::*;
use trocar_evidence::scenario_result::{RESULT_FORMAT, ScenarioHeader, ScenarioResult};
use trocar_measure::Verdict;

pub fn number(value: f64, unit: &str, text: &str) -> Reported {
    let expanded_uncertainty = text.contains('±').then_some(value.abs() / 10.0);
    Reported {
        value,
        expanded_uncertainty,
        coverage_factor: 2.0,
        unit: unit.to_owned(),
        text: text.to_owned(),
    }
}

pub fn requirement(id: &str, subject: &str, verdict: Verdict) -> RequirementOutcome {
    RequirementOutcome {
        id: id.to_owned(),
        formula: format!("{subject} <= limit"),
        why: "because".to_owned(),
        file: "scenarios/a.toml".to_owned(),
        line: 56,
        verdict,
        subject: subject.to_owned(),
        figure: None,
        limit: None,
        margin: None,
        reason: None,
        hints: Vec::new(),
        without_fault: None,
        figure_without_fault: None,
    }
}

pub fn judged(
    id: &str,
    subject: &str,
    verdict: Verdict,
    figure: (f64, &str, &str),
    limit: (&str, &str),
    margin: (f64, &str),
) -> RequirementOutcome {
    let (value, unit, text) = figure;
    RequirementOutcome {
        figure: Some(number(value, unit, text)),
        limit: Some(LimitOutcome {
            limit: number(0.0, unit, limit.0),
            relation: "≤".to_owned(),
            owner: limit.1.to_owned(),
            document: None,
        }),
        margin: Some(number(margin.0, unit, margin.1)),
        ..requirement(id, subject, verdict)
    }
}

pub fn case(name: &str, requirements: Vec<RequirementOutcome>) -> CaseOutcome {
    CaseOutcome {
        case: name.to_owned(),
        roles: vec!["arm = psm1: PSM Classic, Large Needle Driver".to_owned()],
        simulated_s: 30.0,
        steps: 90_000,
        compute_times: vec![("psm1.arm".to_owned(), 0.0), ("psm1.servo".to_owned(), 0.0)],
        step_s: 1.0 / 3000.0,
        digest: "0123456789abcdef".to_owned(),
        requirements,
        figures: Vec::new(),
        faults: Vec::new(),
        failure: None,
        standing: vec![StandingCount { instance: "psm1".to_owned(), parameters: 84, assumed: 9 }],
    }
}

pub fn header(path: &str, digest: &str) -> ScenarioHeader {
    ScenarioHeader {
        trocar: "0.1.0".to_owned(),
        title: "A title".to_owned(),
        path: path.to_owned(),
        method_digest: format!("{digest}f00d"),
        robot_digests: BTreeMap::from([("psm1".to_owned(), "ab".repeat(16))]),
        seed: 7,
        status: Some("verified, not validated".to_owned()),
        changes: BTreeMap::new(),
        inputs: Vec::new(),
    }
}

/// The accuracy scenario of the design's example.
pub fn accuracy() -> ScenarioResult {
    let mut one = case(
        "",
        vec![judged(
            "RP",
            "max(RP), at P4",
            Verdict::Pass,
            (32e-6, "m", "0.032 ± 0.006 mm"),
            ("0.100 mm", "example"),
            (68e-6, "+0.068 mm"),
        )],
    );
    let figure = |name: &str, figure: Reported, judged: bool| FigureOutcome {
        name: name.to_owned(),
        row: "P4".to_owned(),
        figure: Some(figure),
        components: Vec::new(),
        samples: 30,
        instrument_alone: None,
        uses_truth: !judged,
        judged,
        reason: None,
    };
    let mut read = figure("RP", number(32e-6, "m", "0.032 ± 0.006 mm"), true);
    read.instrument_alone = Some(number(28e-6, "m", "0.028 mm"));
    one.figures = vec![read, figure("RP_true", number(15e-6, "m", "0.015 mm"), false)];
    let scenario = header("scenarios/laparoscopic/accuracy/pose_repeatability.toml", "9c41e7");
    ScenarioResult { format: RESULT_FORMAT, scenario, cases: vec![one] }
}

/// The fault scenario of the design's example: three cases that fail.
pub fn fault() -> ScenarioResult {
    let cases = [("2 kN/m", 76.8, "−3.8 deg"), ("5 kN/m", 77.4, "−4.4 deg"), ("8 kN/m", 77.0, "−4.0 deg")];
    let degree = std::f64::consts::PI / 180.0;
    let cases = cases.map(|(stiffness, angle, margin)| {
        let name = format!("exo.cuffs.*.stiffness = {stiffness}");
        let text = format!("{angle} ± 1.0 deg");
        let mut over = judged(
            "R2",
            "goniometer.right_knee.angle",
            Verdict::Fail,
            (angle * degree, "rad", &text),
            ("73 deg", "example"),
            ((73.0 - angle) * degree, margin),
        );
        over.reason = Some("worst at 17.964 s: walk, 74 % of stride 4".to_owned());
        over.without_fault = Some(Verdict::Pass);
        over.figure_without_fault = Some(number(60.7 * degree, "rad", "60.7 ± 1.0 deg"));
        over.file = "knee_encoder_stuck.toml".to_owned();
        let announced = judged(
            "R1",
            "announced after knee_stuck",
            Verdict::Pass,
            (0.188, "s", "188.0 ± 0.3 ms"),
            ("250 ms", "example"),
            (0.062, "+62 ms"),
        );
        let mut one = case(&name, vec![announced, over]);
        one.faults = vec![FaultOutcome {
            name: "knee_stuck".to_owned(),
            kind: "stuck_last".to_owned(),
            target: "exo.right_knee.encoder.position".to_owned(),
            codes: vec!["A070908".to_owned()],
            sentence: "The encoder keeps its last value.".to_owned(),
            outcome: "effective".to_owned(),
            active_s: Some(17.712),
            reached_s: Some(0.008),
            reached_signal: Some("exo.right_knee.current_command".to_owned()),
            detected_s: Some(0.188),
            detected_signal: Some("exo.operating_state".to_owned()),
            reacted_s: None,
            safe_s: Some(0.260),
            cleared_s: None,
            largest_change: Some(number(0.527, "rad", "30.2 deg")),
            largest_deviation: None,
        }];
        one
    });
    let scenario = header("scenarios/exoskeleton/faults/knee_encoder_stuck.toml", "5c19d2");
    ScenarioResult { format: RESULT_FORMAT, scenario, cases: cases.to_vec() }
}
