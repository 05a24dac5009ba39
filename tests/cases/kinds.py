"""Members of the kinds of formulas that are stable however they are spelled, drawn at random: values, gradients and
Hessians by mpmath at 400 digits, differences with steps of 1e-40 relative to the argument, rounded once to double. Each
member is written out here by hand; no rule of differentiation is used, and nothing reads the text of a case. At edges
(powers of 0, branches not taken, roots of 0) what is wanted is written down. Run: python3 kinds.py (needs mpmath)."""

import json
import random
from mpmath import mp, mpf, exp, log, sqrt, tanh, cosh, sinh, cos, sin, erf, ncdf, loggamma

mp.dps = 400


def number(x):
    return float(x)


def tensor(data):
    if isinstance(data, list) and isinstance(data[0], list):
        return {"kind": "matrix", "shape": [len(data), len(data[0])], "data": [x for row in data for x in row]}
    if isinstance(data, list):
        return {"kind": "vector", "shape": [len(data)], "data": data}
    return {"kind": "scalar", "shape": [], "data": [data]}


def exact(data):
    if isinstance(data, list):
        return [exact(x) for x in data]
    return mpf(data)


def moved(values, places):
    """The values with each (name, place) moved by so much."""
    out = dict(values)
    for (name, k), h in places:
        if isinstance(out[name], list):
            out[name] = list(out[name])
            out[name][k] += h
        else:
            out[name] = out[name] + h
    return out


def entries(values, name):
    v = values[name]
    return [(name, k) for k in range(len(v))] if isinstance(v, list) else [(name, 0)]


def step(values, place):
    name, k = place
    v = values[name][k] if isinstance(values[name], list) else values[name]
    return (abs(v) if v else mpf(1)) * mpf(10) ** -40


def case(name, expr, variables, wrt, f, hessian=True, tolerance=1e-12):
    values = {n: exact(v) for n, v in variables.items()}
    gradient, second = {}, {}
    for w in wrt:
        places = entries(values, w)
        h = [step(values, p) for p in places]
        gradient[w] = [number((f(moved(values, [(p, s)])) - f(moved(values, [(p, -s)]))) / (2 * s)) for p, s in zip(places, h)]
        if not hessian:
            continue
        block, middle = [], f(values)
        for i, p in enumerate(places):
            for j, q in enumerate(places):
                if i == j:
                    d = (f(moved(values, [(p, h[i])])) - 2 * middle + f(moved(values, [(p, -h[i])]))) / h[i] ** 2
                else:
                    corners = [s * t * f(moved(values, [(p, s * h[i]), (q, t * h[j])])) for s in (1, -1) for t in (1, -1)]
                    d = sum(corners) / (4 * h[i] * h[j])
                block.append(number(d))
        second[f"{w},{w}"] = block
    made = {"name": name, "expr": expr, "vars": {n: tensor(v) for n, v in variables.items()}, "wrt": wrt,
            "value": number(f(values)), "gradient": gradient, "tolerance": tolerance, "tags": [], "form": "objective"}
    if hessian:
        made["hessian"] = second
    return made


def edge(name, expr, variables, wrt, value, gradient, hessian=None):
    made = {"name": name, "expr": expr, "vars": {n: tensor(v) for n, v in variables.items()}, "wrt": wrt, "value": value,
            "gradient": gradient, "tolerance": 1e-12, "tags": [], "form": "objective"}
    if hessian is not None:
        made["hessian"] = hessian
    return made


def softplus(x):
    return log(1 + exp(x))


def sigmoid(x):
    return 1 / (1 + exp(-x))


rng = random.Random(20261128)


def of_any_size():
    """A number of moderate, large or huge size and either sign, with few digits."""
    size = rng.choice([1, 1, 10, 40, 300, 720, 1500])
    return round(rng.uniform(-1, 1) * size, 2)


def small():
    return rng.choice([1, -1]) * round(rng.uniform(1, 9), 1) * 10.0 ** rng.choice([-1, -3, -8, -20])


def weight():
    return round(rng.uniform(0.1, 3), 2)


