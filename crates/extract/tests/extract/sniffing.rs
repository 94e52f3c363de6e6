//! Real types against declared ones.

use super::samples;
use std::io::Cursor;
use windlass_extract::sniff::Verdict::{Compatible, Contradicts, Matches};
use windlass_extract::sniff::{sniff, sniff_file};

#[test]
fn declared_types_are_held_against_the_content() {
    let png: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01";
    let glb: &[u8] = b"glTF\x02\0\0\0\x40\0\0\0";
    let gltf: &[u8] = br#"{"asset":{"version":"2.0"},"scenes":[]}"#;
    let json: &[u8] = br#"{"a": [1, 2]}"#;
    let html: &[u8] = b"<!DOCTYPE html><html><body>hi</body></html>";
    let svg: &[u8] = br#"<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"></svg>"#;
    let elf: &[u8] = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\x3e\0\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    let table = [
        (png, "image/png", Matches),
        (png, "IMAGE/PNG; charset=x", Matches),
        (png, "image/jpeg", Contradicts),
        (png, "application/pdf", Contradicts),
        (png, "application/octet-stream", Compatible),
        (png, "", Compatible),
        (glb, "model/gltf-binary", Matches),
        (glb, "model/gltf+json", Contradicts),
        (gltf, "model/gltf+json", Matches),
        (gltf, "application/json", Compatible),
        (gltf, "model/gltf-binary", Contradicts),
        (json, "application/json", Matches),
        (json, "text/plain", Compatible),
        (json, "application/geo+json", Compatible),
        (b"{not json", "application/json", Contradicts),
        (b"plain words", "application/json", Contradicts),
        (html, "text/html", Matches),
        (html, "text/plain", Compatible),
        (html, "image/png", Contradicts),
        (svg, "image/svg+xml", Matches),
        (svg, "application/xml", Compatible),
        (svg, "image/png", Contradicts),
        (elf, "text/plain", Contradicts),
        (elf, "image/png", Contradicts),
        (b"# Title\n\ntext", "text/markdown", Matches),
        (b"a,b\n1,2\n3,4\n", "text/csv", Matches),
        (b"%PDF-1.7\n", "application/pdf", Matches),
        (b"%PDF-1.7\n", "image/png", Contradicts),
        (b"\x00\x01\x02\x03\x04", "model/vnd.usdz+zip", Contradicts),
        (b"\x00\x01\x02\x03\x04", "application/x-own-thing", Compatible),
        (b"", "image/png", Contradicts),
    ];
    for (head, declared, verdict) in table {
        let found = sniff(head, true, None, declared);
        assert_eq!(
            found.verdict,
            verdict,
            "{declared} with {:?}, real {}",
            String::from_utf8_lossy(head),
            found.real
        );
    }
}

#[test]
fn archives_are_told_apart_by_their_directory() {
    let plain = samples::archive([("notes.txt", b"hi".to_vec())]);
    let of =
        |bytes: &[u8], declared: &str| sniff_file(&mut Cursor::new(bytes.to_vec()), declared).expect("read");
    assert_eq!(of(&plain, "application/zip").verdict, Matches);
    assert_eq!(of(&plain, samples::DOCX).verdict, Contradicts);
    assert_eq!(of(&samples::docx(), samples::DOCX).verdict, Matches);
    assert_eq!(of(&samples::docx(), samples::XLSX).verdict, Contradicts);
    assert_eq!(of(&samples::docx(), "application/zip").verdict, Compatible);
    assert_eq!(of(&samples::epub(), "application/epub+zip").verdict, Matches);
    // By its first bytes alone an archive may be any document.
    assert_eq!(
        sniff(&plain[..64.min(plain.len())], false, None, samples::DOCX).verdict,
        Compatible
    );
}
