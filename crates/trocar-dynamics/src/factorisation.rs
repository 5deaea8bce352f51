//! Cholesky factorisation of a small dense symmetric matrix in the form L D Lᵀ: one division per pivot, no root.

/// A pivot this small beside its diagonal entry is rounding: the matrix is singular to working precision.
const RELATIVE_PIVOT: f64 = 1e-14;

/// Replaces the lower triangle of the row-major n × n `matrix` by L (unit diagonal, not stored) and its diagonal by 1/D.
///
/// # Errors
/// The index of the first pivot that is not clearly positive.
#[inline]
pub(crate) fn factor(matrix: &mut [f64], n: usize, scratch: &mut [f64]) -> Result<(), usize> {
    for i in 0..n {
        let (done, rest) = matrix.split_at_mut(i * n);
        let row = &mut rest[..n];
        let diagonal = row[i];
        let mut pivot = diagonal;
        for j in 0..i {
            let other = &done[j * n..(j + 1) * n];
            let mut u = row[j];
            for (a, b) in scratch[..j].iter().zip(&other[..j]) {
                u -= a * b;
            }
            scratch[j] = u;
            let l = u * other[j];
            row[j] = l;
            pivot -= u * l;
        }
        let positive = pivot > RELATIVE_PIVOT * diagonal;
        if !positive || !pivot.is_finite() {
            return Err(i);
        }
        row[i] = 1.0 / pivot;
    }
    Ok(())
}

/// Solves L D Lᵀ x = b in place.
#[inline]
pub(crate) fn solve(factored: &[f64], n: usize, x: &mut [f64]) {
    for i in 0..n {
        let (done, rest) = x.split_at_mut(i);
        let mut sum = rest[0];
        for (l, value) in factored[i * n..i * n + i].iter().zip(done) {
            sum -= l * *value;
        }
        rest[0] = sum;
    }
    for i in 0..n {
        x[i] *= factored[i * n + i];
    }
    for i in (0..n).rev() {
        let (upper, rest) = x.split_at_mut(i);
        let value = rest[0];
        for (l, above) in factored[i * n..i * n + i].iter().zip(upper) {
            *above -= l * value;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_the_failed_pivot() {
        let mut scratch = [0.0; 3];
        let mut singular = [1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 1.0];
        assert_eq!(factor(&mut singular, 3, &mut scratch), Err(1));
        let mut negative = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.5, 0.5, -1.0];
        assert_eq!(factor(&mut negative, 3, &mut scratch), Err(2));
        assert_eq!(factor(&mut [f64::NAN], 1, &mut scratch), Err(0));
        assert_eq!(factor(&mut [0.0], 1, &mut scratch), Err(0));
    }

    proptest! {
        #[test]
        fn solves(entries in prop::collection::vec(-1.0..1.0_f64, 36), x in prop::collection::vec(-1.0..1.0_f64, 6)) {
            let n = 6;
            // BBᵀ + 1 has a condition of at most 37: errors stay within a few hundred ulp.
            let matrix: Vec<f64> = (0..n * n)
                .map(|ij| {
                    let (i, j) = (ij / n, ij % n);
                    (0..n).map(|k| entries[i * n + k] * entries[j * n + k]).sum::<f64>() + f64::from(u8::from(i == j))
                })
                .collect();
            let mut b: Vec<f64> = (0..n).map(|i| (0..n).map(|j| matrix[i * n + j] * x[j]).sum()).collect();
            let mut factored = matrix;
            prop_assert_eq!(factor(&mut factored, n, &mut [0.0; 6]), Ok(()));
            solve(&factored, n, &mut b);
            for (got, expected) in b.iter().zip(&x) {
                prop_assert!((got - expected).abs() < 1e-13);
            }
        }
    }
}
