//! What the modules have of functions, and what is written out where they lack it.

/// NumPy's and SciPy's element-wise functions that are right to the last digits wherever ours are.
pub(super) fn of_numpy(name: &str) -> Option<&'static str> {
    Some(match name {
        "exp" => "np.exp",
        "log" => "np.log",
        "log1p" => "np.log1p",
        "expm1" => "np.expm1",
        "sin" => "np.sin",
        "cos" => "np.cos",
        "tan" => "np.tan",
        "asin" => "np.arcsin",
        "acos" => "np.arccos",
        "atan" => "np.arctan",
        "sinh" => "np.sinh",
        "cosh" => "np.cosh",
        "tanh" => "np.tanh",
        "sqrt" => "np.sqrt",
        "cbrt" => "np.cbrt",
        "log2" => "np.log2",
        "log10" => "np.log10",
        "abs" => "np.abs",
        "sign" => "np.sign",
        "floor" => "np.floor",
        "pow" => "np.power",
        "raw_atan2" => "np.arctan2",
        "max" => "np.maximum",
        "min" => "np.minimum",
        "where" => "np.where",
        "hypot" => "np.hypot",
        "sigmoid" => "special.expit",
        "erf" => "special.erf",
        "erfc" => "special.erfc",
        "xlogy" => "special.xlogy",
        "xlog1py" => "special.xlog1py",
        _ => return None,
    })
}

/// Those of `jax.numpy`.
pub(super) fn of_jax(name: &str) -> Option<&'static str> {
    Some(match name {
        "exp" => "jnp.exp",
        "log" => "jnp.log",
        "log1p" => "jnp.log1p",
        "expm1" => "jnp.expm1",
        "sin" => "jnp.sin",
        "cos" => "jnp.cos",
        "tan" => "jnp.tan",
        "tanh" => "jnp.tanh",
        "sqrt" => "jnp.sqrt",
        "cbrt" => "jnp.cbrt",
        "abs" => "jnp.abs",
        "sign" => "jnp.sign",
        "floor" => "jnp.floor",
        "pow" => "jnp.power",
        "raw_atan2" => "jnp.arctan2",
        "max" => "jnp.maximum",
        "min" => "jnp.minimum",
        "where" => "jnp.where",
        "sigmoid" => "jax.nn.sigmoid",
        "softplus" => "jax.nn.softplus",
        _ => return None,
    })
}

pub(super) const AXIS: &str = r#"
def _axis(name, array, axis, rank):
    """The extent of an array along an axis."""
    if array.ndim != rank:
        raise ValueError(f"{name} has {array.ndim} axes, and not {rank}")
    return array.shape[axis]
"#;

pub(super) const CHECK: &str = r#"
def _check(name, array, shape, said):
    """Refuses an array of another shape."""
    if array.shape != shape:
        raise ValueError(f"{name} has the shape {array.shape}, and not {said} = {shape}")
"#;

const SCATTER_NUMPY: &str = r#"
def _scatter_add(shape, places, updates):
    """Zeros to which each update is added at its place."""
    out = np.zeros(shape, DTYPE)
    np.add.at(out, places, updates)
    return out
"#;

const SCATTER_JAX: &str = r#"
def _scatter_add(shape, places, updates):
    """Zeros to which each update is added at its place."""
    return jnp.zeros(shape, DTYPE).at[places].add(updates)
"#;

const INVERSE_NUMPY: &str = r#"
def _inverse(a):
    """The inverse; no numbers where there is none."""
    try:
        return np.linalg.inv(a)
    except np.linalg.LinAlgError:
        return np.full(a.shape, np.nan)
"#;

const NORM: &str = r#"
def _norm(x, axis):
    """The root of the sum of squares, of huge and of tiny entries, too."""
    size = xp.max(xp.abs(x), axis=axis, initial=0, keepdims=True)
    scale = xp.where((size > 0) & (size < xp.inf), size, 1)
    sums = xp.sum((x / scale) ** 2, axis=axis)
    return xp.squeeze(scale, axis) * xp.sqrt(sums)
"#;

const DET: &str = r#"
def _det(a):
    return xp.linalg.det(a)
"#;

const LOGDET: &str = r#"
def _logdet(a):
    """The logarithm of a determinant that is positive."""
    sign, size = xp.linalg.slogdet(a)
    return xp.where(sign < 0, xp.nan, size)
"#;

const ADJUGATE: &str = r#"
def _adjugate(a):
    """det(A) A^-1, of singular matrices, too: by singular values."""
    u, s, v = xp.linalg.svd(a)
    n = a.shape[-1]
    same = xp.arange(n)[:, None] == xp.arange(n)
    others = xp.prod(xp.where(same, 1, s[..., None, :]), axis=-1)
    sign = xp.round(xp.linalg.det(u) * xp.linalg.det(v))
    return xp.einsum("...,...ki,...k,...jk->...ij", sign, v, others, u)
"#;

const PAIR: &str = r#"
def _adjugate_pair(a):
    """P and Q of d adj(A)[H] = tr(P H) Q + tr(Q H) P - P H Q - Q H P."""
    n = a.shape[-1]
    if n < 2:
        return xp.zeros_like(a), xp.zeros_like(a)
    u, s, v = xp.linalg.svd(a)
    place = xp.arange(n)
    safe = xp.where(s == 0, 1, s)
    ratio = xp.where(place == n - 2, 1, s[..., n - 2, None] / safe)
    x = xp.where(place == n - 1, 0, ratio)
    y = xp.where(place == n - 1, 1, 0.5 * ratio * s[..., n - 1, None] / safe[..., n - 2, None])
    sign = xp.round(xp.linalg.det(u) * xp.linalg.det(v))
    scale = sign * xp.prod(s[..., : n - 2], axis=-1)
    first = xp.einsum("...,...ki,...k,...jk->...ij", scale, v, x, u)
    return first, xp.einsum("...ki,...k,...jk->...ij", v, y, u)
"#;

const INVERSE_JAX: &str = r#"
def _inverse(a):
    """The inverse."""
    return jnp.linalg.inv(a)
"#;

/// Functions of arrays that are written out where they are needed; `xp` stands for the module.
pub(super) fn written(name: &str, module: &str) -> String {
    let of_numpy = module == "np";
    let text = match name {
        "_norm" => NORM,
        "_scatter_add" if of_numpy => SCATTER_NUMPY,
        "_scatter_add" => SCATTER_JAX,
        "_inverse" if of_numpy => INVERSE_NUMPY,
        "_inverse" => INVERSE_JAX,
        "_det" => DET,
        "_logdet" => LOGDET,
        "_adjugate" => ADJUGATE,
        "_adjugate_pair" => PAIR,
        _ => "",
    };
    text.replace("xp.", &format!("{module}."))
}
