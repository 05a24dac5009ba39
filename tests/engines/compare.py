"""Runs exported programs and compares what they give with what the interpreter gives.

compare.py FOLDER [ENGINE...]: FOLDER is what the example `engine_cases` of the package gradsmith-tests has written.
Prints each disagreement and, last, how many cases agreed for each engine; exit code 1 if any did not.
"""

import importlib.util
import json
import pathlib
import sys
import traceback

import numpy as np

# Entries this small are subnormal for some engines, which may take them for 0.
TINY = 1e-300


# What is left of a sum of terms that cancel depends on the order in which they are added, which is an engine's own.
CANCELS = {
    "reports: dice": "the bias's slope is 1e-5 of the two that it is the sum of, and wanted to 1e-12 of itself",
}


def figures(list_):
    return np.array([float(x) for x in list_], dtype=np.float64)


def array(written):
    entries = np.array(written["data"], dtype=np.float64)
    if written.get("whole"):
        entries = entries.astype(np.int64)
    return entries.reshape(written["shape"])


def flat(results):
    """The arrays of a function's results, in the order of the interpreter's."""
    if isinstance(results, dict):
        return [leaf for value in results.values() for leaf in flat(value)]
    if isinstance(results, (tuple, list)):
        return [leaf for value in results for leaf in flat(value)]
    return [np.asarray(results, dtype=np.float64).reshape(-1)]


def off(case, function, k, wanted, got, largest_of_all):
    """How often an array is further off than it may be: 1 is as far as it may."""
    if wanted.shape != got.shape:
        return np.inf
    both = np.isfinite(wanted)
    # What is no number for the interpreter is nothing to agree on; infinities are.
    if not np.array_equal(np.isinf(wanted), np.isinf(got) & ~np.isnan(wanted)):
        return np.inf
    wanted, got = wanted[both], got[both]
    if not wanted.size:
        return 0.0
    largest = max(1.0, np.max(np.abs(wanted)))
    first = function == "value" or (function in ("value_and_gradient", "d_activation", "d_parameters"))
    if case["rule"] == "arrays":
        near = np.full(wanted.shape, case["within"] * largest)
    elif first:
        floor = 0.0 if k == 0 and function != "d_activation" else case["floor"]
        near = case["within"] * np.abs(wanted) + TINY + floor
        # What is wanted to be 0 may be what rounding leaves of terms that cancel.
        near[wanted == 0] += 1e-15 * largest_of_all
    else:
        near = np.full(wanted.shape, 1e-12 * largest)
    distance = np.abs(wanted - got)
    distance[np.isnan(distance)] = np.inf
    return float(np.max(distance / near))


def greatest(case):
    """The greatest magnitude among value and first derivatives."""
    first = [r for n, f in case["functions"].items() if not n.startswith("hessian") for r in f["results"]]
    entries = np.concatenate([figures(r) for r in first])
    return float(np.max(np.abs(entries[np.isfinite(entries)]), initial=0))


class Python:
    """A module of functions."""

    def __init__(self, path, case, compiled):
        spec = importlib.util.spec_from_file_location("exported", path)
        self.module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(self.module)
        self.case, self.compiled = case, compiled

    def alone(self):
        """What the module does when it is run: on arguments of its own."""
        arguments = self.module.random_arguments()
        self.module.value(*arguments)
        if not self.compiled:
            self.module.check_gradient(*arguments)

    def call(self, name, function):
        case = self.case
        arrays = {n: array(a) for n, a in case["arguments"].items()}
        args = [arrays[n] for n in function["takes"]]
        if case["parameters"]:
            args.insert(0, {n: arrays[n] for n in case["parameters"]})
        if function["extra"] == "direction":
            args.append({n: array(a) for n, a in case["direction"].items()})
        if function["extra"] == "rate":
            args.append(0.125)
        call = getattr(self.module, name)
        if self.compiled:
            import jax

            call = jax.jit(call)
            order = case["parameters"]
            results = call(*args)
            return [np.asarray(x) for x in flat(ordered(results, order))]
        return flat(call(*args))


def ordered(results, order):
    """A compiled function's dictionaries come back sorted by name: in the parameters' order again."""
    if isinstance(results, dict):
        names = [n for n in order if n in results] + [n for n in results if n not in order]
        return {n: ordered(results[n], order) for n in names}
    if isinstance(results, tuple):
        return tuple(ordered(r, order) for r in results)
    return results


class StableHlo:
    """A module for XLA."""

    def __init__(self, path, case):
        self.text, self.case = path.read_text(), case

    def call(self, name, function):
        import jax
        from exported import load

        jax.config.update("jax_enable_x64", True)
        case = self.case
        arrays = {n: array(a) for n, a in case["arguments"].items()}
        args = [arrays[n] for n in case["parameters"] + function["takes"]]
        if function["extra"] == "direction":
            args += [array(case["direction"][n]) for n in case["parameters"]]
        if function["extra"] == "rate":
            args.append(np.float64(0.125))
        return flat(tuple(jax.jit(load(self.text, name))(*args)))


FILES = {"numpy": "on_numpy.py", "jax": "on_jax.py", "stablehlo": "module.mlir"}


def opened(engine, path, case):
    if engine == "stablehlo":
        return StableHlo(path, case)
    return Python(path, case, engine == "jax")


def main(folder, engines):
    folders = sorted(p for p in pathlib.Path(folder).iterdir() if p.is_dir())
    failed = False
    for engine in engines:
        agreed = refused = left_out = 0
        worst = {}
        for place in folders:
            case = json.loads((place / "case.json").read_text())
            if FILES[engine] in case["refused"]:
                refused += 1
                print(f"{engine}: {case['name']}: refused: {case['refused'][FILES[engine]]}")
                continue
            if case["name"] in CANCELS:
                print(f"{engine}: {case['name']}: left out: {CANCELS[case['name']]}")
                left_out += 1
                continue
            problems = []
            largest = greatest(case)
            try:
                program = opened(engine, place / FILES[engine], case)
                if engine == "numpy":
                    program.alone()
                for name, function in case["functions"].items():
                    got = program.call(name, function)
                    wanted = [None if r is None else figures(r) for r in function["results"]]
                    for k, (w, g) in enumerate(zip(wanted, got, strict=True)):
                        if w is None:
                            continue
                        far = off(case, name, k, w, g, largest)
                        if far > 1.0:
                            problems.append(f"{name}[{k}] is {far:.3g} times as far off as it may be")
                        elif np.isfinite(far):
                            worst[name] = max(worst.get(name, 0.0), far)
            except Exception:  # noqa: BLE001 - a program that does not run is one that disagrees
                problems.append(traceback.format_exc(limit=-2).strip().replace("\n", " | "))
            if problems:
                failed = True
                print(f"{engine}: {place.name}: {case['name']}: " + "; ".join(problems))
            else:
                agreed += 1
        print(f"{engine}: {agreed} of {len(folders)} cases agree, {refused} refused, {left_out} left out")
        sys.stdout.flush()
    return 1 if failed else 0


if __name__ == "__main__":
    np.seterr(all="ignore")
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "../../examples/xla"))
    sys.exit(main(sys.argv[1], sys.argv[2:] or list(FILES)))
