//! HTML: the words that a reader would see, one section for each heading. Only the tokenizer of a browser-grade parser is
//! used, no tree is built: time is linear, memory small, and nesting costs nothing.

use html5ever::TokenizerResult;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{
    BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};
use std::cell::{Cell, RefCell};
use std::io::Read;

use super::{Flow, Format, Output, Source};
use crate::decode::Utf8;
use crate::error::Fault;
use crate::limits::Limits;
use crate::piece::{Locator, Metadata, one_line};

pub(super) const FORMAT: Format = Format {
    name: "html",
    types: &["text/html", "application/xhtml+xml"],
    read,
};

fn read(source: &mut Source, _: &Limits, output: &mut Output<'_>) -> Result<Metadata, Fault> {
    let xml = source.real_type == "application/xhtml+xml";
    let (mut text, encoding) = source.decoded(charset)?;
    let flow = Flow::new(
        output,
        Locator::Section {
            number: 0,
            title: None,
        },
    );
    let mut metadata = words(
        &mut text,
        flow,
        if xml { Kind::Xhtml } else { Kind::Html },
        Place::Sections,
    )?;
    metadata.encoding = Some(encoding.to_owned());
    Ok(metadata)
}

/// Whether `<br/>` and `<title/>` end themselves.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Html,
    Xhtml,
}

/// What a heading does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// It begins a section.
    Sections,
    /// It names the chapter of this number, if it is the first.
    Chapter(u64),
}

/// Puts what is to be read in `text` into `flow`; says title and language.
pub(super) fn words<R: Read>(
    text: &mut Utf8<R>,
    flow: Flow<'_, '_>,
    kind: Kind,
    place: Place,
) -> Result<Metadata, Fault> {
    let words = Words {
        flow: RefCell::new(flow),
        fault: RefCell::new(None),
        metadata: RefCell::default(),
        heading: RefCell::new(None),
        in_title: Cell::new(false),
        title: RefCell::default(),
        silent: Cell::new(0),
        code: Cell::new(false),
        pre: Cell::new(0),
        sections: Cell::new(0),
        kind,
        place,
    };
    let tokenizer = Tokenizer::new(
        words,
        TokenizerOpts {
            discard_bom: false,
            ..TokenizerOpts::default()
        },
    );
    let queue = BufferQueue::default();
    loop {
        let more = text.next_text().map_err(Fault::damaged)?;
        if more.is_empty() {
            break;
        }
        queue.push_back(StrTendril::from_slice(more));
        while let TokenizerResult::Script(()) = tokenizer.feed(&queue) {}
        if let Some(fault) = tokenizer.sink.fault.borrow_mut().take() {
            return Err(fault);
        }
    }
    tokenizer.end();
    let sink = tokenizer.sink;
    if let Some(fault) = sink.fault.into_inner() {
        return Err(fault);
    }
    sink.flow.into_inner().flush()?;
    let mut metadata = sink.metadata.into_inner();
    metadata.title = one_line(&sink.title.into_inner()).or(metadata.title);
    Ok(metadata)
}

/// The words of a scrap of HTML without its tags.
pub(super) fn bare_words(code: &str, flow: &mut Flow<'_, '_>) -> Result<(), Fault> {
    let mut rest = code;
    while let Some(at) = rest.find('<') {
        flow.words(&rest[..at]);
        let Some(end) = rest[at..].find('>') else {
            return Ok(());
        };
        rest = &rest[at + end + 1..];
    }
    flow.words(rest);
    flow.relieve()
}

/// `charset=` of a meta element within the first KiB, as browsers look for it.
pub(super) fn charset(head: &[u8]) -> Option<&[u8]> {
    let head = &head[..head.len().min(1024)];
    let at = head
        .windows(8)
        .position(|w| w.eq_ignore_ascii_case(b"charset="))?
        + 8;
    let value = &head[at..];
    let value = value
        .strip_prefix(b"\"")
        .or_else(|| value.strip_prefix(b"'"))
        .unwrap_or(value);
    let end = value
        .iter()
        .position(|b| b"\"'>; /\t\r\n".contains(b))
        .unwrap_or(value.len());
    // The label was found by reading ASCII, so it can't be UTF-16.
    (!value[..end].to_ascii_lowercase().starts_with(b"utf-16")).then_some(&value[..end])
}

struct Words<'o, 'a> {
    flow: RefCell<Flow<'o, 'a>>,
    fault: RefCell<Option<Fault>>,
    metadata: RefCell<Metadata>,
    heading: RefCell<Option<String>>,
    in_title: Cell<bool>,
    title: RefCell<String>,
    /// How many elements are open whose text nobody sees.
    silent: Cell<u32>,
    /// Whether the text is that of a script or the like.
    code: Cell<bool>,
    pre: Cell<u32>,
    sections: Cell<u64>,
    kind: Kind,
    place: Place,
}

