"""The values of the cases in this folder, without gradsmith: each cost and each network written out by hand with
mpmath at 60 digits, derivatives by central differences with steps of 1e-20, rounded once to double. No rule of
differentiation is used, and nothing reads the text of a case. Run: python3 make.py (needs mpmath)."""

import json
from mpmath import mp, mpf, exp, log, sqrt, tanh, matrix

mp.dps = 60
STEP = mpf(10) ** -20


def number(x):
    return float(x)


class Rng:
    """Numbers with two decimals, the same every time."""

    def __init__(self, seed):
        self.state = seed

    def __call__(self, lo=-1.5, hi=1.5):
        self.state = (self.state * 1103515245 + 12345) % 2**31
        return round(lo + (hi - lo) * self.state / 2**31, 2)


def tensor(shape, data):
    kind = ["scalar", "vector", "matrix"][len(shape)]
    return {"kind": kind, "shape": list(shape), "data": data}


def draw(rng, *shape, lo=-1.5, hi=1.5):
    n = 1
    for s in shape:
        n *= s
    return tensor(shape, [rng(lo, hi) for _ in range(n)])


def exact(t):
    return [mpf(str(v)) for v in t["data"]]


def gradient(f, values, name):
    """d f / d values[name], entry by entry."""
    out = []
    for k in range(len(values[name])):
        def at(h):
            moved = dict(values)
            moved[name] = list(values[name])
            moved[name][k] += h
            return f(moved)
        out.append(number((at(STEP) - at(-STEP)) / (2 * STEP)))
    return out


def rows(flat, columns):
    return [flat[k:k + columns] for k in range(0, len(flat), columns)]


def apply(w, x, b):
    """w x + b, with w a list of rows."""
    return [sum(wi * xi for wi, xi in zip(row, x)) + bi for row, bi in zip(w, b)]


def sigmoid(x):
    return 1 / (1 + exp(-x))


def softmax(z):
    e = [exp(v) for v in z]
    return [v / sum(e) for v in e]


def dump(name, cases):
    with open(f"{name}.json", "w") as f:
        f.write("[\n" + ",\n".join(json.dumps(c, ensure_ascii=False) for c in cases) + "\n]\n")


# ---- objectives


def objective(name, expr, vars, wrt, f, tolerance=1e-10):
    values = {n: exact(t) for n, t in vars.items()}
    return {
        "name": name, "expr": expr, "vars": vars, "wrt": wrt, "value": number(f(values)),
        "gradient": {n: gradient(f, values, n) for n in wrt}, "tolerance": tolerance, "tags": [],
    }


