// Scalars alone.
// Pinned: value_and_gradient_into, hessian_into
#[objective("100*(y - x^2)^2 + (1 - x)^2", wrt(x: scalar, y: scalar))]
struct Rosenbrock;
