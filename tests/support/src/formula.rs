//! Random formulas over random declarations: what a stranger might write in a derive. Each function of the
//! language that takes numbers is drawn by some of them, arguments by place and by name, definitions and
//! locals used more than once, names with Greek letters.

use crate::expression::Rng;

/// A variable or a field: its name in ASCII, and its shape.
#[derive(Clone, Debug)]
pub struct Declared {
    /// The name, as Rust has it.
    pub name: String,
    /// The extents: none, one, or two.
    pub shape: Vec<usize>,
    /// A symmetric matrix.
    pub symmetric: bool,
}

/// A formula with what it speaks of.
#[derive(Clone, Debug, Default)]
pub struct Formula {
    /// The text: local definitions and an expression.
    pub text: String,
    /// The user's definitions.
    pub defines: Vec<String>,
    /// What it speaks of: data and variables.
    pub declared: Vec<Declared>,
}

/// Functions of one number whatever it is, which stay moderate.
pub const CALM: [&str; 53] = [
    "tanh(@)",
    "sin(@)",
    "cos(@)",
    "sigmoid(@)",
    "atan(@)",
    "erf(@)",
    "softsign(@)",
    "hard_tanh(@)",
    "exp(-square(@))",
    "exp(sin(@))",
    "log(1.2 + square(@))",
    "sqrt(0.7 + square(@))",
    "log1p(square(@))",
    "expm1(tanh(@))",
    "tan(sin(@))",
    "asin(0.9*tanh(@))",
    "acos(0.8*sin(@))",
    "sinh(tanh(@))",
    "cosh(sin(@))",
    "clip(@, -0.7, 0.9)",
    "clip(@, hi = 1.1, lo = -0.4)",
    "lgamma(1.2 + square(tanh(@)))",
    "digamma(1.1 + sigmoid(@))",
    "sign(@)",
    "gelu(sin(@))",
    "1 ./ (1 + exp(-@))",
    "log(sigmoid(@))",
    "log(cosh(@))",
    "log(1 + exp(@))",
    "sqrt(square(@) + 0.3)",
    "(-log(1 + exp(-(@))))",
    "erfc(@)",
    "normal_cdf(@)",
    "normal_pdf(@)",
    "log_normal_cdf(sin(@))",
    "sinc(@)",
    "cbrt(1.2 + sin(@))",
    "log2(1.5 + square(sin(@)))",
    "log10(1.5 + tanh(@))",
    "trigamma(1.3 + sigmoid(@))",
    "log1mexp(-0.4 - square(sin(@)))",
    "lbeta(1.1 + sigmoid(@), 2.3)",
    "log_gamma_ratio(1.4 + sigmoid(@), 0.5)",
    "normal_lpdf(sin(@), 0.1, 1.3)",
    "student_t_lpdf(sin(@), 4, 0.2, 0.9)",
    "laplace_lpdf(@, 0.3, 2)",
    "cauchy_lpdf(@, -0.1, 1.1)",
    "logistic_lpdf(sin(@), 0.1, 0.8)",
    "lognormal_lpdf(1.5 + sin(@), 0.1, 0.9)",
    "beta_lpdf(0.2 + 0.6*sigmoid(@), 2.1, 1.4)",
    "poisson_lpmf(3, 0.5 + sigmoid(@))",
    "binomial_lpmf(2, 5, 0.2 + 0.6*sigmoid(@))",
    "bernoulli_lpmf(1, 0.1 + 0.8*sigmoid(@))",
];