def sums():
    """Logarithms, quotients and powers of sums of exponentials."""
    for k in range(8):
        a, b, c, p = of_any_size(), of_any_size(), weight(), round(rng.uniform(0.05, 0.95), 2)
        z = [of_any_size() for _ in range(3)]
        yield case(f"two_{k}", "log(exp(a) + exp(b))", {"a": a, "b": b}, ["a", "b"], lambda v: log(exp(v["a"]) + exp(v["b"])))
        yield case(f"scaled_{k}", f"log({c}*exp(a) + 2*exp(b) + 1)", {"a": a, "b": b}, ["a", "b"],
                   lambda v, c=c: log(mpf(c) * exp(v["a"]) + 2 * exp(v["b"]) + 1))
        yield case(f"mixture_{k}", "log(p*exp(a) + (1 - p)*exp(b))", {"a": a, "b": b, "p": p}, ["a", "p"],
                   lambda v: log(v["p"] * exp(v["a"]) + (1 - v["p"]) * exp(v["b"])))
        yield case(f"beside_{k}", "log(c + exp(a))", {"a": a, "c": c}, ["a", "c"], lambda v: log(v["c"] + exp(v["a"])))
        yield case(f"mean_{k}", "log(mean(exp(z)))", {"z": z}, ["z"], lambda v: log(sum(map(exp, v["z"])) / 3))
        yield case(f"and_one_{k}", "log(1 + sum(exp(z)))", {"z": z}, ["z"], lambda v: log(1 + sum(map(exp, v["z"]))))
        q = [rng.choice([0.0, weight()]) for _ in range(2)] + [weight()]
        yield case(f"weighted_{k}", "log(dot(q, exp(z)))", {"z": z, "q": q}, ["z"],
                   lambda v: log(sum(w * exp(x) for w, x in zip(v["q"], v["z"]))))
        M = [[rng.choice([0.0, 1.0]), rng.choice([0.0, 1.0]), 1.0] for _ in range(2)]
        yield case(f"matrix_{k}", "sum(log(M*exp(z)))", {"z": z, "M": M}, ["z"],
                   lambda v: sum(log(sum(m * exp(x) for m, x in zip(row, v["z"]))) for row in v["M"]), hessian=False)
        top, low = max(a, b) + 0.5, min(a, b)
        yield case(f"difference_{k}", "log(exp(a) - exp(b))", {"a": top, "b": low}, ["a", "b"],
                   lambda v: log(exp(v["a"]) - exp(v["b"])))
        s = abs(of_any_size()) + 0.01
        yield case(f"less_one_{k}", "log(exp(s) - 1) + log(1 - exp(-s)) + log(sinh(s))", {"s": s}, ["s"],
                   lambda v: log(exp(v["s"]) - 1) + log(1 - exp(-v["s"])) + log(sinh(v["s"])))
        yield case(f"share_{k}", "exp(a)/(1 + exp(a) + exp(b))", {"a": a, "b": b}, ["a", "b"],
                   lambda v: exp(v["a"]) / (1 + exp(v["a"]) + exp(v["b"])), hessian=abs(a) < 300)
        yield case(f"density_{k}", "log(2*exp(a)/(exp(a) + exp(b))^2)", {"a": a, "b": b}, ["a", "b"],
                   lambda v: log(2 * exp(v["a"]) / (exp(v["a"]) + exp(v["b"])) ** 2), hessian=False)
        yield case(f"of_sums_{k}", "log(sum(exp(z))*(1 + exp(a))) + log(3 + (1 + exp(b))*sum(exp(z)))", {"a": a, "b": b, "z": z},
                   ["a", "b", "z"], lambda v: log(sum(map(exp, v["z"])) * (1 + exp(v["a"])))
                   + log(3 + (1 + exp(v["b"])) * sum(map(exp, v["z"]))))
        yield case(f"constants_{k}", "log1p(1 + exp(a)) + log(expm1(s) + expm1(2*s)) + log(exp(s) + expm1(s) - 0.5)",
                   {"a": a, "s": s}, ["a", "s"], lambda v: log(2 + exp(v["a"])) + log(exp(v["s"]) + exp(2 * v["s"]) - 2)
                   + log(2 * exp(v["s"]) - mpf(1.5)))
        yield case(f"root_{k}", "(1 + exp(a))^p", {"a": min(a, 600.0), "p": p}, ["a", "p"], lambda v: (1 + exp(v["a"])) ** v["p"])
        yield case(f"sigmoids_{k}", "log(p*sigmoid(a) + 2*sigmoid(b))", {"a": -abs(a), "b": -abs(b), "p": p}, ["a", "b"],
                   lambda v: log(v["p"] * sigmoid(v["a"]) + 2 * sigmoid(v["b"])))


