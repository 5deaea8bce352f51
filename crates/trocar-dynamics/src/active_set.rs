//! The motion over one step together with the branches of all force elements (sticking, slipping, touching, free).
//!
//! With the mean rate w_j = ė_j + (h/2) r_j·a of element j, the unknown acceleration a solves
//! M a = b + Σ r_j F_j(w_j(a)). Every F_j is piecewise linear and never rises, so a is the one minimum of a strictly
//! convex, piecewise quadratic function: Newton's method with an exact line search ends at it. Mostly the branches guessed
//! from the previous acceleration are right and one solution suffices.
//!
//! A connection that is not linear (a contact) takes part in the same way: its mean force is the slope of a function that
//! is concave in the mean velocity, so the whole stays strictly convex. It is linearised at the guess; the solution stands
//! when its law there gives what its linearisation promised.

use nalgebra::Vector3;

use crate::connection::{ActingConnection, ConnectionLaw, PlacedConnection};
use crate::element::Law;
use crate::factorisation;
use crate::mechanism::{Row, add_row, row_times};

/// More solutions than this were never needed in tests. A few are typical when several elements switch at once; a contact
/// thousands of times too stiff for its step, whose friction turns round while it lets go, has needed some sixty.
const MOST_SOLUTIONS: usize = 300;

/// Relative to the terms of the clamped law: at a kink both branches give the same force up to rounding.
const KINK: f64 = 1e-12;

/// Most halvings of the line search, where it cannot be exact: enough to find a contact in a thousand-millionth of the way.
const HALVINGS: usize = 40;

/// How far a curved connection's force may be from its linearisation, relative to what it is made of: far above rounding,
/// and Newton's method squares it at each solution, so one more would find nothing that matters.
const CURVED: f64 = 1e-10;

/// A force (N) or moment (N m) that is none: where all that it is made of cancels, what is left is rounding.
const NOTHING: f64 = 1e-12;

/// An element in one step.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Acting {
    pub law: Law,
    /// ė at the start.
    pub rate: f64,
    /// Linear branch taken, or the value at which it is clamped.
    pub clamped_at: Option<f64>,
    /// Results: mean rate over the step and the mean force.
    pub mean_rate: f64,
    pub force: f64,
}

impl Acting {
    fn choose(&mut self, mean_rate: f64) {
        let linear = self.law.branch - self.law.slope * mean_rate;
        self.clamped_at = if linear < self.law.low {
            Some(self.law.low)
        } else if linear > self.law.high {
            Some(self.law.high)
        } else {
            None
        };
    }

    /// Whether the branch taken gives the law's force at this rate; a rate that is no number ends the search too.
    fn is_consistent(&self, mean_rate: f64) -> bool {
        let linear = self.law.branch - self.law.slope * mean_rate;
        let taken = self.clamped_at.unwrap_or(linear);
        let scale = self.law.branch.abs() + (self.law.slope * mean_rate).abs();
        let differs = (taken - self.law.clamped(mean_rate)).abs() > KINK * scale;
        !differs
    }
}

/// Everything the solution works on; n is the number of coordinates.
pub(crate) struct Problem<'a> {
    pub n: usize,
    pub half_step: f64,
    /// M, row-major.
    pub mass: &'a [f64],
    /// b without any element.
    pub load: &'a [f64],
    pub rows: &'a [Row],
    /// What is added to the lower triangle of M; may be empty.
    pub stiffening: &'a [f64],
    pub connections: &'a [PlacedConnection],
    /// Of all elements and connections.
    pub inputs: &'a [f64],
    pub words: &'a [f64],
}

impl Problem<'_> {
    /// The connections that are not linear, each with its place.
    fn curved<'a>(
        &'a self,
        acting: &'a mut [ActingConnection],
    ) -> impl Iterator<Item = (usize, &'a PlacedConnection, &'a mut ActingConnection)> {
        let all = self.connections.iter().zip(acting).enumerate();
        all.filter(|(_, (placed, _))| !placed.connection.is_linear()).map(|(i, (p, a))| (i, p, a))
    }

    /// Linearises the curved connections at an acceleration.
    fn linearise(&self, acting: &mut [ActingConnection], acceleration: &[f64]) -> Result<(), Failure> {
        for (place, placed, connection) in self.curved(acting) {
            let change = connection.velocity(placed, |k| self.half_step * acceleration[k]);
            connection.law = self.law(placed, connection, &change);
            connection.at = change;
            if !connection.law.is_finite() {
                return Err(Failure::NotFinite(place));
            }
        }
        Ok(())
    }

    fn law(
        &self,
        placed: &PlacedConnection,
        acting: &ActingConnection,
        change: &(Vector3<f64>, Vector3<f64>),
    ) -> ConnectionLaw {
        let (inputs, words) = (&self.inputs[placed.inputs.clone()], &self.words[placed.state.clone()]);
        acting.law_at(placed, change, 2.0 * self.half_step, inputs, words)
    }
}

