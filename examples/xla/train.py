"""Trains the book's network on MNIST, on all devices that JAX sees, with the step that gradsmith has derived.

    cargo gradsmith export 'cross_entropy + l2(lambda / n)' --network '784 -> 30 sigmoid -> 10 sigmoid' \\
        --to stablehlo --dtype f32 --extents m=100 --shard m=data --devices 2 -o net.mlir
    XLA_FLAGS=--xla_force_host_platform_device_count=2 python examples/xla/train.py net.mlir MNIST net.safetensors
    cargo run --release --features safetensors --example mnist -- --data MNIST --preset N10 --load net.safetensors
"""

import gzip
import sys

import jax
import jax.numpy as jnp
import numpy as np
from exported import load
from jax.sharding import AxisType, NamedSharding, PartitionSpec
from safetensors.numpy import save_file

module, folder, file = sys.argv[1:4]
epochs = int(sys.argv[4]) if len(sys.argv) > 4 else 10
mesh = jax.make_mesh((jax.device_count(),), ("data",), axis_types=(AxisType.Auto,))
whole, rows = NamedSharding(mesh, PartitionSpec()), NamedSharding(mesh, PartitionSpec(None, "data"))
step = load(open(module).read(), "gradient_step", jax.device_count())


def read(name, header):
    return np.frombuffer(gzip.open(f"{folder}/train-{name}-ubyte.gz").read(), np.uint8, offset=header)


x = (read("images-idx3", 16).reshape(-1, 784)[:50_000] / 255).astype(np.float32)
y = np.eye(10, dtype=np.float32)[read("labels-idx1", 8)[:50_000]]
rng = np.random.default_rng(1)
shapes = {"w1": (30, 784), "b1": (30,), "w2": (10, 30), "b2": (10,)}
params = [rng.normal(size=s).astype(np.float32) for s in shapes.values()]
numbers = [np.float32(5.0), np.float32(50_000), np.float32(3.0)]  # lambda, n, the learning rate


@jax.jit
def epoch(params, x, y):
    def one(params, batch):
        cost, *params = step(*params, *batch, *numbers)
        return params, cost

    return jax.lax.scan(one, params, (x, y))


for k in range(epochs):
    order = rng.permutation(len(x)).reshape(-1, 100)
    params, costs = epoch(jax.device_put(params, whole), *jax.device_put((x[order], y[order]), rows))
    print(f"epoch {k}: cost {jnp.mean(costs):.4f}")
save_file({name: np.asarray(p) for name, p in zip(shapes, params)}, file)
