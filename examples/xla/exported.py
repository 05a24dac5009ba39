"""Functions of a module that `cargo gradsmith export --to stablehlo` has written, for JAX: they compose with jit and loops.

    value_and_gradient = load(text, "value_and_gradient")
    value, *gradient = value_and_gradient(w, X, y)
"""

import re

import jax
import jax.export
from jax.interpreters import mlir
from jaxlib.mlir.dialects import stablehlo

TYPES = {"f64": "float64", "f32": "float32", "i64": "int64", "i32": "int32"}


def arrays(types):
    """`tensor<3x4xf64>, tensor<f64>` as JAX has it."""
    parts = [t.split("x") for t in re.findall(r"tensor<([^>]*)>", types)]
    return tuple(jax.core.ShapedArray(tuple(map(int, p[:-1])), TYPES[p[-1]]) for p in parts)


def tree(*parts):
    return jax.tree_util.treedef_tuple(parts)


def load(text, name, devices=1):
    """The function `name`: takes its arguments in the order of the module, gives a tuple."""
    taken, given = re.search(rf"func\.func public @{name}\((.*?)\) -> \((.*?)\) \{{$", text, re.M | re.S).groups()
    taken, given = arrays(taken), arrays(given)
    # What a module runs is called main.
    text = re.sub(rf"@{name}\b", "@main", text)
    with mlir.make_ir_context():
        module = mlir.ir.Module.parse(text)
        version = stablehlo.get_current_version()
        # Shardings are of a dialect beside.
        artifact = stablehlo.serialize_portable_artifact(module, version, allow_other_dialects=True)
    leaf = jax.tree_util.tree_structure(0)
    exported = jax.export.Exported(
        fun_name=name,
        in_tree=tree(tree(*[leaf] * len(taken)), jax.tree_util.tree_structure({})),
        in_avals=taken,
        out_tree=tree(*[leaf] * len(given)),
        out_avals=given,
        _has_named_shardings=False,
        _in_named_shardings=(None,) * len(taken),
        _out_named_shardings=(None,) * len(given),
        in_shardings_hlo=(None,) * len(taken),
        out_shardings_hlo=(None,) * len(given),
        nr_devices=devices,
        platforms=(jax.export.default_export_platform(),),
        ordered_effects=(),
        unordered_effects=(),
        disabled_safety_checks=(),
        mlir_module_serialized=artifact,
        calling_convention_version=jax.export.maximum_supported_calling_convention_version,
        module_kept_var_idx=tuple(range(len(taken))),
        uses_global_constants=False,
        _get_vjp=None,
    )
    return exported.call
