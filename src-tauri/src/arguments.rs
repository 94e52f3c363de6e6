//! The words behind the program's name: of the first start, and of those that hand theirs over to it.
//!
//! Options stand before `--`; after it, and from the first path on, nothing is an option: a file may be called `--hidden`
//! (A18). A path is made absolute once, by the folder of the one who named it (A19).

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// What the program may be asked.
pub(crate) const HELP: &str = "\
windlass-desktop [--hidden] [--] [PATH…]

  PATH…       files and folders to upload, as one new group
  --hidden    start in the tray, without the window
  --version   print the version
  --help      print this";

/// Most paths that one call may name, and most bytes of all of them together.
const MOST_PATHS: usize = 10_000;
const MOST_BYTES: usize = 4 << 20;

/// What one start asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Arguments {
    /// Without the window.
    pub(crate) hidden: bool,
    /// Absolute.
    pub(crate) paths: Vec<PathBuf>,
}

/// What to do with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ask {
    /// Open.
    Open(Arguments),
    /// Print and end.
    Say(String),
}

impl Arguments {
    /// Reads the words, without the program's own name. `here` is the folder of who wrote them.
    pub(crate) fn parse(words: impl IntoIterator<Item = OsString>, here: &Path) -> Result<Ask, String> {
        let mut found = Self::default();
        let mut options = true;
        let mut bytes = 0;
        for word in words {
            match word.to_str() {
                Some("--") if options => {
                    options = false;
                    continue;
                }
                Some("--hidden") if options => {
                    found.hidden = true;
                    continue;
                }
                Some("--help" | "-h") if options => return Ok(Ask::Say(HELP.to_owned())),
                Some("--version" | "-V") if options => {
                    return Ok(Ask::Say(
                        concat!("windlass-desktop ", env!("CARGO_PKG_VERSION")).to_owned(),
                    ));
                }
                Some(text) if options && text.starts_with('-') => {
                    return Err(format!("there is no option {text:?}"));
                }
                Some("") => continue,
                _ => options = false,
            }
            bytes += word.len();
            if found.paths.len() >= MOST_PATHS || bytes > MOST_BYTES {
                return Err(format!(
                    "more than {MOST_PATHS} paths, or {MOST_BYTES} bytes of them"
                ));
            }
            let path = here.join(word);
            if !path.is_absolute() {
                return Err("a path is relative, and its folder is not known".to_owned());
            }
            found.paths.push(path);
        }
        Ok(Ask::Open(found))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Result<Ask, String> {
        Arguments::parse(words.iter().map(OsString::from), Path::new("/home/ann"))
    }

    fn paths(words: &[&str]) -> Vec<String> {
        match parse(words) {
            Ok(Ask::Open(a)) => a.paths.iter().map(|p| p.display().to_string()).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a018_after_two_dashes_and_after_a_path_nothing_is_an_option() {
        assert_eq!(
            paths(&["--", "--hidden", "-rf", "@list"]),
            ["/home/ann/--hidden", "/home/ann/-rf", "/home/ann/@list"]
        );
        assert_eq!(
            paths(&["a", "--config=x"]),
            ["/home/ann/a", "/home/ann/--config=x"]
        );
        assert!(matches!(parse(&["--", "--hidden"]), Ok(Ask::Open(a)) if !a.hidden));
    }

    #[test]
    fn an_option_that_is_not_known_is_refused_before_anything_is_taken() {
        assert!(parse(&["--config=x", "a"]).is_err());
        assert!(matches!(parse(&["--hidden", "a"]), Ok(Ask::Open(a)) if a.hidden && a.paths.len() == 1));
        assert!(matches!(parse(&["--help"]), Ok(Ask::Say(text)) if text == HELP));
    }

    #[test]
    fn a017_a_link_is_a_name_like_any_other() {
        assert_eq!(
            paths(&["windlass://add?path=/etc/shadow"]),
            ["/home/ann/windlass://add?path=/etc/shadow"]
        );
        assert_eq!(paths(&["file:///etc/shadow"]), ["/home/ann/file:///etc/shadow"]);
    }

    #[test]
    fn a019_a_caller_without_a_folder_may_name_absolute_paths_only() {
        let parse = |word: &str| Arguments::parse([OsString::from(word)], Path::new(""));
        assert!(parse("a").is_err());
        assert!(parse("/a").is_ok());
        let many = Arguments::parse(
            (0..=MOST_PATHS).map(|n| OsString::from(n.to_string())),
            Path::new("/"),
        );
        assert!(many.is_err());
        assert!(parse(&format!("/{}", "a".repeat(MOST_BYTES))).is_err());
    }

    #[test]
    fn bytes_of_a_name_stay_as_they_are() {
        use std::os::unix::ffi::OsStringExt as _;
        let odd = OsString::from_vec(b"caf\xe9 \n$(x)".to_vec());
        let Ok(Ask::Open(got)) = Arguments::parse([odd.clone()], Path::new("/d")) else {
            panic!("refused")
        };
        assert_eq!(got.paths, [Path::new("/d").join(odd)]);
    }
}
