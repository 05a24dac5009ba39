//! A picture as it is written: what it is called, how large it is, in which colours.

use crate::emit::svg::escaped;

/// The colours of a light page: ink, captions, cotangents, penalties, boxes and their borders.
const LIGHT: &str = "--gi:#1b1f24;--gm:#59636e;--gc:#0b57d0;--gp:#b3420a;--gb:#f6f8fa;--gl:#c5ccd3";
/// The same of a dark one.
const DARK: &str = "--gi:#e8eaed;--gm:#a3acb8;--gc:#8ab4f8;--gp:#ffa657;--gb:#1f242b;--gl:#4a525c";

const STYLE: &str = "\
.gs{color:var(--gi);max-width:max(100%,44rem);height:auto}\
.gs text{fill:currentColor;stroke:none}.gs .i{font-family:STIX Two Text,Cambria,Georgia,DejaVu Serif,serif;font-style:italic}\
.gs .n{font-family:STIX Two Text,Cambria,Georgia,DejaVu Serif,serif}\
.gs .w{font-family:system-ui,sans-serif;fill:var(--gm)}.gs .s{fill:none;stroke:currentColor}\
.gs .box{fill:var(--gb);stroke:var(--gl)}.gs .a{fill:none;stroke:var(--gi);stroke-width:1.4}\
.gs .c{color:var(--gc)}.gs .c.a{stroke:var(--gc)}.gs .p{color:var(--gp)}.gs .p.a{stroke:var(--gp)}\
.gs .c.box{stroke:var(--gc)}.gs .p.box{stroke:var(--gp)}.gs .back{stroke-dasharray:6 4}\
.gs .h{fill:var(--gi)}.gs .c.h{fill:var(--gc)}.gs .p.h{fill:var(--gp)}";

/// A picture of where derivatives come from.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    /// What it is, in a sentence.
    pub title: String,
    /// What it shows, in plain words, for those who do not see it.
    pub description: String,
    /// In pixels, letters being 16 high.
    pub width: f64,
    /// In pixels.
    pub height: f64,
    /// The elements of the SVG.
    pub(crate) body: String,
}

impl Picture {
    /// As SVG, without an empty line in it, so that Markdown takes it as it is. It is light or dark as the page's
    /// `data-theme` says, which is where rustdoc has its reader's choice, or else as the reader's system does.
    #[must_use]
    pub fn svg(&self) -> String {
        let Self { title, description, width, height, body } = self;
        let [title, description] = [title, description].map(|text| escaped(text));
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"gs\" role=\"img\" viewBox=\"0 0 {width} {height}\" \
             width=\"{width}\" height=\"{height}\">\n<title>{title}</title>\n<desc>{description}</desc>\n\
             <style>.gs,[data-theme=light] .gs{{{LIGHT}}}[data-theme=dark] .gs,[data-theme=ayu] .gs{{{DARK}}}\
             @media screen and (prefers-color-scheme:dark){{:root:not([data-theme]) .gs,svg.gs:root{{{DARK}}}}}\
             {STYLE}</style>\n{body}</svg>\n"
        )
    }
}