def objectives():
    r = Rng(1)
    X, w, y = draw(r, 4, 3), draw(r, 3), draw(r, 4)
    zero4 = [mpf(0)] * 4

    def ridge(v):
        e = [p - t for p, t in zip(apply(rows(v["X"], 3), v["w"], zero4), v["y"])]
        return sum(x * x for x in e) / 2 + v["lambda"][0] / 2 * sum(x * x for x in v["w"])

    def logistic(v):
        return sum(log(1 + exp(-t * p)) for p, t in zip(apply(rows(v["X"], 3), v["w"], zero4), v["y"]))

    def chain(v):
        X, D = rows(v["X"], 3), rows(v["D"], 4)
        u = apply(X, v["w"], zero4)
        d = apply(D, u, zero4)
        return sum(a * b for a, b in zip(u, d))

    def gram(v):
        A = matrix(rows(v["A"], 3))
        return log(mp.det(A * A.T + mp.eye(3))) + mp.fsum((A ** -1)[i, i] for i in range(3))

    def names(v):
        s = lambda n: v[n][0]
        z = [s("i") * p + s("j") * q for p, q in zip(v["k"], v["l"])]
        return s("math") * sum(exp(x) for x in z) + s("out") * s("lane") * s("rows") + s("v1") * v["start"][0] * max(z)

    def det(a):
        """By expansion along the first row."""
        if not a:
            return mpf(1)
        minor = lambda c: [row[:c] + row[c + 1:] for row in a[1:]]
        return sum((-1) ** c * x * det(minor(c)) for c, x in enumerate(a[0]))

    def singular(v):
        return det(rows(v["A"], 3)) + det(rows(v["B"], 3)) * v["s"][0] + (det(rows(v["C"], 2)) - 2) ** 2

    def powers(v):
        return sum(exp(x ** int(v["p"][0])) + (1 - x) ** int(v["g"][0]) for x in v["x"])

    lam = tensor([], [0.3])
    scalars = {n: tensor([], [r()]) for n in ["i", "j", "math", "out", "lane", "rows", "v1", "start"]}
    every = {**scalars, "k": draw(r, 3), "l": draw(r, 3)}
    return [
        objective("ridge", "norm2(X*w - y)^2/2 + lambda/2*norm2(w)^2", {"X": X, "w": w, "y": y, "lambda": lam},
                  ["w", "X", "lambda"], ridge),
        objective("logistic", "sum(log(1 + exp(-y .* (X*w))))", {"X": X, "w": w, "y": y}, ["w", "y"], logistic),
        objective("chain", "w'*(X'*D*X)*w", {"X": X, "w": w, "D": draw(r, 4, 4)}, ["w", "X", "D"], chain),
        objective("logdet_and_inverse", "logdet(A*A' + eye) + tr(inv(A))", {"A": draw(r, 3, 3)}, ["A"], gram),
        # Of rank 2, 1 and 1.
        objective("det_of_singular_matrices", "det(A) + s*det(B) + (det(C) - 2)^2", {
            "A": tensor([3, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9]), "B": tensor([3, 3], [1, 2, 3, 2, 4, 6, -1, -2, -3]),
            "C": tensor([2, 2], [1, 2, 2, 4]), "s": tensor([], [0.75])}, ["A", "B", "C", "s"], singular),
        objective("powers_of_0", "sum(exp(x.^p) + (1 - x).^g)", {
            "x": tensor([4], [0, 1, 0.5, -0.25]), "p": tensor([], [2]), "g": tensor([], [1])}, ["x"], powers),
        objective("names_of_generated_code", "z = i*k + j*l; math*sum(exp(z)) + out*lane*rows + v1*start*max(z)",
                  every, ["k", "l", "i", "out"], names),
    ]


# ---- costs


def cost(name, expr, f, penalty, hyper=None, weights=None, biases=None, defines=(), k=3, lo=0.05, hi=0.95, seed=2):
    r = Rng(seed)
    m = 4
    a, y = draw(r, m, k, lo=lo, hi=hi), draw(r, m, k, lo=lo, hi=hi)
    weights = {n: draw(r, *s) for n, s in (weights or {"w1": (2, 3), "w2": (3, 2)}).items()}
    biases = {n: draw(r, *s) for n, s in (biases or {"b1": (2,), "b2": (3,)}).items()}
    hyper = hyper or {}
    h = {n: mpf(str(v)) for n, v in hyper.items()}
    values = {"a": exact(a), "y": exact(y), **{n: exact(t) for n, t in {**weights, **biases}.items()}}
    shapes = {n: t["shape"] for n, t in {**weights, **biases}.items()}

    def value(v):
        data = sum(f(x, t, h) for x, t in zip(rows(v["a"], k), rows(v["y"], k))) / m
        tensors = {n: rows(v[n], s[1]) if len(s) == 2 else v[n] for n, s in shapes.items()}
        return data + penalty(tensors, h)

    return {
        "name": name, "expr": expr, "defines": list(defines), "hyper": hyper, "a": a, "y": y,
        "weights": weights, "biases": biases, "value": number(value(values)),
        "d_activation": gradient(value, values, "a"),
        "d_weight": {n: gradient(value, values, n) for n in weights},
        "d_bias": {n: gradient(value, values, n) for n in biases}, "tolerance": 1e-10, "tags": [],
    }


