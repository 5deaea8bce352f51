//! What two files differ in, by meaning: `"5 mm"` equals `"0.005 m"`, a default equals the key that says the same, and
//! lines that moved are no difference.
//!
//! Files are compared as the structures that they were read into, with their defaults; what is shown is what the files
//! say, with their units.

mod meaning;
mod words;

pub use words::heading;

use crate::explain::Language;
use crate::load::{Loaded, LoadedRobot, LoadedScene};
use meaning::{Sides, Step, compare};
use serde::Serialize;
use serde_json::{Value as Json, json};

/// What differs in one thing.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// The section of the file, in words.
    pub group: String,
    /// What it is, in words.
    pub what: String,
    /// Its key path; empty for what stands in no file.
    pub path: String,
    /// What the first says; `None` where it says nothing.
    pub first: Option<String>,
    /// What the second says.
    pub second: Option<String>,
    /// By how much the second number is greater than the first, as a part of it.
    pub change: Option<f64>,
}

/// What two things differ in.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Differences {
    /// The first's name.
    pub first: String,
    /// The second's name.
    pub second: String,
    /// Every difference, in the order in which a reader would want them.
    pub differences: Vec<Difference>,
    /// What else is to be said; no difference.
    pub notes: Vec<String>,
}

impl Differences {
    /// Of two things with these names, none yet.
    #[must_use]
    pub fn between(first: impl Into<String>, second: impl Into<String>) -> Differences {
        Differences { first: first.into(), second: second.into(), differences: Vec::new(), notes: Vec::new() }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.differences.is_empty()
    }

    /// As a person reads it.
    #[must_use]
    pub fn to_text(&self, language: Language) -> String {
        words::text(self, language)
    }

    /// As JSON.
    #[must_use]
    pub fn to_json(&self) -> Json {
        json!({
            "first": self.first, "second": self.second, "equal": self.is_empty(),
            "differences": self.differences, "notes": self.notes
        })
    }
}

/// What two scenarios differ in. Of what they run on, whether it differs: robots are compared by themselves.
#[must_use]
pub fn diff_scenarios(first: &Loaded, second: &Loaded, language: Language) -> Differences {
    let name = |loaded: &Loaded| loaded.files.first().map_or(String::new(), |file| file.shown.clone());
    let mut found = Differences::between(name(first), name(second));
    let [a, b] = [first, second].map(|loaded| {
        let mut method = serde_json::to_value(&loaded.method).unwrap_or_default();
        // The built-in library's files name each other without `trocar:`, copies of them with it.
        method["scene"] = loaded.scene.address.clone().into();
        method
    });
    let sides = Sides { language, first: &first.written, second: &second.written };
    compare(&sides, &mut Vec::new(), &a, &b, &mut found.differences);
    for (role, robot) in first.roles.iter() {
        let Some(other) = second.roles.robot(role) else { continue };
        let robots = (first.scene.robots.get(robot), second.scene.robots.get(other));
        if let (Some(a), Some(b)) = robots
            && a.digest != b.digest
        {
            let said = |robot: &LoadedRobot| {
                format!("{} @{}", robot.robot.title, robot.digest.get(..6).unwrap_or(""))
            };
            found.differences.push(words::robot_of_role(language, role, said(a), said(b)));
        }
    }
    words::in_order(&mut found.differences, language);
    found
}

/// What two robots differ in, with their instruments.
#[must_use]
pub fn diff_robots(first: &LoadedRobot, second: &LoadedRobot, language: Language) -> Differences {
    let mut found = Differences::between(&first.address, &second.address);
    let [a, b] = [first, second].map(|robot| serde_json::to_value(&robot.robot).unwrap_or_default());
    let sides = Sides { language, first: &first.written, second: &second.written };
    compare(&sides, &mut Vec::new(), &a, &b, &mut found.differences);
    words::in_order(&mut found.differences, language);
    found
}

/// What two scenes differ in, with the robots that have one name in both.
#[must_use]
pub fn diff_scenes(first: &LoadedScene, second: &LoadedScene, language: Language) -> Differences {
    let mut found = Differences::between(&first.address, &second.address);
    let [a, b] = [first, second].map(|scene| serde_json::to_value(&scene.scene).unwrap_or_default());
    let sides = Sides { language, first: &first.written, second: &second.written };
    compare(&sides, &mut Vec::new(), &a, &b, &mut found.differences);
    for (name, a) in &first.robots {
        let Some(b) = second.robots.get(name) else { continue };
        let robots = diff_robots(a, b, language);
        found.differences.extend(robots.differences.into_iter().map(|one| Difference {
            what: format!("{name}: {}", one.what),
            path: format!("{name}: {}", one.path),
            ..one
        }));
    }
    words::in_order(&mut found.differences, language);
    found
}

/// One step down a file, as a reader follows it.
fn path_of(steps: &[Step]) -> String {
    let mut path = String::new();
    for step in steps {
        match step {
            Step::Key(key) => {
                let dot = if path.is_empty() { "" } else { "." };
                path.push_str(&format!("{dot}{key}"));
            }
            Step::Item(name) => path.push_str(&format!("[{name}]")),
        }
    }
    path
}

#[cfg(test)]
mod tests;