/// Memory of the solution.
#[derive(Clone, Debug)]
pub(crate) struct Scratch {
    base_matrix: Box<[f64]>,
    base_load: Box<[f64]>,
    matrix: Box<[f64]>,
    candidate: Box<[f64]>,
    row: Box<[f64]>,
}

impl Scratch {
    pub fn new(n: usize) -> Self {
        Self {
            base_matrix: vec![0.0; n * n].into(),
            base_load: vec![0.0; n].into(),
            matrix: vec![0.0; n * n].into(),
            candidate: vec![0.0; n].into(),
            row: vec![0.0; n].into(),
        }
    }
}

/// Why there is no solution.
pub(crate) enum Failure {
    Pivot(usize),
    NoConvergence(usize),
    /// The force of the connection at this place.
    NotFinite(usize),
}

/// Solves for the acceleration; `acceleration` holds the guess on entry.
pub(crate) fn solve(
    problem: &Problem<'_>,
    acting: &mut [Acting],
    connections: &mut [ActingConnection],
    acceleration: &mut [f64],
    scratch: &mut Scratch,
) -> Result<(), Failure> {
    let Problem { n, half_step, mass, load, rows, stiffening, .. } = *problem;
    scratch.base_matrix.copy_from_slice(mass);
    for (entry, added) in scratch.base_matrix.iter_mut().zip(stiffening) {
        *entry += added;
    }
    scratch.base_load.copy_from_slice(load);
    for (element, row) in acting.iter_mut().zip(rows) {
        let law = element.law;
        if law.viscous != 0.0 {
            add_outer(row, half_step * law.viscous, n, &mut scratch.base_matrix);
        }
        add_row(row, law.offset - law.viscous * element.rate, &mut scratch.base_load);
        element.choose(element.rate + half_step * row_times(row, acceleration));
    }
    problem.linearise(connections, acceleration)?;
    for solutions in 1..=MOST_SOLUTIONS {
        scratch.matrix.copy_from_slice(&scratch.base_matrix);
        scratch.candidate.copy_from_slice(&scratch.base_load);
        for (element, row) in acting.iter().zip(rows) {
            let law = &element.law;
            let constant = match element.clamped_at {
                Some(force) => force,
                None => {
                    if law.slope != 0.0 {
                        add_outer(row, half_step * law.slope, n, &mut scratch.matrix);
                    }
                    law.branch - law.slope * element.rate
                }
            };
            if constant != 0.0 {
                add_row(row, constant, &mut scratch.candidate);
            }
        }
        for (_, placed, connection) in problem.curved(connections) {
            connection.add_product(placed, (0.0, half_step), n, &mut scratch.matrix);
            let at_start = connection.extrapolated(&Default::default());
            connection.add_effort(placed, &at_start, &mut scratch.candidate);
        }
        factorisation::factor(&mut scratch.matrix, n, &mut scratch.row).map_err(Failure::Pivot)?;
        factorisation::solve(&scratch.matrix, n, &mut scratch.candidate);
        let mut consistent = true;
        for (element, row) in acting.iter_mut().zip(rows) {
            element.mean_rate = element.rate + half_step * row_times(row, &scratch.candidate);
            consistent &= element.is_consistent(element.mean_rate);
        }
        for (_, placed, connection) in problem.curved(connections) {
            let change = connection.velocity(placed, |k| half_step * scratch.candidate[k]);
            let (promised, law) =
                (connection.extrapolated(&change), problem.law(placed, connection, &change));
            connection.wrench_on_b = law.wrench_on_b;
            let (found, [force_n, moment_nm]) = (&law.wrench_on_b, law.size);
            let differs = (promised.force_n - found.force_n).norm() > CURVED * force_n + NOTHING
                || (promised.moment_nm - found.moment_nm).norm() > CURVED * moment_nm + NOTHING;
            consistent &= !differs;
        }
        if consistent {
            acceleration.copy_from_slice(&scratch.candidate);
            for element in acting.iter_mut() {
                element.force = element.law.force(element.mean_rate);
            }
            return Ok(());
        }
        // The first solution is taken whole: the guess it started from is no better.
        let share = match solutions {
            1 => 1.0,
            _ => line_search(problem, acting, connections, acceleration, scratch),
        };
        for (a, candidate) in acceleration.iter_mut().zip(&scratch.candidate) {
            *a += share * (candidate - *a);
        }
        problem.linearise(connections, acceleration)?;
        for (element, row) in acting.iter_mut().zip(rows) {
            element.choose(element.rate + half_step * row_times(row, acceleration));
        }
    }
    Err(Failure::NoConvergence(MOST_SOLUTIONS))
}

