//! Cholesky factorisation of a small dense symmetric matrix in the form L D Lᵀ: one division per pivot, no root.

/// A pivot this small beside its diagonal entry is rounding: the matrix is singular to working precision.
const RELATIVE_PIVOT: f64 = 1e-14;

/// The same code for a size known when it is compiled: loops this short cost more in their counting than in their sums. The
/// order of the sums, and so every bit, is the same.
macro_rules! sized {
    ($n:expr, |$size:ident| $body:expr) => {
        match $n {
            6 => {
                let $size = 6;
                $body
            }
            7 => {
                let $size = 7;
                $body
            }
            8 => {
                let $size = 8;
                $body
            }
            11 => {
                let $size = 11;
                $body
            }
            $size => $body,
        }
    };
}

/// Replaces the lower triangle of the row-major n × n `matrix` by L (unit diagonal, not stored) and its diagonal by 1/D.
///
/// # Errors
/// The index of the first pivot that is not clearly positive.
pub(crate) fn factor(matrix: &mut [f64], n: usize, scratch: &mut [f64]) -> Result<(), usize> {
    sized!(n, |n| factor_sized(&mut matrix[..n * n], n, &mut scratch[..n]))
}

/// Solves L D Lᵀ x = b in place.
pub(crate) fn solve(factored: &[f64], n: usize, x: &mut [f64]) {
    sized!(n, |n| solve_sized(&factored[..n * n], n, &mut x[..n]));
}

#[inline(always)]
fn factor_sized(matrix: &mut [f64], n: usize, scratch: &mut [f64]) -> Result<(), usize> {
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

#[inline(always)]
fn solve_sized(factored: &[f64], n: usize, x: &mut [f64]) {
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
