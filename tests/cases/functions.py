"""The cases of functions.json and densities.json, without gradsmith: each function and each log-density written out
by hand with mpmath at 500 digits, derivatives by differences, rounded once to double. 40 points each; where SciPy is
installed its log-densities are compared, to what it is good for. Run: python3 functions.py (needs mpmath)."""

import json
import random
from mpmath import (mp, mpf, exp, log, sqrt, pi, loggamma, log1p, expm1, sin, atan2, erfc, psi, matrix, lu_solve, det)

try:
    from scipy import stats
except ImportError:
    stats = None

mp.dps = 500
POINTS = 40
rnd = random.Random(20)


def xlogy(x, y):
    return mpf(0) if x == 0 else x * log(y)


def lbeta(a, b):
    return loggamma(a) + loggamma(b) - loggamma(a + b)


def normal(x, mu, s):
    return -((x - mu) / s) ** 2 / 2 - log(s) - log(2 * pi) / 2


def student(x, nu, mu, s):
    return (loggamma((nu + 1) / 2) - loggamma(nu / 2) - log(nu * pi) / 2 - log(s)
            - (nu + 1) / 2 * log(1 + ((x - mu) / s) ** 2 / nu))


def gamma(x, a, b):
    return a * log(b) - loggamma(a) + xlogy(a - 1, x) - b * x


def logistic(x, mu, s):
    z = abs(x - mu) / s
    return -z - 2 * log1p(exp(-z)) - log(s)


def negative_binomial(y, mu, phi):
    return (loggamma(y + phi) - loggamma(phi) - loggamma(y + 1) + xlogy(y, mu / (mu + phi))
            + phi * log(phi / (mu + phi)))


def up(lo, hi):
    """A positive number of any size between 10^lo and 10^hi, with three digits."""
    return float(f"{10 ** rnd.uniform(lo, hi):.3g}")


def num(lo, hi):
    return round(rnd.uniform(lo, hi), 3)


def one(*draws):
    return rnd.choice(draws)()


def count(hi):
    return float(rnd.choice([0, 1, rnd.randint(0, 9), rnd.randint(0, hi)]))


def far():
    return one(lambda: num(-3, 3), lambda: num(-40, 40), lambda: rnd.choice([-1, 1]) * up(0, 12))


def size():
    return one(lambda: num(0.3, 3), lambda: up(-4, 4))


def trials():
    n = float(rnd.choice([1, 7, 50, 1000, 100000]))
    p = one(lambda: num(0.05, 0.95), lambda: up(-12, -2))
    return float(min(n, round(n * p) + rnd.randint(0, 3))), n, p


