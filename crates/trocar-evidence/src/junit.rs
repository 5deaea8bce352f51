//! Results as JUnit XML, which build servers show.
//!
//! A suite per scenario, a case per requirement of each of its cases. FAIL and INCONCLUSIVE are failures: the device, or
//! what is known of it, is not good enough. INVALID and ERROR are errors: the test did not take place as it should. The
//! `type` attribute names the verdict. No instants and no durations: equal results give equal files.

use crate::outcome::{CaseOutcome, RequirementOutcome};
use crate::scenario_result::{ScenarioHeader, ScenarioResult};
use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestSuite};
use trocar_measure::Verdict;

/// Results as one JUnit file.
///
/// # Errors
/// As XML has no form for a text; texts are cleaned, so that this does not happen.
pub fn to_junit(results: &[ScenarioResult]) -> Result<String, quick_junit::SerializeError> {
    let mut report = Report::new("trocar");
    for result in results {
        report.add_test_suite(suite(result));
    }
    report.to_string()
}

fn suite(result: &ScenarioResult) -> TestSuite {
    let header = &result.scenario;
    let mut suite = TestSuite::new(format!("{}@{}", header.name(), header.short_digest()));
    suite.add_property(Property::new("title", &header.title));
    suite.add_property(Property::new("file", &header.path));
    suite.add_property(Property::new("method_digest", &header.method_digest));
    for (instance, digest) in &header.robot_digests {
        suite.add_property(Property::new(format!("robot_digest.{instance}"), digest));
    }
    suite.add_property(Property::new("seed", header.seed.to_string()));
    suite.add_property(Property::new("trocar", &header.trocar));
    for case in &result.cases {
        for requirement in &case.requirements {
            suite.add_test_case(requirement_case(header, case, requirement));
        }
        if let Some(failure) = case.failure.as_ref().filter(|_| case.requirements.is_empty()) {
            let message = format!("at {:.3} s: {}", failure.at_s, failure.what);
            let mut test = TestCase::new(name("run", &case.case), status(failure.verdict, &message, ""));
            test.set_classname(header.quote(&case.case, "run"));
            suite.add_test_case(test);
        }
    }
    suite
}

fn name(id: &str, case: &str) -> String {
    if case.is_empty() { id.to_owned() } else { format!("{id} [{case}]") }
}

fn requirement_case(
    header: &ScenarioHeader,
    case: &CaseOutcome,
    requirement: &RequirementOutcome,
) -> TestCase {
    let said = |text: Option<&String>| text.cloned().unwrap_or_else(|| "–".to_owned());
    let figure = said(requirement.figure.as_ref().map(|f| &f.text));
    let limit = requirement.limit.as_ref().map_or("no limit".to_owned(), |limit| {
        format!("{} {} ({})", limit.relation, limit.limit.text, limit.owner)
    });
    let message = match &requirement.reason {
        Some(reason) => format!("{}: {figure}, {limit}; {reason}", requirement.subject),
        None => format!("{}: {figure}, {limit}", requirement.subject),
    };
    let place = format!("{}:{}", requirement.file, requirement.line);
    let mut lines = vec![requirement.formula.clone(), requirement.why.clone()];
    lines.extend(requirement.hints.iter().cloned());
    lines.push(place);
    lines.retain(|line| !line.is_empty());
    let mut test = TestCase::new(
        name(&requirement.id, &case.case),
        status(requirement.verdict, &message, &lines.join("\n")),
    );
    test.set_classname(header.quote(&case.case, &requirement.id));
    test
}

fn status(verdict: Verdict, message: &str, description: &str) -> TestCaseStatus {
    let kind = match verdict {
        Verdict::Pass => return TestCaseStatus::success(),
        Verdict::Fail | Verdict::Inconclusive => NonSuccessKind::Failure,
        Verdict::Invalid | Verdict::Error => NonSuccessKind::Error,
    };
    let mut status = TestCaseStatus::non_success(kind);
    status.set_type(verdict.word()).set_message(message);
    if !description.is_empty() {
        status.set_description(description);
    }
    status
}