def costs():
    flat = lambda w: [x for row in w for x in row]
    none = lambda t, h: mpf(0)
    half = lambda a, y, h: sum((p - q) ** 2 for p, q in zip(a, y)) / 2
    bce = lambda a, y, h: -sum(q * log(p) + (1 - q) * log(1 - p) for p, q in zip(a, y))
    cce = lambda a, y, h: -sum(q * log(p) for p, q in zip(a, y))
    squares = lambda values: sum(x * x for x in values)
    both = lambda t: flat(t["w1"]) + flat(t["w2"])

    def orthogonal(w):
        total = mpf(0)
        for i, p in enumerate(w):
            for j, q in enumerate(w):
                total += (sum(x * z for x, z in zip(p, q)) - (1 if i == j else 0)) ** 2
        return total

    def nll(a, y, h):
        return sum((p - q) ** 2 for p, q in zip(a, y)) / (2 * h["s"] ** 2) + 3 * log(h["s"])

    def cosine(a, y, h):
        dot = sum(p * q for p, q in zip(a, y))
        return 1 - dot / (sqrt(squares(a)) * sqrt(squares(y)))

    names = ["m", "i", "j", "l", "rows", "cols", "units", "rest", "total", "out", "math", "one_over_m"]
    return [
        cost("quadratic_l2", "quadratic + l2(lambda / n)", half,
             lambda t, h: h["lambda"] / h["n"] / 2 * squares(both(t)), {"lambda": 5, "n": 50}),
        cost("cross_entropy", "cross_entropy", bce, none),
        cost("categorical_l1_and_biases", "categorical_cross_entropy + l1(0.1) + l2(mu, b)", cce,
             lambda t, h: mpf("0.1") * sum(abs(x) for x in both(t)) + h["mu"] / 2 * squares(t["b1"] + t["b2"]),
             {"mu": 0.4}),
        cost("gaussian_nll", "gaussian_nll(s)", nll, none, {"s": 0.7}),
        cost("cosine_of_vectors", "cosine", cosine, none),
        cost("group_lasso_orthogonal", "quadratic + group_lasso(0.2) + orthogonal(0.1)", half,
             lambda t, h: sum(mpf("0.2") * sum(sqrt(squares(row)) for row in w) + mpf("0.05") * orthogonal(w)
                              for w in (t["w1"], t["w2"]))),
        cost("one_tensor_by_name", "quadratic + l2(0.3, w2) + l2(0.1, b1)", half,
             lambda t, h: mpf("0.15") * squares(flat(t["w2"])) + mpf("0.05") * squares(t["b1"])),
        cost("wide", "quadratic + log(1 + sum(w.^2))", half,
             lambda t, h: log(1 + squares(flat(t["w1"]))), k=70, weights={"w1": (3, 40)}, biases={"b1": (3,)}),
        cost("a_definition", "gce(0.5) + 0.1*quadratic",
             lambda a, y, h: (1 - sum(p * q for p, q in zip(a, y)) ** mpf("0.5")) / mpf("0.5") + half(a, y, h) / 10,
             none, defines=["gce(q) = (1 - sum(y .* a)^q)/q"]),
        cost("names_of_generated_code", "quadratic*(" + " + ".join(names) + ") + k*math", lambda a, y, h:
             half(a, y, h) * sum(h[n] for n in names) + h["k"] * h["math"], none,
             {**{n: 0.1 + 0.01 * i for i, n in enumerate(names)}, "k": 2.5}),
    ]


# ---- networks