/// Share of the way from `acceleration` to the candidate at which the convex function is least, at most the whole.
#[cold]
fn line_search(
    problem: &Problem<'_>,
    acting: &[Acting],
    connections: &mut [ActingConnection],
    acceleration: &[f64],
    scratch: &Scratch,
) -> f64 {
    let Problem { n, half_step, rows, .. } = *problem;
    let way = |k: usize| scratch.candidate[k] - acceleration[k];
    let way_rate = |row: &Row| half_step * row.iter().map(|&(k, c)| c * way(k)).sum::<f64>();
    // Derivative along the way of the smooth part: linear in the share.
    let (mut at_start, mut growth) = (0.0, 0.0);
    for i in 0..n {
        let (mut mass_a, mut mass_way) = (0.0, 0.0);
        for (j, a) in acceleration.iter().enumerate() {
            let entry = scratch.base_matrix[if i >= j { i * n + j } else { j * n + i }];
            mass_a += entry * a;
            mass_way += entry * way(j);
        }
        at_start += way(i) * (mass_a - scratch.base_load[i]);
        growth += way(i) * mass_way;
    }
    let mut derivative = |share: f64| {
        let mut sum = at_start + growth * share;
        for (element, row) in acting.iter().zip(rows) {
            let change = way_rate(row);
            let rate = element.rate + half_step * row_times(row, acceleration) + share * change;
            sum -= change / half_step * element.law.clamped(rate);
        }
        for (_, placed, connection) in problem.curved(connections) {
            let (linear, angular) = connection.velocity(placed, way);
            let change = connection.velocity(placed, |k| half_step * (acceleration[k] + share * way(k)));
            let wrench = problem.law(placed, connection, &change).wrench_on_b;
            sum -= wrench.force_n.dot(&linear) + wrench.moment_nm.dot(&angular);
        }
        sum
    };
    let mut above = derivative(1.0);
    if above <= 0.0 {
        return 1.0;
    }
    let (mut low, mut high) = (0.0, 1.0);
    for (element, row) in acting.iter().zip(rows) {
        let (law, change) = (&element.law, way_rate(row));
        let start = element.rate + half_step * row_times(row, acceleration);
        for limit in [law.low, law.high] {
            let kink = ((law.branch - limit) / law.slope - start) / change;
            if kink > low && kink < high {
                if derivative(kink) <= 0.0 { low = kink } else { high = kink }
            }
        }
    }
    // Between these kinks the derivative is straight, but for curved connections. There the end beyond the minimum is taken:
    // on this side a contact that stands in the way has its stiffness, and the next linearisation knows of it.
    if problem.connections.iter().any(|placed| !placed.connection.is_linear()) {
        let enough = -0.5 * derivative(0.0);
        for _ in 0..HALVINGS {
            if high - low <= 0.25 * high && derivative(high) <= enough {
                break;
            }
            let middle = 0.5 * (low + high);
            if derivative(middle) <= 0.0 { low = middle } else { high = middle }
        }
        return high;
    }
    let below = derivative(low);
    above = derivative(high);
    if above > below { low - (high - low) * below / (above - below) } else { high }
}

/// Adds factor · r rᵀ to the lower triangle.
#[inline]
fn add_outer(row: &Row, factor: f64, n: usize, matrix: &mut [f64]) {
    for (place, &(k, a)) in row.iter().enumerate() {
        for &(l, b) in &row[..=place] {
            matrix[k * n + l] += factor * a * b;
        }
    }
}
