//! A watched folder while a program writes to it: each final file arrives once, with its final content.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use rusqlite::Connection;
use windlass_testkit::{samples, wait};
use windlass_tests::{Running, Windlass};

use crate::folder::path;

const FILES: usize = 500;
/// Seconds that the program writes for; the long run sets the variable to 180.
const VARIABLE: &str = "WINDLASS_WATCH_SECONDS";

fn seconds() -> u64 {
    let set = std::env::var(VARIABLE).ok().and_then(|v| v.parse().ok());
    set.unwrap_or(40)
}

/// Bytes of a file, by its number.
fn content(n: usize) -> Vec<u8> {
    let sizes = [0, 1, 700, 9_000, 60_000, 300_000, 1_500_000];
    let len = if n.is_multiple_of(97) {
        12 << 20
    } else {
        sizes[n * 7 % sizes.len()] + n
    };
    let mut x = (n as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..len)
        .map(|_| {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            (x >> 24) as u8
        })
        .collect()
}

/// Writes one file, in the way of its number. Answers with its final path below the folder.
fn write(root: &Path, beside: &Path, n: usize) -> Result<PathBuf> {
    let bytes = content(n);
    let pause = || thread::sleep(Duration::from_millis(60 + n as u64 % 90));
    let name = match n % 5 {
        0 => PathBuf::from(format!("day {}/card {}/f{n}.bin", n % 3, n % 7)),
        1 => PathBuf::from(format!("day {}/f{n}.bin", n % 3)),
        _ => PathBuf::from(format!("f{n}.bin")),
    };
    let to = root.join(&name);
    fs::create_dir_all(to.parent().context("it has a folder")?)?;
    let third = bytes.len() / 3;
    match n % 8 {
        // At once.
        0 | 1 => fs::write(&to, &bytes)?,
        // Slowly, open all the time.
        2 => {
            let mut file = File::create(&to)?;
            for chunk in bytes.chunks(third.max(1)) {
                file.write_all(chunk)?;
                pause();
            }
        }
        // Under a temporary name.
        3 => {
            let temporary = to.with_extension("bin.part");
            let mut file = File::create(&temporary)?;
            for chunk in bytes.chunks(third.max(1)) {
                file.write_all(chunk)?;
                pause();
            }
            drop(file);
            fs::rename(&temporary, &to)?;
        }
        // Under another name, renamed while it is open.
        4 => {
            let other = to.with_extension("made");
            let mut file = File::create(&other)?;
            file.write_all(&bytes)?;
            pause();
            fs::rename(&other, &to)?;
        }
        // Opened and closed for each piece.
        5 => {
            for chunk in bytes.chunks(third.max(1)) {
                File::options()
                    .create(true)
                    .append(true)
                    .open(&to)?
                    .write_all(chunk)?;
                pause();
            }
            if bytes.is_empty() {
                File::create(&to)?;
            }
        }
        // Moved in, whole.
        6 => {
            let outside = beside.join(format!("{n}"));
            fs::write(&outside, &bytes)?;
            fs::rename(&outside, &to)?;
        }
        // Its size first, its bytes after, and those twice.
        _ => {
            let mut file = File::create(&to)?;
            file.set_len(bytes.len() as u64)?;
            pause();
            file.write_all(&vec![7; bytes.len()])?;
            pause();
            file.rewind()?;
            file.write_all(&bytes)?;
        }
    }
    Ok(name)
}

/// The program that writes: bursts with quiet in between, four files at a time.
struct Writing {
    written: Arc<AtomicUsize>,
    threads: Vec<thread::JoinHandle<Result<()>>>,
}

impl Writing {
    fn start(root: &Path, beside: &Path) -> Self {
        let (began, all) = (Instant::now(), Duration::from_secs(seconds()));
        let written = Arc::new(AtomicUsize::new(0));
        let threads = (0..4).map(|lane| {
            let (root, beside, written) = (root.to_owned(), beside.to_owned(), Arc::clone(&written));
            thread::spawn(move || -> Result<()> {
                for n in (lane..FILES).step_by(4) {
                    // Bursts of 50 files, spread over the time.
                    let due = all.mul_f64((n / 50 * 50) as f64 / FILES as f64);
                    thread::sleep(due.saturating_sub(began.elapsed()));
                    write(&root, &beside, n)?;
                    written.fetch_add(1, Ordering::SeqCst);
                }
                Ok(())
            })
        });
        Self {
            threads: threads.collect(),
            written,
        }
    }

    fn wait_for(&self, n: usize) -> Result<()> {
        let patience = Duration::from_secs(seconds()) + wait::PATIENCE;
        wait::until(&format!("{n} files to be written"), patience, || {
            (self.written.load(Ordering::SeqCst) >= n).then_some(())
        })
    }

    fn end(self) -> Result<()> {
        for thread in self.threads {
            thread
                .join()
                .map_err(|_| anyhow::anyhow!("a writer panicked"))??;
        }
        Ok(())
    }
}

