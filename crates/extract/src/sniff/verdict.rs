//! A real type against a declared one.

use super::Verdict;

/// Other words for the same type; the second is the one used here.
const ALIASES: &[(&str, &str)] = &[
    ("application/csv", "text/csv"),
    ("application/gzip-compressed", "application/gzip"),
    ("application/javascript", "text/javascript"),
    ("application/ld+json", "application/json"),
    ("application/jsonl", "application/x-ndjson"),
    ("application/rar", "application/vnd.rar"),
    ("application/x-bzip", "application/x-bzip2"),
    ("application/x-bzip2", "application/x-bzip2"),
    ("application/x-gzip", "application/gzip"),
    ("application/x-pdf", "application/pdf"),
    ("application/x-rar-compressed", "application/vnd.rar"),
    ("application/x-zip-compressed", "application/zip"),
    ("audio/mp3", "audio/mpeg"),
    ("audio/wav", "audio/x-wav"),
    ("audio/wave", "audio/x-wav"),
    ("audio/vnd.wave", "audio/x-wav"),
    ("audio/x-flac", "audio/flac"),
    ("audio/x-m4a", "audio/m4a"),
    ("image/jpg", "image/jpeg"),
    ("image/pjpeg", "image/jpeg"),
    ("image/x-icon", "image/vnd.microsoft.icon"),
    ("image/x-png", "image/png"),
    ("image/x-ms-bmp", "image/bmp"),
    ("text/json", "application/json"),
    ("text/x-markdown", "text/markdown"),
    ("text/xml", "application/xml"),
];

/// Types that share one container, so that the sign at the beginning can't tell them apart.
const FAMILIES: &[&[&str]] = &[
    &[
        "video/mp4",
        "video/quicktime",
        "video/x-m4v",
        "video/3gpp",
        "audio/m4a",
        "audio/mp4",
        "application/mp4",
    ],
    &[
        "image/heif",
        "image/heic",
        "image/avif",
        "image/heif-sequence",
        "image/heic-sequence",
    ],
    &["video/webm", "video/x-matroska", "audio/webm", "audio/x-matroska"],
    &["audio/ogg", "video/ogg", "application/ogg", "audio/opus"],
    &[
        "image/tiff",
        "image/x-canon-cr2",
        "image/x-adobe-dng",
        "image/x-nikon-nef",
        "image/x-sony-arw",
    ],
    &[
        "application/msword",
        "application/vnd.ms-excel",
        "application/vnd.ms-powerpoint",
        "application/x-ole-storage",
        "application/x-msi",
        "application/vnd.ms-outlook",
    ],
    &["audio/aiff", "audio/x-aiff"],
    &["font/ttf", "font/otf", "font/sfnt", "application/font-sfnt"],
    &[
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/vnd.ms-word.document.macroenabled.12",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.template",
    ],
    &[
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.ms-excel.sheet.macroenabled.12",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.template",
    ],
    &[
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "application/vnd.ms-powerpoint.presentation.macroenabled.12",
        "application/vnd.openxmlformats-officedocument.presentationml.slideshow",
        "application/vnd.openxmlformats-officedocument.presentationml.template",
    ],
];

/// Kinds of text of which a file of one is a file of the other by its letters.
fn is_textual(media_type: &str) -> bool {
    media_type.starts_with("text/")
        || media_type.ends_with("+json")
        || media_type.ends_with("+xml")
        || matches!(
            media_type,
            "application/json"
                | "application/x-ndjson"
                | "application/xml"
                | "application/x-sh"
                | "application/yaml"
                | "application/x-yaml"
                | "application/toml"
                | "application/sql"
                | "application/rtf"
                | "application/x-subrip"
                | "application/geo+json"
                | "application/pgp-keys"
                | "application/x-httpd-php"
                | "application/x-tex"
                | "message/rfc822"
                | "model/obj"
                | "model/gltf+json"
                | "application/x-pem-file"
                | "application/postscript"
        )
}

