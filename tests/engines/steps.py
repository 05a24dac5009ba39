"""Repeats, on other engines, a hundred steps of gradient descent that Rust has made, and compares the parameters.

steps.py FOLDER: FOLDER is what the example `engine_steps` of the package gradsmith-tests has written. NumPy, JAX, XLA by
StableHLO on one device, on two virtual devices with the examples divided, and in two processes on this machine.
"""

import importlib.util
import json
import os
import pathlib
import re
import socket
import subprocess
import sys

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
# How far parameters may be from Rust's, as a part of their norm.
WITHIN = {"f64": 1e-10, "f32": 1e-3}


def read(folder):
    case = json.loads((folder / "case.json").read_text())
    dtype = np.float64 if folder.name == "f64" else np.float32
    case["x"] = np.array(case["x"], dtype).reshape(case["rows"], -1)
    case["y"] = np.array(case["y"], dtype).reshape(case["rows"], -1)
    for key in ("before", "after"):
        case[key] = {n: np.array(t["data"], dtype).reshape(t["shape"]) for n, t in case[key].items()}
    return case, dtype


def report(engine, folder, case, params):
    """Prints how far the parameters are from Rust's; whether near enough."""
    wanted = np.concatenate([case["after"][n].ravel() for n in case["after"]]).astype(np.float64)
    got = np.concatenate([np.asarray(params[n]).ravel() for n in case["after"]]).astype(np.float64)
    off = float(np.linalg.norm(wanted - got) / np.linalg.norm(wanted))
    good = off <= WITHIN[folder.name]
    print(f"{engine}, {folder.name}: after {case['steps']} steps {off:.2g} of the parameters' norm from Rust"
          f"{'' if good else ': TOO FAR'}", flush=True)
    return good


def python(folder, name):
    case, dtype = read(folder)
    spec = importlib.util.spec_from_file_location(name, folder / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    step = module.gradient_step
    if name == "on_jax":
        import jax

        step = jax.jit(step)
    params = case["before"]
    for _ in range(case["steps"]):
        _, params = step(params, case["x"], case["y"], dtype(case["lambda"]), dtype(case["rate"]))
    return report("numpy" if name == "on_numpy" else "jax", folder, case, params)


def xla(folder, devices, engine, quiet=False):
    import jax
    from jax.sharding import AxisType, NamedSharding, PartitionSpec

    jax.config.update("jax_enable_x64", True)
    sys.path.insert(0, str(HERE / "../../examples/xla"))
    from exported import load

    case, dtype = read(folder)
    names = list(case["before"])
    text = (folder / ("sharded.mlir" if devices > 1 else "module.mlir")).read_text()
    step = load(text, "gradient_step", devices)
    mesh = jax.make_mesh((devices,), ("data",), axis_types=(AxisType.Auto,))
    whole, rows = NamedSharding(mesh, PartitionSpec()), NamedSharding(mesh, PartitionSpec("data"))

    def put(array, sharding):
        return jax.make_array_from_callback(np.shape(array), sharding, lambda at: np.asarray(array)[at])

    params = [put(case["before"][n], whole) for n in names]
    x, y = put(case["x"], rows), put(case["y"], rows)
    numbers = [put(dtype(case["lambda"]), whole), put(dtype(case["rate"]), whole)]

    def steps(params, x, y, numbers):
        def one(_, params):
            return list(step(*params, x, y, *numbers)[1:])

        return jax.lax.fori_loop(0, case["steps"], one, params)

    run = jax.jit(steps, out_shardings=[whole] * len(names))
    params = run(params, x, y, numbers)
    good = True
    if not quiet:
        good = report(engine, folder, case, dict(zip(names, params)))
        if devices > 1:
            # One reduction for the cost and all gradients together.
            fused = load(text, "value_and_gradient", devices)
            args = [put(case["before"][n], whole) for n in names] + [x, y, numbers[0]]
            compiled = jax.jit(fused).lower(*args).compile().as_text()
            count = len(re.findall(r"= .*\ball-reduce(?:-start)?\(", compiled))
            print(f"{engine}, {folder.name}: {count} all-reduce in the compiled module", flush=True)
            good = good and count == 1
    return good


def child(mode, folder, *more):
    flags = {"JAX_PLATFORMS": "cpu"}
    if mode == "mesh":
        flags["XLA_FLAGS"] = "--xla_force_host_platform_device_count=2"
    return subprocess.Popen([sys.executable, __file__, "--child", mode, str(folder), *more], env=os.environ | flags)


def main(folder):
    good = True
    for place in (folder / "f64", folder / "f32"):
        good &= python(place, "on_numpy")
        for mode in ("jax", "one", "mesh"):
            good &= child(mode, place).wait() == 0
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = str(s.getsockname()[1])
        both = [child("process", place, port, rank) for rank in ("0", "1")]
        good &= all([p.wait() == 0 for p in both])
    return 0 if good else 1


def run_child(mode, folder, *more):
    if mode == "jax":
        return python(folder, "on_jax")
    if mode == "process":
        import jax

        port, rank = more
        jax.config.update("jax_cpu_collectives_implementation", "gloo")
        jax.distributed.initialize(f"127.0.0.1:{port}", 2, int(rank))
        return xla(folder, 2, "stablehlo, two processes", quiet=rank == "1")
    return xla(folder, 2 if mode == "mesh" else 1, "stablehlo, two devices" if mode == "mesh" else "stablehlo")


if __name__ == "__main__":
    np.seterr(all="ignore")
    if sys.argv[1] == "--child":
        sys.exit(0 if run_child(sys.argv[2], pathlib.Path(sys.argv[3]), *sys.argv[4:]) else 1)
    sys.exit(main(pathlib.Path(sys.argv[1])))
