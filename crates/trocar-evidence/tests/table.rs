//! The verdict table, JUnit and JSON of outcomes made by hand.

mod outcomes;

use outcomes::{case, header, requirement};
use trocar_evidence::junit::to_junit;
use trocar_evidence::outcome::{
    FailureOutcome, FaultOutcome, FigureOutcome, LimitOutcome, Reported, RequirementOutcome,
};
use trocar_evidence::{ScenarioResult, TableStyle, table, to_json};
use trocar_measure::Verdict;

fn number(value: f64, unit: &str, text: &str) -> Reported {
    let expanded_uncertainty = text.contains('±').then_some(value.abs() / 10.0);
    Reported {
        value,
        expanded_uncertainty,
        coverage_factor: 2.0,
        unit: unit.to_owned(),
        text: text.to_owned(),
    }
}

fn judged(
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

/// The accuracy scenario of the design's example.
fn accuracy() -> ScenarioResult {
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
        instrument: None,
        instrument_alone: None,
        uses_truth: !judged,
        judged,
        reason: None,
        repeats: trocar_measure::Repeated::Unknown,
    };
    let mut read = figure("RP", number(32e-6, "m", "0.032 ± 0.006 mm"), true);
    read.instrument = Some("tracker".to_owned());
    read.instrument_alone = Some(number(28e-6, "m", "0.028 mm"));
    one.figures = vec![read, figure("RP_true", number(15e-6, "m", "0.015 mm"), false)];
    let scenario = header("scenarios/laparoscopic/accuracy/pose_repeatability.toml", "9c41e7");
    ScenarioResult::new(scenario, vec![one])
}

/// The fault scenario of the design's example: three cases that fail.
fn fault() -> ScenarioResult {
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
    ScenarioResult::new(scenario, cases.to_vec())
}

fn of(results: &[ScenarioResult]) -> String {
    table(results, &TableStyle::default())
}

#[test]
fn the_table_is_laid_out_as_the_design_shows() {
    let style = TableStyle {
        styled: false,
        results_in: Some("results/monday".to_owned()),
        next: Some("read: trocar report results/monday".to_owned()),
    };
    let expected = "\
pose_repeatability @9c41e7       arm = psm1: PSM Classic, Large Needle Driver
  RP  max(RP), at P4                 0.032 ± 0.006 mm   ≤ 0.100 mm  example   +0.068 mm   PASS
      hint: the tracker alone gives 0.028 mm; this figure is mostly the tracker's
      RP_true (truth), at P4         0.015 mm           not judged
      standing: verified, not validated; 9 of 84 parameters of psm1 are assumed

knee_encoder_stuck @5c19d2       arm = psm1: PSM Classic, Large Needle Driver; 3 cases, the worst is shown
  R1  announced after knee_stuck     188.0 ± 0.3 ms     ≤ 250 ms    example   +62 ms      PASS
      case exo.cuffs.*.stiffness = 2 kN/m
      all 3 cases pass (188.0 ms)
  R2  goniometer.right_knee.angle    77.4 ± 1.0 deg     ≤ 73 deg    example   −4.4 deg    FAIL
      worst at 17.964 s: walk, 74 % of stride 4; exo.cuffs.*.stiffness = 5 kN/m
      all 3 cases fail (76.8 to 77.4 deg); control without the fault: 60.7 deg, PASS
      knee_encoder_stuck.toml:56
      in case exo.cuffs.*.stiffness = 5 kN/m:
      fault knee_stuck: stuck_last on exo.right_knee.encoder.position (IMDRF A070908)
        17.712 s   active; value wrong by up to 30.2 deg
         +  8 ms   reached exo.right_knee.current_command
         +188 ms   announced: exo.operating_state
         +260 ms   at rest
      latencies: resolution 0.333 ms (the step); compute time 0 ms in psm1.arm, psm1.servo
      standing: verified, not validated; 9 of 84 parameters of psm1 are assumed

± is U, expanded, k = 2. example: declared by nobody, there so that the file has something to judge
7 verdicts: 4 PASS, 3 FAIL. Results in results/monday
read: trocar report results/monday
";
    let made = table(&[accuracy(), fault()], &style);
    assert_eq!(made, expected, "\n{made}");
}