# Name: parameters, the function, a draw, which are differentiated by (all but counts), SciPy's.
DENSITIES = {
    "normal_lpdf": ("x mu sigma", normal, lambda: (far(), num(-2, 2), size()), "x mu sigma",
                    lambda x, m, s: stats.norm.logpdf(x, m, s)),
    "student_t_lpdf": ("x nu mu sigma", student,
                       lambda: (far(), one(lambda: num(0.5, 9), lambda: up(0, 16), lambda: 1e16), num(-2, 2),
                                size()), "x nu mu sigma",
                       lambda x, n, m, s: stats.t.logpdf(x, n, m, s)),
    "laplace_lpdf": ("x mu b", lambda x, m, b: -abs(x - m) / b - log(2 * b), lambda: (far(), num(-2, 2), size()),
                     "x mu b", lambda x, m, b: stats.laplace.logpdf(x, m, b)),
    "cauchy_lpdf": ("x mu sigma", lambda x, m, s: -log(1 + ((x - m) / s) ** 2) - log(pi * s),
                    lambda: (one(far, lambda: up(100, 200)), num(-2, 2), size()), "x mu sigma",
                    lambda x, m, s: stats.cauchy.logpdf(x, m, s)),
    "logistic_lpdf": ("x mu s", logistic, lambda: (far(), num(-2, 2), size()), "x mu s",
                      lambda x, m, s: stats.logistic.logpdf(x, m, s)),
    "lognormal_lpdf": ("x mu sigma", lambda x, m, s: normal(log(x), m, s) - log(x),
                       lambda: (up(-30, 30), num(-2, 2), size()), "x mu sigma",
                       lambda x, m, s: stats.lognorm.logpdf(x, s, scale=float(exp(mpf(m))))),
    "gamma_lpdf": ("x alpha beta", gamma,
                   lambda: one(lambda: (up(-8, 2), one(lambda: num(0.2, 9), lambda: up(-3, 2), lambda: 1.0), size()),
                               lambda: (lambda a: (float(f"{a * num(0.99, 1.01):.4g}"), a, 1.0))(up(2, 8))), "x alpha beta",
                   lambda x, a, b: stats.gamma.logpdf(x, a, scale=1 / b)),
    "inverse_gamma_lpdf": ("x alpha beta", lambda x, a, b: gamma(1 / x, a, b) - 2 * log(x),
                           lambda: (up(-2, 8), one(lambda: num(0.2, 9), lambda: up(-3, 2)), size()), "x alpha beta",
                           lambda x, a, b: stats.invgamma.logpdf(x, a, scale=b)),
    "beta_lpdf": ("x a b", lambda x, a, b: xlogy(a - 1, x) + (b - 1) * log1p(-x) - lbeta(a, b),
                  lambda: (one(lambda: num(0.01, 0.99), lambda: up(-20, -3)), size(), one(size, lambda: 1.0)), "x a b",
                  lambda x, a, b: stats.beta.logpdf(x, a, b)),
    "exponential_lpdf": ("x rate", lambda x, r: log(r) - r * x, lambda: (one(lambda: 0.0, lambda: up(-5, 5)), size()),
                         "x rate", lambda x, r: stats.expon.logpdf(x, scale=1 / r)),
    "weibull_lpdf": ("x alpha sigma",
                     lambda x, a, s: log(a / s) + xlogy(a - 1, x / s) - (x / s) ** a,
                     lambda: (up(-8, 2), num(0.4, 5), size()), "x alpha sigma",
                     lambda x, a, s: stats.weibull_min.logpdf(x, a, scale=s)),
    "poisson_lpmf": ("y rate", lambda y, r: xlogy(y, r) - r - loggamma(y + 1),
                     lambda: one(lambda: (0.0, one(lambda: 0.0, lambda: up(-20, 3))),
                                 lambda: (count(60), up(-3, 3)), lambda: (float(round(up(3, 9))), up(3, 9))),
                     "rate", lambda y, r: stats.poisson.logpmf(y, r)),
    "binomial_lpmf": ("y n p", lambda y, n, p: (loggamma(n + 1) - loggamma(y + 1) - loggamma(n - y + 1) + xlogy(y, p)
                                                + (n - y) * log1p(-p)), trials, "p",
                      lambda y, n, p: stats.binom.logpmf(y, n, p)),
    "negative_binomial_lpmf": ("y mu phi", negative_binomial,
                               lambda: (count(60), one(lambda: 54.6, lambda: up(-9, 3)),
                                        one(lambda: num(0.3, 20), lambda: up(0, 16), lambda: 6e16)), "mu phi",
                               lambda y, m, f: stats.nbinom.logpmf(y, f, f / (f + m))),
    "bernoulli_lpmf": ("y p", lambda y, p: log(p) if y == 1 else log1p(-p),
                       lambda: (float(rnd.randint(0, 1)), one(lambda: num(0.01, 0.99), lambda: up(-20, -2))), "p",
                       lambda y, p: stats.bernoulli.logpmf(y, p)),
}


def mills_fraction(a):
    """F of Φ(−a) = φ(a)/(a + 1/(a + F)), Laplace's continued fraction."""
    f = mpf(0)
    for k in range(40000 if a < 50 else 4000, 1, -1):
        f = k / (a + f)
    return f


def log_normal_cdf(x):
    if x > -30:
        return log(erfc(-x / sqrt(mpf(2))) / 2)
    return -x * x / 2 - log(2 * pi) / 2 - log(-x + 1 / (-x + mills_fraction(-x)))


def cbrt(x):
    return -cbrt(-x) if x < 0 else x ** (mpf(1) / 3)


