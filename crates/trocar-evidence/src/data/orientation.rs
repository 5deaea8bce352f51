//! Orientations in the forms in which laboratories write them, as unit quaternions x, y, z, w.

use trocar_scenario::mapping::OrientationForm;

pub type Quaternion = [f64; 4];

/// Applied after one another: first `b`, then `a`.
pub fn times(a: Quaternion, b: Quaternion) -> Quaternion {
    let ([ax, ay, az, aw], [bx, by, bz, bw]) = (a, b);
    [
        aw * bx + ax * bw + ay * bz - az * by,
        aw * by - ax * bz + ay * bw + az * bx,
        aw * bz + ax * by - ay * bx + az * bw,
        aw * bw - ax * bx - ay * by - az * bz,
    ]
}

/// A vector turned.
pub fn turned(q: Quaternion, v: [f64; 3]) -> [f64; 3] {
    let [x, y, z, _] = times(times(q, [v[0], v[1], v[2], 0.0]), [-q[0], -q[1], -q[2], q[3]]);
    [x, y, z]
}

fn about(axis: usize, angle: f64) -> Quaternion {
    let (sin, cos) = trocar_math::sin_cos(0.5 * angle);
    let mut q = [0.0, 0.0, 0.0, cos];
    q[axis] = sin;
    q
}

/// Of length one; `None` where the length is not near it, which no rounding explains.
fn unit(q: Quaternion) -> Option<Quaternion> {
    let norm = q.iter().map(|x| x * x).fold(0.0, |sum, square| sum + square).sqrt();
    // One that differs by rounding alone stays as it is.
    if (norm - 1.0).abs() < 1e-12 {
        return Some(q);
    }
    (0.98..1.02).contains(&norm).then(|| q.map(|x| x / norm))
}

/// Reads an orientation. `None` for numbers that are none: a quaternion whose length is not one, a matrix that does not
/// turn.
pub fn quaternion(form: OrientationForm, n: &[f64]) -> Option<Quaternion> {
    let unit_of =
        |x: usize, y: usize, z: usize, w: usize| unit([*n.get(x)?, *n.get(y)?, *n.get(z)?, *n.get(w)?]);
    let three = || n.first_chunk::<3>().copied();
    match form {
        OrientationForm::QuaternionXyzw => unit_of(0, 1, 2, 3),
        OrientationForm::QuaternionWxyz => unit_of(1, 2, 3, 0),
        OrientationForm::MatrixByRows => of_matrix(n.first_chunk::<9>()?),
        OrientationForm::RotationVector => {
            let [x, y, z] = three()?;
            let angle = trocar_math::hypot(trocar_math::hypot(x, y), z);
            if angle < 1e-12 {
                return unit([0.5 * x, 0.5 * y, 0.5 * z, 1.0]);
            }
            let (sin, cos) = trocar_math::sin_cos(0.5 * angle);
            unit([x / angle * sin, y / angle * sin, z / angle * sin, cos])
        }
        OrientationForm::EulerXyz => {
            let [x, y, z] = three()?;
            unit(times(times(about(0, x), about(1, y)), about(2, z)))
        }
        OrientationForm::EulerZyx => {
            let [z, y, x] = three()?;
            unit(times(times(about(2, z), about(1, y)), about(0, x)))
        }
    }
}

/// Of a rotation matrix: with the largest of the four parts found first, nothing is divided by a small number.
fn of_matrix(m: &[f64; 9]) -> Option<Quaternion> {
    let [r00, r01, r02, r10, r11, r12, r20, r21, r22] = *m;
    let determinant =
        r00 * (r11 * r22 - r12 * r21) - r01 * (r10 * r22 - r12 * r20) + r02 * (r10 * r21 - r11 * r20);
    if !(0.95..1.05).contains(&determinant) {
        return None;
    }
    let squares =
        [1.0 + r00 - r11 - r22, 1.0 - r00 + r11 - r22, 1.0 - r00 - r11 + r22, 1.0 + r00 + r11 + r22];
    let largest = (0..4).fold(0, |best, at| if squares[at] > squares[best] { at } else { best });
    let q = match largest {
        0 => [squares[0], r01 + r10, r02 + r20, r21 - r12],
        1 => [r01 + r10, squares[1], r12 + r21, r02 - r20],
        2 => [r02 + r20, r12 + r21, squares[2], r10 - r01],
        _ => [r21 - r12, r02 - r20, r10 - r01, squares[3]],
    };
    let scale = 0.5 / squares[largest].sqrt();
    unit(q.map(|x| x * scale))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rows(q: Quaternion) -> [f64; 9] {
        let columns = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]].map(|v| turned(q, v));
        std::array::from_fn(|at| columns[at % 3][at / 3])
    }

    fn same(a: Quaternion, b: Quaternion) -> bool {
        let dot: f64 = (0..4).map(|i| a[i] * b[i]).sum();
        (dot.abs() - 1.0).abs() < 1e-12
    }

    #[test]
    fn a_quarter_turn_about_z_is_the_same_in_all_forms() {
        let quarter = std::f64::consts::FRAC_PI_2;
        let meant = [0.0, 0.0, 1.0 / 2.0_f64.sqrt(), 1.0 / 2.0_f64.sqrt()];
        for (form, numbers) in [
            (OrientationForm::QuaternionWxyz, vec![meant[3], 0.0, 0.0, meant[2]]),
            (OrientationForm::MatrixByRows, vec![0.0, -1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0]),
            (OrientationForm::RotationVector, vec![0.0, 0.0, quarter]),
            (OrientationForm::EulerXyz, vec![0.0, 0.0, quarter]),
            (OrientationForm::EulerZyx, vec![quarter, 0.0, 0.0]),
        ] {
            assert!(same(quaternion(form, &numbers).unwrap(), meant), "{form:?}");
        }
        assert!(turned(meant, [1.0, 0.0, 0.0])[1] > 1.0 - 1e-12, "x is turned to y");
        // A mirror turns nothing, and neither does a quaternion of another length.
        assert_eq!(
            quaternion(OrientationForm::MatrixByRows, &[1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, -1.0]),
            None
        );
        assert_eq!(quaternion(OrientationForm::QuaternionXyzw, &[0.0, 0.0, 0.0, 0.5]), None);
    }

    proptest! {
        /// A matrix made of a quaternion gives it back, wherever its largest part is; Euler angles are products.
        #[test]
        fn forms_agree(x in -3.0..3.0_f64, y in -1.5..1.5_f64, z in -3.0..3.0_f64) {
            let q = quaternion(OrientationForm::EulerXyz, &[x, y, z]).unwrap();
            prop_assert!(same(quaternion(OrientationForm::MatrixByRows, &rows(q)).unwrap(), q));
            let inverse = quaternion(OrientationForm::EulerZyx, &[-z, -y, -x]).unwrap();
            prop_assert!(same(times(q, inverse), [0.0, 0.0, 0.0, 1.0]));
        }
    }
}