/// Functions of one number that grow with it.
pub const GROWING: [&str; 24] = [
    "abs(@)",
    "relu(@)",
    "softplus(@)",
    "elu(@)",
    "elu(@, alpha = 0.6)",
    "leaky_relu(@, 0.1)",
    "leaky_relu(slope = 0.2, x = @)",
    "selu(@)",
    "gelu(@)",
    "silu(@)",
    "mish(@)",
    "square(@)",
    "linear(@)",
    "max(@, 0.1)",
    "min(0.4, @)",
    "logaddexp(@, 0.3)",
    "hypot(@, 0.7)",
    "atan2(@, 1.2)",
    "xlogy(@, 1.7)",
    "gamma_lpdf(0.6 + square(tanh(@)), 2.2, 0.7)",
    "inverse_gamma_lpdf(0.8 + square(tanh(@)), 1.2, 0.7)",
    "exponential_lpdf(square(tanh(@)), 0.6)",
    "weibull_lpdf(0.6 + square(tanh(@)), 1.6, 0.9)",
    "negative_binomial_lpmf(4, 0.6 + square(tanh(@)), 2.5)",
];

/// Greek letters as a person writes them, and their names.
const GREEK: [(&str, &str); 6] =
    [("λ", "lambda"), ("θ", "theta"), ("σ", "sigma"), ("Σ", "Sigma"), ("Γ", "Gamma"), ("μ", "mu")];

impl Formula {
    /// A formula over declarations of its own: `by` of them last, to differentiate by. A vector where
    /// `residual`, else a scalar.
    #[must_use]
    pub fn random(rng: &mut Rng, depth: usize, residual: bool) -> Self {
        let extents = [2 + rng.below(3), 2 + rng.below(2)];
        let mut of = Writer { rng, declared: Vec::new(), extents, defines: Vec::new() };
        of.declare();
        let defines = of.define();
        let mut text = String::new();
        let locals = of.locals(&mut text, depth);
        if residual {
            let n = of.extents[0];
            let mut value = of.expression(&[n], depth);
            if let Some(own) = of.declared.iter().rfind(|d| d.shape == [n] && !locals.contains(&d.name)) {
                value = format!("{value} - 0.5*{}", own.name);
            }
            for local in &locals {
                value = match of.shape_of(local).len() {
                    0 => format!("{value} + {local}"),
                    1 if of.shape_of(local) == [n] => format!("{value} + {local} .* {local}"),
                    _ => format!("{value} + sum({local} .* sin({local}))"),
                };
            }
            text.push_str(&value);
        } else {
            let mut value = of.expression(&[], depth);
            for local in &locals {
                value = match of.shape_of(local).len() {
                    0 => format!("{value} + {local}*tanh({local})"),
                    _ => format!("{value} + sum({local} .* sin({local}))"),
                };
            }
            text.push_str(&value);
        }
        let mut declared = of.declared;
        declared.retain(|d| !locals.contains(&d.name));
        Self { text, defines, declared }
    }

    /// Whether the text or a definition speaks of the name, in either spelling.
    #[must_use]
    pub fn speaks_of(&self, name: &str) -> bool {
        let letter = GREEK.iter().find(|(_, ascii)| *ascii == name).map(|(letter, _)| *letter);
        let texts = self.defines.iter().map(String::as_str).chain([self.text.as_str()]);
        let mut words = texts.flat_map(|t| t.split(|c: char| !(c.is_alphanumeric() || c == '_')));
        words.any(|word| word == name || Some(word) == letter)
    }
}

/// Whether the functions that a text calls include this one.
#[must_use]
pub fn calls(text: &str, function: &str) -> bool {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(function).any(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + function.len()..]);
        !before.ends_with(word) && after.starts_with('(')
    })
}

struct Writer<'r> {
    rng: &'r mut Rng,
    declared: Vec<Declared>,
    extents: [usize; 2],
    /// Names of functions that were defined: of one argument, element by element.
    defines: Vec<String>,
}