def network(name, text, cost, shapes, forward, loss, penalty, y, inputs, hyper=None, declarations=None, weights=None, seed=3):
    r = Rng(seed)
    x = {n: draw(r, len(y), k) for n, k in inputs.items()}
    params = {n: draw(r, *s, lo=-0.8, hi=0.8) for n, s in shapes.items()}
    hyper = hyper or {}
    h = {n: mpf(str(v)) for n, v in hyper.items()}
    values = {n: exact(t) for n, t in params.items()}
    data = {n: rows(exact(t), inputs[n]) for n, t in x.items()}

    def value(v):
        p = {n: rows(v[n], s[1]) if len(s) == 2 else v[n] for n, s in shapes.items()}
        total = mpf(0)
        for k, target in enumerate(y):
            total += loss(forward(p, {n: data[n][k] for n in inputs}), [mpf(t) for t in target])
        return total / len(y) + penalty(p, h)

    weights = weights or [n for n, s in shapes.items() if len(s) == 2]
    case = {
        "name": name, "form": "long" if declarations else "arrow", "network": text, "cost": cost, "defines": [],
        "hyper": hyper, "inputs": x, "y": tensor([len(y), len(y[0])], [t for row in y for t in row]),
        "params": params, "weights": weights, "biases": [n for n in shapes if n not in weights],
        "value": number(value(values)), "gradient": {n: gradient(value, values, n) for n in shapes},
        "tolerance": 1e-10, "tags": [],
    }
    if declarations:
        case["declarations"] = declarations
    return case


def networks():
    squares = lambda w: sum(x * x for row in w for x in row)
    none = lambda p, h: mpf(0)
    bce = lambda a, y: -sum(q * log(p) + (1 - q) * log(1 - p) for p, q in zip(a, y))
    cce = lambda a, y: -sum(q * log(p) for p, q in zip(a, y))
    half = lambda a, y: sum((p - q) ** 2 for p, q in zip(a, y)) / 2
    two = {"w1": (4, 3), "b1": (4,), "w2": (2, 4), "b2": (2,)}

    def sigmoids(p, v):
        return [sigmoid(z) for z in apply(p["w2"], [sigmoid(z) for z in apply(p["w1"], v["x"], p["b1"])], p["b2"])]

    def tanh_softmax(p, v):
        return softmax(apply(p["w2"], [tanh(z) for z in apply(p["w1"], v["x"], p["b1"])], p["b2"]))

    def shared(p, v):
        h = [tanh(z) for z in apply(p["W"], v["x"], p["b"])]
        return apply(list(map(list, zip(*p["W"]))), h, p["c"])

    def low_rank(p, v):
        u = apply(p["V"], v["x"], [mpf(0)] * 2)
        h = [z if z > 0 else mpf(0) for z in apply(p["U"], u, p["b"])]
        return softmax(apply(p["W"], h, [mpf(0)] * 2))

    def normalised(p, v):
        h = apply(p["W"], v["x"], p["b"])
        mean = sum(h) / len(h)
        s = sqrt(sum((z - mean) ** 2 for z in h) / len(h) + mpf("0.001"))
        return [g * (z - mean) / s for g, z in zip(p["g"], h)]

    hot = [[1, 0], [0, 1], [1, 0], [0, 1], [0, 1]]
    return [
        network("sigmoid_cross_entropy", "3 -> 4 sigmoid -> 2 sigmoid", "cross_entropy + l2(lambda / n)", two, sigmoids,
                bce, lambda p, h: h["lambda"] / h["n"] / 2 * (squares(p["w1"]) + squares(p["w2"])), hot, {"x": 3},
                {"lambda": 5, "n": 100}),
        network("tanh_softmax", "3 -> 4 tanh -> 2 softmax", "categorical_cross_entropy", two, tanh_softmax, cce, none,
                hot, {"x": 3}),
        network("shared_weights", "h = tanh(W*x + b); a = W'*h + c", "quadratic",
                {"W": (2, 3), "b": (2,), "c": (3,)}, shared, half, none,
                [[0.1, 0.2, 0.3], [0.5, -0.5, 0.25], [1, 0, -1]], {"x": 3},
                declarations="x: 3, W: 2 x 3, b: 2, c: 3"),
        network("low_rank", "h = relu(U*(V*x) + b); a = softmax(W*h)", "categorical_cross_entropy",
                {"U": (4, 2), "V": (2, 3), "b": (4,), "W": (2, 4)}, low_rank, cce, none, hot, {"x": 3},
                declarations="x: 3, U: 4 x 2, V: 2 x 3, b: 4, W: 2 x 4"),
        network("a_layer_called_m", "h = W*x + b; m = mean(h); s = sqrt(mean((h - m).^2) + 1e-3); a = g .* ((h - m)/s)",
                "quadratic", {"W": (3, 2), "b": (3,), "g": (3,)}, normalised, half, none,
                [[0.1, 0.2, 0.3], [0.5, -0.5, 0.25]], {"x": 2}, declarations="x: 2, W: 3 x 2, b: 3, g: 3"),
    ]