struct Bench {
    windlass: Windlass,
    root: PathBuf,
    beside: PathBuf,
    to: PathBuf,
}

fn bench() -> Result<Bench> {
    let windlass = Windlass::new()?;
    let [root, beside, to] = ["in", "beside", "to"].map(|n| windlass.dir().join(n));
    for dir in [&root, &beside] {
        fs::create_dir(dir)?;
    }
    windlass.add_folder("there", &to)?;
    let add = ["watch", "add", path(&root)?, "--settle", "2", "--quiet", "2"];
    windlass.run(&add)?.succeeds()?;
    Ok(Bench {
        windlass,
        root,
        beside,
        to,
    })
}

impl Bench {
    fn watch(&self) -> Result<Running> {
        let mut running = self.windlass.start(&["watch", "run", "--json"])?;
        running.says(&["\"watching\""])?;
        Ok(running)
    }

    /// Every final file is there once, with its final bytes, and nothing else.
    fn compare(&self, mut running: Running) -> Result<()> {
        let done = format!("\"uploaded\":{FILES}}}");
        running.says(&[&done, "\"settling\":0", "\"queued\":0", "\"failed\":0"])?;
        running.interrupt()?;
        running.ends()?.succeeds()?;
        let mut arrived: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
        for file in samples::files_below(&self.to, false)? {
            let name = file.file_name().context("a name")?.to_string_lossy().into_owned();
            arrived.entry(name).or_default().push(file);
        }
        for source in samples::files_below(&self.root, true)? {
            let name = source
                .file_name()
                .context("a name")?
                .to_string_lossy()
                .into_owned();
            let there = arrived.remove(&name).unwrap_or_default();
            ensure!(
                there.len() == 1,
                "{name} arrived {} times: {there:?}",
                there.len()
            );
            let same = samples::sha256(self.root.join(&source))? == samples::sha256(self.to.join(&there[0]))?;
            ensure!(same, "{name} arrived with other bytes");
        }
        ensure!(arrived.is_empty(), "nobody wrote these: {arrived:?}");
        let queue = Connection::open(self.windlass.data().join("queue.sqlite"))?;
        let proofs: (i64, i64) =
            queue.query_row("SELECT count(*), count(DISTINCT path) FROM receipt", [], |r| {
                Ok((r.get(0)?, r.get(1)?))
            })?;
        ensure!(proofs == (FILES as i64, FILES as i64), "{proofs:?} receipts");
        Ok(())
    }
}

// C-8, I38, F147, F148, F149
#[test]
fn c8_five_hundred_files_of_a_busy_program_arrive_each_once_and_whole() -> Result<()> {
    let bench = bench()?;
    let running = bench.watch()?;
    let writing = Writing::start(&bench.root, &bench.beside);
    writing.wait_for(FILES)?;
    writing.end()?;
    bench.compare(running)
}

// C-8, I38, F20
#[test]
fn c8_killed_three_times_meanwhile_they_arrive_each_once_and_whole() -> Result<()> {
    let bench = bench()?;
    let mut running = bench.watch()?;
    let writing = Writing::start(&bench.root, &bench.beside);
    for quarter in 1..=3 {
        writing.wait_for(FILES * quarter / 4)?;
        running.kill_9();
        running = bench.watch()?;
    }
    writing.wait_for(FILES)?;
    writing.end()?;
    bench.compare(running)
}

// E-6, E-7, F157: what the verbs say.
#[test]
fn e6_the_verbs_of_watched_folders_say_why_and_refuse_with_codes() -> Result<()> {
    let bench = bench()?;
    let run = |words: &[&str]| bench.windlass.run(words);
    let root = path(&bench.root)?;
    let twice = run(&["watch", "add", root])?.exits(3)?;
    ensure!(twice.names("watch_overlap", "WL-114"), "{twice:?}");
    let place = run(&["watch", "add", path(&bench.to)?])?.exits(3)?;
    ensure!(place.names("watch_destination", "WL-115"), "{place:?}");
    let wrong = run(&["watch", "add", path(&bench.beside)?, "--after", "burn"])?.exits(3)?;
    ensure!(wrong.names("invalid_field", "WL-504"), "{wrong:?}");
    fs::write(bench.root.join("a.part"), "x")?;
    fs::write(bench.root.join("b.txt"), "x")?;
    let mut running = bench.watch()?;
    running.says(&["\"uploaded\":1}", "\"queued\":0"])?;
    let explained = run(&["watch", "explain", path(&bench.root.join("a.part"))?, "--json"])?.succeeds()?;
    ensure!(
        explained.out.contains("\"why\":\"temp_name\""),
        "{}",
        explained.out
    );
    let all = run(&["watch", "explain", "in"])?.succeeds()?;
    ensure!(
        all.out.contains("uploaded") && all.out.contains("b.txt") && all.out.contains("*.part"),
        "{}",
        all.out
    );
    run(&["watch", "pause", "in"])?.succeeds()?;
    running.says(&["\"state\":\"paused\""])?;
    fs::write(bench.root.join("c.txt"), "later")?;
    run(&["watch", "resume", root])?.succeeds()?;
    running.says(&["\"uploaded\":2}", "\"queued\":0"])?;
    run(&["watch", "now"])?.succeeds()?;
    run(&["watch", "remove", "in"])?.succeeds()?;
    let none = run(&["watch", "list", "--json"])?.succeeds()?;
    ensure!(none.out.contains("\"folders\":[]"), "{}", none.out);
    running.interrupt()?;
    running.ends()?.succeeds()?;
    Ok(())
}

