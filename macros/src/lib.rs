//! The derive macros of gradsmith.