# ---- extreme arguments


def extreme():
    mp.dps = 900
    z = tensor([4], [1000, -1000, 40, -40])
    value = sum(-log(1 + exp(-v)) for v in exact(z))
    slope = [number(1 / (1 + exp(v))) for v in exact(z)]
    a, y = tensor([2, 2], [800, -800, 30, -30]), tensor([2, 2], [1, 0, 0, 1])
    ce = sum(log(1 + exp(v)) - t * v for v, t in zip(exact(a), exact(y))) / 2
    da = [number((1 / (1 + exp(-v)) - t) / 2) for v, t in zip(exact(a), exact(y))]
    return [
        {"name": "log_sigmoid", "expr": "sum(log(sigmoid(z)))", "vars": {"z": z}, "wrt": ["z"], "value": number(value),
         "gradient": {"z": slope}, "tolerance": 1e-14, "tags": [], "form": "objective", "required": True},
        {"name": "logits", "expr": "cross_entropy_with_logits", "defines": [], "hyper": {}, "a": a, "y": y,
         "weights": {}, "biases": {}, "value": number(ce), "d_activation": da, "d_weight": {}, "d_bias": {},
         "tolerance": 1e-14, "gradient_floor": 1e-15, "tags": [], "form": "cost", "required": True},
    ]


# ---- kinks that cancel, and what does not depend on the scale: each case with the smooth function that it is


def second(f, values, name):
    """d² f / d values[name]², entry by entry, by differences of differences."""
    h = mpf(10) ** -15
    n = len(values[name])

    def at(*moves):
        moved = dict(values)
        moved[name] = list(values[name])
        for k, by in moves:
            moved[name][k] += by
        return f(moved)

    return [number((at((i, h), (j, h)) - at((i, h), (j, -h)) - at((i, -h), (j, h)) + at((i, -h), (j, -h))) / (4 * h * h))
            for i in range(n) for j in range(n)]


def smooth(name, expr, vars, wrt, f, tolerance=1e-13):
    values = {n: exact(t) for n, t in vars.items()}
    return {
        "name": name, "expr": expr, "vars": vars, "wrt": [wrt], "value": number(f(values)),
        "gradient": {wrt: gradient(f, values, wrt)}, "hessian": {f"{wrt},{wrt}": second(f, values, wrt)},
        "tolerance": tolerance, "tags": [], "form": "objective", "required": True,
    }


