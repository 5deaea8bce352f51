//! Points and rotations in space, as far as measures need them.

/// A vector with three components.
pub type Vector = [f64; 3];

pub fn sub(a: Vector, b: Vector) -> Vector {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

pub fn add(a: Vector, b: Vector) -> Vector {
    [a[0] + b[0], a[1] + b[1], a[2] + b[2]]
}

pub fn scale(a: Vector, by: f64) -> Vector {
    [a[0] * by, a[1] * by, a[2] * by]
}

pub fn dot(a: Vector, b: Vector) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

pub fn norm(a: Vector) -> f64 {
    dot(a, a).sqrt()
}

pub fn distance(a: Vector, b: Vector) -> f64 {
    norm(sub(a, b))
}

/// The direction of a vector; `None` for one without length.
pub fn unit(a: Vector) -> Option<Vector> {
    let length = norm(a);
    (length > 0.0).then(|| scale(a, 1.0 / length))
}

/// Mean of vectors, one of them left out if asked; that of equal vectors is exact.
pub fn mean(all: &[Vector], left_out: Option<usize>) -> Vector {
    let Some(origin) = all.first().copied() else { return [0.0; 3] };
    let kept = || all.iter().enumerate().filter(move |(index, _)| Some(*index) != left_out);
    let n = kept().count();
    if n == 0 {
        return origin;
    }
    // From the first, so that close ones lose no digits.
    let sum = kept().fold([0.0; 3], |sum, (_, one)| add(sum, sub(*one, origin)));
    add(origin, scale(sum, 1.0 / n as f64))
}

/// Standard deviation (n − 1) along a direction of length 1, or the root of the sum of the squares of all three for
/// none; zero for fewer than two.
pub fn sd_along(all: &[Vector], direction: Option<Vector>) -> f64 {
    if all.len() < 2 {
        return 0.0;
    }
    let mean = mean(all, None);
    let squares: f64 = all
        .iter()
        .map(|one| {
            let from_mean = sub(*one, mean);
            match direction {
                None => dot(from_mean, from_mean),
                Some(direction) => dot(from_mean, direction) * dot(from_mean, direction),
            }
        })
        .sum();
    (squares / (all.len() as f64 - 1.0)).sqrt()
}

/// A rotation: unit quaternion x, y, z, w.
pub type Rotation = [f64; 4];

/// The z axis of an orientation.
pub fn z_axis([x, y, z, w]: Rotation) -> Vector {
    [2.0 * (x * z + w * y), 2.0 * (y * z - w * x), 1.0 - 2.0 * (x * x + y * y)]
}

/// The rotation `b` after the inverse of `a`: from `a` to `b`, in the axes in which both are given.
fn from_to(a: Rotation, b: Rotation) -> Rotation {
    let [ax, ay, az, aw] = [-a[0], -a[1], -a[2], a[3]];
    let [bx, by, bz, bw] = b;
    // In pairs that cancel exactly where the two are equal.
    [
        (bw * ax + bx * aw) + (by * az - bz * ay),
        (bw * ay + by * aw) + (bz * ax - bx * az),
        (bw * az + bz * aw) + (bx * ay - by * ax),
        bw * aw - bx * ax - by * ay - bz * az,
    ]
}

/// The rotation vector (rad) that takes orientation `a` to orientation `b`, in the axes in which both are given: its
/// components are the angles about x, y and z, exactly for a turn about one axis and to second order otherwise. Its
/// length is at most π.
pub fn rotation_vector(a: Rotation, b: Rotation) -> Vector {
    let [x, y, z, w] = from_to(a, b);
    let vector = if w < 0.0 { [-x, -y, -z] } else { [x, y, z] };
    let sine = norm(vector);
    if sine == 0.0 {
        return [0.0; 3];
    }
    scale(vector, 2.0 * trocar_math::atan2(sine, w.abs()) / sine)
}

/// Rotation by a rotation vector after `a`.
fn turned(a: Rotation, by: Vector) -> Rotation {
    let angle = norm(by);
    let (sine, cosine) = trocar_math::sin_cos(0.5 * angle);
    let [x, y, z] = if angle == 0.0 { [0.0; 3] } else { scale(by, sine / angle) };
    // `from_to` with the inverse of `a` is the product with `a`.
    from_to([-a[0], -a[1], -a[2], a[3]], [x, y, z, cosine])
}

/// The orientation at a share of the way from `a` to `b`, turned evenly about one axis.
pub fn between(a: Rotation, b: Rotation, share: f64) -> Rotation {
    turned(a, scale(rotation_vector(a, b), share))
}

/// The rotation vectors (rad) from the mean orientation to each: the mean is where they add up to nothing.
pub fn about_mean(all: &[Rotation]) -> Vec<Vector> {
    let Some(first) = all.first().copied() else { return Vec::new() };
    let about =
        |centre: Rotation| -> Vec<Vector> { all.iter().map(|one| rotation_vector(centre, *one)).collect() };
    let mut centre = first;
    // Each round multiplies what is left by about a twelfth of the square of the scatter (rad).
    for _ in 0..8 {
        let off = mean(&about(centre), None);
        if norm(off) == 0.0 {
            break;
        }
        centre = turned(centre, off);
    }
    about(centre)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn about(axis: Vector, angle: f64) -> Rotation {
        turned([0.0, 0.0, 0.0, 1.0], scale(axis, angle))
    }

    #[test]
    fn a_turn_is_found_again_in_the_axes_of_the_frame() {
        let tool_down = about([1.0, 0.0, 0.0], std::f64::consts::PI);
        for by in [[0.01, 0.0, 0.0], [0.0, -0.02, 0.0], [0.3, -0.2, 1.0], [0.0, 0.0, 3.0]] {
            let found = rotation_vector(tool_down, turned(tool_down, by));
            // Rounding of products of quaternions; a quaternion and its negative are one rotation.
            assert!(distance(found, by) < 1e-15 * 8.0, "{found:?}");
            let negative = turned(tool_down, by).map(|x| -x);
            assert!(distance(rotation_vector(tool_down, negative), by) < 1e-15 * 8.0);
        }
        assert_eq!(rotation_vector(tool_down, tool_down), [0.0; 3]);
    }

    #[test]
    fn vectors_about_the_mean_add_up_to_nothing() {
        let all: Vec<Rotation> = [[0.1, 0.0, 0.0], [0.0, 0.2, 0.0], [-0.1, 0.0, 0.3]]
            .iter()
            .map(|by| turned(about([0.0, 1.0, 0.0], 2.0), *by))
            .collect();
        assert!(norm(mean(&about_mean(&all), None)) < 1e-12);
        assert_eq!(about_mean(&[all[0]; 3]), [[0.0; 3]; 3], "equal orientations are not apart");
    }
}
