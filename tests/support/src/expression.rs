//! Random expressions of the cost language, of a given shape and depth.

use std::fmt::Write;

/// A small generator of numbers: the same seed, the same expressions.
#[derive(Clone, Debug)]
pub struct Rng {
    state: u64,
    /// Bytes to take first.
    bytes: std::vec::IntoIter<u8>,
}

impl Rng {
    /// The generator of this seed.
    pub fn new(seed: u64) -> Self {
        let state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x2545_f491_4f6c_dd1d;
        Self { state, bytes: Vec::new().into_iter() }
    }

    /// Choices by these bytes, one for each; when they are used up, by a generator with a seed of their own.
    pub fn of(bytes: &[u8]) -> Self {
        let seed =
            bytes.iter().fold(0, |seed: u64, byte| seed.wrapping_mul(257).wrapping_add(u64::from(*byte)));
        Self { bytes: Vec::from(bytes).into_iter(), ..Self::new(seed) }
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        let choice = self.bytes.next().map(u64::from);
        (choice.unwrap_or_else(|| self.bits()) % n as u64) as usize
    }

    /// One of these.
    pub fn pick<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len())]
    }

    /// From -1.5 to 1.5.
    pub fn number(&mut self) -> f64 {
        ((self.bits() >> 11) as f64 / (1u64 << 53) as f64 - 0.5) * 3.0
    }
}

/// The variables: name and shape.
pub const VARIABLES: [(&str, &[usize]); 8] = [
    ("s", &[]),
    ("q", &[]),
    ("x", &[3]),
    ("y", &[3]),
    ("z", &[2]),
    ("A", &[3, 3]),
    ("B", &[3, 2]),
    ("C", &[2, 3]),
];

/// Declarations of all variables, with symbols or numbers for their extents: what an objective differentiates by.
#[must_use]
pub fn declarations(symbolic: bool) -> String {
    let extent = |n: &usize| if symbolic { format!("n{n}") } else { n.to_string() };
    let declared = VARIABLES.iter().map(|(name, shape)| {
        let kind = ["scalar", "vector", "matrix"][shape.len()];
        let extents: Vec<String> = shape.iter().map(extent).collect();
        if extents.is_empty() {
            format!("{name}: {kind}")
        } else {
            format!("{name}: {kind}[{}]", extents.join(", "))
        }
    });
    declared.collect::<Vec<_>>().join(", ")
}

/// Smooth functions that stay moderate, whatever they are given.
pub const BOUNDED: [&str; 12] = [
    "tanh(@)",
    "sin(@)",
    "cos(@)",
    "sigmoid(@)",
    "atan(@)",
    "erf(@)",
    "softsign(@)",
    "exp(-square(@))",
    "log(1 + square(@))",
    "sqrt(1 + square(@))",
    "gelu(tanh(@))",
    "log1p(square(@))",
];

/// Functions that grow with their argument, or have a kink.
const OTHER: [&str; 14] = [
    "abs(@)",
    "relu(@)",
    "softplus(@)",
    "elu(@)",
    "leaky_relu(@, 0.1)",
    "selu(@)",
    "silu(@)",
    "mish(@)",
    "clip(@, -0.7, 0.9)",
    "square(@)",
    "hard_tanh(@)",
    "log(cosh(@))",
    "(-log(sigmoid(@)))",
    "expm1(tanh(@))",
];

/// A random expression with the extents `shape`.
pub fn expression(rng: &mut Rng, shape: &[usize], depth: usize) -> String {
    if depth == 0 || rng.below(12) == 0 {
        return leaf(rng, shape);
    }
    let d = depth - 1;
    let text = match rng.below(10) {
        0 | 1 => {
            let op = rng.pick(&[" + ", " - "]);
            format!("({}{op}{})", expression(rng, shape, d), expression(rng, shape, d))
        }
        2 => {
            let op = if shape.is_empty() { " * " } else { " .* " };
            format!("({}{op}{})", expression(rng, shape, d), expression(rng, shape, d))
        }
        3 => {
            let (lhs, rhs) = (expression(rng, shape, d), expression(rng, shape, d));
            let op = if shape.is_empty() { "/" } else { "./" };
            format!("({lhs} {op} (1.5 + square({rhs})))")
        }
        4 => rng.pick(&BOUNDED).replace('@', &expression(rng, shape, d)),
        5 => rng.pick(&OTHER).replace('@', &expression(rng, shape, d)),
        6 => {
            let [a, b] = [(); 2].map(|()| expression(rng, shape, d));
            match rng.below(4) {
                0 => format!("max({a}, {b})"),
                1 => format!("min({a}, {b})"),
                2 => format!("where({a} < 0.1, {b}, {})", expression(rng, shape, d)),
                _ => format!("((0.3 + square({a})){}tanh({b}))", if shape.is_empty() { "^" } else { ".^" }),
            }
        }
        _ => structural(rng, shape, d),
    };
    if text.len() > 1500 { leaf(rng, shape) } else { text }
}

