//! Where a controller of one's own begins: the built-in one, ported to one file without dependencies.
//!
//! A template is the slot's part with the language's part of the protocol put in where it says `{PROTOCOL}`, so that the
//! protocol is written once for each language and the user still gets a single file.

/// In which language a controller is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Python 3.8, standard library.
    Python,
    /// C++17 and POSIX.
    Cpp,
    /// Rust, standard library.
    Rust,
}

impl Language {
    /// All of them.
    pub const ALL: [Language; 3] = [Language::Python, Language::Cpp, Language::Rust];

    /// The language of a file by its ending.
    #[must_use]
    pub fn of_extension(extension: &str) -> Option<Language> {
        match extension {
            "py" => Some(Language::Python),
            "cpp" | "cc" | "cxx" => Some(Language::Cpp),
            "rs" => Some(Language::Rust),
            _ => None,
        }
    }

    /// Its name as it is typed.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Language::Python => "python",
            Language::Cpp => "cpp",
            Language::Rust => "rust",
        }
    }

    fn protocol(self) -> &'static str {
        match self {
            Language::Python => include_str!("controller/protocol.py"),
            Language::Cpp => include_str!("controller/protocol.cpp"),
            Language::Rust => include_str!("controller/protocol.rs"),
        }
    }
}

/// Which slot of an arm a controller fills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// From setpoints to motor currents.
    Servo,
    /// When motor power is to be taken away.
    Supervisor,
    /// Commands, operating states, trajectories and kinematics.
    Arm,
}

impl Slot {
    /// All that have a template.
    pub const ALL: [Slot; 3] = [Slot::Servo, Slot::Supervisor, Slot::Arm];

    /// Its name, as it ends its path.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Slot::Servo => "servo",
            Slot::Supervisor => "supervisor",
            Slot::Arm => "arm",
        }
    }

    /// A built-in scenario that shows what a change in this slot does.
    #[must_use]
    pub fn example(self) -> &'static str {
        match self {
            Slot::Servo => "trocar:step_delay",
            Slot::Supervisor => "trocar:encoder_stuck",
            Slot::Arm => "trocar:step_delay",
        }
    }

    fn source(self, language: Language) -> &'static str {
        match (self, language) {
            (Slot::Servo, Language::Python) => include_str!("controller/servo.py"),
            (Slot::Servo, Language::Cpp) => include_str!("controller/servo.cpp"),
            (Slot::Servo, Language::Rust) => include_str!("controller/servo.rs"),
            (Slot::Supervisor, Language::Python) => include_str!("controller/supervisor.py"),
            (Slot::Supervisor, Language::Cpp) => include_str!("controller/supervisor.cpp"),
            (Slot::Supervisor, Language::Rust) => include_str!("controller/supervisor.rs"),
            (Slot::Arm, Language::Python) => include_str!("controller/arm.py"),
            (Slot::Arm, Language::Cpp) => include_str!("controller/arm.cpp"),
            (Slot::Arm, Language::Rust) => include_str!("controller/arm.rs"),
        }
    }
}

/// A controller to be started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControllerStart {
    /// Which slot.
    pub slot: Slot,
    /// Whose: the robot or the role that stands before the slot, `arm` or `psm1`.
    pub robot: String,
    /// In which language.
    pub language: Language,
    /// Its file, as its user names it.
    pub file: String,
}

impl ControllerStart {
    /// The slot from what a user types: `servo`, `arm.servo`, `psm1.servo`. Without a robot, the role `arm` is meant.
    ///
    /// # Errors
    /// A sentence with the slots that there are.
    pub fn slot_of(text: &str) -> Result<(String, Slot), String> {
        let (robot, name) = text.rsplit_once('.').unwrap_or(("arm", text));
        let slot = Slot::ALL.into_iter().find(|slot| slot.word() == name);
        slot.filter(|_| !robot.is_empty()).map(|slot| (robot.to_owned(), slot)).ok_or_else(|| {
            let all = Slot::ALL.map(Slot::word).join(", ");
            format!("`{text}` is no slot that a controller can be started for: {all}, or with its robot: psm1.servo")
        })
    }