def angle():
    return rnd.choice([-1, 1]) * up(-4, 4)


# As DENSITIES, without SciPy: what users call.
WORDS = {
    "logaddexp": ("x y", lambda x, y: max(x, y) + log1p(exp(-abs(x - y))),
                  lambda: one(lambda: (num(-3, 3), num(-3, 3)), lambda: (num(-800, 800), num(-800, 800)))),
    "log1mexp": ("x", lambda x: log(-expm1(x)), lambda: (-one(lambda: num(0.01, 40), lambda: up(-3, 2.8)),)),
    "xlogy": ("x y", xlogy, lambda: (num(-3, 3), up(-3, 3))),
    "log2": ("x", lambda x: log(x) / log(mpf(2)), lambda: (up(-3, 3),)),
    "log10": ("x", lambda x: log(x) / log(mpf(10)), lambda: (up(-3, 3),)),
    "cbrt": ("x", cbrt, lambda: (angle(),)),
    "hypot": ("x y", lambda x, y: sqrt(x * x + y * y), lambda: (angle(), angle())),
    "atan2": ("y x", lambda y, x: atan2(y, x), lambda: (angle(), angle())),
    "sinc": ("x", lambda x: sin(x) / x, lambda: (one(lambda: num(0.001, 2), lambda: num(-20, 20), lambda: up(-12, 3)),)),
    "erfc": ("x", erfc, lambda: (one(lambda: num(-4, 4), lambda: num(0, 26)),)),
    "normal_cdf": ("x", lambda x: erfc(-x / sqrt(mpf(2))) / 2, lambda: (one(lambda: num(-5, 5), lambda: num(-37, 9)),)),
    "normal_pdf": ("x", lambda x: exp(-x * x / 2) / sqrt(2 * pi), lambda: (one(lambda: num(-5, 5), lambda: num(-37, 37)),)),
    "log_normal_cdf": ("x", log_normal_cdf, lambda: (one(lambda: num(-4, 4), lambda: num(-40, 9), lambda: -up(2, 100)),)),
    "trigamma": ("x", lambda x: psi(1, x), lambda: (up(-2, 6),)),
    "lbeta": ("x y", lbeta, lambda: (up(-3, 8), up(-3, 8))),
    "log_gamma_ratio": ("x n", lambda x, n: loggamma(x + n) - loggamma(x),
                        lambda: (up(-3, 16), one(lambda: num(0.1, 30), lambda: up(-6, 3)))),
}
# Whose derivatives have zeros in between.
CROSSING = ["sinc", "lbeta", "log_gamma_ratio", "trigamma", "normal_pdf", "atan2"]


def word(name):
    params, f, draw = WORDS[name]
    DENSITIES[name] = (params, f, draw, None, None)
    case = element_wise(name, None)
    case["gradient_floor"] = 1e-14 if name in CROSSING else 0.0
    return case


def rounded(x):
    """To double; what is left of an exact 0 is 0."""
    return float(x) if abs(x) > mpf(10) ** -330 else 0.0


# Whose smallest derivatives are meant, too.
EXACT = ["student_t_lpdf", "negative_binomial_lpmf", "cauchy_lpdf"]


def steps(x):
    return mpf(10) ** -60 * (abs(x) if x else 1)


def slopes(f, args, k):
    """The first and second derivative by the k-th argument."""
    h = steps(args[k])
    # At the edge of a support from inside.
    at = [f(*(a + (n * h if j == k else 0) for j, a in enumerate(args))) for n in (0, 1, 2, 3)]
    if args[k] == 0:
        return ((-11 * at[0] + 18 * at[1] - 9 * at[2] + 2 * at[3]) / (6 * h),
                (2 * at[0] - 5 * at[1] + 4 * at[2] - at[3]) / h ** 2)
    back = f(*(a - (h if j == k else 0) for j, a in enumerate(args)))
    return (at[1] - back) / (2 * h), (at[1] - 2 * at[0] + back) / h ** 2


def vector(data):
    return {"kind": "vector", "shape": [len(data)], "data": data}