fn leaf(rng: &mut Rng, shape: &[usize]) -> String {
    let fitting: Vec<&str> = VARIABLES.iter().filter(|(_, s)| *s == shape).map(|(n, _)| *n).collect();
    match (shape, fitting.is_empty()) {
        ([], _) if rng.below(3) == 0 => rng.pick(&["0.5", "2", "-1.25", "pi/4", "1", "0.3"]).to_owned(),
        (_, false) => rng.pick(&fitting).to_owned(),
        ([n], _) => format!("vector(0.{n})"),
        _ => {
            let parts: Vec<String> = shape.iter().map(|n| leaf(rng, &[*n])).collect();
            format!("outer({})", parts.join(", "))
        }
    }
}

fn any_extent(rng: &mut Rng) -> usize {
    [2, 3, 3][rng.below(3)]
}

fn structural(rng: &mut Rng, shape: &[usize], d: usize) -> String {
    let of = |shape: &[usize], rng: &mut Rng| expression(rng, shape, d);
    match *shape {
        [] => {
            let (n, m) = (any_extent(rng), any_extent(rng));
            match rng.below(16) {
                0 => format!("sum({})", of(&[n], rng)),
                1 => format!("mean({})", of(&[n, m], rng)),
                2 => format!("norm2({})", of(&[n], rng)),
                3 => format!("norm1({})", of(&[n], rng)),
                4 => format!("dot({}, {})", of(&[n], rng), of(&[n], rng)),
                5 => format!("({}' * {})", of(&[n], rng), of(&[n], rng)),
                6 => format!("logsumexp({})", of(&[n], rng)),
                7 => format!("max({})", of(&[n], rng)),
                8 => format!("norm_inf({})", of(&[n, m], rng)),
                9 => format!("tr({})", of(&[n, n], rng)),
                10 => format!("det(tanh({}) + 2*eye)", of(&[n, n], rng)),
                11 => {
                    let a = of(&[n, m], rng);
                    format!("logdet(({a}) * ({a})' + eye)")
                }
                12 => format!("norm2({})^2", of(&[n, m], rng)),
                13 => format!("sum(tanh(kron({}, {})))", of(&[n, m], rng), of(&[m, n], rng)),
                14 => format!("tr(kron({}, {})^2)", of(&[n, n], rng), of(&[2, 2], rng)),
                _ => format!("({}' * {} * {})", of(&[n], rng), of(&[n, m], rng), of(&[m], rng)),
            }
        }
        [n] => {
            let m = any_extent(rng);
            match rng.below(9) {
                0 | 1 => format!("({} * {})", of(&[n, m], rng), of(&[m], rng)),
                2 => format!("({}' * {})", of(&[m, n], rng), of(&[m], rng)),
                3 => format!("softmax({})", of(&[n], rng)),
                4 => format!("log_softmax({})", of(&[n], rng)),
                5 => format!("({} * {})", of(&[], rng), of(&[n], rng)),
                6 => format!("{}({})", rng.pick(&["rowsum", "rowmax"]), of(&[n, m], rng)),
                7 => format!("diag({})", of(&[n, n], rng)),
                _ => format!("solve(tanh({}) + 4*eye, {})", of(&[n, n], rng), of(&[n], rng)),
            }
        }
        [n, m] => {
            let k = any_extent(rng);
            match rng.below(8) {
                0 | 1 => format!("({} * {})", of(&[n, k], rng), of(&[k, m], rng)),
                2 => format!("{}'", atom(&of(&[m, n], rng))),
                3 => format!("outer({}, {})", of(&[n], rng), of(&[m], rng)),
                4 => format!("({} * {}')", of(&[n], rng), atom(&of(&[m], rng))),
                5 if n == m => format!("inv(tanh({}) + 4*eye)", of(&[n, n], rng)),
                6 if n == m => format!("diag({})", of(&[n], rng)),
                7 if n == m => format!("tanh({})^{}", of(&[n, n], rng), rng.below(4)),
                _ => format!("({} * {})", of(&[], rng), of(&[n, m], rng)),
            }
        }
        _ => String::new(),
    }
}

fn atom(text: &str) -> String {
    format!("({text})")
}

/// A program: a few local definitions, used below, then a scalar.
pub fn program(rng: &mut Rng, depth: usize) -> String {
    let mut text = String::new();
    let mut result = expression(rng, &[], depth);
    if rng.below(3) == 0 {
        let value = expression(rng, &[3], depth / 2);
        let _ = write!(text, "r = {value}; ");
        result = format!("{result} + sum(r .* tanh(r))");
    }
    text.push_str(&result);
    text
}
