//! The element-wise functions: one row each. A row is all that the compiler knows of a function: value,
//! derivatives, range, weight, guard, spellings, domain.
//!
//! Derivatives are written in the cost language, in `x` (or `a`, `b`, ...) and the function's own value `y`. They
//! are chosen for their tails: the derivative of `sigmoid` is `y * sigmoid(-x)`, not `y * (1 - y)`, which is
//! 0 where the truth is 1e-17.

use super::interval::Interval;
use super::{gamma_ratio as ratio, normal, reference as r};

/// An element-wise function, by its row in [`ALL`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ElementFn(u8);

impl ElementFn {
    /// The row.
    #[must_use]
    pub fn spec(self) -> &'static ElementOp {
        &ALL[self.0 as usize]
    }

    /// The name in the cost language.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.spec().name
    }

    /// Whether it takes a few instructions, and is no elementary function.
    #[must_use]
    pub fn is_cheap(self) -> bool {
        self.spec().cheap
    }
}

/// A row.
#[derive(Debug)]
pub struct ElementOp {
    /// The name, in the cost language and as a method of the runtime's `Math`.
    pub name: &'static str,
    /// The value, slow and plainly right.
    pub eval: fn(&[f64]) -> f64,
    /// The derivative by each argument.
    pub derivatives: &'static [&'static str],
    /// Arguments from this interval are legal and moderate: where tests sample.
    pub domain: (f64, f64),
    /// Whether it takes a few instructions, and is no elementary function.
    pub cheap: bool,
    /// Its weight in the measure that rewriting lowers: large where it overflows or cancels, or costs two
    /// evaluations, as that is what rewriting should leave behind last.
    pub weight: usize,
    /// Where its values lie for arguments in these intervals.
    pub range: fn(&[Interval]) -> Interval,
    /// How it is written without its guard, if it has one.
    pub unguarded: Option<Unguarded>,
    /// LaTeX for the function applied to `#1`, `#2`, ...; empty where `written` has it.
    pub latex: &'static str,
    /// Whether that is a power, which another exponent needs parentheses for.
    pub latex_is_power: bool,
    /// How a person writes it, in the derivatives' notation, where that is no call: `sqrt(a^2 + b^2)` for
    /// `hypot`.
    pub written: Option<&'static str>,
    /// Its logarithm, in the derivatives' notation, where that is a number wherever the function is: the
    /// function is positive, though a number may not hold it.
    pub log: Option<&'static str>,
    /// Whether users may call it; the others come out of rewriting.
    pub public: bool,
}

impl ElementOp {
    /// Whether the first of several arguments is an order, of a derivative or a power: a whole number, and no
    /// variable.
    #[must_use]
    pub fn takes_order(&self) -> bool {
        matches!(self.derivatives, ["0", others @ ..] if others.iter().any(|by| *by != "0"))
    }
}

/// A function that guards against 0·log 0 or 0/0, without that guard.
#[derive(Debug)]
pub struct Unguarded {
    /// In the derivatives' notation.
    pub plain: &'static str,
    /// Whether it is the same wherever the arguments are in these intervals.
    pub holds: fn(&[Interval]) -> bool,
}

/// What the arguments of a function of so many are called in the texts of its row.
#[must_use]
pub fn parameters(count: usize) -> &'static [&'static str] {
    if count == 1 { &["x"] } else { &["a", "b", "c", "d", "e"] }
}

/// The function of this name.
#[must_use]
pub fn element(name: &str) -> Option<ElementFn> {
    ALL.iter().position(|op| op.name == name).map(|k| ElementFn(k as u8))
}

macro_rules! rows {
    ($( $vis:ident $name:literal, $eval:expr, [$($d:literal),+], $lo:literal .. $hi:literal,
        $cost:ident $weight:literal, $range:expr, $($latex:literal)? $(power $power:literal)? $(= $written:literal)?
        $(, unguarded $plain:literal if $holds:expr)? $(, logarithm $log:literal)?; )+) => {
        &[$( ElementOp {
            name: $name, eval: $eval, derivatives: &[$($d),+], domain: ($lo, $hi), weight: $weight, range: $range,
            cheap: rows!(@ $cost), latex: concat!($($latex)? $($power)?), latex_is_power: rows!(@@ $($power)?),
            written: rows!(@ $($written)?), unguarded: rows!(@ $($plain, $holds)?), log: rows!(@ $($log)?),
            public: rows!(@ $vis),
        } ),+]
    };
    (@) => { None };
    (@ $written:literal) => { Some($written) };
    (@ $plain:literal, $holds:expr) => { Some(Unguarded { plain: $plain, holds: $holds }) };
    (@@) => { false };
    (@@ $power:literal) => { true };
    (@ public) => { true };
    (@ inner) => { false };
    (@ cheap) => { true };
    (@ call) => { false };
}

