// A loss of several factors, and a penalty of activations.
// Pinned: d_activation_into
#[cost(focal(gamma = 2) + activity_l2(lambda))]
struct Focal {
    lambda: f64,
}