def kinks():
    s0, x0, x1 = tensor([], [0]), tensor([2], [0, 0]), tensor([2], [0, 1])
    q, p2 = tensor([], [-2]), tensor([], [2])
    squares = lambda v: sum(x * x for x in v["x"])
    square = lambda v: v["s"][0] ** 2
    softplus = lambda t: log(1 + exp(t))
    one, zero2 = tensor([], [1]), tensor([2, 2], [0, 0, 0, 0])
    z = tensor([], [0.3])
    return [
        smooth("root_of_fourth_power", "sqrt(s^4)", {"s": s0}, "s", square),
        smooth("root_of_squared_squares", "sqrt(sum(x.^2)^2)", {"x": x0}, "x", squares),
        smooth("root_of_product_of_norms", "sqrt(sum(x.^2)*dot(x, x))", {"x": x0}, "x", squares),
        smooth("norm_of_norm", "n = norm2(x); sqrt(n^2)*norm2(3*x)", {"x": x0}, "x", lambda v: 3 * squares(v)),
        smooth("abs_times_abs", "abs(s*q)*abs(s)", {"s": s0, "q": q}, "s", lambda v: 2 * square(v)),
        smooth("abs_times_abs_turned", "abs(s - q)*abs(q - s)", {"s": q, "q": q}, "s",
               lambda v: (v["s"][0] - v["q"][0]) ** 2),
        smooth("sign_times", "sign(s)^2*s^2 + s*sign(s)*abs(s)", {"s": s0}, "s", lambda v: 2 * square(v)),
        smooth("abs_power_as_data", "sum(abs(x).^p)", {"x": x1, "p": p2}, "x", squares),
        smooth("abs_power_as_data_1", "abs(s)^p*abs(s)", {"s": s0, "p": one}, "s", square),
        smooth("power_of_norm_as_data", "norm2(x)^p", {"x": x0, "p": p2}, "x", squares),
        smooth("power_of_squares_as_data", "sum(x.^2)^p", {"x": x0, "p": one}, "x", squares),
        smooth("power_of_two_squares_as_data", "(s^2 + q^2)^p", {"s": s0, "q": s0, "p": one}, "s",
               lambda v: v["s"][0] ** 2 + v["q"][0] ** 2),
        smooth("lp_norm_2", "sum(abs(x).^p)^(2/p)", {"x": x1, "p": p2}, "x", squares),
        smooth("fraction_of_fourth_power", "(s^4)^0.5 + (s^4)^0.75*0", {"s": s0}, "s", square),
        smooth("even_of_abs", "cosh(abs(s)) - cos(abs(s))", {"s": s0}, "s",
               lambda v: (exp(v["s"][0]) + exp(-v["s"][0])) / 2 - mp.cos(v["s"][0])),
        smooth("max_and_min", "max(s, 0)^2 + min(s, 0)^2", {"s": s0}, "s", square),
        smooth("max_times_min", "max(s, q)*min(q, s)", {"s": q, "q": q}, "s", lambda v: v["s"][0] * v["q"][0]),
        smooth("max_of_opposites", "max(s, -s)^2", {"s": s0}, "s", square),
        smooth("huber_of_norm", "r = norm2(x); where(r <= 1, r^2/2, r - 1/2)", {"x": x0}, "x",
               lambda v: squares(v) / 2),
        smooth("huber_of_row_norms", "r = sqrt(rowsum(X.^2)); sum(where(r <= 1, r.^2/2, r - 1/2))", {"X": zero2}, "X",
               lambda v: sum(x * x for x in v["X"]) / 2),
        smooth("huber_of_hypot", "r = sqrt(s^2 + q^2); where(r <= 1, r^2/2, r - 1/2)", {"s": s0, "q": s0}, "s",
               lambda v: (v["s"][0] ** 2 + v["q"][0] ** 2) / 2),
        smooth("max_and_log1p", "max(s, q) + log1p(exp(-abs(s - q)))", {"s": q, "q": q}, "s",
               lambda v: log(exp(v["s"][0]) + exp(v["q"][0]))),
        smooth("relu_and_log1p", "relu(s) - s*z + log(1 + exp(-abs(s)))", {"s": s0, "z": z}, "s",
               lambda v: softplus(v["s"][0]) - v["s"][0] * v["z"][0]),
        smooth("min_and_softplus", "softplus(-abs(s)) - min(s, 0)", {"s": s0}, "s", lambda v: softplus(-v["s"][0])),
        smooth("abs_and_softplus", "abs(s) + softplus(-2*abs(s)) - log(2)", {"s": s0}, "s",
               lambda v: log((exp(v["s"][0]) + exp(-v["s"][0])) / 2)),
    ]


