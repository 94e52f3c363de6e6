//! Power loss (F21): what was written but not synced may be there, be gone, be torn or come in another order.
//!
//! A run of the queue is watched by strace. From what it wrote and synced, images of the disk are made as a power cut at any
//! moment could leave them: everything that was synced, and of the rest a random part, cut at 512-byte sectors. Each
//! image must open whole and hold everything that was acknowledged before the cut.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use windlass_core::states::FileState;
use windlass_queue::files::NewFile;
use windlass_queue::{files, groups};

use crate::support::*;

const IMAGES: u64 = 500;
const SECTOR: usize = 512;

/// The part: files with long names, so that the log is copied into the file several times; each answer is said.
fn work(path: &Path) {
    let queue = open(path).unwrap().queue;
    let say = |what: String| {
        let mut out = std::io::stdout().lock();
        // One write, so that it is one moment in the trace.
        out.write_all(format!("said {what}\n").as_bytes())
            .and_then(|()| out.flush())
            .unwrap();
    };
    queue.write_blocking(|c| furnish(c, 1)).unwrap();
    say("group".into());
    for number in 0..60_u64 {
        let long = NewFile {
            path: vec![b'p'; 60_000],
            ..new_file(number, 1, number.cast_signed(), 2)
        };
        insert(&queue, vec![long]);
        say(format!("queued {number}"));
        if number % 3 == 0 {
            apply(&queue, whole_life(number, 2));
            say(format!("done {number}"));
        }
    }
    block_on(queue.close_clean()).unwrap();
    say("closed".into());
}

/// One moment of the run.
#[derive(Debug)]
enum Moment {
    Made(String),
    Wrote(String, usize, Vec<u8>),
    Cut(String, usize),
    Synced(String),
    Renamed(String, String),
    Removed(String),
    Said(String),
}

/// Bytes of `\x68\x69`; by hand, since there are millions.
fn unhex(text: &str) -> Vec<u8> {
    let nibble = |c: u8| {
        if c.is_ascii_digit() {
            c - b'0'
        } else {
            c - b'a' + 10
        }
    };
    text.as_bytes()
        .chunks_exact(4)
        .map(|c| nibble(c[2]) << 4 | nibble(c[3]))
        .collect()
}

/// The strings of a traced call, both `"…"` and `<…>`.
fn strings(line: &str, open: char, close: char) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let mut rest = line;
    while let Some((_, after)) = rest.split_once(open) {
        let Some((inside, after)) = after.split_once(close) else {
            break;
        };
        found.push(unhex(inside));
        rest = after;
    }
    found
}

fn moments(trace: &str, dir: &Path) -> Vec<Moment> {
    let inside = |bytes: &[u8]| {
        let path = String::from_utf8_lossy(bytes).into_owned();
        Path::new(&path)
            .strip_prefix(dir)
            .ok()
            .map(|p| p.to_string_lossy().into_owned())
    };
    let mut all = Vec::new();
    let mut begun: BTreeMap<&str, &str> = BTreeMap::new();
    for line in trace.lines() {
        let Some((thread, call)) = line.split_once(' ') else {
            continue;
        };
        let call = call.trim_start();
        // A call that another thread's call interrupted in the trace counts when it is over.
        if let Some((first, _)) = call.split_once("<unfinished ...>") {
            begun.insert(thread, first);
            continue;
        }
        let call = match call.split_once(" resumed>") {
            Some((_, rest)) => format!("{}{rest}", begun.remove(thread).unwrap_or_default()),
            None => call.to_owned(),
        };
        if call.contains(" = -1 ") || call.starts_with("+++") || call.starts_with("---") {
            continue;
        }
        let (name, arguments) = call.split_once('(').unwrap();
        let quoted = strings(arguments, '"', '"');
        let fds = strings(arguments, '<', '>');
        let number = |back: usize| {
            let inner = arguments.rsplit_once(") = ").unwrap().0;
            inner
                .rsplit(", ")
                .nth(back)
                .unwrap()
                .trim()
                .parse::<usize>()
                .unwrap()
        };
        match name {
            "write" if quoted[0].starts_with(b"said ") => {
                all.push(Moment::Said(
                    String::from_utf8_lossy(&quoted[0][5..]).trim_end().to_owned(),
                ));
            }
            "pwrite64" => {
                if let Some(file) = inside(&fds[0]) {
                    all.push(Moment::Wrote(file, number(0), quoted[0].clone()));
                }
            }
            "ftruncate" => {
                if let Some(file) = inside(&fds[0]) {
                    all.push(Moment::Cut(file, number(0)));
                }
            }
            "fsync" | "fdatasync" => {
                if let Some(file) = inside(&fds[0]) {
                    all.push(Moment::Synced(file));
                }
            }
            "openat" if arguments.contains("O_CREAT") => {
                if let Some(file) = inside(&quoted[0]) {
                    all.push(Moment::Made(file));
                }
            }
            "rename" => {
                if let (Some(from), Some(to)) = (inside(&quoted[0]), inside(&quoted[1])) {
                    all.push(Moment::Renamed(from, to));
                }
            }
            "unlink" => {
                if let Some(file) = inside(&quoted[0]) {
                    all.push(Moment::Removed(file));
                }
            }
            _ => {}
        }
    }
    all
}