    /// How the file becomes a program; `None` where it is one.
    #[must_use]
    pub fn build_command(&self) -> Option<String> {
        let (file, program) = (quoted(&self.file), quoted(self.program()));
        match self.language {
            Language::Python => None,
            Language::Cpp => Some(format!("c++ -O2 -std=c++17 -ffp-contract=off -o {program} {file}")),
            Language::Rust => Some(format!("rustc -O --edition 2024 -o {program} {file}")),
        }
    }

    /// How a scenario is run with it.
    #[must_use]
    pub fn run_command(&self) -> String {
        let command = match self.language {
            Language::Python => format!("python3 {}", quoted(&self.file)),
            Language::Cpp | Language::Rust if self.file.contains('/') => quoted(self.program()),
            Language::Cpp | Language::Rust => quoted(&format!("./{}", self.program())),
        };
        let (example, robot, slot) = (self.slot.example(), &self.robot, self.slot.word());
        format!("trocar run {example} --controller {robot}.{slot}='{command}'")
    }

    /// The file's name without its ending.
    fn program(&self) -> &str {
        self.file.rsplit_once('.').map_or(&self.file, |(stem, _)| stem)
    }

    /// The whole file.
    #[must_use]
    pub fn text(&self) -> String {
        self.slot
            .source(self.language)
            .replace("{PROTOCOL}\n", self.language.protocol())
            .replace("{BUILD}", &self.build_command().unwrap_or_default())
            .replace("{TRY}", &self.run_command())
    }
}

/// A word of a command line; in quotation marks where a shell would take it apart.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+:@%,".contains(c);
    if word.chars().all(is_plain) { word.to_owned() } else { format!("\"{word}\"") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(language: Language, file: &str) -> ControllerStart {
        ControllerStart { slot: Slot::Servo, robot: "psm1".to_owned(), language, file: file.to_owned() }
    }

    #[test]
    fn a_slot_may_have_a_robot_before_it() {
        assert_eq!(ControllerStart::slot_of("servo"), Ok(("arm".to_owned(), Slot::Servo)));
        assert_eq!(ControllerStart::slot_of("psm1.servo"), Ok(("psm1".to_owned(), Slot::Servo)));
        for wrong in ["", ".servo", "servos", "servo.", "psm1.motor"] {
            assert!(ControllerStart::slot_of(wrong).unwrap_err().contains("servo"), "{wrong}");
        }
    }

    #[test]
    fn commands_name_the_file_as_its_user_does() {
        let python = start(Language::Python, "lab/my servo.py");
        assert_eq!(python.build_command(), None);
        assert_eq!(
            python.run_command(),
            "trocar run trocar:step_delay --controller psm1.servo='python3 \"lab/my servo.py\"'"
        );
        let cpp = start(Language::Cpp, "my_servo.cpp");
        let build = cpp.build_command().unwrap();
        assert_eq!(build, "c++ -O2 -std=c++17 -ffp-contract=off -o my_servo my_servo.cpp");
        assert!(cpp.run_command().ends_with("--controller psm1.servo='./my_servo'"));
        assert!(start(Language::Rust, "lab/s.rs").run_command().ends_with("='lab/s'"));
    }

    #[test]
    fn a_file_is_whole_and_names_its_own_commands() {
        for language in Language::ALL {
            for slot in Slot::ALL {
                let start = ControllerStart { slot, ..start(language, "mine.x") };
                let text = start.text();
                for left in ["{PROTOCOL}", "{BUILD}", "{TRY}"] {
                    assert!(!text.contains(left), "{language:?} {slot:?}: {left}");
                }
                assert!(text.contains(&start.run_command()), "{language:?} {slot:?}");
                assert!(start.build_command().is_none_or(|build| text.contains(&build)));
                assert!(text.contains("TROCAR_ADDRESS") && text.contains("restorable"));
            }
        }
    }
}
