//! Honest files, made here.

use lopdf::content::{Content, Operation};
use lopdf::{Document, Object, Stream, dictionary};
use std::io::{Cursor, Write as _};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

pub(crate) const DOCX: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
pub(crate) const PPTX: &str = "application/vnd.openxmlformats-officedocument.presentationml.presentation";
pub(crate) const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const RELS: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

pub(crate) fn archive<'a>(entries: impl IntoIterator<Item = (&'a str, Vec<u8>)>) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        let method = if name == "mimetype" {
            CompressionMethod::Stored
        } else {
            CompressionMethod::Deflated
        };
        zip.start_file(name, SimpleFileOptions::default().compression_method(method))
            .expect("entry");
        zip.write_all(&bytes).expect("bytes");
    }
    zip.finish().expect("archive").into_inner()
}

fn rels(items: &[(&str, &str, &str)]) -> Vec<u8> {
    let items: String = items
        .iter()
        .map(|(id, kind, target)| {
            format!(r#"<Relationship Id="{id}" Type="{RELS}/{kind}" Target="{target}"/>"#)
        })
        .collect();
    format!(r#"<?xml version="1.0"?><Relationships>{items}</Relationships>"#).into_bytes()
}

fn core(title: &str) -> Vec<u8> {
    format!(r#"<?xml version="1.0"?><cp:coreProperties xmlns:cp="c" xmlns:dc="d"><dc:title>{title}</dc:title><dc:language>de-AT</dc:language></cp:coreProperties>"#).into_bytes()
}

pub(crate) fn docx_of(body: &str) -> Vec<u8> {
    let document = format!(
        r#"<?xml version="1.0" encoding="UTF-8"?><w:document xmlns:w="w" xmlns:mc="m"><w:body>{body}</w:body></w:document>"#
    );
    archive([
        ("[Content_Types].xml", b"<Types/>".to_vec()),
        ("_rels/.rels", rels(&[("rId1", "officeDocument", "word/document.xml")])),
        ("word/_rels/document.xml.rels", rels(&[("rId1", "footnotes", "footnotes.xml")])),
        ("word/document.xml", document.into_bytes()),
        ("word/footnotes.xml", br#"<w:footnotes xmlns:w="w"><w:footnote><w:p><w:r><w:t>A footnote.</w:t></w:r></w:p></w:footnote></w:footnotes>"#.to_vec()),
        ("docProps/core.xml", core("Jahresbericht &amp; Größe")),
    ])
}

pub(crate) fn docx() -> Vec<u8> {
    docx_of(
        r#"<w:p><w:pPr><w:pStyle w:val="Heading1"/></w:pPr><w:r><w:t>Überblick</w:t></w:r></w:p>
        <w:p><w:r><w:t xml:space="preserve">Erster </w:t></w:r><w:r><w:t>Satz &amp; mehr.</w:t></w:r><w:del><w:r><w:delText>gone</w:delText></w:r></w:del></w:p>
        <w:tbl><w:tr><w:tc><w:p><w:r><w:t>Name</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>東京</w:t></w:r></w:p></w:tc></w:tr></w:tbl>
        <mc:AlternateContent><mc:Choice><w:p><w:r><w:t>boxed</w:t></w:r></w:p></mc:Choice><mc:Fallback><w:p><w:r><w:t>boxed</w:t></w:r></w:p></mc:Fallback></mc:AlternateContent>
        <w:p><w:pPr><w:pStyle w:val="Heading2"/></w:pPr><w:r><w:t>Schluss</w:t></w:r></w:p><w:p><w:r><w:t>Ende&#x21;</w:t></w:r></w:p>"#,
    )
}

pub(crate) fn pptx() -> Vec<u8> {
    let slide = |text: &str| {
        format!(r#"<p:sld xmlns:p="p" xmlns:a="a"><p:sp><a:p><a:r><a:t>{text}</a:t></a:r></a:p></p:sp><a:fld><a:t>7</a:t></a:fld></p:sld>"#).into_bytes()
    };
    archive([
        ("_rels/.rels", rels(&[("rId1", "officeDocument", "ppt/presentation.xml")])),
        // The show runs the second file first.
        ("ppt/presentation.xml", br#"<p:presentation xmlns:p="p" xmlns:r="r"><p:sldIdLst><p:sldId id="256" r:id="b"/><p:sldId id="257" r:id="a"/></p:sldIdLst></p:presentation>"#.to_vec()),
        ("ppt/_rels/presentation.xml.rels", rels(&[("a", "slide", "slides/slide1.xml"), ("b", "slide", "slides/slide2.xml")])),
        ("ppt/slides/slide1.xml", slide("Das Ende — край")),
        ("ppt/slides/slide2.xml", slide("Der Anfang")),
        ("ppt/slides/_rels/slide2.xml.rels", rels(&[("n", "notesSlide", "../notesSlides/notesSlide1.xml")])),
        ("ppt/notesSlides/notesSlide1.xml", slide("Leise sprechen")),
    ])
}

pub(crate) fn xlsx_of(rows: &str) -> Vec<u8> {
    archive([
        ("_rels/.rels", rels(&[("rId1", "officeDocument", "xl/workbook.xml")])),
        ("xl/workbook.xml", br#"<workbook xmlns:r="r"><sheets><sheet name="Preise &amp; Daten" sheetId="1" r:id="one"/><sheet name="Zwei" sheetId="2" r:id="two"/></sheets></workbook>"#.to_vec()),
        ("xl/_rels/workbook.xml.rels", rels(&[("one", "worksheet", "worksheets/sheet1.xml"), ("two", "worksheet", "/xl/worksheets/sheet2.xml"), ("s", "sharedStrings", "sharedStrings.xml"), ("y", "styles", "styles.xml")])),
        ("xl/sharedStrings.xml", r#"<sst><si><t>Käse</t></si><si><r><t>Bro</t></r><r><t>t</t></r><rPh><t>x</t></rPh></si></sst>"#.as_bytes().to_vec()),
        ("xl/styles.xml", br#"<styleSheet><numFmts><numFmt numFmtId="164" formatCode="dd/mm/yyyy"/></numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="164"/></cellXfs></styleSheet>"#.to_vec()),
        ("xl/worksheets/sheet1.xml", format!(r#"<worksheet><sheetData>{rows}</sheetData></worksheet>"#).into_bytes()),
        ("xl/worksheets/sheet2.xml", br#"<worksheet><sheetData><row r="9"><c r="A9" t="inlineStr"><is><t>inline</t></is></c><c t="b"><v>1</v></c></row></sheetData></worksheet>"#.to_vec()),
    ])
}

pub(crate) fn xlsx() -> Vec<u8> {
    xlsx_of(
        r#"<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1"><v>2.5</v></c></row><row r="1048576"><c r="XFD1048576" t="s"><v>1</v></c><c s="1"><v>45292</v></c></row>"#,
    )
}

pub(crate) fn epub() -> Vec<u8> {
    let chapter = |title: &str, text: &str| {
        format!(r#"<?xml version="1.0" encoding="utf-8"?><!DOCTYPE html><html xmlns="http://www.w3.org/1999/xhtml"><head><title/><script src="x"/></head><body><h1>{title}</h1><p>{text}</p></body></html>"#).into_bytes()
    };
    archive([
        ("mimetype", b"application/epub+zip".to_vec()),
        ("META-INF/container.xml", br#"<container><rootfiles><rootfile full-path="OPS/book.opf"/></rootfiles></container>"#.to_vec()),
        ("OPS/book.opf", r#"<package xmlns:dc="d"><metadata><dc:title>Die Überfahrt</dc:title><dc:language>de</dc:language></metadata><manifest><item id="b" href="two%20b.xhtml"/><item id="a" href="text/one.xhtml"/></manifest><spine><itemref idref="a"/><itemref idref="b"/></spine></package>"#.as_bytes().to_vec()),
        ("OPS/two b.xhtml", chapter("Zwei", "Und das Ende.")),
        ("OPS/text/one.xhtml", chapter("Eins", "Es war einmal &mdash; früh.")),
    ])
}

pub(crate) fn pdf(pages: &[&str]) -> Document {
    let mut doc = Document::with_version("1.5");
    let root = doc.new_object_id();
    let font = doc.add_object(dictionary! { "Type" => "Font", "Subtype" => "Type1", "BaseFont" => "Helvetica", "Encoding" => "WinAnsiEncoding" });
    let resources = doc.add_object(dictionary! { "Font" => dictionary! { "F1" => font } });
    let kids: Vec<Object> = pages
        .iter()
        .map(|text| {
            let (bytes, _, _) = encoding_rs::WINDOWS_1252.encode(text);
            let content = Content {
                operations: vec![
                    Operation::new("BT", vec![]),
                    Operation::new("Tf", vec!["F1".into(), 24.into()]),
                    Operation::new("Td", vec![100.into(), 600.into()]),
                    Operation::new("Tj", vec![Object::string_literal(bytes.into_owned())]),
                    Operation::new("ET", vec![]),
                ],
            };
            let content = doc.add_object(Stream::new(dictionary! {}, content.encode().expect("content")));
            doc.add_object(dictionary! { "Type" => "Page", "Parent" => root, "Contents" => content })
                .into()
        })
        .collect();
    let count = i64::try_from(kids.len()).expect("few");
    doc.objects.insert(
        root,
        Object::Dictionary(dictionary! {
            "Type" => "Pages", "Kids" => kids, "Count" => count, "Resources" => resources,
            "MediaBox" => vec![0.into(), 0.into(), 595.into(), 842.into()],
        }),
    );
    let catalog = doc.add_object(dictionary! { "Type" => "Catalog", "Pages" => root });
    doc.trailer.set("Root", catalog);
    let info = doc.add_object(dictionary! { "Title" => Object::string_literal("A report") });
    doc.trailer.set("Info", info);
    doc
}

pub(crate) fn saved(mut doc: Document) -> Vec<u8> {
    let mut bytes = Vec::new();
    doc.save_to(&mut bytes).expect("saved");
    bytes
}

pub(crate) const HTML: &str = r#"<!doctype html><html lang="fr"><head><meta charset="utf-8"><title>Un &eacute;t&eacute;</title>
<style>p { color: red }</style><script>if (a < b) alert("hidden")</script></head><body><p>Avant.</p><h2>Le <b>d&eacute;but</b></h2>
<p>Premier   paragraphe<br>suite</p><table><tr><td>un</td><td>deux</td></tr></table><img alt="Un bateau"><template>hidden</template></body></html>"#;

/// One of each format, with its type.
pub(crate) fn all() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    vec![
        (
            "text",
            "text/plain",
            "Erste Zeile\nzweite Zeile, größer\n".repeat(40).into_bytes(),
        ),
        (
            "markdown",
            "text/markdown",
            "# Titel\n\nEin *Absatz* mit [Verweis](x).\n\n## Zwei\n\n- a\n- b\n"
                .repeat(10)
                .into_bytes(),
        ),
        ("html", "text/html", HTML.as_bytes().to_vec()),
        (
            "csv",
            "text/csv",
            "name,ort\nÄnne,\"Köln, Rhein\"\n".repeat(20).into_bytes(),
        ),
        (
            "json",
            "application/json",
            br#"{"name":"Anne","list":[1,true,null,{"deep":"value"}],"text":"more words here"}"#.to_vec(),
        ),
        (
            "pdf",
            "application/pdf",
            saved(pdf(&["First page", "Zweite Größe"])),
        ),
        ("docx", DOCX, docx()),
        ("pptx", PPTX, pptx()),
        ("xlsx", XLSX, xlsx()),
        ("epub", "application/epub+zip", epub()),
    ]
}
