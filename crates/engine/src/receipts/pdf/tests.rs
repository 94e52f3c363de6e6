use super::*;

/// The fonts that the tests of the setup install; others of the machine stay out.
fn dejavu() -> Database {
    let mut system = Database::new();
    system.load_system_fonts();
    let others: Vec<_> = system
        .faces()
        .filter(|face| face.families.iter().all(|(name, _)| name != "DejaVu Sans"))
        .map(|face| face.id)
        .collect();
    others.into_iter().for_each(|id| system.remove_face(id));
    assert!(
        !system.is_empty(),
        "this test needs the font DejaVu Sans (fonts-dejavu-core): cargo xtask setup"
    );
    system
}

fn read(pdf: &[u8]) -> String {
    pdf_extract::extract_text_from_mem(pdf).unwrap()
}

#[test]
fn names_stand_in_their_own_letters() {
    let mut pdf = Pdf::new("Αθήνα");
    pdf.title("Receipt: Αθήνα");
    pdf.pair("Destination", "Склад Київ");
    pdf.strong("/Müller/Привет мир.jpg");
    pdf.plain("契約.pdf");
    let bytes = pdf.end_in(&dejavu()).unwrap();
    assert!(bytes.starts_with(b"%PDF-1.4") && bytes.ends_with(b"%%EOF\n"));
    let text = read(&bytes);
    for told in [
        "Receipt: Αθήνα",
        "Destination",
        "Склад Київ",
        "/Müller/Привет мир.jpg",
        // No font of these has the letters of this name.
        "<U+5951><U+7D04>.pdf",
    ] {
        assert!(text.contains(told), "{told} in {text}");
    }
}

// A08
#[test]
fn a_name_can_not_hide_or_turn_what_stands_there() {
    for system in [dejavu(), Database::new()] {
        let mut pdf = Pdf::new("a\u{202e}b");
        pdf.strong("invoice\u{202e}gpj.exe");
        pdf.plain("two\nlines\u{200b}\u{e000}\u{ad}");
        let text = read(&pdf.end_in(&system).unwrap());
        assert!(text.contains("invoice<U+202E>gpj.exe"), "{text}");
        assert!(
            text.contains("two<U+000A>lines<U+200B><U+E000><U+00AD>"),
            "{text}"
        );
    }
}

#[test]
fn a_long_name_goes_on_in_the_next_line_and_a_long_document_on_the_next_page() {
    let name: String = (0..60).map(|i| format!("Ж{i:03} ")).collect();
    for system in [dejavu(), Database::new()] {
        let mut pdf = Pdf::new("long");
        for _ in 0..40 {
            pdf.strong(&name);
            pdf.pair("Files", &name);
        }
        let bytes = pdf.end_in(&system).unwrap();
        let pages = pdf_extract::extract_text_from_mem_by_pages(&bytes).unwrap();
        assert!(pages.len() > 3, "{}", pages.len());
        // What is cut over lines is whole when they are put together again.
        let text: String = pages.concat().split_whitespace().collect();
        assert_eq!(text.matches("059").count(), 80);
        assert_eq!(text.matches("Files").count(), 40);
    }
}

#[test]
fn without_a_font_a_document_points_at_each_of_its_objects() {
    let mut pdf = Pdf::new("Shoot (12 May)");
    pdf.title("Receipt: Müller \u{5951}");
    pdf.pair("Files", &"x".repeat(200));
    for i in 0..400 {
        pdf.strong(&format!("/a/{i}"));
        pdf.plain("1 bytes");
    }
    let bytes = pdf.end_in(&Database::new()).unwrap();
    let text: String = bytes.iter().map(|b| char::from(*b)).collect();
    assert!(text.contains("M\u{fc}ller <U+5951>") && text.contains("Shoot \\(12 May\\)"));
    let xref = text.rfind("xref\n0 ").unwrap();
    let places: Vec<usize> = text[xref..]
        .lines()
        .filter(|l| l.ends_with(" 00000 n "))
        .map(|l| l[..10].parse().unwrap())
        .collect();
    assert!(places.len() > 10);
    for (i, place) in places.iter().enumerate() {
        assert!(bytes[*place..].starts_with(format!("{} 0 obj", i + 1).as_bytes()));
    }
    let start: usize = text.lines().rev().nth(1).unwrap().parse().unwrap();
    assert!(bytes[start..].starts_with(b"xref"));
}
