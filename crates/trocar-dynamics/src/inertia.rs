//! The inertia of a link, and whether a body with such numbers can exist.

use nalgebra::{Matrix3, Vector3};
use thiserror::Error;

/// Mass, centre and second moment of one rigid link.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Inertia {
    /// Mass, kg.
    pub mass_kg: f64,
    /// Centre of mass in the link's frame, m.
    pub centre_of_mass_m: Vector3<f64>,
    /// Inertia about the centre of mass, in the axes of the link's frame, kg m².
    pub about_centre_kgm2: Matrix3<f64>,
}

/// Why no rigid body has such an inertia.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum InertiaProblem {
    /// A number is infinite or undefined.
    #[error("a number is not finite")]
    NotFinite,
    /// The mass is zero or negative.
    #[error("the mass, {0} kg, is not positive")]
    Mass(f64),
    /// The inertia matrix differs from its transpose.
    #[error("the inertia matrix is not symmetric")]
    NotSymmetric,
    /// The inertia matrix is not positive definite.
    #[error("the inertia matrix is not positive definite")]
    NotPositiveDefinite,
    /// A principal moment exceeds the sum of the two others.
    #[error("a principal moment of inertia exceeds the sum of the other two")]
    Triangle,
}

/// By how much, relative to the trace, the triangle inequality and symmetry may be missed: what printing a table with
/// six digits costs.
const RELATIVE_TOLERANCE: f64 = 1e-6;

impl Inertia {
    /// Checks that a body with this inertia can exist.
    ///
    /// # Errors
    /// Not finite, mass not positive, matrix not symmetric or not positive definite, or triangle inequality violated
    /// (the last and symmetry up to 1e-6 of the trace).
    pub fn check(&self) -> Result<(), InertiaProblem> {
        let m = &self.about_centre_kgm2;
        let mut numbers = m.iter().chain(self.centre_of_mass_m.iter()).chain([&self.mass_kg]);
        if !numbers.all(|x| x.is_finite()) {
            return Err(InertiaProblem::NotFinite);
        }
        if self.mass_kg <= 0.0 {
            return Err(InertiaProblem::Mass(self.mass_kg));
        }
        let tolerance = RELATIVE_TOLERANCE * m.trace().abs();
        if [(0, 1), (0, 2), (1, 2)].iter().any(|&(i, j)| (m[(i, j)] - m[(j, i)]).abs() > tolerance) {
            return Err(InertiaProblem::NotSymmetric);
        }
        if !is_positive_definite(m) {
            return Err(InertiaProblem::NotPositiveDefinite);
        }
        // The second moments ∫ r rᵀ dm = ½ tr(I) 1 − I must be a covariance: all eigenvalues at least zero.
        let covariance = Matrix3::identity() * (0.5 * m.trace() + tolerance) - m;
        if is_positive_definite(&covariance) { Ok(()) } else { Err(InertiaProblem::Triangle) }
    }
}

fn is_positive_definite(m: &Matrix3<f64>) -> bool {
    let d0 = m[(0, 0)];
    if d0 <= 0.0 {
        return false;
    }
    let (l10, l20) = (m[(1, 0)] / d0, m[(2, 0)] / d0);
    let d1 = m[(1, 1)] - l10 * m[(1, 0)];
    if d1 <= 0.0 {
        return false;
    }
    let u21 = m[(2, 1)] - l20 * m[(1, 0)];
    m[(2, 2)] - l20 * m[(2, 0)] - u21 * u21 / d1 > 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(about_centre_kgm2: Matrix3<f64>) -> Inertia {
        Inertia { mass_kg: 1.0, centre_of_mass_m: Vector3::zeros(), about_centre_kgm2 }
    }

    #[test]
    fn tells_what_is_wrong() {
        let ball = Matrix3::from_diagonal_element(0.1);
        assert_eq!(with(ball).check(), Ok(()));
        let plate = Matrix3::from_diagonal(&Vector3::new(1.0, 2.0, 3.0));
        assert_eq!(with(plate).check(), Ok(()));
        assert_eq!(Inertia { mass_kg: 0.0, ..with(ball) }.check(), Err(InertiaProblem::Mass(0.0)));
        assert_eq!(Inertia { mass_kg: f64::NAN, ..with(ball) }.check(), Err(InertiaProblem::NotFinite));
        assert_eq!(with(ball * f64::INFINITY).check(), Err(InertiaProblem::NotFinite));
        assert_eq!(with(-ball).check(), Err(InertiaProblem::NotPositiveDefinite));
        assert_eq!(
            with(Matrix3::from_diagonal(&Vector3::new(1.0, 1.0, 2.01))).check(),
            Err(InertiaProblem::Triangle)
        );
        let mut skew = ball;
        skew[(0, 2)] = 0.01;
        assert_eq!(with(skew).check(), Err(InertiaProblem::NotSymmetric));
        // Products too large for the diagonal: the 2 × 2 minor is negative.
        let coupled = Matrix3::new(1.0, 1.5, 0.0, 1.5, 1.0, 0.0, 0.0, 0.0, 1.0);
        assert_eq!(with(coupled).check(), Err(InertiaProblem::NotPositiveDefinite));
    }
}
