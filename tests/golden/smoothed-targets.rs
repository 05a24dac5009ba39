// Curvature.
// Pinned: gradient_and_hessian_diagonal
#[cost(categorical_cross_entropy_with_logits(smoothing = 0.1) + l2(1e-4))]
struct Smoothed;