/// A file as the disk has it, and what only the system's memory knows yet.
#[derive(Debug, Clone, Default)]
struct OnDisk {
    synced: Vec<u8>,
    pending: Vec<Pending>,
}

#[derive(Debug, Clone)]
enum Pending {
    Write(usize, Vec<u8>),
    Cut(usize),
}

impl Pending {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Write(at, data) => {
                bytes.resize(bytes.len().max(at + data.len()), 0);
                bytes[*at..at + data.len()].copy_from_slice(data);
            }
            Self::Cut(len) => bytes.resize(*len, 0),
        }
    }
}

/// A folder: files by number, and names as they are now and as they were when the folder was synced last.
#[derive(Debug, Clone, Default)]
struct Disk {
    files: Vec<OnDisk>,
    names: BTreeMap<String, usize>,
    synced_names: BTreeMap<String, usize>,
}

impl Disk {
    fn pass(&mut self, moment: &Moment) {
        match moment {
            Moment::Made(name) => {
                if !self.names.contains_key(name) {
                    self.files.push(OnDisk::default());
                    self.names.insert(name.clone(), self.files.len() - 1);
                }
            }
            Moment::Wrote(name, at, data) => self.file(name).pending.push(Pending::Write(*at, data.clone())),
            Moment::Cut(name, len) => self.file(name).pending.push(Pending::Cut(*len)),
            Moment::Synced(name) if name.is_empty() => self.synced_names = self.names.clone(),
            Moment::Synced(name) => {
                let file = self.file(name);
                let pending = std::mem::take(&mut file.pending);
                pending.iter().for_each(|p| p.apply(&mut file.synced));
            }
            Moment::Renamed(from, to) => {
                let file = self.names.remove(from).unwrap();
                self.names.insert(to.clone(), file);
            }
            Moment::Removed(name) => {
                self.names.remove(name);
            }
            Moment::Said(_) => {}
        }
    }

    fn file(&mut self, name: &str) -> &mut OnDisk {
        let number = self.names[name];
        &mut self.files[number]
    }

    /// Writes what may be left after a cut now.
    fn image(&self, dir: &Path, chance: &mut Chance) {
        // Names of before or of after; a removed file may be back.
        let names = if chance.one_in(2) {
            &self.names
        } else {
            &self.synced_names
        };
        for (name, number) in names {
            if name.ends_with("-shm") {
                continue;
            }
            let file = &self.files[*number];
            let mut bytes = file.synced.clone();
            let all = chance.one_in(4);
            for pending in &file.pending {
                match pending {
                    Pending::Write(at, data) if !all => {
                        if chance.one_in(2) {
                            // Sector by sector, any of them.
                            for (i, sector) in data.chunks(SECTOR).enumerate() {
                                if !chance.one_in(4) {
                                    Pending::Write(at + i * SECTOR, sector.to_vec()).apply(&mut bytes);
                                }
                            }
                        }
                    }
                    Pending::Cut(_) if !all && chance.one_in(2) => {}
                    whole => whole.apply(&mut bytes),
                }
            }
            fs::write(dir.join(name), bytes).unwrap();
        }
    }
}

struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.next().is_multiple_of(n)
    }
}

fn holds(dir: &Path, said: &[&str], seed: u64) {
    let path = dir.join("queue.sqlite");
    let opened = open(&path).unwrap_or_else(|e| panic!("image {seed}: {e}"));
    assert!(opened.set_aside.is_none(), "image {seed} was taken for damaged");
    let said: Vec<String> = said.iter().map(|s| (*s).to_owned()).collect();
    opened
        .queue
        .write_blocking(move |c| {
            for line in &said {
                let lost = format!("image {seed} lost: {line}");
                match line.split_once(' ') {
                    None if line == "group" => assert!(groups::get(c, group_id(1))?.is_some(), "{lost}"),
                    None => {}
                    Some((kind, number)) => {
                        let row = files::get(c, file_id(number.parse().unwrap()))?.expect(&lost);
                        assert!(kind != "done" || row.state == FileState::Done, "{lost}");
                    }
                }
            }
            Ok(())
        })
        .unwrap_or_else(|e| panic!("image {seed}: {e}"));
}

#[test]
fn f021_power_loss_at_any_moment_leaves_everything_that_was_acknowledged() {
    if let Some((_, path)) = my_part() {
        return work(&path);
    }
    let dir = tempfile::tempdir().unwrap();
    let trace = tempfile::NamedTempFile::new().unwrap();
    let to = trace.path().to_str().unwrap();
    let calls = "trace=openat,pwrite64,write,fsync,fdatasync,ftruncate,unlink,rename";
    let wrapper = [
        "strace", "-f", "-y", "-xx", "-s", "1000000", "-e", calls, "-o", to,
    ];
    let name = "power::f021_power_loss_at_any_moment_leaves_everything_that_was_acknowledged";
    let out = play(&wrapper, name, "work", &path_in(&dir))
        .output()
        .expect("strace is needed for this test");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let real = fs::canonicalize(dir.path()).unwrap();
    let run = moments(&fs::read_to_string(trace.path()).unwrap(), &real);
    let into_file = run
        .iter()
        .filter(|m| matches!(m, Moment::Wrote(f, ..) if f == "queue.sqlite"))
        .count();
    assert!(
        into_file > 1_000,
        "the log was copied into the file only {into_file} pages"
    );

    // From the first moment at which something was promised.
    let first = run.iter().position(|m| matches!(m, Moment::Said(_))).unwrap();
    let mut cuts: Vec<usize> = {
        let mut chance = Chance(0x1234_5678_9abc_def1);
        (0..IMAGES)
            .map(|_| first + (chance.next() as usize) % (run.len() - first))
            .collect()
    };
    cuts.sort_unstable();
    // Where syncing costs nothing: the images are only read.
    let shm = Path::new("/dev/shm");
    let memory = if shm.is_dir() {
        shm.to_owned()
    } else {
        std::env::temp_dir()
    };
    let mut disk = Disk::default();
    let mut said = Vec::new();
    let mut next = 0;
    for (seed, cut) in (1..).zip(cuts) {
        while next <= cut {
            disk.pass(&run[next]);
            if let Moment::Said(what) = &run[next] {
                said.push(what.as_str());
            }
            next += 1;
        }
        let image = tempfile::tempdir_in(&memory).unwrap();
        disk.image(image.path(), &mut Chance(seed * 0x9e37_79b9));
        holds(image.path(), &said, seed);
    }
}