def logarithms():
    """Logarithms of products, powers and what else is positive."""
    for k in range(6):
        s, p, n = 10.0 ** -rng.choice([1, 10, 40]) * weight(), float(rng.randint(1, 60)), float(rng.randint(80, 900))
        yield case(f"power_{k}", "log(s^p)", {"s": s, "p": p}, ["s", "p"], lambda v: v["p"] * log(v["s"]))
        yield case(f"likelihood_{k}", "log(s^p*(1 - s)^(n - p))", {"s": min(s, 0.4), "p": p, "n": n}, ["s"],
                   lambda v: v["p"] * log(v["s"]) + (v["n"] - v["p"]) * log(1 - v["s"]))
        x = of_any_size()
        yield case(f"squares_{k}", "log((1 + s)^2) + log((2 + s)/2) + log(x^40)", {"s": small(), "x": x}, ["s", "x"],
                   lambda v: 2 * log(abs(1 + v["s"])) + log(1 + v["s"] / 2) + 40 * log(abs(v["x"])))
        yield case(f"softplus_{k}", "log(softplus(x))", {"x": x}, ["x"], lambda v: log(softplus(v["x"])), tolerance=4e-12)
        yield case(f"cosh_{k}", "log(cosh(x)^2) + log(1 - tanh(x)^2)/2", {"x": x}, ["x"], lambda v: log(cosh(v["x"])))
        t = round(rng.uniform(-60, 8), 2)
        yield case(f"tail_{k}", "log((1 + erf(x/sqrt(2)))/2)", {"x": t}, ["x"], lambda v: log(ncdf(v["x"])), tolerance=1e-11)
        t, b = 10.0 ** rng.choice([-30, -2, 0, 3, 200]) * weight(), weight() * 2
        yield case(f"log_logistic_{k}", "log(1 + (t/a)^b)", {"t": t, "a": weight(), "b": b}, ["a", "b"],
                   lambda v: log(1 + (v["t"] / v["a"]) ** v["b"]))
        yield case(f"hill_{k}", "(t/a)^b/(1 + (t/a)^b)", {"t": t, "a": weight(), "b": b}, ["a", "b"],
                   lambda v: (v["t"] / v["a"]) ** v["b"] / (1 + (v["t"] / v["a"]) ** v["b"]), hessian=False)


def near_zero():
    for k in range(6):
        s, p = small(), weight()
        yield case(f"cosine_{k}", "1 - cos(s)", {"s": s}, ["s"], lambda v: 1 - cos(v["s"]))
        yield case(f"root_less_one_{k}", "2*(sqrt(1 + s^2/2) - 1)", {"s": s}, ["s"], lambda v: 2 * (sqrt(1 + v["s"] ** 2 / 2) - 1))
        yield case(f"root_of_less_{k}", "3 - 3*sqrt(1 - s)", {"s": s}, ["s"], lambda v: 3 - 3 * sqrt(1 - v["s"]))
        yield case(f"power_less_one_{k}", "(1 + s)^p - 1", {"s": s, "p": p}, ["s", "p"], lambda v: (1 + v["s"]) ** v["p"] - 1)
        yield case(f"third_less_one_{k}", "(1 + s)^0.3 - 1", {"s": s}, ["s"], lambda v: (1 + v["s"]) ** mpf(0.3) - 1)
        yield case(f"two_to_{k}", "2^s - 1", {"s": s}, ["s"], lambda v: mpf(2) ** v["s"] - 1)
        yield case(f"box_cox_{k}", "(x^s - 1)/s", {"x": weight(), "s": s}, ["x", "s"], lambda v: (v["x"] ** v["s"] - 1) / v["s"])
        yield case(f"over_{k}", "(exp(s) - 1)/s + sin(s)/s", {"s": s}, ["s"],
                   lambda v: (exp(v["s"]) - 1) / v["s"] + sin(v["s"]) / v["s"])
        yield case(f"rotation_{k}", "(1 - cos(s))/s^2", {"s": s}, ["s"], lambda v: (1 - cos(v["s"])) / v["s"] ** 2)
        yield case(f"survival_{k}", "log(1 - (1 - p)^n)", {"p": abs(s) / 10, "n": float(rng.randint(2, 9))}, ["p"],
                   lambda v: log(1 - (1 - v["p"]) ** v["n"]))


def spellings():
    """The stable spellings that people copy."""
    for k in range(5):
        x, z = of_any_size(), weight()
        entropy = lambda v: softplus(v["x"]) - v["x"] * v["z"]
        for name, text in [("max", "max(x, 0) - x*z + log(1 + exp(-abs(x)))"), ("relu", "relu(x) - x*z + log1p(exp(-abs(x)))"),
                           ("clip", "clip(x, 0, 1e300) - x*z + log(1 + exp(-abs(x)))")]:
            yield case(f"{name}_{k}", text, {"x": x, "z": z}, ["x"], entropy)
        yield case(f"tanh_{k}", "log(0.5*(1 + tanh(x/2)))", {"x": x}, ["x"], lambda v: -softplus(-v["x"]))