impl Writer<'_> {
    fn declare(&mut self) {
        let [n, m] = self.extents;
        let mut names = ["x", "y", "theta", "A", "B", "W", "q", "s", "v_1", "lambda", "mu", "Sigma", "type"];
        for k in (1..names.len()).rev() {
            names.swap(k, self.rng.below(k + 1));
        }
        // A vector of each extent, so that there are leaves; a number; and what chance adds.
        let mut shapes = vec![vec![n], vec![m], vec![]];
        for _ in 0..2 + self.rng.below(3) {
            shapes.push(match self.rng.below(7) {
                0 => vec![],
                1 => vec![n],
                2 => vec![n, n],
                3 | 4 => vec![n, m],
                5 => vec![m, n],
                _ => vec![m, m],
            });
        }
        // What is last is differentiated by: sometimes that is what each formula has.
        let turn = self.rng.below(shapes.len());
        shapes.rotate_left(turn);
        for (name, shape) in names.iter().zip(shapes) {
            let symmetric = shape.len() == 2 && shape[0] == shape[1] && self.rng.below(3) == 0;
            self.declared.push(Declared { name: (*name).to_owned(), shape, symmetric });
        }
    }

    fn define(&mut self) -> Vec<String> {
        let mut texts = Vec::new();
        if self.rng.below(3) == 0 {
            let inner = self.one(&CALM).replace('@', "c*u");
            texts.push(format!("wave(u, c = 0.7) = {inner} + 0.3*u"));
            self.defines.extend(["wave(@)", "wave(@, 1.3)", "wave(c = -0.4, u = @)"].map(str::to_owned));
        }
        if self.rng.below(4) == 0 {
            let scalar = self.declared.iter().find(|d| d.shape.is_empty()).map(|d| d.name.clone());
            let outer = self.one(&GROWING).replace('@', "(u - 0.2)");
            texts.push(format!("bend(u) = {outer} ./ (1 + square({} + u))", scalar.unwrap_or("0.3".into())));
            self.defines.push("bend(@)".to_owned());
        }
        texts
    }

    /// Writes up to two local definitions; their names.
    fn locals(&mut self, text: &mut String, depth: usize) -> Vec<String> {
        let mut names = Vec::new();
        for name in ["r", "ρ"] {
            if self.rng.below(3) != 0 {
                continue;
            }
            let [n, m] = self.extents;
            let shape = [vec![n], vec![m], vec![], vec![n, m], vec![n, n]][self.rng.below(5)].clone();
            let value = self.expression(&shape, depth.saturating_sub(1).max(1));
            text.push_str(&format!("{name} = {value}; "));
            self.declared.push(Declared { name: name.to_owned(), shape, symmetric: false });
            names.push(name.to_owned());
        }
        names
    }

    fn shape_of(&self, name: &str) -> Vec<usize> {
        self.declared.iter().find(|d| d.name == name).map(|d| d.shape.clone()).unwrap_or_default()
    }

    fn one<'a>(&mut self, list: &[&'a str]) -> &'a str {
        self.rng.pick(list)
    }

    fn extent(&mut self) -> usize {
        self.extents[self.rng.below(2)]
    }

    fn leaf(&mut self, shape: &[usize]) -> String {
        if shape.is_empty() && self.rng.below(4) == 0 {
            return self.one(&["0.5", "2", "1.25", "pi/4", "1", "3e-1", "π/5"]).to_owned();
        }
        let fitting: Vec<String> =
            self.declared.iter().filter(|d| d.shape == shape).map(|d| d.name.clone()).collect();
        if fitting.is_empty() {
            let parts: Vec<String> = shape.iter().map(|n| self.leaf(&[*n])).collect();
            return match shape.len() {
                0 => "0.7".to_owned(),
                _ if self.rng.below(2) == 0 => format!("({}*{}')", parts[0], parts[1]),
                _ => format!("outer({})", parts.join(", ")),
            };
        }
        let name = fitting[self.rng.below(fitting.len())].clone();
        let letter = GREEK.iter().find(|(_, ascii)| *ascii == name).map(|(letter, _)| *letter);
        match letter {
            Some(letter) if self.rng.below(2) == 0 => letter.to_owned(),
            _ => name,
        }
    }

    fn expression(&mut self, shape: &[usize], depth: usize) -> String {
        if depth == 0 || self.rng.below(12) == 0 {
            return self.leaf(shape);
        }
        let text = self.compound(shape, depth - 1);
        if text.len() > 600 { self.leaf(shape) } else { text }
    }

    fn compound(&mut self, shape: &[usize], d: usize) -> String {
        let scalar = shape.is_empty();
        match self.rng.below(14) {
            0 | 1 => {
                let op = self.one(&["+", "-"]);
                format!("({} {op} {})", self.expression(shape, d), self.expression(shape, d))
            }
            2 => {
                let op = if scalar { "*" } else { self.one(&[".*", ".*", "⊙"]) };
                format!("({} {op} {})", self.expression(shape, d), self.expression(shape, d))
            }
            3 => {
                let (a, b) = (self.expression(shape, d), self.expression(shape, d));
                let op = if scalar { "/" } else { self.one(&["./", "⊘"]) };
                format!("({a} {op} (1.5 + square({b})))")
            }
            4 | 5 => {
                let x = self.expression(shape, d);
                format!("({})", self.one(&CALM).replace('@', &x))
            }
            6 => self.one(&GROWING).replace('@', &self.expression(shape, d)),
            7 if !self.defines.is_empty() => {
                let call = self.defines[self.rng.below(self.defines.len())].clone();
                call.replace('@', &self.expression(shape, d))
            }
            8 => self.choice(shape, d),
            9 => self.power(shape, d),
            10 => {
                // A number beside an array, on either side.
                let (a, b) = (self.expression(&[], d.min(1)), self.expression(shape, d));
                let form = ["(#*@)", "(@/(1.3 + square(#)))", "(# + @)", "(@ - #)", "(#)*(@)*0.5"];
                self.one(&form).replace('#', &a).replace('@', &b)
            }
            _ => match *shape {
                [] => self.scalar(d),
                [n] => self.vector(n, d),
                _ => self.matrix(shape[0], shape[1], d),
            },
        }
    }

    fn choice(&mut self, shape: &[usize], d: usize) -> String {
        let [a, b] = [(); 2].map(|()| self.expression(shape, d));
        let compare = self.one(&["<", "<=", ">", ">="]);
        match self.rng.below(5) {
            0 => format!("max({a}, {b})"),
            1 => format!("min({a}, {b})"),
            2 => format!("where({a} {compare} 0.1, {b}, {})", self.expression(shape, d)),
            3 => {
                let by = self.expression(&[], d.min(1));
                format!("where({by} {compare} 0.15, u = {a}, v = {b})")
            }
            _ => {
                let (x, y) = (self.leaf(shape), self.leaf(shape));
                format!("where({x} {compare} 0.2 + {y}, {a}, {b})")
            }
        }
    }

    fn power(&mut self, shape: &[usize], d: usize) -> String {
        let op = if shape.is_empty() { "^" } else { ".^" };
        let a = self.expression(shape, d);
        match self.rng.below(5) {
            0 => format!("({a}){op}{}", self.one(&["2", "3"])),
            1 => format!("(0.4 + square({a})){op}{}", self.one(&["0.5", "-1", "1.5", "-2", "-0.5"])),
            2 => format!("(0.4 + square({a})){op}tanh({})", self.expression(shape, d)),
            // The exponent is data, or what is differentiated by.
            3 => format!("(0.3 + abs({a})){op}sin({})", self.leaf(&[])),
            _ => format!("(1.2 + sin({a})){op}{}", self.leaf(shape)),
        }
    }

    fn scalar(&mut self, d: usize) -> String {
        let (n, m) = (self.extent(), self.extent());
        let shape = if self.rng.below(2) == 0 { vec![n] } else { vec![n, m] };
        match self.rng.below(30) {
            24 => format!("prod(1 + 0.5*tanh({}))", self.expression(&[n], d)),
            25 => {
                let (i, x, y) = (self.index(), self.expression(&[n], d), self.leaf(&[n]));
                format!("sum[{i}](({x})[{i}]*{y}[{i}]^2)")
            }
            26 => {
                let (i, x) = (self.index(), self.expression(&[n], d));
                format!("sum[{i}]((({x})[{i} + 1] - ({x})[{i}])^2*{i})")
            }
            27 => {
                let (x, a) = (self.leaf(&[n]), self.leaf(&[n, m]));
                let of = self.one(&["#[0]*#[len(#) - 1]", "sum(#[1..].^2)", "norm2(@[0, :])^2 + @[0, 0]"]);
                format!("({})", of.replace('#', &x).replace('@', &a))
            }
            28 => {
                let a = self.leaf(&[n, m]);
                let of = self.one(&[
                    "sum(sin(flatten(#)))/(rows(#) + cols(#))",
                    "sum(tanh(reshape(#, cols(#), rows(#))))/extent(#, 0)",
                    "norm2(pad(#, 1))^2",
                ]);
                of.replace('#', &a)
            }
            29 => {
                let (i, j, x, a) = (self.index(), self.index(), self.leaf(&[n]), self.leaf(&[n, m]));
                format!("sum[{i}](mean[{j}](where({j} <= {i}, {a}[{i}, {j}], {x}[{i}]^2)))")
            }
            22 => {
                let (x, mu, a) = (self.expression(&[n], d), self.leaf(&[n]), self.leaf(&[n, m]));
                format!("multivariate_normal_lpdf(sin({x}), {mu}, ({a})*({a})' + 2*eye)")
            }
            23 => {
                let (x, y) = (self.expression(&[n], d), self.leaf(&[n]));
                format!("dirichlet_lpdf(softmax({x}), 1.2 + square(tanh({y})))")
            }
            0 => format!("sum({})", self.expression(&shape, d)),
            1 => format!("mean({})", self.expression(&shape, d)),
            2 => format!("norm2({})", self.expression(&shape, d)),
            3 => format!("norm1({})", self.expression(&shape, d)),
            4 => format!("norm_inf({})", self.expression(&shape, d)),
            5 => format!("max({})", self.expression(&shape, d)),
            6 => format!("min(x = {})", self.expression(&shape, d)),
            7 => format!("logsumexp({})", self.expression(&shape, d)),
            8 => format!("dot({}, y = {})", self.expression(&[n], d), self.expression(&[n], d)),
            9 => format!("(({})'*{})", self.expression(&[n], d), self.expression(&[n], d)),
            10 => format!("tr({})", self.expression(&[n, n], d)),
            11 => format!("det(sin({}) + {}*eye)", self.expression(&[n, n], d), n + 1),
            12 => {
                let a = self.expression(&[n, m], d);
                format!("logdet(({a})*({a})' + eye)")
            }
            13 => format!("norm2({})^2", self.expression(&shape, d)),
            14 => format!("sum(tanh(kron({}, {})))", self.expression(&[n, m], d), self.leaf(&[m, n])),
            15 => format!("tr(kron(A = {}, B = {}))", self.leaf(&[n, n]), self.expression(&[m, m], d)),
            16 => {
                let (x, y) = (self.expression(&[n], d), self.expression(&[m], d));
                format!("(({x})'*{}*{y})", self.expression(&[n, m], d))
            }
            17 => format!("tr(({})'*{})", self.expression(&[n, m], d), self.expression(&[n, m], d)),
            18 => {
                let x = self.leaf(&[n]);
                let a = self.expression(&[n, n], d);
                format!("({x}'*solve(0.3*sin({a}) + {n}*eye, {x}))")
            }
            19 => format!("norm2({} - {}*({})')^2/2", self.leaf(&[n, m]), self.leaf(&[n]), self.leaf(&[m])),
            20 => format!("sum(matrix(0.4) .* {})", self.expression(&[n, m], d)),
            _ => format!("sum(square({}*{} - {}))", self.leaf(&[n, m]), self.leaf(&[m]), self.leaf(&[n])),
        }
    }

    /// A name for an index that no other has, most likely.
    fn index(&mut self) -> String {
        format!("i{}", self.rng.below(1_000_000))
    }

    fn vector(&mut self, n: usize, d: usize) -> String {
        let m = self.extent();
        match self.rng.below(18) {
            16 => format!("(0.3*cumsum({}))", self.expression(&[n], d)),
            17 => {
                let (i, x, y) = (self.index(), self.leaf(&[n]), self.leaf(&[n]));
                format!("vector[{i}]({x}[len({x}) - 1 - {i}]*{y}[{i}])")
            }
            0 | 1 => format!("({}*{})", self.expression(&[n, m], d), self.expression(&[m], d)),
            2 => format!("(({})'*{})", self.expression(&[m, n], d), self.expression(&[m], d)),
            3 => format!("t(({})'*{})", self.expression(&[m], d), self.expression(&[m, n], d)),
            4 => format!("softmax({})", self.expression(&[n], d)),
            5 => format!("log_softmax({})", self.expression(&[n], d)),
            6 => format!("rowsum({})", self.expression(&[n, m], d)),
            7 => format!("colsum({})", self.expression(&[m, n], d)),
            8 => format!("rowmax({})", self.expression(&[n, m], d)),
            9 => format!("diag({})", self.expression(&[n, n], d)),
            10 => {
                let (a, b) = (self.expression(&[n, n], d), self.expression(&[n], d));
                format!("solve(0.5*tanh({a}) + {n}*eye, b = {b})")
            }
            11 => {
                let (a, b) = (self.expression(&[n, n], d), self.expression(&[n], d));
                format!("(inv(0.4*sin({a}) + {n}*eye)*{b})")
            }
            12 => {
                // By a matrix that is symmetric and positive definite, and by a transpose.
                let (a, b) = (self.expression(&[n, m], d), self.expression(&[n], d));
                let of = self.one(&["solve(#*#' + eye, @)", "solve((#*#' + 2*eye)', @)"]);
                of.replace('#', &format!("({a})")).replace('@', &b)
            }
            13 => format!("({} .* vector(0.6))", self.expression(&[n], d)),
            14 => format!("(vector(1.1) - {})", self.expression(&[n], d)),
            _ => format!("({}/norm2({}))", self.leaf(&[n]), self.leaf(&[n])),
        }
    }

    fn matrix(&mut self, n: usize, m: usize, d: usize) -> String {
        let k = self.extent();
        match self.rng.below(15) {
            0 => format!("({}*{})", self.expression(&[n, k], d), self.expression(&[k, m], d)),
            1 => format!("(({})'*{})", self.expression(&[k, n], d), self.expression(&[k, m], d)),
            2 => format!("({}*({})')", self.expression(&[n, k], d), self.expression(&[m, k], d)),
            3 => format!("({})'", self.expression(&[m, n], d)),
            4 => format!("t(X = {})", self.expression(&[m, n], d)),
            5 => format!("outer({}, y = {})", self.expression(&[n], d), self.expression(&[m], d)),
            6 => format!("({}*({})')", self.expression(&[n], d), self.expression(&[m], d)),
            7 if n == m => format!("inv(0.4*tanh({}) + {n}*eye)", self.expression(&[n, n], d)),
            8 if n == m => format!("diag({})", self.expression(&[n], d)),
            9 if n == m => format!("(0.6*tanh({}))^{}", self.expression(&[n, n], d), self.rng.below(4)),
            10 if n == m => format!("({} - 0.5*eye)", self.expression(&[n, n], d)),
            11 => format!("({} + matrix(0.3))", self.expression(&[n, m], d)),
            12 => format!("({}*vector(1)' + {})", self.expression(&[n], d), self.leaf(&[n, m])),
            13 => {
                let (a, b) = (self.expression(&[n, n], d), self.expression(&[n, m], d));
                format!("solve(0.4*sin({a}) + {n}*eye, {b})")
            }
            _ => {
                let x = self.expression(&[n], d);
                format!("(diag({x})*{})", self.expression(&[n, m], d))
            }
        }
    }
}