#[test]
fn columns_line_up_whatever_the_texts_are() {
    let mut result = accuracy();
    let cells = [
        ("R", "short"),
        ("LONG", "重复性 at pose 重复"),
        ("R3", &"a very long subject ".repeat(4)),
        ("R4", "ø"),
    ];
    result.cases[0].requirements = cells
        .iter()
        .map(|(id, subject)| {
            judged(
                id,
                subject,
                Verdict::Fail,
                (1.0, "m", "1.0000 ± 0.0010 mm"),
                ("12.345 678 mm", "declared"),
                (-0.5, "-0.5 mm"),
            )
        })
        .collect();
    let text = of(&[result]);
    let column = |line: &str| {
        let before: &str = line.split("FAIL").next().unwrap();
        before.chars().map(|c| if ('\u{4e00}'..'\u{a000}').contains(&c) { 2 } else { 1 }).sum::<usize>()
    };
    let rows: Vec<&str> = text.lines().filter(|l| l.ends_with("FAIL") && l.starts_with("  ")).collect();
    assert_eq!(rows.len(), 4, "{text}");
    assert!(rows.iter().all(|row| column(row) == column(rows[0])), "{text}");
    assert!(rows.iter().all(|row| row.contains("−0.5 mm")), "{text}");
    // The long subject has a line of its own.
    assert!(text.lines().any(|l| l.trim_end().ends_with("a very long subject")), "{text}");
}

#[test]
fn what_has_no_figure_says_why_and_a_stopped_run_says_it_once() {
    let why = "diverged at 17.964 s: exo.right_knee.velocity is not finite; the run stopped there";
    let stopped = |id: &str| {
        let mut r = requirement(id, "", Verdict::Error);
        r.reason = Some(why.to_owned());
        r
    };
    let mut one = case("", vec![stopped("R1"), stopped("R2")]);
    one.failure = Some(FailureOutcome { verdict: Verdict::Error, at_s: 17.964, what: why.to_owned() });
    let result = ScenarioResult::new(header("trocar:x.toml", "abcdef"), vec![one.clone()]);
    let text = of(&[result]);
    assert!(text.contains("  R1  –                              –                  –           –         –           ERROR\n"), "{text}");
    assert_eq!(text.matches(why).count(), 1, "{text}");
    assert!(text.starts_with("x @abcdef"), "{text}");

    // Without requirements the failure speaks for itself, and counts.
    one.requirements.clear();
    let text = of(&[ScenarioResult::new(header("x.toml", "abcdef"), vec![one])]);
    assert!(text.contains(&format!("ERROR at 17.964 s: {why}")), "{text}");
    assert!(text.contains("1 verdict: 1 ERROR"), "{text}");
}

#[test]
fn the_worst_case_is_shown_and_the_others_counted() {
    let row = |verdict, value: f64, margin| {
        let text = format!("{value} mm");
        vec![judged("R", "x", verdict, (value, "m", &text), ("3 mm", "file"), (margin, "+1 mm"))]
    };
    let cases = vec![
        case("a", row(Verdict::Pass, 1.0, 2.0)),
        case("b", row(Verdict::Inconclusive, 2.9, 0.1)),
        case("c", row(Verdict::Fail, 4.0, -1.0)),
        case("d", row(Verdict::Fail, 3.5, -0.5)),
    ];
    let text = of(&[ScenarioResult::new(header("x.toml", "abcdef"), cases)]);
    assert!(text.contains("4 mm "), "{text}");
    assert!(text.contains("case c\n"), "{text}");
    assert!(text.contains("2 of 4 cases fail, 1 is inconclusive, 1 passes (1 to 4 mm)"), "{text}");
    assert!(!text.contains("example:") && !text.contains("±"), "{text}");
}

