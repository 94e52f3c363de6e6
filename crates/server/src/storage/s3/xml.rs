//! The little XML that buckets speak: a tree of names and texts, of a limited depth and size.

use quick_xml::Reader;
use quick_xml::XmlVersion;
use quick_xml::events::Event;

/// Elements inside elements that are followed.
const DEPTH: usize = 16;
/// Elements of one answer: a listing of 1,000 with all that is said about each.
const ELEMENTS: usize = 50_000;

/// An element.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) name: String,
    pub(super) text: String,
    pub(super) children: Vec<Node>,
}

impl Node {
    /// The first child of a name.
    pub(super) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|c| c.name == name)
    }

    /// The text of the first child of a name.
    pub(super) fn text_of(&self, name: &str) -> Option<&str> {
        self.child(name).map(|c| c.text.as_str())
    }

    /// All children of a name.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |c| c.name == name)
    }
}

/// The root element; `None` for what is no XML, is cut, or is out of bounds. Blanks before it are fine (F84).
pub(super) fn parse(bytes: &[u8]) -> Option<Node> {
    let text = std::str::from_utf8(bytes).ok()?.trim();
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Node> = Vec::new();
    let mut elements = 0;
    loop {
        match reader.read_event().ok()? {
            Event::Start(e) => {
                elements += 1;
                if open.len() >= DEPTH || elements > ELEMENTS {
                    return None;
                }
                open.push(Node {
                    name: e.local_name().as_ref().to_owned(),
                    ..Node::default()
                });
            }
            Event::Empty(e) => {
                let node = Node {
                    name: e.local_name().as_ref().to_owned(),
                    ..Node::default()
                };
                match open.last_mut() {
                    Some(parent) => parent.children.push(node),
                    None => return Some(node),
                }
            }
            Event::End(_) => {
                let node = open.pop()?;
                match open.last_mut() {
                    Some(parent) => parent.children.push(node),
                    None => return Some(node),
                }
            }
            Event::Text(t) => {
                if let Some(node) = open.last_mut() {
                    node.text.push_str(&t.xml_content(XmlVersion::Implicit1_0));
                }
            }
            Event::CData(t) => open.last_mut()?.text.push_str(&t),
            Event::GeneralRef(r) => {
                let c = match r.resolve_char_ref().ok()? {
                    Some(c) => c,
                    None => match r.as_ref() {
                        "amp" => '&',
                        "lt" => '<',
                        "gt" => '>',
                        "quot" => '"',
                        "apos" => '\'',
                        _ => return None,
                    },
                };
                open.last_mut()?.text.push(c);
            }
            Event::Eof => return None,
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
}

/// Text inside an element.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        // A80, F67: also half a listing, entities without end, and names that are none.
        #[test]
        fn a080_any_bytes_as_an_answer_of_a_storage_are_read_or_refused(
            bytes in proptest::collection::vec(any::<u8>(), 0..400),
            pieces in proptest::collection::vec(
                proptest::sample::select(vec![
                    "<a>", "</a>", "<a", "<b/>", "&amp;", "&#0;", "&#x110000;", "&x;", "<!DOCTYPE a [<!ENTITY x \"y\">]>",
                    "<![CDATA[", "]]>", "<?xml version=\"1.0\"?>", "text", "<ä:ö>", "</ä:ö>", "\0", "<!--", "-->",
                ]),
                0..40,
            ),
        ) {
            let _ = parse(&bytes);
            let text = pieces.concat();
            if let Some(root) = parse(text.as_bytes()) {
                let is_unfolded = format!("{root:?}").contains("\"y\"");
                prop_assert!(!is_unfolded, "an entity of the document was unfolded");
            }
            let nested = format!("{}{}", "<a>".repeat(pieces.len()), "</a>".repeat(pieces.len()));
            prop_assert_eq!(parse(nested.as_bytes()).is_some(), (1..=DEPTH).contains(&pieces.len()));
        }
    }

    #[test]
    fn texts_entities_and_blanks_are_read() {
        let xml = b"  \n\n<?xml version=\"1.0\"?><a xmlns=\"x\"><b>&quot;1&#x41;&quot;</b><b>2</b><c/></a>";
        let a = parse(xml).expect("a tree");
        assert_eq!(a.text_of("b"), Some("\"1A\""));
        assert_eq!(a.all("b").count(), 2);
        assert!(a.child("c").is_some());
    }

    #[test]
    fn what_is_cut_or_deep_or_no_xml_is_nothing() {
        for bad in ["", "no", "<a><b></b>", "<a></b>", "<a>&nope;</a>"] {
            assert_eq!(parse(bad.as_bytes()), None, "{bad}");
        }
        let deep = "<a>".repeat(50) + &"</a>".repeat(50);
        assert_eq!(parse(deep.as_bytes()), None);
        assert_eq!(parse(&[0xff, 0xfe]), None);
    }
}
