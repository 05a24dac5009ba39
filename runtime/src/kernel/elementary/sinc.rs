//! sin(x)/x and its derivatives, in double precision.
//!
//! s⁽ⁿ⁾ = ∫₀¹ tⁿ cos(xt + nπ/2) dt. Near 0 its series; elsewhere x s⁽ⁿ⁾ + n s⁽ⁿ⁻¹⁾ = sin⁽ⁿ⁾ x, which is
//! the n-th derivative of x s = sin x, from s upwards. There the error is some units in the last place of
//! 1/x.

pub(super) fn sinc(x: f64) -> f64 {
    if x == 0.0 {
        1.0
    } else if x.is_infinite() {
        0.0
    } else {
        x.sin() / x
    }
}

pub(super) fn sinc_derivative(n: i32, x: f64) -> f64 {
    if n <= 0 {
        return if n == 0 { sinc(x) } else { f64::NAN };
    }
    if x.is_infinite() {
        return 0.0;
    }
    let order = f64::from(n);
    if x.abs() < 1.0 + 0.5 * order {
        // Σ (−1)ᵏ xʲ/((n + j + 1) j!) over j = 2k − n ≥ 0
        let odd = n % 2 != 0;
        let (mut j, mut power) = if odd { (1.0, x) } else { (0.0, 1.0) };
        if (n + 1) / 2 % 2 == 1 {
            power = -power;
        }
        let mut sum = 0.0;
        loop {
            let term = power / (order + j + 1.0);
            let next = sum + term;
            if next == sum || next.is_nan() {
                return next;
            }
            sum = next;
            power *= -(x / (j + 1.0)) * (x / (j + 2.0));
            j += 2.0;
        }
    }
    let (sin, cos) = x.sin_cos();
    let turned = [sin, cos, -sin, -cos];
    let step = |before: f64, k: i32| (turned[(k % 4) as usize] - f64::from(k) * before) / x;
    (1..=n).fold(sin / x, step)
}
