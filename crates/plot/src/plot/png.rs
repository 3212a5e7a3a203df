//! Pictures as PNG, with letters of the program's own: those of the system are never asked.

use std::sync::{Arc, OnceLock};

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::fontdb::Database;
use resvg::usvg::{Options, Tree};
use thiserror::Error;

const LETTERS: [&[u8]; 2] =
    [include_bytes!("../../assets/plot.ttf"), include_bytes!("../../assets/plot-bold.ttf")];

/// Points of the picture become so many pixels in each direction.
const SCALE: f32 = 2.0;

/// What stands for letters that the embedded font does not have.
const UNKNOWN: char = '□';

/// A picture that cannot be made.
#[derive(Debug, Error)]
pub enum PngError {
    /// The SVG is none.
    #[error("the SVG cannot be read: {0}")]
    Svg(String),
    /// It is too large.
    #[error("a picture of {0} × {1} pixels is too large")]
    Size(f32, f32),
    /// The PNG cannot be written.
    #[error("the PNG cannot be made: {0}")]
    Encode(String),
}

/// A picture that [`super::svg`] made for light or dark, as PNG.
///
/// # Errors
/// It is no SVG, or too large.
pub fn png(svg: &str) -> Result<Vec<u8>, PngError> {
    let svg: String = svg.chars().map(|c| if is_known(c) { c } else { UNKNOWN }).collect();
    let options = Options { fontdb: letters(), font_family: "DejaVu Sans".to_owned(), ..Options::default() };
    let tree = Tree::from_str(&svg, &options).map_err(|error| PngError::Svg(error.to_string()))?;
    let (width, height) = (tree.size().width() * SCALE, tree.size().height() * SCALE);
    let pixels = Pixmap::new(width.ceil() as u32, height.ceil() as u32);
    let mut pixels = pixels.ok_or(PngError::Size(width, height))?;
    resvg::render(&tree, Transform::from_scale(SCALE, SCALE), &mut pixels.as_mut());
    pixels.encode_png().map_err(|error| PngError::Encode(error.to_string()))
}

fn letters() -> Arc<Database> {
    static FONTS: OnceLock<Arc<Database>> = OnceLock::new();
    Arc::clone(FONTS.get_or_init(|| {
        let mut fonts = Database::new();
        for font in LETTERS {
            fonts.load_font_data(font.to_vec());
        }
        Arc::new(fonts)
    }))
}

/// Whether the embedded font has a letter: the ranges of `assets/README.md`.
fn is_known(c: char) -> bool {
    let ranges = [
        ('\n', '\n'),
        (' ', '~'),
        ('\u{a0}', '\u{17f}'),
        ('\u{370}', '\u{3ff}'),
        ('\u{2010}', '\u{2026}'),
        ('\u{2030}', '\u{2030}'),
        ('\u{2032}', '\u{2033}'),
        ('\u{2070}', '\u{208e}'),
        ('\u{2190}', '\u{2193}'),
        ('\u{2200}', '\u{2265}'),
        ('\u{25a0}', '\u{25cf}'),
        ('\u{fffd}', '\u{fffd}'),
    ];
    ranges.iter().any(|(first, last)| (*first..=*last).contains(&c))
}

#[cfg(test)]
mod tests {
    use resvg::usvg::fontdb::Source;

    use super::*;

    #[test]
    fn letters_are_those_of_the_program_whatever_the_system_has() {
        let letters = letters();
        assert_eq!(letters.len(), LETTERS.len());
        assert!(letters.faces().all(|face| matches!(face.source, Source::Binary(_))));
        // A family that it does not have is none of the system's: it draws what no letters draw.
        let of = |text: &str| {
            let head = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"90\" height=\"30\">";
            png(&format!("{head}{text}</svg>")).unwrap()
        };
        let nothing = of("");
        let word = |family: &str| of(&format!("<text x=\"4\" y=\"20\" font-family=\"{family}\">word</text>"));
        assert_ne!(word("DejaVu Sans"), nothing);
        for family in ["Liberation Serif", "Noto Sans", "Arial"] {
            assert_eq!(word(family), nothing, "{family}");
        }
    }
}
