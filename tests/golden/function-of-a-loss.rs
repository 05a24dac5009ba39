#[cost(log(1 + quadratic) + sqrt(sum(w.^2)))]
struct Transformed;
