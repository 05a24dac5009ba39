#![doc = include_str!("language.md")]

#[doc = include_str!("models.md")]
pub mod models {}
