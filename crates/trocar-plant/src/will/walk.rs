//! Walking in step with whatever moves the legs: a published gait whose phase is drawn to where the legs are.
//!
//! φ̇ = ω₀ + K e·t / t·t, kept between 0 and 2 ω₀: e are the angles by which the joints are off the gait at the phase φ, and t = dq/dφ, its tangent;
//! e·t/t·t is, near the gait, by how much of a stride the legs are ahead. It is a phase-locked loop of first order: legs led at another cadence ω are followed at a
//! phase that differs by (ω − ω₀)/K. Adaptive oscillators in step with walkers are published (Righetti, Buchli, Ijspeert 2006, *Physica D* 216:269; Ronsse et al. 2011, *IEEE Trans. Robot.*
//! 27:1); that a person's will does so, by this law, is assumed.

use super::WalkConfig;
use crate::person::{GaitTable, Person};
use trocar_math::{clamp, max};
use trocar_signal::{
    Dimension, Element, GroupClass, GroupSpec, ParameterPort, ParameterSpec, Problem, Provenance,
    Registration,
};

/// The joints that a gait moves, without side.
pub(super) const JOINTS: [&str; 3] = ["hip_flexion", "knee_flexion", "ankle_dorsiflexion"];

/// Words of state: the phase (of the right leg, 0 to 1 from heel strike on), how much of the will has begun (0 to 1), for how long no joint has
/// been fast, s, and whether the person walks (0 or 1).
pub(super) const WORDS: [&str; 4] = ["phase", "drive", "quiet", "walks"];

/// Over this share of a stride of the person's own the will sets in and fades. Assumed; so that no torque jumps.
const FADES_OVER_STRIDES: f64 = 0.25;

/// For this share of a stride no joint must be fast for the person to take it that they stand. Assumed: in half a stride of any walk each
/// leg has swung or is swinging.
const STILL_FOR_STRIDES: f64 = 0.5;

/// Never faster than this many times the person's own cadence. Assumed.
const FASTEST: f64 = 2.0;

/// A stride takes at least so many steps of the scene.
const SHORTEST_STEPS: f64 = 20.0;

/// At so many phases of the stride the legs are looked for as the person begins.
const LOOKS: u32 = 100;

/// When a person walks.
enum Begins {
    /// By themselves, from this time on, s.
    At(f64),
    /// While a joint is faster than this, rad/s.
    Led(f64),
}

pub(super) struct Walk {
    table: GaitTable,
    /// How long a stride of the person's own takes, s.
    stride: ParameterPort,
    pull: ParameterPort,
    begins: Begins,
    moments: Option<ParameterPort>,
}

/// The walk at an instant.
pub(super) struct AtPhase {
    pub phase: f64,
    /// Strides a second.
    pub rate_hz: f64,
    /// How much of the will has begun.
    pub drive: f64,
}

impl Walk {
    pub fn new(
        wearer: &str,
        config: &WalkConfig,
        person: &Person,
        provenance: &Provenance<'_>,
        step_s: f64,
        registration: &mut Registration,
    ) -> Result<Walk, Problem> {
        let stride_s = config
            .stride_s(person)
            .ok_or_else(|| Problem::new("walk", "nothing says how fast the person walks"))?;
        if stride_s < SHORTEST_STEPS * step_s {
            return Err(Problem::new("walk.stride", "a stride is shorter than 20 steps of the scene"));
        }
        let behind = match (&config.speed, &config.stride) {
            (Some(speed), _) => provenance.of(speed),
            (None, Some(stride)) => provenance.of(stride),
            (None, None) => (String::new(), provenance.standing),
        };
        let mut tunable = |name: &str, least, dimension, si, value: (String, trocar_signal::Standing)| {
            let spec = ParameterSpec::fixed(format!("{wearer}.will.{name}"), dimension, si, value);
            registration.parameter(ParameterSpec { tunable: true, ..spec }.at_least(least))
        };
        let stride = tunable("stride", SHORTEST_STEPS * step_s, Dimension::TIME, stride_s, behind);
        let behind = provenance.of(&config.pull);
        let pull = tunable("pull", 0.0, Dimension::FREQUENCY, config.pull.value.si(), behind);
        let moments = config
            .moments
            .as_ref()
            .map(|share| tunable("moments", 0.0, Dimension::NUMBER, share.value.si(), provenance.of(share)));
        let begins = match (&config.begins, &config.led_above) {
            (Some(at), _) => Begins::At(at.value.si()),
            (None, above) => Begins::Led(above.as_ref().map_or(f64::INFINITY, |above| above.value.si())),
        };
        let table = config.gait.table().map_err(|wrong| Problem::new("walk.gait", wrong.to_string()))?;
        Ok(Walk { table, stride, pull, begins, moments })
    }

