//! Outcomes made by hand. Their numbers are invented.

use std::collections::BTreeMap;
use trocar_evidence::outcome::{CaseOutcome, RequirementOutcome, StandingCount};
use trocar_evidence::scenario_result::ScenarioHeader;
use trocar_measure::Verdict;

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
        controllers: Vec::new(),
        data: None,
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
        data: None,
        inputs: Vec::new(),
    }
}
