#![doc = include_str!("guide/index.md")]

#[doc = include_str!("guide/question.md")]
pub mod question {}
#[doc = include_str!("guide/first_network.md")]
pub mod first_network {}
#[doc = include_str!("guide/own_network.md")]
pub mod own_network {}
#[doc = include_str!("guide/objectives.md")]
pub mod objectives {}
#[doc = include_str!("guide/notation.md")]
pub mod notation {}
#[doc = include_str!("guide/second_order.md")]
pub mod second_order {}
#[doc = include_str!("guide/generated_code.md")]
pub mod generated_code {}
#[doc = include_str!("guide/pinning.md")]
pub mod pinning {}
#[doc = include_str!("guide/numbers.md")]
pub mod numbers {}
#[doc = include_str!("guide/coming_from.md")]
pub mod coming_from {}