    /// The group of truth that says where in the stride the person is.
    pub fn group(wearer: &str) -> GroupSpec {
        let element = |name: &str, dimension| Element { name: name.to_owned(), dimension };
        let elements = vec![
            element("phase", Dimension::NUMBER),
            element("cadence", Dimension::FREQUENCY),
            element("walking", Dimension::NUMBER),
        ];
        GroupSpec::vector(format!("{wearer}.truth.will"), elements).class(GroupClass::Truth).meaning(
            "where in the stride the wearer wants to be (0 to 1 from the right heel's strike), strides a second, and how much of their will has set in",
        )
    }

    /// One step. `led` are the joints on which the will acts: leg, joint of it, angle, speed.
    pub fn step(
        &self,
        now_s: f64,
        step_s: f64,
        parameters: &[f64],
        words: &mut [u64],
        led: impl Iterator<Item = (usize, usize, f64, f64)> + Clone,
    ) -> AtPhase {
        let mut state = [0.0; WORDS.len()];
        for (own, word) in state.iter_mut().zip(words.iter()) {
            *own = f64::from_bits(*word);
        }
        let [mut phase, mut drive, mut quiet_s, walked] = state;
        let stride_s = parameters[self.stride.0];
        let walks = match self.begins {
            Begins::At(begins_s) => now_s >= begins_s,
            Begins::Led(above) => {
                let fastest = led.clone().fold(0.0, |most, (_, _, _, speed)| max(most, speed.abs()));
                quiet_s = if fastest > above { 0.0 } else { quiet_s + step_s };
                fastest > above || (walked > 0.5 && quiet_s < STILL_FOR_STRIDES * stride_s)
            }
        };
        if walks && drive <= 0.0 {
            phase = self.nearest(stride_s, led.clone());
        }
        let change = step_s / (FADES_OVER_STRIDES * stride_s);
        drive = clamp(drive + if walks { change } else { -change }, 0.0, 1.0);
        let own_hz = 1.0 / stride_s;
        let mut rate_hz = 0.0;
        if drive > 0.0 {
            let pull_hz = parameters[self.pull.0];
            rate_hz = clamp(own_hz + pull_hz * self.ahead(phase, led), 0.0, FASTEST * own_hz);
            phase += rate_hz * step_s;
            phase -= phase.floor();
        }
        let after = [phase, drive, quiet_s, f64::from(u8::from(walks))];
        for (word, own) in words.iter_mut().zip(after) {
            *word = own.to_bits();
        }
        AtPhase { phase, rate_hz, drive }
    }

    /// By how much of a stride the legs are ahead of the phase.
    fn ahead(&self, phase: f64, led: impl Iterator<Item = (usize, usize, f64, f64)>) -> f64 {
        let legs = self.table.legs(phase, 1.0);
        let (mut along, mut square) = (0.0, 0.0);
        for (leg, joint, angle, _) in led {
            let tangent = legs[leg].velocity_radps[joint];
            along += (angle - legs[leg].position_rad[joint]) * tangent;
            square += tangent * tangent;
        }
        if square > 0.0 { along / square } else { 0.0 }
    }

    /// The phase at which the gait is nearest to how the legs stand and move: least squares of angles, and of speeds over those of a swing.
    fn nearest(&self, stride_s: f64, led: impl Iterator<Item = (usize, usize, f64, f64)> + Clone) -> f64 {
        let mut best = (f64::INFINITY, 0.0);
        let radian_s = stride_s / std::f64::consts::TAU;
        for look in 0..LOOKS {
            let phase = f64::from(look) / f64::from(LOOKS);
            let legs = self.table.legs(phase, stride_s);
            let off = led.clone().fold(0.0, |sum, (leg, joint, angle, speed)| {
                let off = angle - legs[leg].position_rad[joint];
                let late = radian_s * (speed - legs[leg].velocity_radps[joint]);
                sum + off * off + late * late
            });
            if off < best.0 {
                best = (off, phase);
            }
        }
        best.1
    }

    /// Angle and speed of each joint of each leg.
    pub fn wanted(&self, at: &AtPhase) -> [[[f64; 2]; 3]; 2] {
        let legs = self.table.legs(at.phase, 1.0);
        legs.map(|leg| [0, 1, 2].map(|k| [leg.position_rad[k], at.rate_hz * leg.velocity_radps[k]]))
    }

    /// The moments of the published walk on each joint of each leg, N m, for a body of this mass.
    pub fn efforts_nm(&self, at: &AtPhase, mass_kg: f64, parameters: &[f64]) -> [[f64; 3]; 2] {
        let Some(share) = self.moments.map(|port| parameters[port.0]) else { return [[0.0; 3]; 2] };
        [0.0, 0.5].map(|later| {
            let efforts = self.table.efforts_nm_per_kg(at.phase + later).unwrap_or_default();
            efforts.map(|effort| share * mass_kg * effort)
        })
    }
}
