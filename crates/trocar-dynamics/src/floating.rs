//! Momentum of floating trees, kept over any number of steps.
//!
//! A step of the leapfrog changes the momentum of a tree that nothing holds by an error of third order, and such errors
//! add up. So the momentum that gravity and outside forces leave it with is carried along as words of the state, and after
//! each step the velocity of the root is corrected by the difference at the step's middle (some 1e-10 of it): what is left
//! is the error of one step, however many there are.

use nalgebra::Vector3;

use crate::factorisation;
use crate::mechanism::{Mechanism, Motion, Workspace};

/// A tree whose root nothing holds ([`crate::MechanismBuilder::free_frame`]) and that no row couples to another.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FloatingRoot {
    /// The root's frame.
    frame: usize,
    /// First of its six coordinates.
    coordinate: usize,
}

/// Words of the state for each floating root.
pub(crate) const WORD_NAMES: [&str; 12] = [
    "momentum_x",
    "momentum_y",
    "momentum_z",
    "angular_momentum_x",
    "angular_momentum_y",
    "angular_momentum_z",
    "impulse_x",
    "impulse_y",
    "impulse_z",
    "angular_impulse_x",
    "angular_impulse_y",
    "angular_impulse_z",
];

/// The floating roots of a mechanism.
pub(crate) fn roots(mechanism: &Mechanism) -> Box<[FloatingRoot]> {
    let is_root = |&(index, first): &(usize, usize)| {
        let own = first..first + 6;
        let mut above = index;
        // The ball and the three slides, then nothing that moves.
        let held = (0..4).all(|_| {
            let is_own = mechanism.frames[above].row.iter().all(|&(k, _)| own.contains(&k));
            above = mechanism.frames[above].parent;
            is_own
        });
        let mut fixed = true;
        while above != 0 {
            fixed &= matches!(mechanism.frames[above].motion, Motion::Fixed);
            above = mechanism.frames[above].parent;
        }
        let users = mechanism.frames.iter().filter(|f| f.row.iter().any(|&(k, _)| own.contains(&k))).count();
        let turned = mechanism.rotors.iter().any(|r| r.row.iter().any(|&(k, _)| own.contains(&k)));
        held && fixed && users == 4 && !turned
    };
    let free = mechanism.free_frames.iter().copied().filter(is_root);
    free.map(|(frame, coordinate)| FloatingRoot { frame, coordinate }).collect()
}

impl FloatingRoot {
    pub fn name<'a>(&self, mechanism: &'a Mechanism) -> &'a str {
        &mechanism.frames[self.frame].name
    }

    /// Corrects the root's part of `velocity`, the velocity at the end of a step whose middle the workspace holds.
    ///
    /// `mid_velocity` and `acceleration` are those of the middle; `words` are the root's own.
    pub fn correct(
        &self,
        mechanism: &Mechanism,
        ws: &Workspace,
        (mid_velocity, acceleration): (&[f64], &[f64]),
        (step_s, has_history): (f64, bool),
        words: &mut [f64],
        velocity: &mut [f64],
    ) -> Result<(), usize> {
        let n = mechanism.coordinates.len();
        let c = self.coordinate;
        let root = &ws.frames[self.frame];
        let parent = &ws.frames[mechanism.frames[self.frame].parent].axes;
        let product = |values: &[f64], first: usize| {
            Vector3::from_fn(|i, _| {
                let row = &ws.mass[(first + i) * n..(first + i + 1) * n];
                row.iter().zip(values).map(|(m, value)| m * value).sum::<f64>()
            })
        };
        let whole = &ws.loads[self.frame].inertia;
        // From the root's origin to the centre of mass. About the centre, momentum does not depend on where the tree went.
        let centre = whole.moment / whole.mass;
        // Root rows as a wrench (or momentum) about the centre of mass, in world axes.
        let about_centre = |linear: Vector3<f64>, angular: Vector3<f64>| {
            let linear = parent.times(&linear);
            (linear, root.axes.times(&angular) - centre.cross(&linear))
        };
        let (momentum, angular_momentum) =
            about_centre(product(mid_velocity, c), product(mid_velocity, c + 3));
        // M a + bias is what acts beside gravity, which has no moment about the centre.
        let bias = |first: usize| Vector3::from_fn(|i, _| ws.bias[first + i]);
        let (beside, moment) =
            about_centre(product(acceleration, c) + bias(c), product(acceleration, c + 3) + bias(c + 3));
        let impulse = (beside + mechanism.gravity * whole.mass) * (0.5 * step_s);
        let angular_impulse = moment * (0.5 * step_s);

        let (kept, before) = words.split_at_mut(6);
        if has_history {
            for i in 0..3 {
                kept[i] += before[i] + impulse[i];
                kept[3 + i] += before[3 + i] + angular_impulse[i];
            }
        } else {
            kept[..3].copy_from_slice(momentum.as_slice());
            kept[3..].copy_from_slice(angular_momentum.as_slice());
        }
        before[..3].copy_from_slice(impulse.as_slice());
        before[3..].copy_from_slice(angular_impulse.as_slice());

        let missing = Vector3::from_fn(|i, _| kept[i]) - momentum;
        let missing_angular = Vector3::from_fn(|i, _| kept[3 + i]) - angular_momentum;
        let linear = parent.transpose_times(&missing);
        let angular = root.axes.transpose_times(&(missing_angular + centre.cross(&missing)));
        let mut change = [linear.x, linear.y, linear.z, angular.x, angular.y, angular.z];
        let mut block = [0.0; 36];
        for i in 0..6 {
            block[i * 6..][..6].copy_from_slice(&ws.mass[(c + i) * n + c..][..6]);
        }
        factorisation::factor(&mut block, 6, &mut [0.0; 6]).map_err(|pivot| c + pivot)?;
        factorisation::solve(&block, 6, &mut change);
        for (word, by) in velocity[c..].iter_mut().zip(change) {
            *word += by;
        }
        Ok(())
    }
}