def shares():
    """Powers of two bases, with one exponent, and what their sum is a part of."""
    for k in range(8):
        x, b, n = 10.0 ** rng.choice([-120, -3, 0, 0, 2, 150]) * weight(), 10.0 ** rng.choice([-30, 0, 0, 40]) * weight(), 3 * weight()
        v = {"x": x, "k": b, "n": round(n, 3)}
        part = lambda v: 1 / (1 + (v["k"] / v["x"]) ** v["n"])
        rest = lambda v: 1 / (1 + (v["x"] / v["k"]) ** v["n"])
        for name, text, f in [
                ("hill", "x^n/(k^n + x^n)", part), ("rest", "1 - x^n/(x^n + k^n)", rest), ("other", "3*k^n/(2*k^n + 2*x^n)", lambda v: 1.5 * rest(v)),
                ("log_hill", "log(x^n/(k^n + x^n))", lambda v: -log(1 + (v["k"] / v["x"]) ** v["n"])),
                ("log_rest", "log(1 - x^n/(k^n + x^n))", lambda v: -log(1 + (v["x"] / v["k"]) ** v["n"])),
                ("log_both", "log(x^n + k^n)", lambda v: v["n"] * log(v["k"]) + log(1 + (v["x"] / v["k"]) ** v["n"]))]:
            yield case(f"{name}_{k}", text, v, ["x", "k", "n"], f, tolerance=1e-11)
        x = 10.0 ** rng.choice([-100, -1, 0, 100]) * weight()
        density = lambda v: v["n"] * v["x"] ** (v["n"] - 1) / (1 + v["x"] ** v["n"]) ** 2
        yield case(f"density_{k}", "n*x^(n - 1)/(1 + x^n)^2", {"x": x, "n": v["n"]}, ["x", "n"], density, tolerance=1e-11)
        yield case(f"log_density_{k}", "log(n) + (n - 1)*log(x) - 2*log(1 + x^n)", {"x": x, "n": v["n"]}, ["x", "n"],
                   lambda v: log(density(v)), tolerance=1e-11)
        x = 10.0 ** rng.choice([0, 4, 10, 16]) * weight()
        yield case(f"gamma_ratio_{k}", "lgamma((x + 1)/2) - lgamma(x/2) + 2*lgamma(3 + n) - 2*lgamma(n)", {"x": x, "n": x / 3}, ["x"],
                   lambda v: loggamma((v["x"] + 1) / 2) - loggamma(v["x"] / 2) + 2 * loggamma(v["n"] + 3) - 2 * loggamma(v["n"]),
                   tolerance=1e-11)
        yield case(f"beta_{k}", "lgamma(x) + lgamma(n) - lgamma(x + n)", {"x": x, "n": weight()}, ["x", "n"],
                   lambda v: loggamma(v["x"]) + loggamma(v["n"]) - loggamma(v["x"] + v["n"]), tolerance=1e-11)
        c, z = round(rng.uniform(0.05, 0.4), 2), of_any_size()
        yield case(f"guessed_{k}", "log(1 - (c + (1 - c)*sigmoid(z)))", {"c": c, "z": z}, ["c", "z"],
                   lambda v: log(1 - v["c"]) - softplus(v["z"]))
    yield edge("hill_of_0", "x^n/(k^n + x^n)", {"x": 0.0, "k": 3.0, "n": 2.5}, ["k", "n"], 0.0, {"k": [0.0], "n": [0.0]},
               {"k,k": [0.0], "n,n": [0.0]})
    yield edge("hill_of_negative", "x^n/(k^n + x^n)", {"x": -2.0, "k": 1.0, "n": 2.0}, ["x", "k"], 0.8, {"x": [-0.16], "k": [-0.32]})
    yield edge("counts_of_no_dose", "sum(y.*log(x.^n./(k^n + x.^n)) + (1 - y).*log(1 - x.^n./(k^n + x.^n)))",
               {"x": [0.0, 3.0], "y": [0.0, 1.0], "k": 3.0, "n": 2.5}, ["n"], -0.6931471805599453, {"n": [0.0]})
    for k, row in enumerate([[1.0, 2.0, 3.0], [0.25, -1.0, 4.0], [1e10, 3.0, 7.0]]):
        other = [4.0, 5.0, -6.0]
        third = [2 * a - 3 * b for a, b in zip(row, other)]
        yield edge(f"det_of_whole_numbers_{k}", "det(A)", {"A": [row, other, third]}, ["A"], 0.0,
                   {"A": [float((other[(j + 1) % 3] * third[(j + 2) % 3] - other[(j + 2) % 3] * third[(j + 1) % 3]) if i == 0 else
                                (third[(j + 1) % 3] * row[(j + 2) % 3] - third[(j + 2) % 3] * row[(j + 1) % 3]) if i == 1 else
                                (row[(j + 1) % 3] * other[(j + 2) % 3] - row[(j + 2) % 3] * other[(j + 1) % 3]))
                          for i in range(3) for j in range(3)]})
    yield edge("zero_times_sum", "sum(c.*(log(x) - 2).^2)", {"c": [0.0, 1.0], "x": [0.0, 1.0]}, ["x"], 4.0, {"x": [0.0, -4.0]})


