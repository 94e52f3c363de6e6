//! Archives as documents use them: entries are read by name, one at a time, never unpacked to disk, never opened as
//! archives again. What a directory claims is checked before, what really comes out is counted while reading.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

use zip::ZipArchive;
use zip::result::ZipError;

use crate::error::Fault;
use crate::formats::Source;
use crate::limits::{Limit, Limits};
use crate::sniff::directory;
use crate::xml::{self, Node};

/// From here on the ratio of an entry is looked at; below it one long run of spaces is harmless.
const RATIO_FROM: u64 = 1 << 20;

/// An open archive and what may still come out of it.
pub(crate) struct Package<'s> {
    zip: ZipArchive<&'s mut Source>,
    limits: Limits,
    left: Rc<Cell<u64>>,
    tripped: Rc<Cell<Option<Limit>>>,
}

impl<'s> Package<'s> {
    pub(crate) fn open(source: &'s mut Source, limits: &Limits) -> Result<Self, Fault> {
        let listed = directory::read(source)
            .map_err(|e| Fault::Unread {
                detail: e.to_string(),
            })?
            .ok_or_else(|| Fault::damaged("the directory of the archive is missing"))?;
        if listed.entries > limits.zip_entries {
            return Err(Fault::limit(
                Limit::Entries,
                format!("{} entries of at most {}", listed.entries, limits.zip_entries),
            ));
        }
        let mut zip = ZipArchive::new(source).map_err(Fault::damaged)?;
        let mut claimed = 0_u64;
        for i in 0..zip.len() {
            let entry = zip.by_index_raw(i).map_err(Fault::damaged)?;
            if entry.encrypted() {
                return Err(Fault::encrypted("an encrypted archive"));
            }
            claimed = claimed.saturating_add(entry.size());
        }
        if claimed > limits.unpacked_bytes {
            return Err(Fault::limit(
                Limit::Unpacked,
                format!("{claimed} bytes of at most {}", limits.unpacked_bytes),
            ));
        }
        Ok(Self {
            zip,
            limits: limits.clone(),
            left: Rc::new(Cell::new(limits.unpacked_bytes)),
            tripped: Rc::new(Cell::new(None)),
        })
    }

    /// Whether there is an entry of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.index(name).is_some()
    }

    fn index(&self, name: &str) -> Option<usize> {
        let name = name.trim_start_matches('/');
        self.zip.index_for_name(name).or_else(|| {
            // Some writers differ in case between the directory and the relations.
            self.zip
                .file_names()
                .position(|n| n.is_ok_and(|n| n.eq_ignore_ascii_case(name)))
        })
    }

    /// Lets `read` read an entry; `None` if there is none of this name.
    pub(crate) fn entry<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&mut dyn Read, &Limits) -> Result<T, Fault>,
    ) -> Result<Option<T>, Fault> {
        let Some(index) = self.index(name) else {
            return Ok(None);
        };
        let entry = self.zip.by_index(index).map_err(|e| match e {
            ZipError::UnsupportedArchive(what) => Fault::unsupported(what),
            other => Fault::damaged(other),
        })?;
        let mut metered = Metered {
            packed: entry.compressed_size().max(1),
            inner: entry,
            read: 0,
            ratio: self.limits.unpack_ratio,
            left: Rc::clone(&self.left),
            tripped: Rc::clone(&self.tripped),
        };
        let result = read(&mut metered, &self.limits);
        match self.tripped.get() {
            Some(limit) => Err(Fault::limit(
                limit,
                format!(
                    "an archive unpacks to at most {} bytes, {} for each packed one",
                    self.limits.unpacked_bytes, self.limits.unpack_ratio
                ),
            )),
            None => result.map(Some),
        }
    }

    /// Walks an entry of XML; false if there is none of this name.
    pub(crate) fn xml(
        &mut self,
        name: &str,
        visit: impl FnMut(Node<'_>) -> Result<(), Fault>,
    ) -> Result<bool, Fault> {
        Ok(self
            .entry(name, |entry, limits| xml::walk(entry, limits, visit))?
            .is_some())
    }

    /// Walks an entry of XML that the document can't be without.
    pub(crate) fn needed_xml(
        &mut self,
        name: &str,
        visit: impl FnMut(Node<'_>) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        if self.xml(name, visit)? {
            Ok(())
        } else {
            Err(Fault::damaged(format_args!("{} is missing", shown(name))))
        }
    }
}

/// A name of the file's own choosing, fit for a message.
fn shown(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(80).collect()
}

struct Metered<R> {
    inner: R,
    packed: u64,
    read: u64,
    ratio: u64,
    left: Rc<Cell<u64>>,
    tripped: Rc<Cell<Option<Limit>>>,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buf)?;
        self.read += n as u64;
        let too_dense = self.read > RATIO_FROM && self.read / self.packed > self.ratio;
        match self.left.get().checked_sub(n as u64) {
            Some(left) if !too_dense => self.left.set(left),
            _ => {
                self.tripped.set(Some(Limit::Unpacked));
                return Err(io::Error::other("unpacks to too much"));
            }
        }
        Ok(n)
    }
}