def element_wise(name, other=stats):
    params, f, draw, by, scipy = DENSITIES[name]
    params = params.split()
    by = params if by is None else by.split()
    points = [draw() for _ in range(POINTS)]
    exact = [[mpf(a) for a in p] for p in points]
    values = [float(f(*p)) for p in exact]
    if other is stats and stats is not None:
        for p, value in zip(points, values):
            other = float(scipy(*p))
            if abs(other - value) > 1e-6 * max(1, abs(value)):
                print(f"{name}{p}: {value}, of SciPy {other}")
    gradient, products = {"q": values}, {}
    for v in by:
        both = [slopes(f, p, params.index(v)) for p in exact]
        gradient[v] = [rounded(d) for d, _ in both]
        products[v] = {"v": [1.0] * POINTS, "result": [rounded(d) for _, d in both]}
    variables = {v: vector([p[k] for p in points]) for k, v in enumerate(params)}
    return {
        "name": name, "expr": f"dot(q, {name}({', '.join(params)}))",
        "vars": {"q": vector([1.0] * POINTS), **variables}, "wrt": ["q"] + by,
        "value": float(sum(f(*p) for p in exact)), "gradient": gradient, "hvp": products,
        "form": "objective", "tolerance": 1e-12, "gradient_floor": 0.0 if name in EXACT else 1e-13, "required": True,
    }


def of_entries(name, expr, variables, f):
    """A case of a number that depends on vectors, by each of them."""
    gradient = {}
    for v, data in variables.items():
        gradient[v] = []
        for k in range(len(data["data"])):
            def at(x):
                moved = {n: [mpf(a) for a in d["data"]] for n, d in variables.items()}
                moved[v][k] = x
                return f(*moved.values())
            gradient[v].append(float(slopes(at, [mpf(data["data"][k])], 0)[0]))
    value = f(*([mpf(a) for a in d["data"]] for d in variables.values()))
    return {"name": name, "expr": expr, "vars": variables, "wrt": list(variables), "value": float(value),
            "gradient": gradient, "form": "objective", "tolerance": 1e-12, "gradient_floor": 1e-13, "required": True}


def multivariate(x, mu, s):
    n = len(x)
    cov = matrix(n, n)
    for k in range(n * n):
        cov[k // n, k % n] = s[k]
    r = matrix([a - b for a, b in zip(x, mu)])
    return -((r.T * lu_solve(cov, r))[0] + log(det(cov)) + n * log(2 * pi)) / 2


def dirichlet(x, alpha):
    return loggamma(sum(alpha)) - sum(map(loggamma, alpha)) + sum(xlogy(a - 1, b) for a, b in zip(alpha, x))


def write(name, cases):
    with open(name, "w") as out:
        out.write("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]\n")


def main():
    cases = [element_wise(name) for name in DENSITIES]
    for k in range(10):
        n = 2 + k % 3
        root = [[num(-1, 1) for _ in range(n)] for _ in range(n)]
        cov = [sum(a * b for a, b in zip(p, q)) + (0.5 if i == j else 0) for i, p in enumerate(root)
               for j, q in enumerate(root)]
        variables = {"x": vector([num(-3, 3) for _ in range(n)]), "mu": vector([num(-1, 1) for _ in range(n)]),
                     "S": {"kind": "matrix", "shape": [n, n], "data": [round(c, 6) for c in cov]}}
        cases.append(of_entries(f"multivariate_normal_lpdf {k}", "multivariate_normal_lpdf(x, mu, S)", variables,
                                multivariate))
    for k in range(10):
        n = 2 + k % 4
        # Sixteenths, whose sum is 1 exactly.
        cuts = sorted(rnd.sample(range(1, 16), n - 1))
        x = [(b - a) / 16 for a, b in zip([0] + cuts, cuts + [16])]
        variables = {"x": vector(x), "alpha": vector([size() for _ in range(n)])}
        cases.append(of_entries(f"dirichlet_lpdf {k}", "dirichlet_lpdf(x, alpha)", variables, dirichlet))
    write("densities.json", cases)
    write("functions.json", [word(name) for name in WORDS])


main()