/// Whether a declared type would show by a sign in the content, so that its absence says no.
fn has_a_sign(media_type: &str) -> bool {
    let group = media_type.split('/').next().unwrap_or_default();
    is_zip_based(media_type)
        || matches!(
            media_type,
            "image/png"
                | "image/jpeg"
                | "image/gif"
                | "image/webp"
                | "image/bmp"
                | "image/tiff"
                | "image/avif"
                | "image/heic"
                | "video/mp4"
                | "video/webm"
                | "video/quicktime"
                | "audio/flac"
                | "audio/x-wav"
                | "audio/ogg"
                | "application/pdf"
                | "application/gzip"
                | "application/zstd"
                | "application/x-7z-compressed"
                | "application/vnd.rar"
                | "application/x-xz"
                | "application/msword"
                | "application/vnd.ms-excel"
                | "application/vnd.ms-powerpoint"
                | "model/gltf-binary"
                | "application/vnd.sqlite3"
        )
        || (group == "font" && media_type != "font/collection")
}

fn is_zip_based(media_type: &str) -> bool {
    media_type == "application/zip"
        || media_type.ends_with("+zip")
        || media_type.starts_with("application/vnd.openxmlformats-officedocument.")
        || media_type.starts_with("application/vnd.oasis.opendocument.")
        || media_type.ends_with("macroenabled.12")
        || matches!(
            media_type,
            "application/java-archive" | "application/vnd.android.package-archive"
        )
}

fn usual(media_type: &str) -> &str {
    ALIASES
        .iter()
        .find(|(alias, _)| *alias == media_type)
        .map_or(media_type, |(_, usual)| usual)
}

/// What `real` (empty: not known) says about `declared`, both without parameters. `names_missing`: it is an archive whose
/// names were not looked at.
#[must_use]
pub fn verdict(real: &str, declared: &str, names_missing: bool) -> Verdict {
    let (real, declared) = (usual(real), usual(declared));
    if declared.is_empty()
        || matches!(
            declared,
            "application/octet-stream" | "binary/octet-stream" | "application/x-binary"
        )
    {
        return Verdict::Compatible;
    }
    if real == declared {
        return Verdict::Matches;
    }
    if real.is_empty() {
        return if has_a_sign(declared) || is_textual(declared) {
            Verdict::Contradicts
        } else {
            Verdict::Compatible
        };
    }
    let related = FAMILIES.iter().any(|f| f.contains(&real) && f.contains(&declared))
        || (is_zip_based(real) && declared == "application/zip")
        // An archive of an unknown kind may be any kind that is built on archives and has no reader here.
        || (real == "application/zip" && is_zip_based(declared) && (names_missing || !known_by_name(declared)))
        || text_fits(real, declared);
    if related {
        return Verdict::Compatible;
    }
    // What can't be told from text by a sign (a model, a subtitle, a CAD drawing) may be text.
    if is_textual(real)
        && !has_a_sign(declared)
        && !declared.starts_with("image/")
        && !declared.starts_with("video/")
    {
        return if is_textual(declared) || !declared.starts_with("audio/") {
            if strict(declared) {
                Verdict::Contradicts
            } else {
                Verdict::Compatible
            }
        } else {
            Verdict::Contradicts
        };
    }
    Verdict::Contradicts
}

/// Archives that are told by a name in their directory; without that name they are something else.
fn known_by_name(declared: &str) -> bool {
    declared.starts_with("application/vnd.openxmlformats-officedocument.")
        || declared.ends_with("macroenabled.12")
        || declared == "application/epub+zip"
}

fn text_fits(real: &str, declared: &str) -> bool {
    match declared {
        "application/json" | "model/gltf+json" => matches!(real, "application/json" | "model/gltf+json"),
        "application/xml" => real.ends_with("+xml"),
        "image/svg+xml" => real == "application/xml",
        _ if declared.ends_with("+json") => matches!(real, "application/json" | "model/gltf+json"),
        _ if declared.ends_with("+xml") => real == "application/xml" || real == "text/html",
        _ => declared.starts_with("text/") && is_textual(real),
    }
}

/// Declared types whose content proves itself, so that other text contradicts.
fn strict(declared: &str) -> bool {
    declared == "application/json"
        || declared == "application/xml"
        || declared.ends_with("+json")
        || declared.ends_with("+xml")
}
