//! What finitely many readings leave uncertain, where no closed form is known.

/// Standard error of a statistic by the jackknife: it is computed once without each of the `n` readings (Efron and
/// Stein 1981). Costs `n` evaluations.
pub fn jackknife(n: usize, statistic: impl Fn(Option<usize>) -> f64) -> f64 {
    if n < 2 {
        return 0.0;
    }
    let without: Vec<f64> = (0..n).map(|index| statistic(Some(index))).collect();
    let mean = without.iter().sum::<f64>() / n as f64;
    let squares: f64 = without.iter().map(|x| (x - mean) * (x - mean)).sum();
    (squares * (n as f64 - 1.0) / n as f64).sqrt()
}

/// Standard uncertainty of a measure of scatter with the standard error `error`: on a logarithmic scale, because such
/// an error grows with the scatter. `value` + 2u is the upper end.
pub fn of_scatter(value: f64, error: f64) -> f64 {
    if error == 0.0 || value <= 0.0 { 0.0 } else { 0.5 * value * trocar_math::exp_m1(2.0 * error / value) }
}

/// Mean and sample standard deviation (n − 1) of numbers, one of them left out if asked; of equal numbers exactly zero.
pub fn mean_and_sd(numbers: &[f64], left_out: Option<usize>) -> (f64, f64) {
    let Some(origin) = numbers.first() else { return (0.0, 0.0) };
    let kept = || {
        let kept = numbers.iter().enumerate().filter(move |(index, _)| Some(*index) != left_out);
        kept.map(|(_, x)| x - origin)
    };
    let n = kept().count() as f64;
    if n < 1.0 {
        return (0.0, 0.0);
    }
    let mean = kept().sum::<f64>() / n;
    let squares = kept().map(|x| (x - mean) * (x - mean)).sum::<f64>();
    (origin + mean, if n < 2.0 { 0.0 } else { (squares / (n - 1.0)).sqrt() })
}