// F146: where the system has no more watches to give, folders are looked through, and that is said.
#[test]
fn f146_without_watches_of_the_system_it_looks_by_itself_and_says_so() -> Result<()> {
    let bench = bench()?;
    let script = "echo 0 > /proc/sys/user/max_inotify_instances; exec \"$0\" watch run --json";
    let mut running = bench.windlass.start_with_mounts(script)?;
    running.says(&["\"mode\":\"polling\"", "\"mode_because\":\"watch_limit\""])?;
    running.says(&["\"notice\"", "WL-119"])?;
    fs::write(bench.root.join("a.txt"), "x")?;
    bench.windlass.run(&["watch", "now"])?.succeeds()?;
    running.says(&["\"uploaded\":1}", "\"queued\":0"])?;
    running.interrupt()?;
    running.ends()?;
    Ok(())
}

// F153, E-9, X-16: a disk that is not there is a pause; another one at its place is a question.
#[test]
fn f153_an_unplugged_disk_is_a_pause_and_another_one_a_question() -> Result<()> {
    let windlass = Windlass::new()?;
    let [root, other, to] = ["in", "other", "to"].map(|n| windlass.dir().join(n));
    for dir in [&root, &other] {
        fs::create_dir(dir)?;
    }
    windlass.add_folder("there", &to)?;
    let (root_text, other_text) = (path(&root)?, path(&other)?);
    let step = |n: u32| windlass.dir().join(format!("step {n}"));
    let wait_for = |n: u32| format!("while [ ! -e '{}' ]; do sleep 0.05; done", step(n).display());
    let script = format!(
        "mount -t tmpfs one '{root_text}'; echo x > '{root_text}/a.txt'
         \"$0\" watch add '{root_text}' --settle 0.2 --quiet 1
         \"$0\" watch run --json & run=$!
         {}; umount '{root_text}'; mount -t tmpfs filler '{other_text}'
         {}; mount -t tmpfs two '{root_text}'; echo y > '{root_text}/b.txt'
         {}; \"$0\" watch same in
         {}; kill -TERM $run; wait $run",
        wait_for(1),
        wait_for(2),
        wait_for(3),
        wait_for(4)
    );
    let mut running = windlass.start_with_mounts(&script)?;
    running.says(&["\"uploaded\":1}", "\"queued\":0"])?;
    fs::write(step(1), "")?;
    let gone = running.says(&["\"state\":\"disk_missing\""])?;
    ensure!(
        gone.contains("\"uploaded\":1}"),
        "what is known stays known: {gone}"
    );
    fs::write(step(2), "")?;
    running.says(&["\"watch_other_disk\"", "\"uploaded\":1}"])?;
    fs::write(step(3), "")?;
    running.says(&["\"uploaded\":2}", "\"queued\":0"])?;
    fs::write(step(4), "")?;
    running.ends()?;
    let arrived = samples::files_below(&to, false)?;
    ensure!(arrived.len() == 2, "{arrived:?}");
    Ok(())
}

// E-7, X-13: what is deleted after its proof lies in the trash, with its way back.
#[test]
fn x13_originals_go_to_the_trash_after_their_proof() -> Result<()> {
    let windlass = Windlass::new()?;
    let [root, to] = ["in", "to"].map(|n| windlass.dir().join(n));
    fs::create_dir(&root)?;
    windlass.add_folder("there", &to)?;
    let add = [
        "watch",
        "add",
        path(&root)?,
        "--settle",
        "0.2",
        "--quiet",
        "1",
        "--after",
        "delete",
    ];
    windlass.run(&add)?.succeeds()?;
    let mut running = windlass.start(&["watch", "run", "--json"])?;
    fs::write(root.join("a b.txt"), "precious")?;
    let info = windlass
        .dir()
        .join("home/.local/share/Trash/info/a b.txt.trashinfo");
    wait::until("the trash to have it", wait::PATIENCE, || {
        info.exists().then_some(())
    })?;
    let file = windlass.dir().join("home/.local/share/Trash/files/a b.txt");
    wait::until("the original to be there", wait::PATIENCE, || {
        file.exists().then_some(())
    })?;
    ensure!(fs::read_to_string(&file)? == "precious" && !root.join("a b.txt").exists());
    let info = fs::read_to_string(info)?;
    ensure!(info.contains("/in/a%20b.txt\n"), "{info}");
    let arrived = samples::files_below(&to, false)?;
    ensure!(arrived.len() == 1, "{arrived:?}");
    running.interrupt()?;
    running.says(&["\"stopped\""])?;
    Ok(())
}
