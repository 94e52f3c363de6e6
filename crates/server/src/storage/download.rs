//! How bytes are given out: as a file to be saved, never as a page (A44, A69, A78).

use windlass_core::names::decode_path_text;

/// Types that a browser runs or shows as a page of ours.
const ACTIVE: [&str; 5] = ["html", "xml", "svg", "javascript", "ecmascript"];

/// `Content-Disposition` with the last part of a key as the name (RFC 6266, RFC 8187). No byte of a name stands there
/// unescaped.
pub(crate) fn attachment(key: &str) -> String {
    let name = key.rsplit('/').next().unwrap_or_default();
    let bytes = decode_path_text(name).unwrap_or_else(|| name.as_bytes().to_vec());
    let mut plain = String::with_capacity(bytes.len());
    let mut whole = String::with_capacity(bytes.len());
    for byte in String::from_utf8_lossy(&bytes).bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.".contains(&byte) {
            plain.push(char::from(byte));
            whole.push(char::from(byte));
        } else {
            plain.push('_');
            whole.push_str(&format!("%{byte:02X}"));
        }
    }
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{whole}")
}

/// The type that was announced, unless a browser could run it.
pub(crate) fn content_type(mime: &str) -> String {
    let lower = mime.to_ascii_lowercase();
    if ACTIVE.iter().any(|a| lower.contains(a)) {
        "application/octet-stream".to_owned()
    } else {
        mime.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        // A78
        #[test]
        fn a078_no_name_whatever_breaks_out_of_its_header(name in any::<String>()) {
            let header = attachment(&name);
            prop_assert!(header.bytes().all(|b| (0x20..0x7f).contains(&b)), "{}", header);
            prop_assert_eq!(header.matches('"').count(), 2, "{}", header);
            prop_assert_eq!(header.matches(';').count(), 2, "{}", header);
        }
    }

    #[test]
    fn a078_no_name_breaks_out_of_its_header() {
        for name in ["a\"; x=\"y", "a%0Db", "é ü.txt", "a\u{202e}b", "..", "a%FFb"] {
            let header = attachment(&format!("group/{name}"));
            assert!(header.bytes().all(|b| (0x20..0x7f).contains(&b)), "{header}");
            assert_eq!(header.matches('"').count(), 2, "{header}");
            assert_eq!(header.matches(';').count(), 2, "{header}");
        }
        assert_eq!(
            attachment("x/Über uns.pdf"),
            "attachment; filename=\"__ber_uns.pdf\"; filename*=UTF-8''%C3%9Cber%20uns.pdf"
        );
    }

    #[test]
    fn a044_what_a_browser_would_run_is_given_out_as_bytes() {
        for active in [
            "text/html",
            "image/svg+xml",
            "application/XHTML+xml",
            "text/javascript; charset=utf-8",
        ] {
            assert_eq!(content_type(active), "application/octet-stream");
        }
        assert_eq!(content_type("image/png"), "image/png");
    }
}
