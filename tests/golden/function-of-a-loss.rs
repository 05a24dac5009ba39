// Functions of a whole cost, one example at a time.
// Pinned: d_activation_into
#[cost(log(1 + quadratic) + sqrt(sum(w.^2)))]
struct Transformed;