def edges():
    for p, slope, curve in [(0.0, 0.0, 0.0), (1.0, 1.0, 0.0), (2.0, 0.0, 2.0), (3.0, 0.0, 0.0)]:
        value = 1.0 if p == 0 else 0.0
        yield edge(f"power_of_0_{p}", "s^p", {"s": 0.0, "p": p}, ["s"], value, {"s": [slope]}, {"s,s": [curve]})
        yield edge(f"focal_of_0_{p}", "sum((1 - x).^g)", {"x": [1.0], "g": p}, ["x"], value, {"x": [-slope]}, {"x,x": [curve]})
        yield edge(f"dead_max_{p}", "sqrt(max(s, 0)) + max(s - p, 0)^0.3 + sqrt(-min(-s, 0))", {"s": -1.0, "p": p}, ["s"], 0.0,
                   {"s": [0.0]}, {"s,s": [0.0]})
    yield edge("focal_saturated", "sum(y.*(1 - x).^g.*log(x))", {"x": [1.0, 0.0, 0.5], "y": [1.0, 0.0, 0.0], "g": 0.5}, ["x"], 0.0,
               {"x": [0.0, 0.0, 0.0]})
    yield edge("dead_relu", "sum(sqrt(relu(x))) + sqrt(max(dot(x, x) - 9, 0))",
               {"x": [-1.0, 1.0]}, ["x"], 1.0, {"x": [0.0, 0.5]})
    zero = {"x": [0.0, 0.0]}
    for name, text, more in [("scaled", "sqrt(c*sum(x.^2))", {"c": 2.0}), ("weighted", "sqrt(sum(c.*x.^2))", {"c": [1.0, 2.0]}),
                             ("form", "sqrt(x'*P*x)", {"P": [[2.0, 0.5], [0.5, 1.0]]}), ("solved", "sqrt(x'*solve(P, x))", {"P": [[2.0, 0.5], [0.5, 1.0]]}),
                             ("shifted", "sqrt(sum(c*(x - m).^2))", {"c": 3.0, "m": [0.0, 0.0]}),
                             ("trace", "sqrt(tr((x*x')'*(x*x')))", {})]:
        yield edge(f"root_{name}", text, {**zero, **more}, ["x"], 0.0, {"x": [0.0, 0.0]})
    for name, text, more, value, gradient in [
            ("root", "sum(c.*sqrt(x))", {"x": [0.0, 4.0]}, 2.0, [0.0, 0.25]),
            ("exponential", "sum(c.*exp(x))", {"x": [1000.0, 0.0]}, 1.0, [0.0, 1.0]),
            ("logarithm", "sum(c.*log(x))", {"x": [0.0, 1.0]}, 0.0, [0.0, 1.0]),
            ("quotient", "sum(c./x)", {"x": [0.0, 1.0]}, 1.0, [0.0, -1.0]),
            ("power", "sum(c.*x.^-1.5)", {"x": [0.0, 1.0]}, 1.0, [0.0, -1.5])]:
        yield edge(f"zero_times_{name}", text, {"c": [0.0, 1.0], **more}, ["x"], value, {"x": gradient})
    yield edge("none", "logsumexp(x)/1e308 + log(sum(exp(y)))", {"x": [0.0, 0.0], "y": [0.0]}, ["y"], 6.931471805599453e-309, {"y": [1.0]})


def dump(name, cases):
    with open(f"{name}.json", "w") as f:
        f.write("[\n" + ",\n".join(json.dumps(c, ensure_ascii=False) for c in cases) + "\n]\n")


dump("kinds", [c for kind in (sums, logarithms, near_zero, spellings, edges, shares) for c in kind()])