/// Every element-wise function: value, derivatives, domain; cost and weight, range, as it is written, and
/// without its guard if it has one.
#[rustfmt::skip]
pub static ALL: &[ElementOp] = rows! {
    public "exp", |v| v[0].exp(), ["y"], -4.0 .. 4.0,
        call 8, |x| x[0].image(f64::exp), power r"e^{#1}", logarithm "x";
    public "log", |v| v[0].ln(), ["1/x"], 0.1 .. 4.0,
        call 14, |x| x[0].image(f64::ln), r"\log\left(#1\right)";
    public "log1p", |v| v[0].ln_1p(), ["1/(1 + x)"], -0.9 .. 4.0,
        call 8, |x| x[0].image(f64::ln_1p), r"\log\left(1 + #1\right)";
    public "expm1", |v| v[0].exp_m1(), ["exp(x)"], -4.0 .. 4.0,
        call 6, |x| x[0].image(f64::exp_m1), r"\left(e^{#1} - 1\right)";
    public "sin", |v| v[0].sin(), ["cos(x)"], -3.0 .. 3.0,
        call 6, |_| Interval::new(-1.0, 1.0), r"\sin\left(#1\right)";
    public "cos", |v| v[0].cos(), ["-sin(x)"], -3.0 .. 3.0,
        call 6, |_| Interval::new(-1.0, 1.0), r"\cos\left(#1\right)";
    public "tan", |v| v[0].tan(), ["1 + y^2"], -1.4 .. 1.4,
        call 6, |_| Interval::ALL, r"\tan\left(#1\right)";
    public "asin", |v| v[0].asin(), ["1/sqrt(1 - x^2)"], -0.9 .. 0.9,
        call 6, |_| Interval::new(-2.0, 2.0), r"\arcsin\left(#1\right)";
    public "acos", |v| v[0].acos(), ["-1/sqrt(1 - x^2)"], -0.9 .. 0.9,
        call 6, |_| Interval::new(0.0, 4.0), r"\arccos\left(#1\right)";
    public "atan", |v| v[0].atan(), ["1/(1 + x^2)"], -4.0 .. 4.0,
        call 6, |_| Interval::new(-2.0, 2.0), r"\arctan\left(#1\right)";
    public "sinh", |v| v[0].sinh(), ["cosh(x)"], -3.0 .. 3.0,
        call 6, |_| Interval::ALL, r"\sinh\left(#1\right)";
    public "cosh", |v| v[0].cosh(), ["sinh(x)"], -3.0 .. 3.0,
        call 8, |_| Interval::new(1.0, f64::INFINITY), r"\cosh\left(#1\right)", logarithm "log_cosh(x)";
    public "tanh", |v| v[0].tanh(), ["1 - y^2"], -3.0 .. 3.0,
        call 6, |_| Interval::new(-1.0, 1.0), r"\tanh\left(#1\right)";
    public "sigmoid", |v| r::sigmoid(v[0]), ["y * sigmoid(-x)"], -5.0 .. 5.0,
        call 6, |_| Interval::new(0.0, 1.0), r"\sigma\left(#1\right)", logarithm "-softplus(-x)";
    public "softplus", |v| r::softplus(v[0]), ["sigmoid(x)"], -5.0 .. 5.0,
        call 6, |_| Interval::new(0.0, f64::INFINITY), r"\operatorname{softplus}\left(#1\right)", logarithm "log_softplus(x)";
    public "softsign", |v| v[0] / (1.0 + v[0].abs()), ["(1 + abs(x))^-2"], -4.0 .. 4.0,
        call 6, |_| Interval::new(-1.0, 1.0), r"\operatorname{softsign}\left(#1\right)";
    public "abs", |v| v[0].abs(), ["sign(x)"], -4.0 .. 4.0,
        cheap 2, |x| x[0].size(), r"\left|#1\right|";
    public "sign", |v| r::sign(v[0]), ["0"], -4.0 .. 4.0,
        cheap 2, |_| Interval::new(-1.0, 1.0), r"\operatorname{sign}\left(#1\right)";
    public "erf", |v| normal::erf(v[0]), ["1.1283791670955126*gauss(x)"], -3.0 .. 3.0,
        call 6, |_| Interval::new(-1.0, 1.0), r"\operatorname{erf}\left(#1\right)";
    public "lgamma", |v| r::lgamma(v[0]), ["digamma(x)"], 0.2 .. 6.0,
        call 6, |_| Interval::ALL, r"\log\Gamma\left(#1\right)";
    public "digamma", |v| r::digamma(v[0]), ["trigamma(x)"], 0.2 .. 6.0,
        call 6, |_| Interval::ALL, r"\psi\left(#1\right)";
    public "trigamma", |v| r::polygamma(1.0, v[0]), ["polygamma(2, x)"], 0.2 .. 6.0,
        call 6, |_| Interval::new(0.0, f64::INFINITY), r"\psi^{(1)}\left(#1\right)";
    public "log2", |v| v[0].log2(), ["1.4426950408889634/x"], 0.1 .. 4.0,
        call 14, |x| x[0].image(f64::log2), r"\log_{2}\left(#1\right)";
    public "log10", |v| v[0].log10(), ["0.4342944819032518/x"], 0.1 .. 4.0,
        call 14, |x| x[0].image(f64::log10), r"\log_{10}\left(#1\right)";
    public "cbrt", |v| v[0].cbrt(), ["1/(3*y^2)"], 0.1 .. 4.0,
        call 6, |x| x[0].image(f64::cbrt), r"\operatorname{cbrt}\left(#1\right)";
    public "logaddexp", |v| r::logaddexp(v[0], v[1]), ["sigmoid(a - b)", "sigmoid(b - a)"], -4.0 .. 4.0,
        call 10, |x| x[0].max(x[1]).hull(x[0].max(x[1]).shifted(0.7)), r"\log\left(e^{#1} + e^{#2}\right)";
    public "log1mexp", |v| r::log1mexp(v[0]), ["-exp_odds(x)"], -4.0 .. -0.1,
        call 7, |_| Interval::new(f64::NEG_INFINITY, 0.0), r"\log\left(1 - e^{#1}\right)";
    public "erfc", |v| normal::erfc(v[0]), ["-1.1283791670955126*gauss(x)"], -3.0 .. 3.0,
        call 6, |_| Interval::new(0.0, 2.0), r"\operatorname{erfc}\left(#1\right)", logarithm "log_normal_cdf(-1.4142135623730951*x) + 0.6931471805599453";
    public "normal_cdf", |v| normal::normal_cdf(v[0]), ["normal_pdf(x)"], -4.0 .. 4.0,
        call 6, |_| Interval::new(0.0, 1.0), r"\Phi\left(#1\right)", logarithm "log_normal_cdf(x)";
    public "normal_pdf", |v| normal::normal_pdf(v[0]), ["-x*y"], -4.0 .. 4.0,
        call 6, |_| Interval::new(0.0, 1.0), r"\varphi\left(#1\right)", logarithm "-x^2/2 - 0.9189385332046727";
    public "log_normal_cdf", |v| normal::log_normal_cdf(v[0]), ["inverse_mills(x)"], -4.0 .. 4.0,
        call 6, |_| Interval::new(f64::NEG_INFINITY, 0.0), r"\log\Phi\left(#1\right)";
    public "sinc", |v| r::sinc_derivative(0.0, v[0]), ["sinc_derivative(1, x)"], -3.0 .. 3.0,
        call 6, |_| Interval::new(-0.25, 1.0), r"\operatorname{sinc}\left(#1\right)";
    public "atan2", |v| r::atan2(v[0], v[1]),
        ["over_squares(b, a)", "-over_squares(a, b)"], 0.3 .. 4.0,
        call 6, |_| Interval::new(-4.0, 4.0), r"\operatorname{atan2}\left(#1, #2\right)";
    public "lbeta", |v| ratio::lbeta(v[0], v[1]), ["-digamma_step(a, b)", "-digamma_step(b, a)"], 0.2 .. 6.0,
        call 6, |_| Interval::ALL, r"\log B\left(#1, #2\right)";
    public "log_gamma_ratio", |v| ratio::log_gamma_ratio(v[0], v[1]), ["digamma_step(a, b)", "digamma(a + b)"],
        0.2 .. 6.0, call 6, |_| Interval::ALL,
        r"\log\frac{\Gamma\left(#1 + #2\right)}{\Gamma\left(#1\right)}";
    public "max", |v| r::max(v[0], v[1]),
        ["where(a < b, 0, where(a == b, 1/2, 1))", "where(b < a, 0, where(a == b, 1/2, 1))"], -4.0 .. 4.0,
        cheap 6, |x| x[0].max(x[1]), r"\max\left(#1, #2\right)";
    public "min", |v| r::min(v[0], v[1]),
        ["where(a > b, 0, where(a == b, 1/2, 1))", "where(b > a, 0, where(a == b, 1/2, 1))"], -4.0 .. 4.0,
        cheap 6, |x| x[0].min(x[1]), r"\min\left(#1, #2\right)";
    inner "log_cosh", |v| r::log_cosh(v[0]), ["tanh(x)"], -4.0 .. 4.0,
        call 6, |_| Interval::new(0.0, f64::INFINITY), = "log(cosh(x))";
    inner "gauss", |v| normal::gauss(v[0]), ["-2*x*y"], -3.0 .. 3.0,
        call 7, |_| Interval::new(0.0, 1.0), = "exp(-x^2)";
    // φ/Φ, the derivative of log Φ: minus the mean of a standard normal number that is below x. Then how
    // far that mean is from x, and the variance; far below, differences of these are 0 where the truth is
    // 1/x and 1/x².
    inner "inverse_mills", |v| normal::inverse_mills(v[0]), ["-y * inverse_mills_gap(x)"], -4.0 .. 4.0,
        call 7, |_| Interval::new(0.0, f64::INFINITY), = "normal_pdf(x)/normal_cdf(x)";
    inner "inverse_mills_gap", |v| normal::inverse_mills_gap(v[0]), ["truncated_variance(x)"], -4.0 .. 4.0,
        call 8, |_| Interval::new(0.0, f64::INFINITY), = "x + normal_pdf(x)/normal_cdf(x)";
    inner "truncated_variance", |v| normal::truncated_variance(v[0]),
        ["inverse_mills(x) * (inverse_mills_gap(x)^2 - y)"], -4.0 .. 4.0,
        call 9, |_| Interval::new(0.0, 1.0),
        = "1 - x*(normal_pdf(x)/normal_cdf(x)) - (normal_pdf(x)/normal_cdf(x))^2";
    // eˣ/(1 − eˣ), the derivative of −log(1 − eˣ).
    inner "exp_odds", |v| r::exp_odds(v[0]), ["y * (1 + y)"], -4.0 .. -0.1,
        call 7, |_| Interval::ALL, = "1/(exp(-x) - 1)";
    inner "sinc_derivative", |v| r::sinc_derivative(v[0], v[1]), ["0", "sinc_derivative(a + 1, b)"], -3.0 .. 3.0,
        call 6, |_| Interval::new(-1.0, 1.0), r"\operatorname{sinc}^{(#1)}\left(#2\right)";
    inner "digamma_step", |v| ratio::digamma_step(v[0], v[1]), ["trigamma_step(a, b)", "trigamma(a + b)"],
        0.2 .. 6.0, call 7, |_| Interval::ALL, = "digamma(a + b) - digamma(a)";
    inner "trigamma_step", |v| ratio::trigamma_step(v[0], v[1]),
        ["polygamma(2, a + b) - polygamma(2, a)", "polygamma(2, a + b)"],
        0.2 .. 6.0, call 7, |_| Interval::ALL, = "trigamma(a + b) - trigamma(a)";
    inner "polygamma", |v| r::polygamma(v[0], v[1]), ["0", "polygamma(a + 1, b)"], 0.2 .. 6.0,
        call 6, |_| Interval::ALL, r"\psi^{(#1)}\left(#2\right)";
    // log Γ(a + b) − log Γ(a) − b log a, which goes to 0 as a grows; and its derivative by a, which does
    // as 1/a².
    inner "rising_gap", |v| ratio::rising_gap(v[0], v[1]), ["rising_gap_slope(a, b)", "digamma(a + b) - log(a)"],
        0.2 .. 6.0, call 7, |_| Interval::ALL, = "log_gamma_ratio(a, b) - b*log(a)";
    inner "rising_gap_slope", |v| ratio::rising_gap_slope(v[0], v[1]),
        ["trigamma_step(a, b) + b/a^2", "trigamma(a + b) - 1/a"],
        0.2 .. 6.0, call 8, |_| Interval::ALL, = "digamma(a + b) - digamma(a) - b/a";
    // (a − 1) log b − b − log Γ(a): the logarithm of the density of a gamma variable of shape a at b, and
    // of the probability of a − 1 where b are expected. And log b − ψ(a).
    inner "gamma_kernel", |v| ratio::gamma_kernel(v[0], v[1]), ["digamma_gap(a, b)", "-shortfall(a - 1, b)"],
        0.2 .. 6.0, call 9, |_| Interval::ALL, = "(a - 1)*log(b) - b - lgamma(a)";
    inner "digamma_gap", |v| ratio::digamma_gap(v[0], v[1]), ["-trigamma(a)", "1/b"], 0.2 .. 6.0,
        call 9, |_| Interval::ALL, = "log(b) - digamma(a)";
    // a log(a/b) + b − a, which is 0 where a and b are equal; log Γ(x + 1) − (x log x − x), what
    // Stirling's formula leaves of a factorial.
    inner "deviance", |v| ratio::deviance(v[0], v[1]), ["log(a/b)", "shortfall(a, b)"], 0.1 .. 4.0,
        call 9, |_| Interval::new(0.0, f64::INFINITY), = "a*log(a/b) + b - a";
    inner "factorial_gap", |v| ratio::factorial_gap(v[0]), ["digamma(x + 1) - log(x)"], 0.2 .. 6.0,
        call 7, |_| Interval::ALL, = "lgamma(x + 1) - x*log(x) + x";
    // 1 − a/b, and 1 where a is 0.
    inner "shortfall", |v| ratio::shortfall(v[0], v[1]), ["-1/b", "xdivy(a, b^2)"], 0.1 .. 4.0,
        call 6, |_| Interval::ALL, = "1 - a/b";
    // b log(1 + a/b), which goes to a as b grows, and its derivative by b, which does to 0 as 1/b².
    inner "log1p_scaled", |v| v[1] * (v[0] / v[1]).ln_1p(), ["1/(1 + a/b)", "log1p_gap(a/b)"], 0.1 .. 4.0,
        call 9, |_| Interval::ALL, = "b*log(1 + a/b)";
    inner "log1p_gap", |v| ratio::log1p_gap(v[0]), ["x/(1 + x)^2"], -0.5 .. 4.0,
        call 9, |_| Interval::new(0.0, f64::INFINITY), = "log(1 + x) - x/(1 + x)";
    // The logarithm of a density outside its support, and whether a number is a count.
    inner "outside", |v| if v[0].is_nan() { v[0] } else { f64::NEG_INFINITY }, ["0"], -4.0 .. 4.0,
        cheap 2, |_| Interval::ALL, = "log(0)";
    inner "is_count", |v| ratio::is_count(v[0]), ["0"], 0.1 .. 0.9,
        cheap 2, |_| Interval::new(0.0, 1.0), r"\operatorname{count}\left(#1\right)";
    // 1/x, and 0 at 0: what is left of the derivative of a norm.
    inner "recip0", |v| r::recip0(v[0]), ["-y^2"], 0.3 .. 4.0,
        call 6, |_| Interval::ALL, = "1/x",
        unguarded "1 / x" if |x| x[0].excludes_zero();
    // a/b, and 0 where b is 0: an entry of a vector over the vector's norm.
    inner "per", |v| if v[1] == 0.0 { 0.0 } else { v[0] / v[1] }, ["recip0(b)", "-y * recip0(b)"], 0.3 .. 4.0,
        cheap 0, |_| Interval::ALL, = "a/b",
        unguarded "a / b" if |x| x[1].excludes_zero();
    // √(a² + b²), √(a² + b²) − b and a/√(a² + b²), without overflow or cancellation.
    public "hypot", |v| r::hypot(v[0], v[1]), ["unit(a, b)", "unit(b, a)"], -4.0 .. 4.0,
        call 6, |x| x[0].hypot(x[1]), = "sqrt(a^2 + b^2)";
    inner "hypot_minus", |v| r::hypot_minus(v[0], v[1]), ["unit(a, b)", "unit(b, a) - 1"], -4.0 .. 4.0,
        call 6, |_| Interval::ALL, = "sqrt(a^2 + b^2) - b";
    inner "unit", |v| r::unit(v[0], v[1]),
        ["unit(b, a)^2 * recip0(hypot(a, b))", "-y * unit(b, a) * recip0(hypot(a, b))"], -4.0 .. 4.0,
        call 6, |_| Interval::new(-1.0, 1.0), = "a/sqrt(a^2 + b^2)",
        unguarded "a / hypot(a, b)" if |x| x[0].hypot(x[1]).excludes_zero();
    // a/(a² + b²), and 0 at the origin.
    inner "over_squares", |v| r::unit(v[0], v[1]) * r::recip0(r::hypot(v[0], v[1])),
        ["(unit(b, a) - unit(a, b)) * (unit(b, a) + unit(a, b)) * recip0(hypot(a, b))^2",
         "-2 * unit(a, b) * unit(b, a) * recip0(hypot(a, b))^2"], 0.3 .. 4.0,
        call 7, |_| Interval::ALL, = "a/(a^2 + b^2)";
    // a·log b and a/b, and 0 wherever a is 0.
    public "xlogy", |v| r::xlogy(v[0], v[1]), ["log(b)", "xdivy(a, b)"], 0.1 .. 4.0,
        call 7, |_| Interval::ALL, = "a*log(b)",
        unguarded "a * log(b)" if |x| x[1].has_logarithm();
    inner "xlog1py", |v| if v[0] == 0.0 { 0.0 } else { v[0] * v[1].ln_1p() },
        ["log1p(b)", "xdivy(a, 1 + b)"], 0.1 .. 4.0,
        call 7, |_| Interval::ALL, = "a*log(1 + b)",
        unguarded "a * log1p(b)" if |x| x[1].shifted(1.0).has_logarithm();
    inner "xdivy", |v| if v[0] == 0.0 { 0.0 } else { v[0] / v[1] }, ["1/b", "-xdivy(a, b^2)"], 0.1 .. 4.0,
        call 6, |_| Interval::ALL, = "a/b",
        unguarded "a / b" if |x| x[1].excludes_zero();
    // |a|^b, its derivative by a, and sign(a)·|a|^b, which are 0 at a = 0: so that |x|² with the 2 as data keeps its second
    // derivative there.
    inner "abs_pow", |v| v[0].abs().powf(v[1]), ["abs_pow_slope(a, b)", "pow_log(abs(a), b)"],
        0.1 .. 3.0, call 13, |_| Interval::new(0.0, f64::INFINITY), = "abs(a)^b";
    inner "abs_pow_slope", |v| r::signed(v[0], r::pow_slope(v[0].abs(), v[1])),
        ["pow_curve(abs(a), b)", "sign(a) * pow_mixed(abs(a), b)"],
        0.1 .. 3.0, call 15, |_| Interval::ALL, = "b*sign(a)*abs(a)^(b - 1)";
    inner "sign_pow", |v| r::signed(v[0], v[0].abs().powf(v[1])), ["pow_slope(abs(a), b)", "sign(a) * pow_log(abs(a), b)"],
        0.1 .. 3.0, call 13, |_| Interval::ALL, = "sign(a)*abs(a)^b";
    // a^b, but 0 where a is 0 and b negative: what is left of derivatives of powers of norms.
    inner "pow0", |v| r::pow0(v[0], v[1]), ["where(b == 0, 0, b * pow0(a, b - 1))", "pow_log(a, b)"],
        0.1 .. 3.0, call 13, |_| Interval::ALL, = "a^b";
    // a real power with a variable exponent. Its derivatives are rows of their own as far as Hessians need
    // them, since at a = 0 products as b*pow(a, b - 1) are 0*inf where the limit is a number.
    inner "pow", |v| v[0].powf(v[1]), ["pow_slope(a, b)", "pow_log(a, b)"], 0.1 .. 3.0,
        call 14, |_| Interval::ALL, = "a^b";
    inner "pow_slope", |v| r::pow_slope(v[0], v[1]), ["pow_curve(a, b)", "pow_mixed(a, b)"], 0.1 .. 3.0,
        call 16, |_| Interval::ALL, = "b*a^(b - 1)";
    inner "pow_log", |v| r::pow_log(v[0], v[1]), ["pow_mixed(a, b)", "pow_log_square(a, b)"], 0.1 .. 3.0,
        call 22, |_| Interval::ALL, = "a^b*log(a)";
    inner "pow_curve", |v| r::pow_curve(v[0], v[1]),
        ["(b - 2)*y/a", "y*log(a) + (2*b - 1)*pow(a, b - 2)"], 0.1 .. 3.0,
        call 18, |_| Interval::ALL, = "b*(b - 1)*a^(b - 2)";
    inner "pow_mixed", |v| r::pow_mixed(v[0], v[1]),
        ["pow(a, b - 2)*(2*b - 1) + b*(b - 1)*pow_log(a, b - 2)", "2*pow_log(a, b - 1) + b*pow_log_square(a, b - 1)"],
        0.1 .. 3.0,
        call 24, |_| Interval::ALL, = "a^(b - 1)*(1 + b*log(a))";
    inner "pow_log_square", |v| r::pow_log_square(v[0], v[1]),
        ["2*pow_log(a, b - 1) + b*pow_log_square(a, b - 1)", "y*log(a)"], 0.1 .. 3.0,
        call 24, |_| Interval::ALL, = "a^b*log(a)^2";
    // The same, where the base is not positive: no rule takes it apart.
    inner "pow_plain", |v| v[0].powf(v[1]), ["pow_slope(a, b)", "pow_log(a, b)"], 0.1 .. 3.0,
        call 14, |_| Interval::ALL, = "a^b";
    // a^(d + b)/(a^d + c^d), its logarithm, and log(a^c + b^c): Hill's curve, log-logistic densities. Powers overflow
    // where these are numbers, and what bases that are not positive have is as it is written.
    inner "pow_share", |v| r::pow_share(v[0], v[1], v[2], v[3]),
        ["(d + b)*pow_share(a, b - 1, c, d)*pow_share(c, 0, a, d) + b*pow_share_square(a, b - 1, c, d)", "xlogy(y, a)",
            "-d*y*pow_share(c, -1, a, d)", "pow_share_slope(1, a, b, c, d)"],
        0.1 .. 3.0, call 30, |_| Interval::ALL, = "a^(d + b)/(a^d + c^d)";
    inner "pow_share_square", |v| r::pow_share_square(v[0], v[1], v[2], v[3]),
        ["(2*d + b)*pow_share_square(a, b - 1, c, d)*pow_share(c, 0, a, d) \
            + b*pow_share_square(a, b - 1, c, d)*pow_share(a, 0, c, d)", "xlogy(y, a)",
            "-2*d*y*pow_share(c, -1, a, d)", "2*pow_share(a, 0, c, d)*pow_share_slope(1, a, b, c, d)"],
        0.1 .. 3.0, call 30, |_| Interval::ALL, = "a^(2*d + b)/(a^d + c^d)^2";
    inner "log_pow_share", |v| r::log_pow_share(v[0], v[1], v[2], v[3]),
        ["((d + b)*pow_share(c, 0, a, d) + b*pow_share(a, 0, c, d))/a", "log(a)", "-d*pow_share(c, -1, a, d)",
            "-pow_share_log(c, a, d)"],
        0.1 .. 3.0, call 30, |_| Interval::ALL, = "log(a^(d + b)/(a^d + c^d))";
    inner "log_pow_sum", |v| r::log_pow_sum(v[0], v[1], v[2]),
        ["c*pow_share(a, -1, b, c)", "c*pow_share(b, -1, a, c)", "log(b) + pow_share_log(a, b, c)"],
        0.1 .. 3.0, call 30, |_| Interval::ALL, = "log(a^c + b^c)";
    // Their derivatives by the exponent: both shares times log(b/d)^a, the first with a power of its base beside it;
    // and the first times that logarithm; 0 where a share is 0.
    inner "pow_share_slope", |v| r::pow_share_slope(v[0], v[1], v[2], v[3], v[4]),
        ["0", "pow_share_slope(a, b, c - 1, d, e)*((e + c)*pow_share(d, 0, b, e) + (c - e)*pow_share(b, 0, d, e)) \
            + a*pow_share_slope(a - 1, b, c - 1, d, e)", "xlogy(y, b)",
            "(e*y*(pow_share(b, 0, d, e) - pow_share(d, 0, b, e)) - a*pow_share_slope(a - 1, b, c, d, e))/d",
            "pow_share_slope(a + 1, b, c, d, e)*(pow_share(d, 0, b, e) - pow_share(b, 0, d, e))"],
        0.1 .. 3.0, call 34, |_| Interval::ALL, = "b^(e + c)*d^e/(b^e + d^e)^2*log(b/d)^a";
    inner "pow_share_log", |v| r::pow_share_log(v[0], v[1], v[2]),
        ["pow_share(a, -1, b, c) + c*pow_share_slope(1, a, -1, b, c)",
            "-(pow_share(a, 0, b, c) + c*pow_share_slope(1, a, 0, b, c))/b", "pow_share_slope(2, a, 0, b, c)"],
        0.1 .. 3.0, call 32, |_| Interval::ALL, = "a^c/(a^c + b^c)*log(a/b)";
    // a·eᵇ, and 0 wherever a is 0. b, but what is least where a is 0: by how much sums of these are shifted. And
    // x, on which nothing depends.
    inner "xexpy", |v| if v[0] == 0.0 { 0.0 } else { v[0] * v[1].exp() }, ["exp(b)", "y"], -2.0 .. 2.0,
        call 9, |_| Interval::ALL, = "a*exp(b)",
        unguarded "a * exp(b)" if |x| x[0].excludes_zero();
    inner "peak", |v| r::peak(v[0], v[1]), ["0", "0"], 0.5 .. 3.0,
        cheap 2, |_| Interval::ALL, = "b";
    inner "held", |v| v[0], ["0"], -4.0 .. 4.0,
        cheap 1, |x| x[0], = "x";
    // log|1 + x|
    inner "log1p_abs", |v| r::log1p_abs(v[0]), ["1/(1 + x)"], -0.9 .. 4.0,
        call 8, |_| Interval::ALL, = "log(abs(1 + x))";
    // log softplus(x), σ(x)/softplus(x), which is its derivative, and 1 − σ(x) − σ(x)/softplus(x): far below all are
    // quotients of numbers that are 0.
    inner "log_softplus", |v| r::log_softplus(v[0]), ["softplus_slope(x)"], -5.0 .. 5.0,
        call 10, |_| Interval::ALL, = "log(softplus(x))";
    inner "softplus_slope", |v| r::softplus_slope(v[0]), ["y * softplus_bend(x)"], -5.0 .. 5.0,
        call 10, |_| Interval::new(0.0, 1.0), = "sigmoid(x)/softplus(x)";
    inner "softplus_bend", |v| r::softplus_bend(v[0]), ["-sigmoid(x)*sigmoid(-x) - softplus_slope(x)*y"],
        -5.0 .. 5.0, call 12, |_| Interval::new(-1.0, 0.0), = "1 - sigmoid(x) - sigmoid(x)/softplus(x)";
    // (eˣ − 1)/x, 1 at 0, and its derivatives: ∫₀¹ tⁿ eᵗˣ dt.
    inner "exprel", |v| r::exprel(0, v[0]), ["exprel1(x)"], -4.0 .. 4.0,
        call 7, |_| Interval::new(0.0, f64::INFINITY), = "(exp(x) - 1)/x";
    inner "exprel1", |v| r::exprel(1, v[0]), ["exprel2(x)"], -4.0 .. 4.0,
        call 8, |_| Interval::new(0.0, f64::INFINITY), = "((x - 1)*exp(x) + 1)/x^2";
    inner "exprel2", |v| r::exprel(2, v[0]), ["(exp(x) - 3*y)/x"], 0.5 .. 4.0,
        call 9, |_| Interval::new(0.0, f64::INFINITY), = "((x^2 - 2*x + 2)*exp(x) - 2)/x^3";
    // a^b − 1 and (1 + a)^b − 1
    inner "powm1", |v| r::powm1(v[0], v[1]), ["pow_slope(a, b)", "pow_log(a, b)"], 0.1 .. 3.0,
        call 12, |_| Interval::ALL, = "a^b - 1";
    inner "pow1pm1", |v| r::pow1pm1(v[0], v[1]), ["pow_slope(1 + a, b)", "xmul(1 + y, log1p(a))"], 0.1 .. 3.0,
        call 12, |_| Interval::ALL, = "(1 + a)^b - 1";
    // a·b, and 0 wherever a is 0.
    inner "xmul", |v| if v[0] == 0.0 { 0.0 } else { v[0] * v[1] }, ["b", "a"], 0.3 .. 3.0,
        cheap 1, |x| x[0].times(x[1]), = "a*b",
        unguarded "a * b" if |x| x[0].excludes_zero();
    // log((eˣ − 1)/x) for x > 0, and its derivatives.
    inner "log_exprel", |v| r::log_exprel(v[0]), ["log_exprel1(x)"], -4.0 .. 4.0,
        call 8, |_| Interval::ALL, = "log((exp(x) - 1)/x)";
    inner "log_exprel1", |v| r::log_exprel1(v[0]), ["log_exprel2(x)"], -4.0 .. 4.0,
        call 8, |_| Interval::new(0.0, 1.0), = "1/(1 - exp(-x)) - 1/x";
    inner "log_exprel2", |v| r::log_exprel2(v[0]), ["1/(4*sinh(x/2)^2*tanh(x/2)) - 2/x^3"], 0.5 .. 4.0,
        call 8, |_| Interval::new(0.0, 0.1), = "1/x^2 - 1/(4*sinh(x/2)^2)";
};
