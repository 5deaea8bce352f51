//! The operating states of a CRTK device and the commands that lead from one to another.
//!
//! Source: CRTK documentation, `docs/pages/api/operating-state.rst`, table "CRTK state transitions"; for `home` and
//! `unhome`, which the table leaves out, cisst's reference implementation `prmOperatingState::ValidCommand` (home in
//! ENABLED alone, unhome in every state).

/// What a device is doing as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperatingState {
    /// Motor power is off.
    Disabled,
    /// Motor power is on, and the device moves when told to.
    Enabled,
    /// Motor power is on, and the device stands.
    Paused,
    /// The device took motor power away because of a fault. No command enters this state.
    Fault,
}

impl OperatingState {
    /// CRTK's names, in the order of [`OperatingState::index`].
    pub const NAMES: [&'static str; 4] = ["DISABLED", "ENABLED", "PAUSED", "FAULT"];
    /// All states, in that order.
    pub const ALL: [OperatingState; 4] =
        [OperatingState::Disabled, OperatingState::Enabled, OperatingState::Paused, OperatingState::Fault];

    /// The value of the group `operating_state`.
    #[must_use]
    pub fn index(self) -> u64 {
        match self {
            OperatingState::Disabled => 0,
            OperatingState::Enabled => 1,
            OperatingState::Paused => 2,
            OperatingState::Fault => 3,
        }
    }

    /// The state from a value of the group `operating_state`; DISABLED, the state without power, for any other number.
    #[must_use]
    pub fn from_value(value: f64) -> OperatingState {
        Self::ALL.into_iter().find(|state| state.index() as f64 == value).unwrap_or(OperatingState::Disabled)
    }

    /// Whether motor power is on.
    #[must_use]
    pub fn is_powered(self) -> bool {
        matches!(self, OperatingState::Enabled | OperatingState::Paused)
    }

    /// Where a command leads, or `None` if it is invalid in this state, which then stays as it is.
    ///
    /// From FAULT, `enable` and `disable` are attempts: a fault that persists brings the device back to FAULT.
    #[must_use]
    pub fn after(self, command: StateCommand) -> Option<OperatingState> {
        use OperatingState::{Disabled, Enabled, Fault, Paused};
        match (self, command) {
            (Disabled | Enabled | Fault, StateCommand::Enable) => Some(Enabled),
            (_, StateCommand::Disable) => Some(Disabled),
            (Enabled | Paused, StateCommand::Pause) => Some(Paused),
            (Paused, StateCommand::Resume) => Some(Enabled),
            (Enabled, StateCommand::Home) => Some(Enabled),
            (state, StateCommand::Unhome) => Some(state),
            _ => None,
        }
    }
}

/// A command of the group `state_command`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateCommand {
    /// Motor power on.
    Enable,
    /// Motor power off.
    Disable,
    /// Stop and stand.
    Pause,
    /// End of the pause.
    Resume,
    /// Run the homing motion.
    Home,
    /// Forget that the device is homed.
    Unhome,
}

impl StateCommand {
    /// CRTK's names; a command's place is its value in the group `state_command`.
    pub const NAMES: [&'static str; 6] = ["enable", "disable", "pause", "resume", "home", "unhome"];
    /// All commands, in that order.
    pub const ALL: [StateCommand; 6] = [
        StateCommand::Enable,
        StateCommand::Disable,
        StateCommand::Pause,
        StateCommand::Resume,
        StateCommand::Home,
        StateCommand::Unhome,
    ];

    /// The command from a value of the group `state_command`; `None` for a number that is no command.
    #[must_use]
    pub fn from_value(value: f64) -> Option<StateCommand> {
        Self::ALL.into_iter().enumerate().find(|(i, _)| *i as f64 == value).map(|(_, command)| command)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of CRTK, row by row; a dot is an invalid command. Columns as in [`StateCommand::NAMES`].
    const TABLE: [(&str, [&str; 6]); 4] = [
        ("DISABLED", ["ENABLED", "DISABLED", ".", ".", ".", "DISABLED"]),
        ("ENABLED", ["ENABLED", "DISABLED", "PAUSED", ".", "ENABLED", "ENABLED"]),
        ("PAUSED", [".", "DISABLED", "PAUSED", "ENABLED", ".", "PAUSED"]),
        ("FAULT", ["ENABLED", "DISABLED", ".", ".", ".", "FAULT"]),
    ];

    #[test]
    fn every_row_of_the_transition_table() {
        for (state, (name, row)) in OperatingState::ALL.into_iter().zip(TABLE) {
            assert_eq!(OperatingState::NAMES[state.index() as usize], name);
            for (command, expected) in StateCommand::ALL.into_iter().zip(row) {
                let after =
                    state.after(command).map_or(".", |next| OperatingState::NAMES[next.index() as usize]);
                assert_eq!(after, expected, "{name}, {command:?}");
            }
        }
    }

    #[test]
    fn no_command_enters_fault() {
        for state in [OperatingState::Disabled, OperatingState::Enabled, OperatingState::Paused] {
            assert!(StateCommand::ALL.into_iter().all(|c| state.after(c) != Some(OperatingState::Fault)));
        }
    }

    #[test]
    fn numbers_that_are_no_command_are_none() {
        for value in [-1.0, 0.5, 6.0, 1e300] {
            assert_eq!(StateCommand::from_value(value), None);
        }
        assert_eq!(StateCommand::from_value(4.0), Some(StateCommand::Home));
        assert_eq!(OperatingState::from_value(3.0), OperatingState::Fault);
        assert_eq!(OperatingState::from_value(7.0), OperatingState::Disabled);
    }
}