#[test]
fn a_fault_that_did_nothing_and_one_that_was_not_announced() {
    let mut result = fault();
    result.cases.truncate(1);
    let fault = &mut result.cases[0].faults[0];
    (fault.detected_s, fault.safe_s, fault.largest_deviation) =
        (None, None, Some(number(0.003, "m", "3.0 mm")));
    fault.cleared_s = Some(17.7624);
    let text = of(std::slice::from_ref(&result));
    assert!(text.contains("\n        + 8.0 ms   reached"), "{text}");
    assert!(text.contains("\n        +50.4 ms   ended\n"), "{text}");
    assert!(text.contains("\n                   not announced\n"), "{text}");
    assert!(text.contains("tool tip (truth) up to 3.0 mm from the twin's"), "{text}");
    let fault = &mut result.cases[0].faults[0];
    (fault.active_s, fault.outcome) = (None, "not activated".to_owned());
    let text = of(&[result]);
    assert!(text.contains("(IMDRF A070908)\n        not activated\n"), "{text}");
}

#[test]
fn style_adds_colour_and_changes_no_word() {
    let results = [accuracy(), fault()];
    let styled = table(&results, &TableStyle { styled: true, ..TableStyle::default() });
    let mut plain = String::new();
    let mut rest = styled.as_str();
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        plain.push_str(before);
        rest = after.split_once('m').unwrap().1;
    }
    plain.push_str(rest);
    assert_ne!(styled, plain);
    assert_eq!(plain, of(&results));
}

#[test]
fn verdicts_are_quoted_by_a_short_name() {
    let header = accuracy().scenario;
    assert_eq!(header.quote("", "RP"), "pose_repeatability@9c41e7/RP");
    assert_eq!(header.quote("far", "RP"), "pose_repeatability#far@9c41e7/RP");
}

#[test]
fn junit_tells_the_device_from_the_apparatus() {
    let verdicts = [Verdict::Pass, Verdict::Fail, Verdict::Inconclusive, Verdict::Invalid, Verdict::Error];
    let requirements = verdicts.iter().map(|v| requirement(v.word(), "a < b & \"c\"", *v)).collect();
    let mut dead = case("dead", Vec::new());
    dead.failure = Some(FailureOutcome { verdict: Verdict::Error, at_s: 1.0, what: "it stopped".to_owned() });
    let result = ScenarioResult::new(header("a/x.toml", "abcdef"), vec![case("one", requirements), dead]);
    let xml = to_junit(std::slice::from_ref(&result)).unwrap();
    assert!(
        xml.contains(r#"<testsuites name="trocar" tests="6" skipped="0" failures="2" errors="3">"#),
        "{xml}"
    );
    assert!(xml.contains(r#"<testsuite name="x@abcdef" tests="6""#), "{xml}");
    assert!(xml.contains(r#"<testcase name="PASS [one]" classname="x#one@abcdef/PASS"/>"#), "{xml}");
    for (kind, word) in
        [("failure", "FAIL"), ("failure", "INCONCLUSIVE"), ("error", "INVALID"), ("error", "ERROR")]
    {
        assert!(
            xml.lines().any(|l| l.contains(&format!("<{kind} ")) && l.contains(&format!("type=\"{word}\""))),
            "{xml}"
        );
    }
    assert!(xml.contains("a &lt; b &amp; &quot;c&quot;: –, no limit"), "{xml}");
    assert!(xml.contains("it stopped"), "{xml}");
    assert!(!xml.contains("time=") && !xml.contains("timestamp"), "no instants: {xml}");
    assert_eq!(xml, to_junit(&[result]).unwrap());
}

#[test]
fn json_holds_everything_and_the_exit_code() {
    let json = to_json(&[accuracy(), fault()]).unwrap();
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(value["exit_code"], 1);
    assert_eq!(value["verdicts"]["FAIL"], 3);
    let back: Vec<ScenarioResult> = serde_json::from_value(value["results"].clone()).unwrap();
    assert_eq!(back, [accuracy(), fault()]);
}
