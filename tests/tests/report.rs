//! `trocar report`, `--refine`, `--shake-assumed`: what a reviewer asks of a result.
#![expect(clippy::expect_used, reason = "helpers of tests fail as tests do")]

use trocar_tests::{Project, STUCK, SWING};

/// [`SWING`] with the signal that its measure reads.
fn swing() -> String {
    format!("{SWING}\n[record]\nsignals = [\"arm.truth.tip.position.*\"]\nrate = \"200 Hz\"\n")
}

fn read(project: &Project, path: &str) -> String {
    std::fs::read_to_string(project.path().join(path)).expect(path)
}

/// The swing with the figure that it has, times `part`, as its limit.
fn with_limit(project: &Project, part: f64) -> String {
    let result: serde_json::Value =
        serde_json::from_str(&read(project, "a/swing/result.json")).expect("JSON");
    let value = result["cases"][0]["requirements"][0]["figure"]["value"].as_f64().expect("a figure");
    let tight = swing().replace("<= 1 m\"", &format!("<= {:.12} m\"", value * part));
    assert_ne!(tight, swing());
    tight
}

fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let rest = text.split_once(from).map_or("", |(_, rest)| rest);
    rest.split_once(to).map_or(rest, |(part, _)| part)
}

/// Every verdict, figure and sentence is on the page; it is well-formed, loads nothing, and shows what each measure read.
#[test]
fn a_page_says_what_a_result_says() {
    let project = Project::new(&[("swing.toml", &swing())]);
    project.trocar(&["run", "swing.toml", "--out", "r"]).expect(0);
    let said = project.trocar(&["report", "r/swing"]).expect(0);
    assert!(said.err.contains("swing.html") && said.out.is_empty(), "{}", said.err);
    let page = read(&project, "r/swing.html");
    let result: serde_json::Value =
        serde_json::from_str(&read(&project, "r/swing/result.json")).expect("JSON");
    let case = &result["cases"][0];
    for figure in case["figures"].as_array().expect("figures") {
        let text = figure["figure"]["text"].as_str().expect("a text");
        assert!(page.contains(text), "{text}");
    }
    for requirement in case["requirements"].as_array().expect("requirements") {
        let verdict = requirement["verdict"].as_str().expect("a word");
        assert!(page.contains(&format!(">{verdict}</b>")), "{verdict}");
    }
    assert!(page.contains(result["scenario"]["method_digest"].as_str().expect("a digest")));
    let explained = project.trocar(&["explain", "swing.toml"]).expect(0).out;
    for line in explained.lines().filter(|line| line.starts_with("4.")) {
        let sentence = line.split_once(' ').map_or("", |(_, sentence)| sentence);
        let sentence = sentence
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;")
            .replace('"', "&quot;")
            .replace('\'', "&#39;");
        assert!(page.contains(&sentence), "{sentence}");
    }
    for word in ["<script", "http://", "https://", "url(", "<img", "<link"] {
        assert!(!page.contains(word), "the page would load something: {word}");
    }
    assert!(page.contains("default-src 'none'"));
    // A line of the plot has points, and stays on its sheet.
    let line = between(&page, "class=\"line\"", "/>");
    let path = between(line, "d=\"", "\"");
    let numbers: Vec<f64> = path
        .split(['M', 'L', ' '])
        .filter(|word| !word.is_empty())
        .map(|word| word.parse().expect("a number"))
        .collect();
    assert!(numbers.len() > 100, "{path}");
    assert!(numbers.chunks(2).all(|p| (0.0..=720.0).contains(&p[0]) && (0.0..=240.0).contains(&p[1])));
    // Elements are closed in their order.
    let mut open: Vec<&str> = Vec::new();
    for tag in page.split('<').skip(1) {
        let inside = tag.split('>').next().unwrap_or("");
        let name = inside.split([' ', '/']).find(|word| !word.is_empty()).unwrap_or("");
        if inside.starts_with('!') || inside.ends_with('/') || ["meta", "br"].contains(&name) {
            continue;
        }
        if inside.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "{inside}");
        } else {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

/// What stands in a file is shown and not obeyed; nothing is overwritten silently; equal results give equal pages.
#[test]
fn a_page_of_a_strangers_result_is_harmless() {
    let title = "<script>alert(1)</script> & 'quotes' \u{202e}";
    let old = SWING.lines().find(|line| line.starts_with("title")).expect("a title");
    let swing = SWING.replace(old, &format!("title = \"\"\"{title}\"\"\""));
    let project = Project::new(&[("swing.toml", &swing)]);
    project.trocar(&["run", "swing.toml", "--out", "r"]).expect(0);
    project.trocar(&["report", "r/swing"]).expect(0);
    let page = read(&project, "r/swing.html");
    assert!(!page.contains("<script") && page.contains("&lt;script&gt;alert(1)"), "escaped");
    assert!(!page.contains('\u{202e}'), "writing cannot be turned round");
    let said = project.trocar(&["report", "r/swing"]).expect(2);
    assert!(said.err.contains("--force"), "{}", said.err);
    project.trocar(&["report", "r/swing", "--force"]).expect(0);
    assert_eq!(page, read(&project, "r/swing.html"));
    project.trocar(&["report", "nothing"]).expect(2);
    project.trocar(&["report", "swing.toml"]).expect(2);
    // The folder itself stays what it was: it replays.
    project.trocar(&["replay", "r/swing"]).expect(0);
}

#[test]
fn a_batch_and_its_faults_on_one_page_in_two_languages() {
    let project = Project::new(&[("swing.toml", &swing()), ("stuck.toml", &format!("{SWING}{STUCK}"))]);
    project.trocar(&["run", ".", "--out", "r"]);
    project.trocar(&["report", "r", "--out", "en.html"]).expect(0);
    project.trocar(&["report", "r", "--out", "zh.html", "--lang", "zh"]).expect(0);
    let (en, zh) = (read(&project, "en.html"), read(&project, "zh.html"));
    for page in [&en, &zh] {
        assert_eq!(page.matches("<section").count(), 2);
        assert!(page.contains("class=\"fault\""), "the fault is on the course of the run");
    }
    assert!(en.contains("What was run") && zh.contains("运行信息"));
    // Words of the page that stayed English in the Chinese one would stand in its headings.
    for heading in zh.split("<h2>").skip(1) {
        let heading = heading.split('<').next().unwrap_or("");
        assert!(!heading.is_ascii(), "{heading}");
    }
}

/// A recording that was cut off in the middle is shown up to there.
#[test]
fn a_recording_that_breaks_off_is_shown_up_to_there() {
    let project = Project::new(&[("swing.toml", &swing())]);
    project.trocar(&["run", "swing.toml", "--out", "r"]).expect(0);
    let path = project.path().join("r/swing/cases/_/record.mcap");
    let bytes = std::fs::read(&path).expect("a recording");
    std::fs::write(&path, &bytes[..bytes.len() / 2]).expect("cut");
    project.trocar(&["report", "r/swing"]).expect(0);
    let page = read(&project, "r/swing.html");
    assert!(page.contains("The recording breaks off") && page.contains(">PASS</b>"));
}

/// A figure that does not hang on the step says so; one that sits on its limit hangs on it, and the exit code says it.
#[test]
fn verdicts_that_hang_on_the_step() {
    let project = Project::new(&[("swing.toml", &swing())]);
    let said = project.trocar(&["run", "swing.toml", "--out", "a", "--refine"]).expect(0);
    let line = said.out.lines().find(|line| line.contains("band ±")).expect("a line for the requirement");
    assert!(line.ends_with("PASS") && !line.contains("hangs"), "{line}");
    // The figure itself as the limit: where the band is wider than what is left, the verdict hangs on the step.
    project.write("tight.toml", with_limit(&project, 1.0 + 1e-12).as_bytes());
    let json = project.trocar(&["run", "tight.toml", "--out", "b", "--refine", "--json"]);
    let said: serde_json::Value = serde_json::from_str(&json.out).expect("JSON");
    let row = &said["sensitivity"][0]["cases"][0]["refined"][0];
    let band = row["band"]["value"].as_f64().expect("a band");
    assert!(band > 0.0, "{row}");
    assert_eq!(row["verdicts"].as_array().map(Vec::len), Some(3));
    assert_eq!(row["verdict_with_band"], "INCONCLUSIVE", "{row}");
    assert_eq!(json.code, 3);
    // The band is one more component of U: the squares of U and of k times its part add up.
    let figure = &said["results"][0]["cases"][0]["requirements"][0]["figure"];
    let number = |of: &serde_json::Value, key: &str| of[key].as_f64().expect("a number");
    let (u, k) = (number(figure, "expanded_uncertainty"), number(figure, "coverage_factor"));
    let with = number(&row["with_band"], "expanded_uncertainty");
    let expected = (u * u + k * k * band * band / 3.0).sqrt();
    assert!((with - expected).abs() <= 1e-12 * expected, "{with} {expected}");
    // The result keeps it, the report shows it, and a replay does not mind.
    project.trocar(&["report", "b/tight"]).expect(0);
    let page = read(&project, "b/tight.html");
    assert!(page.contains("What the verdicts hang on") && page.contains("hangs on the step: "), "{page}");
    project.trocar(&["replay", "b/tight"]).expect(0);
}

/// Each assumed parameter at both ends: a limit that the nominal figure just meets fails at one end.
#[test]
fn verdicts_that_hang_on_assumed_parameters() {
    let project = Project::new(&[("swing.toml", &swing())]);
    project.trocar(&["run", "swing.toml", "--out", "a"]).expect(0);
    project.write("tight.toml", with_limit(&project, 1.0 + 1e-9).as_bytes());
    let said = project.trocar(&["run", "tight.toml", "--out", "b", "--shake-assumed", "50%"]).expect(3);
    assert!(said.out.contains("each assumed parameter 50 % less and more"), "{}", said.out);
    let hangs = said.out.lines().find(|line| line.ends_with("PASS → FAIL")).expect("a change that fails");
    assert!(hangs.contains("psm1.") && hangs.contains('%'), "{hangs}");
    project.trocar(&["report", "b/tight", "--lang", "zh"]).expect(0);
    let page = read(&project, "b/tight.html");
    assert!(page.contains("有判定取决于无公开来源的参数") && page.contains("PASS → FAIL"), "{page}");
    for bad in ["0%", "100%", "many"] {
        let said = project.trocar(&["run", "swing.toml", "--shake-assumed", bad]).expect(2);
        assert!(said.err.contains("20%"), "{}", said.err);
    }
}