def norms():
    mp.dps = 120
    cases = []
    for scale in ["1e-150", "1e150", "1e-200", "1e200"]:
        x, y = (tensor([2], [float(f"{m}{scale[1:]}") for m in v]) for v in (("3", "4"), ("-2", "5")))
        norm = lambda t: sqrt(sum(u * u for u in t))
        dot = lambda t, u: sum(m * n for m, n in zip(t, u))
        c = tensor([2], [0.5, -1.25])
        A = tensor([2, 2], [1, 2, -0.5, 3])
        times = lambda a, t: [a[0] * t[0] + a[1] * t[1], a[2] * t[0] + a[3] * t[1]]

        def free(name, expr, vars, f):
            values = {n: exact(t) for n, t in vars.items()}
            # The derivative of what does not depend on the scale, at the scale 1, over the scale.
            unit = dict(values)
            unit["x"] = [v / mpf(scale) for v in values["x"]]
            slopes = [mpf(0)] * 2
            h = mpf(10) ** -40
            for k in range(2):
                up, down = dict(unit), dict(unit)
                up["x"] = [v + (h if n == k else 0) for n, v in enumerate(unit["x"])]
                down["x"] = [v - (h if n == k else 0) for n, v in enumerate(unit["x"])]
                slopes[k] = (f(up) - f(down)) / (2 * h) / mpf(scale)
            cases.append({"name": f"{name}_{scale}", "expr": expr, "vars": vars, "wrt": ["x"],
                          "value": number(f(values)), "gradient": {"x": [number(d) for d in slopes]},
                          "tolerance": 1e-13, "tags": [], "form": "objective", "required": True})

        free("cosine", "1 - dot(x, y)/(norm2(x)*norm2(y))", {"x": x, "y": y},
             lambda v: 1 - dot(v["x"], v["y"]) / (norm(v["x"]) * norm(v["y"])))
        free("squared_cosine", "dot(x, y)^2/(dot(x, x)*dot(y, y))", {"x": x, "y": y},
             lambda v: dot(v["x"], v["y"]) ** 2 / (dot(v["x"], v["x"]) * dot(v["y"], v["y"])))
        free("normalised", "u = x/norm2(x); dot(c, u) + sum(u.^3)", {"x": x, "c": c},
             lambda v: dot(v["c"], v["x"]) / norm(v["x"]) + sum(t**3 for t in v["x"]) / norm(v["x"]) ** 3)
        free("quotient", "x'*A*x/(x'*x)", {"x": x, "A": A}, lambda v: dot(v["x"], times(v["A"], v["x"])) / dot(v["x"], v["x"]))
        free("gain", "norm2(A*x)/norm2(x)", {"x": x, "A": A}, lambda v: norm(times(v["A"], v["x"])) / norm(v["x"]))
    mp.dps = 60
    return cases


# ---- what is refused, by hand


def rejects():
    def cost(name, expr, span, kind, suggestion=None, **more):
        return {"name": name, "context": "cost", "expr": expr, "defines": [], "hyper": ["lambda"], "weights": ["w1"],
                "biases": ["b1"], "span_in": "expr", "span": span, "kind": kind, "suggestion": suggestion,
                "may_accept": False, **more}

    return [
        cost("misspelt_loss", "quadratc + l2(lambda)", [0, 8], "unknown-name", "quadratic"),
        cost("missing_argument", "quadratic + l2()", [12, 16], "missing-argument"),
        cost("unbalanced", "quadratic + l2(lambda", [21, 21], "unbalanced", also=[[14, 15]]),
        cost("not_a_scalar", "a - y", [0, 5], "not-a-scalar"),
        {**cost("deep", "", None, "too-deep"), "generator": [{"text": "(", "times": 5000}, {"text": "a", "times": 1}]},
        {"name": "misspelt_activation", "context": "network", "expr": "3 -> 2 sigmoidd", "cost": "quadratic",
         "defines": [], "hyper": [], "span_in": "expr", "span": [7, 15], "kind": "unknown-name", "suggestion": "sigmoid",
         "may_accept": False},
        {"name": "unlike_shapes", "context": "objective", "expr": "sum(A*x + x)", "wrt": ["x"], "span_in": "expr",
         "vars": {"A": {"kind": "matrix", "shape": [3, 4]}, "x": {"kind": "vector", "shape": [4]}}, "span": [4, 11],
         "kind": "shape", "suggestion": None, "may_accept": False},
    ]


dump("objectives", objectives())
dump("costs", costs())
dump("networks", networks())
dump("kinks", kinks())
dump("norms", norms())
dump("extreme", extreme())
dump("rejects", rejects())
