//! Cholesky factorisation of a small dense symmetric matrix in the form L D Lᵀ: one division per pivot, no root.

/// A pivot this small beside its diagonal entry is rounding: the matrix is singular to working precision.
const RELATIVE_PIVOT: f64 = 1e-14;

/// Replaces the lower triangle of the row-major n × n `matrix` by L (unit diagonal, not stored), its diagonal by 1/D and its
/// upper triangle by Lᵀ. Each column is taken off all that is right of it at once, so that rows do not wait for one another;
/// the sizes of common arms have their loops unrolled, with the same operations in the same order.
///
/// # Errors
/// The index of the first pivot that is not clearly positive.
#[inline]
pub(crate) fn factor(matrix: &mut [f64], n: usize, scratch: &mut [f64]) -> Result<(), usize> {
    match n {
        6 => factor_any(&mut matrix[..36], 6, &mut scratch[..6]),
        7 => factor_any(&mut matrix[..49], 7, &mut scratch[..7]),
        8 => factor_any(&mut matrix[..64], 8, &mut scratch[..8]),
        n => factor_any(matrix, n, scratch),
    }
}

#[inline(always)]
fn factor_any(matrix: &mut [f64], n: usize, scratch: &mut [f64]) -> Result<(), usize> {
    for (i, diagonal) in scratch[..n].iter_mut().enumerate() {
        *diagonal = matrix[i * n + i];
    }
    for k in 0..n {
        let (done, rest) = matrix.split_at_mut((k + 1) * n);
        let (pivot, across) = done[k * n + k..].split_at_mut(1);
        let positive = pivot[0] > RELATIVE_PIVOT * scratch[k];
        if !positive || !pivot[0].is_finite() {
            return Err(k);
        }
        pivot[0] = 1.0 / pivot[0];
        for (l, row) in across.iter_mut().zip(rest.chunks_exact(n)) {
            *l = row[k] * pivot[0];
        }
        for (i, row) in rest.chunks_exact_mut(n).enumerate() {
            let (u, right) = row[k..].split_at_mut(1);
            for (entry, l) in right[..=i].iter_mut().zip(&*across) {
                *entry -= u[0] * l;
            }
            u[0] = across[i];
        }
    }
    Ok(())
}

/// Solves L D Lᵀ x = b in place.
#[inline]
pub(crate) fn solve(factored: &[f64], n: usize, x: &mut [f64]) {
    match n {
        6 => solve_any(&factored[..36], 6, &mut x[..6]),
        7 => solve_any(&factored[..49], 7, &mut x[..7]),
        8 => solve_any(&factored[..64], 8, &mut x[..8]),
        n => solve_any(factored, n, x),
    }
}

#[inline(always)]
fn solve_any(factored: &[f64], n: usize, x: &mut [f64]) {
    for i in 0..n {
        let (value, below) = x[i..].split_at_mut(1);
        for (l, below) in factored[i * n + i + 1..(i + 1) * n].iter().zip(below) {
            *below -= l * value[0];
        }
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
        fn solves(
            n in 1_usize..10, entries in prop::collection::vec(-1.0..1.0_f64, 81), x in prop::collection::vec(-1.0..1.0_f64, 9),
        ) {
            // BBᵀ + 1 has a condition of at most n² + 1: errors stay within a thousand ulp.
            let matrix: Vec<f64> = (0..n * n)
                .map(|ij| {
                    let (i, j) = (ij / n, ij % n);
                    (0..n).map(|k| entries[i * n + k] * entries[j * n + k]).sum::<f64>() + f64::from(u8::from(i == j))
                })
                .collect();
            let mut b: Vec<f64> = (0..n).map(|i| (0..n).map(|j| matrix[i * n + j] * x[j]).sum()).collect();
            let mut factored = matrix;
            prop_assert_eq!(factor(&mut factored, n, &mut [0.0; 9]), Ok(()));
            solve(&factored, n, &mut b);
            for (got, expected) in b.iter().zip(&x) {
                prop_assert!((got - expected).abs() < 2e-13);
            }
        }
    }
}