impl Words<'_, '_> {
    fn characters(&self, text: &str) {
        if self.silent.get() > 0 || self.code.get() {
            return;
        }
        if self.in_title.get() {
            let mut title = self.title.borrow_mut();
            if title.len() < 4096 {
                title.push_str(text);
            }
            return;
        }
        if let Some(heading) = self.heading.borrow_mut().as_mut()
            && heading.len() < 4096
        {
            heading.push_str(text);
        }
        // The text of a heading is held back until it is known where it belongs.
        if self.heading.borrow().is_some() && self.place == Place::Sections {
            return;
        }
        let mut flow = self.flow.borrow_mut();
        if self.pre.get() > 0 {
            flow.text(text);
        } else {
            flow.words(text);
        }
        self.keep(flow.relieve());
    }

    fn keep(&self, result: Result<(), Fault>) {
        if let Err(fault) = result {
            self.fault.borrow_mut().get_or_insert(fault);
        }
    }

    fn start(&self, tag: &Tag) -> TokenSinkResult<()> {
        let ends_itself = self.kind == Kind::Xhtml && tag.self_closing;
        let name = tag.name.as_ref();
        match name {
            "script" if !ends_itself => {
                self.code.set(true);
                return TokenSinkResult::RawData(RawKind::ScriptData);
            }
            "style" | "noembed" | "noframes" | "iframe" if !ends_itself => {
                self.code.set(true);
                return TokenSinkResult::RawData(RawKind::Rawtext);
            }
            "title" if !ends_itself && self.title.borrow().is_empty() => {
                self.in_title.set(true);
                return TokenSinkResult::RawData(RawKind::Rcdata);
            }
            "title" if !ends_itself => return TokenSinkResult::RawData(RawKind::Rcdata),
            "textarea" if !ends_itself => return TokenSinkResult::RawData(RawKind::Rcdata),
            "template" | "svg" | "math" if !tag.self_closing => self.silent.set(self.silent.get() + 1),
            "html" => {
                self.metadata.borrow_mut().language = tag
                    .attrs
                    .iter()
                    .find(|a| a.name.local.as_ref() == "lang")
                    .and_then(|a| one_line(&a.value));
            }
            "img" => {
                if let Some(alt) = tag.attrs.iter().find(|a| a.name.local.as_ref() == "alt") {
                    self.characters(&alt.value);
                }
            }
            "br" => self.flow.borrow_mut().line(),
            "td" | "th" => self.flow.borrow_mut().space(),
            "pre" => self.pre.set(self.pre.get() + 1),
            _ => {}
        }
        if is_heading(name) && !ends_itself {
            *self.heading.borrow_mut() = Some(String::new());
        }
        self.block(name);
        TokenSinkResult::Continue
    }

    fn end(&self, name: &str) {
        match name {
            "title" => self.in_title.set(false),
            // The only tag that comes out of such an element is the one that ends it.
            "script" | "style" | "noembed" | "noframes" | "iframe" => self.code.set(false),
            "template" | "svg" | "math" => self.silent.set(self.silent.get().saturating_sub(1)),
            "pre" => self.pre.set(self.pre.get().saturating_sub(1)),
            _ => {}
        }
        if is_heading(name)
            && let Some(text) = self.heading.borrow_mut().take()
        {
            self.headed(one_line(&text));
        }
        self.block(name);
    }

    fn headed(&self, title: Option<String>) {
        let Some(title) = title else { return };
        let mut flow = self.flow.borrow_mut();
        if self.metadata.borrow().title.is_none() {
            self.metadata.borrow_mut().title = Some(title.clone());
            if let Place::Chapter(number) = self.place {
                flow.rename(Locator::Chapter {
                    number,
                    title: Some(title.clone()),
                });
            }
        }
        if self.place == Place::Sections {
            let number = self.sections.get() + 1;
            self.sections.set(number);
            self.keep(flow.go_to(Locator::Section {
                number,
                title: Some(title.clone()),
            }));
            flow.text(&title);
        }
    }

    fn block(&self, name: &str) {
        let mut flow = self.flow.borrow_mut();
        match name {
            "p" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "table" | "ul" | "ol" | "dl" | "pre"
            | "blockquote" | "section" | "article" | "body" | "head" | "figure" => {
                self.keep(flow.paragraph());
            }
            "div" | "li" | "tr" | "dt" | "dd" | "header" | "footer" | "main" | "nav" | "aside" | "hr"
            | "caption" | "option" | "form" | "address" | "figcaption" | "details" | "summary" => flow.line(),
            _ => {}
        }
    }
}

fn is_heading(name: &str) -> bool {
    matches!(name, "h1" | "h2" | "h3" | "h4" | "h5" | "h6")
}

impl TokenSink for Words<'_, '_> {
    type Handle = ();

    fn process_token(&self, token: Token, _: u64) -> TokenSinkResult<()> {
        match token {
            Token::CharacterTokens(text) => self.characters(&text),
            Token::TagToken(tag) if tag.kind == TagKind::StartTag => return self.start(&tag),
            Token::TagToken(tag) => self.end(tag.name.as_ref()),
            _ => {}
        }
        TokenSinkResult::Continue
    }
}
