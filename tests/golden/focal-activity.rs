#[cost(focal(gamma = 2) + activity_l2(lambda))]
struct Focal {
    lambda: f64,
}
