//! The pages in a browser: headless Chromium, driven by its DevTools protocol. Where there is none, this is said and
//! nothing is tested; `GRADSMITH_BROWSER` names one. What the pages look like is in `browser/` of the target's folder
//! for temporary files, to be looked at.

mod browser {
    mod devtools;
    #[cfg(feature = "serve")]
    mod fields;
    #[cfg(feature = "serve")]
    mod links;
    #[cfg(feature = "serve")]
    mod live;
    mod pages;
}
